"""A compiled graph as a prompt for ComfyUI's `POST /prompt`."""

from __future__ import annotations

from typing import Any

from ltxdsl.comfy import aside, finish, latents, media, sampling, sounds, texts, tools  # noqa: F401 - they fill the table
from ltxdsl.comfy.builder import Export, ExportError, Link, PromptBuilder
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.packs import only_native
from ltxdsl.comfy.table import ROWS, Audio, Text, Video
from ltxdsl.compiler import Compilation
from ltxdsl.compiler.graph import Ref
from ltxdsl.geometry import latent_frames
from ltxdsl.models import ModelSet
from ltxdsl.ops import nodes
from ltxdsl.ops.base import PARTS, Port

# They belong to no pass.
ASIDE = (nodes.RawNode, nodes.LoadSound, nodes.SeparateSound, nodes.PatchModel, nodes.Show, nodes.Free)
WRITERS = (nodes.WriteVideo, nodes.WriteImage, nodes.WriteFrames, nodes.WriteSound)

__all__ = ["Export", "ExportError", "export_prompt"]


def export_prompt(compilation: Compilation, models: ModelSet, style: str = "packs") -> Export:
    """The prompt, op by op in the graph's order, and notes on what it does not say exactly.

    `style` is `packs`, or `native`: ComfyUI's own nodes alone, and an ExportError where they have no equal.
    """
    if not compilation.ok:
        raise ExportError("a script with errors has nothing to export")
    builder = PromptBuilder(models, {stage.name: stage for stage in compilation.stages})
    builder.word = tools.wire
    builder.native = style == "native"
    values: dict[Ref, Any] = {}
    for node in compilation.graph.order():
        builder.stage = node.stage
        spell = ROWS.get(type(node.op))
        if spell is None:
            raise ExportError(f"{node.op.label()} cannot be written in ComfyUI's nodes yet")
        given = {port: values[ref] for port, ref in node.inputs.items()}
        builder.parts = {port: given.pop(port) for port in PARTS if port in given}
        builder.spellings = node.spellings
        builder.wires = {port: _typed(builder, port, given.pop(port)) for port in list(given) if "." in port}
        stage = builder.stages.get(node.stage)
        builder.fps = stage.fps if stage else builder.fps  # of what is saved: that of the passes before it
        given = {port: _fitting(builder, node.op.inputs.get(port), value) for port, value in given.items()}
        in_pass = node.stage in builder.stages and not isinstance(node.op, ASIDE)
        builder.begin(node.stage if in_pass else node.span)
        builder.span = node.span
        made = spell(builder, node.op, **given)
        if not node.op.pure:
            builder.keep()
        if isinstance(node.op, WRITERS):
            builder.saved(node.op.path, getattr(node.op, "first", None))
        values |= {Ref(node.id, port): value for port, value in made.items()}
    return only_native(builder.finished(), compilation, catalogue()) if builder.native else builder.finished()


def _typed(builder: PromptBuilder, port: str, value: Any) -> Any:
    """What stands for a word, in the form that rows have for it."""
    kinds = {"latent": Port.LATENT, "audio_latent": Port.AUDIO_LATENT, "positive": Port.TEXT, "negative": Port.TEXT}
    return _fitting(builder, kinds.get(port.rpartition(".")[2]), value)


def _fitting(builder: PromptBuilder, port: Port | None, value: Any) -> Any:
    """What a raw node gives, in the form that rows have for such things."""
    if not isinstance(value, Link):
        return value
    match port:
        case Port.LATENT:
            stage = builder.stages.get(builder.stage)
            return Video(value, latent_frames(stage.frames) if stage else 0)
        case Port.AUDIO_LATENT:
            return Audio(value)
        case Port.TEXT:
            return Text("", encoded=value)
    return value
