"""Script files: bytes to text and back, so that a text means the same on every system."""

from __future__ import annotations

import codecs
import difflib
from pathlib import Path

from ltxdsl.store import write_bytes_into_place


def decoded(data: bytes) -> str:
    """A script's text: UTF-8 without its byte order mark, lines that end in `\\n`; other bytes: UnicodeDecodeError."""
    return data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def difference(name: str, before: str, after: str) -> str:
    """What changes between two texts of a file, as a unified diff; empty if nothing does."""
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def rewrite(path: Path, text: str) -> None:
    """Give a script file another text; its byte order mark and its kind of line end stay."""
    before = path.read_bytes()
    ends = "\r\n" if b"\r\n" in before else "\n"
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    write_bytes_into_place(path, mark + text.replace("\n", ends).encode())
