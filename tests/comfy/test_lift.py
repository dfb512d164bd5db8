"""Lifting: what comes out gives the same nodes back, whatever went in."""

import json
import re
from collections import Counter

import pytest
from PIL import Image

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.arithmetic import Unknown, computed
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.compare import digests, same
from ltxdsl.comfy.fold import fold
from ltxdsl.comfy.importing import imported
from ltxdsl.comfy.lift import lift
from ltxdsl.comfy.read import read_file
from ltxdsl.compiler import Request, compile
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

from ..test_examples import EXPORTED, given, source_of

MODELS = load_model_set("ltx-2.3")
KNOWN = catalogue()


def exported(text: str) -> dict:
    found = compile(Source(text, "a.ltx"), MODELS, Request(target="comfy"))
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    return export_prompt(found, MODELS).prompt


def test_every_open_workflow_comes_back(shared):
    """Raw: the same prompt. Lifted: the same after constants are folded; all nodes are accounted for."""
    fates: Counter[str] = Counter()
    for path in sorted((shared / "workflows").glob("*.json")):
        workflow = read_file(path, KNOWN)
        raw = imported(workflow, KNOWN, path.name, raw=True)
        assert same(exported(raw.text), workflow.prompt), path.name
        found = imported(workflow, KNOWN, path.name)
        assert same(exported(found.text), fold(workflow.prompt, KNOWN)), path.name
        assert found.fate.keys() == workflow.prompt.keys()
        fates.update(found.fate.values())
    active = sum(fates.values()) - fates["left out"]
    assert fates["lifted"] + fates["folded"] > LIFTED * active


LIFTED = 0.8  # share of nodes that become statements or constants, over all open workflows


@pytest.mark.slow
def test_examples_come_back_from_their_exports():
    """Without the script that an export carries. What the language says, a lift says again, but for a tenth."""
    nodes: Counter[str] = Counter()
    for path in EXPORTED:
        source = source_of(path)
        found = compile(source, MODELS, Request(given=given(source), target="comfy"))
        folded = fold(export_prompt(found, MODELS).prompt, KNOWN)
        back = lift(folded, KNOWN)
        assert same(exported(back.text), folded), path.name
        nodes.update(all=len(folded), kept=len(back.kept))
    assert nodes["kept"] < 0.1 * nodes["all"], nodes


TEMPLATES = ("video_ltx2_3_i2v", "video_ltx2_3_flf2v", "video_ltx2_3_t2v", "video_ltx2_3_ia2v", "video_ltx2_3_id_lora")


@pytest.mark.parametrize("name", TEMPLATES)
def test_official_templates_become_passes(shared, name):
    workflow = read_file(shared / "workflows" / f"comfyorg__{name}.json", KNOWN)
    found = imported(workflow, KNOWN, name)
    assert "pass " in found.text
    assert "save " in found.text
    assert found.counts.get("kept as node", 0) <= 0.2 * len(workflow.prompt)


SCRIPT = """prompt "a lake"
negative "blurry"
pass 0.5x distill 8 { seed 7 }
upscale 2x distill 3 { seed 8; sound anew }
save "lake.mp4"
"""


def test_an_export_is_lifted_without_a_node_left():
    prompt = exported(SCRIPT)
    found = lift(prompt, KNOWN)
    assert found.kept == frozenset()
    assert same(exported(found.text), prompt)


def changed(prompt: dict, kind: str, name: str, value: object) -> dict:
    copy = json.loads(json.dumps(prompt))
    for node in copy.values():
        if node["class_type"] == kind:
            node["inputs"][name] = value
    return copy


@pytest.mark.parametrize(
    ("kind", "name", "value", "spelled"),
    [
        ("SaveVideo", "codec", "h264", True),
        ("CheckpointLoaderSimple", "ckpt_name", "other.safetensors", True),
        ("ManualSigmas", "sigmas", "1.0, 0.5", False),
        ("LTXVConditioning", "frame_rate", 12.5, False),
    ],
)
def test_a_meaning_is_never_hidden_in_a_spelling(kind, name, value, spelled):
    """What changes the video changes a statement, or stays a node."""
    found = lift(changed(exported(SCRIPT), kind, name, value), KNOWN)
    assert same(exported(found.text), changed(exported(SCRIPT), kind, name, value))
    assert (f'spell "{kind}" {{ {name}' in found.text or "load " in found.text) or not spelled
    assert f'spell "{kind}" {{ {name}' not in found.text or spelled


def test_strange_nodes_between_statements_stay_nodes():
    prompt = exported(SCRIPT)
    (guider,) = [id for id, n in prompt.items() if n["class_type"] == "CFGGuider"][:1]
    prompt["900"] = {"class_type": "Strange", "inputs": {"model": prompt[guider]["inputs"]["model"]}}
    prompt[guider]["inputs"]["model"] = ["900", 0]
    found = lift(prompt, KNOWN)
    assert 'patch "Strange"' in found.text
    assert same(exported(found.text), prompt)


def test_a_prompt_without_a_sampler_is_nodes():
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}
    found = lift(prompt, KNOWN)
    assert found.kept == {"1"}
    assert same(exported(found.text), prompt)


# --- folding


def node(kind: str, **inputs: object) -> dict:
    return {"class_type": kind, "inputs": inputs}


def test_sums_and_switches_are_folded():
    prompt = {
        "1": node("PrimitiveInt", value=5),
        "2": node("PrimitiveInt", value=25),
        "3": node("ComfyMathExpression", expression="a * b + 1", **{"values.a": ["1", 0], "values.b": ["2", 0]}),
        "4": node("ComfySwitchNode", switch=False, on_true=["9", 0], on_false=["5", 0]),
        "5": node("EmptyLTXVLatentVideo", width=640, height=352, length=["3", 1], batch_size=1),
        "9": node("LoadLatent", latent="x"),
        "6": node("SaveLatent", samples=["4", 0], filename_prefix="a"),
    }
    folded = fold(prompt, KNOWN)
    assert folded["6"]["inputs"]["samples"] == ["5", 0]
    assert folded["5"]["inputs"]["length"] == 126
    assert set(folded) == {"5", "6"}


def test_what_is_not_known_stays_a_link():
    prompt = {
        "1": node("LoadImage", image="a.png"),
        "2": node("GetImageSize", image=["1", 0]),
        "3": node("EmptyLTXVLatentVideo", width=["2", 0], height=["2", 1], length=9, batch_size=1),
        "4": node("SaveLatent", samples=["3", 0], filename_prefix="a"),
    }
    assert fold(prompt, KNOWN) == prompt


def test_a_long_chain_and_a_circle_of_nodes_end():
    chain = {"0": node("PrimitiveInt", value=1)}
    for index in range(1, 20_000):
        chain[str(index)] = node(
            "ComfyMathExpression", expression="a + 1", **{"values.a": [str(index - 1), min(index - 1, 1)]}
        )
    chain["end"] = node("PreviewAny", source=["19999", 1])
    assert fold(chain, KNOWN)["end"]["inputs"]["source"] == 20_000
    circle = {
        "1": node("Reroute", x=["2", 0]),
        "2": node("Reroute", x=["1", 0]),
        "3": node("PreviewAny", source=["1", 0]),
    }
    assert digests(fold(circle, KNOWN))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a*2+1", 11),
        ("round(a/2)", 2),
        ("max(a, 7) // 2", 3),
        ("a > 3", 1),
        ("2 ** a", 32),
        ("-a % 3", 1),
        ("a if a else 0", 5),
    ],
)
def test_expressions(text, value):
    assert computed(text, {"a": 5}) == value


@pytest.mark.parametrize(
    "text", ["b", "().__class__", "__import__('os')", "a.b", "9 ** 9 ** 9", "[1]", "a +", "1 / 0", "f(a)"]
)
def test_what_is_no_sum_is_unknown(text):
    with pytest.raises(Unknown):
        computed(text, {"a": 5})


# --- a lifted workflow is a script like any other

SMALL = (
    (r"(^|; )size \d+x\d+", r"\1size 128x128"),
    (r"(^|; )length \d+f", r"\1length 17f"),
    (r" \| size 1280x720[^\n|]*", ""),
)
LIFTED_HERE = ("video_ltx2_3_i2v", "video_ltx2_3_flf2v", "video_ltx2_i2v_distilled", "video_ltx2_t2v_distilled")


def small(shared, folder, name: str) -> str:
    """The lifted script of an official template at a size for tests, with its pictures beside it."""
    workflow = read_file(shared / "workflows" / f"comfyorg__{name}.json", KNOWN)
    text = imported(workflow, KNOWN, name).text
    for node in workflow.prompt.values():
        if node["class_type"] == "LoadImage":
            Image.new("RGB", (128, 128), "teal").save(folder / node["inputs"]["image"])
    for pattern, value in SMALL:
        text = re.sub(pattern, value, text, flags=re.M)
    return text


@pytest.mark.parametrize("name", LIFTED_HERE)
def test_a_lifted_template_is_right_for_this_runtime(shared, tmp_path, monkeypatch, models, name):
    monkeypatch.chdir(tmp_path)
    found = compile(Source(small(shared, tmp_path, name), "a.ltx"), models)
    assert found.ok, [(d.code, d.message) for d in found.diagnostics if d.severity == "error"]
    assert found.stages


@pytest.mark.slow
@pytest.mark.parametrize("name", LIFTED_HERE)
def test_a_lifted_template_runs(shared, tmp_path, monkeypatch, ltx, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ltx").write_text(small(shared, tmp_path, name), encoding="utf-8")
    assert ltx("run", "a.ltx").code == 0
    assert [path for path in tmp_path.rglob("*.mp4") if path.stat().st_size > 1000]


def test_spellings_and_nodes_that_only_show_are_no_matter_here(models):
    spell = 'spell "KSamplerSelect" { sampler_name: written }'
    text = f'prompt "a"\nnode "PreviewAny" {{ source: written }}\n{spell}\npass dev 9'
    found = compile(Source(text, "a.ltx"), models)
    assert found.ok
    assert "LTX094" in {d.code for d in found.diagnostics}
    named = compile(Source(text.replace('node "P', 'x = node "P'), "a.ltx"), models)
    assert "LTX090" in {d.code for d in named.diagnostics}, "what something may come of is not left out"
