"""The formats of `ltx check`, by name; each is loaded when it is used. `text` is drawn file by file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from ltxdsl.report.findings import FileFindings

FORMATS = {
    "json": "findings",
    "sarif": "sarif",
    "github": "findings",
    "junit": "junit",
    "gitlab": "findings",
}


def written(format: str, files: Sequence[FileFindings], strict: bool) -> str:
    """The findings as one text in that format."""
    module = import_module(f"ltxdsl.report.{FORMATS[format]}")
    text: str = getattr(module, f"as_{format}")(files, strict)
    return text
