"""Idioms: what people wire in other ways than an export does becomes statements all the same."""

import json
import random

import pytest

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.compare import cycle_in, same
from ltxdsl.comfy.fold import fold
from ltxdsl.comfy.importing import imported
from ltxdsl.comfy.lift import Unwritable, lift
from ltxdsl.comfy.lift.engine import UNEXPECTED
from ltxdsl.comfy.read import read_workflow
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.comfy.write import Said, editor_graph
from ltxdsl.compiler import Request, compile
from ltxdsl.source import Source

from .test_lift import MODELS, exported

KNOWN = catalogue()
TWO_STAGES = """prompt "a lake"
negative "blurry"
pass 0.5x distill 0.6 8 { seed 7; inplace "a.png" @ 0 strength 0.7 }
upscale 2x distill 0.6 3 { seed 8; sound anew }
save "video/lake.mp4"
"""


def one(prompt, kind, nth=0):
    return [id for id, node in prompt.items() if node["class_type"] == kind][nth]


def rewired(prompt, old, new):
    """Links to one output go to another one; None: their inputs go away."""
    for node in prompt.values():
        for name, value in list(node["inputs"].items()):
            if value == old and new is None:
                del node["inputs"][name]
            elif value == old:
                node["inputs"][name] = new


def came_back(prompt):
    """The script of a prompt, which must give it back; nodes that it has as they are."""
    folded = fold(prompt, KNOWN)
    found = lift(folded, KNOWN)
    assert same(exported(found.text), folded), found.text
    return found.text, {folded[id]["class_type"] for id in found.kept}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (TWO_STAGES, ["pass 0.5x distill 0.6 8 ", "upscale 2x distill 0.6 ", 'save "video/lake.mp4"', "strength 0.7"]),
        ('prompt "a"\ndecode tile 256 overlap 32\npass distill 8\nsave "a.mp4"', ["decode tile 256 overlap 32"]),
        ('prompt "a"\naudio "voice.wav"\npass distill 8\nsave "a.mp4"', ['audio "voice.wav"']),
        (
            'enhance "a" seed 3 tokens 99 lora "x.safetensors"\npass distill 8\nsave "a.mp4"',
            ['enhance "a" seed 3 tokens 99'],
        ),
        (
            'prompt "a"\ncontrol depth from video "w.mp4" with lora "ic-depth.safetensors" 1 @ 0 downscale 2\n'
            'pass distill 8\nsave "a.mp4"',
            ['control depth from video "w.mp4" with lora "ic-depth.safetensors" 1 downscale 2'],
        ),
        ('prompt "a"\npass dev 30 res_2s\nsave "a.mp4"', ["res_2s"]),
    ],
)
def test_exports_become_their_statements(script, said):
    text, kept = came_back(exported(script))
    assert kept == set()
    assert [words for words in said if words not in text] == []


def test_separate_loaders_are_files():
    prompt = exported(TWO_STAGES)
    checkpoint = one(prompt, "CheckpointLoaderSimple")
    prompt["901"] = {"class_type": "UnetLoaderGGUF", "inputs": {"unet_name": "ltx.gguf"}}
    prompt["902"] = {"class_type": "VAELoaderKJ", "inputs": {"vae_name": "v", "device": "cpu", "weight_dtype": "bf16"}}
    clip = {"clip_name1": "gemma", "clip_name2": "projection", "type": "ltxv", "device": "default"}
    prompt["903"] = {"class_type": "DualCLIPLoader", "inputs": clip}
    rewired(prompt, [checkpoint, 0], ["901", 0])
    rewired(prompt, [checkpoint, 2], ["902", 0])
    rewired(prompt, [one(prompt, "LTXAVTextEncoderLoader"), 0], ["903", 0])
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'load model "ltx.gguf" vae "v"' in text
    assert 'as "DualCLIPLoader"' in text


def test_a_sampler_in_one_node_is_a_pass():
    prompt = exported('prompt "a"\nnegative "b"\npass dev 20 euler { cfg 3; seed 5 }\nsave "a.mp4"')
    sampler = prompt[one(prompt, "SamplerCustomAdvanced")]
    guider = prompt[sampler["inputs"]["guider"][0]]["inputs"]
    links = {name: guider[name] for name in ("model", "positive", "negative")}
    numbers = {"seed": 5, "steps": 20, "cfg": 3, "sampler_name": "euler", "scheduler": "simple", "denoise": 1}
    latent = sampler["inputs"]["latent_image"]
    sampler |= {"class_type": "KSampler", "inputs": {**links, **numbers, "latent_image": latent}}
    text, kept = came_back(prompt)
    assert kept == set()
    assert "pass dev 20 simple { cfg 3; seed 5; spell ksampler }" in text

    sampler["inputs"]["denoise"] = 0.5  # which is another pass
    text, kept = came_back(prompt)
    assert "KSampler" in kept


def test_a_saver_of_another_pack_is_a_save():
    prompt = exported(TWO_STAGES)
    save = prompt[one(prompt, "SaveVideo")]
    video = prompt[save["inputs"]["video"][0]]["inputs"]
    links = {"images": video["images"], "audio": video["audio"]}
    format = {
        "format": "video/h264-mp4",
        "pix_fmt": "yuv420p",
        "crf": 19,
        "save_metadata": True,
        "trim_to_audio": False,
    }
    chosen = {"frame_rate": 24, "loop_count": 0, "filename_prefix": "lake", "pingpong": False, "save_output": True}
    chosen |= format
    save |= {"class_type": "VHS_VideoCombine", "inputs": {**links, **chosen}}
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'spell vhs\nsave "lake.mp4"' in text

    save["inputs"] |= {"crf": 12, "frame_rate": 25}
    del save["inputs"]["pix_fmt"]
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'spell "SaveVideo" as "VHS_VideoCombine" { frame_rate: 25; crf: 12; pix_fmt: none }' in text


def test_a_picture_that_is_bypassed_is_not_there():
    prompt = exported(TWO_STAGES)
    prompt[one(prompt, "LTXVImgToVideoInplace")]["inputs"]["bypass"] = True
    text, kept = came_back(prompt)
    assert kept == set()
    assert "inplace" not in text


def test_crops_without_guides_are_words():
    prompt = exported(TWO_STAGES)
    guider = prompt[one(prompt, "CFGGuider", 1)]["inputs"]
    upsampler = prompt[one(prompt, "LTXVLatentUpsampler")]["inputs"]
    links = {"positive": guider["positive"], "negative": guider["negative"], "latent": upsampler["samples"]}
    prompt["901"] = {"class_type": "LTXVCropGuides", "inputs": links}
    guider |= {"positive": ["901", 0], "negative": ["901", 1]}
    upsampler["samples"] = ["901", 2]
    text, kept = came_back(prompt)
    assert kept == set()
    assert "sound anew; spell cropped }" in text


def test_groups_and_notes_are_comments():
    found = compile(Source(TWO_STAGES, "a.ltx"), MODELS, Request(target="comfy"))
    graph = editor_graph(export_prompt(found, MODELS), KNOWN, Said(""))
    graph["nodes"].append(
        {"id": 900, "type": "Note", "pos": [0, 0], "widgets_values": ["Mind the lake.\n\nIt is wet."]}
    )
    text = imported(read_workflow(json.dumps(graph), KNOWN), KNOWN, "a.json").text
    assert "# Mind the lake.\n#\n# It is wet.\n" in text
    assert [line for line in text.splitlines() if line.startswith("# ") and "pass 1" in line]
    assert same(exported(text), fold(read_workflow(json.dumps(graph), KNOWN).prompt, KNOWN))


# --- files that nobody wrote

MUTANTS = [
    TWO_STAGES,
    'prompt "a"\naudio "voice.wav"\npass 0.5x distill 8 { guide "a.png" @ end strength 0.5 }\nupscale 2x distill 3\n'
    'save "a.mp4"',
]
VALUES = (0, 1, -1, 2.5, "x", "", None, True, 1e18, "0.5, 0")


def mutated(prompt, dice):
    """A prompt with a few random changes: nodes lost or doubled, other classes, values and links."""
    prompt = json.loads(json.dumps(prompt))
    for _ in range(dice.randint(1, 4)):
        id = dice.choice(list(prompt))
        node = prompt[id]
        name = dice.choice(list(node["inputs"]) or [""])
        match dice.randrange(6):
            case 0:
                del prompt[id]
            case 1:
                prompt[str(9000 + len(prompt))] = json.loads(json.dumps(node))
            case 2:
                node["class_type"] = prompt[dice.choice(list(prompt))]["class_type"]
            case 3:
                node["inputs"].pop(name, None)
            case 4:
                node["inputs"][name] = dice.choice(VALUES)
            case 5:
                node["inputs"][name] = [dice.choice(list(prompt)), dice.randrange(3)]
    return prompt


@pytest.mark.parametrize("script", MUTANTS)
@pytest.mark.parametrize("seed", range(12))
def test_damaged_workflows_come_back_as_they_are(script, seed):
    prompt = mutated(exported(script), random.Random(seed))
    workflow = Workflow(form="api", prompt=prompt)
    if cycle_in(fold(prompt, KNOWN)):
        with pytest.raises(Unwritable, match="waits for itself"):
            imported(workflow, KNOWN, "a.json")
        return
    found = imported(workflow, KNOWN, "a.json")
    assert not [note for note in found.notes if note.startswith(UNEXPECTED)]
    assert same(exported(found.text), fold(prompt, KNOWN))


@pytest.mark.parametrize("name", [{"a": [1]}, [], None, 2.5])
def test_files_whose_names_are_no_texts(name):
    prompt = exported(TWO_STAGES)
    for kind, input in (("LTXVAudioVAELoader", "ckpt_name"), ("LoraLoaderModelOnly", "lora_name")):
        for node in prompt.values():
            node["inputs"] |= {input: name} if node["class_type"] == kind else {}
    found = imported(Workflow(form="api", prompt=prompt), KNOWN, "a.json")
    assert not [note for note in found.notes if note.startswith(UNEXPECTED)]
    assert same(exported(found.text), fold(prompt, KNOWN))
