"""The arithmetic of sizes through a chain of passes, against counting."""

from __future__ import annotations

import pytest

from ltxdsl import geometry
from ltxdsl.compiler import analyze
from ltxdsl.diagnostics import apply_fixes
from ltxdsl.geometry import survives, surviving_neighbours
from ltxdsl.source import Source


@pytest.mark.parametrize(
    ("side", "factors", "neighbours"),
    [
        (1080, [0.25, 2, 2], (1024, 1152)),
        (1920, [0.25, 2, 2], (1920, 1920)),
        (1088, [0.5, 2], (1088, 1088)),
        (1080, [0.5, 2], (1024, 1088)),
        (1080, [1], (1056, 1088)),
        (720, [0.5, 2], (704, 768)),
        (720, [0.5, 1.5], (640, 768)),
        (20, [1], (32, 32)),
        (544, [1, 1.5], (512, 576)),
        (333, [0.3], (320, 640)),
    ],
)
def test_neighbours_survive_and_none_is_nearer(side: int, factors: list[float], neighbours: tuple[int, int]):
    assert surviving_neighbours(side, factors) == neighbours


def test_what_survives_is_whole_cells_all_the_way():
    def counted(side: int, factors: list[float]) -> bool:
        for factor in factors:
            side_now = side * factor
            if side_now != int(side_now) or int(side_now) % 32:
                return False
            side = int(side_now)
        return True

    for factors in ([1], [0.5, 2], [0.25, 2, 2], [0.5, 1.5], [0.5, 1.5, 2]):
        assert [s for s in range(1, 2200) if survives(s, factors)] == [s for s in range(1, 2200) if counted(s, factors)]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ('size 1920x1080\nprompt "a"\npass 0.25x dev 30\nupscale 2x\nupscale 2x', ["1920x1024", "1920x1152"]),
        ('size 1280x720\nprompt "a"\npass 0.5x dev 30\nupscale 2x', ["1280x704", "1280x768"]),
        ('size 1000x1000\nprompt "a"\npass dev 30', ["992x992", "1024x1024"]),
    ],
)
def test_a_size_off_the_grid_has_both_neighbours_as_fixes(text: str, sizes: list[str], models):
    (found,) = [d for d in analyze(Source(text), models).diagnostics if d.code == "LTX011"]
    assert [fix.text for fix in found.fixes] == [*sizes, " fit crop"]
    for fix in found.fixes:
        assert analyze(Source(apply_fixes(text, [fix])), models).ok


def test_without_a_size_the_fix_adds_one(models):
    text = 'prompt "a"\npass 0.3x dev 30'
    (found,) = [d for d in analyze(Source(text), models).diagnostics if d.code == "LTX011"]
    assert analyze(Source(apply_fixes(text, [found.fixes[0]])), models).ok


@pytest.mark.parametrize(
    ("factor", "share"), [(0.667, 2 / 3), (0.66667, 2 / 3), (0.333, 1 / 3), (0.25, 0.25), (1.0, 1.0), (0.66, 0.66)]
)
def test_a_share_of_thirds_is_exact(factor: float, share: float):
    assert geometry.exact_share(factor) == share


@pytest.mark.parametrize(
    ("fps", "seconds", "frames", "slots"),
    [(24, (1, 3), 97, (4, 9)), (25, (1, 3), 97, (4, 10)), (24, (2, 2.2), 97, None), (24, (0, 5), 97, (0, 13))],
)
def test_latents_inside_a_stretch_as_in_the_packs(fps, seconds, frames, slots):
    """The table of KJNodes' and LTXVideo's nodes (run there): LTXVideo's at 25, both at 24."""
    start, end = (round(fps * at) for at in seconds)
    first, stop = geometry.latents_inside(start, end, frames)
    assert (first, stop) == slots if slots else first == stop
