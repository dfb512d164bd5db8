"""Laws over all statements and all ops."""

from __future__ import annotations

import inspect
import re

import msgspec
import pytest

from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.diagnostics import Severity
from ltxdsl.grammar import format_script, parse
from ltxdsl.ops import STATEMENTS, nodes
from ltxdsl.ops.base import Op, Reader
from ltxdsl.ops.declare import Role, Statement, params
from ltxdsl.source import Source

EVERY = sorted(STATEMENTS.values(), key=lambda c: c.word)
OPS = [cls for cls in vars(nodes).values() if inspect.isclass(cls) and issubclass(cls, Op) and cls not in (Op, Reader)]
GIVEN = {"img": "a.png"}


@pytest.mark.parametrize("cls", EVERY, ids=lambda c: c.word)
def test_a_statement_is_documented(cls: type[Statement]):
    first = (cls.__doc__ or "").strip().splitlines()[0]
    assert first.endswith("."), first
    assert re.fullmatch(r"[a-z]+", cls.word)
    assert cls.targets
    for field, param in params(cls).items():
        assert param.doc, field
        assert not param.doc.endswith("."), field


@pytest.mark.parametrize("cls", EVERY, ids=lambda c: c.word)
def test_its_example_compiles_and_keeps_its_layout(cls: type[Statement], models, in_pictures):
    source = Source(cls.example)
    request = Request(given=GIVEN if "img" in cls.example and "img =" not in cls.example else {}, target=cls.targets[0])
    found = compile(source, models, request)
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR]
    assert re.search(rf"\b{cls.word}\b", cls.example)
    script, _ = parse(source)
    assert format_script(script, source) == cls.example + "\n"


@pytest.mark.parametrize("cls", EVERY, ids=lambda c: c.word)
def test_every_field_can_be_written(cls: type[Statement]):
    written = set(params(cls))
    own = {f.name for f in msgspec.structs.fields(cls)} - {f.name for f in msgspec.structs.fields(Statement)}
    assert own == written


@pytest.mark.parametrize("cls", [c for c in EVERY if c.role is Role.ACTION], ids=lambda c: c.word)
def test_actions_have_a_meaning(cls: type[Statement]):
    assert cls.apply is not Statement.apply


@pytest.mark.parametrize("op", OPS, ids=lambda c: c.__name__)
def test_an_op_is_declared_whole(op: type[Op]):
    assert op.__doc__
    assert op.kernel
    assert op.outputs
    assert op.optional <= op.inputs.keys()
    assert op.guides in ("", "adds", "uses", "removes")


def test_a_name_means_the_same_everywhere(models, in_pictures):
    source = Source('let s = 0.4\nlet half = s / 2\nguide img @ end strength half\nprompt "at {s}, {not}"\npass dev 30')
    found = analyze(source, models, Request(given=GIVEN))
    guide, prompt = found.statements[:2]
    assert guide.strength == pytest.approx(0.2)
    assert prompt.text == "at 0.4, {not}"


def test_inputs_are_typed_by_use(models, in_pictures):
    source = Source("guide face @ -1 strength s; seed n; prompt words; size big; length 25f @ rate; pass dev 30")
    inputs = analyze(source, models).inputs
    assert {i.name: i.kind for i in inputs.values()} == {
        "face": "image",
        "s": "number",
        "n": "number",
        "words": "text",
        "big": "size",
    } | ({"rate": "fps"} if "rate" in inputs else {})


def test_given_inputs_are_read_like_the_language(models, in_pictures):
    source = Source("seed n; prompt words; guide face @ end strength s; pass dev 30")
    given = {"n": "7", "words": "a 2x lake", "s": "0.25", "face": "a.png"}
    seed, prompt, guide = analyze(source, models, Request(given=given)).statements[:3]
    assert (seed.seed, prompt.text, guide.strength, guide.source.path) == (7, "a 2x lake", 0.25, "a.png")


def test_the_number_after_a_lora_role(models):
    def role(text: str):
        return analyze(Source(f'prompt "a"\npass 0.5x dev 20\n{text}'), models).statements[-2]

    assert (role("upscale 2x distill 0.6 3").model.strength, role("upscale 2x distill 0.6 3").steps) == (0.6, 3)
    assert (role("upscale 2x distill 3").model.strength, role("upscale 2x distill 3").steps) == (0.6, 3)
    assert (role("upscale 2x distill 1").model.strength, role("upscale 2x distill 1").steps) == (1.0, None)


def test_the_seed_from_outside_wins(models):
    source = Source('seed 1\nprompt "a"\npass dev 30 { seed 2 }')
    compiled = compile(source, models, Request(seed=9))
    assert [n.op.seed for n in compiled.graph if n.op.kernel == "sample"] == [9]
