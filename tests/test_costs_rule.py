"""Whether a script fits on named hardware, as a finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.compiler.planner import plan
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

LARGE = 'size 1920x1024\nlength 241f\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x\nsave "a.mp4"'


@pytest.mark.parametrize("machine", ["rtx3060", "rtx4090", "h100"])
def test_a_finding_agrees_with_the_plan(machine: str):
    models = load_model_set("ltx-2.3")
    found = analyze(Source(LARGE), models, Request(hardware=machine)).diagnostics
    compiled = compile(Source(LARGE), models)
    planned = plan(compiled.graph, compiled.stages, models, machine)
    missing = any(step.estimate.missing > 0 for step in planned.steps)
    assert ("LTX093" in {d.code for d in found}) == missing


def test_it_points_at_what_is_too_large_and_says_what_helps():
    models = load_model_set("ltx-2.3")
    text = LARGE.replace("save", "decode tile 512 overlap 64 frames 40f\nsave")
    found = {t: analyze(Source(t), models, Request(hardware="rtx4090")).diagnostics for t in (LARGE, text)}
    (decoding,) = [d for d in found[LARGE] if d.code == "LTX093"]
    assert Source(LARGE)[decoding.span] == 'save "a.mp4"'
    assert "decode tile" in decoding.hint
    assert "LTX093" not in {d.code for d in found[text]}, "the advice helps"


def test_nothing_is_held_against_hardware_that_is_not_named(models):
    assert not [d for d in analyze(Source(LARGE), models).diagnostics if d.code == "LTX093"]


def test_the_command(tmp_path: Path):
    script = tmp_path / "a.ltx"
    script.write_text(LARGE)
    arguments = ["check", str(script), "--models", "ltx-2.3", "--on", "rtx4090"]
    result = CliRunner().invoke(ltx, arguments, standalone_mode=False)
    assert "LTX093" in result.stderr
    assert result.return_value == 1
    assert CliRunner().invoke(ltx, ["check", str(script), "--on", "abacus"]).exit_code == 2
