"""What holds for a good script, one law each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ltxdsl.cli.checking import whole
from ltxdsl.cli.common import read_file, read_models, read_severities
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.difference import as_text, differences
from ltxdsl.comfy.export import export_prompt
from ltxdsl.comfy.importing import imported
from ltxdsl.comfy.validate import validate_prompt
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Diagnostic, Severity, render
from ltxdsl.expect import Facts, expected, unmet
from ltxdsl.grammar import format_script, parse
from ltxdsl.models import ModelSet
from ltxdsl.near import nearest
from ltxdsl.source import Source
from ltxdsl.source_files import difference
from ltxdsl.targets import COMFY, UnknownTarget, target_named
from ltxdsl.testing.plans import changes, kept_too_long, misread


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
        return read_file(str(self.path))

    @cached_property
    def models(self) -> ModelSet:
        """The model set."""
        return read_models(self.wanted, self.source, self.target)

    @cached_property
    def compiled(self) -> Compilation:
        """All stages, with what `ltx check` finds."""
        return self.again()

    def again(self) -> Compilation:
        """The same, made anew."""
        severities = read_severities(self.source)
        return whole(
            self.source, self.models, Request(target=self.target, severities=severities, hardware=self.hardware)
        )

    def planned(self, compiled: Compilation) -> Plan:
        """The plan of a script without errors."""
        return plan(compiled.graph, compiled.stages, self.models, self.hardware or "cpu")

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
    """As `ltx check` finds it."""
    bad = (Severity.ERROR, Severity.WARNING) if case.strict else (Severity.ERROR,)
    case.demand(one for one in case.compiled.diagnostics if one.severity in bad)


def _plans(case: Case) -> None:
    """Values are made, and models loaded, before they are used."""
    _none(misread(case.planned(case.compiled)))


def _lets_go(case: Case) -> None:
    """Nothing stays in memory after its last use."""
    _none(kept_too_long(case.planned(case.compiled)))


def _is_stable(case: Case) -> None:
    """Compiled twice, the plan and its keys are the same."""
    _none(changes(case.planned(case.compiled), case.planned(case.again())))


def _exports(case: Case) -> None:
    """As a prompt for ComfyUI, compiled twice the same; and sound, where a server's interfaces are given."""
    prompt = export_prompt(case.compiled, case.models).prompt
    if prompt != export_prompt(case.again(), case.models).prompt:
        raise Broken("two exports of the script differ")
    if case.object_info:
        problems = validate_prompt(prompt, _interfaces(case.object_info))
        _none(f"node {one.node} {one.input}: {one.message}" for one in problems)


def _comes_back(case: Case) -> None:
    """What is exported and imported again exports the same nodes, whether it was lifted or not."""
    prompt = export_prompt(case.compiled, case.models).prompt
    for raw in (True, False):
        found = imported(Workflow(form="api", prompt=prompt), catalogue(), case.source.name, raw)
        again = compile(Source(found.text, "imported.ltx"), case.models, Request(target=case.target))
        case.demand(one for one in again.diagnostics if one.severity is Severity.ERROR)
        changed = differences(prompt, export_prompt(again, case.models).prompt)
        _none(as_text(changed))


@cache
def _interfaces(path: str) -> dict[str, Any]:
    """What a server says of its nodes; the file is large, and read once."""
    try:
        info = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Broken(f"`ltx_object_info` is no JSON file that can be read: {path}: {error}") from None
    if not isinstance(info, dict):
        raise Broken(f"`ltx_object_info` is not what /object_info gives: {path}")
    return info


def _meets_its_expectations(case: Case) -> None:
    case.demand(unmet(Facts(case.compiled, case.models)))


def _none(faults: Iterable[str]) -> None:
    if shown := list(faults):
        raise Broken("\n".join(shown))


def wrong_options(targets: Iterable[str], hardware: str) -> str:
    """What is wrong with pytest's options, or nothing."""
    for target in targets:
        try:
            target_named(target)
        except UnknownTarget as error:
            return f"{error}: {error.hint}"
    if not hardware or hardware in HARDWARE:
        return ""
    near = nearest(hardware, HARDWARE)
    return f"`{hardware}` is no hardware that is known: {f'did you mean `{near}`?' if near else ', '.join(HARDWARE)}"


class Law(NamedTuple):
    """How it is held, whether for every target, and why not for a script ("" if it is)."""

    hold: Callable[[Case], None]
    by_target: bool = False
    why_not: Callable[[Case], str] = lambda case: ""


def _no_plan(case: Case) -> str:
    if not case.compiled.ok:
        return "the script has errors, which `check` shows"
    return "the script only gives names to others" if case.compiled.library else ""


def _no_export(case: Case) -> str:
    return _no_plan(case) if case.target.startswith(COMFY) else "the target is not comfy"


def _no_expectation(case: Case) -> str:
    return "" if expected(case.source) else "the script expects nothing"


LAWS = {
    "parse": Law(_parses),
    "format": Law(_is_formatted),
    "check": Law(_is_right, by_target=True),
    "plan": Law(_plans, why_not=_no_plan),
    "memory": Law(_lets_go, why_not=_no_plan),
    "stable": Law(_is_stable, why_not=_no_plan),
    "export": Law(_exports, by_target=True, why_not=_no_export),
    "import": Law(_comes_back, by_target=True, why_not=_no_export),
    "expect": Law(_meets_its_expectations, by_target=True, why_not=_no_expectation),
}
