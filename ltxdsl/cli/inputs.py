"""`ltx inputs`: what a script takes from outside."""

from __future__ import annotations

import click
import msgspec

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.common import read_models, read_source, show_failure, show_json
from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.scope import Input


@click.command()
@click.argument("file", required=False)
@click.option("-e", "--expression", metavar="SCRIPT", help="The script itself, instead of a file.")
@click.option("--models", metavar="NAME", help="A model set of ltx.toml, or a diffusers folder.")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", help="For whom.")
def command(file: str | None, expression: str | None, models: str | None, layout: str) -> int:
    """List the inputs of a script: name, kind, default, what it is for. `--set NAME=VALUE` gives values to them."""
    source = read_source(file, expression)
    compiled = analyze(source, read_models(models, source), Request())
    errors = [d for d in compiled.diagnostics if d.code in ("LTX001", "LTX002")]
    if errors:
        show_failure(errors, source, layout == "json")
        return FOUND_ERRORS
    inputs = list(compiled.inputs.values())
    if layout == "json":
        show_json({"ok": True, "inputs": [_row(i) for i in inputs]})
        return 0
    for line in _lines(inputs):
        click.echo(line)
    return 0


def _row(i: Input) -> dict[str, object]:
    keep = ("name", "kind", "default", "doc", "declared")
    return {k: v for k, v in msgspec.to_builtins(i).items() if k in keep} | {"required": not i.default}


def _lines(inputs: list[Input]) -> list[str]:
    if not inputs:
        return ["the script takes nothing from outside"]
    name, kind = (max(len(getattr(i, field)) for i in inputs) for field in ("name", "kind"))
    default = max(len(_default(i)) for i in inputs)
    return [f"{i.name:{name}}  {i.kind:{kind}}  {_default(i):{default}}  {i.doc}".rstrip() for i in inputs]


def _default(i: Input) -> str:
    return f"= {i.default}" if i.default else "needed"
