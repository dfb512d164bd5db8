"""Filling one statement: words to fields by kind and keyword, unknown names to inputs."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ltxdsl.compiler.scope import Input, Scope
from ltxdsl.diagnostics import Fix
from ltxdsl.grammar import parse_item, tree
from ltxdsl.near import nearest
from ltxdsl.ops import STATEMENTS, Statement
from ltxdsl.ops.cells import Assigned, BadValue, Cell, Place, Symbol, describe, evaluate, numbers, shown
from ltxdsl.ops.declare import Param, defaults, params
from ltxdsl.ops.kinds import MediaRef, kind_of_file
from ltxdsl.source import Span


def class_of(entry: tree.Entry) -> type[Statement] | None:
    """The declaration that an entry's first word names; None if it names none."""
    word = None if isinstance(entry, tree.Field) else entry.opening()[1]
    return STATEMENTS.get(word.text) if isinstance(word, tree.Name) else None


class Filler:
    """Fills the fields of one statement from cells."""

    def __init__(
        self,
        cls: type[msgspec.Struct],
        scope: Scope,
        head: Span,
        word: str = "",
        declared: tuple[dict[str, Param], dict[str, Any]] | None = None,
    ) -> None:
        self.params, self.defaults = declared or (params(cls), defaults(cls))
        self.word = word or getattr(cls, "word", "")
        self.scope = scope
        self.head = head
        self.fields: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.repeated = next((f for f, p in self.params.items() if p.how == "parts"), None)
        self.parts: list[Filler] = []
        self.stepped = next((f for f, p in self.params.items() if p.how == "steps"), None)
        self.steps: list[Any] = []

    def read_all(self, parts: Iterable[Sequence[tree.Item]]) -> None:
        """Read the parts of a statement as they stand in the tree."""
        for index, items in enumerate(parts):
            self.read([evaluate(item, self.scope.lookup) for item in items], index)

    def read(self, cells: Sequence[Cell], index: int) -> None:
        """Read one part of the statement (part 0 stands right after its first word)."""
        if self.stepped and index > 0:
            self._read_step(cells, self.params[self.stepped].verbs)
            return
        if self.repeated:
            part = self.params[self.repeated].part
            self.parts.append(Filler(part, self.scope, cells[0].span if cells else self.head, self.word))
        elif index > 0:
            raise BadValue(cells[0].span, f"`{self.word}` takes no list with `|`", "LTX003")
        at = 0
        while at < len(cells):
            at = self._one(cells, at)

    def _read_step(self, cells: Sequence[Cell], verbs: Mapping[str, type]) -> None:
        """A verb, and what its struct takes."""
        verb = cells[0].name
        if verb not in verbs:
            near = nearest_word(verb, cells[0].span, list(verbs)) if verb else {"hint": f"known: {', '.join(verbs)}"}
            raise BadValue(cells[0].span, f"after `|` of `{self.word}` stands what is done to it", "LTX003", **near)
        span = cells[0].span.to(cells[-1].span)
        filler = Filler(verbs[verb], self.scope, span, verb)
        filler.read(cells[1:], 0)
        self.steps.append(filler.done(verbs[verb], span=span, verb=verb))

    def _one(self, cells: Sequence[Cell], at: int) -> int:
        fillers = [*self.parts[-1:], self]
        if cells[at].name and self._option(cells[at].name):
            fillers.reverse()  # a word of the whole statement is no input of its list
        for filler in fillers:
            taken = filler._take(cells, at)
            if taken is not None:
                return taken
        raise self._unexpected(cells, at)

    def _take(self, cells: Sequence[Cell], at: int) -> int | None:
        value, span = cells[at]
        if isinstance(value, Place):
            return self._take_place(value, span, at)
        field = self._option(cells[at].name) if cells[at].name else None
        if field and not self._is_argument(field, cells, at):
            return self._take_option(field, cells, at)
        if self._misspelt(cells, at):
            return None
        for field, param in self.params.items():
            if param.how in ("word", "either") and field not in self.fields:
                taken = param.kind.take(cells, at, self.scope)
                if taken is not None:
                    self._fill(field, taken.value, span.to(cells[taken.next - 1].span))
                    return taken.next
        return self._take_input(value, span, at)

    def _take_place(self, value: Place, span: Span, at: int) -> int | None:
        field = next((f for f, p in self.params.items() if p.how == "place"), None)
        if field is None:
            return None
        taken = self.params[field].kind.take([value.cell], 0, self.scope)
        if taken is None:
            raise BadValue(span, f"{describe(value.cell.value)} is not {self.params[field].kind.name}")
        self._fill(field, taken.value, span)
        return at + 1

    def _option(self, name: str) -> str | None:
        options = ("option", "either")
        return next((f for f, p in self.params.items() if p.how in options and (p.key or f) == name), None)

    def _is_argument(self, field: str, cells: Sequence[Cell], at: int) -> bool:
        """A word that is a parameter's name, and here a value: another parameter's name and its value follow."""
        if self.params[field].how != "either" or at + 2 >= len(cells):
            return False
        return cells[at + 1].name in self.params and cells[at + 1].name != field

    def _misspelt(self, cells: Sequence[Cell], at: int) -> bool:
        """A word that is no value, looks like the name of an argument, and has a value after it."""
        if not isinstance(cells[at].value, Symbol) or at + 1 == len(cells) or self.scope.lookup(cells[at].name):
            return False
        named = [f for f, p in self.params.items() if p.how == "either" and f not in self.fields]
        near = difflib.get_close_matches(cells[at].name, named, n=1, cutoff=0.75)
        return bool(near) and cells[at].name not in self.params

    def _take_option(self, field: str, cells: Sequence[Cell], at: int) -> int:
        param = self.params[field]
        key = cells[at]
        if at + 1 >= len(cells):
            raise BadValue(key.span, f"`{shown_key(param, field)}` needs {param.kind.name}")
        taken = param.kind.take(cells, at + 1, self.scope)
        if taken is None:
            value, span = cells[at + 1]
            if isinstance(value, Symbol) and param.kind.input:
                self._fill(field, self._input_value(value.name, span, param, field), span)
                return at + 2
            words = list(param.kind.words(self.scope))
            near = nearest_word(value.name, span, words) if isinstance(value, Symbol) else {}
            message = f"`{shown_key(param, field)}` needs {param.kind.name}, not {describe(value)}"
            raise BadValue(span, message, **near)
        self._fill(field, taken.value, cells[at + 1].span.to(cells[taken.next - 1].span))
        return taken.next

    def _take_input(self, value: Any, span: Span, at: int) -> int | None:
        """An unknown name in the place of a required value is an input of the script."""
        if not isinstance(value, Symbol):
            return None
        for field, param in self.params.items():
            open_word = param.how == "word" and field not in self.fields and field not in self.defaults
            if open_word and param.kind.input:
                self._fill(field, self._input_value(value.name, span, param, field), span)
                return at + 1
        return None

    def _input_value(self, name: str, span: Span, param: Param, field: str) -> Any:
        kind = param.kind.input
        if (bound := self.scope.lookup(name)) is not None and not isinstance(bound, Symbol):
            raise BadValue(span, f"`{name}` is {describe(bound)}, and {param.kind.name} is needed", "LTX003")
        given = self.scope.given.get(name)
        self.scope.inputs.setdefault(name, Input(name, kind, span, given is not None))
        if kind in ("image", "video", "audio"):
            medium = kind_of_file(given) if given else kind
            if medium not in param.kind.media:
                raise BadValue(span, f"the input `{name}` was set to `{given}`: {param.kind.name} is needed", "LTX009")
            return MediaRef(medium, given or "", span, input=name)
        if given is not None:
            return self._converted(name, given, span, param)
        if kind == "text":
            return ""
        if field in self.defaults and self.defaults[field] is not None:
            return self.defaults[field]
        if (stand_in := _STAND_INS.get(kind)) is None:
            raise BadValue(span, f"the input `{name}` has no value", "LTX009", hint=f"give one with `--set {name}=…`")
        return param.kind.take([evaluate(parse_item(stand_in), self.scope.lookup)], 0, self.scope).value  # type: ignore[union-attr, arg-type]

    def _converted(self, name: str, given: str, span: Span, param: Param) -> Any:
        if param.kind.input == "text":
            return given
        item = parse_item(given)
        taken = None if item is None else param.kind.take([evaluate(item, lambda n: None)], 0, self.scope)
        if taken is None:
            raise BadValue(span, f"the input `{name}` was set to `{given}`: {param.kind.name} is needed", "LTX009")
        return taken.value

    def _fill(self, field: str, value: Any, span: Span) -> None:
        if field in self.fields:
            key = shown_key(self.params[field], field)
            raise BadValue(span, f"`{key}` is given twice", "LTX003", fixes=(Fix(span, ""),))
        _check_limits(self.params[field], shown_key(self.params[field], field), value, span)
        self.fields[field] = value
        self.spans[field] = span

    def _unexpected(self, cells: Sequence[Cell], at: int) -> BadValue:
        """What to say of a value that no field takes."""
        value, span = cells[at]
        every = {**self.params, **(self.parts[-1].params if self.parts else {})}
        options = [shown_key(p, f) for f, p in every.items() if p.how in ("option", "either")]
        if isinstance(value, Symbol):
            words = options + [w for p in every.values() if p.how == "word" for w in p.kind.words(self.scope)]
            return self._unknown_word(value.name, span, words)
        if isinstance(value, Assigned):
            return self._assigned(value, span)
        open_fields = [p.kind.name for f, p in every.items() if p.how == "word" and f not in self.fields]
        takes = ", ".join(open_fields) or "no further value without a keyword"
        hint = f"it takes {takes}" + (f"; options: {', '.join(options)}" if options else "")
        hint, fixes = _likely(cells, at, self.repeated is not None) or (hint, ())
        message = f"`{self.word}` does not take {describe(value)} here"
        return BadValue(span, message, "LTX003", hint=hint, fixes=fixes)

    def _unknown_word(self, name: str, span: Span, words: Sequence[str]) -> BadValue:
        message = f"`{self.word}` does not know `{name}`"
        if name in STATEMENTS and name not in words:
            fixes = (Fix(Span(span.start, span.start), "; "),)
            return BadValue(
                span, message, "LTX003", hint=f"`{name}` starts a statement: put `;` before it", fixes=fixes
            )
        return BadValue(span, message, "LTX003", **nearest_word(name, span, words))

    def _assigned(self, value: Assigned, span: Span) -> BadValue:
        gap = Span(span.start + len(value.name), value.cell.span.start)
        return BadValue(
            span, f"options are written `{value.name} value`, without `=`", "LTX003", fixes=(Fix(gap, " "),)
        )

    def _no_parts(self) -> bool:
        """Whether the list was left out, where it may be."""
        return self.repeated in self.defaults and len(self.parts) == 1 and not self.parts[0].fields

    def done(self, cls: type[Any], **extra: Any) -> Any:
        """The struct, with every field that has no default filled."""
        if self.repeated and not self._no_parts():
            part = self.params[self.repeated].part
            structs = tuple(filler.done(part, span=filler.head) for filler in self.parts)
            self.fields[self.repeated] = structs
            self.spans[self.repeated] = self.parts[0].head.to(self.parts[-1].head)
        if self.stepped and self.steps:
            self.fields[self.stepped] = tuple(self.steps)
            self.spans[self.stepped] = self.steps[0].span.to(self.steps[-1].span)
        for field, param in self.params.items():
            if field not in self.fields and field not in self.defaults:
                hint = f"it is {param.doc}" if param.doc else ""
                raise BadValue(self.head, f"`{self.word}` needs {param.kind.name}", hint=hint)
        if issubclass(cls, Statement):
            extra["spans"] = self.spans
        return cls(**self.fields, **extra)


# Values that stand in for inputs without one, so that a script can be checked before they are known.
_STAND_INS = {"number": "1", "size": "768x512", "length": "121f", "fps": "24fps"}


def _likely(cells: Sequence[Cell], at: int, repeated: bool) -> tuple[str, tuple[Fix, ...]] | None:
    """What was probably meant by a value in the wrong place."""
    value, span = cells[at]
    before = cells[at - 1] if at else None
    if isinstance(value, int | float):
        if before is not None and isinstance(before.value, int | float):
            return "a list is written with commas", (Fix(Span(before.span.end, span.start), ", "),)
        return "a number needs a unit here", ()
    if isinstance(value, str) and before is not None and isinstance(before.value, str) and repeated:
        return "put `|` between local prompts", (Fix(Span(span.start, span.start), "| "),)
    if isinstance(value, list) and any(isinstance(c.value, Symbol) and c.value.name in STATEMENTS for c in value):
        return "statements are separated by `;` or a line end, not by commas", ()
    return None


def shown_key(param: Param, field: str) -> str:
    """How a field is called in the script."""
    return "@" if param.how == "place" else (param.key or field)


def _check_limits(param: Param, key: str, value: Any, span: Span) -> None:
    for number in numbers(value):
        if param.low is not None and number < param.low:
            bound, sign = param.low, "at least"
        elif param.high is not None and number > param.high:
            bound, sign = param.high, "at most"
        else:
            continue
        fixes = (Fix(span, shown(_inside(param, number, bound))),) if isinstance(value, int | float) else ()
        message = f"`{key}` is {shown(number)}; it must be {sign} {shown(bound)}"
        raise BadValue(span, message, "LTX005", why=param.doc, fixes=fixes)


def _inside(param: Param, number: float, bound: float) -> float:
    """A number within the limits that was probably meant: without its sign, or with its point a place further left."""
    low = param.low if param.low is not None else number
    high = param.high if param.high is not None else math.inf
    likely = (-number, number / 10 if high <= 1 else bound)
    return next((n for n in likely if low <= n <= high and n > 0), bound)


def nearest_word(name: str, span: Span, words: Sequence[str]) -> dict[str, Any]:
    """A hint and a fix for an unknown word: the known one that looks like it, or the list of those known."""
    if near := nearest(name, words):
        return {"hint": f"did you mean `{near}`?", "fixes": (Fix(span, near),)}
    return {"hint": f"known here: {', '.join(sorted(words))}"} if words else {}
