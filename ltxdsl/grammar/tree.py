"""The syntax tree: what was written and where, before any meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from ltxdsl.source import Span


class Literal(msgspec.Struct, frozen=True):
    """A number, with or without unit. `kind` is the terminal's name: NUMBER, SIZE, FACTOR, FPS, …"""

    kind: str
    text: str
    span: Span


class Name(msgspec.Struct, frozen=True):
    """A bare word."""

    text: str
    span: Span


class Text(msgspec.Struct, frozen=True):
    """A quoted text; `raw` is how it was written, `value` what it says."""

    value: str
    raw: str
    span: Span


class Binary(msgspec.Struct, frozen=True):
    """Arithmetic: `+ - * /`."""

    sign: str
    left: Item
    right: Item
    span: Span


def terms(item: Binary) -> tuple[Item, list[Binary]]:
    """The first term of a chain such as `a + b - c`, and the steps after it: chains are too long for recursion."""
    steps: list[Binary] = []
    first: Item = item
    while isinstance(first, Binary):
        steps.append(first)
        first = first.left
    return first, steps[::-1]


class Range(msgspec.Struct, frozen=True):
    """`a..b`."""

    start: Item
    end: Item
    span: Span


class ListOf(msgspec.Struct, frozen=True):
    """Two or more items with commas between them."""

    items: tuple[Item, ...]
    span: Span


class Group(msgspec.Struct, frozen=True):
    """Items in round brackets."""

    items: tuple[Item, ...]
    span: Span


class At(msgspec.Struct, frozen=True):
    """`@ place`."""

    value: Item
    span: Span


class Assign(msgspec.Struct, frozen=True):
    """`name = value`."""

    name: Name
    value: Item
    span: Span


Item: TypeAlias = Literal | Name | Text | Binary | Range | ListOf | Group | At | Assign
Part: TypeAlias = tuple[Item, ...]


class Block(msgspec.Struct, frozen=True):
    """Statements in braces."""

    entries: tuple[Entry, ...]
    span: Span


class Statement(msgspec.Struct, frozen=True):
    """Items (in parts with `|` between them), and a block if there is one."""

    parts: tuple[Part, ...]
    block: Block | None
    span: Span

    def opening(self) -> tuple[tuple[Name, ...], Item, tuple[Part, ...]]:
        """The names before `=`, the first word, and the parts after it."""
        first, *rest = self.parts[0]
        after = (tuple(rest), *self.parts[1:])
        *names, last = first.items if isinstance(first, ListOf) else (first,)
        if isinstance(last, Assign) and all(isinstance(name, Name) for name in names):
            return ((*names, last.name), last.value, after)  # type: ignore[arg-type]
        return (), first, after


class Field(msgspec.Struct, frozen=True):
    """`key: value` or `key: { … }`, inside a `node` block."""

    key: Name | Text
    items: Part
    span: Span
    block: Block | None = None


Entry: TypeAlias = Statement | Field


class Comment(msgspec.Struct, frozen=True):
    """A comment with its `#`."""

    text: str
    span: Span


class Script(msgspec.Struct, frozen=True):
    """A whole source."""

    entries: tuple[Entry, ...]
    comments: tuple[Comment, ...]


def moved(node: Any, by: int) -> Any:
    """A node, or a tuple of them, with all its spans moved."""
    if isinstance(node, tuple):
        return tuple(moved(inner, by) for inner in node)
    if isinstance(node, Span):
        return node.moved(by)
    if isinstance(node, Binary):
        first, steps = terms(node)
        left = moved(first, by)
        for step in steps:
            left = Binary(step.sign, left, moved(step.right, by), step.span.moved(by))
        return left
    if isinstance(node, msgspec.Struct):
        return type(node)(*(moved(getattr(node, field), by) for field in node.__struct_fields__))
    return node


def names_in(node: Any) -> Iterator[str]:
    """Every name that a node speaks of, those in texts (`{name}`) too."""
    if isinstance(node, Name):
        yield node.text
    elif isinstance(node, Text):
        yield from _NAMED.findall(node.value)
    elif isinstance(node, tuple):
        for inner in node:
            yield from names_in(inner)
    elif isinstance(node, Binary):
        first, steps = terms(node)
        yield from names_in((first, *(step.right for step in steps)))
    elif isinstance(node, msgspec.Struct) and not isinstance(node, Span):
        for field in node.__struct_fields__:
            yield from names_in(getattr(node, field))


_NAMED = re.compile(r"\{([^\W\d]\w*)\}")
