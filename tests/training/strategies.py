"""Scenes of the training world for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from training.world.scene import Change, Scene, Thing
from training.world.words import BACKGROUNDS, CAMERAS, COLOURS, MOMENTS, MOTIONS, PLACES, SHAPES, SIZES


def word(words) -> st.SearchStrategy[str]:
    return st.sampled_from(tuple(words))


things = st.builds(Thing, word(SHAPES), word(COLOURS), word(SIZES), word(MOTIONS), word(PLACES))
changes = st.builds(Change, st.just("colour"), word(COLOURS), word(MOMENTS)) | st.builds(
    Change, st.just("motion"), word(MOTIONS), word(MOMENTS)
)
scenes = st.builds(
    Scene,
    things=st.lists(things, min_size=1, max_size=2).map(tuple),
    background=word(BACKGROUNDS),
    wavy=st.booleans(),
    change=st.none() | changes,
    camera=word(CAMERAS),
    tone=st.booleans(),
)
