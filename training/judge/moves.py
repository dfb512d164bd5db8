"""How a track moves, when it changes, and what the camera does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.judge.things import Seen, brightness, soft_mask
from training.world.canvas import whole
from training.world.picture import background
from training.world.scene import Scene
from training.world.words import CAMERAS, GROWTH, MOTIONS, PLACES, TRAVEL

Array = np.ndarray
UNIT = np.array([TRAVEL, TRAVEL, GROWTH])  # one clip's way, so that the three numbers compare
STRAIGHT = {word: np.array(way) / UNIT for word, way in MOTIONS.items() if word != "circles"}


def motion_of(track: Array, part: float = 1.0) -> str:
    """The motion word of a track that lasts `part` of a clip."""
    if part == 1.0 and _turns(track):
        return "circles"
    time = np.linspace(-part / 2, part / 2, len(track))
    speed = time @ (track - track.mean(axis=0)) / (time @ time) / UNIT
    return min(STRAIGHT, key=lambda word: float(np.abs(STRAIGHT[word] - speed).sum()))


def _turns(track: Array) -> bool:
    """Whether a track goes round: wide both ways, and back where it began."""
    x, y = track[:, 0], track[:, 1]
    return bool(min(np.ptp(x), np.ptp(y)) > 0.2 and np.hypot(x[-1] - x[0], y[-1] - y[0]) < 0.2)


def place_of(track: Array, words: Sequence[str] = tuple(PLACES)) -> str:
    """The place word of a track: that nearest to the middle of its range."""
    middle = (track.max(axis=0) + track.min(axis=0))[:2] / 2
    return min(words, key=lambda word: float(np.hypot(*(middle - PLACES[word]))))


def colour_change(seen: Seen) -> int:
    """The first frame after the greatest change of colour: the split that leaves the least spread."""
    colour = seen.colour
    errors = {turn: _spread(colour[:turn]) + _spread(colour[turn:]) for turn in range(1, len(colour))}
    return min(errors, key=errors.__getitem__)


def _spread(values: Array) -> float:
    return float(np.square(values - values.mean(axis=0)).sum())


def motion_change(seen: Seen) -> int:
    """The frame at which a track has its knee: the best of all pairs of straight lines that meet."""
    track, frames = seen.track / UNIT, len(seen.track)
    time = np.arange(frames, dtype=float)
    errors = {}
    for turn in range(2, frames - 2):
        lines = np.stack([np.ones(frames), time, np.maximum(time - turn, 0.0)], axis=1)
        rest = track - lines @ np.linalg.lstsq(lines, track, rcond=None)[0]
        errors[turn] = np.square(rest).sum()
    return min(errors, key=errors.__getitem__)


def motions_around(seen: Seen, turn: int) -> tuple[str, str]:
    """The motion words before and after a change."""
    track, last = seen.track, len(seen.track) - 1
    return motion_of(track[: turn + 1], turn / last), motion_of(track[turn:], 1 - turn / last)


def camera_of(clip: Array) -> str:
    """The camera word, from the waves of the background."""
    _, height, width = clip.shape[:3]
    free, light = soft_mask(clip) < 0.1, brightness(clip)
    errors = {}
    for word in CAMERAS:
        waves = background(Scene((), "grey", wavy=True, camera=word), whole(width, height), len(clip))
        errors[word] = _misfit(light, waves[..., 0], free)
    return min(errors, key=errors.__getitem__)


def _misfit(light: Array, waves: Array, free: Array) -> float:
    """What is left of the brightness after the best multiple of the waves is taken out."""
    count = free.sum()
    light, wave = ((part - (part * free).sum() / count) * free for part in (light, waves))
    return float(np.square(light - wave * (light * wave).sum() / np.square(wave).sum()).sum())
