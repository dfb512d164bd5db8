"""What `spell` fills in, the names that it knows, and what a script says of digits, folders and sizes."""

import re

import pytest

from ltxdsl.comfy.builder import inside
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.compare import same
from ltxdsl.comfy.equal import SAME
from ltxdsl.comfy.interface import known_sockets
from ltxdsl.comfy.lift import lift
from ltxdsl.compiler import Request, compile
from ltxdsl.grammar import parse_item
from ltxdsl.ops.idioms import IDIOMS
from ltxdsl.source import Source

from .test_lift import MODELS, exported

KNOWN = catalogue()
OLD_KSAMPLER = """spell "SamplerCustomAdvanced" as "KSampler" {
  seed: 5; steps: 20; cfg: 3; sampler_name: "euler"; scheduler: "simple"; denoise: 1; model: guider model
  positive: guider positive; negative: guider negative; noise: none; guider: none; sampler: none; sigmas: none
}"""
OLD_SAVER = """spell "SaveVideo" as "VHS_VideoCombine" {
  frame_rate: 24; loop_count: 0; filename_prefix: "a"; format: "video/h264-mp4"; pix_fmt: "yuv420p"; crf: 19
  save_metadata: true; trim_to_audio: false; pingpong: false; save_output: true; images: video images
  audio: video audio; video: none
}"""
OLD_SCHEDULER = """spell "ManualSigmas" as "LTXVScheduler" {
  steps: 20; max_shift: 2.05; base_shift: 0.95; stretch: true; terminal: 0.1; latent: LTXVConcatAVLatent
}"""
OLD_DECODER = """spell "VAEDecode" as "LTXVTiledVAEDecode" {
  horizontal_tiles: 2; vertical_tiles: 2; overlap: 6; last_frame_fix: false; working_device: "auto"
  working_dtype: "auto"; latents: samples
}"""


def script(*spells, words="20 simple"):
    said = "\n".join(spells)
    return f'prompt "a"\nnegative "b"\n{said}\npass dev {words} {{ cfg 3; seed 5 }}\nsave "a.mp4"\n'


def inputs(prompt, kind):
    (found,) = (node["inputs"] for node in prompt.values() if node["class_type"] == kind)
    return found


def codes(text):
    found = compile(Source(text, "a.ltx"), MODELS, Request(target="comfy"))
    return {d.code for d in found.diagnostics if d.severity == "error"}


@pytest.mark.parametrize(
    ("whole", "short"),
    [
        (OLD_KSAMPLER, 'spell "SamplerCustomAdvanced" as "KSampler"'),
        (OLD_KSAMPLER, 'spell "SamplerCustomAdvanced" as "KSampler" {}'),
        (OLD_KSAMPLER, "spell ksampler"),
        (OLD_SAVER, "spell vhs"),
        (OLD_SCHEDULER, "spell scheduler"),
        (OLD_DECODER, 'spell "VAEDecode" as "LTXVTiledVAEDecode"'),
        (OLD_DECODER, "spell tiled"),
        (
            'spell "VAEDecode" as "LTXVTiledVAEDecode"\nspell vhs',
            'spell vhs\nspell "VAEDecode" as "LTXVTiledVAEDecode"',
        ),
        (
            'spell "VAEDecode" as "LTXVTiledVAEDecode"\nspell "CheckpointLoaderSimple" as "LowVRAMCheckpointLoader"',
            'spell "VAEDecode" as "LTXVTiledVAEDecode" | "CheckpointLoaderSimple" as "LowVRAMCheckpointLoader"',
        ),
        ("spell vhs\nspell scheduler", "spell vhs, scheduler"),
    ],
)
def test_what_the_tables_know_need_not_be_said(whole, short):
    assert same(exported(script(whole)), exported(script(short)))


def test_lines_come_before_what_is_filled_in():
    text = 'spell "SaveVideo" as "VHS_VideoCombine" { crf: 12; audio: none; pix_fmt: none }'
    made = inputs(exported(script(text)), "VHS_VideoCombine")
    assert made["crf"] == 12
    assert not {"audio", "pix_fmt", "video"} & made.keys()
    assert (made["frame_rate"], made["filename_prefix"], made["save_output"]) == (24, "a", True)


def test_what_another_class_cannot_have_is_not_made_up():
    prompt = exported('prompt "a"\nspell ksampler\npass dev 20 { cfg 3; stg 1 blocks 28 }\nsave "a.mp4"')
    assert "cfg" not in inputs(prompt, "KSampler")  # MultimodalGuider has several


def test_a_class_that_nobody_knows_has_links_and_lines():
    text = 'spell "VAEDecode" as "MyDecode" { tiles: 3 }'
    assert inputs(exported(script(text)), "MyDecode").keys() == {"samples", "vae", "tiles"}


@pytest.mark.parametrize("type", SAME)
def test_what_is_the_same_has_a_place_in_the_other_class(type):
    for other, sources in SAME[type].items():
        sockets = known_sockets(KNOWN[other], {}) if other in KNOWN else sources
        wanted = set(sources) - ({"noise_seed"} if other == "KSampler" else {"seed", "steps", "sampler_name"})
        assert wanted <= set(sockets), other


@pytest.mark.parametrize("name", IDIOMS)
def test_a_name_is_kept_by_a_lift(name):
    said = 'load model "m" vae "v" audio "a" text "g" projection "p"\naudio "voice.wav"\nprompt "a"\nnegative "b"\n'
    terms = {"rated_last": 'guide "b.png" @ 40f; cfg 2', "sound_first": "cfg 2 audio 3"}.get(name, "cfg 2")
    first = f'pass 0.5x dev 8 euler distilled {{ {terms}; seed 5; inplace "a.png" @ 0 }}\n'
    later = 'upscale 2x distill 0.6 3 { seed 6; cfg 2 }\nsave "a.mp4"\n'
    text = f"{said}spell {name}\n{first}{later}"
    prompt = exported(text)
    found = lift(prompt, KNOWN)
    assert same(exported(found.text), prompt)
    assert name in re.findall(r"\w+", found.text), found.text


@pytest.mark.parametrize(
    "wrong", ["spell", "spell own", "spell lakes", "spell vhs { crf: 3 }", 'spell "A" | "B" { a: 1 }', "spell nth 1"]
)
def test_a_spelling_says_what_is_written_otherwise(wrong):
    assert codes(script(wrong)) & {"LTX002", "LTX003"}


# --- sigmas


@pytest.mark.parametrize("text", ["1, 0.85, 0.7250, 0.4219, 0.0", "1., 0.5, 0", "1.0, 0.50, 0."])
def test_sigmas_keep_their_digits(text):
    prompt = exported(script(words=f"sigmas {text}"))
    assert inputs(prompt, "ManualSigmas")["sigmas"] == text
    assert f"sigmas {text}" in lift(prompt, KNOWN).text


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("1, 0.50, 0 from 1", "0.5, 0.0"),
        ("1.0, 1 / 2, 0", "1.0, 0.5, 0"),
        ("1, 5e-1, 0", "1, 0.5, 0"),
    ],
)
def test_other_sigmas_are_written_out(said, written):
    prompt = exported(f'prompt "a"\npass 0.5x distill 8\nupscale 2x sigmas {said}\nsave "a.mp4"')
    assert written in [node["inputs"].get("sigmas") for node in prompt.values()]


@pytest.mark.parametrize(
    ("text", "shown"), [("1.", "Literal"), ("0..2", "Range"), ("0s..2s", "Range"), ("1.5", "Literal")]
)
def test_a_number_may_end_in_its_point(text, shown):
    assert type(parse_item(text)).__name__ == shown


# --- files


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x.safetensors", "x.safetensors"),
        ("LTX/Mine/x.safetensors", "LTX/Mine/x.safetensors"),
        ("LTX\\Mine\\x.safetensors", "LTX\\Mine\\x.safetensors"),
        ("loras/x.safetensors", "x.safetensors"),
        ("models/loras/style/x.safetensors", "style/x.safetensors"),
        ("/home/me/x.safetensors", "x.safetensors"),
        ("/home/me/models/loras/style/x.safetensors", "style/x.safetensors"),
        ("C:\\files\\x.safetensors", "x.safetensors"),
        ("../x.safetensors", "x.safetensors"),
    ],
)
def test_a_lora_is_called_as_in_its_folder(path, name):
    assert inside(path, "loras") == name
    said = path.replace("\\", "\\\\")
    prompt = exported(f'prompt "a"\npass dev 8 {{ cfg 3; lora "{said}" 0.5 }}\nsave "a.mp4"')
    assert inputs(prompt, "LoraLoaderModelOnly")["lora_name"] == name
    assert "spell" not in lift(prompt, KNOWN).text


# --- sizes


def test_a_size_that_nodes_cut_is_asked_for():
    text = 'size 1280x720 fit cut\nlength 126f cut @ 25fps\nprompt "a"\npass 0.5x distill 8\nupscale 2x\nsave "a.mp4"'
    assert not codes(text)
    prompt = exported(text)
    assert inputs(prompt, "EmptyLTXVLatentVideo") == {"width": 640, "height": 360, "length": 126, "batch_size": 1}
    assert inputs(prompt, "LTXVEmptyLatentAudio")["frames_number"] == 126
    found = compile(Source(text), MODELS, Request(target="comfy"))
    assert [(stage.width, stage.height, stage.frames) for stage in found.stages] == [(640, 352, 121), (1280, 704, 121)]
    again = lift(prompt, KNOWN).text
    assert "size 1280x720 fit cut; length 126f cut @ 25fps\n" in again
    assert "spell" not in again


@pytest.mark.parametrize("text", ["size 1280x720", "length 126f"])
def test_without_the_word_it_is_a_mistake(text):
    assert codes(f'{text}\nprompt "a"\npass dev 8') & {"LTX010", "LTX011"}


# --- sound


def test_a_sound_that_is_kept_is_masked_once():
    prompt = exported('prompt "a"\naudio "voice.wav"\npass 0.5x distill 8\nupscale 2x\nsave "a.mp4"')
    assert [node["class_type"] for node in prompt.values()].count("SetLatentNoiseMask") >= 1
    prompt = exported('prompt "a"\naudio "voice.wav"\npass 0.5x distill 8\nupscale 2x { spell sampled }\nsave "a.mp4"')
    later = [node["inputs"] for node in prompt.values() if node["class_type"] == "LTXVConcatAVLatent"][1]
    assert prompt[later["audio_latent"][0]]["class_type"] == "LTXVSeparateAVLatent"


# --- layout


def test_nodes_and_passes_fill_rows_and_titles_say_something():
    prompt = exported(script())
    save = next(id for id, node in prompt.items() if node["class_type"] == "SaveVideo")
    frames = next(id for id, node in prompt.items() if node["class_type"] == "VAEDecode")
    values = {f"value_{number}": number / 8 for number in range(12)}
    kept = {"class_type": "MyImage_Filter", "inputs": {**values, "image": [frames, 0]}}
    prompt["901"] = {**kept, "_meta": {"title": "✂️ My Image Filter"}}
    video = prompt[prompt[save]["inputs"]["video"][0]]
    video["inputs"]["images"] = ["901", 0]
    text = lift(prompt, KNOWN).text
    (head, *rows) = text[text.index("my_image_filter = ") :].splitlines()[:4]
    assert head == 'my_image_filter = node "MyImage_Filter" {'
    assert rows[0].startswith("  value_0: 0.0; value_1: 0.125; ")
    assert rows[2] == "}"
    assert max(map(len, text.splitlines())) <= 120
