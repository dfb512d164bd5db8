"""Where things are: one row (x, y, radius) per frame, in parts of the short side, from the centre of the picture."""

from __future__ import annotations

import numpy as np

from training.world.scene import Scene, Thing
from training.world.words import CAMERAS, CIRCLE, MOMENTS, MOTIONS, PLACES, SIZES

Array = np.ndarray


def moment_frame(when: str, frames: int) -> int:
    """The first frame after a change."""
    return round(MOMENTS[when] * (frames - 1))


def path(thing: Thing, frames: int, then: str | None = None, when: str = "halfway") -> Array:
    """F 3: x, y, radius; the motion becomes `then` at a moment. The path is centred on the place."""
    time = np.linspace(0.0, 1.0, frames)
    way = _way(thing.motion, time)
    if then is not None:
        turn = time[moment_frame(when, frames)]
        way = _way(thing.motion, np.minimum(time, turn)) + _way(then, np.maximum(time - turn, 0.0))
    way -= (way.max(axis=0) + way.min(axis=0)) / 2
    way[:, :2] += np.add(PLACES[thing.place], thing.nudge)
    way[:, 2] = SIZES[thing.size] * np.exp(way[:, 2])
    return way


def _way(motion: str, time: Array) -> Array:
    if motion != "circles":
        return time[:, None] * np.array(MOTIONS[motion])
    angle = 2 * np.pi * time
    return CIRCLE * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)


def paths(scene: Scene, frames: int) -> list[Array]:
    """The path of every thing of a scene, before the camera."""
    change = scene.change
    turns = {0: (change.to, change.when)} if change and change.kind == "motion" else {}
    return [path(thing, frames, *turns.get(index, ())) for index, thing in enumerate(scene.things)]


def camera(scene: Scene, frames: int) -> Array:
    """F 3: where the camera looks, and its magnification (1 in the middle of the clip)."""
    way = np.linspace(-0.5, 0.5, frames)[:, None] * np.array(CAMERAS[scene.camera])
    way[:, 2] = np.exp(way[:, 2])
    return way


def seen(track: Array, view: Array) -> Array:
    """A path as the camera sees it."""
    return (track - np.pad(view[:, :2], ((0, 0), (0, 1)))) * view[:, 2:]
