"""Guides, pictures in place, and prompts that take turns. Every test has a control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.behaviour.films import WHITE, Array, Film, films, likeness, picture, thing

pytestmark = pytest.mark.behaviour
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def held(tmp_path_factory) -> tuple[dict[str, Film], Array]:
    """Clips with and without a blue ball in place of their first frame, and that picture."""
    tmp_path = tmp_path_factory.mktemp("held")
    pixels = picture(tmp_path / "blue.png", "blue", "on the left")
    words = f'prompt "{thing("blue", "rises", place="on the left")} {WHITE}"'
    shots = {f"held-{s}": f'seed {s}\n{words}\ninplace "{tmp_path}/blue.png" crf 0\npass dev 20' for s in SEEDS}
    shots |= {f"free-{s}": f"seed {s}\n{words}\npass dev 20" for s in SEEDS}
    return films(shots, tmp_path), pixels


def test_a_picture_in_place_is_the_first_frame(held):
    made, pixels = held
    kept = [likeness(made[f"held-{s}"].frames[0], pixels) for s in SEEDS]
    free = [likeness(made[f"free-{s}"].frames[0], pixels) for s in SEEDS]
    assert min(kept) > max(free) + 2, "decibels; the free clips are the control"


def test_what_stands_in_place_moves_on_as_the_prompt_says(held):
    assert np.median([held[0][f"held-{s}"].way()[1] for s in SEEDS]) < -0.1


def test_a_guide_at_the_end_pulls_more_with_more_strength(tmp_path: Path):
    pixels = picture(tmp_path / "green.png", "green", "on the right")
    words = f'prompt "{thing("green")} {WHITE}"'
    strengths = ("0.3", "0.6", "1.0")
    shots = {f"none-{s}": f"seed {s}\n{words}\npass dev 20" for s in SEEDS}
    for strength in strengths:
        guide = f'guide "{tmp_path}/green.png" @ end strength {strength} crf 0'
        shots |= {f"{strength[0]}_{strength[2]}-{s}": f"seed {s}\n{words}\n{guide}\npass dev 20" for s in SEEDS}
    made = films(shots, tmp_path)
    mean = {
        kind: np.mean([likeness(made[f"{kind}-{s}"].frames[-1], pixels) for s in SEEDS])
        for kind in ("none", "0_3", "1_0")
    }
    assert mean["1_0"] > mean["none"] + 1
    assert mean["1_0"] >= mean["0_3"] - 0.3


def test_first_and_last_frame(tmp_path: Path):
    first = picture(tmp_path / "first.png", "red", "on the left")
    last = picture(tmp_path / "last.png", "red", "on the right")
    words = f'prompt "{thing("red", "moves right")} {WHITE}"'
    ends = f'inplace "{tmp_path}/first.png" crf 0\nguide "{tmp_path}/last.png" @ end crf 0'
    made = films({f"{s}": f"seed {s}\n{words}\n{ends}\npass dev 20" for s in SEEDS}, tmp_path)
    for film in made.values():
        assert likeness(film.frames[0], first) > likeness(film.frames[0], last) + 2
    nearer = [likeness(film.frames[-1], last) - likeness(film.frames[-1], first) for film in made.values()]
    assert np.median(nearer) > 1


def test_relayed_prompts_take_turns(tmp_path: Path):
    pairs = (("red", "blue"), ("yellow", "purple"), ("green", "orange"))
    shots = {}
    for one, two in pairs:
        locals_ = f'relay "{thing(one)}" | "{thing(two)}"'
        for eps in ("0.001", "0.1"):
            name = f"{one}-{two}-{eps.replace('.', '_')}"
            shots[name] = f'seed 1\nprompt "on a white background, with a tone"\n{locals_} eps {eps}\npass dev 20'
    made = films(shots, tmp_path)
    right = []
    for name, film in made.items():
        one, two, _ = name.split("-")
        right += [film.colour(slice(1, 9)) == one, film.colour(slice(-6, None)) == two]
    assert np.mean(right) >= 0.7
    wrong = [film.colour(slice(1, 9)) == name.split("-")[1] for name, film in made.items()]
    assert np.mean(wrong) <= 0.35, "the second prompt's colour where the first has its turn"


def test_sound_is_kept_bit_for_bit_by_a_second_pass(tmp_path: Path):
    words = f'seed 2\nprompt "{thing("blue")} {WHITE}"\n'
    made = films({"one": f"{words}pass dev 20", "two": f"{words}pass dev 20\npass dev sigmas 0.6, 0.3, 0"}, tmp_path)
    assert np.array_equal(made["one"].samples, made["two"].samples)
    assert not np.array_equal(made["one"].frames, made["two"].frames), "the picture did change"
