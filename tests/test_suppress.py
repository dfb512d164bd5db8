"""Comments that allow findings, and severities of a project."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.checks import RULES
from ltxdsl.models import load_severities
from ltxdsl.source import Source

WHY = "because it only tries the prompt"
FEW = 'prompt "a lake"\npass dev 6'


def codes(text: str, models, **asked) -> list[str]:
    return [d.code for d in analyze(Source(text), models, Request(**asked)).diagnostics]


@pytest.mark.parametrize(
    "text",
    [
        f"{FEW}  # ltx: allow LTX048 {WHY}",
        f"{FEW}  #ltx:allow ltx048 {WHY}",
        f'prompt "a lake"\n# ltx: allow LTX048 {WHY}\npass dev 6',
        f'prompt "a lake"\n# ltx: allow LTX048 {WHY}\n# and another comment\npass dev 6',
        f'prompt "a lake"\n# ltx: allow LTX048 {WHY}\npass dev (6\n)',
        f'prompt "a lake"\npass dev 6 {{  # ltx: allow LTX048 {WHY}\n seed 3\n}}',
        f"# ltx: allow LTX048 in this file {WHY}\n{FEW}",
    ],
)
def test_a_comment_with_a_reason_allows_a_finding(text: str, models):
    assert codes(text, models) == []


def test_several_codes_in_one_comment(models):
    text = f'size 512x512\nprompt "a lake"\npass 0.5x dev 6  # ltx: allow LTX012, LTX048 {WHY}'
    assert codes(text, models) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FEW}  # ltx: allow LTX048", ["LTX048", "LTX180"]),
        (f"{FEW}  # ltx: allow LTX995 {WHY}", ["LTX048", "LTX181"]),
        (f"# ltx: allow LTX048 {WHY}\n\n{FEW}", ["LTX182", "LTX048"]),
        (f"{FEW}\n# ltx: allow LTX048 {WHY}", ["LTX048", "LTX182"]),
        (f'length 120f  # ltx: allow LTX010 {WHY}\nprompt "a"\npass dev 30', ["LTX010", "LTX183"]),
        (f"{FEW}\n# ltx: allow LTX048 in this file {WHY}", ["LTX048", "LTX184"]),
        (f"{FEW}  # ltx: LTX048 is fine", ["LTX048", "LTX186"]),
    ],
)
def test_what_a_comment_does_not_allow(text: str, expected: list[str], models):
    assert sorted(codes(text, models)) == sorted(expected)


def test_an_ordinary_comment_is_not_read(models):
    assert codes('prompt "a lake"  # ltx makes it; allow LTX048 because\npass dev 30', models) == []


def test_a_script_with_mistakes_does_not_blame_its_comments(models):
    found = codes(f"{FEW}  # ltx: allow LTX048 {WHY}\nguid 3", models)
    assert found == ["LTX002"], "some rules did not look"


def test_a_rule_of_another_target_may_be_allowed(models):
    text = f'relay "a" | "b"\nnag "people"  # ltx: allow LTX030 {WHY}\npass distill 8'
    assert "LTX182" not in codes(text, models, target="local")
    assert "LTX030" not in codes(text, models, target="comfy")


def test_its_fix_makes_it_allow(models):
    text = f"{FEW}  # ltx: ignore LTX048 {WHY}"
    (found,) = [d for d in analyze(Source(text), models).diagnostics if d.code == "LTX186"]
    fix = found.fixes[0]
    assert codes(text[: fix.span.start] + fix.text + text[fix.span.end :], models) == []


# --- severities


@pytest.mark.parametrize(("word", "severity"), [("off", None), ("info", "note"), ("error", "error"), ("note", "note")])
def test_a_project_sets_severities(word: str, severity: str | None, models):
    found = analyze(Source(FEW), models, Request(severities={"LTX048": word})).diagnostics
    assert [d.severity for d in found] == ([severity] if severity else [])


@pytest.mark.parametrize("wanted", [{"LTX48": "off"}, {"LTX048": "loud"}, {"LTX010": "off"}, {"ltx010": "warning"}])
def test_a_setting_that_cannot_be_is_told(wanted: dict[str, str], models):
    assert codes('length 120f\nprompt "a lake"\npass dev 30', models, severities=wanted) == ["LTX010", "LTX185"]


def test_an_optional_error_turned_down_lets_the_script_through(models):
    text = 'prompt "a lake"\npass dev sigmas 1, 0.85, 0.725, 0.5, 0.3, 0.1 { cfg 2 }'
    assert not analyze(Source(text), models).ok
    assert analyze(Source(text), models, Request(severities={"LTX042": "warning"})).ok


def test_an_error_that_a_rule_was_turned_up_to_stops_the_script(models):
    assert not analyze(Source(FEW), models, Request(severities={"LTX048": "error"})).ok


def test_needed_rules_are_errors():
    needed = {code for code, rule in RULES.items() if rule.needed}
    assert {"LTX001", "LTX010", "LTX011", "LTX020", "LTX061", "LTX090"} <= needed
    assert not {"LTX042", "LTX060", "LTX048"} & needed
    assert all(rule.severity == "error" for rule in RULES.values() if rule.optional)


def test_rules_of_workflows_are_weighed_there_and_no_matter_to_scripts(tmp_path: Path):
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX281 = "off"\n')
    (tmp_path / "a.ltx").write_text('prompt "a lake"\npass distill 8\n')
    (tmp_path / "a.json").write_text('{"1": {"class_type": "SaveImage", "inputs": {}}}')
    for name in ("a.ltx", "a.json"):
        result = CliRunner().invoke(ltx, ["check", str(tmp_path / name), "--json"], standalone_mode=False)
        assert '"diagnostics": []' in result.stdout, name


def test_the_command_reads_ltx_toml(tmp_path: Path):
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX048 = "off"\n')
    script = tmp_path / "a.ltx"
    script.write_text(FEW)
    result = CliRunner().invoke(ltx, ["check", str(script)], standalone_mode=False)
    assert "LTX048" not in result.output + result.stderr
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX048 = "error"\n')
    assert CliRunner().invoke(ltx, ["check", str(script)], standalone_mode=False).return_value == 1
    (tmp_path / "ltx.toml").write_text('rules = "all"\n')
    assert CliRunner().invoke(ltx, ["check", str(script)], standalone_mode=False).return_value == 2


def test_severities_are_looked_for_upwards(tmp_path: Path):
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX048 = "off"\n')
    (tmp_path / "shots").mkdir()
    assert load_severities(tmp_path / "shots") == {"LTX048": "off"}
