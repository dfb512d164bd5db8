"""What the commands share: reading scripts, options, printing findings."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ltxdsl.cli.workflow_files import STDIN, holds_workflow, is_workflow
from ltxdsl.diagnostics import Diagnostic, render, to_json
from ltxdsl.models import EMBEDDED, LTX_23, ModelSet, ModelSetError, load_model_set, load_severities
from ltxdsl.source import Source
from ltxdsl.source_files import decoded
from ltxdsl.store import write_bytes_into_place
from ltxdsl.targets import COMFY

FOR_WORKFLOWS = "`ltx import`, `ltx check` and `ltx run --on comfy[@URL]`"
F = TypeVar("F", bound=Callable[..., Any])


def script_options(function: F) -> F:
    """The script (a file, `-` for standard input, or `-e TEXT`), its inputs, and the model set."""
    for option in reversed(
        (
            click.argument("file", required=False),
            click.option("-e", "--expression", metavar="SCRIPT", help="The script itself, instead of a file."),
            click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A value for an input."),
            click.option("--models", metavar="NAME", help="A model set of ltx.toml, or a diffusers folder."),
        )
    ):
        function = option(function)
    return function


def shot_option(function: F) -> F:
    """Only some shots of a script."""
    return click.option("--shot", "shots", multiple=True, metavar="NAME", help="Only this shot; may be repeated.")(
        function
    )


def read_source(file: str | None, expression: str | None) -> Source:
    """The script that the command line names; a workflow is none."""
    source = read_text(file, expression)
    if expression is None and holds_workflow(source.text):
        raise _no_script(str(file))
    return source


def read_text(file: str | None, expression: str | None) -> Source:
    """The text that the command line names: a script, or a workflow."""
    if (file is None) == (expression is None):
        raise click.UsageError("give a script: a file, `-` for standard input, or -e 'SCRIPT'")
    try:
        if expression is not None:
            return Source(decoded(expression.encode()), "<script>")
        if file == STDIN:
            return Source(decoded(sys.stdin.buffer.read()), "<stdin>")
    except UnicodeError:
        raise click.UsageError("the script is not a text in UTF-8") from None
    return read_script(str(file))[1]


def read_file(file: str) -> Source:
    """A script file; what is wrong with it is a usage error, also that it is a workflow."""
    source = read_script(file)[1]
    if holds_workflow(source.text):
        raise _no_script(file)
    return source


def read_script(file: str) -> tuple[bytes, Source]:
    """A script file as it is and as it reads."""
    path = Path(file)
    try:
        if path.is_dir():
            raise click.UsageError(f"`{file}` is a folder; a script is a file")
        if not path.exists():
            near = sorted(p.name for p in path.parent.glob("*.ltx"))[:5]
            raise click.UsageError(f"there is no script `{file}`" + (f"; there is {', '.join(near)}" if near else ""))
        data = path.read_bytes()
        return data, Source(decoded(data), file)
    except UnicodeDecodeError:
        hint = f"; a workflow in it is for {FOR_WORKFLOWS}" if is_workflow(file) else ""
        raise click.UsageError(f"`{file}` is not a text in UTF-8{hint}") from None
    except OSError as error:
        raise click.UsageError(f"`{file}`: {error.strerror}") from None


def _no_script(file: str) -> click.UsageError:
    return click.UsageError(f"`{file}` is no script but a workflow of ComfyUI: that is for {FOR_WORKFLOWS}")


def read_given(pairs: Iterable[str]) -> dict[str, str]:
    """`--set name=value` pairs."""
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"--set takes NAME=VALUE, not `{pair}`")
        if name in given:
            raise click.UsageError(f"--set gives `{name}` twice")
        given[name] = value
    return given


def read_models(name: str | None, source: Source, target: str = "local") -> ModelSet:
    """The model set; `ltx.toml` is looked for from the script's folder upwards. For ComfyUI it is the real model's."""
    try:
        return load_model_set(name, _folder(source), LTX_23 if target.startswith(COMFY) else EMBEDDED)
    except ModelSetError as error:
        raise click.UsageError(str(error)) from None


def read_severities(source: Source) -> dict[str, str]:
    """What `[rules]` of the `ltx.toml` that holds for the script says."""
    try:
        return load_severities(_folder(source))
    except ModelSetError as error:
        raise click.UsageError(str(error)) from None


def _folder(source: Source) -> Path | None:
    return Path(source.name).parent if Path(source.name).exists() else None


def show(diagnostics: Iterable[Diagnostic], source: Source) -> None:
    """Draw findings on standard error."""
    color = sys.stderr.isatty()
    for diagnostic in diagnostics:
        click.echo(render(diagnostic, source, color) + "\n", err=True, color=color)


def show_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def show_failure(diagnostics: Iterable[Diagnostic], source: Source, as_json: bool) -> None:
    """What stopped a command, drawn or as JSON."""
    if as_json:
        show_json({"ok": False, "diagnostics": findings(diagnostics, source)})
    else:
        show(diagnostics, source)


def findings(diagnostics: Iterable[Diagnostic], source: Source) -> list[dict[str, object]]:
    """Findings for machines."""
    return [to_json(d, source) for d in diagnostics]


def write_out(out: str, text: str, force: bool, read: str = "") -> None:
    """Write what -o asks for. Only --force replaces a file with other content, and nothing the file that was read."""
    path, data = Path(out), text.encode("utf-8", "replace")
    try:
        if path.is_dir():
            raise click.UsageError(f"`{out}` is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a device or a pipe, such as /dev/stdout
            path.write_bytes(data)
            return
        if path.exists() and read and Path(read).exists() and path.samefile(read):
            raise click.UsageError(f"`{out}` is the file that is read: name another")
        if path.exists() and not force and path.read_bytes() != data:
            raise click.UsageError(f"`{out}` is there already: name another file, or add --force")
        write_bytes_into_place(path.resolve(), data)  # through a link
    except OSError as error:
        raise click.UsageError(f"`{out}` cannot be written: {error.strerror or error}") from None


@contextmanager
def without_cycle_collection() -> Iterator[None]:
    """Trees have no cycles: to look for some takes a third of the time of a long script."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
