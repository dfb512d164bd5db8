"""Scripts with the findings that they must give, written at the line; and layouts before and after."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ltxdsl.compiler import Request, analyze
from ltxdsl.diagnostics import Severity
from ltxdsl.grammar import format_script, parse
from ltxdsl.source import Source

CASES = Path(__file__).parent / "cases"
CHECKED = sorted((CASES / "check").glob("*.ltx"))
FORMATTED = sorted((CASES / "format").glob("*.before.ltx"))


def expected(source: Source) -> list[tuple[int, str, str]]:
    lines = enumerate(source.text.splitlines(), 1)
    found = [(n, *m.groups()) for n, line in lines for m in re.finditer(r"# (error|warning|note): (LTX\d+)", line)]
    return sorted(found)


@pytest.mark.parametrize("path", CHECKED, ids=lambda p: p.stem)
def test_findings_stand_at_their_lines(path: Path, models, in_pictures):
    source = Source(path.read_text(), path.name)
    found = [
        (source.line_column(d.span.start)[0], str(d.severity), d.code)
        for d in analyze(source, models).diagnostics
        if d.span is not None and d.source is None
    ]
    assert sorted(set(found)) == expected(source)


@pytest.mark.parametrize("path", FORMATTED, ids=lambda p: p.stem)
def test_layout(path: Path):
    before = Source(path.read_text())
    after = path.with_name(path.name.replace("before", "after")).read_text()
    assert format_script(parse(before)[0], before) == after


def test_every_finding_says_why_or_what_helps(models, in_pictures):
    for path in CHECKED:
        source = Source(path.read_text(), path.name)
        for d in analyze(source, models).diagnostics:
            assert d.message
            if d.severity is Severity.ERROR:
                assert d.why or d.hint or d.fixes, d


def test_the_target_decides_what_is_refused(models, in_pictures):
    source = Source('prompt "a"\ntune across_to_picture 1.2\npass distill 8\nlora "missing.safetensors"')
    local = {d.code for d in analyze(source, models).diagnostics}
    comfy = {d.code for d in analyze(source, models, Request(target="comfy")).diagnostics}
    assert {"LTX090", "LTX061"} <= local
    assert not {"LTX090", "LTX061"} & comfy
