"""The plan: order, residency, lifetimes, keys, estimates."""

from __future__ import annotations

import msgspec
import pytest

from ltxdsl import geometry
from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.cost import forward_flops
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.models import Architecture, ModelSet, load_model_set
from ltxdsl.source import Source

QUEEN = """
size 256x256
length 25f
prompt "a queen"
inplace "a.png" strength 0.7 crf 0
guide "b.png" @ end strength 0.5
pass 0.25x dev 6 er_sde linear_quadratic { cfg 3 }
upscale 2x distill 0.6 3 er_sde
upscale 2x distill 0.6 3 er_sde
"""


def planned(text: str, models: ModelSet, **options) -> Plan:
    compiled = compile(Source(text), models, Request(**options))
    assert compiled.ok, compiled.diagnostics
    return plan(compiled.graph, compiled.stages, models)


def keys(result: Plan, kernel: str) -> list[str]:
    return [s.key for s in result.steps if s.kernel == kernel]


def test_inputs_come_before_their_readers(models, in_pictures):
    made: set[str] = set()
    for step in planned(QUEEN, models).steps:
        assert set(step.inputs.values()) <= made
        made |= {f"{step.id}.{port}" for port in step.outputs}


def test_each_model_is_loaded_once_and_let_go_of(models, in_pictures):
    steps = planned(QUEEN, models).steps
    loads = [part for step in steps for part in step.loads]
    unloads = [part for step in steps for part in step.unloads]
    assert sorted(unloads) == sorted(loads)
    assert loads.count("transformer") == 1
    assert loads.count("text_encoder") == 1
    loaded: set[str] = set()
    for step in steps:
        loaded |= set(step.loads)
        assert set(step.parts) <= loaded
        loaded -= set(step.unloads)
    assert not loaded


def test_values_live_until_their_last_reader(models, in_pictures):
    alive: set[str] = set()
    for step in planned(QUEEN, models).steps:
        assert set(step.inputs.values()) <= alive
        alive |= {f"{step.id}.{port}" for port in step.outputs}
        alive -= set(step.frees)
    assert not alive


def test_stages_hold_the_numbers_of_the_spec(models, in_pictures):
    first, second, third = planned(QUEEN, models).stages
    assert [(s.width, s.height) for s in (first, second, third)] == [(64, 64), (128, 128), (256, 256)]
    assert first.latent == (4, 2, 2)
    assert (first.tokens, first.guide_tokens, first.audio_tokens) == (16, 4, geometry.audio_latents(25, 24))
    assert (first.calls, second.calls) == (12, 3)
    assert second.sigmas == (0.909375, 0.725, 0.421875, 0.0)
    assert second.models == ("dev", "distill 0.6")


def test_a_plan_is_data(models, in_pictures):
    result = planned(QUEEN, models)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Plan) == result


def test_keys_are_stable(models, in_pictures):
    assert planned(QUEEN, models) == planned(QUEEN, models)


def test_keys_know_what_a_change_touches(models, in_pictures):
    before = planned(QUEEN, models)
    last = planned(QUEEN.rstrip()[: -len("er_sde")] + "euler", models)
    assert keys(last, "encode_text") == keys(before, "encode_text")
    assert keys(last, "sample")[:2] == keys(before, "sample")[:2]
    assert keys(last, "sample")[2] != keys(before, "sample")[2]
    assert keys(last, "write_video") != keys(before, "write_video")
    seeded = planned(QUEEN, models, seed=7)
    assert set(keys(seeded, "sample")).isdisjoint(keys(before, "sample"))
    assert keys(seeded, "encode_frames") == keys(before, "encode_frames")


def test_keys_do_not_know_names(models, in_pictures):
    renamed = planned(QUEEN, models, output="other.mp4")
    assert keys(renamed, "write_video") == keys(planned(QUEEN, models), "write_video")
    assert keys(planned(QUEEN, models, output="other.mov"), "write_video") != keys(renamed, "write_video")


def test_keys_know_the_content_of_files(models, in_pictures, tmp_path):
    text = 'prompt "a"\nguide img @ end\npass distill 8'
    picture = tmp_path / "p.png"
    picture.write_bytes((in_pictures / "a.png").read_bytes())
    before = keys(planned(text, models, given={"img": str(picture)}), "read_image")
    assert before == keys(planned(text, models, given={"img": "a.png"}), "read_image")
    picture.write_bytes((in_pictures / "b.png").read_bytes())
    assert before != keys(planned(text, models, given={"img": str(picture)}), "read_image")


def test_keys_know_the_models(models, in_pictures):
    other = msgspec.structs.replace(models, recipe="another")
    assert keys(planned(QUEEN, other), "sample") != keys(planned(QUEEN, models), "sample")
    assert keys(planned(QUEEN, other), "read_image") == keys(planned(QUEEN, models), "read_image")


def test_flops_of_the_real_model_are_about_two_per_parameter_and_token():
    """13.1 B video parameters see each video token; attention comes on top."""
    tokens = 768 // 32 * (512 // 32) * 16
    flops = forward_flops(Architecture(), tokens, 126)
    dense = 2 * 13.12e9 * tokens
    assert dense < flops < 1.6 * dense


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("pass distill 8", 8),
        ("pass distill 8 { cfg 2 }", 16),
        ("pass distill 8 { cfg 2 for 2 then 1 }", 10),
        ("pass distill 8 heun", 15),
        ("pass distill 8 euler_cfg_pp", 16),
    ],
)
def test_model_calls(models, text: str, calls: int):
    compiled = compile(Source(f'prompt "a"\n{text}'), models)
    assert compiled.graph[compiled.stages[0].node].op.work().calls == calls


def test_faster_hardware_is_faster(models, in_pictures):
    real = load_model_set("ltx-2.3")
    compiled = compile(Source(QUEEN.replace("256x256", "768x512")), real)
    times = {h: plan(compiled.graph, compiled.stages, real, h).estimate.seconds for h in HARDWARE}
    assert times["h100"] < times["rtx4090"] < times["cpu"]


def test_models_leave_when_there_is_no_room_and_come_back():
    """On a card that holds one of transformer and text encoder in 8 bits, not both."""
    real = msgspec.structs.replace(load_model_set("ltx-2.3"), precision={"transformer": "q6_k", "text_encoder": "fp8"})
    text = 'size 512x512\nprompt "a"\npass 0.5x dev 8\nupscale 2x'
    compiled = compile(Source(text), real)
    for hardware in ("rtx4090", "h200"):
        loaded: set[str] = set()
        result = plan(compiled.graph, compiled.stages, real, hardware)
        for step in result.steps:
            assert loaded.isdisjoint(step.loads)
            loaded |= set(step.loads)
            assert set(step.parts) <= loaded
            assert sum(map(real.weight_bytes, loaded)) + step.estimate.bytes <= result.memory
            loaded -= set(step.unloads)
        assert not loaded
        assert result.peak_bytes <= result.memory


def test_a_plan_says_why(models, in_pictures):
    text = 'prompt "a queen"\nnegative "b"\npass 0.5x dev 4 ltxv\nupscale 2x { cfg 1 }\n'
    reasons = planned(text, models).reasons
    shared = next(r for r in reasons if r.by == "share_equal" and "a queen" in r.what)
    assert shared.what == 'encode "a queen" once instead of 2 times'
    assert (shared.saved.encodes, shared.saved.steps) == (1, 1)
    assert shared.saved.seconds > 0
    assert shared.saved.bytes == 4 * 96 * (256 + 64), "float32 states of 96 tokens for picture and sound"
    assert {"skip_unchanged", "drop_unneeded_inputs", "drop_dead"} <= {r.by for r in reasons}


def test_the_order_says_how_many_loads_it_saves(models):
    shots = "".join(f'prompt "{i}"\npass dev 4 ltxv\nsave "{i}.mp4"\n' for i in range(3))
    reason = next(r for r in planned(shots, models).reasons if r.by == "order_by_residency")
    assert reason.saved.loads >= 8
