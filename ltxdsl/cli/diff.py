"""`ltx diff`: what differs between two scripts or workflows."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ltxdsl.cli.common import show_json

if TYPE_CHECKING:
    from ltxdsl.comfy.builder import Prompt

SCRIPTS = (".ltx",)
SAME, DIFFERENT = 0, 1


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "form", type=click.Choice(("text", "json", "script")), default="text",
              help="Node by node, as JSON, or as a diff of scripts.")  # fmt: skip
@click.option("--fold/--no-fold", default=True, help="Whether constants are put in before comparing.")
def command(old: str, new: str, form: str, fold: bool) -> int:
    """Compare two of: a script, an API prompt, an editor graph. Ids, places and order mean nothing.

    Exit codes: 0 the same, 1 different, 2 a file that cannot be read.
    """
    from ltxdsl.comfy.compare import same
    from ltxdsl.comfy.difference import as_text, differences

    before, after = _prompt(old, fold), _prompt(new, fold)
    if same(before, after):
        if form == "json":
            show_json({"same": True, "differences": []})
        return SAME
    found = differences(before, after)
    if form == "json":
        show_json({"same": False, "differences": [_as_data(one) for one in found]})
    elif form == "script":
        names = (old, new)
        lines = (_script(old, before), _script(new, after))
        click.echo("".join(difflib.unified_diff(*lines, *names)), nl=False)
    else:
        for line in as_text(found):
            click.echo(line)
    return DIFFERENT


def _as_data(one: object) -> object:
    import msgspec

    return msgspec.to_builtins(one)


def _prompt(name: str, fold: bool) -> Prompt:
    """The prompt of a file, whichever form it has; what is wrong with it is a usage error."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.fold import fold as folded

    prompt = _exported(name) if name.endswith(SCRIPTS) else _read(name)
    return folded(prompt, catalogue()) if fold else prompt


def _read(name: str) -> Prompt:
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.read import WorkflowError, read_file

    try:
        return read_file(Path(name), catalogue()).prompt
    except WorkflowError as error:
        raise click.UsageError(f"`{name}`: {error}") from None


def _exported(name: str) -> Prompt:
    from ltxdsl.cli.comfy_export import exported
    from ltxdsl.cli.common import read_file, read_models
    from ltxdsl.compiler import Request, compile

    source = read_file(name)
    models = read_models(None, source, "comfy")
    export, found = exported(compile(source, models, Request(target="comfy")), models)
    if export is None:
        raise click.UsageError(f"`{name}` cannot be exported: {found[0].message if found else ''}")
    return export.prompt


def _script(name: str, prompt: Prompt) -> list[str]:
    """A script's own text, or that of an import."""
    if name.endswith(SCRIPTS):
        return Path(name).read_text(encoding="utf-8").splitlines(keepends=True)
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import imported
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.workflow import Workflow

    try:
        found = imported(Workflow(form="api", prompt=prompt), catalogue(), name)
    except Unwritable as error:
        raise click.UsageError(f"`{name}`: {error}") from None
    return found.text.splitlines(keepends=True)
