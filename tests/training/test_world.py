"""The world of the training: the same from the same seed, captions that say it all, pictures that are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.training.strategies import scenes
from training.world.canvas import Canvas, whole
from training.world.caption import caption, parse
from training.world.motion import moment_frame, path
from training.world.picture import CONTROLS, control, covers, ends, video
from training.world.scene import Scene, Thing, plain, scene_of
from training.world.shapes import DISTANCES
from training.world.sound import RATE, sound
from training.world.words import BACKGROUNDS, COLOURS, MOTIONS, PLACES, TRAVEL

BALL = Thing("ball", "red", "large", "stays still", "in the middle")


@given(scenes)
def test_a_caption_says_the_whole_scene(scene: Scene):
    assert parse(caption(scene)) == scene


def test_captions_of_seeded_scenes_come_back_plain():
    for seed in range(500):
        scene = scene_of(seed, loose=0.3)
        assert parse(caption(scene)) == plain(scene)


@pytest.mark.parametrize(
    "text",
    [
        "a ball",
        "a small pink ball rises in the middle on a black background, silent",
        "a small red ball rises in the middle on a black background, soon it turns blue",
        "a small red ball rises in the middle on a black background, loud",
    ],
)
def test_what_is_not_of_the_grammar_is_refused(text: str):
    with pytest.raises(ValueError, match=r"background|object|clause"):
        parse(text)


def test_the_same_seed_gives_the_same_scene_picture_and_sound():
    for seed in (0, 3, 11):
        first, second = scene_of(seed, 0.5), scene_of(seed, 0.5)
        assert first == second
        assert np.array_equal(video(first, whole(64, 64), 9), video(second, whole(64, 64), 9))
        assert np.array_equal(sound(first, 9, 24.0), sound(second, 9, 24.0))
    assert len({caption(scene_of(seed)) for seed in range(200)}) > 190


def test_a_known_picture():
    clip = video(Scene((BALL,), "teal"), whole(128, 96), 9)
    assert clip.shape == (9, 96, 128, 3)
    assert clip.dtype == np.float32
    assert clip[0, 48, 64] == pytest.approx(COLOURS["red"])
    assert clip[0, 0, 0] == pytest.approx(BACKGROUNDS["teal"])
    assert 0.0 <= clip.min() <= clip.max() <= 1.0


@pytest.mark.parametrize("shape", DISTANCES)
def test_a_shape_is_inside_at_its_centre_and_has_an_area_near_the_others(shape: str):
    (cover,) = covers(
        Scene((Thing(shape, "red", "large", "stays still", "in the middle"),), "black"), whole(128, 128), 1
    )
    assert cover[0, 64, 64] == 1.0
    assert 0.08 < cover.mean() < 0.16
    assert np.array_equal(cover, cover[:, :, ::-1])


@pytest.mark.parametrize("motion", [word for word, way in MOTIONS.items() if any(way[:2])])
def test_a_motion_goes_its_way(motion: str):
    track = path(Thing("ball", "red", "small", motion, "in the middle"), 17)
    assert track[-1, :2] - track[0, :2] == pytest.approx(MOTIONS[motion][:2])
    assert np.abs(track[:, :2]).max() == pytest.approx(TRAVEL / 2)


def test_a_motion_changes_at_its_moment():
    thing = Thing("ball", "red", "small", "moves right", "in the middle")
    track = path(thing, 17, "rises", "early")
    turn = moment_frame("early", 17)
    assert np.ptp(track[: turn + 1, 1]) == pytest.approx(0.0)
    assert np.ptp(track[turn:, 0]) == pytest.approx(0.0)


@pytest.mark.parametrize("place", PLACES)
def test_a_crop_is_a_part_of_the_whole(place: str):
    scene = Scene((Thing("star", "blue", "small", "grows", place),), "grey", wavy=True)
    big = video(scene, whole(128, 128), 5)
    part = video(scene, Canvas(64, 64, 128, x=-0.25, y=0.25), 5)
    assert np.allclose(part, big[:, 64:, :64], atol=1e-4)


def test_controls_follow_the_thing():
    scene = Scene((BALL,), "white")
    clips = {kind: control(scene, kind, whole(96, 96), 3)[1, :, :, 0] for kind in CONTROLS}
    (cover,) = covers(scene, whole(96, 96), 3)
    assert np.array_equal(clips["mask"], cover[1])
    assert clips["outline"][48, 48] == 0.0
    assert clips["outline"][48].max() > 0.5
    assert clips["depth"][48, 48] > clips["depth"][0, 0] + 0.3


def test_first_and_last_frames():
    scene = Scene((Thing("ball", "red", "small", "moves right", "in the middle"),), "black")
    first, last = ends(scene, whole(64, 64), 9)
    assert np.allclose(first, last[:, ::-1], atol=1e-5)


def test_sound_is_as_long_as_the_clip_and_silent_when_asked():
    scene = Scene((BALL,), "black")
    assert sound(scene, 25, 24.0).shape == (round(25 / 24 * RATE),)
    assert np.abs(sound(scene, 25, 24.0)).max() == pytest.approx(0.4, abs=0.01)
    assert not sound(Scene((BALL,), "black", tone=False), 25, 24.0).any()
