"""Script files: bytes to text and back, so that a text means the same on every system."""

from __future__ import annotations

import codecs
from pathlib import Path

from ltxdsl.store import write_bytes_into_place


def decoded(data: bytes) -> str:
    """A script's text: UTF-8 without its byte order mark, lines that end in `\\n`; other bytes: UnicodeDecodeError."""
    return data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def rewrite(path: Path, text: str) -> None:
    """Give a script file another text; its byte order mark and its kind of line end stay."""
    before = path.read_bytes()
    ends = "\r\n" if b"\r\n" in before else "\n"
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    write_bytes_into_place(path, mark + text.replace("\n", ends).encode())
