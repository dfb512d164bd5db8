"""Findings for machines: one function a format, from files with what was found in them to one text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec

from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Diagnostic, Severity, to_json, visible
from ltxdsl.source import Source


class FileFindings(msgspec.Struct, frozen=True):
    """A script and what was found in it."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]

    def lines(self, found: Diagnostic) -> tuple[int, int, int, int]:
        """First line and column, last line and column after the end; from 1. Without a place: the first character."""
        if found.span is None:
            return 1, 1, 1, 1
        source = self.text(found)
        return (*source.line_column(found.span.start), *source.line_column(found.span.end))

    def text(self, found: Diagnostic) -> Source:
        """The text that a finding lies in: the script, or a file that it imports."""
        return found.source or self.source

    @property
    def path(self) -> str:
        """The script's name with `/`, from the current folder if it lies in it."""
        return self.path_of(None)

    def path_of(self, found: Diagnostic | None) -> str:
        """The name of the file that a finding lies in."""
        source = self.text(found) if found else self.source
        path = os.path.normpath(source.name)
        inside = os.path.isabs(path) and path.startswith(os.getcwd() + os.sep)
        return (os.path.relpath(path) if inside else path).replace(os.sep, "/")


def named(found: FileFindings) -> Iterator[tuple[Diagnostic, str]]:
    """Each finding with a name that stays when lines move: rule, file, text of the line, which of equal ones."""
    seen: dict[str, int] = {}
    for one in found.diagnostics:
        line = found.text(one).line_text(found.lines(one)[0]).strip()
        name = sha256("\0".join((one.code, found.path_of(one), line)).encode("utf-8", "replace")).hexdigest()[:32]
        seen[name] = seen.get(name, 0) + 1
        yield one, f"{name}:{seen[name]}"


def fails(found: Diagnostic, strict: bool) -> bool:
    """Whether a finding makes a check fail."""
    return found.severity is Severity.ERROR or (strict and found.severity is Severity.WARNING)


def as_json(files: Sequence[FileFindings], strict: bool) -> str:
    """The findings with all that is known of them."""
    rows = [{"file": f.source.name, "diagnostics": [to_json(d, f.source) for d in f.diagnostics]} for f in files]
    ok = not any(fails(d, strict) for f in files for d in f.diagnostics)
    return json.dumps({"ok": ok, "files": rows}, ensure_ascii=False)


_ANNOTATIONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def as_github(files: Sequence[FileFindings], strict: bool) -> str:
    """Workflow commands that GitHub shows at the lines of a pull request."""
    return "\n".join(_annotation(f, d) for f in files for d in f.diagnostics)


def _annotation(file: FileFindings, found: Diagnostic) -> str:
    line, column, end_line, end_column = file.lines(found)
    where = {"file": file.path_of(found), "line": line, "endLine": end_line}
    if line == end_line:  # GitHub knows columns within one line only
        where |= {"col": column, "endColumn": max(column, end_column)}
    where["title"] = f"{found.code} {RULES[found.code].title}"
    text = "\n".join(filter(None, (found.message, found.why, found.hint)))
    shown = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
    return f"::{_ANNOTATIONS[found.severity]} {shown}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def as_gitlab(files: Sequence[FileFindings], strict: bool) -> str:
    """A code quality report for GitLab."""
    return json.dumps([_issue(f, d, name) for f in files for d, name in named(f)], indent=2)


def _issue(file: FileFindings, found: Diagnostic, name: str) -> dict[str, object]:
    line, _, end_line, _ = file.lines(found)
    return {
        "description": visible(found.message),
        "check_name": found.code,
        "fingerprint": sha256(name.encode()).hexdigest(),
        "severity": _GITLAB[found.severity],
        "location": {"path": file.path_of(found), "lines": {"begin": line, "end": end_line}},
    }
