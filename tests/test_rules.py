"""Laws over the table of rules."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.checks import RULES, Rule
from ltxdsl.compiler.checks.rules import FAMILIES
from ltxdsl.diagnostics import Diagnostic, Severity, apply_fixes
from ltxdsl.models import load_model_set
from ltxdsl.report.rule_text import text_of
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
    assert rule.source
    if rule.check is not None:
        assert rule.check.__doc__


def test_there_are_enough_of_them():
    assert len(ALL) >= 110


# --- what the commands tell of them


def test_the_list_tells_all_of_each_rule():
    listed = json.loads(CliRunner().invoke(ltx, ["rules", "--format", "json"]).stdout)
    assert [entry["code"] for entry in listed] == [rule.code for rule in ALL]
    fields = {"code", "family", "severity", "title", "why", "finds", "source", "wrong", "right", "targets", "fixable"}
    assert all(fields <= entry.keys() and entry["family"] and entry["source"] for entry in listed)
    by_code = {entry["code"]: entry for entry in listed}
    assert by_code["LTX010"]["fixable"]
    assert by_code["LTX010"]["needed"]
    assert not by_code["LTX034"]["fixable"]
    assert by_code["LTX170"]["targets"] == ["comfy"]
    assert by_code["LTX170"]["wrong_with"] == "--target comfy@0.22"


def test_the_list_for_people_has_every_rule_under_its_family():
    text = CliRunner().invoke(ltx, ["rules"]).stdout
    assert all(f"  {rule.code}  " in text for rule in ALL)
    assert text.index("size and time") < text.index("LTX010") < text.index("pictures and guides") < text.index("LTX020")


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.code)
def test_explaining_teaches_all_of_it(rule: Rule, in_pictures):
    text = text_of(rule)
    assert rule.why in text
    assert rule.source in text
    assert all(f"    {line}" in text for script in (rule.wrong, rule.right) for line in script.splitlines())
    assert ("it cannot be allowed or turned down" in text) == rule.needed
    assert ("in workflows, by `ltx check` only" in text) == ("workflow files" in rule.family)


def test_a_prompt_that_a_node_has_encoded_is_a_prompt():
    """LTX034 asks for a prompt before the first pass, whoever encodes it."""
    node = 'positive = node "Directs" { clip: clip }\n'
    for text, told in ((node + "pass dev 8", False), ("pass dev 8\n" + node, True)):
        found = analyze(Source(text + '\nsave "a.mp4"'), load_model_set("ltx-2.3"), Request(target="comfy"))
        assert any(d.code == "LTX034" for d in found.diagnostics) is told
