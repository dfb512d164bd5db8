"""What a workflow ends in: decoders, and files that are saved."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Any

from ltxdsl.comfy.builder import output_prefix
from ltxdsl.comfy.equal import DECODE
from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.files import differing, literals_of
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.comfy.media import WHOLE
from ltxdsl.grammar.write import quoted

MOST = 9  # nodes between a sampler and its decoder
VIDEOS = ("CreateVideo", "VHS_VideoCombine")
PARTS = {"LTXVSeparateAVLatent": "av_latent", "LTXVCropGuides": "latent"}  # what stands between, with what it reads
TILES = ("tile_size", "overlap", "temporal_size", "temporal_overlap")


def decoded(target: Target) -> list[Piece]:
    """In which tiles all that comes out is decoded, where it is so."""
    ids = list(target.of_class(*DECODE))
    said = {tuple(target.value(id, name) for name in TILES) for id in ids}
    if not ids or len(said) > 1 or any(target.kind(id) != "VAEDecodeTiled" for id in ids):
        return []
    side, overlap, frames, share = said.pop()
    if not all(isinstance(one, int) for one in (side, overlap, frames, share)):
        return []
    words = f"decode tile {side}" + (f" overlap {overlap}" if overlap != 64 else "")
    words += (f" frames {frames}f" if frames != WHOLE else "") + (f" share {share}f" if share != 8 else "")
    return [Piece(words)]


def _save_name(prefix: Any) -> str:
    """A name for what is saved under a prefix; what ComfyUI fills in, such as a date, is no part of it."""
    name = prefix.replace("\\", "/") if isinstance(prefix, str) else ""
    if "%" in name or output_prefix(f"{name}.mp4") != name:
        name = re.sub(r"[_-]?%[^%]*%", "", PurePath(name).name)
    return name or "video"


def enlarged(target: Target) -> Piece | None:
    """The picture upscaler that all that is saved goes through, frame by frame."""
    shown = [target.link(id, "images") for id in target.of_class(*VIDEOS)]
    files = {_upscaler(target, at.node) if at else "" for at in shown}
    (file,) = files if len(files) == 1 else ("",)
    return Piece(f"enlarge {said}") if file and (said := quoted(file)) else None


def _upscaler(target: Target, id: str) -> str:
    """The model of a node that enlarges what a pass gives, decoded; "" of another node."""
    if target.kind(id) != "ImageUpscaleWithModel":
        return ""
    model, image = target.link(id, "upscale_model"), target.link(id, "image")
    loads = model and target.kind(model.node) == "UpscaleModelLoader"
    file = target.value(model.node, "model_name") if model and loads else None
    return file if isinstance(file, str) and image and target.kind(image.node) in DECODE else ""


def spell_decoder(target: Target, common: Piece, type: str) -> None:
    """The decoder of frames that nothing saves: a blueprint ends in them."""
    found = {repr((target.kind(id), literals_of(target, id))): id for id in target.of_class(*DECODE)}
    for id in found.values() if len(found) == 1 else ():
        if (kind := target.kind(id)) != type:
            common.spell(type, kind).lines.update(differing(target, id, type, {}))


def frames_read(target: Target, samplers: list[str], enlarges: bool) -> dict[int, list[Piece]]:
    """Decoders of what other nodes than savers read, by the pass that it comes of."""
    found: dict[int, list[Piece]] = {}
    for id in target.of_class(*DECODE):
        alone = target.count[target.digests[id]] == 1
        readers = target.readers.get(id, [])
        if not alone or all(target.kind(one) in VIDEOS or (enlarges and _upscaler(target, one)) for one in readers):
            continue
        at = target.link(id, "samples") or target.link(id, "latents")
        for _ in range(MOST):
            if at is None or target.kind(at.node) not in PARTS:
                break
            at = target.link(at.node, PARTS[target.kind(at.node)])
        if at and at.node in samplers:
            piece = Piece("", anchor=id)
            piece.decodes = True
            found.setdefault(samplers.index(at.node), []).append(piece)
    return found


def saves(target: Target, samplers: list[str]) -> dict[int, list[Piece]]:
    """What is saved, by the pass that it comes of; by the last one, where none is to be seen."""
    found: dict[int, list[Piece]] = {}
    names: Counter[str] = Counter()
    for id in target.of_class("SaveVideo", "VHS_VideoCombine", "CreateVideo"):
        if target.kind(id) == "CreateVideo" and target.readers.get(id):
            continue  # else a blueprint ends in it: the video is what comes out
        name = _save_name(target.value(id, "filename_prefix"))
        names[name] += 1
        file = f"{name}_{names[name]}.mp4" if names[name] > 1 else f"{name}.mp4"  # ComfyUI numbers what it saves
        if quoted(file):
            behind = target.cone([id])
            last = max((at for at, sampler in enumerate(samplers) if sampler in behind), default=len(samplers) - 1)
            found.setdefault(last, []).append(_save(target, id, file, samplers))
    return found


def _save(target: Target, id: str, file: str, samplers: list[str]) -> Piece:
    """Its statement: of what the clip shows, or of what other nodes do without it."""
    made = target.link(id, "video") if target.kind(id) == "SaveVideo" else Out(id, 0)
    images = target.link(made.node, "images") if made and target.kind(made.node) in VIDEOS else None
    if made is None or images is None or not target.cone([images.node]).isdisjoint(samplers):
        return Piece(f"save {quoted(file)}", anchor=id)
    silent = "" if target.link(made.node, "audio") else " audio off"
    return Piece(f"save {{}} {quoted(file)}{silent}", anchor=id, wire=images)
