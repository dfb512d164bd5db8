"""Laws over the table of rules."""

from __future__ import annotations

import re

import pytest

from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.checks import RULES, Rule
from ltxdsl.compiler.checks.rules import FAMILIES
from ltxdsl.diagnostics import Diagnostic, Severity, apply_fixes
from ltxdsl.source import Source

ALL = sorted(RULES.values(), key=lambda r: r.code)
SHOWN = [rule for rule in ALL if rule.wrong]  # the others need a run


def found(text: str, rule: Rule, models, right: bool = False) -> list[Diagnostic]:
    request = {**rule.request, **(rule.asked_right if right else {})}
    return list(analyze(Source(text), models, Request(**request)).diagnostics)


@pytest.mark.parametrize("rule", SHOWN, ids=lambda r: r.code)
def test_the_wrong_script_breaks_it_and_the_right_one_keeps_it(rule: Rule, models, in_pictures):
    assert rule.code in {d.code for d in found(rule.wrong, rule, models)}
    assert rule.code not in {d.code for d in found(rule.right, rule, models, right=True)}


@pytest.mark.parametrize("rule", SHOWN, ids=lambda r: r.code)
def test_the_right_script_has_no_errors(rule: Rule, models, in_pictures):
    assert not [d for d in found(rule.right, rule, models, right=True) if d.severity is Severity.ERROR]


@pytest.mark.parametrize("rule", SHOWN, ids=lambda r: r.code)
def test_its_fixes_mend_it(rule: Rule, models, in_pictures):
    broken = [d for d in found(rule.wrong, rule, models) if d.code == rule.code]
    if not any(d.fixes for d in broken):
        pytest.skip("no machine can mend this one")
    mended = apply_fixes(rule.wrong, (d.fixes[0] for d in broken if d.fixes))
    assert rule.code not in {d.code for d in found(mended, rule, models)}


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.code)
def test_it_is_documented(rule: Rule):
    assert re.fullmatch(r"LTX\d{3}", rule.code)
    assert rule.code[:-1] in FAMILIES
    first = rule.title.split()[0]
    assert first[0].islower() or sum(char.isupper() for char in first) > 1, "a name such as NAG, or a small letter"
    assert rule.why.endswith(".")
    if rule.check is not None:
        assert rule.check.__doc__


def test_there_are_enough_of_them():
    assert len(ALL) >= 110
