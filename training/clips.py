"""Batches of clips for training and for validation, each a function of its number alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from training.world.canvas import Canvas, whole
from training.world.picture import video
from training.world.scene import Scene, scene_of
from training.world.words import PLACES

HELD_OUT = 1 << 40  # scenes of these seeds and above are never trained on

# share, width = height, frames, clips, scales (pixels per world length)
Mix = Sequence[tuple[float, int, int, int, tuple[int, ...]]]
START: Mix = ((1.0, 64, 1, 64, (96, 128, 128, 256)),)  # stills first: shapes are learnt at a fraction of the cost
STARTING = 300  # steps
MIX: Mix = (  # few shapes, since every one is compiled
    (0.05, 64, 1, 64, (96, 128, 128, 256)),
    (0.70, 96, 17, 10, (96, 128, 128, 128, 256)),
    (0.10, 128, 25, 4, (128,)),
    (0.15, 192, 9, 4, (192, 256, 256)),
)


def batch(seed: int, step: int, mix: Mix | None = None) -> torch.Tensor:
    """B 3 F H W in -1..1: crops of scenes around their things; the same for the same seed and step."""
    mix = mix or (START if step < STARTING else MIX)
    rng = np.random.default_rng((seed, step))
    _, side, frames, count, scales = mix[rng.choice(len(mix), p=[row[0] for row in mix])]
    return stack([_crop(rng, side, frames, int(rng.choice(scales))) for _ in range(count)])


class Batches(Dataset[torch.Tensor]):
    """The batches of all steps, by the step."""

    def __init__(self, seed: int, steps: int):
        """Of a seed, up to the horizon."""
        self.seed, self.steps = seed, steps

    def __getitem__(self, step: int) -> torch.Tensor:
        """B 3 F H W in -1..1."""
        return batch(self.seed, step)

    def __len__(self) -> int:
        """The steps."""
        return self.steps


def _crop(rng: np.random.Generator, side: int, frames: int, scale: int) -> np.ndarray:
    scene = scene_of(int(rng.integers(HELD_OUT)), loose=0.2)
    thing = scene.things[rng.integers(len(scene.things))]
    room = 0.5 * max(0.0, 1 - side / scale)
    x, y = np.clip(_aim(rng, thing.place), -room, room)
    return video(scene, Canvas(side, side, scale, float(x), float(y)), frames)


def _aim(rng: np.random.Generator, place: str) -> np.ndarray:
    return np.add(PLACES[place], rng.uniform(-0.25, 0.25, 2))


def held_out(count: int, side: int, frames: int) -> torch.Tensor:
    """B 3 F H W in -1..1: whole clips of scenes that training never sees, in the palette's colours."""
    return stack([video(held_out_scene(index), whole(side, side), frames) for index in range(count)])


def held_out_scene(index: int) -> Scene:
    """The scene of a held-out clip."""
    return scene_of(HELD_OUT + index)


def stack(clips: list[np.ndarray]) -> torch.Tensor:
    """F H W 3 in 0..1 to B 3 F H W in -1..1."""
    return torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).clamp(0, 1) * 2 - 1
