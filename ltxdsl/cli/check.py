"""`ltx check`: find mistakes."""

from __future__ import annotations

import os
from typing import Any

import click
import msgspec

from ltxdsl.checked import fast
from ltxdsl.cli import FOUND_ERRORS, WRONG_USE
from ltxdsl.cli.checking import Asked, Checked, check_file, check_text, fixed, write_fixed
from ltxdsl.cli.common import read_given, read_text, without_cycle_collection
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.report.formats import FORMATS, written
from ltxdsl.source_files import difference
from ltxdsl.targets import LOCAL


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with findings."""

    format: str = "text"
    fix: bool = False
    diff: bool = False
    strict: bool = False
    quiet: bool = False


@click.command()
@click.argument("files", nargs=-1)
@click.option("-e", "--expression", metavar="SCRIPT", help="The script itself, instead of files.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A value for an input.")
@click.option("--models", metavar="NAME", help="A model set of ltx.toml, or a diffusers folder.")
@click.option("--target", default=LOCAL, metavar="NAME[@VERSION]", help="Such as local, comfy, comfy@0.27.")
@click.option("--on", "hardware", type=click.Choice(list(HARDWARE)), help="Hardware that it must fit on.")
@click.option("--format", type=click.Choice(["text", *FORMATS]), default="text", help="How findings are written.")
@click.option("--json", "format", flag_value="json", help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Apply the first fix of each finding, and write the file.")
@click.option("--diff", is_flag=True, help="Only show what --fix would change; exit code 1 if that is anything.")
@click.option("--watch", is_flag=True, help="Check again whenever something changes, until Ctrl-C.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of files without findings.")
def command(files: tuple[str, ...], expression: str | None, watch: bool, **options: Any) -> int:
    """Find mistakes before they cost anything.

    FILES are scripts, workflows of ComfyUI (.json, or a picture or video that carries one), folders (all `.ltx` files
    in them) or `-` for standard input. Exit code 0: nothing that fails.
    1: errors, with --strict also warnings, with --diff any change. 2: wrong use, or a file that cannot be read.
    """
    read_given(options["given"])
    asked, manner = msgspec.convert(options, Asked), msgspec.convert(options, Manner)
    if watch:
        if expression is not None or not files or "-" in files:
            raise click.UsageError("--watch needs files or folders")
        from ltxdsl.cli.watch import watched

        return watched(files, lambda: _once(_named(files), asked, manner))
    with without_cycle_collection():
        if expression is None and files:
            return _once(_named(files), asked, manner)[0]
        return _report([check_text(read_text(None, expression), asked)], asked, manner)


def _named(files: tuple[str, ...]) -> list[str]:
    """The scripts that the command line names; those of folders in order."""
    names = []
    for file in files:
        inside = fast.scripts_in(file) if os.path.isdir(file) else [file]
        if not inside:
            raise click.UsageError(f"there is no script in the folder `{file}`")
        names += inside
    return names


def _once(names: list[str], asked: Asked, manner: Manner) -> tuple[int, list[Checked]]:
    """Check everything; the exit code, and what was found. A file that cannot be read does not hide the others."""
    checked, unread = [], 0
    for name in names:
        try:
            checked.append(check_text(read_text("-", None), asked) if name == "-" else check_file(name, asked))
        except click.ClickException as error:
            error.show()
            unread = WRONG_USE
    return max(unread, _report(checked, asked, manner)), checked


def _report(checked: list[Checked], asked: Asked, manner: Manner) -> int:
    """Mend what is to be mended, say what is left; the exit code."""
    if manner.diff:
        pairs = [(one.found.source, fixed(one, asked).found.source) for one in checked]
        changes = [difference(before.name, before.text, after.text) for before, after in pairs]
        click.echo("".join(changes), nl=False)
        return FOUND_ERRORS if any(changes) else 0
    if manner.fix:
        checked = [write_fixed(one, fixed(one, asked)) for one in checked]
    if manner.format != "text":
        text = written(manner.format, [one.found for one in checked], manner.strict)
        click.echo(text, nl=bool(text))
        return max((int(one.answer.fails(manner.strict)) for one in checked), default=0)
    told = [fast.tell(one.found.source.name, one.answer, manner.strict, manner.quiet) for one in checked]
    return max(told, default=0)
