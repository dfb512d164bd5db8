"""The caption grammar, both ways: `caption(scene)` and `parse(text)` are inverse up to nudges and tints.

a small red ball moves right in the middle and … on a wavy black background,
halfway it turns blue, the camera pans left, silent.
"""

from __future__ import annotations

import re

import msgspec

from training.world.motion import moment_frame
from training.world.scene import Change, Scene, Thing
from training.world.words import BACKGROUNDS, CAMERAS, COLOURS, MOMENTS, MOTIONS, PLACES, SHAPES, SIZES


def caption(scene: Scene) -> str:
    """The words of a scene."""
    things = " and ".join(map(_thing, scene.things))
    clauses = [f"{things} on a {'wavy ' if scene.wavy else ''}{scene.background} background"]
    if scene.change:
        verb = "turns " if scene.change.kind == "colour" else ""
        clauses.append(f"{scene.change.when} it {verb}{scene.change.to}")
    if scene.camera != "stands still":
        clauses.append(f"the camera {scene.camera}")
    clauses.append("with a tone" if scene.tone else "silent")
    return ", ".join(clauses)


def relayed(scene: Scene, frames: int) -> tuple[str, tuple[str, str], int]:
    """A scene of one thing that changes as a global prompt, two local ones, and the frame of their turn."""
    change, before = scene.change, scene.things[0]
    if change is None:
        raise ValueError("nothing changes in this scene")
    after = msgspec.structs.replace(before, **{change.kind: change.to})
    whole = caption(msgspec.structs.replace(scene, things=(), change=None)).strip()
    return whole, (_thing(before), _thing(after)), moment_frame(change.when, frames)


def _thing(thing: Thing) -> str:
    return f"a {thing.size} {thing.colour} {thing.shape} {thing.motion} {thing.place}"


def _one_of(name: str, words: object) -> str:
    return f"(?P<{name}>{'|'.join(words)})"  # type: ignore[call-overload]


THING = re.compile(
    f"a {_one_of('size', SIZES)} {_one_of('colour', COLOURS)} {_one_of('shape', SHAPES)} "
    f"{_one_of('motion', MOTIONS)} {_one_of('place', PLACES)}"
)
BACKGROUND = re.compile(f" on a (?P<wavy>wavy )?{_one_of('background', BACKGROUNDS)} background$")
CHANGE = re.compile(
    f"{_one_of('when', MOMENTS)} it (?:turns {_one_of('colour', COLOURS)}|{_one_of('motion', MOTIONS)})"
)
CAMERA = re.compile(f"the camera {_one_of('camera', CAMERAS)}")


def parse(text: str) -> Scene:
    """The scene of a caption; ValueError names the clause that is not of the grammar."""
    first, *clauses = text.strip().split(", ")
    background = BACKGROUND.search(first)
    if not background:
        raise ValueError(f"no background in {first!r}")
    things = tuple(map(_parse_thing, first[: background.start()].split(" and ")))
    fields: dict[str, object] = {}
    for clause in clauses:
        fields |= _parse_clause(clause)
    return Scene(things, background["background"], bool(background["wavy"]), **fields)  # type: ignore[arg-type]


def _parse_thing(text: str) -> Thing:
    found = THING.fullmatch(text)
    if not found:
        raise ValueError(f"no object in {text!r}")
    return Thing(**found.groupdict())


def _parse_clause(text: str) -> dict[str, object]:
    if text in ("silent", "with a tone"):
        return {"tone": text != "silent"}
    if found := CAMERA.fullmatch(text):
        return {"camera": found["camera"]}
    if found := CHANGE.fullmatch(text):
        kind = "colour" if found["colour"] else "motion"
        return {"change": Change(kind, found[kind], found["when"])}
    raise ValueError(f"not a clause: {text!r}")
