"""The doctor of workflows: every known fault is found at its node, and a clean file has none."""

import json
import random
import re
import time

import pytest

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.doctor import examine
from ltxdsl.comfy.read import read_file
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Severity
from ltxdsl.models import load_model_set
from ltxdsl.source import Source
from ltxdsl.targets import target_named

from ..test_examples import EXPORTED, FOLDER, PHOTO, compiled
from .faults import FAULTS, computed_length, one, patched

KNOWN = catalogue()
ALLOWED = re.compile(r"LTX\d+")
MODELS = load_model_set("ltx-2.3")
SCRIPT = f"""size 512x512
length 33f @ 24fps
prompt "a lake"
img = image "{FOLDER / PHOTO}"
pass 0.5x distill 8 {{ guide img @ end strength 0.5 }}
upscale 2x distill 3
save "lake.mp4"
"""


def exported():
    found = compile(Source(SCRIPT, "lake.ltx"), MODELS, Request(target="comfy"))
    assert found.ok
    return export_prompt(found, MODELS)


def found_in(prompt, **more):
    return examine(Workflow(form="api", prompt=prompt), KNOWN, **more)


def severity(found):
    return found.severity or RULES[found.code].severity


@pytest.fixture
def prompt():
    return json.loads(json.dumps(exported().prompt))


def test_a_clean_prompt_has_no_finding(prompt):
    assert found_in(prompt) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_at_its_node(fault, prompt):
    change, code = FAULTS[fault]
    node = change(prompt)
    found = found_in(prompt)
    here = [one for one in found if one.code == code and node in (None, one.node)]
    assert here, (fault, found)
    assert all(one.message and RULES[one.code].why for one in found)
    if fault in ("class name typo", "sampler not in list", "unknown extra input"):
        assert "did you mean" in here[0].hint


def test_a_server_without_the_file(prompt):
    id = one(prompt, "CheckpointLoaderSimple")
    name = prompt[id]["inputs"]["ckpt_name"]
    files = {"CheckpointLoaderSimple.ckpt_name": ["other.safetensors"]}
    (found,) = found_in(prompt, files=files)
    assert (found.node, found.input, found.code) == (id, "ckpt_name", "LTX283")
    assert name in found.message
    assert found_in(prompt, files={"CheckpointLoaderSimple.ckpt_name": [name]}) == []


def test_old_releases(prompt):
    """What one release does, another does not."""
    guide = one(prompt, "LTXVAddGuide")
    assert found_in(prompt, on=target_named("comfy@0.17")) == []
    (found,) = found_in(prompt, on=target_named("comfy@0.16"))
    assert (found.node, found.code) == (guide, "LTX179")
    prompt[guide]["inputs"]["strength"] = 1.5
    assert [f.code for f in found_in(prompt, on=target_named("comfy@0.21"))] == ["LTX172"]
    assert found_in(prompt, on=target_named("comfy@0.22")) == []


def test_two_guides_at_one_frame_before_exact_crops(prompt):
    crop, guide = one(prompt, "LTXVCropGuides"), one(prompt, "LTXVAddGuide")
    readers = [n for id, n in prompt.items() if id != crop for v in n["inputs"].values() if v == [guide, 2]]
    before = prompt[guide]["inputs"]
    links = {"positive": [guide, 0], "negative": [guide, 1], "latent": [guide, 2]}
    prompt["900"] = {"class_type": "LTXVAddGuide", "inputs": {**before, **links}}
    for node in readers:
        node["inputs"] = {k: ["900", 2] if v == [guide, 2] else v for k, v in node["inputs"].items()}
    assert [(f.node, f.code) for f in found_in(prompt, on=target_named("comfy@0.22"))] == [("900", "LTX170")]
    assert found_in(prompt) == []


def test_what_no_output_needs_fails_nothing(prompt):
    """A server looks only at what an output needs."""
    prompt["900"] = {"class_type": "CFGGuider", "inputs": {"cfg": 1.0}}
    found = found_in(prompt)
    assert {f.code for f in found} == {"LTX281", "LTX285"}
    assert {severity(f) for f in found} == {Severity.WARNING}


def test_a_panel_of_loras_and_a_trimmed_decode_are_understood(prompt):
    changed = json.loads(json.dumps(prompt))
    panel = {"lora_1": {"on": True, "lora": "style.safetensors", "strength": 9.0}, "lora_2": {"on": False, "lora": "b"}}
    id = patched(changed, "Power Lora Loader (rgthree)", **panel)
    assert [(f.node, f.input) for f in found_in(changed) if f.code == "LTX067"] == [(id, "lora_1")]
    decoder = next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))
    concat = one(prompt, "LTXVConcatAVLatent")
    prompt[decoder]["inputs"]["samples"] = prompt[concat]["inputs"]["video_latent"]
    assert "LTX289" in {f.code for f in found_in(prompt)}
    reader = next(node for node in prompt.values() if [decoder, 0] in node["inputs"].values())
    prompt["900"] = {"class_type": "ImageFromBatch", "inputs": {"image": [decoder, 0], "batch_index": 0, "length": 9}}
    reader["inputs"] = {k: ["900", 0] if v == [decoder, 0] else v for k, v in reader["inputs"].items()}
    assert "LTX289" not in {f.code for f in found_in(prompt)}


def test_a_computed_value_names_the_node_that_it_comes_from(prompt):
    id = computed_length(prompt)
    (found,) = [f for f in found_in(prompt) if f.code == "LTX010"]
    assert found.node == id
    assert found.hint.endswith('it comes from node 901 "ComfyMathExpression"')


def test_other_models_are_no_matter():
    """A prompt of another model, with what would be wrong for LTX."""
    text = {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": ""}}
    sampler = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0]}
    sampler |= {"seed": 1, "steps": 4, "cfg": 0.5, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    prompt = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "flux-dev-distilled-lora.safetensors"}},
        "2": text,
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 100, "height": 100, "batch_size": 1}},
        "4": {"class_type": "KSampler", "inputs": sampler},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "a"}},
    }
    assert found_in(prompt) == []


def test_values_of_another_release_are_one_warning(prompt):
    """In an editor's file alone: there they have no names, and shift."""
    id = one(prompt, "CFGGuider")
    sampler = one(prompt, "EmptyLTXVLatentVideo")
    prompt[sampler]["inputs"] |= {"width": "fixed", "height": "wide", "length": "many"}
    prompt[id]["inputs"]["cfg"] = "high"
    found = examine(Workflow(form="editor 1.0", prompt=prompt), KNOWN)
    assert [(f.node, severity(f)) for f in found if f.code == "LTX283"] == [
        (node, Severity.ERROR if node == id else Severity.WARNING) for node in prompt if node in (id, sampler)
    ]
    assert len([f for f in found_in(prompt) if f.code == "LTX283"]) == 4


JUNK = (None, True, -1, 2**70, 1e308, "", "x" * 5000, [], ["1"], ["1", 0], [1, 0], ["1", -5], {}, {"__value__": []})


@pytest.mark.parametrize("seed", range(30))
def test_junk_anywhere_raises_nothing(seed, prompt):
    rng = random.Random(seed)
    for _ in range(12):
        node = prompt[rng.choice(list(prompt))]
        name = rng.choice([*node["inputs"], "more"])
        node["inputs"][name] = rng.choice(JUNK)
    if seed % 3 == 0:
        prompt[rng.choice(list(prompt))]["class_type"] = "Unheard"
    assert found_in(prompt)


@pytest.mark.parametrize("node", ["a note", None, [], {"class_type": 3, "inputs": {}}, {"class_type": "LoadImage"}])
def test_what_is_no_node_is_said(node, prompt):
    prompt["900"] = node
    assert ("900", "LTX286") in [(f.node, f.code) for f in found_in(prompt)]


def test_a_thousand_nodes_are_quick(prompt):
    for part in range(1, 31):
        for id, node in json.loads(json.dumps(prompt)).items():
            moved = {k: [f"{part}:{v[0]}", v[1]] if isinstance(v, list) else v for k, v in node["inputs"].items()}
            if ":" not in id:
                prompt[f"{part}:{id}"] = {**node, "inputs": moved}
    assert len(prompt) > 1000
    start = time.perf_counter()
    assert found_in(prompt) == []
    assert time.perf_counter() - start < 3


def test_exports_of_all_examples_have_no_error():
    """What is warned of is so in the scripts, too, whose comments say why."""
    for path in EXPORTED:
        made = compiled(path, MODELS, target="comfy")
        found = found_in(export_prompt(made, MODELS).prompt)
        said = {"LTX280"} | {d.code for d in made.diagnostics} | set(ALLOWED.findall(path.read_text()))
        assert {f.code for f in found if severity(f) is not Severity.NOTE} <= said, path.stem


# What is really so in the official files; nothing else may be found there.
CUT = {"LTX010", "LTX011"}  # lengths that are not 1 + 8N and sides that are no multiple of 32, as peers' tools miss
LATER = {"LTX024", "LTX100"}  # the second pass holds the picture at strength 1, and makes the sound anew
UNHEARD = {"LTX050"}  # a negative prompt at cfg 1
OFFICIAL = {
    "template_image_speech_to_video": {"LTX011", "LTX024"},
    "template_ltx2_3_ic_lora_ingredients": UNHEARD,
    "template_ltx2_3_style_transition": {*CUT, *UNHEARD, "LTX290"},
    "video_ltx2_3_flf2v": {*CUT, *UNHEARD, "LTX290"},
    "video_ltx2_3_i2v": {*CUT, *LATER, *UNHEARD, "LTX290"},
    "video_ltx2_3_ia2v": {"LTX011", "LTX024", "LTX283", *UNHEARD},  # 283: bit_depth "auto" is of a newer release
    "video_ltx2_3_ic_lora": {"LTX283", "LTX285", *UNHEARD},  # 285: two nodes that nothing needs
    "video_ltx2_3_id_lora": {*CUT, *LATER, "LTX285"},
    "video_ltx2_3_t2v": {*CUT, "LTX100", "LTX283", *UNHEARD, "LTX290"},
    "video_ltx2_canny_to_video": {*LATER, "LTX285"},
    "video_ltx2_depth_to_video": {*LATER, "LTX285"},
    "video_ltx2_i2v": {"LTX011", *LATER},
    "video_ltx2_i2v_distilled": {"LTX011", *LATER},
    "video_ltx2_i2v_lora": {"LTX281", "LTX282", "LTX285"},  # its SaveVideo is linked to nothing
    "video_ltx2_t2v": {"LTX011", "LTX100"},
    "video_ltx2_t2v_distilled": {"LTX011", "LTX100"},
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_templates_have_no_false_finding(name, shared):
    """As files of the editor, and as the editor queues them."""
    editor = examine(read_file(shared / "workflows" / f"comfyorg__{name}.json", KNOWN), KNOWN)
    queued = examine(read_file(shared / "workflows" / "truth" / f"comfyorg__{name}.api.json", KNOWN), KNOWN)
    read = [f for f in editor if f.code != "LTX286"]  # a note: it was saved with a newer release of a node
    assert {f.code for f in read} == OFFICIAL[name]
    assert {(f.node, f.code) for f in read if f.code != "LTX282"} == {(f.node, f.code) for f in queued}
    assert all(severity(f) is Severity.NOTE for f in editor if f.code == "LTX286")
    assert {f.code for f in editor if severity(f) is Severity.ERROR} <= {"LTX281"}


# The 22 faults of the comparison with other tools, and the dead branch.
PEERS = [fault for fault in FAULTS if fault != "sigmas that leave noise"][:22]


@pytest.mark.parametrize("name", ["video_ltx2_3_i2v", "video_ltx2_3_flf2v"])
@pytest.mark.parametrize("fault", PEERS)
def test_faults_in_official_templates_are_found(fault, name, shared):
    """At the same node as in our own; the two have other nodes, so that each fault is in one at least."""
    path = shared / "workflows" / "truth" / f"comfyorg__{name}.api.json"
    prompt = read_file(path, KNOWN).prompt
    before = {(f.node, f.code) for f in found_in(prompt)}
    change, code = FAULTS[fault]
    if code == "LTX289" and "LTXVAddGuide" not in {node["class_type"] for node in prompt.values()}:
        pytest.skip("it has no guide")
    try:
        node = change(prompt)
    except (IndexError, StopIteration):
        pytest.skip("it has no such node")
    found = {(f.node, f.code) for f in found_in(prompt)}
    assert code in {c for n, c in found if node in (None, n)}, found - before


def test_hostile_prompts_take_bounded_time():
    """Long chains of every kind that is followed; without limits each takes minutes, or all of the stack."""

    def node(kind: str, **inputs: object) -> dict:
        return {"class_type": kind, "inputs": inputs}

    many = range(1, 2000)
    switches = {str(i): node("ComfySwitchNode", switch=["x", 0], on_true=[str(i - 1), 0]) for i in many}
    guides = {str(i): node("LTXVAddGuide", latent=[str(i - 1), 2], frame_idx=0) for i in many}
    loras = {str(i): node("LoraLoaderModelOnly", model=[str(i - 1), 0], lora_name=f"a{i}") for i in many}
    samplers = {f"s{i}": node("KSampler", model=[str(i), 0], cfg=1.0, latent_image=["e", 0]) for i in many}
    empty = node("EmptyLTXVLatentVideo", width=64, height=64, length=9, batch_size=1)
    start = time.perf_counter()
    for prompt in (switches, {"0": empty, **guides}, {"e": empty, **loras, **samplers}):
        assert found_in(prompt)
    assert found_in({str(i): node(f"LTXVUnheard{i}") for i in many})
    (circle,) = [
        f for f in found_in({**loras, "0": loras["1"], "1": node("Reroute", a=["1999", 0])}) if f.code == "LTX284"
    ]
    assert len(circle.message) < 200
    assert time.perf_counter() - start < 30
