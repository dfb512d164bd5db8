"""Several conditions in one statement, and conditions in a pass's block that stand for those from outside."""

from __future__ import annotations

import pytest

from ltxdsl.compiler import analyze
from ltxdsl.diagnostics import Severity
from ltxdsl.ops import nodes
from ltxdsl.source import Source

TOP = 'size 64x64\nlength 25f\nprompt "a"\n'
LATER = "\npass distill 8\npass distill sigmas 0.5, 0"


def ops(text: str, models) -> list[tuple[str, object]]:
    """Pass, and the ops that put pictures into it."""
    found = analyze(Source(TOP + text), models)
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR]
    kinds = (nodes.AppendGuide, nodes.Inplace)
    return [(node.stage, node.op) for node in found.graph.order() if isinstance(node.op, kinds)]


def test_a_list_of_guides_is_as_many_guides(models, in_pictures):
    listed = 'guide "a.png" @ 0 | "b.png" @ 12f strength 0.4 | "a.png" @ end attention 0.5\npass distill 8'
    apart = 'guide "a.png" @ 0\nguide "b.png" @ 12f strength 0.4\nguide "a.png" @ end attention 0.5\npass distill 8'
    assert ops(listed, models) == ops(apart, models)
    assert len(ops(listed, models)) == 3


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ('guide "a.png" @ 0 | "b.png" strenght 0.4', 3, "strenght"),
        ('guide "a.png" | @ end', 3, "@ end"),
        ('inplace "a.png" | "walk.mp4" @ end', 3, '"walk.mp4"'),
    ],
)
def test_a_mistake_in_a_list_is_shown_there(text: str, line: int, shown: str, models, in_pictures):
    source = Source(f"{TOP}{text}\npass distill 8")
    first = next(d for d in analyze(source, models).diagnostics if d.severity is Severity.ERROR)
    assert source.text[first.span.start : first.span.end] in (shown, shown.removeprefix("@ "))


@pytest.mark.parametrize(
    ("outside", "inside", "second"),
    [
        ('inplace "a.png" @ 0 strength 0.7', 'inplace "b.png" @ 0 strength 0.9', [nodes.Inplace(slot=0, strength=0.9)]),
        ('inplace "a.png" @ 0 strength 0.7', 'inplace "a.png" @ 0 strength 0', []),
        ('guide "a.png" @ end strength 0.5', 'guide "a.png" @ end strength 0', []),
        (
            'guide "a.png" @ end strength 0.5',
            'guide "b.png" @ end strength 0.3',
            [nodes.AppendGuide(frame=24, strength=s, attention=s) for s in (0.5, 0.3)],
        ),
    ],
)
def test_a_condition_in_a_block_stands_for_that_from_outside(outside, inside, second, models, in_pictures):
    found = ops(f"{outside}{LATER} {{ {inside} }}", models)
    assert [op for stage, op in found if stage == "pass 2"] == second
    assert len([op for stage, op in found if stage == "pass 1"]) == 1, "the other pass has what is outside"


def test_a_lora_in_a_block_has_its_own_strength_there(models, in_pictures):
    text = 'lora "detail.safetensors" 0.8\npass dev 30\npass dev sigmas 0.5, 0 { lora "detail.safetensors" 0.3 }'
    found = analyze(Source(TOP + text), models)
    assert [[use.strength for use in stage.loras] for stage in found.stages] == [[0.8], [0.3]]


def test_strength_0_in_a_block_is_no_mistake_where_it_overrides(models, in_pictures):
    def codes(text: str) -> set[str]:
        return {d.code for d in analyze(Source(TOP + text), models).diagnostics}

    assert "LTX027" not in codes(f'guide "a.png" @ end{LATER} {{ guide "a.png" @ end strength 0 }}')
    assert "LTX027" in codes(f'guide "a.png" @ end{LATER} {{ guide "b.png" @ end strength 0 }}')
