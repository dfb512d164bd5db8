"""`ltx check` of workflow files: every known fault is found at its node, and a clean file has none."""

import json
import random
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.cli.check_workflow import interfaces
from ltxdsl.cli.checking import Asked, check_file
from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.doctor import examine
from ltxdsl.comfy.doctor.places import places
from ltxdsl.comfy.read import read_file
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.comfy.write import editor_graph
from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Severity
from ltxdsl.models import load_model_set
from ltxdsl.source import Source
from ltxdsl.targets import target_named

from ..test_examples import EXPORTED, FOLDER, PHOTO, compiled

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


def one(prompt, kind: str, which: int = 0) -> str:
    return [id for id, node in prompt.items() if node["class_type"] == kind][which]


def test_a_clean_prompt_has_no_finding(prompt):
    assert found_in(prompt) == []


def put(kind: str, name: str, value: object, which: int = 0):
    def change(prompt):
        id = one(prompt, kind, which)
        prompt[id]["inputs"][name] = value
        return id

    return change


def without(kind: str, name: str):
    def change(prompt):
        id = one(prompt, kind)
        del prompt[id]["inputs"][name]
        return id

    return change


def misnamed(prompt):
    id = one(prompt, "KSamplerSelect")
    prompt[id]["class_type"] = "KSamplerSelct"
    return id


def circle(prompt):
    lora, guider = one(prompt, "LoraLoaderModelOnly"), one(prompt, "CFGGuider")
    prompt["900"] = {"class_type": "LoraLoaderModelOnly", "inputs": {**prompt[lora]["inputs"], "model": [lora, 0]}}
    prompt[lora]["inputs"]["model"] = ["900", 0]
    prompt[guider]["inputs"]["model"] = ["900", 0]
    return


def wrong_slot(prompt):
    id = one(prompt, "LTXVConcatAVLatent")
    prompt[id]["inputs"]["video_latent"][1] = 9
    return id


def wrong_type(prompt):
    id = one(prompt, "CFGGuider")
    prompt[id]["inputs"]["model"] = [one(prompt, "RandomNoise"), 0]
    return id


def without_dotted(prompt):
    id = "900"
    source = [one(prompt, "LoadImage"), 0]
    prompt[id] = {"class_type": "ResizeImageMaskNode", "inputs": {
        "input": source, "resize_type": "scale dimensions", "resize_type.height": 64, "resize_type.crop": "center",
        "scale_method": "lanczos"}}  # fmt: skip
    prompt["901"] = {"class_type": "PreviewImage", "inputs": {"images": [id, 0]}}
    return id


def uncropped(prompt):
    """The last pass's guides go into the decoder."""
    crop = one(prompt, "LTXVCropGuides", -1)
    decoder = one(prompt, "LTXVLatentUpsampler")
    prompt[decoder]["inputs"]["samples"] = prompt[crop]["inputs"]["latent"]
    return decoder


def dead(prompt):
    prompt["900"] = {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}
    return "900"


def patched(prompt, kind: str, **inputs: object) -> str:
    """One more node in the model's way to the first guider."""
    guider = one(prompt, "CFGGuider")
    prompt["900"] = {"class_type": kind, "inputs": {"model": prompt[guider]["inputs"]["model"], **inputs}}
    prompt[guider]["inputs"]["model"] = ["900", 0]
    return "900"


NAG = {"nag_scale": 11.0, "nag_alpha": 0.25, "nag_tau": 2.5}


def nag(**changed: float):
    return lambda prompt: patched(prompt, "LTX2_NAG", **{**NAG, **changed})


def nag_with_guidance(prompt):
    prompt[one(prompt, "CFGGuider")]["inputs"]["cfg"] = 3.0
    return patched(prompt, "LTX2_NAG", **NAG)


def relay(local: str, guidance: float = 1.0):
    """A relay on the first pass, which has a guide."""

    def change(prompt):
        guider = one(prompt, "CFGGuider")
        inputs = {"clip": [one(prompt, "LTXAVTextEncoderLoader"), 0], "latent": [one(prompt, "LTXVAddGuide"), 2]}
        inputs |= {"global_prompt": "a", "local_prompts": local, "segment_lengths": "", "epsilon": 0.001}
        prompt[guider]["inputs"]["cfg"] = guidance
        return patched(prompt, "PromptRelayEncode", **inputs)

    return change


def smaller_guide(strength: float, width: int):
    """The guide as an IC-LoRA's, at half of the size."""

    def change(prompt):
        id = one(prompt, "LTXVAddGuide")
        prompt[id]["class_type"] = "LTXAddVideoICLoRAGuide"
        prompt[id]["inputs"] |= {"latent_downscale_factor": 2.0, "crop": "center", "strength": strength}
        prompt[id]["inputs"] |= {"tile_overlap": 64, "tile_size": 256, "use_tiled_encode": False, "frame_idx": 0}
        prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["width"] = width
        return id

    return change


def nag_with_relay(prompt):
    guider = one(prompt, "CFGGuider")
    patched(prompt, "LTX2_NAG", **NAG)
    inputs = {"clip": [one(prompt, "LTXAVTextEncoderLoader"), 0], "latent": [one(prompt, "EmptyLTXVLatentVideo"), 0]}
    inputs |= {
        "model": ["900", 0],
        "global_prompt": "a",
        "local_prompts": "b | c",
        "segment_lengths": "",
        "epsilon": 0.001,
    }
    prompt["901"] = {"class_type": "PromptRelayEncode", "inputs": inputs}
    prompt[guider]["inputs"]["model"] = ["901", 0]
    return "901"


def lora(name: str, strength: float = 0.8):
    return lambda prompt: patched(prompt, "LoraLoaderModelOnly", lora_name=name, strength_model=strength)


def lora_twice(prompt):
    patched(prompt, "LoraLoaderModelOnly", lora_name="style.safetensors", strength_model=0.5)
    prompt["902"] = {"class_type": "LoraLoaderModelOnly", "inputs": {**prompt["900"]["inputs"], "model": ["900", 0]}}
    prompt[one(prompt, "CFGGuider")]["inputs"]["model"] = ["902", 0]
    return "902"


def distilled_twice(prompt):
    prompt[one(prompt, "CheckpointLoaderSimple")]["inputs"]["ckpt_name"] = "ltx-2.3-22b-distilled.safetensors"
    return one(prompt, "LoraLoaderModelOnly")


def undistilled(prompt):
    """The dev model alone, at the steps of the distilled one."""
    for id in [id for id, node in prompt.items() if node["class_type"] == "LoraLoaderModelOnly"]:
        prompt[id]["inputs"]["lora_name"] = "style.safetensors"
    prompt[one(prompt, "CheckpointLoaderSimple")]["inputs"]["ckpt_name"] = "ltx-2.3-22b-dev.safetensors"


def few_steps(prompt):
    undistilled(prompt)
    return one(prompt, "ManualSigmas")


def few_steps_after_upscale(prompt):
    undistilled(prompt)
    return one(prompt, "ManualSigmas", -1)


def unguided_dev(prompt):
    undistilled(prompt)
    return one(prompt, "CFGGuider")


def many_steps(prompt):
    id = one(prompt, "ManualSigmas")
    prompt[id]["inputs"]["sigmas"] = ", ".join(str(1 - step / 30) for step in range(31))
    return id


def held(prompt):
    """The picture in place at full strength, after the upsampler."""
    concat = one(prompt, "LTXVConcatAVLatent", -1)
    inputs = {"vae": [one(prompt, "CheckpointLoaderSimple"), 2], "image": [one(prompt, "LoadImage"), 0]}
    inputs |= {"latent": prompt[concat]["inputs"]["video_latent"], "strength": 1.0, "bypass": False}
    prompt["900"] = {"class_type": "LTXVImgToVideoInplace", "inputs": inputs}
    prompt[concat]["inputs"]["video_latent"] = ["900", 0]
    return "900"


def anew(prompt):
    """The mask goes that keeps the sound of the first pass."""
    mask = one(prompt, "SetLatentNoiseMask")
    prompt[one(prompt, "LTXVConcatAVLatent", -1)]["inputs"]["audio_latent"] = prompt[mask]["inputs"]["samples"]
    return one(prompt, "SamplerCustomAdvanced", -1)


def hdr_into_sdr(prompt):
    last = one(prompt, "CFGGuider", -1)
    inputs = {"model": prompt[last]["inputs"]["model"], "lora_name": "ltx-hdr.safetensors", "strength_model": 1.0}
    prompt["900"] = {"class_type": "LoraLoaderModelOnly", "inputs": inputs}
    prompt[last]["inputs"]["model"] = ["900", 0]
    return one(prompt, "SaveVideo")


def negative_for_nothing(prompt):
    id = "900"
    prompt[id] = {"class_type": "CLIPTextEncode", "inputs": {**prompt[one(prompt, "CLIPTextEncode")]["inputs"]}}
    prompt[id]["inputs"]["text"] = "people"
    prompt[one(prompt, "LTXVConditioning")]["inputs"]["negative"] = [id, 0]
    return id


def same_negative(prompt):
    encoder = one(prompt, "CLIPTextEncode")
    prompt[one(prompt, "LTXVConditioning")]["inputs"]["negative"] = [encoder, 0]
    prompt[one(prompt, "CFGGuider")]["inputs"]["cfg"] = 1.5
    return one(prompt, "CFGGuider")


def computed_length(prompt):
    """5 s at 25 frames a second, and one: the sum is in nodes, as in the official templates."""
    id = one(prompt, "EmptyLTXVLatentVideo")
    prompt["900"] = {"class_type": "PrimitiveInt", "inputs": {"value": 25}}
    values = {"values.a": 5, "values.b": ["900", 0]}
    prompt["901"] = {"class_type": "ComfyMathExpression", "inputs": {"expression": "a * b + 1", **values}}
    prompt[id]["inputs"]["length"] = ["901", 1]
    return id


def square(prompt):
    id = one(prompt, "EmptyLTXVLatentVideo")
    prompt[id]["inputs"] |= {"width": 960, "height": 960}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


def large(prompt):
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"] |= {"width": 1280, "height": 704}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


def narrow(prompt):
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"] |= {"width": 1024, "height": 256}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


FAULTS = {
    "class name typo": (misnamed, "LTX280"),
    "sampler not in list": (put("KSamplerSelect", "sampler_name", "eulr"), "LTX283"),
    "required input missing": (without("CFGGuider", "positive"), "LTX281"),
    "dangling link": (put("CFGGuider", "positive", ["9999", 0]), "LTX282"),
    "wrong link type": (wrong_type, "LTX282"),
    "cycle": (circle, "LTX284"),
    "unknown extra input": (put("CFGGuider", "cfgg", 2.0), "LTX281"),
    "number out of range": (put("CFGGuider", "cfg", 1000.0), "LTX283"),
    "wrong literal type": (put("CFGGuider", "cfg", "high"), "LTX283"),
    "output slot out of range": (wrong_slot, "LTX282"),
    "model file of another kind": (
        put("LTXVAudioVAELoader", "ckpt_name", "ltx-spatial-upscaler.safetensors"),
        "LTX288",
    ),
    "dotted sub-input missing": (without_dotted, "LTX281"),
    "length 100": (put("EmptyLTXVLatentVideo", "length", 100), "LTX010"),
    "width 1000": (put("EmptyLTXVLatentVideo", "width", 1000), "LTX011"),
    "audio rate": (put("LTXVEmptyLatentAudio", "frame_rate", 30), "LTX287"),
    "output rate": (put("CreateVideo", "fps", 30.0), "LTX287"),
    "guides not cropped": (uncropped, "LTX289"),
    "sigmas not descending": (put("ManualSigmas", "sigmas", "1.0, 0.5, 0.7, 0.0"), "LTX043"),
    "sigmas that leave noise": (put("ManualSigmas", "sigmas", "0.9, 0.5", -1), "LTX042"),
    "guide beyond the clip": (put("LTXVAddGuide", "frame_idx", 200), "LTX020"),
    "cfg 4 with the distilled LoRA": (put("CFGGuider", "cfg", 4.0), "LTX051"),
    "dead branch": (dead, "LTX285"),
    "number as text": (put("CFGGuider", "cfg", "1.5"), "LTX283"),
    "length by nodes": (computed_length, "LTX010"),
    "sound of another length": (put("LTXVEmptyLatentAudio", "frames_number", 60), "LTX290"),
    "slow": (put("LTXVConditioning", "frame_rate", 8.0), "LTX018"),
    "long": (put("EmptyLTXVLatentVideo", "length", 601), "LTX014"),
    "square": (square, "LTX013"),
    "large": (large, "LTX017"),
    "narrow": (narrow, "LTX019"),
    "first pass below full noise": (put("ManualSigmas", "sigmas", "0.7, 0.4, 0.0"), "LTX046"),
    "later pass at full noise": (put("ManualSigmas", "sigmas", "1.0, 0.5, 0.0", -1), "LTX047"),
    "idle step": (put("ManualSigmas", "sigmas", "1.0, 0.975, 0.9748, 0.5, 0.0"), "LTX049"),
    "few steps": (few_steps, "LTX048"),
    "few steps after an upscale": (few_steps_after_upscale, "LTX069"),
    "many steps": (many_steps, "LTX063"),
    "unguided": (unguided_dev, "LTX057"),
    "cfg 0.5": (put("CFGGuider", "cfg", 0.5), "LTX053"),
    "cfg 15": (put("CFGGuider", "cfg", 15.0), "LTX054"),
    "NAG with guidance": (nag_with_guidance, "LTX052"),
    "NAG of nothing": (nag(nag_scale=1.0), "LTX058"),
    "NAG with relay": (nag_with_relay, "LTX030"),
    "relay of one": (relay("she runs"), "LTX035"),
    "relay of the same": (relay("she runs | she runs"), "LTX038"),
    "relay with guidance": (relay("she runs | she stops", 1.5), "LTX178"),
    "relay with guides": (relay("she runs | she stops"), "LTX177"),
    "guide of half a cell": (smaller_guide(1.0, 288), "LTX195"),
    "strong smaller guide": (smaller_guide(1.5, 256), "LTX198"),
    "distilled twice": (distilled_twice, "LTX060"),
    "distilled LoRA over 1": (put("LoraLoaderModelOnly", "strength_model", 1.4), "LTX064"),
    "one LoRA twice": (lora_twice, "LTX065"),
    "LoRA at 0": (lora("style.safetensors", 0.0), "LTX066"),
    "LoRA at 8": (lora("style.safetensors", 8.0), "LTX067"),
    "LoRA of the text model": (lora("gemma-abliterated.safetensors"), "LTX068"),
    "upsampler as a LoRA": (lora("ltx-spatial-upscaler-x2.safetensors"), "LTX288"),
    "backslashes": (lora("chars\\style.safetensors"), "LTX175"),
    "held in a late pass": (held, "LTX024"),
    "guide at 0": (put("LTXVAddGuide", "strength", 0.0), "LTX027"),
    "sound made anew": (anew, "LTX100"),
    "HDR into SDR": (hdr_into_sdr, "LTX197"),
    "negative for nothing": (negative_for_nothing, "LTX050"),
    "negative that is the prompt": (same_negative, "LTX207"),
    "empty prompt": (put("CLIPTextEncode", "text", " "), "LTX200"),
    "weight in a prompt": (put("CLIPTextEncode", "text", "a (calm:1.3) lake"), "LTX202"),
    "large seed": (put("RandomNoise", "noise_seed", 2**60), "LTX174"),
}


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
    "video_ltx2_i2v_lora": {"LTX281", "LTX285"},  # its SaveVideo is linked to nothing
    "video_ltx2_t2v": {"LTX011", "LTX100"},
    "video_ltx2_t2v_distilled": {"LTX011", "LTX100"},
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_templates_have_no_false_finding(name, shared):
    """As files of the editor, and as the editor queues them."""
    editor = examine(read_file(shared / "workflows" / f"comfyorg__{name}.json", KNOWN), KNOWN)
    queued = examine(read_file(shared / "workflows" / "truth" / f"comfyorg__{name}.api.json", KNOWN), KNOWN)
    assert {f.code for f in editor} == OFFICIAL[name]
    assert {(f.node, f.code) for f in editor} == {(f.node, f.code) for f in queued}
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


# --- the command


def run(*arguments: str):
    return CliRunner().invoke(ltx, ["check", *arguments], standalone_mode=False)


def test_the_command_points_at_the_line_of_the_node(tmp_path: Path):
    export = exported()
    graph = editor_graph(export, KNOWN, SCRIPT)
    for node in graph["nodes"]:
        if node["type"] == "EmptyLTXVLatentVideo":
            id = node["id"]
            node["widgets_values"][2] = 100
    (tmp_path / "lake.json").write_text(json.dumps(graph, indent=2))
    result = run(str(tmp_path / "lake.json"))
    assert result.return_value == 0, "a warning fails only with --strict"
    assert run(str(tmp_path / "lake.json"), "--strict").return_value == 1
    assert "LTX010" in result.output
    data = json.loads(run(str(tmp_path / "lake.json"), "--json").output)
    found = [d for f in data["files"] for d in f["diagnostics"]] if "files" in data else data["diagnostics"]
    assert [d["code"] for d in found] == ["LTX010", "LTX290"]
    (finding, _) = found
    line = (tmp_path / "lake.json").read_text().splitlines()[finding["place"]["line"] - 1]
    assert f'"id": {id}' in line


def at(text: str, node: str) -> str | None:
    span = places(text).of(node)
    return text[span.start : span.end] + "@" + str(span.start) if span else None


def test_places_of_nodes_in_a_prompt():
    text = r"""{"1": {"inputs": {"text": "\"9\": {\"class_type\"", "a": ["2", 0]}, "class_type": "A"},
 "267:242": {"class_type": "A", "inputs": {}}, "note": {"a": 1}}"""
    assert at(text, "1") == f'"1"@{text.index(chr(34) + "1")}'
    assert at(text, "267:242") == f'"267:242"@{text.index(chr(34) + "267")}'
    assert [at(text, id) for id in ("9", "note", "2")] == [None, None, None]


def test_places_of_nodes_in_graphs_within_graphs():
    """Ids are used again in other subgraphs; an id may stand anywhere in its node."""
    graph = {
        "id": "outer",
        "nodes": [
            {"id": 7, "type": "A", "inputs": [{"name": "x", "type": "INT", "id": 9}]},
            {"type": "one", "pos": [7, 9], "id": 8},
        ],
        "definitions": {
            "subgraphs": [
                {"nodes": [{"id": 7, "type": "two"}, {"id": 5, "type": None}], "id": "one"},
                {"id": "two", "nodes": [{"id": 7, "type": "B"}], "links": [{"id": 3, "type": "X"}]},
            ]
        },
    }
    text = json.dumps(graph)
    sevens = [match.start() for match in re.finditer('"id": 7', text)]
    assert at(text, "7") == f'"id": 7@{sevens[0]}'
    assert at(text, "8:7") == f'"id": 7@{sevens[1]}'
    assert at(text, "8:7:7") == f'"id": 7@{sevens[2]}'
    assert at(text, "8:5") == f'"id": 5@{text.index(chr(34) + "id" + chr(34) + ": 5")}'
    assert at(text, "3") is None
    assert at(json.dumps({"workflow": graph}), "8:7") is not None


@pytest.mark.parametrize("text", ["", "{", "]}", '{"a": [}', '"', '{"id": 1, "nodes": [{"id": ', "{" * 20000])
def test_places_in_what_is_no_json(text):
    assert places(text).of("1") is None


@pytest.mark.parametrize("form", ["json", "sarif", "github", "junit", "gitlab"])
def test_every_format_takes_workflows(form, tmp_path: Path):
    (tmp_path / "lake.json").write_text(json.dumps(exported().prompt))
    assert run(str(tmp_path / "lake.json"), "--format", form).return_value == 0


def test_what_is_no_workflow_is_a_finding(tmp_path: Path):
    (tmp_path / "bad.json").write_text('{"a": 1}')
    result = run(str(tmp_path / "bad.json"))
    assert result.return_value == 1
    assert "LTX286" in result.output


def test_a_workflow_from_standard_input_for_an_old_release(tmp_path: Path):
    text = json.dumps(exported().prompt, indent=1)
    result = CliRunner().invoke(ltx, ["check", "-", "--target", "comfy@0.16"], input=text, standalone_mode=False)
    assert "LTX179" in result.output
    (tmp_path / "lake.json").write_text(text)
    assert run(str(tmp_path / "lake.json"), "--target", "comfy@9.9").return_value == 2


def test_a_project_weighs_rules_of_workflows_too(tmp_path: Path):
    prompt = exported().prompt
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["length"] = 100
    (tmp_path / "lake.json").write_text(json.dumps(prompt))
    assert run(str(tmp_path / "lake.json")).return_value == 0
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX290 = "error"\n')
    assert run(str(tmp_path / "lake.json")).return_value == 1
    assert run(str(tmp_path / "nothing.json")).return_value == 2


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "gitlab"])
def test_halves_of_characters_and_control_characters_are_shown(form, tmp_path: Path):
    half, save = "\ud800", {"class_type": "SaveVideo", "_meta": {"title": "\ud800\x1b[31m"}}
    save["inputs"] = {"video": [half, 0], "filename_prefix": half, half: 1, "format": half}
    prompt = {half: {"class_type": half, "inputs": {half: [half, 0]}}, "2": save}
    (tmp_path / "odd.json").write_text(json.dumps(prompt))
    result = run(str(tmp_path / "odd.json"), "--format", form)
    assert result.return_value == 1
    assert "\x1b" not in result.output
    result.output.encode()


def test_an_answer_from_disk_holds_until_something_changes(tmp_path: Path):
    file = tmp_path / "lake.json"
    prompt = exported().prompt
    file.write_text(json.dumps(prompt))
    assert [run(str(file)).output for _ in range(2)] == [f"{file}: no problems\n"] * 2
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["length"] = 100
    file.write_text(json.dumps(prompt, indent=1))
    first, again = run(str(file)), run(str(file))
    assert "LTX010" in first.output
    assert first.output == again.output
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX010 = "off"\n')
    assert "LTX010" not in run(str(file)).output
    assert ("content", interfaces()) in check_file(str(file), Asked()).marks
    found = json.loads(run(str(file), "--json").output)["files"][0]["diagnostics"]
    assert [f["place"]["line"] > 1 for f in found] == [True], "places come back from disk, too"
