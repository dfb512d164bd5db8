"""`ltx docs`: the reference pages. For developers of the project."""

from __future__ import annotations

from pathlib import Path

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.report.reference import leftover, outdated, wanted
from ltxdsl.store import write_into_place


@click.command(hidden=True)
@click.argument("folder", default="docs")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page would change.")
def command(folder: str, check: bool) -> int:
    """Write the reference pages from the declarations: the reference and the rules in FOLDER."""
    root = Path(folder)
    if not root.is_dir():
        raise click.UsageError(f"there is no folder `{folder}`; name the project's docs folder")
    changed = outdated(root)
    for name in changed:
        click.echo(f"{root / name} would change" if check else f"wrote {root / name}")
    if not check:
        _write(root, changed)
    return FOUND_ERRORS if check and changed else 0


def _write(root: Path, names: list[str]) -> None:
    """Write what is asked for, and remove what no declaration asks for any more."""
    texts, gone = wanted(root), set(leftover(root))
    for name in names:
        if name in gone:
            (root / name).unlink()
        else:
            write_into_place(root / name, texts[name])
