"""Drawing a scene: video, the masks of its things, and control videos. Anti-aliased; F H W in float32, 0..1."""

from __future__ import annotations

import numpy as np

from training.world.canvas import Canvas
from training.world.motion import camera, moment_frame, paths, seen
from training.world.scene import Scene, Thing
from training.world.shapes import DISTANCES
from training.world.words import BACKGROUNDS, COLOURS

Array = np.ndarray

WAVE_LENGTH, WAVE_HEIGHT = 0.5, 0.09
SOFT = 1.4  # pixels from outside to inside at an edge


def video(scene: Scene, on: Canvas, frames: int) -> Array:
    """F H W 3."""
    picture = background(scene, on, frames)
    for index, (thing, cover) in enumerate(zip(scene.things, covers(scene, on, frames), strict=True)):
        paint = _paint(scene, thing, index, frames)
        picture += cover[..., None] * (paint[:, None, None, :] - picture)
    return picture


def background(scene: Scene, on: Canvas, frames: int) -> Array:
    """F H W 3: the plain or wavy background as the camera sees it."""
    colour = np.clip(np.add(BACKGROUNDS[scene.background], scene.tint), 0.0, 1.0).astype(np.float32)
    picture = np.broadcast_to(colour, (frames, on.height, on.width, 3)).copy()
    if scene.wavy:
        x, y = _grid(on)
        view = camera(scene, frames).astype(np.float32)[..., None]
        across = _wave(x[None] / view[:, 2] + view[:, 0])
        down = _wave(y[None] / view[:, 2] + view[:, 1])
        lift = WAVE_HEIGHT * np.where(colour.mean() > 0.5, -1, 1)
        picture += (lift * (1 + down[:, :, None] * across[:, None, :]) / 2)[..., None]
    return picture


def _wave(way: Array) -> Array:
    return np.cos(2 * np.pi / WAVE_LENGTH * way).astype(np.float32)


def _grid(on: Canvas) -> tuple[Array, Array]:
    """Pixel centres along x and y in parts of the short side, from the centre."""
    x = (np.arange(on.width) + 0.5 - on.width / 2) / on.scale + on.x
    y = (np.arange(on.height) + 0.5 - on.height / 2) / on.scale + on.y
    return x.astype(np.float32), y.astype(np.float32)


def covers(scene: Scene, on: Canvas, frames: int) -> list[Array]:
    """F H W per thing: how much of each pixel it covers."""
    view = camera(scene, frames)
    tracks = (seen(track, view) for track in paths(scene, frames))
    return [cover(thing.shape, track, on) for thing, track in zip(scene.things, tracks, strict=True)]


def cover(shape: str, track: Array, on: Canvas) -> Array:
    """F H W: how much of each pixel a shape covers on its track (x, y, radius per frame)."""
    x, y = _grid(on)
    at = track.astype(np.float32)[:, :, None, None]
    dx = (x[None, None, :] - at[:, 0]) / at[:, 2]
    dy = (y[None, :, None] - at[:, 1]) / at[:, 2]
    distance = DISTANCES[shape](*np.broadcast_arrays(dx, dy)) * at[:, 2]
    return np.clip(0.5 - distance * np.float32(on.scale / SOFT), 0.0, 1.0).astype(np.float32)


def colours(scene: Scene, index: int, frames: int) -> list[str]:
    """The colour word of a thing at every frame."""
    thing, change = scene.things[index], scene.change
    if index or not change or change.kind != "colour":
        return [thing.colour] * frames
    turn = moment_frame(change.when, frames)
    return [thing.colour] * turn + [change.to] * (frames - turn)


def _paint(scene: Scene, thing: Thing, index: int, frames: int) -> Array:
    palette = np.array([COLOURS[word] for word in colours(scene, index, frames)])
    return np.clip(palette + thing.tint, 0.0, 1.0).astype(np.float32)


def control(scene: Scene, kind: str, on: Canvas, frames: int) -> Array:
    """F H W 3, grey: the `mask`, `outline` or `depth` (near is bright) of the things."""
    masks = covers(scene, on, frames)
    return np.repeat(CONTROLS[kind](masks)[..., None], 3, axis=-1)


def _mask(masks: list[Array]) -> Array:
    return np.maximum.reduce(masks)


def _outline(masks: list[Array]) -> Array:
    return np.maximum.reduce([_rim(mask) for mask in masks])


def _rim(mask: Array) -> Array:
    """Bright where a mask has a step within one pixel."""
    up = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = [up[:, 1 + j : up.shape[1] - 1 + j, 1 + i : up.shape[2] - 1 + i] for j, i in NEIGHBOURS]
    return np.maximum.reduce(around) - np.minimum.reduce(around)


def _depth(masks: list[Array]) -> Array:
    depth = np.full_like(masks[0], 0.15)
    for mask in masks:  # what covers more of the picture is nearer
        near = np.sqrt(mask.mean(axis=(1, 2), keepdims=True))
        depth += mask * (np.clip(0.35 + 2.0 * near, 0.0, 1.0) - depth)
    return depth


NEIGHBOURS = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
CONTROLS = {"mask": _mask, "outline": _outline, "depth": _depth}


def ends(scene: Scene, on: Canvas, frames: int) -> tuple[Array, Array]:
    """The first and the last frame (H W 3)."""
    whole = video(scene, on, frames)
    return whole[0], whole[-1]
