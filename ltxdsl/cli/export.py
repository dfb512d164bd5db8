"""`ltx export`: a ComfyUI workflow."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.comfy_export import exported
from ltxdsl.cli.common import (
    read_given,
    read_models,
    read_source,
    refuse_overwriting,
    script_options,
    show,
    show_failure,
    show_json,
)
from ltxdsl.compiler import Request, compile
from ltxdsl.store import write_into_place


@click.command()
@script_options
@click.option("-o", "--out", default="-", help="The JSON file to write; standard output if not said.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as one JSON document.")
def command(
    file: str | None,
    expression: str | None,
    given: tuple[str, ...],
    models: str | None,
    out: str,
    force: bool,
    as_json: bool,
) -> int:
    """Write a ComfyUI workflow in the API format, as `POST /prompt` takes it."""
    source = read_source(file, expression)
    model_set = read_models(models, source, "comfy")
    compiled = compile(source, model_set, Request(given=read_given(given), target="comfy"))
    export, found = exported(compiled, model_set)
    if export is None:
        show_failure(found, source, as_json)
        return FOUND_ERRORS
    text = json.dumps(export.prompt, indent=2, ensure_ascii=False) + "\n"
    if out == "-":
        click.echo(text, nl=False)
        return 0
    target = Path(out)
    refuse_overwriting(target, text, force)
    write_into_place(target, text)
    if as_json:
        show_json({"ok": True, "written": out, "nodes": len(export.prompt), "notes": list(export.notes)})
        return 0
    show(compiled.diagnostics, source)
    for note in export.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"wrote {out}: {len(export.prompt)} nodes")
    return 0
