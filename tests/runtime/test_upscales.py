"""What upscales do beside the latent upsamplers, against formulas of their own and diffusers' helpers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from diffusers.pipelines.ltx2.pipeline_ltx2_latent_upsample import LTX2LatentUpsamplePipeline

from ltxdsl.ops import nodes
from ltxdsl.runtime.latent_looks import adain, compressed
from ltxdsl.runtime.pixels import resized
from ltxdsl.runtime.values import unmasked

from .helpers import Runner, frames_of, picture, relative_error


def latents(seed: int, *shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    made = torch.randn(1, 4, *shape, generator=generator)
    return made * torch.tensor([0.5, 1, 2, 4]).view(1, 4, 1, 1, 1) + seed


def moments(latent: torch.Tensor, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    array = latent.double().numpy()
    return array.mean(axis=axes), array.std(axis=axes, ddof=1)


@pytest.mark.parametrize(("by_frame", "axes"), [(False, (2, 3, 4)), (True, (3, 4))])
def test_adain_gives_the_moments_of_the_reference(by_frame: bool, axes: tuple[int, ...]) -> None:
    large, small = latents(3, 3, 8, 6), latents(7, 3, 4, 3)
    matched = adain(large, small, 1.0, by_frame)
    for ours, theirs in zip(moments(matched, axes), moments(small, axes), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    mixed = adain(large, small, 0.25, by_frame)
    assert relative_error(mixed, 0.75 * large + 0.25 * matched) < 1e-6
    assert torch.equal(adain(large, small, 0.0, by_frame), large)
    assert not torch.allclose(adain(large, small, 1.0, not by_frame), matched)


@pytest.mark.parametrize("factor", [0.3, 1.0])
def test_adain_is_diffusers(factor: float) -> None:
    large, small = latents(1, 3, 8, 6), latents(2, 3, 4, 3)
    theirs = LTX2LatentUpsamplePipeline.adain_filter_latent(None, large, small, factor)
    assert relative_error(adain(large, small, factor), theirs) < 1e-6


def test_adain_on_any_scale_of_the_channels_is_the_same() -> None:
    """So that the latents need not be brought to the VAE's scale, on which diffusers does it."""
    large, small = latents(1, 3, 8, 6), latents(2, 3, 4, 3)
    scale, shift = torch.tensor([0.1, 3, 7, 2]).view(1, 4, 1, 1, 1), torch.tensor([5, -1, 0, 2]).view(1, 4, 1, 1, 1)
    outside = adain(large, small, 0.6) * scale + shift
    assert relative_error(adain(large * scale + shift, small * scale + shift, 0.6), outside) < 1e-5


def test_a_channel_without_spread_takes_the_mean_and_stays_finite() -> None:
    flat, small = torch.full((1, 4, 2, 4, 4), 3.0), latents(2, 2, 2, 2)
    matched = adain(flat, small, 1.0)
    assert torch.isfinite(matched).all()
    assert moments(matched, (2, 3, 4))[0] == pytest.approx(moments(small, (2, 3, 4))[0], rel=1e-4)


def test_the_tone_curve() -> None:
    """Numbers by hand for a ratio of 0.6, and diffusers' function over a range."""
    values = torch.tensor([0.5, 1.0, 2.0, 4.0])
    by_hand = [x * (1 - 0.8 * 0.45 / (1 + math.exp(-4 * 0.45 * (x - 1)))) for x in values.tolist()]
    assert by_hand == pytest.approx([0.44797, 0.82, 1.38213, 2.56647], abs=1e-5)
    assert compressed(values, 0.6).tolist() == pytest.approx(by_hand, rel=1e-6)
    assert compressed(-values, 0.6).tolist() == pytest.approx([-x for x in by_hand], rel=1e-6)
    many = torch.linspace(-6, 6, 241)
    for ratio in (0.0, 0.3, 1.0):
        theirs = LTX2LatentUpsamplePipeline.tone_map_latents(None, many, ratio)
        assert relative_error(compressed(many, ratio), theirs) < 1e-6
    assert torch.equal(compressed(many, 0.0), many)


def test_the_ops_work_on_the_vaes_scale_and_keep_masks(run: Runner) -> None:
    statistics = run.session.part("latent_statistics")
    latent = run.picture(frames=9)
    held = nodes.Inplace(slot=0, strength=0.7)
    latent = run.one(held, latent=latent, image=run.picture(seed=2))
    toned = run.one(nodes.ToneLatent(ratio=0.8), latent=latent)
    raw = statistics.denormalised(latent.samples)
    theirs = LTX2LatentUpsamplePipeline.tone_map_latents(None, raw, 0.8)
    assert relative_error(statistics.denormalised(toned.samples), theirs) < 1e-5
    assert torch.equal(toned.mask, latent.mask)
    other = run.picture(width=32, height=32, seed=5, frames=9)
    matched = run.one(nodes.AdainLatent(factor=0.5), latent=latent, reference=other)
    theirs = LTX2LatentUpsamplePipeline.adain_filter_latent(None, raw, statistics.denormalised(other.samples), 0.5)
    assert torch.equal(matched.mask, latent.mask)
    assert relative_error(statistics.denormalised(matched.samples), theirs) < 1e-4


def lanczos(signal: np.ndarray, size: int) -> np.ndarray:
    """A line made larger by the windowed sinc of three lobes, its weights summing to 1 inside the line."""
    made = []
    for index in range(size):
        centre = (index + 0.5) * len(signal) / size - 0.5
        places = np.arange(len(signal)) - centre
        weights = np.where(np.abs(places) < 3, np.sinc(places) * np.sinc(places / 3), 0)
        made.append((weights * signal).sum() / weights.sum())
    return np.array(made)


def test_lanczos_is_the_windowed_sinc() -> None:
    pixels = picture(12, 10, frames=2).float() / 255
    large = resized(pixels, 30, 25, "lanczos").numpy()
    assert large.shape == (2, 25, 30, 3)
    rows = np.apply_along_axis(lanczos, 1, pixels.double().numpy(), 25)
    assert large == pytest.approx(np.apply_along_axis(lanczos, 2, rows, 30), abs=1e-5)


def test_area_averages_and_nearest_repeats() -> None:
    pixels = picture(8, 8).float() / 255
    small = resized(pixels, 4, 2, "area").numpy()
    assert small == pytest.approx(pixels.view(1, 2, 4, 4, 2, 3).numpy().mean(axis=(2, 4)), abs=1e-6)
    doubled = resized(pixels, 16, 16, "nearest-exact")
    assert torch.equal(doubled, pixels.repeat_interleave(2, 1).repeat_interleave(2, 2))


def tent(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - abs(x))


def keys(x: np.ndarray, a: float = -0.75) -> np.ndarray:
    """Keys' cubic kernel with torch's slope."""
    x = abs(x)
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


@pytest.mark.parametrize(("method", "kernel"), [("bilinear", tent), ("bicubic", keys)])
def test_linear_and_cubic_by_their_kernels(method: str, kernel) -> None:
    line = torch.rand(16, generator=torch.Generator().manual_seed(1))
    made = resized(line.view(1, 1, 16, 1).expand(1, 4, 16, 3), 40, 4, method)[0, 0, :, 0]
    places = (np.arange(40) + 0.5) * 16 / 40 - 0.5
    whole = np.pad(line.double().numpy(), 2, mode="edge")
    expected = [(kernel(np.arange(-2, 18) - place) * whole).sum() for place in places]
    assert made.numpy() == pytest.approx(expected, abs=1e-5)


def test_a_clip_is_encoded_as_frames_at_its_start(run: Runner) -> None:
    pixels = frames_of(picture(64, 64, frames=9))
    ours = run.one(nodes.EncodeClip(frames=9), image=pixels)
    assert torch.equal(ours.samples, run.one(nodes.EncodeFrames(), image=pixels).samples)
    assert torch.equal(ours.mask, unmasked(ours.samples).mask)
