"""Syntax tree back to text, in the one layout that `ltx fmt` writes."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.grammar.tree import (
    Assign,
    At,
    Binary,
    Block,
    Comment,
    Entry,
    Field,
    Group,
    Item,
    ListOf,
    Literal,
    Name,
    Part,
    Range,
    Script,
    Statement,
    Text,
    terms,
)
from ltxdsl.grammar.write import LINE_LENGTH, rows
from ltxdsl.source import Source

INDENT = "  "


def format_script(script: Script, source: Source) -> str:
    """Blocks indented by two, comments and single blank lines kept.

    A block stays on one line, and what its author has put in one row stays in one row, as far as a line goes.
    """
    lines = list(_Writer(script, source).lines())
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines) + "\n" if lines else ""


class _Writer:
    """Walks the tree and deals the comments out to the places where they stood."""

    def __init__(self, script: Script, source: Source) -> None:
        self.script = script
        self.source = source
        self.comments = sorted(script.comments, key=lambda c: c.span.start)
        self.next = 0

    def lines(self) -> Iterator[str]:
        yield from self._entries(self.script.entries, "", 0)
        yield from self._comments_before(len(self.source.text) + 1, "")

    def _entries(self, entries: tuple[Entry, ...], indent: str, start: int) -> Iterator[str]:
        previous_end = start
        for index, row in enumerate(self._rows(entries, indent)):
            entry = row[0]
            first = index == 0 and start > 0
            before = list(self._comments_before(entry.span.start, indent))
            if not first and self._blank_line(previous_end, entry.span.start, bool(before)):
                yield ""
            yield from before
            yield from self._entry(entry, indent) if len(row) == 1 else self._row(row, indent)
            previous_end = self._end(row[-1])

    def _rows(self, entries: tuple[Entry, ...], indent: str) -> Iterator[list[Entry]]:
        """Entries that stand in one row."""
        row: list[Entry] = []
        for entry in entries:
            short = self._is_short(entry, indent)
            if row and not (short and "\n" not in self.source.text[row[-1].span.end : entry.span.start]):
                yield row
                row = []
            row.append(entry)
            if not short:
                yield row
                row = []
        if row:
            yield row

    def _is_short(self, entry: Entry, indent: str) -> bool:
        text = _one_line(entry)
        within = "" if entry.block is None else self.source[entry.block.span]
        return "\n" not in text + within and len(indent + text) <= LINE_LENGTH

    def _row(self, row: list[Entry], indent: str) -> Iterator[str]:
        *lines, last = rows(map(_one_line, row), indent)
        yield from lines
        yield last + self._trailing(row[-1].span.end)

    def _entry(self, entry: Entry, indent: str) -> Iterator[str]:
        head = _wrapped(entry, indent)
        block = entry.block
        if block is None:
            yield head + self._trailing(entry.span.end)
        elif (line := self._on_one_line(head, block)) is not None:
            yield line + self._trailing(block.span.end)
        else:
            yield head + " {" + self._trailing(block.span.start + 1)
            yield from self._entries(block.entries, indent + INDENT, block.span.start + 1)
            yield from self._comments_before(block.span.end, indent + INDENT)
            yield indent + "}" + self._trailing(block.span.end)

    def _on_one_line(self, head: str, block: Block) -> str | None:
        if "\n" in self.source[block.span]:
            return None
        if not block.entries:
            return head + " {}"
        inner = [_one_line(entry) for entry in block.entries]
        line = f"{head} {{ {'; '.join(inner)} }}"
        return line if len(line) <= LINE_LENGTH else None

    def _comments_before(self, position: int, indent: str) -> Iterator[str]:
        previous: Comment | None = None
        while self.next < len(self.comments) and self.comments[self.next].span.start < position:
            comment = self.comments[self.next]
            if previous and self._blank_line(previous.span.end, comment.span.start, False):
                yield ""
            yield indent + comment.text
            previous = comment
            self.next += 1

    def _trailing(self, end: int) -> str:
        """The comment that stands on the same line after `end`, if there is one and nothing else before it."""
        if self.next < len(self.comments):
            comment = self.comments[self.next]
            between = self.source.text[end : comment.span.start]
            if comment.span.start >= end and "\n" not in between and not between.strip(" \t;"):
                self.next += 1
                return "  " + comment.text
        return ""

    def _end(self, entry: Entry) -> int:
        if 0 < self.next <= len(self.comments):
            return max(entry.span.end, self.comments[self.next - 1].span.end)
        return entry.span.end

    def _blank_line(self, start: int, end: int, with_comments: bool) -> bool:
        gap = self.source.text[start:end]
        if with_comments:
            gap = gap.split("#", 1)[0]
        return gap.count("\n") > 1


def _wrapped(entry: Entry, indent: str) -> str:
    """The head of a statement; one that is too long and ends in brackets has them over several lines."""
    head = indent + _head(entry)
    group = entry.parts[-1][-1] if isinstance(entry, Statement) else None
    if len(head) <= LINE_LENGTH or not isinstance(group, Group) or len(group.items) < 2:
        return head
    lines = [""]
    for item in map(_item, group.items):
        if lines[-1] and len(indent + INDENT + lines[-1] + item) + 1 > LINE_LENGTH:
            lines.append("")
        lines[-1] += f"{item}, "
    inner = "\n".join(indent + INDENT + line.rstrip() for line in lines).removesuffix(",")
    return f"{head.removesuffix(_item(group))}(\n{inner}\n{indent})"


def _one_line(entry: Entry) -> str:
    if entry.block is None or not entry.block.entries:
        return _head(entry) + ("" if entry.block is None else " {}")
    return f"{_head(entry)} {{ {'; '.join(_one_line(e) for e in entry.block.entries)} }}"


def _head(entry: Entry) -> str:
    if isinstance(entry, Field):
        return f"{_item(entry.key)}: {_part(entry.items)}" if entry.items else f"{_item(entry.key)}:"
    return " | ".join(_part(part) for part in entry.parts)


def _part(part: Part) -> str:
    text = _item(part[0])
    for before, item in zip(part, part[1:], strict=False):
        text += _gap(before, item) + _item(item)
    return text


def _gap(before: Item, item: Item) -> str:
    glued = isinstance(item, Group) and isinstance(before, Name) and before.span.end == item.span.start
    return "" if glued else " "


def _item(item: Item) -> str:
    match item:
        case Literal(_, text) | Name(text):
            return text
        case Text(_, raw):
            return raw
        case Binary():
            first, steps = terms(item)
            return _item(first) + "".join(f" {step.sign} {_item(step.right)}" for step in steps)
        case Range(start, end):
            return f"{_item(start)}..{_item(end)}"
        case ListOf(items):
            return ", ".join(map(_item, items))
        case Group(items):
            return f"({', '.join(map(_item, items))})"
        case At(value):
            return f"@ {_item(value)}"
        case Assign(name, value):
            return f"{name.text} = {_item(value)}"
