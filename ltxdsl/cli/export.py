"""`ltx export`: a ComfyUI workflow."""

from __future__ import annotations

import json
from typing import Any

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.comfy_export import exported
from ltxdsl.cli.common import (
    findings,
    read_given,
    read_models,
    read_severities,
    read_source,
    script_options,
    shot_option,
    show,
    show_failure,
    show_json,
    write_out,
)
from ltxdsl.comfy.builder import Export
from ltxdsl.comfy.packs import STYLES
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.targets import COMFY


@click.command()
@script_options
@shot_option
@click.option("-o", "--out", default="-", help="The JSON file to write; standard output if not said.")
@click.option("--format", "form", type=click.Choice(("api", "editor")), default="api", show_default=True,
              help="A prompt as servers take it, or a graph that the editor opens.")  # fmt: skip
@click.option("--style", type=click.Choice(STYLES), default=STYLES[0], show_default=True,
              help="Nodes of packs where they are the custom, or ComfyUI's own alone.")  # fmt: skip
@click.option("--target", default=COMFY, metavar="comfy[@VERSION]", help="The ComfyUI that it is for; the newest.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON document: findings, notes, the workflow if there is no -o."
)
def command(
    file: str | None,
    expression: str | None,
    given: tuple[str, ...],
    models: str | None,
    **options: Any,
) -> int:
    """Write a ComfyUI workflow: a prompt as `POST /prompt` takes it, or a laid-out graph for the editor."""
    out, force, as_json, target = (options[name] for name in ("out", "force", "as_json", "target"))
    if not target.startswith(COMFY):
        raise click.UsageError(f"--target is a ComfyUI, such as `comfy@0.27`, not `{target}`")
    source = read_source(file, expression)
    model_set = read_models(models, source, "comfy")
    request = Request(
        given=read_given(given), target=target, shots=options["shots"], severities=read_severities(source)
    )
    compiled = compile(source, model_set, request)
    export, found = exported(compiled, model_set, options["style"])
    if export is None:
        show_failure(found, source, as_json)
        return FOUND_ERRORS
    workflow, unnamed = (export.prompt, []) if options["form"] == "api" else _graph(export, compiled)
    notes = [*_unset(compiled), *export.notes, *unnamed]
    text = json.dumps(workflow, indent=2, ensure_ascii=False) + "\n"
    if out != "-":
        write_out(out, text, force, file or "")
    if as_json:
        told = {"ok": True, "diagnostics": findings(found, source), "written": out, "nodes": len(export.prompt)}
        there = {"workflow": workflow} if out == "-" else {}  # written nowhere else
        show_json({**told, "notes": notes, **there})
        return 0
    show(compiled.diagnostics, source)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(text if out == "-" else f"wrote {out}: {len(export.prompt)} nodes", nl=out != "-")
    return 0


def _unset(compiled: Compilation) -> list[str]:
    """Inputs without a value, for which the workflow holds something to be replaced."""
    unset = [i for i in compiled.inputs.values() if i.missing]
    return [
        f"`{i.name}` ({i.kind}) has no value, and the workflow a stand-in: give it by `--set {i.name}=…`, or there"
        for i in unset
    ]


def _graph(export: Export, compiled: Compilation) -> tuple[dict[str, Any], list[str]]:
    """The editor's form, with the script and its comments; what cannot be known of it."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.write import cautions, editor_graph, said_of

    return editor_graph(export, catalogue(), said_of(compiled)), cautions(export.prompt, catalogue())
