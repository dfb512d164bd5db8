"""Prompts with one thing in them that nobody expects: all comes back, and most of it as statements."""

from copy import deepcopy

import pytest

from ltxdsl.comfy.compare import same
from ltxdsl.comfy.lift import lift
from ltxdsl.comfy.validate import link_of

from .test_lift import KNOWN, exported
from .test_lift_idioms import TWO_STAGES

GUIDED = (
    'load model "m.gguf" vae "v.safetensors"\nsong = track "a.mp3" first 4s\n'
    'voices = separate song "mel.safetensors"\nprompt "a"\nnegative "b"\naudio voices\n'
    'pass dev 20 { cfg 3; guide "a.png" @ 0 crf 33; guide "b.png" @ end }\nsave "a.mp4"'
)


def links(prompt):
    return [
        (id, name, link)
        for id, node in prompt.items()
        for name, value in node["inputs"].items()
        if (link := link_of(value)) and link[0] in prompt
    ]


def between(prompt):
    """A node that nobody knows, on each link."""
    for id, name, link in links(prompt):
        odd = deepcopy(prompt)
        odd["901"] = {"class_type": "Unknown", "inputs": {"x": [*link]}}
        odd[id]["inputs"][name] = ["901", 0]
        yield odd


def twice(prompt):
    """Each node that several read once more, for the last of them."""
    for id, node in prompt.items():
        of_it = [(reader, name, link) for reader, name, link in links(prompt) if link[0] == id]
        if len(of_it) > 1:
            odd = deepcopy(prompt)
            odd["901"] = deepcopy(node)
            reader, name, link = of_it[-1]
            odd[reader]["inputs"][name] = ["901", link[1]]
            yield odd


def strange(prompt):
    """Each node of a class that nobody knows."""
    for id in prompt:
        odd = deepcopy(prompt)
        odd[id]["class_type"] = "Unknown"
        yield odd


@pytest.mark.slow
@pytest.mark.parametrize("script", [TWO_STAGES, GUIDED], ids=["two stages", "guided"])
@pytest.mark.parametrize(("way", "most"), [(between, 0.12), (twice, 0.08), (strange, 0.12)])
def test_one_odd_node_is_no_matter_for_the_rest(script, way, most):
    """Of all nodes a tenth, more or less, stays a node beside the odd one itself, on average."""
    prompts = list(way(exported(script)))
    found = [lift(prompt, KNOWN) for prompt in prompts]
    for one, prompt in zip(found, prompts, strict=True):
        assert same(exported(one.text), prompt)
        assert not [why for why in one.why if "lifting failed" in why]
    kept = sum(len(one.kept) for one in found) / sum(map(len, prompts))
    assert kept < most
