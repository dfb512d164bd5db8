"""Sounds that passes keep, or only hear, as statements."""

from __future__ import annotations

from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.pictures import Images
from ltxdsl.comfy.lift.stage import Stage, keeps_all
from ltxdsl.comfy.lift.target import Out, Target, sound_behind
from ltxdsl.grammar.write import quoted
from ltxdsl.ops.kinds import kind_of_file
from ltxdsl.values import plain

ENCODERS = ("LTXVAudioVAEEncode", "VAEEncodeAudio")
VHS = "VHS_LoadAudioUpload"
REFERENCE = "LTXVSetAudioRefTokens"
KEEPERS = {"SetLatentNoiseMask": "samples", REFERENCE: "audio_latent"}  # what each of them keeps


def heard(target: Target, first: Stage, images: Images) -> list[Piece]:
    """A sound that the first pass keeps, with the file that it begins with."""
    masked = first.sound.node if first.sound else None
    kept = masked is not None and (target.kind(masked) == REFERENCE or keeps_all(target, masked))
    if masked is None or not kept:
        return []
    encoded = target.link(masked, KEEPERS[target.kind(masked)])
    is_cut = encoded is not None and target.kind(encoded.node) == "LatentCut"
    if encoded and is_cut:
        encoded = target.link(encoded.node, "samples")
    if encoded is None or target.kind(encoded.node) not in ENCODERS:
        return []
    source = target.link(encoded.node, "audio")
    if source and not is_cut and (said := _whole(target, source, images)):
        return [said]
    return [Piece(f"audio {sound_behind(target, encoded.node, 'sound.wav')}")]


def _whole(target: Target, source: Out, images: Images) -> Piece | None:
    """A sound that goes into the encoder as it is: a file's, a video's, or what a node gives."""
    if target.kind(source.node) == "AudioConcat":
        return None  # with silence behind it, as an export does
    if target.kind(source.node) == VHS and source.slot == 0:
        return _by_vhs(target, source)
    first, cut = source, ""
    if target.kind(source.node) == "TrimAudioDuration" and (before := target.link(source.node, "audio")):
        first, cut = before, _cut(target, source.node)
    file = target.value(first.node, "audio")
    plays = isinstance(file, str) and kind_of_file(file) in ("audio", "video")
    if target.kind(first.node) == "LoadAudio" and plays and (said := quoted(file)):
        return Piece(f"audio {said} as_is{cut}")
    if target.kind(first.node) == "GetVideoComponents" and first.slot == 1 and (name := images.of_video(first.node)):
        return Piece(f"audio {name} as_is{cut}")
    return Piece(f"audio {{}}{cut}", wire=first)


def _by_vhs(target: Target, source: Out) -> Piece:
    """A file of which VHS's node takes a stretch, or all."""
    file = target.value(source.node, "audio")
    start, seconds = (target.value(source.node, name, 0) for name in ("start_time", "duration"))
    numbers = all(isinstance(one, int | float) for one in (start, seconds))
    said = quoted(file) if isinstance(file, str) else None
    if said is None or not numbers or (start and not seconds):
        return Piece("audio {}", wire=source)
    behind = f" from {plain(start)}s" if start else ""
    return Piece(f"audio {said} as_is{behind}" + (f" first {plain(seconds)}s" if seconds else ""))


def _cut(target: Target, id: str) -> str:
    """From where on and how long, as far as these are numbers."""
    start, seconds = (target.value(id, name) for name in ("start_index", "duration"))
    said = f" from {plain(start)}s" if isinstance(start, int | float) and start > 0 else ""
    return f"{said} first {plain(seconds) if isinstance(seconds, int | float) and seconds > 0 else 5}s"
