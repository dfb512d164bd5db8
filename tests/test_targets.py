"""Targets: their names and versions, and what is known of them."""

from __future__ import annotations

import math

import pytest

from ltxdsl.compiler import Request, analyze
from ltxdsl.source import Source
from ltxdsl.targets import CHANGES, COMFY_VERSIONS, Target, UnknownTarget, target_named


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("local", "local", None),
        ("comfy", "comfy", None),
        ("comfy@latest", "comfy", None),
        ("comfy@0.27", "comfy", (0, 27)),
        ("comfy@0.22.3", "comfy", (0, 22)),
    ],
)
def test_names(text: str, name: str, version):
    assert target_named(text) == Target(name, version)


@pytest.mark.parametrize("text", ["", "comfi", "comfy@", "comfy@0.3", "comfy@9.1", "comfy@x", "local@1.0", "comfy@0"])
def test_what_is_not_known_lists_what_is(text: str, models):
    with pytest.raises(UnknownTarget) as caught:
        target_named(text)
    assert "comfy" in caught.value.hint
    found = analyze(Source('prompt "a"\npass dev 30'), models, Request(target=text)).diagnostics
    assert [d.code for d in found] == ["LTX092"]


def test_facts_follow_versions():
    def does(text: str, change: str) -> bool:
        return target_named(text).does(change)

    assert [does(t, "exact_crops") for t in ("comfy@0.22", "comfy@0.23", "comfy", "local")] == [False, True, True, True]
    assert not does("comfy@0.21", "strong_guides")
    assert all(COMFY_VERSIONS[0] < change.since <= COMFY_VERSIONS[-1] for change in CHANGES.values())


@pytest.mark.parametrize(("frames", "fps"), [(121, 24), (97, 25), (9, 24), (49, 50), (241, 24)])
def test_sound_is_rounded_as_the_target_does(frames: int, fps: float):
    exact = frames / fps * 25
    assert target_named("comfy@0.20").audio_latents(frames, fps) == math.ceil(exact)
    assert abs(target_named("local").audio_latents(frames, fps) - exact) <= 0.5


def test_shown_as_written():
    assert [str(target_named(t)) for t in ("local", "comfy", "comfy@0.27")] == ["local", "comfy@latest", "comfy@0.27"]
