"""`ltx diff`: what differs between two scripts or workflows."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

import click

from ltxdsl.cli.common import show_json
from ltxdsl.cli.workflow_files import STDIN, holds_workflow, is_workflow, read_workflow_file
from ltxdsl.diagnostics import Severity
from ltxdsl.source import Source
from ltxdsl.source_files import decoded

if TYPE_CHECKING:
    from ltxdsl.comfy.builder import Prompt

SAME, DIFFERENT = 0, 1


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "form", type=click.Choice(("text", "json", "script")), default="text",
              help="Node by node, as JSON, or as a diff of scripts.")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--fold/--no-fold", default=True,
              help="Put constants in first; leave out defaults and what no output needs.")  # fmt: skip
def command(old: str, new: str, form: str, fold: bool) -> int:
    """Compare two of: a script, an API prompt, an editor graph, a picture or video that carries one.

    Ids, places and order mean nothing. One of the two may be `-` for standard input.

    Exit codes: 0 the same, 1 different, 2 a file that cannot be read.
    """
    from ltxdsl.comfy.compare import same
    from ltxdsl.comfy.difference import as_text, differences

    if old == new == STDIN:
        raise click.UsageError("only one of the two is standard input")
    one, other = _read(old), _read(new)
    before, after = _prompt(one, fold), _prompt(other, fold)
    if same(before, after):
        if form == "json":
            show_json({"same": True, "differences": []})
        return SAME
    found = differences(before, after)
    if form == "json":
        show_json({"same": False, "differences": [_as_data(difference) for difference in found]})
    elif form == "script":
        names = (old, new)
        lines = (_script(one, before), _script(other, after))
        click.echo("".join(difflib.unified_diff(*lines, *names)), nl=False)
    else:
        for line in as_text(found):
            click.echo(line)
    return DIFFERENT


def _as_data(difference: object) -> object:
    import msgspec

    return msgspec.to_builtins(difference)


class _Side(NamedTuple):
    """One of the two: its prompt, and its text if it is a script."""

    name: str
    prompt: Prompt
    script: str | None = None


def _read(name: str) -> _Side:
    """A file, whichever form it has; what is wrong with it is a usage error."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.read import WorkflowError, read_workflow

    data, source = read_workflow_file(name)
    if _is_script(name, data):
        source = Source(decoded(data), source.name)
        return _Side(name, _exported(source), source.text)
    try:
        return _Side(name, read_workflow(data, catalogue()).prompt)
    except WorkflowError as error:
        raise click.UsageError(f"`{name}`: {error}") from None


def _is_script(name: str, data: bytes) -> bool:
    """By what is in it, so that a script may have any name, and a workflow too."""
    if is_workflow(name) or holds_workflow(data):
        return False
    try:
        return bool(decoded(data).strip())
    except UnicodeDecodeError:
        return False


def _prompt(side: _Side, fold: bool) -> Prompt:
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.compare import without_defaults
    from ltxdsl.comfy.fold import fold as folded

    return without_defaults(folded(side.prompt, catalogue()), catalogue()) if fold else side.prompt


def _exported(source: Source) -> Prompt:
    from ltxdsl.cli.comfy_export import exported
    from ltxdsl.cli.common import read_models, show
    from ltxdsl.compiler import Request, compile

    models = read_models(None, source, "comfy")
    export, found = exported(compile(source, models, Request(target="comfy")), models)
    if export is None:
        show((one for one in found if one.severity is Severity.ERROR), source)
        raise click.UsageError(f"`{source.name}` cannot be exported, so that there is nothing to compare")
    return export.prompt


def _script(side: _Side, prompt: Prompt) -> list[str]:
    """A script's own text, or that of an import."""
    if side.script is not None:
        return side.script.splitlines(keepends=True)
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import imported
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.workflow import Workflow

    try:
        found = imported(Workflow(form="api", prompt=prompt), catalogue(), side.name)
    except Unwritable as error:
        raise click.UsageError(f"`{side.name}`: {error}") from None
    return found.text.splitlines(keepends=True)
