"""Where guides stand, how they are masked, and how much they are attended to."""

from __future__ import annotations

import math

import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Relay
from ltxdsl.runtime.conditioning import (
    denoise_masks,
    guide_bias,
    guide_coords,
    guide_slots,
    guide_spans,
    placed_frame,
    video_coords,
)
from ltxdsl.runtime.relay import audio_relay_bias, video_relay_bias
from ltxdsl.runtime.values import AudioLatent, Frames, Guide, Text, VideoLatent, unmasked
from ltxdsl.sampling.relay import cost_table

from .helpers import FPS, Runner, frames_of, pass_op, picture

CLIP = torch.Size((1, 64, 13, 4, 6))


def latent_of(frames: int, rows: int = 2, columns: int = 3) -> torch.Tensor:
    return torch.zeros(1, 64, frames, rows, columns)


def guide_at(run: Runner, frame: int, count: int) -> Guide:
    """A guide video of `count` frames asked for at a pixel frame, as the compiler writes it."""
    video = frames_of(picture(32, 32, frames=count))
    encoded = run.one(nodes.EncodeFrames(start=frame), image=video)
    clip = unmasked(latent_of(13, 1, 1))
    return run.one(nodes.AppendGuide(frame=frame), latent=clip, guide=encoded).guides[0]


# guides.md §12: what ComfyUI's LTXVAddGuide makes of frame_idx and a number of images, on 97 frames.
@pytest.mark.parametrize(
    ("frame", "count", "spans"),
    [
        (0, 1, [(0, 1)]),
        (96, 1, [(96, 97)]),
        (40, 1, [(40, 41)]),
        (5, 5, [(5, 6)]),
        (0, 16, [(0, 1), (1, 9)]),
        (0, 20, [(0, 1), (1, 9), (9, 17)]),
        (40, 16, [(33, 41), (41, 49)]),
        (40, 17, [(33, 41), (41, 49)]),
        (41, 9, [(41, 49)]),
        (44, 17, [(41, 49), (49, 57)]),
        (8, 9, [(1, 9)]),
        (9, 9, [(9, 17)]),
        (81, 16, [(81, 89), (89, 97)]),
    ],
)
def test_guides_stand_where_comfyui_puts_them(
    run: Runner, frame: int, count: int, spans: list[tuple[int, int]]
) -> None:
    assert guide_spans(guide_at(run, frame, count)) == spans


# The latent guides of LTXVAddLatentGuide: slots before the clip.
@pytest.mark.parametrize(
    ("slot", "latents", "spans"),
    [(-1, 1, [(-8, -7)]), (-3, 3, [(-24, -16), (-16, -8), (-8, 0)])],
)
def test_guides_before_the_clip(slot: int, latents: int, spans: list[tuple[int, int]]) -> None:
    frame = placed_frame(8 * slot, latents, whole=False)
    assert guide_spans(Guide(latent_of(latents), frame)) == spans


def test_coordinates_are_seconds_and_pixels() -> None:
    coords = guide_coords(Guide(latent_of(2, 4, 6), 33, whole=True), CLIP, FPS)
    assert coords.shape == (1, 3, 48, 2)
    assert torch.allclose(coords[0, 0, 0] * FPS, torch.tensor([33.0, 41.0]))
    assert torch.allclose(coords[0, 0, -1] * FPS, torch.tensor([41.0, 49.0]))
    assert coords[0, 1, -1].tolist() == [96.0, 128.0]
    assert coords[0, 2, -1].tolist() == [160.0, 192.0]


def test_a_smaller_guide_is_spread_over_the_clip() -> None:
    coords = guide_coords(Guide(latent_of(1, 2, 3), 0), CLIP, FPS)
    assert coords[0, 1, :, :].unique(dim=0).tolist() == [[0.0, 64.0], [64.0, 128.0]]
    assert coords[0, 2, :3].tolist() == [[0.0, 64.0], [64.0, 128.0], [128.0, 192.0]]


def test_a_guide_over_the_whole_clip_has_its_coordinates(run: Runner) -> None:
    rope = run.session.part("transformer").rope
    clip = unmasked(latent_of(4))
    guided = VideoLatent(clip.samples, clip.mask, (Guide(latent_of(4), 0),))
    coords = video_coords(rope, guided, FPS)
    assert torch.equal(coords[:, :, :24], coords[:, :, 24:])


@pytest.mark.parametrize(("strength", "mask"), [(1.0, 0.0), (0.75, 0.25), (0.0, 1.0), (1.5, 0.0)])
def test_strength_sets_the_mask(strength: float, mask: float) -> None:
    latent = unmasked(latent_of(2))
    guided = VideoLatent(latent.samples, latent.mask, (Guide(latent_of(1), 0, strength),))
    clip, sound, guide = denoise_masks(guided, AudioLatent(torch.zeros(1, 2, 5, 16)), keep_audio=False)
    assert (clip == 1).all()
    assert (sound == 1).all()
    assert (guide == mask).all()


def test_attention_is_a_bias_between_clip_and_guide_only() -> None:
    latent = unmasked(latent_of(1))
    guides = (Guide(latent_of(1), 0, attention=0.5), Guide(latent_of(1), 8, attention=2.0))
    bias = guide_bias(VideoLatent(latent.samples, latent.mask, guides))
    assert bias is not None
    assert bias[0, 6].item() == pytest.approx(math.log(0.5))
    assert bias[6, 0].item() == pytest.approx(-0.6931, abs=1e-4)
    assert bias[0, 12].item() == pytest.approx(0.6931, abs=1e-4)
    assert not bias[:6, :6].any()
    assert not bias[6:, 6:].any()
    assert guide_bias(VideoLatent(latent.samples, latent.mask, (Guide(latent_of(1), 0),))) is None


def test_attention_acts(run: Runner) -> None:
    inputs = run.start()
    results = []
    for attention in (1.0, 0.9, 0.5, 0.0):
        op = nodes.AppendGuide(frame=16, attention=attention)
        inputs["latent"] = run.one(op, latent=run.start()["latent"], guide=run.picture())
        results.append(run(pass_op(1), **inputs)["latent"].samples)
    distances = [(result - results[0]).abs().max().item() for result in results[1:]]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_a_smaller_guide_runs(run: Runner) -> None:
    inputs = run.start(128, 64)
    inputs["latent"] = run.one(nodes.AppendGuide(frame=0), latent=inputs["latent"], guide=run.picture(64, 32))
    assert run(pass_op(1), **inputs)["latent"].samples.isfinite().all()


def test_guide_slots() -> None:
    assert guide_slots(Guide(latent_of(1), -8), 4) == [None]
    assert guide_slots(Guide(latent_of(1), 24), 4) == [3]
    assert guide_slots(Guide(latent_of(2), 17, whole=True), 4) == [3, None]
    assert guide_slots(Guide(latent_of(3), 0), 4) == [0, 1, 2]


def test_relay_bias_has_the_costs_at_the_keys_of_its_locals() -> None:
    latent = unmasked(latent_of(4))
    guided = VideoLatent(latent.samples, latent.mask, (Guide(latent_of(1), -8), Guide(latent_of(1), 24)))
    text = Text(torch.zeros(1, 16, 8), torch.zeros(1, 16, 4), ((3, 5), (5, 9)))
    relay = Relay(lengths=(2, 2), epsilon=0.1)
    bias = video_relay_bias(guided, text, relay)
    costs = cost_table([0, 1, 2, 3], (2, 2), 0.1)
    assert bias.shape == (24 + 6 + 6, 16)
    assert not bias[:, :3].any()
    assert not bias[:, 9:].any()
    for token, frame in [(0, 0), (5, 0), (6, 1), (23, 3), (30, 3)]:
        assert bias[token, 3:9].tolist() == pytest.approx([-costs[frame][0]] * 2 + [-costs[frame][1]] * 4)
    assert not bias[24:30].any()
    sound = audio_relay_bias(10, 4, text, relay)
    assert sound[5, 3].item() == pytest.approx(-cost_table([2.0], (2, 2), 0.1)[0][0])


def test_a_relayed_prompt_changes_picture_and_sound(run: Runner) -> None:
    inputs = run.start(frames=25)
    inputs["positive"] = run.one(nodes.EncodeText(text="a kitchen", locals=("a man sits", "a dog runs")))
    plain = run(pass_op(2), **inputs)
    relayed = run(pass_op(2, relay=Relay(lengths=(2, 2))), **inputs)
    assert not torch.equal(plain["latent"].samples, relayed["latent"].samples)
    assert not torch.equal(plain["audio"].samples, relayed["audio"].samples)


def test_ranges_are_the_tokens_of_the_locals(run: Runner) -> None:
    text = run.one(nodes.EncodeText(text="a kitchen", locals=("a man sits", "a dog")))
    tokenizer = run.session.part("text_encoder").tokenizer
    ids = tokenizer("a kitchen a man sits a dog").input_ids
    words = [tokenizer.decode(ids[start:end]).strip() for start, end in text.ranges]
    assert words == ["a man sits", "a dog"]
    whole = run.one(nodes.EncodeText(text="a kitchen a man sits a dog"))
    assert torch.equal(whole.video, text.video)


def test_frames_later_than_the_first_are_encoded_whole(run: Runner) -> None:
    """At a later start the first latent covers 8 frames, so a change in any of them shows in it."""
    video = picture(32, 32, frames=17)
    other = video.clone()
    other[7] = 255 - other[7]
    late = [run.one(nodes.EncodeFrames(start=9), image=Frames(v)) for v in (video, other)]
    assert late[0].whole
    assert late[0].samples.shape[2] == 2
    assert not torch.equal(late[0].samples[:, :, 0], late[1].samples[:, :, 0])
    early = [run.one(nodes.EncodeFrames(), image=Frames(v)) for v in (video, other)]
    assert not early[0].whole
    assert early[0].samples.shape[2] == 3
    assert torch.equal(early[0].samples[:, :, 0], early[1].samples[:, :, 0])


@pytest.mark.parametrize("factor", [1, 2])
def test_a_control_runs_at_its_share_of_the_size(run: Runner, factor: int) -> None:
    """A cell j of a control f times smaller covers the pixels [32fj, 32f(j + 1)), as ComfyUI spreads it."""
    video = frames_of(picture(128 // factor, 64 // factor, frames=9))
    encoded = run.one(nodes.EncodeFrames(), image=video)
    clip = run.one(nodes.EmptyVideo(width=128, height=64, frames=9))
    guided = run.one(nodes.AppendGuide(control=factor), latent=clip, guide=encoded)
    coords = guide_coords(guided.guides[0], guided.samples.shape, FPS)
    rows, columns, step = 2 // factor, 4 // factor, 32.0 * factor
    expected = [
        ([t0 / FPS, t1 / FPS], [step * y, step * (y + 1)], [step * x, step * (x + 1)])
        for t0, t1 in ((0, 1), (1, 9))
        for y in range(rows)
        for x in range(columns)
    ]
    assert torch.allclose(coords[0].permute(1, 0, 2), torch.tensor(expected))
