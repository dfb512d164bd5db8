"""Scripts broken in the ways in which people break them: most are found at the right statement, many are mended.

`pytest tests/test_mistakes.py -s` prints those that are not. A share is asserted, not each mistake: what a compiler
cannot know (a seed that was meant to be another) is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ltxdsl.cli.checking import Asked, check_text, fixed
from ltxdsl.compiler import analyze
from ltxdsl.diagnostics import Severity
from ltxdsl.source import Source
from tests.mistakes import MISTAKES, SCRIPTS, Mistake

FOUND, MENDED = 0.95, 0.60


def broken(mistake: Mistake) -> tuple[str, set[int]]:
    """The script with the mistake, and the lines where it may be shown."""
    text = SCRIPTS[mistake.script]
    at = text.index(mistake.right)
    wrong = text[:at] + mistake.wrong + text[at + len(mistake.right) :]
    first = wrong.count("\n", 0, at)
    lines = set(range(first, first + mistake.wrong.rstrip("\n").count("\n") + 1))
    if not mistake.wrong:  # what is gone is missed by what comes next, or by the whole script
        lines |= set(range(len(wrong.splitlines())))
    elif mistake.with_:
        lines |= {n for n, line in enumerate(wrong.splitlines()) if mistake.with_ in line}
    return wrong, lines


ASKED = Asked(models="", given=())


def shown_lines(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of every finding that the right script does not have."""
    for one in check_text(Source(text), ASKED).found.diagnostics:
        if one.span is not None:
            yield text.count("\n", 0, one.span.start), text.count("\n", 0, max(one.span.start, one.span.end - 1))


def is_found(mistake: Mistake) -> bool:
    text, lines = broken(mistake)
    return any(lines & set(range(first, last + 1)) for first, last in shown_lines(text))


def is_mended(mistake: Mistake) -> bool:
    """After `ltx check --fix` there are no errors, and nothing is found that the right script does not have."""
    text, _ = broken(mistake)
    right = {d.code for d in check_text(Source(SCRIPTS[mistake.script]), ASKED).found.diagnostics}
    checked = check_text(Source(text), ASKED)
    after = fixed(checked, ASKED).found
    if after.source.text == text:
        return False
    found = {d.code for d in after.diagnostics}
    return not any(d.severity is Severity.ERROR for d in after.diagnostics) and found <= right


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_are_right(name: str, models, in_pictures):
    found = analyze(Source(SCRIPTS[name]), models)
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR]


def test_there_are_enough_mistakes_and_each_changes_its_script():
    assert len(MISTAKES) >= 200
    assert len({(m.script, m.right, m.wrong) for m in MISTAKES}) == len(MISTAKES)
    for mistake in MISTAKES:
        assert broken(mistake)[0] != SCRIPTS[mistake.script]


def test_most_mistakes_are_shown_where_they_are(in_pictures):
    missed = [mistake for mistake in MISTAKES if not is_found(mistake)]
    print(*(f"not found: {m.name}" for m in missed), sep="\n")
    assert 1 - len(missed) / len(MISTAKES) >= FOUND


def test_many_mistakes_are_mended(in_pictures):
    left = [mistake for mistake in MISTAKES if not is_mended(mistake)]
    print(*(f"not mended: {m.name}" for m in left), sep="\n")
    assert 1 - len(left) / len(MISTAKES) >= MENDED
