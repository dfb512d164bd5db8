"""Diagnostics: what is wrong, where, why, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from ltxdsl.source import Source, Sources, Span, Spot


class Severity(StrEnum):
    """How bad it is: an error stops the way to a video; the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Fix(msgspec.Struct, frozen=True):
    """A replacement of a span that mends the problem."""

    span: Span
    text: str
    title: str = ""


class Diagnostic(msgspec.Struct, frozen=True, kw_only=False):
    """One finding. `why` is a line of LTX knowledge; `hint` says what to do where no machine fix exists.

    Spans are those of `source`, or of the script itself where it is None. `trail` are the statements by which the
    place came to stand in the script: the `use` of a recipe, the round of a sweep.
    """

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    why: str = ""
    hint: str = ""
    fixes: tuple[Fix, ...] = ()
    source: Source | None = None
    trail: tuple[Spot, ...] = ()


def located(diagnostic: Diagnostic, sources: Sources) -> Diagnostic:
    """A finding whose span lies anywhere in the long text, at the place in the file that it means."""
    if diagnostic.span is None or diagnostic.source is not None:
        return diagnostic
    at = sources.spot(diagnostic.span)
    fixes = ((fix, sources.spot(fix.span)) for fix in diagnostic.fixes)
    return msgspec.structs.replace(
        diagnostic,
        span=at.span,
        fixes=tuple(Fix(spot.span, fix.text, fix.title) for fix, spot in fixes if spot.source is at.source),
        source=None if at.source is sources.script else at.source,
        trail=sources.trail(diagnostic.span),
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them stops the way to a video."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


WINDOW = 240  # characters of a source line that are shown
_PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_PICTURES |= {0x7F: 0x2421, **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)}
_COLORS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.NOTE: "36;1"}


class _Ink:
    """Adds terminal colours, or nothing."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text


def render(diagnostic: Diagnostic, source: Source, color: bool = False) -> str:
    """A finding drawn under its source line. `source` is the script."""
    source = diagnostic.source or source
    ink = _Ink(color)
    style = _COLORS[diagnostic.severity]
    lines = [f"{ink(style, f'{diagnostic.severity}[{diagnostic.code}]')} {ink('1', visible(diagnostic.message))}"]
    margin = " "
    if diagnostic.span is not None:
        drawn, margin = _excerpt(diagnostic.span, source, style, ink)
        lines += drawn
    notes = [("why", diagnostic.why), ("help", diagnostic.hint)]
    notes += [("fix", _fix_text(fix, source)) for fix in diagnostic.fixes]
    notes += [("from", f"{spot.words} at {spot}") for spot in diagnostic.trail]
    lines += [f"{margin} {ink('34', '=')} {ink('1', f'{label}:')} {visible(text)}" for label, text in notes if text]
    return "\n".join(lines)


def _excerpt(span: Span, source: Source, style: str, ink: _Ink) -> tuple[list[str], str]:
    line, column = source.line_column(span.start)
    text, at = _window(source.line_text(line), column - 1)
    margin = " " * len(str(line))
    width = max(1, min(span.end - span.start, len(text) - at))
    pad = "".join("\t" if char == "\t" else " " for char in text[:at])
    return [
        f"{margin}{ink('34', '-->')} {visible(source.name)}:{line}:{column}",
        f"{margin} {ink('34', '|')}",
        f"{ink('34', str(line))} {ink('34', '|')} {visible(text)}",
        f"{margin} {ink('34', '|')} {pad}{ink(style, '^' * width)}",
    ], margin


def _window(text: str, at: int) -> tuple[str, int]:
    """A line cut to what surrounds a place in it, and the place in that."""
    if len(text) <= WINDOW:
        return text, at
    start = max(0, min(at - WINDOW // 3, len(text) - WINDOW))
    before, after = "…" if start else "", "…" if start + WINDOW < len(text) else ""
    return before + text[start : start + WINDOW] + after, at - start + len(before)


def visible(text: str) -> str:
    """The text with control characters as pictures of them, and halves of characters as �: safe on any terminal."""
    return text.translate(_PICTURES)


def _fix_text(fix: Fix, source: Source) -> str:
    old = _short(source[fix.span])
    title = f" ({fix.title})" if fix.title else ""
    if not old:
        return f"add `{fix.text.strip()}`{title}"
    return f"write `{fix.text}` for `{old}`{title}" if fix.text else f"remove `{old}`{title}"


def _short(text: str) -> str:
    return text if len(text) <= WINDOW else f"{text[: WINDOW - 1]}…"


def to_json(diagnostic: Diagnostic, source: Source) -> dict[str, object]:
    """A finding for machines; lines and columns are 1-based, ends exclusive. `source` is the script."""
    source = diagnostic.source or source
    found = msgspec.to_builtins(msgspec.structs.replace(diagnostic, source=None, trail=()))
    del found["source"]
    found["trail"] = [{"words": spot.words, **_place(spot.source, spot.span)} for spot in diagnostic.trail]
    if diagnostic.span is not None:
        found["place"] = _place(source, diagnostic.span)
    return dict(found)


def _place(source: Source, span: Span) -> dict[str, object]:
    line, column = source.line_column(span.start)
    end_line, end_column = source.line_column(span.end)
    return {"file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """The text with fixes applied from the end; of overlapping ones the first in the text wins, and equal ones count
    once (a recipe's body may be found wrong in every use).
    """
    chosen: list[Fix] = []
    for fix in sorted({(f.span, f.text): f for f in fixes}.values(), key=lambda f: (f.span.start, f.span.end)):
        if not chosen or fix.span.start >= chosen[-1].span.end:
            chosen.append(fix)
    pieces, at = [], 0
    for fix in chosen:
        pieces += [text[at : fix.span.start], fix.text]
        at = fix.span.end
    return "".join([*pieces, text[at:]])
