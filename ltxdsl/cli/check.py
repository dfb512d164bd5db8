"""`ltx check`: find mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.common import (
    counted,
    findings,
    read_file,
    read_given,
    read_models,
    read_severities,
    read_source,
    show,
    show_json,
)
from ltxdsl.compiler import Compilation, Request, analyze, compile
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.diagnostics import apply_fixes
from ltxdsl.source import Source
from ltxdsl.store import write_into_place
from ltxdsl.targets import COMFY, LOCAL

MAX_ROUNDS = 10


@click.command()
@click.argument("files", nargs=-1)
@click.option("-e", "--expression", metavar="SCRIPT", help="The script itself, instead of files.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A value for an input.")
@click.option("--models", metavar="NAME", help="A model set of ltx.toml, or a diffusers folder.")
@click.option("--target", default=LOCAL, metavar="NAME[@VERSION]", help="Such as local, comfy, comfy@0.27.")
@click.option("--on", "hardware", type=click.Choice(list(HARDWARE)), help="Hardware that it must fit on.")
@click.option("--fix", is_flag=True, help="Apply the first fix of each finding, and write the file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    files: tuple[str, ...],
    expression: str | None,
    given: tuple[str, ...],
    models: str | None,
    **options: Any,
) -> int:
    """Find mistakes before they cost anything. Exit code 1 if there are errors."""
    sources = [read_file(f) if f != "-" else read_source("-", None) for f in files]
    if expression is not None or not files:
        sources.append(read_source(None, expression))
    fix, as_json = options["fix"], options["as_json"]
    request = Request(given=read_given(given), target=options["target"], hardware=options["hardware"] or "")
    reports, failed = [], False
    for source in sources:
        checked = _fixed(source, models, request) if fix else _checked(source, models, request)
        failed |= not checked.ok
        reports.append({"file": source.name, "diagnostics": findings(checked.diagnostics, checked.source)})
        if not as_json:
            show(checked.diagnostics, checked.source)
            click.echo(f"{source.name}: {counted(checked.diagnostics)}", err=not checked.ok or fix)
    if as_json:
        show_json({"ok": not failed, "files": reports})
    return FOUND_ERRORS if failed else 0


def _checked(source: Source, models: str | None, request: Request) -> Compilation:
    model_set = read_models(models, source, request.target)
    request = msgspec.structs.replace(request, severities=read_severities(source))
    if not request.target.startswith(COMFY):
        return analyze(source, model_set, request)
    from ltxdsl.cli.comfy_export import exported

    compiled = compile(source, model_set, request)
    if not compiled.stages:
        return analyze(source, model_set, request)
    return msgspec.structs.replace(compiled, diagnostics=exported(compiled, model_set)[1])


def _fixed(source: Source, models: str | None, request: Request) -> Compilation:
    """Fix, check again, until nothing changes; a file is written once."""
    current = source
    for _ in range(MAX_ROUNDS):
        found = _checked(current, models, request)
        text = apply_fixes(current.text, (d.fixes[0] for d in found.diagnostics if d.fixes and d.source is None))
        if text == current.text:
            break
        current = Source(text, source.name)
    if current.text != source.text and Path(source.name).is_file():
        write_into_place(Path(source.name), current.text)
    elif current.text != source.text:
        click.echo(current.text.rstrip("\n"))
    return found
