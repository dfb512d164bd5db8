"""Source texts and the places in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

import msgspec

# begins a comment that is an assertion; known here so that a check without any loads no more
EXPECT = re.compile(r"#[ \t]*expect[ \t]*:[ \t]*", re.IGNORECASE)


class Span(msgspec.Struct, frozen=True, order=True):
    """A half-open range of characters `[start, end)` in a source."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def moved(self, by: int) -> Span:
        """The same length, further on."""
        return Span(self.start + by, self.end + by)


class Source:
    """A script's text with its name; turns offsets into lines and columns."""

    def __init__(self, text: str, name: str = "<script>") -> None:
        self.text = text
        self.name = name
        self.parts: tuple[str, ...] = ()  # whole statements that it is made of, one below the other, if that is known

    @classmethod
    def of_parts(cls, parts: Iterable[str], name: str) -> Source:
        """A source of statements that are likely to have been parsed before, each of whole lines."""
        parts = tuple(parts)
        source = cls("".join(f"{part}\n" for part in parts), name)
        source.parts = parts
        return source

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return starts

    @property
    def end(self) -> Span:
        """The empty span after the last character that is not white space."""
        offset = len(self.text.rstrip())
        return Span(offset, offset)

    def line_column(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a 1-based line, without its newline."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] - 1 if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def __getitem__(self, span: Span) -> str:
        return self.text[span.start : span.end]


class Via(msgspec.Struct, frozen=True):
    """Why a text stands in a script once more: in words, and at the statement that put it there."""

    words: str
    span: Span


class Spot(msgspec.Struct, frozen=True):
    """A place in a source, and what happens there in words."""

    source: Source
    span: Span
    words: str = ""

    def __str__(self) -> str:
        line, column = self.source.line_column(self.span.start)
        return f"{self.source.name}:{line}:{column}"


class _Region(msgspec.Struct, frozen=True):
    """A stretch of the long text: a file, or a repetition of what stands at `origin`."""

    base: int
    source: Source | None
    origin: int = 0
    via: Via | None = None


class Sources:
    """All texts of a script, laid end to end, so that a span alone tells file and place.

    The script itself comes first, so its spans are its own. A text that an expansion repeats (the body of a recipe,
    a round of a sweep) is laid there once more; what is found in it is known by where it lies.
    """

    def __init__(self, script: Source) -> None:
        self.script = script
        self._regions = [_Region(0, script)]
        self._end = len(script.text) + 1

    def add(self, source: Source) -> int:
        """Lay a file at the end; gives what its spans must be moved by."""
        return self._lay(_Region(self._end, source), len(source.text))

    def repeat(self, span: Span, via: Via) -> int:
        """Lay what stands at `span` there once more; gives what its spans must be moved by."""
        return self._lay(_Region(self._end, None, span.start, via), span.end - span.start) - span.start

    def _lay(self, region: _Region, length: int) -> int:
        self._regions.append(region)
        self._end += length + 1
        return region.base

    def spot(self, span: Span) -> Spot:
        """The place in a file that a span means."""
        region = self._region(span)
        while region.source is None:
            span = span.moved(region.origin - region.base)
            region = self._region(span)
        return Spot(region.source, span.moved(-region.base))

    def trail(self, span: Span) -> tuple[Spot, ...]:
        """The statements by which the text of a span came to stand there, the nearest first."""
        found: dict[int, Spot] = {}
        waiting = [span]
        while waiting:
            here = waiting.pop()
            region = self._region(here)
            if region.via is not None and region.base not in found:
                at = self.spot(region.via.span)
                found[region.base] = Spot(at.source, at.span, region.via.words)
                waiting += [region.via.span, here.moved(region.origin - region.base)]
        return tuple(dict.fromkeys(found.values()))

    def _region(self, span: Span) -> _Region:
        return self._regions[bisect_right(self._regions, span.start, key=lambda r: r.base) - 1]
