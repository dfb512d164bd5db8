"""What does not fit a machine, and that every suggestion is true."""

from __future__ import annotations

import re

import msgspec
import pytest

from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import apply_fixes
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

REAL = load_model_set("ltx-2.3")
BIG = 'size 1920x1024\nlength 121f\nprompt "a lake"\npass dev 8 { cfg 1 }\nsave "a.mp4"\n'


def planned(text: str, hardware: str, models=REAL) -> Plan:
    compiled = compile(Source(text), models)
    assert compiled.ok, compiled.diagnostics
    return plan(compiled.graph, compiled.stages, models, hardware)


def stops(result: Plan) -> list[str]:
    return [advice.kind for advice in result.advice if advice.kind in ("memory", "decode")]


def test_what_is_advised_is_what_is_missing():
    small = planned(BIG, "rtx3060")
    assert stops(small) == ["decode"]
    assert small.estimate.missing > 0
    large = planned(BIG, "h200")
    assert (stops(large), large.estimate.missing) == ([], 0)


def test_tiles_that_are_advised_make_it_fit():
    advice = next(a for a in planned(BIG, "rtx3060").advice if a.kind == "decode")
    tiles = next(r for r in advice.remedies if "tile" in r).strip("`")
    assert not stops(planned(BIG.replace("save", f"{tiles}\nsave"), "rtx3060"))
    wider = re.sub(r"tile \d+", "tile 1536", tiles)
    assert stops(planned(BIG.replace("save", f"{wider}\nsave"), "rtx3060")) == ["decode"]


def test_a_shorter_clip_that_is_advised_fits_and_one_longer_does_not():
    advice = next(a for a in planned(BIG, "rtx3060").advice if a.kind == "decode")
    frames = int(re.search(r"length (\d+)f", " ".join(advice.remedies)).group(1))
    assert not stops(planned(BIG.replace("121f", f"{frames}f"), "rtx3060"))
    assert stops(planned(BIG.replace("121f", f"{frames + 8}f"), "rtx3060")) == ["decode"]


def test_lighter_weights_that_are_advised_are_not_streamed():
    text = BIG.replace("1920x1024", "256x256")  # so short a call cannot hide the streaming
    before = planned(text, "rtx4090")
    advice = next(a for a in before.advice if a.kind == "stream" and "sample" in a.what)
    precision = advice.remedies[0].split()[0]
    lighter = msgspec.structs.replace(REAL, precision={"transformer": precision})
    after = planned(text, "rtx4090", lighter)
    assert not [a for a in after.advice if a.kind == "stream" and "sample" in a.what]
    assert after.stages[0].estimate.seconds < before.stages[0].estimate.seconds


def test_guides_that_are_too_many_are_named(in_pictures):
    guides = "".join(f'guide "a.png" @ {8 * i + 1}f\n' for i in range(14))
    text = f'size 3840x2176\nlength 121f\nprompt "a"\n{guides}pass dev 8 {{ cfg 1 }}\n'
    advice = [a for a in planned(text, "rtx4090").advice if a.kind == "memory"]
    assert advice
    assert any("guides" in r for r in advice[0].remedies)
    assert not [a for a in planned(text.replace(guides, ""), "rtx4090").advice if a.kind == "memory"]


def codes(text: str, hardware: str, models=REAL) -> list[str]:
    found = analyze(Source(text), models, Request(hardware=hardware)).diagnostics
    return sorted({d.code for d in found if d.code.startswith("LTX21")})


def test_checks_speak_only_where_a_machine_is_named():
    assert codes(BIG, "") == []
    assert codes(BIG, "rtx3060") == ["LTX211"]
    assert codes(BIG, "h200") == []


@pytest.mark.parametrize(("hardware", "found"), [("rtx3090", ["LTX214"]), ("rtx4090", [])])
def test_fp8_saves_time_only_where_there_is_arithmetic_for_it(hardware: str, found: list[str]):
    light = msgspec.structs.replace(REAL, precision={"transformer": "fp8", "text_encoder": "q4_k_m"})
    text = BIG.replace("1920x1024", "768x512")
    assert [c for c in codes(text, hardware, light) if c == "LTX214"] == found


def test_weights_larger_than_main_memory_come_from_disk():
    heavy = msgspec.structs.replace(REAL, precision={"transformer": "fp32"})
    short = BIG.replace("1920x1024", "256x256")
    assert "LTX213" in codes(short, "rtx4090", heavy)
    assert [c for c in codes(short, "rtx4090") if c != "LTX210"] == ["LTX212"]


@pytest.mark.parametrize("text", [BIG, BIG.replace('save "a.mp4"\n', ""), BIG.replace("\n", "; ")])
def test_the_fix_puts_the_tiles_where_they_help(text: str):
    found = analyze(Source(text), REAL, Request(hardware="rtx3060")).diagnostics
    fixed = apply_fixes(text, (d.fixes[0] for d in found if d.fixes))
    assert "decode tile" in fixed
    assert codes(fixed, "rtx3060") == []


def test_equal_shots_are_worked_out_once_and_said_once():
    shots = "".join(f'shot "s{i}" {{ prompt "p{i}"; pass dev 8 {{ cfg 1 }}; save "{i}.mp4" }}\n' for i in range(30))
    text = "size 1920x1024\nlength 121f\n" + shots
    found = analyze(Source(text), REAL, Request(hardware="rtx3060")).diagnostics
    decoding = [d for d in found if d.code == "LTX211"]
    assert len(decoding) == 1
    assert "29 more such steps" in decoding[0].message


@pytest.mark.parametrize("machine", ["rtx3060", "rtx4090", "h100"])
def test_errors_agree_with_the_plan(machine: str):
    text = BIG.replace("121f", "241f")
    missing = planned(text, machine).estimate.missing > 0
    assert bool({"LTX210", "LTX211"} & set(codes(text, machine))) == missing


def test_it_points_at_what_is_too_large():
    found = analyze(Source(BIG), REAL, Request(hardware="rtx3060")).diagnostics
    (decoding,) = [d for d in found if d.code == "LTX211"]
    assert Source(BIG)[decoding.span] == 'save "a.mp4"'
