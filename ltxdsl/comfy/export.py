"""A compiled graph as a prompt for ComfyUI's `POST /prompt`."""

from __future__ import annotations

from typing import Any

from ltxdsl.comfy import finish, latents, media, sampling, sounds, texts, tools  # noqa: F401 - they fill the table
from ltxdsl.comfy.builder import Export, ExportError, PromptBuilder
from ltxdsl.comfy.table import ROWS
from ltxdsl.compiler import Compilation
from ltxdsl.compiler.graph import Ref
from ltxdsl.models import ModelSet

__all__ = ["Export", "ExportError", "export_prompt"]


def export_prompt(compilation: Compilation, models: ModelSet) -> Export:
    """The prompt, op by op in the graph's order, and notes on what it does not say exactly."""
    if not compilation.ok:
        raise ExportError("a script with errors has nothing to export")
    builder = PromptBuilder(models, {stage.name: stage for stage in compilation.stages})
    values: dict[Ref, Any] = {}
    for node in compilation.graph.order():
        builder.stage = node.stage
        spell = ROWS.get(type(node.op))
        if spell is None:
            raise ExportError(f"{node.op.label()} cannot be written in ComfyUI's nodes yet")
        made = spell(builder, node.op, **{port: values[ref] for port, ref in node.inputs.items()})
        values |= {Ref(node.id, port): value for port, value in made.items()}
    return builder.finished()
