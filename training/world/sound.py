"""The sound of a scene: one tone per thing, its pitch says the colour; silence when asked."""

from __future__ import annotations

import numpy as np

from training.world.picture import colours
from training.world.scene import Scene
from training.world.words import PITCHES

RATE = 16000
LOUDNESS = 0.4
EDGE = 0.005  # seconds of fade at both ends

Array = np.ndarray


def sound(scene: Scene, frames: int, fps: float, rate: int = RATE) -> Array:
    """Samples in -1..1 (mono) for the whole clip; the pitch changes with the colour, without a click."""
    count = round(frames / fps * rate)
    if not scene.tone:
        return np.zeros(count, np.float32)
    frame = np.minimum((np.arange(count) * fps / rate).astype(int), frames - 1)
    tones = [_tone(colours(scene, index, frames), frame, rate) for index in range(len(scene.things))]
    return (LOUDNESS * np.mean(tones, axis=0) * _fade(count, rate)).astype(np.float32)


def _tone(words: list[str], frame: Array, rate: int) -> Array:
    pitch = np.array([PITCHES[word] for word in words])[frame]
    return np.sin(2 * np.pi * np.cumsum(pitch) / rate)


def _fade(count: int, rate: int) -> Array:
    edge = max(1, min(count // 2, round(EDGE * rate)))
    ramp = np.arange(count)
    return np.clip(np.minimum(ramp, ramp[::-1]) / edge, 0.0, 1.0)
