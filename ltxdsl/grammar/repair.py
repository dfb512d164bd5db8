"""Fixes of syntax errors by trial: small edits where parsing stopped; the first that parses is the fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from ltxdsl.diagnostics import Diagnostic, Fix
from ltxdsl.near import difference
from ltxdsl.source import Source, Span

LONGEST = 20_000  # characters of a script that is looked at


def repaired(problem: Diagnostic, source: Source, parses: Callable[[str], bool]) -> Diagnostic:
    """The problem with a fix, if an edit makes the script parse; at an open brace, if that is what is wrong."""
    if problem.fixes or problem.span is None or len(source.text) > LONGEST:
        return problem
    at = problem.span.start
    for better in _edits(source.text, at):
        if better != source.text and parses(better):
            return _moved(problem, source, difference(source.text, better), source.text.count("\n", 0, at))
    return problem


def _moved(problem: Diagnostic, source: Source, fix: Fix, line: int) -> Diagnostic:
    """Shown where it is mended, if that is on another line than the one where it was noticed."""
    if source.text.count("\n", 0, fix.span.start) == line or not re.search(r"[{}]", fix.text):
        return msgspec.structs.replace(problem, fixes=(fix,))
    start = source.text.rfind("\n", 0, fix.span.start) + 1
    span = Span(start + len(source.text[start:]) - len(source.text[start:].lstrip()), max(fix.span.start, start + 1))
    message = "a brace is missing here" if "{" in fix.text else "this block is not closed"
    return msgspec.structs.replace(problem, message=message, span=span, fixes=(fix,))


def _edits(text: str, at: int) -> Iterator[str]:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    before, line, after = text[:start], text[start:end], text[end:]
    for better in _of_the_line(line):
        yield before + better + after
    yield from _of_braces(text, at)
    yield text[:at] + text[at + 1 :]


def _of_the_line(line: str) -> Iterator[str]:
    """Marks of other languages, quotes and brackets."""
    yield re.sub(r"^(\s*)//", r"\1#", line)
    yield re.sub(r"(?<=\s)--?(?=[a-z])", "", line)
    yield re.sub(r"(?<=[\w)])\s*:\s*(?=\S)", " ", line)
    yield re.sub(r"(?<=\w)\s*:\s*(?=\S)", " = ", line)
    yield line.replace("||", "|")
    yield re.sub(r"\(([^()]*)\)", r"{\1}", line)
    yield re.sub(r"\(([^()]*)\)", r"\1", line)
    yield line + '"'
    yield re.sub(r",\s*(?=\{)", " ", line)
    yield re.sub(r"(\w)\s*=\s*(?=[\d\"])", r"\1 in ", line)
    yield re.sub(r"[,;:|]\s*$", "", line)


def _of_braces(text: str, at: int) -> Iterator[str]:
    """A brace that is not closed, or was not opened: where the lines are set in."""
    lines = text.split("\n")
    here = text.count("\n", 0, at)
    for index in range(min(here, len(lines) - 1), -1, -1):
        line = lines[index]
        if line.count("{") > line.count("}"):
            yield "\n".join([*lines[:index], line + " }", *lines[index + 1 :]])
            yield text.rstrip("\n") + "\n}\n"
        follows = lines[index + 1] if index + 1 < len(lines) else ""
        if "{" not in line and line.strip() and _depth(follows) > _depth(line):
            yield "\n".join([*lines[:index], line + " {", *lines[index + 1 :]])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 0
