"""What happens in a clip, as frozen structs; a caption says all of it but nudges and tints."""

from __future__ import annotations

import msgspec
import numpy as np

from training.world.words import (
    BACKGROUNDS,
    CAMERAS,
    COLOURS,
    MOMENTS,
    PAIRS,
    PLACES,
    RGB,
    SHAPES,
    SIZES,
    motions_at,
)

ROUND = ("circles",)  # motions that a change of motion cannot begin or end with
SWELLING = ("grows", "shrinks")


class Thing(msgspec.Struct, frozen=True):
    """One object. `nudge` moves its place, `tint` its colour; captions do not tell them."""

    shape: str
    colour: str
    size: str
    motion: str
    place: str
    nudge: tuple[float, float] = (0.0, 0.0)
    tint: RGB = (0.0, 0.0, 0.0)


class Change(msgspec.Struct, frozen=True):
    """What becomes of the first object at a moment: a new colour, or a new motion."""

    kind: str
    to: str
    when: str


class Scene(msgspec.Struct, frozen=True):
    """A whole clip: one or two objects, background, camera, sound."""

    things: tuple[Thing, ...]
    background: str
    wavy: bool = False
    change: Change | None = None
    camera: str = "stands still"
    tone: bool = True
    tint: RGB = (0.0, 0.0, 0.0)


def plain(scene: Scene) -> Scene:
    """The scene as its caption tells it: without nudges and tints."""
    things = tuple(msgspec.structs.replace(thing, nudge=(0.0, 0.0), tint=(0.0, 0.0, 0.0)) for thing in scene.things)
    return msgspec.structs.replace(scene, things=things, tint=(0.0, 0.0, 0.0))


def scene_of(seed: int, loose: float = 0.0) -> Scene:
    """The scene of a seed. `loose` is the share of scenes whose colours are not the palette's."""
    rng = np.random.default_rng(seed)
    camera = _pick(rng, tuple(CAMERAS)[1:]) if rng.random() < 0.15 else "stands still"
    moving = camera != "stands still"
    things = _pair(rng) if not moving and rng.random() < 0.3 else (_single(rng, moving),)
    tints = rng.random() < loose
    if tints:
        things = tuple(msgspec.structs.replace(thing, tint=_tint(rng, 0.35)) for thing in things)
    return Scene(
        things=things,
        background=_pick(rng, tuple(BACKGROUNDS)),
        wavy=moving or rng.random() < 0.25,
        change=_change(rng, things[0], moving) if rng.random() < 0.3 else None,
        camera=camera,
        tone=bool(rng.random() < 0.85),
        tint=_tint(rng, 0.35) if tints else (0.0, 0.0, 0.0),
    )


def _pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]


def _tint(rng: np.random.Generator, most: float) -> RGB:
    red, green, blue = rng.uniform(-most, most, 3).round(3).tolist()
    return red, green, blue


def _single(rng: np.random.Generator, still: bool) -> Thing:
    place = "in the middle" if still or rng.random() < 0.6 else _pick(rng, tuple(PLACES))
    return _thing(rng, place, still)


def _pair(rng: np.random.Generator) -> tuple[Thing, ...]:
    first, second = PAIRS[rng.integers(len(PAIRS))]
    return _thing(rng, first), _thing(rng, second)


def _thing(rng: np.random.Generator, place: str, still: bool = False) -> Thing:
    x, y = rng.uniform(-0.03, 0.03, 2).round(3).tolist()
    motion = "stays still" if still else _pick(rng, motions_at(place))
    size = _pick(rng, sizes_for(place, motion))
    return Thing(_pick(rng, SHAPES), _pick(rng, tuple(COLOURS)), size, motion, place, nudge=(x, y))


def _change(rng: np.random.Generator, thing: Thing, still: bool) -> Change:
    when = _pick(rng, tuple(MOMENTS))
    if still or thing.motion in ROUND or rng.random() < 0.6:
        return Change("colour", _pick(rng, without(tuple(COLOURS), thing.colour)), when)
    ways = without(motions_at(thing.place), thing.motion, *ROUND)
    if thing.size == "large" and thing.place != "in the middle":
        ways = without(ways, *SWELLING)
    return Change("motion", _pick(rng, ways), when)


def sizes_for(place: str, motion: str) -> tuple[str, ...]:
    """What changes its size away from the middle is small, or it would leave its half of the picture."""
    return ("small",) if motion in SWELLING and place != "in the middle" else tuple(SIZES)


def without(words: tuple[str, ...], *barred: str) -> tuple[str, ...]:
    """The words that are not barred, in their order."""
    return tuple(word for word in words if word not in barred)
