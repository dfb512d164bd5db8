"""What `ltxdsl.testing` offers: scripts as pytest's tests, and what a script expects of itself."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

import ltxdsl
from ltxdsl.cli.checking import Asked, check_text
from ltxdsl.source import Source

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


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *options)


def test_scripts_are_collected_where_it_is_asked_for(pytester: pytest.Pytester):
    (pytester.path / "good.ltx").write_text(GOOD)
    run(pytester).assert_outcomes()
    run(pytester, "--ltx").assert_outcomes(passed=5, skipped=1)
    run(pytester, "--ltx", "--ltx-target", "comfy@0.27", "--ltx-target", "local").assert_outcomes(passed=8, skipped=1)


def test_settings_ask_for_it_too(pytester: pytest.Pytester):
    (pytester.path / "good.ltx").write_text(GOOD)
    pytester.makeini("[pytest]\nltx = true\nltx_targets = comfy\n")
    run(pytester).assert_outcomes(passed=6)


def test_a_failure_shows_findings_as_the_command_does(pytester: pytest.Pytester):
    bad = GOOD.replace("length 121f", "length 120f").replace('prompt "a', '  prompt   "a')
    (pytester.path / "bad.ltx").write_text(bad)
    result = run(pytester, "--ltx")
    result.stdout.fnmatch_lines(["*error[[]LTX010[]]*", "*length 120f*", "*= why:*"])
    result.stdout.fnmatch_lines(['*-  prompt   "a lake"*', '*+prompt "a lake"*'])
    assert "Traceback" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED


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
