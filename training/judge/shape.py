"""Which shape a thing has: the one of the world that, blurred as it takes, is most like it at its place and size."""

from __future__ import annotations

import numpy as np

from training.judge.things import Seen, blurred, track_of
from training.world.canvas import whole
from training.world.picture import cover
from training.world.words import SHAPES, SIZES

Array = np.ndarray
LOOKS = 5  # frames that are compared
BLURS = (0.0, 0.012, 0.024, 0.036)  # parts of the short side


def shape_of(seen: Seen) -> str:
    """The shape word."""
    chosen = np.unique(np.linspace(0, len(seen.share) - 1, LOOKS).round().astype(int))
    shares = seen.share[chosen]
    tracks, short = track_of(shares), min(shares.shape[1:])
    errors = {
        (shape, blur): np.square(shares - blurred(likeness(shape, shares, tracks), blur * short)).mean()
        for shape in SHAPES
        for blur in BLURS
    }
    return min(errors, key=errors.__getitem__)[0]


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
