"""The computed vocoder: silence is silent, tones of the grid come back with their pitch and loudness, at 48 kHz."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from ltxdsl.models import ModelSet
from ltxdsl.runtime.loading import load_vocoder
from ltxdsl.runtime.mel import SILENCE, log_mel
from ltxdsl.runtime.tiny.vocoder import tones, vocoder

RATE = 16000
PITCHES = (300, 400, 500, 700, 900, 1200)


@pytest.fixture(scope="module")
def voice() -> Any:
    return vocoder().eval()


def tone(hertz: float, loud: float = 0.4) -> torch.Tensor:
    return loud * torch.sin(2 * math.pi * hertz * torch.arange(RATE) / RATE)


@torch.no_grad()
def heard(voice: Any, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return voice(log_mel(torch.stack([left, right]))[None])[0]


def amplitudes(samples: torch.Tensor) -> torch.Tensor:
    """Of sines of whole Hz, in the middle half second."""
    middle = samples[12000:36000]
    return 2 * (torch.fft.rfft(middle * torch.hann_window(24000)).abs() / 12000)


@torch.no_grad()
def test_silence_is_exact(voice: Any) -> None:
    sound = voice(torch.full((1, 2, 69, 64), SILENCE))
    assert sound.shape == (1, 2, 69 * 480)
    assert (sound == 0).all()


@pytest.mark.parametrize("hertz", PITCHES)
def test_a_tone_keeps_pitch_and_loudness_and_its_channel(voice: Any, hertz: int) -> None:
    left, right = heard(voice, tone(hertz, 0.4), torch.zeros(RATE))
    assert (right == 0).all()
    spectrum = amplitudes(left)
    assert int(spectrum.argmax()) * 2 == hertz
    assert spectrum.max().item() == pytest.approx(0.4, rel=0.15)
    near = spectrum[hertz // 2 - 30 : hertz // 2 + 30].square().sum() / spectrum.square().sum()
    assert near > 0.98


def test_two_tones_are_two_tones(voice: Any) -> None:
    spectrum = amplitudes(heard(voice, tone(300, 0.2) + tone(900, 0.2), torch.zeros(RATE))[0])
    others = spectrum.clone()
    for hertz in (300, 900):
        assert spectrum[hertz // 2].item() == pytest.approx(0.2, rel=0.2)
        others[hertz // 2 - 10 : hertz // 2 + 10] = 0
    assert others.max() < 0.03


def test_other_pitches_go_to_the_grid(voice: Any) -> None:
    assert set(PITCHES) < {int(one) for one in tones()}
    assert int(amplitudes(heard(voice, tone(220), tone(220))[0]).argmax()) * 2 == 200


def test_it_is_what_the_bundle_has(voice: Any, models: ModelSet) -> None:
    written = load_vocoder(models.path("vocoder"), torch.float32)
    mel = log_mel(torch.stack([tone(500), tone(700)]))[None]
    with torch.no_grad():
        assert torch.equal(written(mel), voice(mel))
