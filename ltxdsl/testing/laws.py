"""What holds for a good script, one law each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from ltxdsl.cli.comfy_export import exported
from ltxdsl.cli.common import read_models, read_severities
from ltxdsl.comfy.validate import validate_prompt
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Diagnostic, Severity, render
from ltxdsl.expect import Facts, expected, unmet
from ltxdsl.grammar import format_script, parse
from ltxdsl.models import ModelSet
from ltxdsl.source import Source
from ltxdsl.source_files import decoded, difference
from ltxdsl.targets import COMFY


class Broken(Exception):
    """A law that does not hold, in words for a person."""


class Case:
    """A script and what it is checked for; every stage of its way is made once."""

    def __init__(
        self, path: Path, *, target: str = "local", models: str | None = None, hardware: str = "", strict: bool = False,
        object_info: str = "",
    ) -> None:  # fmt: skip
        self.path, self.target, self.wanted, self.hardware, self.strict = path, target, models, hardware, strict
        self.object_info = object_info

    @cached_property
    def source(self) -> Source:
        """The text."""
        return Source(decoded(self.path.read_bytes()), str(self.path))

    @cached_property
    def models(self) -> ModelSet:
        """The model set."""
        return read_models(self.wanted, self.source, self.target)

    @cached_property
    def compiled(self) -> Compilation:
        """All stages."""
        severities = read_severities(self.source)
        request = Request(target=self.target, severities=severities, hardware=self.hardware)
        return compile(self.source, self.models, request)

    def planned(self) -> Plan:
        """A plan, made anew."""
        self.demand(d for d in self.compiled.diagnostics if d.severity is Severity.ERROR)
        return plan(self.compiled.graph, self.compiled.stages, self.models, self.hardware or "cpu")

    def demand(self, found: Iterable[Diagnostic]) -> None:
        """That nothing has been found."""
        if shown := [render(one, self.source, False) for one in found]:
            raise Broken("\n\n".join(shown))


def _parses(case: Case) -> None:
    case.demand(parse(case.source)[1])


def _is_formatted(case: Case) -> None:
    """As `ltx fmt` writes it; and written so, it stays so."""
    script, problems = parse(case.source)
    case.demand(problems)
    text = format_script(script, case.source)
    if text != case.source.text:
        raise Broken(difference(case.source.name, case.source.text, text))
    again, _ = parse(Source(text))
    if format_script(again, Source(text)) != text:
        raise Broken("`ltx fmt` changes what it has written itself; please report this")


def _is_right(case: Case) -> None:
    _, found = (
        exported(case.compiled, case.models) if case.target.startswith(COMFY) else (None, case.compiled.diagnostics)
    )
    bad = (Severity.ERROR, Severity.WARNING) if case.strict else (Severity.ERROR,)
    case.demand(one for one in found if one.severity in bad)


def _plans(case: Case) -> None:
    """Values are made before they are read and never read after they are let go of; two plans are the same."""
    first = case.planned()
    made: set[str] = set()
    for step in first.steps:
        if missing := set(step.inputs.values()) - made:
            raise Broken(f"step `{step.label}` reads {', '.join(sorted(missing))}, which nothing has made")
        made = (made | {f"{step.id}.{port}" for port in step.outputs}) - set(step.frees)
    if msgspec.json.encode(first) != msgspec.json.encode(case.planned()):
        raise Broken("two plans of the script differ")


def _exports(case: Case) -> None:
    """As a prompt for ComfyUI, twice the same; and sound, where a server's interfaces are given."""
    case.demand(d for d in case.compiled.diagnostics if d.severity is Severity.ERROR)
    export, found = exported(case.compiled, case.models)
    case.demand(one for one in found if one.severity is Severity.ERROR)
    again, _ = exported(case.compiled, case.models)
    assert export is not None
    assert again is not None
    if export.prompt != again.prompt:
        raise Broken("two exports of the script differ")
    if case.object_info:
        info = json.loads(Path(case.object_info).read_text(encoding="utf-8"))
        if problems := validate_prompt(export.prompt, info):
            raise Broken("\n".join(f"node {one.node} {one.input}: {one.message}" for one in problems))


def _meets_its_expectations(case: Case) -> None:
    case.demand(unmet(case.source, Facts(case.compiled, case.models)))


class Law(NamedTuple):
    """How it is held, for which scripts, and whether for every target."""

    hold: Callable[[Case], None]
    by_target: bool = False
    applies: Callable[[Case], bool] = lambda case: True
    why_not: str = ""


def _makes_something(case: Case) -> bool:
    return bool(case.compiled.stages) or not case.compiled.ok


def _is_for_comfy(case: Case) -> bool:
    return case.target.startswith(COMFY) and _makes_something(case)


LAWS = {
    "parse": Law(_parses),
    "format": Law(_is_formatted),
    "check": Law(_is_right, by_target=True),
    "plan": Law(_plans, applies=_makes_something, why_not="the script only names things"),
    "export": Law(_exports, True, _is_for_comfy, "the target is not comfy, or the script only names things"),
    "expect": Law(_meets_its_expectations, True, lambda case: expected(case.source), "the script expects nothing"),
}
