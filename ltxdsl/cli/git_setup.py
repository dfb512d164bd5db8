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
        click.echo(_as_script(Path(show)), nl=False)  # bytes, whatever the terminal's encoding
        return 0
    patterns = patterns or ("*.json",)
    if not all(pattern.strip() for pattern in patterns):
        raise click.UsageError("a pattern is empty; name files as `.gitattributes` does, such as `*.json`")
    try:
        top = Path(_git("rev-parse", "--show-toplevel"))
        # -P: a folder of the repository is never taken for a module
        _git("config", f"diff.{DRIVER}.textconv", f'"{sys.executable}" -P -m ltxdsl git-setup --show')
        added = _attributes(top / ATTRIBUTES, patterns)
    except (GitError, OSError) as error:
        click.echo(f"git: {error}", err=True)
        return FOUND_ERRORS
    known = f"; {ATTRIBUTES} says so, and each clone needs this command once" if added else ""
    click.echo(f"git compares {', '.join(patterns)} as scripts now{known}")
    return 0


class GitError(Exception):
    """What git does not do, in its words."""


def _git(*arguments: str) -> str:
    """What git answers. Raises GitError."""
    try:
        done = subprocess.run(("git", *arguments), check=False, capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise GitError("it is not installed, or not in the PATH") from None
    if done.returncode:
        raise GitError(done.stderr.strip() or "this is no repository")
    return done.stdout.strip()


def _attributes(path: Path, patterns: tuple[str, ...]) -> bool:
    """Add lines that are not there yet; whether there were some."""
    from ltxdsl.store import write_into_place

    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [line for pattern in patterns if (line := f"{_quoted(pattern)} diff={DRIVER}") not in text.splitlines()]
    if lines:
        start = text if not text or text.endswith("\n") else f"{text}\n"
        write_into_place(path, start + "\n".join(lines) + "\n")
    return bool(lines)


def _quoted(pattern: str) -> str:
    """As `.gitattributes` wants it where there is a blank in it."""
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if any(c.isspace() or c == '"' for c in pattern) else pattern


def _as_script(path: Path) -> bytes:
    """The file's script, or the file itself where it is no workflow. Git names it anew each time, so it has no name."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import imported
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.read import WorkflowError, read_workflow
    from ltxdsl.comfy.write import unedited

    try:
        data = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"`{path}`: {error.strerror}") from None
    try:
        workflow = read_workflow(data, catalogue())
        if unedited(workflow):
            return workflow.script.encode("utf-8", "replace")
        _, _, text = imported(workflow, catalogue(), path.name).text.partition("\n")
        return text.encode("utf-8", "replace")
    except (WorkflowError, Unwritable):
        return data
