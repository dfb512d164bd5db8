"""`ltx fmt`: the one layout."""

from __future__ import annotations

from pathlib import Path

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.common import read_file, read_source, show
from ltxdsl.grammar import format_script, parse
from ltxdsl.source import Source
from ltxdsl.source_files import difference, rewrite


@click.command()
@click.argument("files", nargs=-1)
@click.option("-e", "--expression", metavar="SCRIPT", help="The script itself; the result goes to standard output.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(files: tuple[str, ...], expression: str | None, check: bool, diff: bool) -> int:
    """Write scripts in the one layout. `-` reads standard input and writes standard output."""
    if expression is not None or files == ("-",) or not files:
        source = read_source("-" if files == ("-",) else None, expression)
        text = _formatted(source)
        if text is not None:
            click.echo(text, nl=False)
        return FOUND_ERRORS if text is None or (check and text != source.text) else 0
    return max(_one(file, check, diff) for file in files)


def _one(file: str, check: bool, diff: bool) -> int:
    source = read_file(file)
    text = _formatted(source)
    if text is None:
        return FOUND_ERRORS
    if text == source.text:
        return 0
    if diff:
        click.echo(difference(file, source.text, text), nl=False)
    elif check:
        click.echo(f"{file} would change")
    else:
        rewrite(Path(file), text)
        click.echo(f"{file} formatted")
    return FOUND_ERRORS if check or diff else 0


def _formatted(source: Source) -> str | None:
    script, problems = parse(source)
    show(problems, source)
    return None if problems else format_script(script, source)
