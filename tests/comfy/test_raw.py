"""Raw nodes: a prompt as text, and back without a difference."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.compare import cycle_in, digests, same
from ltxdsl.comfy.lift import Unwritable, raw_script
from ltxdsl.compiler import Request, compile
from ltxdsl.grammar import parse
from ltxdsl.grammar.format import format_script
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

MODELS = load_model_set("ltx-2.3")
SURE = {"max_nesting_depth": 3}


def exported(text: str) -> dict:
    found = compile(Source(text, "a.ltx"), MODELS, Request(target="comfy"))
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    return export_prompt(found, MODELS).prompt


def formatted(text: str) -> str:
    source = Source(text, "a.ltx")
    script, problems = parse(source)
    assert not problems
    return format_script(script, source)


def api_prompts(folder):
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text())
        if "nodes" not in found:
            nodes = {id: n for id, n in found.items() if isinstance(n, dict) and "class_type" in n}
            if nodes and all(n["class_type"] for n in nodes.values()):
                yield path.name, nodes


def test_real_prompts_come_back(shared, object_info):
    prompts = [*api_prompts(shared / "workflows"), *api_prompts(shared / "workflows" / "truth")]
    assert len(prompts) > 50
    for name, prompt in prompts:
        text = raw_script(prompt, object_info)
        assert same(prompt, exported(text)), name
        assert same(prompt, exported(formatted(text))), name


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def safe(text: str) -> bool:
    return all(0x20 <= ord(c) < 0xD800 for c in text) and "\x7f" not in text


@st.composite
def prompts(draw):
    """Some nodes, each of which may read those before it."""
    prompt: dict = {}
    names = st.text(min_size=1, max_size=8).filter(safe).filter(lambda t: not set(t) & set("\x85\u2028\u2029"))
    for index in range(draw(st.integers(1, 6))):
        inputs = dict(draw(st.dictionaries(names, values, max_size=4)))
        for name in draw(st.lists(names, max_size=3 if prompt else 0)):
            inputs[name] = [draw(st.sampled_from(list(prompt))), draw(st.integers(0, 3))]
        prompt[str(index)] = {"class_type": draw(names), "inputs": inputs, "_meta": {"title": draw(st.text())}}
    return prompt


@given(prompts())
def test_any_prompt_comes_back(prompt):
    assert same(prompt, exported(raw_script(prompt, {})))


def test_two_equal_nodes_stay_two():
    prompt = {str(i): {"class_type": "VAELoader", "inputs": {"vae_name": "x"}} for i in range(2)}
    assert len(exported(raw_script(prompt, {}))) == 2


def test_what_no_script_can_say_is_refused():
    with pytest.raises(Unwritable, match="no class"):
        raw_script({"1": {"inputs": {}}}, {})
    looped = {"1": {"class_type": "A", "inputs": {"x": ["2", 0]}}, "2": {"class_type": "A", "inputs": {"x": ["1", 0]}}}
    with pytest.raises(Unwritable, match="waits for itself"):
        raw_script(looped, {})
    with pytest.raises(Unwritable, match="name of the class"):
        raw_script({"1": {"class_type": "a\x00b", "inputs": {}}}, {})


def test_a_comparison_sees_what_differs():
    one = {"1": {"class_type": "A", "inputs": {"x": 1}}, "2": {"class_type": "B", "inputs": {"y": ["1", 0]}}}
    renamed = {"7": one["1"], "3": {"class_type": "B", "inputs": {"y": ["7", 0]}}}
    assert same(one, renamed)
    for path, value in ((("1", "x"), 2), (("1", "x"), True), (("2", "y"), ["1", 1]), (("2", "y"), ["9", 0])):
        changed = json.loads(json.dumps(one))
        changed[path[0]]["inputs"][path[1]] = value
        assert not same(one, changed)
    assert not same(one, {**one, "3": one["1"]})
    assert Counter(digests(one).values()) == Counter(digests(renamed).values())
    assert cycle_in(one) is None


def test_registers_hold_for_what_comes_after():
    text = """model, _, vae = node "CheckpointLoaderSimple" { ckpt_name: "a.safetensors" }
prompt "a lake"
pass distill 8
model = node "Patch" { model: model }
pass distill 8 from 4
frames = node "ImageBlur" { image: frames }
save "lake.mp4"
"""
    prompt = exported(text)
    classes = {id: node["class_type"] for id, node in prompt.items()}
    first, second = (
        prompt[node["inputs"]["guider"][0]]["inputs"]["model"]
        for node in prompt.values()
        if node["class_type"] == "SamplerCustomAdvanced"
    )
    loaded = {classes[prompt[link[0]]["inputs"]["model"][0]] for link in (first, second)}
    assert loaded == {"CheckpointLoaderSimple", "Patch"}
    (video,) = (node["inputs"] for node in prompt.values() if node["class_type"] == "CreateVideo")
    assert classes[video["images"][0]] == "ImageBlur"
    assert "CheckpointLoaderSimple" in classes.values()
