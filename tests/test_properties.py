"""Properties over random scripts, and over random text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltxdsl.compiler import Request, analyze, compile, transform
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Severity, apply_fixes, render
from ltxdsl.grammar import format_script, parse
from ltxdsl.grammar.tree import Script
from ltxdsl.source import Source
from ltxdsl.testing.strategies import runnable, scripts

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def shape(value):
    """A tree without its spans, with texts as they mean."""
    if isinstance(value, tuple | list):
        return tuple(shape(v) for v in value)
    if hasattr(value, "__struct_fields__"):
        fields = [f for f in value.__struct_fields__ if f not in ("span", "raw", "comments")]
        return (type(value).__name__, *(shape(getattr(value, f)) for f in fields))
    return value


def comments(script: Script) -> list[str]:
    return [c.text for c in script.comments]


@CALM
@given(scripts())
def test_formatting_keeps_the_tree_and_the_comments(text: str):
    source = Source(text)
    script, problems = parse(source)
    assert not problems
    formatted = Source(format_script(script, source))
    again, problems = parse(formatted)
    assert not problems
    assert shape(again.entries) == shape(script.entries)
    assert comments(again) == comments(script)


@CALM
@given(scripts())
def test_formatting_twice_changes_nothing(text: str):
    once = Source(format_script(parse(Source(text))[0], Source(text)))
    assert format_script(parse(once)[0], once) == once.text


@CALM
@given(scripts(), st.sampled_from(["local", "comfy"]))
def test_random_scripts_never_crash_the_compiler(models, in_pictures, text: str, target: str):
    source = Source(text)
    compiled = compile(source, models, Request(target=target))
    for found in compiled.diagnostics:
        assert render(found, source)
        assert found.span is None or 0 <= found.span.start <= found.span.end <= len(text)
    if compiled.ok:
        planned = plan(compiled.graph, compiled.stages, models)
        assert len({s.key for s in planned.steps}) <= len(planned.steps)


@CALM
@given(st.text(alphabet=st.sampled_from('ab1 .x@|{}()"#;\n-+*/=,sf%_é'), max_size=60))
def test_random_text_never_crashes_the_parser(models, text: str):
    source = Source(text)
    for found in analyze(source, models).diagnostics:
        assert render(found, source)


@CALM
@given(scripts(min_size=2))
def test_fixes_leave_a_script_that_parses(models, in_pictures, text: str):
    found = analyze(Source(text), models).diagnostics
    fixed = apply_fixes(text, (d.fixes[0] for d in found if d.fixes))
    assert not parse(Source(fixed))[1]


@CALM
@given(runnable())
def test_runnable_scripts_compile_and_optimizing_keeps_what_is_written(models, in_pictures, text: str):
    found = analyze(Source(text), models)
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR]
    plain, small = transform(found.graph, optimize=False), transform(found.graph)
    assert len(small) <= len(plain)
    assert [n.op for n in small.sinks()] == [n.op for n in plain.sinks()]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", ";;;", " \t "])
def test_empty_scripts(models, text: str):
    found = analyze(Source(text), models)
    assert {d.code for d in found.diagnostics} == {"LTX040"}


def test_windows_line_ends(models, in_pictures: Path):
    text = 'prompt "a lake"\r\nguide "a.png" @ end\r\npass dev 30\r\n'
    assert not [d for d in analyze(Source(text), models).diagnostics if d.severity is Severity.ERROR]
