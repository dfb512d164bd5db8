"""`ltx check --watch`: again whenever something changes that was looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import click

from ltxdsl.checked.answers import Marks
from ltxdsl.checked.fast import scripts_in
from ltxdsl.checked.marks import STAT, mark
from ltxdsl.cli.checking import Checked

PAUSE = 0.3  # seconds between looks


def watched(files: Iterable[str], check: Callable[[], tuple[int, list[Checked]]]) -> int:
    """Check until Ctrl-C; the exit code of the last time."""
    code = 0
    try:
        while True:
            names: list[str] = scripts(files)
            marks: Marks = {(STAT, file): mark(STAT, file) for file in files}
            code, checked = check()
            for one in checked:
                marks |= one.marks
            click.echo("watching for changes; Ctrl-C ends it", err=True)
            while scripts(files) == names and all(mark(*looked) == seen for looked, seen in marks.items()):
                time.sleep(PAUSE)
            click.echo(err=True)
    except KeyboardInterrupt:
        click.echo(err=True)
        return code


def scripts(files: Iterable[str]) -> list[str]:
    """The scripts that there are in folders."""
    return [name for file in files if os.path.isdir(file) for name in scripts_in(file)]
