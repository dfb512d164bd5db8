"""Costs: known totals, hand formulas, and that more never costs less."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltxdsl.compiler import cost
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.memory import fitted, lora_bytes
from ltxdsl.compiler.plan import Estimate
from ltxdsl.models import Architecture, load_model_set
from ltxdsl.ops.facts import Facts, Work

REAL = load_model_set("ltx-2.3")
MODEL = REAL.architecture
CARD = HARDWARE["rtx4090"]


@pytest.mark.parametrize(
    ("part", "count"),
    [
        # Counted over the tensors of the published checkpoint, and of Gemma 3 12B.
        ("transformer", 18_988_838_144),
        ("connectors", 1_612_546_304 + 403_620_096 + 1_156_061_184),
        ("video_vae", 726_106_225),
        ("audio_vae", 53_248_402 + 129_085_032),
        ("text_encoder", 12_187_325_040),
    ],
)
def test_dimensions_give_the_known_number_of_parameters(part: str, count: int):
    assert MODEL.parameters(part) == count


def test_the_upsampler_has_about_the_known_number():
    assert MODEL.parameters("upsampler 2x") == pytest.approx(497.9e6, rel=1e-3)


def test_the_two_halves_of_the_vae():
    encoder = sum(c.parameters for c in MODEL.video_vae.encoder(9, 256, 256))
    decoder = sum(c.parameters for c in MODEL.video_vae.decoder(2, 8, 8))
    assert (encoder, decoder) == (pytest.approx(318.9e6, rel=1e-3), pytest.approx(407.2e6, rel=1e-3))


def test_the_vae_ends_at_its_grid():
    last = list(MODEL.video_vae.decoder(16, 16, 24))[-1]
    assert last.cells == (121, 16 * 32 // 4, 24 * 32 // 4)
    assert last.out == 3 * 4 * 4
    assert list(MODEL.video_vae.encoder(121, 768, 512))[-1].cells == (16, 16, 24)


def layer_by_hand(video: int, audio: int) -> float:
    """Every product of a layer of the real transformer, written out."""
    own = 2 * video * 4 * 4096**2 + 2 * 2 * video * video * 4096
    own += 2 * audio * 4 * 2048**2 + 2 * 2 * audio * audio * 2048
    text = 2 * video * 2 * 4096**2 + 2 * 1024 * 2 * 4096**2 + 4 * video * 1024 * 4096
    text += 2 * audio * 2 * 2048**2 + 2 * 1024 * 2 * 2048**2 + 4 * audio * 1024 * 2048
    to_video = 2 * video * 2 * 4096 * 2048 + 2 * audio * 2 * 2048**2 + 4 * video * audio * 2048
    to_audio = 2 * audio * 2 * 2048**2 + 2 * video * 2 * 4096 * 2048 + 4 * video * audio * 2048
    gates = 32 * 2 * (3 * video * 4096 + 3 * audio * 2048)
    forward = 2 * 2 * 4 * (video * 4096**2 + audio * 2048**2)
    return float(own + text + to_video + to_audio + gates + forward)


@pytest.mark.parametrize(("video", "audio"), [(6144, 126), (32640, 126), (1, 1)])
def test_flops_of_a_call_are_those_of_its_layers(video: int, audio: int):
    rest = cost.forward_flops(MODEL, video, audio) - 48 * layer_by_hand(video, audio)
    assert 0 < rest < 2e-3 * 48 * layer_by_hand(video, audio) + 2e9  # edges and one row of modulations


def test_the_attention_of_a_clip_grows_with_its_square():
    few, many = (cost.forward_flops(MODEL, n, 126) for n in (60_000, 120_000))
    linear = 2 * few
    assert many - linear == pytest.approx(48 * 4 * 4096 * 2 * 60_000**2, rel=0.01)


def test_a_lora_of_the_distilled_rank_has_the_known_bound():
    """Rank 384 on all products of the layers: 4.04 B parameters."""
    bytes_of_it = lora_bytes(REAL, ["distill"])
    kept = 48 * MODEL.transformer.layer_parameters * 2
    assert (bytes_of_it - kept) / 2 == pytest.approx(4.04e9, rel=0.01)


def test_weights_take_what_their_precision_says():
    fp8 = msgspec.structs.replace(REAL, precision={"transformer": "q8_0"})
    assert REAL.weight_bytes("transformer") == 2 * MODEL.parameters("transformer")
    assert fp8.weight_bytes("transformer") == MODEL.parameters("transformer") * 34 / 32
    assert fp8.weight_bytes("text_encoder") == REAL.weight_bytes("text_encoder")


SIDES = st.integers(2, 64).map(lambda n: 32 * n)
LENGTHS = st.integers(0, 40).map(lambda n: 8 * n + 1)
ROWS = st.lists(st.integers(1, 4), min_size=1, max_size=12).map(tuple)


def pass_cost(width: int, height: int, frames: int, rows: tuple[int, ...], guides: int = 0) -> Estimate:
    clip = Facts(width=width, height=height, frames=frames, guide_tokens=guides)
    return fitted(cost.sampling(Work(rows=rows), clip, frames, REAL, CARD), ("transformer",), REAL, CARD)


def no_less(more: Estimate, less: Estimate) -> bool:
    return more.seconds >= less.seconds and more.flops >= less.flops and more.bytes >= less.bytes


@settings(deadline=None)
@given(SIDES, SIDES, LENGTHS, ROWS, st.integers(0, 4000))
def test_more_of_anything_never_costs_a_pass_less(width, height, frames, rows, guides):
    base = pass_cost(width, height, frames, rows)
    for more in (
        pass_cost(width + 32, height, frames, rows),
        pass_cost(width, height + 32, frames, rows),
        pass_cost(width, height, frames + 8, rows),
        pass_cost(width, height, frames, (*rows, 1)),
        pass_cost(width, height, frames, (rows[0] + 1, *rows[1:])),
        pass_cost(width, height, frames, rows, guides),
    ):
        assert no_less(more, base)


@settings(deadline=None)
@given(SIDES, SIDES, LENGTHS)
def test_more_pixels_never_cost_the_vae_less(width, height, frames):
    def both(width: int, height: int, frames: int) -> tuple[Estimate, Estimate]:
        clip = Facts(width=width, height=height, frames=frames)
        return cost.decoding(clip, cost.Tiles(), MODEL, CARD), cost.encoding(clip, MODEL, CARD)

    base = both(width, height, frames)
    for grown in (both(width + 32, height, frames), both(width, height + 32, frames), both(width, height, frames + 8)):
        assert all(no_less(more, less) for more, less in zip(grown, base, strict=True))


@settings(deadline=None)
@given(SIDES, SIDES, LENGTHS, st.sampled_from([256, 512, 768]), st.sampled_from([0, 32, 64, 128]))
def test_tiles_take_less_memory_and_more_work(width, height, frames, tile, overlap):
    clip = Facts(width=width, height=height, frames=frames)
    whole = cost.decoding(clip, cost.Tiles(), MODEL, CARD)
    tiled = cost.decoding(clip, cost.Tiles(tile, overlap), MODEL, CARD)
    assert tiled.flops >= whole.flops
    picture = 3 * clip.pixels * 2
    assert tiled.bytes - picture <= whole.bytes
    wider = cost.decoding(clip, cost.Tiles(tile, overlap + 32), MODEL, CARD)
    assert wider.flops >= tiled.flops


def test_what_does_not_fit_is_streamed_and_takes_the_time_of_the_bus():
    clip = Facts(width=768, height=512, frames=121)
    alone = cost.sampling(Work(rows=(1,) * 8), clip, 126, REAL, CARD)
    placed = fitted(alone, ("transformer",), REAL, CARD)
    room = CARD.memory - CARD.reserved - alone.bytes
    layer = 2 * MODEL.parameters("transformer") / 48
    assert placed.missing == 0
    assert placed.weights + 2 * layer == pytest.approx(room)
    assert placed.weights + placed.streamed == pytest.approx(2 * MODEL.parameters("transformer"))
    assert placed.seconds == pytest.approx(max(alone.seconds, 8 * placed.streamed / CARD.bus))


def test_a_large_machine_streams_nothing():
    clip = Facts(width=768, height=512, frames=121)
    alone = cost.sampling(Work(rows=(1,) * 8), clip, 126, REAL, HARDWARE["h100"])
    placed = fitted(alone, ("transformer",), REAL, HARDWARE["h100"])
    assert (placed.streamed, placed.missing, placed.seconds) == (0, 0, alone.seconds)


def test_what_is_missing_makes_it_fit():
    """A machine with as much more memory as is missing holds it; a little less does not."""
    clip = Facts(width=3840, height=2176, frames=241)
    alone = cost.decoding(clip, cost.Tiles(), MODEL, CARD)
    missing = fitted(alone, ("video_vae",), REAL, CARD).missing
    assert missing > 0
    larger = msgspec.structs.replace(CARD, memory=CARD.memory + missing)
    assert fitted(alone, ("video_vae",), REAL, larger).missing == 0
    smaller = msgspec.structs.replace(CARD, memory=CARD.memory + missing - 1e6)
    assert fitted(alone, ("video_vae",), REAL, smaller).missing > 0


@pytest.mark.parametrize("machine", HARDWARE.values(), ids=HARDWARE)
def test_hardware_is_plausible(machine):
    assert machine.reserved < machine.memory <= machine.main + machine.memory
    assert 1e10 < machine.flops < 2e15
    assert machine.fp8_flops == 0 or machine.fp8_flops > machine.flops


def test_an_architecture_reads_its_own_names_only():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"transformer": {"depth": 4}}, Architecture)
