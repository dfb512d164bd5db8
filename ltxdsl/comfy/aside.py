"""Rows of what is shown and of memory that is let go of."""

from __future__ import annotations

from typing import Any

import msgspec

from ltxdsl.comfy import loaders
from ltxdsl.comfy.aside_classes import FREES, RAM, SHOWS, TYPES, VRAM, type_of, usual_view
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.table import Audio, Video, row
from ltxdsl.comfy.tools import wire
from ltxdsl.ops import nodes
from ltxdsl.ops.for_nodes import ON_SERVER

SOUND_LOADERS = {"VHS_LoadAudio": ("audio_file", "seek_seconds"), "VHS_LoadAudioUpload": ("audio", "start_time")}
SEPARATES, SEPARATING = "MelBandRoFormerSampler", "MelBandRoFormerModelLoader"  # a sound, with a model


@row(nodes.Show)
def show(builder: PromptBuilder, op: nodes.Show) -> dict[str, Link]:
    """A node that displays, each time one of its own."""
    given = wire(builder, nodes.NODE_PORTS[0], op.word, op.fps) if op.wired else op.literal
    by = op.by or usual_view(op.kind or _type(builder, given))
    if by not in SHOWS:
        raise ExportError(f"`{by}` is no class that only shows something; these are: {', '.join(SHOWS)}")
    return {nodes.NODE_OUTPUTS[0]: builder.put(by, by, {SHOWS[by]: given})}


def _type(builder: PromptBuilder, given: Any) -> str:
    return type_of(builder.prompt, given, catalogue()) if isinstance(given, Link) else ""


@row(nodes.PatchModel)
def patch_model(builder: PromptBuilder, op: nodes.PatchModel) -> dict[str, Link]:
    """A loader for each LoRA; those that a pass has just so are the same nodes."""
    link = wire(builder, nodes.NODE_PORTS[0], op.word, op.fps)
    for use in op.loras if isinstance(link, Link) else ():
        kind = loaders.lora_class(builder, use)
        told = {"model": link, "lora_name": loaders.lora_name(builder, use.name), "strength_model": use.strength}
        link = builder.put(kind, f"LoRA {use}", told)
    if not isinstance(link, Link):
        raise ExportError(f"{op.label()}: this is a text, and no model")
    return {nodes.NODE_OUTPUTS[0]: link, nodes.NODE_OUTPUTS[1]: link.output(1)}


@row(nodes.LoadSound)
def load_sound(builder: PromptBuilder, op: nodes.LoadSound) -> dict[str, Link]:
    """Core's node, and one that cuts; or one of VideoHelperSuite that does both."""
    name = op.path if op.node == ON_SERVER else builder.file(op.path)
    if op.node:
        file, start = SOUND_LOADERS[op.node]
        link = builder.put(op.node, name, {file: name, start: op.start, "duration": op.seconds})
        return {nodes.NODE_OUTPUTS[0]: link, nodes.NODE_OUTPUTS[1]: link.output(1)}
    link = builder.put("LoadAudio", name, {"audio": name})
    if op.start and not op.seconds:
        raise ExportError(f"{op.label()}: TrimAudioDuration needs to know how long the stretch is (`first`)")
    if op.seconds:
        cut = {"audio": link, "start_index": op.start, "duration": op.seconds}
        link = builder.put("TrimAudioDuration", f"{name} from {op.start:g} s", cut)
    return {nodes.NODE_OUTPUTS[0]: link}


@row(nodes.SeparateSound)
def separate_sound(builder: PromptBuilder, op: nodes.SeparateSound) -> dict[str, Link]:
    """A loader and the node that takes its model."""
    sound = wire(builder, nodes.NODE_PORTS[0], op.word, op.fps)
    model = builder.put(SEPARATING, op.model, {"model_name": op.model})
    link = builder.put(SEPARATES, op.label(), {"model": model, "audio": sound})
    return {nodes.NODE_OUTPUTS[0]: link, nodes.NODE_OUTPUTS[1]: link.output(1)}


@row(nodes.Free)
def free(builder: PromptBuilder, op: nodes.Free) -> dict[str, Any]:
    """One node, or that for the graphics card and then that for the machine; what is known of a latent stays known."""
    value: Any = wire(builder, nodes.NODE_PORTS[0], op.word, op.fps)
    usual = {VRAM: tuple(part for part in op.what if part != "ram"), RAM: ("ram",) if "ram" in op.what else ()}
    for by, what in {op.by: op.what}.items() if op.by else usual.items():
        if what:
            value = _freed(builder, by, what, value, TYPES.get(op.kind, ""))
    given = builder.wires.get(f"{nodes.NODE_PORTS[0]}.{op.word}")
    passed = msgspec.structs.replace(given, link=value) if isinstance(given, Video | Audio) else value
    return {nodes.NODE_OUTPUTS[0]: passed}


def _freed(builder: PromptBuilder, by: str, what: tuple[str, ...], value: Any, type: str) -> Link:
    if by not in FREES:
        raise ExportError(f"`{by}` is no class that lets go of memory; these are: {', '.join(FREES)}")
    freeing = FREES[by]
    if lacking := [part for part in what if part not in freeing.flags]:
        raise ExportError(f"`{by}` does not let go of {' and '.join(lacking)}")
    name, slot = freeing.way(type or _type(builder, value))
    return builder.put(by, by, {**freeing.inputs(what), name: value}).output(slot)
