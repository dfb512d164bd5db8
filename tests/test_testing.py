"""What `ltxdsl.testing` offers: scripts as pytest's tests, and what a script expects of itself."""

from __future__ import annotations

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ltxdsl
from ltxdsl.cli.checking import Asked, check_text
from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Severity
from ltxdsl.expect import NUMBERS
from ltxdsl.grammar import parse
from ltxdsl.models import load_model_set
from ltxdsl.ops import STATEMENTS
from ltxdsl.source import Source
from ltxdsl.testing import laws, strategies
from ltxdsl.testing.laws import LAWS, Broken, Case
from ltxdsl.testing.plans import changes, kept_too_long, misread

pytest_plugins = ["pytester"]

# An installed package brings its plugin by itself; where another tree is tested than is installed, it does not.
BROUGHT = any(one.value == "ltxdsl.testing.plugin" for one in entry_points(group="pytest11"))
PLUGIN = () if BROUGHT else ("-p", "ltxdsl.testing.plugin")

GOOD = """\
# expect: frames == 121
# expect: passes == 2
# expect: size == 512x512
# expect: steps == 11
# expect: saves "lake.mp4"
# expect: peak_vram < 24GB on rtx4090
# expect: allows no errors
size 512x512
length 121f
prompt "a lake"
pass 0.5x distill 8
upscale 2x distill 3
save "lake.mp4"
"""


def found(text: str, **asked: str) -> list[tuple[str, str, str]]:
    """Code, message and the characters that are pointed at."""
    one = check_text(Source(text), Asked(models=asked.get("models"), target=asked.get("target", "local"))).found
    return [(d.code, d.message, text[d.span.start : d.span.end] if d.span else "") for d in one.diagnostics]


def test_what_a_script_expects_is_so():
    assert not [one for one in found(GOOD) if one[0].startswith("LTX26")]


@pytest.mark.parametrize(
    ("wrong", "is_"),
    [
        ("frames == 97", "121"),
        ("passes > 2", "2"),
        ("size == 256x256", "512x512"),
        ("size != 512x512", "512x512"),
        ("steps < 11", "11"),
        ('saves "b.mp4"', "lake.mp4"),
        ("seconds < 0.001s on rtx4090", "it is"),
        ("finds LTX012", "it does not"),
        ("errors > 0", "0"),
    ],
)
def test_what_is_not_so_is_said_at_the_comment(wrong: str, is_: str):
    text = f"# expect: {wrong}\n{GOOD}"
    ((code, message, shown),) = [one for one in found(text) if one[0].startswith("LTX26")]
    assert (code, shown) == ("LTX261", wrong)
    assert is_ in message


@pytest.mark.parametrize(
    ("unread", "shown"),
    [
        ("frams == 121", "frams"),
        ("peak_vram < 24GO", "GO"),
        ("peak_vram < 24s", "s"),
        ("peak_vram < 24", "24"),
        ("frames == 121GB", "GB"),
        ("passes == 2fps", "fps"),
        ("peak_vram < 24GB on rtx9999", "rtx9999"),
        ("the best", "the best"),
        ("__import__('os') == 1", "__import__('os') == 1"),
        ("", "# expect:"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(unread: str, shown: str):
    text = f"# expect: {unread}\n{GOOD}".replace("# expect: \n", "# expect:\n")
    assert [(one[0], one[2]) for one in found(text) if one[0].startswith("LTX26")] == [("LTX260", shown)]


def test_a_script_may_expect_its_own_mistake():
    text = '# expect: finds LTX011\n# expect: errors == 1\nsize 100x100\nprompt "a"\npass distill 8\n'
    assert not [one for one in found(text) if one[0].startswith("LTX26")]


LIBRARY = "recipe fast { pass distill 8 }\n"


def expectations(text: str, **asked: str) -> list[tuple[str, str]]:
    """Codes and pointed characters of what was found of expectations."""
    return [(code, shown) for code, _, shown in found(text, **asked) if code.startswith("LTX26")]


@pytest.mark.parametrize("mark", ["#expect:", "# expect :", "# Expect:", "#   EXPECT:  "])
def test_a_mark_in_any_spelling_is_one(mark: str):
    assert expectations(f"{mark} frames == 9\n{GOOD}") == [("LTX261", "frames == 9")]


def test_an_expectation_may_stand_after_a_statement_and_in_a_block():
    text = GOOD.replace("pass 0.5x distill 8", "pass 0.5x distill 8 {\n  cfg 1  # expect: passes == 7\n}")
    assert expectations(text.replace('"a lake"', '"a lake"  # expect: fps == 9')) == [
        ("LTX261", "fps == 9"),
        ("LTX261", "passes == 7"),
    ]


def test_a_prompt_that_says_so_expects_nothing():
    assert not expectations(GOOD.replace('"a lake"', '"""a sign:\n# expect: frames == 9\n"""'))


def test_a_file_of_recipes_is_held_to_what_it_expects():
    assert not found(f"# expect: passes == 0\n# expect: tokens == 0\n{LIBRARY}")
    wrong = f"# expect: frams == 3\n# expect: passes == 1\n{LIBRARY}"
    assert expectations(wrong) == [("LTX260", "frams"), ("LTX261", "passes == 1")]


def test_what_an_export_finds_can_be_expected():
    text = '# expect: finds LTX091\nsize 32x32\nlength 9f\nprompt "a"\npass distill 8\nsave "a.mp4"\n'
    assert not expectations(text, target="comfy")
    assert expectations(text) == [("LTX261", "finds LTX091")]


def test_the_docs_name_what_can_be_expected_and_the_laws():
    docs = (Path(__file__).parents[1] / "docs" / "testing.md").read_text()
    first_cells = " ".join(re.findall(r"^\| (`.*?) \|", docs, re.MULTILINE))
    assert {*NUMBERS, *LAWS} <= set(re.findall(r"`(\w+)`", first_cells))


def planned(text: str = GOOD) -> Plan:
    models = load_model_set("embedded")
    compiled = compile(Source(text), models, Request())
    return plan(compiled.graph, compiled.stages, models)


def changed(whole: Plan, **fields: object) -> list[Plan]:
    """The plan with fields of one step replaced, for each step where that changes anything."""
    steps = whole.steps
    ones = [(*steps[:i], msgspec.structs.replace(s, **fields), *steps[i + 1 :]) for i, s in enumerate(steps)]
    return [msgspec.structs.replace(whole, steps=one) for one in ones if one != steps]


def test_a_plan_that_keeps_anything_too_long_is_told():
    whole = planned()
    assert not list(kept_too_long(whole))
    for field in ("frees", "unloads"):
        others = changed(whole, **{field: ()})
        assert others
        assert all(list(kept_too_long(other)) for other in others)


def test_a_plan_that_reads_what_is_not_there_is_told():
    whole = planned()
    assert not list(misread(whole))
    backwards = msgspec.structs.replace(whole, steps=whole.steps[::-1])
    assert any("which is not there" in one for one in misread(backwards))
    early = changed(whole, frees=tuple(f"{s.id}.{port}" for s in whole.steps for port in s.outputs))
    assert any("which is not there" in one for other in early for one in misread(other))
    unloaded = changed(whole, loads=())
    assert unloaded
    assert all(any("which is not loaded" in one for one in misread(other)) for other in unloaded)


def test_plans_that_differ_are_told_by_step():
    assert not list(changes(planned(), planned()))
    first, *_ = changes(planned(), planned(GOOD.replace("a lake", "a sea")))
    assert "has the key" in first


@pytest.mark.parametrize(("law", "target"), [("stable", "local"), ("export", "comfy")])
def test_a_script_that_compiles_in_two_ways_is_told(law: str, target: str, tmp_path: Path):
    (tmp_path / "good.ltx").write_text(GOOD)
    (tmp_path / "other.ltx").write_text(GOOD.replace("a lake", "a sea"))
    case = Case(tmp_path / "good.ltx", target=target)
    LAWS[law].hold(case)
    case.again = Case(tmp_path / "other.ltx", target=target).again  # type: ignore[method-assign]
    with pytest.raises(Broken, match=r"has the key|two exports"):
        LAWS[law].hold(case)


def test_an_import_that_loses_something_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "good.ltx").write_text(GOOD)
    case = Case(tmp_path / "good.ltx", target="comfy")
    LAWS["import"].hold(case)
    right = laws.imported

    def lossy(*given):
        found = right(*given)
        return msgspec.structs.replace(found, text=found.text.replace("a lake", "a sea"))

    monkeypatch.setattr(laws, "imported", lossy)
    with pytest.raises(Broken, match="'a lake' -> 'a sea'"):
        LAWS["import"].hold(case)


@pytest.mark.parametrize("word", sorted(STATEMENTS))
def test_every_statement_is_made_up(word: str):
    @settings(max_examples=5, deadline=None, database=None)
    @given(strategies.statement(word))
    def parses(text: str) -> None:
        assert word in text
        assert not parse(Source(text))[1]

    parses()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_values_that_are_called_right_are(data: st.DataObject):
    length = data.draw(strategies.lengths())
    lines = [f"size {data.draw(strategies.sizes())}", f"length {length}", 'prompt "a lake"']
    guide = data.draw(strategies.guides(int(length[:-1]))).replace('"a.png"', "img")
    text = "\n".join([*lines, guide, f"pass dev sigmas {data.draw(strategies.schedules())}", 'save "a.mp4"'])
    wrong = [d for d in analyze(Source(text), load_model_set("embedded")).diagnostics if d.severity is Severity.ERROR]
    assert not wrong, (text, wrong)


def test_without_hypothesis_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "ltxdsl.testing.strategies")
    with pytest.raises(ImportError, match=r"ltxdsl\[testing\]"):
        __import__("ltxdsl.testing.strategies")


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *options)


def test_scripts_are_collected_where_it_is_asked_for(pytester: pytest.Pytester):
    (pytester.path / "good.ltx").write_text(GOOD)
    run(pytester).assert_outcomes()
    run(pytester, "--ltx").assert_outcomes(passed=7, skipped=2)
    run(pytester, "--ltx", "--ltx-target", "comfy@0.27", "--ltx-target", "local").assert_outcomes(passed=11, skipped=2)


def test_settings_ask_for_it_too(pytester: pytest.Pytester):
    (pytester.path / "good.ltx").write_text(GOOD)
    pytester.makeini("[pytest]\nltx = true\nltx_targets = comfy\n")
    run(pytester).assert_outcomes(passed=9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--ltx-on", "rtx4091"), "*`rtx4091` is no hardware*rtx4090*"),
        (("--ltx-target", "comfi"), "*no target `comfi`*comfy*"),
        (("--ltx-models", "nosuch"), "*no model set `nosuch`*"),
    ],
)
def test_options_that_name_nothing_are_said(pytester: pytest.Pytester, options: tuple[str, ...], said: str):
    (pytester.path / "good.ltx").write_text(GOOD)
    result = run(pytester, "--ltx", *options)
    result.stdout.fnmatch_lines([said])
    assert "Traceback" not in result.stdout.str()
    assert "laws.py" not in result.stdout.str()
    assert result.ret != pytest.ExitCode.OK


def test_a_file_that_is_no_text_fails_in_words(pytester: pytest.Pytester):
    (pytester.path / "bad.ltx").write_bytes(b"\xff\xfe\x00")
    result = run(pytester, "--ltx")
    result.stdout.fnmatch_lines(["*is not a text in UTF-8*"])
    assert "source_files.py" not in result.stdout.str()


def test_a_file_of_recipes_passes_as_it_does_with_the_command(pytester: pytest.Pytester):
    (pytester.path / "studio.ltx").write_text("recipe fast {\n  pass distill 8\n}\n")
    run(pytester, "--ltx").assert_outcomes(passed=3, skipped=6)


def test_a_failure_shows_findings_as_the_command_does(pytester: pytest.Pytester):
    bad = GOOD.replace("length 121f", "length 120f").replace('prompt "a', '  prompt   "a')
    (pytester.path / "bad.ltx").write_text(bad)
    result = run(pytester, "--ltx")
    result.stdout.fnmatch_lines(["*error[[]LTX010[]]*", "*length 120f*", "*= why:*"])
    result.stdout.fnmatch_lines(['*-  prompt   "a lake"*', '*+prompt "a lake"*'])
    assert "Traceback" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=3, passed=1, skipped=5)  # format, check and expect, each with what it is about


def test_nothing_is_imported_for_other_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(ltxdsl.__file__).parent.parent))
    pytester.makepyfile("import sys\ndef test_it():\n    assert 'ltxdsl.compiler' not in sys.modules\n")
    pytester.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_exports_are_held_against_a_server(pytester: pytest.Pytester):
    (pytester.path / "good.ltx").write_text(GOOD)
    pytester.makefile(".json", info='{"SaveVideo": {"input": {}, "output": [], "output_node": true}}')
    pytester.makeini("[pytest]\nltx_object_info = info.json\n")
    result = run(pytester, "--ltx", "--ltx-target", "comfy")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*KSamplerSelect*"])


def test_a_server_file_is_looked_for_beside_the_settings(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    (pytester.mkdir("scripts") / "good.ltx").write_text(GOOD)
    pytester.makeini("[pytest]\nltx_object_info = info.json\nltx_targets = comfy\n")
    monkeypatch.chdir(pytester.path / "scripts")
    run(pytester, "--ltx").stdout.fnmatch_lines([f"*no JSON file that can be read: {pytester.path / 'info.json'}*"])
    pytester.makefile(".json", info='{"SaveVideo": {"input": {}, "output": [], "output_node": true}}')
    run(pytester, "--ltx").stdout.fnmatch_lines(["*KSamplerSelect*"])
