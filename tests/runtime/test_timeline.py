"""A clip that starts from a video."""

from __future__ import annotations

import torch

from ltxdsl.ops import nodes

from .helpers import Runner


def test_a_clip_starts_as_the_video_and_all_of_it_is_denoised(run: Runner) -> None:
    video = run.picture(frames=17)
    empty = run.one(nodes.EmptyVideo(width=64, height=64, frames=33))
    started = run.one(nodes.Inplace(slot=0, strength=0.0), latent=empty, image=video)
    assert video.samples.abs().max() > 0
    assert torch.equal(started.samples[:, :, :3], video.samples)
    assert not started.samples[:, :, 3:].any()
    assert torch.equal(started.mask, torch.ones_like(empty.mask))
