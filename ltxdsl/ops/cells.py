"""Items of the syntax tree, evaluated: every literal a value, every bound name what it stands for."""

from __future__ import annotations

from collections.abc import Callable
from operator import add, mul, sub, truediv
from pathlib import PurePath
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


class FilePath(str):
    """The path of a file that a sweep found; a text shows its name alone."""


class Place(msgspec.Struct, frozen=True):
    """What stands after `@`."""

    cell: Cell


class Assigned(msgspec.Struct, frozen=True):
    """`name = value`."""

    name: str
    cell: Cell


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """What a name can be bound to without being a value of sums: a file, a shot, a recipe. The word stays a word.

    `label` is what a text shows for it; without one, braces stay as they are.
    """

    label: str = ""

    @property
    def described(self) -> str:
        """What it is, in a sentence."""
        return "a name"


class Cell(NamedTuple):
    """A value and where it was written."""

    value: Any
    span: Span

    @property
    def name(self) -> str:
        """The word itself, where a word was written."""
        return ""

    @property
    def digits(self) -> str:
        """The number itself, where one was written."""
        return ""


class _WordCell(Cell):
    """A cell that was written as a word, whatever the word stands for."""

    written = ""

    @property
    def name(self) -> str:
        return self.written


class _NumberCell(Cell):
    """A cell that was written as a number."""

    written = ""

    @property
    def digits(self) -> str:
        return self.written


Lookup = Callable[[str], Any]

LARGEST = 2.0**64  # seeds go up to here
SMALLEST = 1e-12
DIGITS = 60
_UNITS = "`f` frames, `s` seconds, `fps`, `%`, `x` (a factor)"
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}


def evaluate(item: tree.Item, lookup: Lookup) -> Cell:
    """The value of an item. `lookup` gives the value that a name is bound to, or None."""
    match item:
        case tree.Literal():
            value: Any = _literal(item)
        case tree.Text():
            value = _filled(item, lookup)
        case tree.Name(name):
            bound = lookup(name)
            value = Symbol(name) if bound is None or isinstance(bound, Hidden) else bound
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
            single = isinstance(item, tree.Group) and len(cells) == 1 and not isinstance(cells[0].value, Assigned)
            value = cells[0].value if single else cells
        case tree.At(inner):
            value = Place(evaluate(inner, lookup))
        case tree.Assign(name, inner):
            value = Assigned(name.text, evaluate(inner, lookup))
    value = _bounded(value, item.span)
    if isinstance(item, tree.Name):
        return _written(_WordCell(value, item.span), item.text)
    if isinstance(item, tree.Literal) and item.kind == "NUMBER":
        return _written(_NumberCell(value, item.span), item.text)
    return Cell(value, item.span)


def _written(cell: _WordCell | _NumberCell, text: str) -> Cell:
    cell.written = text
    return cell


def _bounded(value: Any, span: Span) -> Any:
    """The value, if its numbers are of a size that the arithmetic after it can hold."""
    for number in numbers(value):
        if not (abs(number) <= LARGEST and (number == 0 or abs(number) >= SMALLEST)):
            raise BadValue(span, "no pass can use a number like this", "LTX005", hint="is there a digit too many?")
    return value


def numbers(value: Any) -> tuple[float, ...]:
    """The numbers in a value: one, two of a size, those of a list or by step, none of a text."""
    if isinstance(value, int | float):
        return (value,)
    if isinstance(value, tuple):
        return tuple(n for n in value if isinstance(n, int | float))
    if isinstance(several := getattr(value, "values", None), tuple):
        return several
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
        result += "{" + piece if bound is None or not (label := shown(bound)) else label + rest
    return result


def _arithmetic(item: tree.Binary, left: Cell, right: Cell) -> Any:
    a, b = left.value, right.value
    try:
        for rule in _SUMS:
            if (result := rule(item.sign, a, b)) is not None:
                return result
    except (ZeroDivisionError, OverflowError) as error:
        divides = isinstance(error, ZeroDivisionError)
        raise BadValue(item.span, "this divides by zero" if divides else "this number is too large") from None
    raise _no_sum(item, a, b)


def _no_sum(item: tree.Binary, a: Any, b: Any) -> BadValue:
    fixes: tuple[Fix, ...] = ()
    if item.sign == "-" and isinstance(b, Seconds | Frames) and (_is_number(a) or type(a) is type(b)):
        start = a if type(a) is type(b) else _rebuilt(b, a)
        fixes = (Fix(item.span, f"{start}..{b}", "a stretch of time"),)
    hint = f"`{a.name}` is bound to nothing" if isinstance(a, Symbol) and a.name not in ("start", "end") else ""
    hint = f"`{b.name}` is bound to nothing" if isinstance(b, Symbol) else hint
    return BadValue(
        item.span, f"`{item.sign}` has no meaning between {describe(a)} and {describe(b)}", fixes=fixes, hint=hint
    )


def _sum_of_numbers(sign: str, a: Any, b: Any) -> Any:
    return _whole(_SIGNS[sign](a, b)) if _is_number(a) and _is_number(b) else None


def _sum_of_texts(sign: str, a: Any, b: Any) -> Any:
    return a + b if sign == "+" and isinstance(a, str) and isinstance(b, str) else None


def _place_and_time(sign: str, a: Any, b: Any) -> Any:
    if sign not in "+-" or not isinstance(b, Frames | Seconds | Percent):
        return None
    if isinstance(a, Symbol) and a.name in ("start", "end"):
        return Position(a.name, b if sign == "+" else negated(b))  # type: ignore[arg-type]
    return None


def _sum_of_equals(sign: str, a: Any, b: Any) -> Any:
    """Two amounts of one unit: their sum, or, divided, a number."""
    if not _has_amount(a) or type(a) is not type(b):
        return None
    if sign == "*":
        return _rebuilt(a, _bare(a) * _bare(b)) if isinstance(a, Factor) else None
    result = _SIGNS[sign](_bare(a), _bare(b))
    return _whole(result) if sign == "/" and not isinstance(a, Factor) else _rebuilt(a, result)


def _amount_and_number(sign: str, a: Any, b: Any) -> Any:
    if sign in "*/" and _has_amount(a) and _is_number(b):
        return _rebuilt(a, _SIGNS[sign](_bare(a), b))
    return _rebuilt(b, a * _bare(b)) if sign == "*" and _is_number(a) and _has_amount(b) else None


def _size_and_factor(sign: str, a: Any, b: Any) -> Any:
    if sign == "*" and isinstance(b, Size):
        a, b = b, a
    factor = b.value if isinstance(b, Factor) else b if _is_number(b) else None
    if sign not in "*/" or not isinstance(a, Size) or factor is None:
        return None
    return Size(round(_SIGNS[sign](a.width, factor)), round(_SIGNS[sign](a.height, factor)))


def _share(sign: str, a: Any, b: Any) -> Any:
    """A percentage or factor of an amount."""
    if sign == "*" and isinstance(b, Percent | Factor) and not isinstance(a, Percent | Factor):
        a, b = b, a
    if sign != "*" or not isinstance(a, Percent | Factor) or not isinstance(b, Frames | Seconds | Fps):
        return None
    return _rebuilt(b, _bare(b) * (_bare(a) / 100 if isinstance(a, Percent) else _bare(a)))


def _frames_and_rate(sign: str, a: Any, b: Any) -> Any:
    """Seconds times a rate are frames; frames by a rate are seconds."""
    if sign == "*" and isinstance(a, Fps) and isinstance(b, Seconds):
        a, b = b, a
    if sign == "*" and isinstance(a, Seconds) and isinstance(b, Fps):
        return Frames(round(a.value * b.rate))
    return Seconds(a.count / b.rate) if sign == "/" and isinstance(a, Frames) and isinstance(b, Fps) else None


_SUMS = (
    _sum_of_numbers,
    _sum_of_texts,
    _place_and_time,
    _sum_of_equals,
    _amount_and_number,
    _size_and_factor,
    _share,
    _frames_and_rate,
)


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
    """A value as it is written in a script, without quotes; of a file, its name without folder and ending."""
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Hidden):
        return value.label
    if isinstance(value, FilePath):
        return PurePath(value).stem
    if isinstance(value, list | tuple):
        return ", ".join(shown(v.value if isinstance(v, Cell) else v) for v in value)
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
    if isinstance(value, Hidden):
        return value.described
    kind = _WORDS.get(type(value)) or ("a text" if isinstance(value, str) else "a number")
    text = shown(value)
    return f"{kind} (`{text if len(text) <= 30 else text[:29] + '…'}`)"
