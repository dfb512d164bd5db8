"""What the words of a prompt do to picture and sound. Every test has a control that the same measure fails on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.behaviour.films import COLOURS, WHITE, Film, films, thing
from training.judge.pitch import pitches
from training.judge.things import background_of
from training.world.words import BACKGROUNDS, PITCHES

pytestmark = pytest.mark.behaviour
SEEDS = (1, 2)
WAYS = {"moves left": (-1, 0), "moves right": (1, 0), "rises": (0, -1), "falls": (0, 1)}


def shot(words: str, seed: int, passes: str = "dev 20") -> str:
    return f'seed {seed}\nprompt "{words}"\npass {passes}'


@pytest.fixture(scope="module")
def colours(tmp_path_factory) -> dict[str, Film]:
    shots = {f"{c}-{s}": shot(f"{thing(c)} {WHITE}", s) for c in COLOURS for s in SEEDS}
    return films(shots, tmp_path_factory.mktemp("colours"))


def test_a_thing_has_the_colour_of_its_word(colours: dict[str, Film]):
    right = [film.colour() == name.split("-")[0] for name, film in colours.items()]
    assert np.mean(right) >= 0.8
    wrong = [film.colour() == other for name, film in colours.items() for other in COLOURS if other not in name]
    assert np.mean(wrong) <= 0.05, "the same measure against the other words"


def test_the_tone_has_the_pitch_of_the_colour(colours: dict[str, Film]):
    heard = {name: pitches(film.samples, film.rate) for name, film in colours.items()}
    right = [tones == (PITCHES[name.split("-")[0]],) for name, tones in heard.items()]
    assert np.mean(right) >= 0.75
    others = [tones == (PITCHES[c],) for name, tones in heard.items() for c in COLOURS if c not in name]
    assert np.mean(others) <= 0.06


def test_silent_is_silent(tmp_path: Path):
    shots = {
        f"{word}-{seed}": shot(f"{thing('red')} on a white background, {word}", seed)
        for word in ("silent", "with a tone")
        for seed in SEEDS
    }
    loud = {name: float(np.abs(film.samples).max()) for name, film in films(shots, tmp_path).items()}
    assert all(loud[f"silent-{seed}"] < 0.1 * loud[f"with a tone-{seed}"] for seed in SEEDS)


def test_the_background_is_the_one_that_is_named(tmp_path: Path):
    shots = {f"{b}-{s}": shot(f"{thing('red')} on a {b} background, silent", s) for b in BACKGROUNDS for s in SEEDS}
    seen = {name: background_of(film.frames) for name, film in films(shots, tmp_path).items()}
    assert np.mean([name.startswith(found) for name, found in seen.items()]) >= 0.85


def test_things_move_the_way_that_is_said(tmp_path: Path):
    shots = {f"{m}-{s}": shot(f"{thing('red', m)} {WHITE}", s) for m in (*WAYS, "stays still") for s in SEEDS}
    ways = {name: film.way() for name, film in films(shots, tmp_path).items()}
    along = [float(ways[f"{m}-{s}"] @ np.array(way)) for m, way in WAYS.items() for s in SEEDS]
    assert np.mean([step > 0.1 for step in along]) >= 0.75
    still = [float(np.abs(ways[f"stays still-{s}"]).max()) for s in SEEDS]
    assert np.median(still) < 0.1, "what stays still does not pass the same bar"


def test_guidance_makes_the_words_count_more(tmp_path: Path):
    """Without guidance fewer clips show their colour, and none may show another's more often."""
    words = {c: f"{thing(c)} {WHITE}" for c in ("red", "green", "blue", "purple")}
    shots = {
        f"{c}-{cfg}-{s}": f'seed {s}\nprompt "{words[c]}"\npass dev 12 {{ cfg {cfg} }}'
        for c in words
        for cfg in (1, 2.5)
        for s in (3, 4, 5)
    }
    found = films({name.replace(".", "_"): body for name, body in shots.items()}, tmp_path)
    right = {
        cfg: np.mean([film.colour() == name.split("-")[0] for name, film in found.items() if f"-{cfg}-" in name])
        for cfg in ("1", "2_5")
    }
    assert right["2_5"] >= right["1"]
    assert right["2_5"] >= 0.75
