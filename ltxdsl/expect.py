"""A script's own assertions: comments such as `# expect: frames == 121`, read and held against its plan."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from ltxdsl.compiler import Compilation
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.plan import Plan
from ltxdsl.diagnostics import Diagnostic, Fix, Severity
from ltxdsl.models import ModelSet
from ltxdsl.near import nearest
from ltxdsl.source import EXPECT, Source, Span

UNREAD, UNMET = "LTX260", "LTX261"
SIGNS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
COUNTS = {"": 1.0, "k": 1e3, "M": 1e6}
FRAMES = {"": 1.0, "f": 1.0}
RATES = {"": 1.0, "fps": 1.0}
SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
BYTES = {"MB": 1e6, "GB": 1e9}
_COMPARED = re.compile(r"(\w+)\s*(==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)?)(\w*)(?:\s+on\s+(\w+))?$")
_SIZED = re.compile(r"size\s*(==|!=)\s*(\d+)x(\d+)$")
_SAVED = re.compile(r'saves\s+"([^"]*)"$')
_FOUND = re.compile(r"(finds|allows no)\s+(LTX\d{3}|errors|warnings|notes)$")


class Facts:
    """What can be expected of: a compiled script, and its plan on some hardware."""

    def __init__(self, compiled: Compilation, models: ModelSet) -> None:
        self.compiled, self.models = compiled, models
        self._plans: dict[str, Plan] = {}

    def plan(self, hardware: str = "cpu") -> Plan:
        """The plan on some hardware."""
        from ltxdsl.compiler.planner import plan  # only where something is expected: a check starts fast

        if hardware not in self._plans:
            self._plans[hardware] = plan(self.compiled.graph, self.compiled.stages, self.models, hardware)
        return self._plans[hardware]

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of the last pass."""
        stages = self.compiled.stages
        return (stages[-1].width, stages[-1].height) if stages else (0, 0)


def _of_last(facts: Facts, name: str) -> float:
    stages = facts.compiled.stages
    return float(getattr(stages[-1], name)) if stages else 0.0


class Number(NamedTuple):
    """A number that can be expected: its value on some hardware, and the units that it may be said in."""

    value: Callable[[Facts, str], float]
    units: dict[str, float] = COUNTS
    of_findings: bool = False  # is known of a script with errors, too


NUMBERS = {
    "passes": Number(lambda facts, on: len(facts.compiled.stages)),
    "frames": Number(lambda facts, on: _of_last(facts, "frames"), FRAMES),
    "fps": Number(lambda facts, on: _of_last(facts, "fps"), RATES),
    "width": Number(lambda facts, on: facts.size[0]),
    "height": Number(lambda facts, on: facts.size[1]),
    "steps": Number(lambda facts, on: sum(s.steps for s in facts.compiled.stages)),
    "tokens": Number(lambda facts, on: max((s.tokens for s in facts.plan(on).stages), default=0)),
    "calls": Number(lambda facts, on: sum(s.calls for s in facts.plan(on).stages)),
    "loads": Number(lambda facts, on: sum(len(s.loads) for s in facts.plan(on).steps)),
    "files": Number(lambda facts, on: len(facts.plan(on).outputs)),
    "seconds": Number(lambda facts, on: facts.plan(on).estimate.seconds, SECONDS),
    "peak_vram": Number(lambda facts, on: facts.plan(on).peak_bytes, BYTES),
    "peak_ram": Number(lambda facts, on: facts.plan(on).main_bytes, BYTES),
    "errors": Number(lambda facts, on: _count(facts, Severity.ERROR), of_findings=True),
    "warnings": Number(lambda facts, on: _count(facts, Severity.WARNING), of_findings=True),
    "notes": Number(lambda facts, on: _count(facts, Severity.NOTE), of_findings=True),
}


class Expectation(NamedTuple):
    """What a comment expects: how it is put, where it stands, and whether it holds (else what is the case)."""

    text: str
    span: Span
    holds: Callable[[Facts], str]  # "" if it does
    of_findings: bool  # can be said of a script with errors


def expected(source: Source) -> bool:
    """Whether a script may expect something; what only a text of it says is told apart by the parser."""
    return EXPECT.search(source.text) is not None


def unmet(facts: Facts) -> Iterator[Diagnostic]:
    """What a script expects and is not so, and what cannot be read."""
    for comment in facts.compiled.script.comments:
        if not (mark := EXPECT.match(comment.text)):
            continue
        text = comment.text[mark.end() :]
        one = read(text, Span(comment.span.start + mark.end(), comment.span.end) if text else comment.span)
        if isinstance(one, Diagnostic):
            yield one
        elif (facts.compiled.ok or one.of_findings) and (other := one.holds(facts)):
            yield Diagnostic(UNMET, Severity.ERROR, f"expected {one.text}: {other}", one.span, why=WHY)


WHY = "A comment `# expect:` is an assertion of the script's own."


def read(text: str, span: Span) -> Expectation | Diagnostic:
    """The expectation of a comment, or what is wrong with it."""
    if sized := _SIZED.match(text):
        return _of_size(text, span, sized)
    if compared := _COMPARED.match(text):
        return _of_number(text, span, compared)
    if saved := _SAVED.match(text):
        return Expectation(text, span, lambda facts: _saves(facts, saved[1]), False)
    if found := _FOUND.match(text):
        return Expectation(text, span, lambda facts: _finds(facts, found[1] == "finds", found[2]), True)
    hint = (
        'such as `frames == 121`, `peak_vram < 24GB on rtx4090`, `size == 1920x1024`, `saves "a.mp4"`, `finds LTX012`'
    )
    return _unread("this cannot be read as an expectation", span, hint)


def _unread(message: str, span: Span, hint: str = "", fixes: tuple[Fix, ...] = ()) -> Diagnostic:
    return Diagnostic(UNREAD, Severity.ERROR, message, span, why=WHY, hint=hint, fixes=fixes)


def _of_size(text: str, span: Span, found: re.Match[str]) -> Expectation:
    wanted = (int(found[2]), int(found[3]))

    def holds(facts: Facts) -> str:
        same = facts.size == wanted
        return "" if same == (found[1] == "==") else f"it is {facts.size[0]}x{facts.size[1]}"

    return Expectation(text, span, holds, False)


def _of_number(text: str, span: Span, found: re.Match[str]) -> Expectation | Diagnostic:
    name, sign, digits, unit, on = found.groups()
    if name not in NUMBERS:
        return _unread(f"`{name}` is nothing that can be expected of", *_word(span, found, 1, NUMBERS))
    number = NUMBERS[name]
    if unit not in number.units:
        at = (span, found, 4 if unit else 3, number.units)
        return _unread(f"`{unit}` is no unit of `{name}`" if unit else f"`{name}` is said with a unit", *_word(*at))
    if on and on not in HARDWARE:
        return _unread(f"`{on}` is no hardware that is known", *_word(span, found, 5, HARDWARE))
    wanted = float(digits) * number.units[unit]

    def holds(facts: Facts) -> str:
        value = number.value(facts, on or "cpu")
        return "" if SIGNS[sign](value, wanted) else f"it is {value / number.units[unit]:.6g}{unit}"

    return Expectation(text, span, holds, number.of_findings)


def _word(span: Span, found: re.Match[str], group: int, known: Iterable[str]) -> tuple[Span, str, tuple[Fix, ...]]:
    """Where a word stands, what is known, and the one that it is like."""
    at = Span(span.start + found.start(group), span.start + found.end(group))
    names = [name for name in known if name]
    near = nearest(found[group], names)
    return at, f"known: {', '.join(names)}", (Fix(at, near),) if near else ()


def _saves(facts: Facts, path: str) -> str:
    outputs = facts.plan().outputs
    return "" if path in outputs else f"it saves {', '.join(outputs) or 'nothing'}"


def _finds(facts: Facts, wanted: bool, what: str) -> str:
    severity = {"errors": Severity.ERROR, "warnings": Severity.WARNING, "notes": Severity.NOTE}.get(what)
    found = [d for d in facts.compiled.diagnostics if d.code == what or d.severity is severity]
    if bool(found) == wanted:
        return ""
    return "it does not" if wanted else f"there is {found[0].code}: {found[0].message}"


def _count(facts: Facts, severity: Severity) -> int:
    return sum(d.severity is severity for d in facts.compiled.diagnostics)
