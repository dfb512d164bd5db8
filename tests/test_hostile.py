"""Text that no person writes: it gives findings, in bounded time and memory."""

from __future__ import annotations

import re
import sys

import pytest

from ltxdsl.compiler import LONGEST_MESSAGE, analyze, lower
from ltxdsl.diagnostics import Severity, render
from ltxdsl.grammar import format_script, parse
from ltxdsl.ops import STATEMENTS
from ltxdsl.source import Source

# name: script, code of the first finding
HOSTILE = {
    "brackets within brackets": ("seed " + "(" * 5000 + "1" + ")" * 5000, "LTX001"),
    "brackets that never close": ("seed " + "(" * 100_000, "LTX001"),
    "braces within braces": ("pass dev {" * 5000 + "}" * 5000, "LTX001"),
    "a sum of many terms": ("seed " + "1 + " * 5000 + "1", "LTX001"),
    "a product of many terms": ("seed " + "1*" * 5000 + "1", "LTX001"),
    "a long number": ("seed " + "1" * 100_000, "LTX005"),
    "a number past all floats": ("cfg 1e999\npass dev 30", "LTX005"),
    "a number that grows past all floats": ("cfg 1e18 * 1e18\npass dev 30", "LTX005"),
    "a number under all floats": ("cfg 1e-300\npass dev 30", "LTX005"),
    "frames past all integers": (f"length 1{'0' * 50}f\npass dev 30", "LTX005"),
    "a size past all memory": ("size 999999x999999\npass dev 30", "LTX005"),
    "NUL": ("seed \0", "LTX001"),
    "a lone surrogate": ("seed \ud800", "LTX001"),
    "an unclosed text": ('prompt "' + "a" * 1_000_000, "LTX001"),
    "an unclosed long text": ('prompt """' + "a\n" * 500_000, "LTX001"),
    "escapes without end": ('prompt "' + "\\\\" * 500_000, "LTX001"),
    "a long word": ("a" * 1_000_000, "LTX002"),
    "line ends that are none": ("\f\n\r\r\n" * 20_000, "LTX040"),
    "only semicolons": (";" * 1_000_000, "LTX040"),
    "only spaces": ("seed" + " " * 1_000_000 + "1", "LTX040"),
    "guidance for more steps than there are": ("cfg 2 for 99999999999 then 1\npass dev 30", "LTX055"),
    "many parts": ("relay " + '"a" | ' * 5000 + '"b"\n\npass dev 4', "LTX036"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE)
def test_it_is_a_finding(text: str, code: str, models):
    source = Source(text)
    found = analyze(source, models).diagnostics
    assert found[0].code == code
    for one in found:
        assert len(one.message) <= LONGEST_MESSAGE
        assert len(render(one, source)) < 2000, "a long line is cut to what surrounds the place"


@pytest.mark.parametrize("depth", [1, 31])
def test_what_people_write_stays_allowed(models, depth: int):
    text = f"seed {'(' * depth}{' + '.join(['1'] * 500)}{')' * depth}\npass dev 30"
    source = Source(text)
    found = analyze(source, models)
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR]
    assert found.stages[0].settings.single
    assert parse(Source(format_script(found.script, source)))[0].entries


def test_conditions_times_passes_are_bounded(models, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lower, "MOST_OPS", 2000)
    found = analyze(Source('prompt "a"\n' + "guide img @ end\n" * 200 + "pass dev 4\n" * 200), models)
    assert "LTX077" in {d.code for d in found.diagnostics}
    assert len(found.graph) < 4000
    assert len(found.stages) < 10


def test_control_characters_do_not_reach_the_terminal(models):
    source = Source("seed \x1b[31m 1 \x07\0")
    drawn = "".join(render(d, source) for d in analyze(source, models).diagnostics)
    assert "seed" in drawn
    assert not [c for c in drawn if ord(c) < 32 and c != "\n"]


def calls(work) -> int:
    """Python functions that are called: a count of work that no other load on the machine changes."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def settings_and_passes(n: int) -> str:
    return "".join(
        f'let w{i} = 0.5 / 2\nprompt "take {i}"\nnegative "text {i}"\ncfg 2 for {i % 3 + 1} then 1\n'
        f"pass dev er_sde sigmas 0.9, 0.6, 0 {{ guide img @ {8 * (i % 20) + 9}f strength w{i} }}\n"
        f'save "take{i}.mp4"\n'
        for i in range(n)
    )


SHAPES = {
    "takes": settings_and_passes,
    "guides": lambda n: "".join(f"guide img @ {8 * (i % 10) + 1}f\n" for i in range(n)) + "pass dev 30",
    "mistakes": lambda n: "".join(f"promt {i}\nlength 12{i % 10}f\n" for i in range(n)),
    "relay": lambda n: "relay " + " | ".join(['"she turns"'] * n) + "\npass dev 4",
    "texts": lambda n: f'prompt "{"{x} " * n}"\npass dev 4',
}


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_length_of_the_script(models, shape: str):
    """A count of calls in place of seconds: ten times the script is ten times the work."""
    small, large = (calls(lambda n=n: analyze(Source(SHAPES[shape](n)), models)) for n in (20, 200))
    assert large < 12 * small


def line_of(word: str) -> str:
    """The line of a statement's example where it stands."""
    lines = STATEMENTS[word].example.splitlines()
    return next(line for line in lines if re.search(rf"\b{word}\b", line))


@pytest.mark.parametrize("word", sorted(STATEMENTS))
def test_many_of_one_statement_are_linear(models, in_pictures, word: str):
    small, large = (
        calls(lambda n=n: analyze(Source('prompt "a"\n' + f"{line_of(word)}\n" * n + "pass dev 4"), models))
        for n in (20, 200)
    )
    assert large < 12 * small
