"""Sounds for the audio VAE as log-mel spectrograms, each batch a function of its number alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ltxdsl.geometry import audio_latents
from ltxdsl.runtime.mel import RATE, latent_mel_frames, log_mel
from training.clips import HELD_OUT, held_out_scene
from training.world.scene import Scene, scene_of
from training.world.sound import sound

FPS = 24.0
FRAMES = 25  # of a clip as the transformer is trained on it
SHAPES = ((16, 101), (24, 57))  # clips and spectra of a batch; 4 N + 1 spectra are N + 1 latents
MIX = (0.7, 0.2, 0.1)  # shares of the world's sounds, of other tones, of noise

Array = np.ndarray
Dice = np.random.Generator


def batch(seed: int, step: int) -> torch.Tensor:
    """B 2 T 64: log-mel spectrograms in stereo; the same for the same seed and step."""
    rng = np.random.default_rng((seed, step))
    count, spectra = SHAPES[step % len(SHAPES)]
    samples = [_stereo(rng, _some_sound(rng, (spectra - 1) * 160)) for _ in range(count)]
    return log_mel(torch.from_numpy(np.stack(samples)))


def _some_sound(rng: Dice, count: int) -> Array:
    kinds: tuple[Callable[[Dice, int], Array], ...] = (_world, _tones, _noise)
    return kinds[rng.choice(len(kinds), p=MIX)](rng, count)


def _world(rng: Dice, count: int) -> Array:
    """A piece of a scene's sound, now and then louder or softer; it may begin or end in it."""
    frames = int(rng.choice((9, 17, 25, 25, 33, 49)))
    whole = sound(scene_of(int(rng.integers(HELD_OUT))), frames, FPS)
    loud = 1.0 if rng.random() < 0.6 else float(np.exp(rng.uniform(np.log(0.2), np.log(2.2))))
    start = 0 if rng.random() < 0.6 else int(rng.integers(-count // 3, max(1, len(whole) - count // 2)))
    placed = np.zeros(count)
    part = whole[max(0, start) :][: count - max(0, -start)]
    placed[max(0, -start) :][: len(part)] = part
    return loud * placed


def _tones(rng: Dice, count: int) -> Array:
    """One to three tones of any pitch, swelling and fading."""
    time = np.arange(count) / RATE
    made = np.zeros(count)
    for _ in range(int(rng.integers(1, 4))):
        pitch = 100 * rng.integers(1, 25) if rng.random() < 0.5 else np.exp(rng.uniform(np.log(80), np.log(4000)))
        begin, end = np.sort(rng.uniform(-0.2, 1.2, 2)) * time[-1]
        swell = np.clip(np.minimum(time - begin, end - time) / rng.uniform(0.01, 0.2), 0, 1)
        made += rng.uniform(0.05, 0.3) * swell * np.sin(2 * np.pi * pitch * time + rng.uniform(0, 6))
    return made


def _noise(rng: Dice, count: int) -> Array:
    """Hiss that comes and goes."""
    time = np.linspace(0, 1, count)
    swell = np.clip(np.sin(2 * np.pi * (rng.uniform(0.2, 3) * time + rng.random())), 0, 1)
    return np.exp(rng.uniform(np.log(0.003), np.log(0.1))) * swell * rng.normal(size=count)


def _stereo(rng: Dice, samples: Array) -> Array:
    """Both sides alike, or one of them softer."""
    sides = np.ones(2)
    if rng.random() < 0.25:
        sides[rng.integers(2)] = rng.uniform(0, 1)
    return np.clip(sides[:, None] * samples, -1, 1)


def held_out_sounds(count: int, frames: int = FRAMES) -> torch.Tensor:
    """B 2 T 64 for scenes that training never sees, T as so many frames at 24 fps have latents."""
    return torch.stack([mel_of(held_out_scene(index), frames) for index in range(count)])


def mel_of(scene: Scene, frames: int) -> torch.Tensor:
    """2 T 64: the whole sound of a scene, both sides alike, cut to the spectra that its latents stand for."""
    mono = torch.from_numpy(sound(scene, frames, FPS))
    return log_mel(mono.expand(2, -1))[:, : latent_mel_frames(audio_latents(frames, FPS))]
