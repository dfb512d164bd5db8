"""The judge is right on real clips of the world, and says no to clips that are not what they should be."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from training.judge.pitch import colours_heard, pitches
from training.judge.shape import shape_of
from training.judge.things import find, is_there
from training.judge.verdict import look
from training.world.canvas import whole
from training.world.picture import video
from training.world.scene import Scene, Thing, scene_of
from training.world.sound import RATE, sound
from training.world.words import COLOURS, PITCHES, SHAPES

FRAMES, SIDE = 13, 48
FIRST = 1 << 41
MEASURES = ("background", "there", "camera", "shape", "size", "place", "colour", "motion", "change time")


def real(scene: Scene) -> np.ndarray:
    return video(scene, whole(SIDE, SIDE), FRAMES)


@cache
def verdicts(least: int) -> dict[str, list[bool]]:
    """Verdicts on as many real clips as give every measure `least` of its own."""
    found: dict[str, list[bool]] = {measure: [] for measure in MEASURES}
    for seed in itertools.count(FIRST):
        scene = scene_of(seed)
        if all(len(rights) >= least for rights in found.values()):
            return found
        rare = (scene.change, "change time"), (scene.wavy, "camera")
        if len(found["size"]) < least or any(has and len(found[name]) < least for has, name in rare):
            for name, right in look(scene, real(scene)).items():
                found[name].append(right)
    raise AssertionError("there is a scene for every seed")


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("least", [50, pytest.param(300, marks=pytest.mark.slow)])
def test_right_on_real_clips(measure: str, least: int):
    rights = verdicts(least)[measure]
    assert len(rights) >= least
    assert np.mean(rights) >= 0.98


def test_no_to_clips_of_other_scenes():
    """A measure of chance would say yes to most of these."""
    rights = defaultdict(list)
    for seed in range(60):
        scene = Scene((Thing("ball", "red", "small", "rises", "in the middle"),), "black")
        other = scene_of(seed)
        if len(other.things) == 1 and other.change is None and other.camera == "stands still":
            thing = other.things[0]
            said = look(scene, real(other))
            rights["colour"].append(said["colour"] == (thing.colour == "red"))
            rights["shape"].append(said["shape"] == (thing.shape == "ball"))
            rights["motion"].append(said["motion"] == (thing.motion == "rises"))
            rights["background"].append(said["background"] == (other.background == "black"))
    assert all(np.mean(right) >= 0.98 and len(right) >= 20 for right in rights.values())


def test_nothing_there():
    empty = real(Scene((), "grey", wavy=True))
    assert not is_there(find(empty))


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_a_soft_and_noisy_picture(shape: str):
    clip = real(Scene((Thing(shape, "yellow", "large", "stays still", "in the middle"),), "teal"))
    soft = (clip + np.roll(clip, 1, 1) + np.roll(clip, 1, 2)) / 3
    noisy = soft + np.random.default_rng(0).normal(0, 0.03, clip.shape)
    assert shape_of(find(noisy.astype(np.float32))) == shape


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("frames", [9, 17, 25])
def test_the_pitch_is_exact(colour: str, frames: int):
    scene = Scene((Thing("ball", colour, "small", "rises", "in the middle"),), "black")
    samples = sound(scene, frames, 24.0)
    assert pitches(samples, RATE) == (PITCHES[colour],)
    assert colours_heard(samples, RATE) == (colour,)


def test_pitches_of_seeded_scenes_are_exact():
    from training.judge.verdict import listen

    for seed in range(300):
        scene = scene_of(seed)
        assert listen(scene, sound(scene, FRAMES, 24.0), RATE, FRAMES)["pitch"], seed


def test_silence_has_no_pitch():
    assert pitches(np.zeros(1000), RATE) == ()
    assert pitches(np.zeros(0), RATE) == ()
