"""Sound into a clip: reading, ambience, encoding, masks, and a pass that keeps it."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.sound import pink_noise, read_sound
from ltxdsl.runtime.values import Audio

from .helpers import FPS, Runner, pass_op

HERTZ = 400


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """One second of a tone at half of full scale, mono, 48 kHz."""
    time = np.arange(48000) / 48000
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes((0.5 * np.sin(2 * math.pi * HERTZ * time) * 32767).astype("<i2").tobytes())
    return path


def test_a_tone_is_read_from_its_middle_on_both_sides(tone: Path) -> None:
    sound = read_sound(tone, start=0.25, seconds=0.5)
    assert sound.samples.shape == (2, 8000)
    time = 0.25 + torch.arange(8000) / 16000
    expected = 0.5 * torch.sin(2 * math.pi * HERTZ * time)
    for side in sound.samples:
        assert (side - expected).abs().max() < 0.01


def test_silence_follows_and_decibels_scale(tone: Path, run: Runner) -> None:
    samples = run.one(nodes.ReadSound(path=str(tone), seconds=2.0, volume=-6)).samples
    assert samples.shape == (2, 32000)
    assert samples[:, 16200:].abs().max() == 0
    assert samples[0, 4000:12000].abs().max() == pytest.approx(0.5 / 10**0.3, rel=0.02)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("not sound")
    for name in ("notes.wav", "missing.wav"):
        with pytest.raises(MediaError):
            read_sound(tmp_path / name, 0, 1)


def test_ambience_is_pink_at_its_level() -> None:
    """Every octave has the same power."""
    noise = pink_noise(1 << 17, 0.02)
    assert noise.square().mean(dim=1).sqrt().numpy() == pytest.approx(0.02, rel=1e-3)
    power = torch.fft.rfft(noise).abs().square().sum(dim=0)
    octaves = [float(power[2**k : 2 ** (k + 1)].sum()) for k in range(9, 15)]
    assert max(octaves) / min(octaves) < 1.3


@pytest.mark.parametrize(("frames", "latents"), [(9, 9), (25, 26), (97, 101)])
def test_an_encoded_sound_is_as_long_as_an_empty_one(frames: int, latents: int, run: Runner) -> None:
    sound = Audio(pink_noise(16000, 0.1), 16000)
    encoded = run.one(nodes.EncodeAudio(frames=frames, fps=FPS), audio=sound).samples
    assert encoded.shape == run.one(nodes.EmptyAudio(frames=frames, fps=FPS)).samples.shape
    assert encoded.shape[2] == latents


def test_encoding_is_undone_by_decoding(run: Runner) -> None:
    """Normalised by feature: the VAE's own latent is mean + deviation times ours."""
    sound = Audio(pink_noise(16000, 0.1), 16000)
    encoded = run.one(nodes.EncodeAudio(frames=9, fps=FPS), audio=sound).samples
    vae = run.session.part("audio_vae")
    from ltxdsl.runtime.mel import log_mel

    mel = log_mel(sound.samples)[None, :, :33]
    raw = vae.encode(mel).latent_dist.mode()
    mean, std = (values.view(1, raw.shape[1], 1, raw.shape[3]) for values in (vae.latents_mean, vae.latents_std))
    torch.testing.assert_close(encoded * std + mean, raw, rtol=1e-4, atol=1e-4)


def test_the_kept_stretch_survives_a_pass_and_the_rest_does_not(run: Runner) -> None:
    start = run.start(frames=9)
    sound = run.one(nodes.EncodeAudio(frames=9, fps=FPS), audio=Audio(pink_noise(16000, 0.1), 16000))
    masked = run.one(nodes.MaskSound(kept=(2, 5)), audio=sound)
    out = run(pass_op(2), **{**start, "audio": masked})["audio"].samples
    assert torch.equal(out[:, :, 2:5], sound.samples[:, :, 2:5])
    changed = (out - sound.samples).abs().amax(dim=(0, 1, 3))
    assert (changed[[0, 1, 5, 6, 7, 8]] > 1e-3).all()
