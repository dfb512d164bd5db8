"""The latents that a real ComfyUI made of our exports, from the embedded weights, are those that this runtime makes.

The file is what `python -m tests.oracle.parity CHECKOUT NAME … --write tests/comfy/data/same.safetensors` wrote.
"""

from pathlib import Path

import pytest
from safetensors import safe_open

from ltxdsl.runtime.session import Session
from tests.oracle import same

MADE = Path(__file__).parent / "data" / "same.safetensors"


def read():
    """The latents by script and kind, and what made them."""
    made = {}
    with safe_open(MADE, "pt") as file:
        for key in file.keys():  # noqa: SIM118
            name, _, kind = key.rpartition(": ")
            made.setdefault(name, {})[kind] = file.get_tensor(key)
        return made, file.metadata()


THEIRS, MAKER = read()


@pytest.fixture(scope="module")
def session(models):
    return Session(models, device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("same")
    same.write_media(found)
    return found


def test_the_file_says_who_made_it_and_is_small():
    assert MAKER["comfyui"]
    assert MADE.stat().st_size < 300_000
    assert len(THEIRS) >= 3


@pytest.mark.parametrize("name", THEIRS)
def test_the_same_latents(name, session, folder):
    same.set_tokens(session, name)
    ours = same.ours(same.compiled(name, session.models, folder), session)
    assert ours.keys() == THEIRS[name].keys()
    for kind, theirs in THEIRS[name].items():
        assert same.relative_error(ours[kind], theirs) <= same.MOST, kind


def test_the_ways_of_a_session_matter(session, folder):
    """Noise that is drawn apart from a guide's, and a picture that is cut last, give other latents."""
    found = same.compiled("guide", session.models, folder)
    ours = same.ours(found, session)["video 1"]
    for ways in ({"noise_order": "apart"}, {"fitting": "cut_last"}):
        other = same.ours(found, session, **ways)["video 1"]
        assert same.relative_error(other, ours) > same.MOST
