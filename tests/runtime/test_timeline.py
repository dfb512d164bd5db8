"""Clips that start from a video, go on from one, or change a stretch of one."""

from __future__ import annotations

import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.latents import cells_of
from ltxdsl.runtime.sound import at_rate
from ltxdsl.runtime.values import Audio, VideoLatent

from .helpers import Runner, frames_of, picture


def test_a_clip_starts_as_the_video_and_all_of_it_is_denoised(run: Runner) -> None:
    video = run.picture(frames=17)
    empty = run.one(nodes.EmptyVideo(width=64, height=64, frames=33))
    started = run.one(nodes.Inplace(slot=0, strength=0.0), latent=empty, image=video)
    assert video.samples.abs().max() > 0
    assert torch.equal(started.samples[:, :, :3], video.samples)
    assert not started.samples[:, :, 3:].any()
    assert torch.equal(started.mask, torch.ones_like(empty.mask))


@pytest.mark.parametrize("fresh", [True, False])
def test_what_is_outside_of_a_retake_is_the_clips_and_held(run: Runner, fresh: bool) -> None:
    video = run.picture(frames=33)
    made = VideoLatent(torch.full_like(video.samples, 7.0), torch.ones(1, 1, 5, 1, 1))
    op = nodes.HoldAround(slots=(2, 4), fps=24.0, strength=0.8, fresh=fresh)
    held = run.one(op, latent=made, image=video)
    assert torch.equal(held.samples[:, :, [0, 1, 4]], video.samples[:, :, [0, 1, 4]])
    inside = video.samples[:, :, 2:4] if fresh else made.samples[:, :, 2:4]
    assert torch.equal(held.samples[:, :, 2:4], inside)
    assert held.mask.flatten().tolist() == pytest.approx([0, 0, 0.8, 0.8, 0])


def test_a_pass_changes_the_stretch_and_nothing_else(run: Runner) -> None:
    inputs, video = run.start(frames=33), run.picture(frames=33)
    op = nodes.HoldAround(slots=(2, 4), fps=24.0)
    latent = run.one(op, latent=inputs["latent"], image=video)
    sample = nodes.Sample(
        sampler="euler", sigmas=(1.0, 0.5, 0.0), seed=1, fps=24.0, cfg=(1.0, 1.0), audio_cfg=(1.0, 1.0)
    )
    made = run(sample, **(inputs | {"latent": latent}))["latent"]
    assert torch.equal(made.samples[:, :, [0, 1, 4]], video.samples[:, :, [0, 1, 4]])
    assert not torch.allclose(made.samples[:, :, 2:4], video.samples[:, :, 2:4], atol=0.1)


def test_joined_frames_and_sound(run: Runner) -> None:
    first, then = picture(32, 32, 1, 5), picture(32, 32, 2, 4)
    joined = run.one(nodes.JoinFrames(skip=2), before=frames_of(first), after=frames_of(then))
    assert torch.equal(joined.pixels, torch.cat([first, then[2:]]))
    mixed = run.one(nodes.JoinFrames(), before=frames_of(first.float() / 255), after=frames_of(then))
    assert torch.allclose(mixed.pixels[5:], then.float() / 255)
    loud, low = Audio(torch.ones(2, 1000), 1000), Audio(torch.full((2, 1000), 0.5), 1000)
    sound = run.one(nodes.JoinSound(first=0.4, seconds=1.0, skip=0.5), before=loud, after=low).samples[0]
    assert sound.tolist() == [1.0] * 400 + [0.5] * 500 + [0.0] * 100, "silence where a sound ends"
    silent = run.one(nodes.JoinSound(first=0.4, seconds=1.0), after=low).samples[0]
    assert silent.tolist() == [0.0] * 400 + [0.5] * 600


def test_sound_at_another_rate_keeps_its_pitch() -> None:
    time = torch.arange(16_000) / 16_000
    tone = torch.sin(2 * torch.pi * 440 * time).expand(2, -1)
    made = at_rate(Audio(tone, 16_000), 48_000)
    assert (made.rate, made.samples.shape[0]) == (48_000, 2)
    assert abs(made.samples.shape[1] - 48_000) < 100
    spectrum = torch.fft.rfft(made.samples[0]).abs()
    assert abs(int(spectrum.argmax()) * 48_000 / made.samples.shape[1] - 440) < 1.5


def test_sound_is_made_anew_in_a_stretch(run: Runner) -> None:
    sound = run.one(nodes.EmptyAudio(frames=33, fps=24.0))
    mask = run.one(nodes.MaskSound(anew=0.0, again=(3, 6)), audio=sound).mask.flatten()
    assert mask.nonzero().flatten().tolist() == [3, 4, 5]


def test_a_cell_is_made_anew_if_any_of_it_is_white() -> None:
    pixels = torch.zeros(10, 64, 96, 3)
    pixels[0, 5, 40] = 1.0  # the first frame, row 0, column 1
    pixels[9, 63, 95] = 1.0  # the last one: it goes on to the end
    cells = cells_of(pixels, torch.Size([1, 4, 4, 2, 3]))
    assert cells.shape == (1, 1, 4, 2, 3)
    assert [tuple(at) for at in cells[0, 0].nonzero().tolist()] == [(0, 0, 1), (2, 1, 2), (3, 1, 2)]
    grown = cells_of(pixels, torch.Size([1, 4, 4, 2, 3]), grow=9)
    assert grown[0, 0, 0].nonzero().tolist() == [[0, 0], [0, 1]], "column 40 - 9 lies in the first cell"
    assert torch.equal(cells_of(pixels, torch.Size([1, 4, 4, 2, 3]), inverted=True), torch.ones(1, 1, 4, 2, 3))


def test_a_pass_changes_what_the_mask_shows_and_nothing_else(run: Runner) -> None:
    inputs, video = run.start(frames=17), run.picture(frames=17)
    latent = run.one(nodes.Inplace(slot=0, strength=0.0), latent=inputs["latent"], image=video)
    mask = torch.zeros(1, 64, 64, 3)
    mask[:, 32:, 32:] = 1.0
    held = run.one(nodes.HoldOutside(), latent=latent, mask=frames_of(mask))
    sample = nodes.Sample(
        sampler="euler", sigmas=(1.0, 0.5, 0.0), seed=1, fps=24.0, cfg=(1.0, 1.0), audio_cfg=(1.0, 1.0)
    )
    made = run(sample, **(inputs | {"latent": held}))["latent"].samples
    assert torch.equal(made[..., 0, :], video.samples[..., 0, :])
    assert torch.equal(made[..., 1, 0], video.samples[..., 1, 0])
    assert not torch.allclose(made[..., 1, 1], video.samples[..., 1, 1], atol=0.1)
    again = VideoLatent(made + 1, torch.ones(1, 1, 3, 1, 1))
    later = run.one(nodes.HoldOutside(), latent=again, mask=frames_of(mask), image=video).samples
    assert torch.equal(later[..., 0, :], video.samples[..., 0, :])
    assert torch.equal(later[..., 1, 1], again.samples[..., 1, 1])
