"""Items of the syntax tree, evaluated: every literal a value, every bound name what it stands for."""

from __future__ import annotations

from collections.abc import Callable
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

import msgspec

from ltxdsl.diagnostics import Fix
from ltxdsl.grammar import tree
from ltxdsl.source import Span
from ltxdsl.values import (
    END,
    START,
    Factor,
    Fps,
    Frames,
    Percent,
    Position,
    Seconds,
    Size,
    TimeSpan,
    negated,
    plain,
)


class BadValue(Exception):
    """A value that cannot be read; carries what a diagnostic needs."""

    def __init__(self, span: Span, message: str, code: str = "LTX004", **extra: Any) -> None:
        super().__init__(message)
        self.span, self.message, self.code, self.extra = span, message, code, extra


class Symbol(msgspec.Struct, frozen=True):
    """A word that names no value: an option, a choice, a role, or an input of the script."""

    name: str


class Place(msgspec.Struct, frozen=True):
    """What stands after `@`."""

    cell: Cell


class Assigned(msgspec.Struct, frozen=True):
    """`name = value`."""

    name: str
    cell: Cell


class Cell(NamedTuple):
    """A value and where it was written."""

    value: Any
    span: Span


Lookup = Callable[[str], Any]

LARGEST = 2.0**64  # seeds go up to here
SMALLEST = 1e-12
DIGITS = 60
_UNITS = "`f` frames, `s` seconds, `fps`, `%`, `x` (a factor)"
_SIGNS = {"+": add, "-": sub, "*": mul, "/": truediv}


def evaluate(item: tree.Item, lookup: Lookup) -> Cell:
    """The value of an item. `lookup` gives the value that a name is bound to, or None."""
    match item:
        case tree.Literal():
            value: Any = _literal(item)
        case tree.Text():
            value = _filled(item, lookup)
        case tree.Name(name):
            bound = lookup(name)
            value = Symbol(name) if bound is None else bound
        case tree.Binary():
            first, steps = tree.terms(item)
            left = evaluate(first, lookup)
            for step in steps:
                result = _arithmetic(step, left, evaluate(step.right, lookup))
                left = Cell(_bounded(result, step.span), step.span)
            value = left.value
        case tree.Range(start, end):
            value = TimeSpan(position(evaluate(start, lookup)), position(evaluate(end, lookup)))
        case tree.ListOf(items) | tree.Group(items):
            cells = [evaluate(i, lookup) for i in items]
            value = cells[0].value if isinstance(item, tree.Group) and len(cells) == 1 else cells
        case tree.At(inner):
            value = Place(evaluate(inner, lookup))
        case tree.Assign(name, inner):
            value = Assigned(name.text, evaluate(inner, lookup))
    return Cell(_bounded(value, item.span), item.span)


def _bounded(value: Any, span: Span) -> Any:
    """The value, if its numbers are of a size that the arithmetic after it can hold."""
    for number in numbers(value):
        if not (abs(number) <= LARGEST and (number == 0 or abs(number) >= SMALLEST)):
            raise BadValue(span, "no pass can use a number like this", "LTX005", hint="is there a digit too many?")
    return value


def numbers(value: Any) -> tuple[float, ...]:
    """The numbers in a value: one, two of a size, none of a text."""
    if isinstance(value, int | float):
        return (value,)
    fields = getattr(value, "__struct_fields__", ())
    return tuple(n for n in (getattr(value, f) for f in fields) if isinstance(n, int | float))


def position(cell: Cell) -> Position:
    """The place in time that a value names."""
    match cell.value:
        case Position() as place:
            return place
        case Frames() | Seconds() | Percent() as offset:
            return Position("start", offset)
        case Symbol("start"):
            return START
        case Symbol("end"):
            return END
        case int(0):
            return START
        case int(number) if number < 0:
            return Position("slot", slot=number)
        case int() | float() as number:
            fix = Fix(cell.span, f"{plain(number)}f") if isinstance(number, int) else None
            raise BadValue(
                cell.span,
                f"`{plain(number)}` has no unit: is it frames or seconds?",
                why="Nodes count time in pixel frames, latent frames or seconds, so the language asks which.",
                fixes=(fix,) if fix else (),
            )
    raise BadValue(cell.span, f"{describe(cell.value)} is not a place in time", hint="such as 0, 48f, 2.5s, 50%, end")


def _literal(item: tree.Literal) -> Any:
    text = item.text
    if len(text) > DIGITS:
        raise BadValue(item.span, f"a number of {len(text)} characters is too long", "LTX005")
    match item.kind:
        case "NUMBER":
            return float(text) if "." in text else int(text)
        case "SCIENTIFIC":
            return float(text)
        case "SIZE":
            width, height = text.split("x")
            return Size(int(width), int(height))
        case "FACTOR":
            return Factor(float(text[:-1]))
        case "FPS":
            return Fps(float(text[:-3]))
        case "FRAMES":
            return Frames(int(text[:-1]))
        case "SECONDS":
            return Seconds(float(text[:-1]))
        case "PERCENT":
            return Percent(float(text[:-1]))
    raise BadValue(item.span, f"`{text}` has a unit that is not known", hint=f"units are {_UNITS}")


def _filled(item: tree.Text, lookup: Lookup) -> str:
    """The text with `{name}` replaced where `let` binds that name; other braces stay as they are."""
    text = item.value
    if "{" not in text:
        return text
    pieces = text.split("{")
    result = pieces[0]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        bound = lookup(name) if closed and name.isidentifier() else None
        result += "{" + piece if bound is None else shown(bound) + rest
    return result


def _arithmetic(item: tree.Binary, left: Cell, right: Cell) -> Any:
    a, b = left.value, right.value
    try:
        if _is_number(a) and _is_number(b):
            return _whole(_SIGNS[item.sign](a, b))
        if item.sign in "+-" and isinstance(b, Frames | Seconds | Percent):
            if isinstance(a, Symbol) and a.name in ("start", "end"):
                return Position(a.name, b if item.sign == "+" else negated(b))  # type: ignore[arg-type]
            if type(a) is type(b):
                return _rebuilt(a, _SIGNS[item.sign](_bare(a), _bare(b)))
        if item.sign in "*/" and _has_amount(a) and _is_number(b):
            return _rebuilt(a, _SIGNS[item.sign](_bare(a), b))
        if item.sign == "*" and _is_number(a) and _has_amount(b):
            return _rebuilt(b, a * _bare(b))
        if item.sign == "*" and isinstance(a, Size) and isinstance(b, Factor):
            return Size(round(a.width * b.value), round(a.height * b.value))
    except ZeroDivisionError:
        raise BadValue(item.span, "this divides by zero") from None
    fixes: tuple[Fix, ...] = ()
    if item.sign == "-" and isinstance(b, Seconds | Frames) and (_is_number(a) or type(a) is type(b)):
        start = a if type(a) is type(b) else _rebuilt(b, a)
        fixes = (Fix(item.span, f"{start}..{b}", "a stretch of time"),)
    raise BadValue(item.span, f"`{item.sign}` has no meaning between {describe(a)} and {describe(b)}", fixes=fixes)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _has_amount(value: Any) -> bool:
    return isinstance(value, Frames | Seconds | Percent | Factor | Fps)


def _bare(value: Any) -> float:
    return float(getattr(value, value.__struct_fields__[0]))


def _rebuilt(like: Any, amount: float) -> Any:
    return Frames(round(amount)) if isinstance(like, Frames) else type(like)(amount)


def _whole(number: float) -> float:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def shown(value: Any) -> str:
    """A value as it is written in a script, without quotes."""
    return plain(value) if _is_number(value) else str(value)


_WORDS = {
    Frames: "a number of frames",
    Seconds: "a time",
    Percent: "a share of the length",
    Factor: "a factor",
    Fps: "a frame rate",
    Size: "a size",
    Position: "a place in time",
    TimeSpan: "a stretch of time",
    str: "a text",
}


def describe(value: Any) -> str:
    """A value in a sentence: `0.25x` (a factor)."""
    if isinstance(value, Symbol):
        return f"`{value.name}`"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Place | Assigned):
        return "this"
    kind = _WORDS.get(type(value), "a number")
    text = shown(value)
    return f"{kind} (`{text if len(text) <= 30 else text[:29] + '…'}`)"
