"""A clip against its scene: one yes or no per measure that applies."""

from __future__ import annotations

import numpy as np

from training.judge.moves import camera_of, colour_change, motion_change, motion_of, motions_around, place_of
from training.judge.pitch import pitches
from training.judge.shape import shape_of, size_of
from training.judge.things import HALVES, WHOLE, Seen, background_of, colour_of, find, is_there
from training.world.motion import moment_frame
from training.world.picture import colours
from training.world.scene import Scene
from training.world.words import PITCHES

Array = np.ndarray
Verdict = dict[str, bool]
SLACK = 1 / 16  # of the clip: how far off a change may be


def look(scene: Scene, clip: Array) -> Verdict:
    """Verdicts on a clip (F H W 3 in 0..1) of a scene."""
    pair = len(scene.things) == 2
    seen = [find(clip, HALVES[thing.place] if pair else WHOLE) for thing in scene.things]
    verdict = {"background": background_of(clip) == scene.background, "there": all(map(is_there, seen))}
    if scene.wavy:
        verdict["camera"] = camera_of(clip) == scene.camera
    for index, one in enumerate(seen):
        _merge(verdict, _look_at(scene, index, one))
    if scene.change:
        verdict |= _look_at_change(scene, seen[0])
    return verdict


def _look_at(scene: Scene, index: int, seen: Seen) -> Verdict:
    thing = scene.things[index]
    verdict = {"shape": shape_of(seen) == thing.shape}
    if scene.camera == "stands still":
        verdict["size"] = size_of(seen) == thing.size
        if len(scene.things) == 1:
            verdict["place"] = place_of(seen.track) == thing.place
    changed = index == 0 and scene.change is not None
    if not changed:
        verdict["colour"] = colour_of(seen) == thing.colour
    if scene.camera == "stands still" and not (changed and scene.change and scene.change.kind == "motion"):
        verdict["motion"] = motion_of(seen.track) == thing.motion
    return verdict


def _look_at_change(scene: Scene, seen: Seen) -> Verdict:
    change, thing, frames = scene.change, scene.things[0], len(seen.track)
    assert change is not None
    due = moment_frame(change.when, frames)
    slack = max(1, round(SLACK * (frames - 1)))
    if change.kind == "colour":
        turn = colour_change(seen)
        around = (colour_of(seen, slice(0, turn)), colour_of(seen, slice(turn, None)))
        return {"colour": around == (thing.colour, change.to), "change time": abs(turn - due) <= slack}
    turn = motion_change(seen)
    right = motions_around(seen, turn) == (thing.motion, change.to)
    return {"motion": right, "change time": abs(turn - due) <= slack}


def _merge(verdict: Verdict, more: Verdict) -> None:
    for name, right in more.items():
        verdict[name] = verdict.get(name, True) and right


def listen(scene: Scene, samples: Array, rate: int, frames: int) -> Verdict:
    """Verdicts on the sound of a scene: the pitches of its beginning and of its end, or silence."""
    parts = ((0, slice(0, samples.size // 4)), (frames - 1, slice(-(samples.size // 4), None)))
    return {"pitch": all(pitches(samples[part], rate) == _due(scene, frame, frames) for frame, part in parts)}


def _due(scene: Scene, frame: int, frames: int) -> tuple[int, ...]:
    if not scene.tone:
        return ()
    words = {colours(scene, index, frames)[frame] for index in range(len(scene.things))}
    return tuple(sorted(PITCHES[word] for word in words))
