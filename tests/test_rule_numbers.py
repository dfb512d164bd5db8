"""Numbers that rules tell, against tables from real runs and sums by hand."""

from __future__ import annotations

import re

import pytest

from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.checks.conditioning import starts_of
from ltxdsl.compiler.stage import Placed
from ltxdsl.ops import Statement
from ltxdsl.source import Source
from ltxdsl.values import START


def guide(frame: int, count: int) -> Placed:
    return Placed(statement=Statement(), at=START, frame=frame, count=count)


# Guides of a clip of 97 frames (pixel frame, frames used), the latents left after one old LTXVCropGuides.
# Measured on ComfyUI before 2072d3e4.
OLD_CROPS = [
    ([(0, 1)], 13),
    ([(0, 1), (96, 1)], 13),
    ([(0, 1), (0, 1)], 14),
    ([(0, 97), (0, 1)], 14),
    ([(0, 97), (40, 1)], 13),
    ([(0, 97), (96, 1)], 13),
    ([(0, 97), (41, 1)], 14),
    ([(0, 97), (89, 8)], 14),
    ([(1, 8), (9, 1)], 13),
]


@pytest.mark.parametrize(("guides", "left"), OLD_CROPS)
def test_start_times_are_those_that_an_old_crop_counts(guides: list[tuple[int, int]], left: int):
    placed = [guide(frame, max(count, 9) if count > 1 else 1) for frame, count in guides]
    starts = [starts_of(p) for p in placed]
    appended, distinct = sum(map(len, starts)), len(set().union(*starts))
    assert 13 + appended - distinct == left


def found(text: str, models, code: str, target: str = "local"):
    return [d for d in analyze(Source(text), models, Request(target=target)).diagnostics if d.code == code]


@pytest.mark.parametrize(("version", "told"), [("0.22", True), ("0.23", False), ("latest", False)])
def test_only_old_crops_leave_frames(version: str, told: bool, models, in_pictures):
    text = 'length 97f\nprompt "a"\nguide "a.png" @ 41f\nguide "b.png" @ 41f\npass dev 30'
    stray = found(text, models, "LTX170", f"comfy@{version}")
    assert bool(stray) == told
    assert not told or "8 stray frames" in stray[0].message


def test_a_relay_with_guides_is_late_by_half_of_them(models, in_pictures):
    text = 'length 121f\nprompt "a"\nguide "a.png" @ end\nguide "b.png" @ 40f\nrelay "b" | "c"\npass dev 30'
    (late,) = found(text, models, "LTX177", "comfy")
    clip, guides = 16, 2
    middle = next(f / 100 for f in range(1600) if f / 100 * clip / (clip + guides) >= clip / 2)
    assert re.search(r"about (\d+) frames", late.message)[1] == str(round(8 * (middle - clip / 2)))


@pytest.mark.parametrize(("seconds", "told"), [(4, True), (5, False)])
def test_thirteen_words_spoken_fast_take_4_9_seconds(seconds: int, told: bool, models):
    words = " ".join(["word"] * 13)
    assert bool(found(f'length {seconds}s\nprompt "She says “{words}”"\npass dev 30', models, "LTX205")) == told


def test_a_local_prompt_has_the_time_of_its_segment(models):
    words = " ".join(["word"] * 13)
    text = f'length 8s\nprompt "a"\nrelay "“{words}”" 0s..3s | "silence" 3s..8s\npass dev 30'
    assert found(text, models, "LTX205")
    assert not found(text.replace("3s", "6s"), models, "LTX205")


def test_a_prompt_past_the_text_limit(models):
    limit = models.architecture.text_encoder.tokens
    for count, told in ((limit // 2, False), (limit, True)):
        assert bool(found(f'prompt "{"word " * count}"\npass dev 30', models, "LTX206")) == told


@pytest.mark.parametrize(("size", "share"), [("1024x256", "67%"), ("256x1024", "81%"), ("512x384", "")])
def test_how_much_of_a_picture_is_cut(size: str, share: str, models, in_pictures):
    cut = found(f'size {size}\nprompt "a"\nguide "a.png"\npass dev 30', models, "LTX163")
    assert [re.search(r"\d+%", d.message)[0] for d in cut] == ([share] if share else [])
