"""The log-mel spectrogram against a sum over samples, and Slaney's scale against its published points."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ltxdsl.runtime import mel


def test_the_scale_is_slaneys() -> None:
    """Steps of 200/3 Hz up to 1 kHz; from there 27 steps to 6.4 kHz."""
    edges = mel.band_edges(mel.BANDS, mel.RATE)
    top = 15 + 27 * math.log(8) / math.log(6.4)
    for index, edge in enumerate(edges.tolist()):
        place = top * index / (mel.BANDS + 1)
        assert edge == pytest.approx(place * 200 / 3 if place < 15 else 1000 * 6.4 ** ((place - 15) / 27))


def test_bands_have_one_area() -> None:
    bands = mel.mel_bands(mel.BANDS, 4097, mel.RATE)
    assert (bands.sum(dim=1) * (mel.RATE / 2 / 4096)).numpy() == pytest.approx(1.0, abs=2e-3)
    assert (bands >= 0).all()


def test_one_spectrum_by_hand() -> None:
    """Frame 7 of two channels of noise, as a plain sum over its 1024 samples."""
    noise = np.random.default_rng(0).normal(0, 0.2, (2, 4000))
    got = mel.log_mel(torch.from_numpy(noise))
    assert got.shape == (2, 4000 // 160 + 1, 64)
    time = np.arange(1024)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * time / 1024)
    part = noise[:, 7 * 160 - 512 : 7 * 160 + 512] * window
    spectrum = np.abs(np.exp(-2j * np.pi * np.outer(np.arange(513), time) / 1024) @ part.T)
    expected = np.log(np.maximum(mel.mel_bands(64, 513, 16000).numpy() @ spectrum, 1e-5)).T
    assert got[:, 7].numpy() == pytest.approx(expected, abs=1e-3)


def test_silence_is_the_floor_and_a_tone_stands_in_its_band() -> None:
    assert mel.log_mel(torch.zeros(2, 1600)).numpy() == pytest.approx(math.log(1e-5))
    time = torch.arange(8000) / 16000
    for hertz in (300, 900, 1900):
        loud = mel.log_mel(torch.sin(2 * math.pi * hertz * time))[25]
        assert int(loud.argmax()) == int((mel.band_centres() - hertz).abs().argmin())


@pytest.mark.parametrize(("latents", "frames"), [(1, 1), (2, 5), (26, 101), (126, 501)])
def test_lengths(latents: int, frames: int) -> None:
    assert mel.latent_mel_frames(latents) == frames
    assert mel.mel_frames(16667) == 105
