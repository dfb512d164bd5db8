"""Which shape a mask has: the one of the world that covers it best at the same place and size."""

from __future__ import annotations

import numpy as np

from training.judge.things import Seen
from training.world.canvas import whole
from training.world.picture import cover
from training.world.words import SHAPES, SIZES

Array = np.ndarray
LOOKS = 5  # frames that are compared


def shape_of(seen: Seen) -> str:
    """The shape word."""
    chosen = np.unique(np.linspace(0, len(seen.mask) - 1, LOOKS).round().astype(int))
    masks, tracks = seen.mask[chosen], seen.track[chosen]
    errors = {shape: np.square(masks - likeness(shape, masks, tracks)).mean() for shape in SHAPES}
    return min(errors, key=errors.__getitem__)


def likeness(shape: str, masks: Array, tracks: Array) -> Array:
    """The shape drawn with its centre of mass and its area where the masks have theirs."""
    _, height, width = masks.shape
    x0, y0, area = UNITS[shape]
    radius = np.exp(tracks[:, 2]) / area
    path = np.stack([tracks[:, 0] - x0 * radius, tracks[:, 1] - y0 * radius, radius], axis=1)
    return cover(shape, path, whole(width, height))


def size_of(seen: Seen) -> str:
    """The size word, by the middle of the clip's range of sizes."""
    log_area = seen.track[:, 2]
    radius = np.exp((log_area.max() + log_area.min()) / 2) / UNITS[shape_of(seen)][2]
    return min(SIZES, key=lambda word: abs(np.log(SIZES[word] / radius)))


def _unit(shape: str) -> tuple[float, float, float]:
    """Centre of mass and √area of a shape of radius 1."""
    side, radius = 256, 0.3
    mask = cover(shape, np.array([[0.0, 0.0, radius]]), whole(side, side))[0]
    at = (np.arange(side) + 0.5 - side / 2) / side / radius
    area = mask.sum()
    return float((mask.sum(0) @ at) / area), float((mask.sum(1) @ at) / area), float(np.sqrt(area) / side / radius)


UNITS = {shape: _unit(shape) for shape in SHAPES}
