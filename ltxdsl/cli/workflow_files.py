"""ComfyUI's files as commands take them: named, or `-` for standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ltxdsl.diagnostics import Diagnostic
from ltxdsl.source import Source

# What ComfyUI's nodes write a workflow into, and workflows themselves.
PICTURES, VIDEOS = (".png", ".webp", ".jpg", ".jpeg"), (".mp4", ".webm", ".mov", ".mkv")
SOUNDS = (".flac", ".mp3", ".opus", ".ogg")
WORKFLOWS = (".json", *PICTURES, *VIDEOS, *SOUNDS)
STDIN = "-"
BEGINNING = 4096  # bytes that tell a workflow from a script


def is_workflow(file: str) -> bool:
    """Whether a file is one of ComfyUI's, by its name."""
    return file.lower().endswith(WORKFLOWS)


def holds_workflow(text: str | bytes) -> bool:
    """Whether a text is a workflow: it begins with a brace, as no script does."""
    start = text if isinstance(text, str) else text[:BEGINNING].decode("utf-8-sig", "replace")
    return start.lstrip().startswith("{")


def read_workflow_file(file: str) -> tuple[bytes, Source]:
    """A workflow file as it is, and its text: that of a picture or video is empty. Raises UsageError."""
    data = sys.stdin.buffer.read() if file == STDIN else _read(file)
    text = data.decode("utf-8-sig", "replace") if file.lower().endswith(".json") or holds_workflow(data) else ""
    return data, Source(text, "<stdin>" if file == STDIN else file)


def _read(file: str) -> bytes:
    from ltxdsl.comfy.read import LARGEST

    path = Path(file)
    try:
        if path.is_dir():
            raise click.UsageError(f"`{file}` is a folder; a workflow is a file")
        if not path.exists():
            near = sorted(p.name for p in path.parent.glob(f"*{path.suffix or '.json'}"))[:5]
            raise click.UsageError(f"there is no file `{file}`" + (f"; there is {', '.join(near)}" if near else ""))
        if path.stat().st_size > LARGEST:
            raise click.UsageError(f"`{file}` is larger than {LARGEST >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"`{file}`: {error.strerror}") from None


def unreadable(why: str) -> Diagnostic:
    """A file that is no workflow, as a finding."""
    from ltxdsl.compiler.checks import RULES
    from ltxdsl.compiler.checks.workflows import UNREADABLE

    rule = RULES[UNREADABLE]
    return Diagnostic(rule.code, rule.severity, why, why=rule.why)
