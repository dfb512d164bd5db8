"""`ltx git-setup`: let git show changes of workflow files as changes of scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from ltxdsl.cli import FOUND_ERRORS

DRIVER = "ltx-workflow"
ATTRIBUTES = ".gitattributes"


@click.command()
@click.argument("patterns", nargs=-1)
@click.option("--show", metavar="FILE", help="Print one file as git will compare it, and set up nothing.")
def command(patterns: tuple[str, ...], show: str | None) -> int:
    """Set up this repository: `git diff` and `git log -p` then compare workflows as scripts.

    PATTERNS are the files meant, as `.gitattributes` names them; `*.json` if not said. What is no workflow is
    compared as it is.
    """
    if show is not None:
        click.echo(_as_script(Path(show)), nl=False)
        return 0
    textconv = f'"{sys.executable}" -m ltxdsl git-setup --show'
    done = subprocess.run(("git", "config", f"diff.{DRIVER}.textconv", textconv), check=False, capture_output=True)
    if done.returncode:
        click.echo(f"git: {done.stderr.decode(errors='replace').strip() or 'this is no repository'}", err=True)
        return FOUND_ERRORS
    top = subprocess.run(("git", "rev-parse", "--show-toplevel"), check=True, capture_output=True, text=True)
    added = _attributes(Path(top.stdout.strip()) / ATTRIBUTES, patterns or ("*.json",))
    click.echo(
        f"git compares {', '.join(patterns or ('*.json',))} as scripts now" + (f"; see {ATTRIBUTES}" if added else "")
    )
    return 0


def _attributes(path: Path, patterns: tuple[str, ...]) -> bool:
    """Add lines that are not there yet; whether there were some."""
    from ltxdsl.store import write_into_place

    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [line for pattern in patterns if (line := f"{pattern} diff={DRIVER}") not in text.splitlines()]
    if lines:
        start = text if not text or text.endswith("\n") else f"{text}\n"
        write_into_place(path, start + "\n".join(lines) + "\n")
    return bool(lines)


def _as_script(path: Path) -> str:
    """The file's script, or the file itself where it is no workflow."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import imported
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.read import WorkflowError, read_workflow
    from ltxdsl.comfy.write import unedited

    data = path.read_bytes()
    try:
        workflow = read_workflow(data, catalogue())
        return workflow.script if unedited(workflow) else imported(workflow, catalogue(), path.name).text
    except (WorkflowError, Unwritable):
        return data.decode("utf-8", errors="replace")
