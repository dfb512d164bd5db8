"""A script's own assertions: comments such as `# expect: frames == 121`, read and held against its plan."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
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
UNITS = {"": 1.0, "f": 1.0, "fps": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "MB": 1e6, "GB": 1e9, "k": 1e3, "M": 1e6}
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


# of the last pass, of all passes, of the plan on some hardware, of what is found
NUMBERS: dict[str, Callable[[Facts, str], float]] = {
    "passes": lambda facts, on: len(facts.compiled.stages),
    "frames": lambda facts, on: _of_last(facts, "frames"),
    "fps": lambda facts, on: _of_last(facts, "fps"),
    "width": lambda facts, on: facts.size[0],
    "height": lambda facts, on: facts.size[1],
    "steps": lambda facts, on: sum(s.steps for s in facts.compiled.stages),
    "tokens": lambda facts, on: max(s.tokens for s in facts.plan(on).stages),
    "calls": lambda facts, on: sum(s.calls for s in facts.plan(on).stages),
    "loads": lambda facts, on: sum(len(s.loads) for s in facts.plan(on).steps),
    "files": lambda facts, on: len(facts.plan(on).outputs),
    "seconds": lambda facts, on: facts.plan(on).estimate.seconds,
    "peak_vram": lambda facts, on: facts.plan(on).peak_bytes,
    "peak_ram": lambda facts, on: facts.plan(on).main_bytes,
    "errors": lambda facts, on: _count(facts, Severity.ERROR),
    "warnings": lambda facts, on: _count(facts, Severity.WARNING),
    "notes": lambda facts, on: _count(facts, Severity.NOTE),
}
OF_FINDINGS = ("errors", "warnings", "notes")


class Expectation(NamedTuple):
    """What a comment expects: how it is put, where it stands, and whether it holds (else what is the case)."""

    text: str
    span: Span
    holds: Callable[[Facts], str]  # "" if it does
    of_findings: bool  # can be said of a script with errors


def expected(source: Source) -> bool:
    """Whether a script expects something."""
    return EXPECT in source.text


def unmet(source: Source, facts: Facts) -> Iterator[Diagnostic]:
    """What a script expects and is not so, and what cannot be read."""
    for found in re.finditer(rf"^[^\S\n]*{EXPECT}[^\S\n]*(.*?)[^\S\n]*$", source.text, re.MULTILINE):
        span = Span(*found.span(1)) if found[1] else Span(*found.span())
        one = read(found[1], span)
        if isinstance(one, Diagnostic):
            yield one
        elif (facts.compiled.ok or one.of_findings) and (other := one.holds(facts)):
            yield Diagnostic(UNMET, Severity.ERROR, f"expected {one.text}: {other}", span, why=WHY)


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
    for word, known, what, at in (
        (name, NUMBERS, "is nothing that can be expected of", 1),
        (unit, UNITS, "is no unit", 4),
    ):
        if word not in known:
            return _unread(f"`{word}` {what}", *_word(span, found, at, known))
    if on and on not in HARDWARE:
        return _unread(f"`{on}` is no hardware that is known", *_word(span, found, 5, HARDWARE))
    wanted = float(digits) * UNITS[unit]

    def holds(facts: Facts) -> str:
        value = NUMBERS[name](facts, on or "cpu")
        return "" if SIGNS[sign](value, wanted) else f"it is {_shown(value, unit)}"

    return Expectation(text, span, holds, name in OF_FINDINGS)


def _word(span: Span, found: re.Match[str], group: int, known: object) -> tuple[Span, str, tuple[Fix, ...]]:
    """Where a word stands, what is known, and the one that it is like."""
    at = Span(span.start + found.start(group), span.start + found.end(group))
    names = [name for name in known if name]  # type: ignore[attr-defined]
    near = nearest(found[group], names)
    return at, f"known: {', '.join(names)}", (Fix(at, near),) if near else ()


def _shown(value: float, unit: str) -> str:
    return f"{value / UNITS[unit]:.6g}{unit}"


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
