"""What nodes without a statement give to a script: models, prompts, latents, pictures that are saved."""

import re

import pytest

from ltxdsl.comfy.compare import same
from ltxdsl.comfy.validate import link_of

from .test_lift import exported
from .test_lift_idioms import TWO_STAGES, came_back, one, rewired


def inserted(prompt, link, kind, name, slot=0):
    """Put a node that nobody knows behind an output."""
    rewired(prompt, link, ["901", slot])
    prompt["901"] = {"class_type": kind, "inputs": {name: link}}


@pytest.mark.parametrize("word", ["vae", "model", "audio_vae", "clip", "upsampler"])
def test_a_node_that_gives_a_part_of_the_model_takes_its_word(word):
    """Its readers are all that comes after it: no statement has to name it."""
    changed = f'{word} = node "Changed" {{ part: {word} }}\n'
    first, rest = TWO_STAGES.split("pass ", 1)
    prompt = exported(f"{first}{changed}pass {rest}")
    readers = [node["class_type"] for node in prompt.values() if [one(prompt, "Changed"), 0] in node["inputs"].values()]
    text, kept = came_back(prompt)
    assert kept == {"Changed"}
    assert f"{word} = node" in text
    assert "spell" not in text
    assert {"vae": "LTXVImgToVideoInplace", "audio_vae": "LTXVEmptyLatentAudio"}.get(word, readers[0]) in readers


def test_a_node_that_makes_the_vae_wait_is_looked_through():
    prompt = exported(TWO_STAGES)
    rated, reader = one(prompt, "LTXVConditioning"), one(prompt, "CFGGuider")
    vae = prompt[one(prompt, "LTXVImgToVideoInplace")]["inputs"]["vae"]
    rewired(prompt, vae, ["901", 1])
    gate = {"signal": [rated, 0], "value": vae}
    prompt["901"] = {"class_type": "ImpactExecutionOrderController", "inputs": gate}
    prompt[reader]["inputs"]["positive"] = ["901", 0]
    text, kept = came_back(prompt)
    assert kept == {"ImpactExecutionOrderController"}
    assert "signal, vae = node" in text
    assert "signal: positive_at_rate; value: vae" in text


def test_prompts_that_another_node_encodes():
    prompt = exported(TWO_STAGES)
    encoder = one(prompt, "CLIPTextEncode")
    clip = prompt[encoder]["inputs"]["clip"]
    prompt[encoder] = {"class_type": "EncodeElsewhere", "inputs": {"clip": clip, "words": "a lake"}}
    text, kept = came_back(prompt)
    assert kept == {"EncodeElsewhere"}
    assert "positive = node" in text
    assert "clip: clip" in text


def test_a_prompt_that_the_nodes_of_ltxvideo_write():
    prompt = exported(
        'enhance "a lake" seed 7 tokens 256\nnegative "b"\npass dev 20 { cfg 3 }\nupscale 2x distill\nsave "a.mp4"'
    )
    writer = one(prompt, "TextGenerateLTX2Prompt")
    told = {"clip": prompt[writer]["inputs"]["clip"], "prompt": "a lake", "seed": 7, "max_tokens": 256}
    more = {"system_prompt": "Write it out.", "bypass_i2v": True}
    prompt[writer] = {"class_type": "LTXVGemmaEnhancePrompt", "inputs": {**told, **more}}
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'enhance "a lake" seed 7 tokens 256' in text
    assert text.count("Write it out.") == 1


def test_words_that_say_the_same_node_twice_count_it_once():
    """The crop is of prompts by a `spell` for the second text: it is the second one there, too."""
    script = TWO_STAGES.replace("upscale", "spell cropped\nupscale")
    other = 'other = node "OtherText" {}\nspell "CLIPTextEncode" nth 2 { clip: other }\n'
    prompt = exported(f"{other}{script}")
    assert len([node for node in prompt.values() if node["class_type"] == "CLIPTextEncode"]) == 2
    text, kept = came_back(prompt)
    assert kept == {"OtherText"}
    assert re.search(r"spell [^;{}]*\bcropped\b", text)


def test_a_latent_of_nodes_begins_a_pass_where_that_is_shorter():
    prompt = exported('prompt "a"\npass distill 8\nsave "a.mp4"')
    empty = one(prompt, "EmptyLTXVLatentVideo")
    inserted(prompt, [empty, 0], "LatentOfManyThings", "samples", slot=2)
    text, kept = came_back(prompt)
    assert kept <= {"LatentOfManyThings", "EmptyLTXVLatentVideo"}
    assert "latent = node" in text


def test_what_nodes_show_is_saved_by_its_name():
    prompt = exported('prompt "a"\nimg = image "a.png" as_is\npass distill 8 { inplace img crf 18 }\nsave "b.mp4"')
    drawn = {"image": [one(prompt, "LoadImage"), 0]}
    prompt |= {
        "901": {"class_type": "DrawTracks", "inputs": drawn},
        "902": {"class_type": "CreateVideo", "inputs": {"images": ["901", 0], "fps": 24.0, "bit_depth": 8}},
        "903": {"class_type": "SaveVideo", "inputs": {"video": ["902", 0], "filename_prefix": "tracks"}},
    }
    prompt["903"]["inputs"] |= {"format": "mp4", "codec": "h264"}
    text, kept = came_back(prompt)
    assert kept == {"DrawTracks"}
    assert 'save draw_tracks "tracks.mp4" audio off' in text
    assert 'save "b.mp4"' in text


def test_frames_that_a_node_changes_are_saved_by_its_name():
    prompt = exported('prompt "a"\npass distill 8\nsave "a.mp4"')
    video = prompt[one(prompt, "CreateVideo")]["inputs"]
    inserted(prompt, video["images"], "Sharpen", "images")
    del video["audio"]
    text, kept = came_back(prompt)
    assert kept == {"Sharpen"}
    assert 'save sharpen "a.mp4" audio off' in text


@pytest.mark.parametrize("crf", [0, 18])
def test_a_picture_that_is_not_compressed_by_the_node_that_compresses(crf):
    script = f'img = image "a.png" | longer 1536\nprompt "a"\npass distill 8 {{ inplace img crf {crf} }}\nsave "a.mp4"'
    prompt = exported(script)
    assert prompt[one(prompt, "LTXVPreprocess")]["inputs"]["img_compression"] == crf
    text, kept = came_back(prompt)
    assert kept == set()
    assert f"crf {crf}" in text


def test_a_preview_by_the_other_loader():
    prompt = exported('preview 8fps vae "t.safetensors"\nprompt "a"\npass distill 8\nsave "a.mp4"')
    loader = prompt[prompt[one(prompt, "LTX2SamplingPreviewOverride")]["inputs"]["vae"][0]]
    loader |= {"class_type": "VAELoader", "inputs": {"vae_name": "t.safetensors"}}
    text, kept = came_back(prompt)
    assert kept == set()
    assert '"VAELoaderKJ" as "VAELoader"' in text


def test_words_at_a_save_have_the_rate_of_the_clip():
    prompt = exported(
        'length 121f @ 30fps\nprompt "a"\nnegative "b"\npass dev 20 { cfg 3 }\n'
        'spell "VAEDecode" { samples: latent_cropped }\nsave "a.mp4"'
    )
    assert prompt[one(prompt, "LTXVConditioning")]["inputs"]["frame_rate"] == 30
    assert prompt[one(prompt, "LTXVCropGuides")]["inputs"]["positive"] == [one(prompt, "LTXVConditioning"), 0]


def test_one_picture_that_is_loaded_twice():
    """As in templates whose pictures are all the same placeholder: only the second loader stays a node."""
    prompt = exported(
        'a = image "a.png" | longer 1536\nb = image "b.png" | longer 1536\nc = image "c.png" | longer 1536\n'
        'prompt "a"\npass distill 8 { guide c crf 33; guide b @ 40f crf 33; guide a @ 80f crf 33 }\nsave "a.mp4"'
    )
    loader = next(node for node in prompt.values() if node["inputs"].get("image") == "b.png")
    loader["inputs"]["image"] = "a.png"
    text, kept = came_back(prompt)
    assert kept == {"LoadImage"}
    assert "own" in text


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ('prompt "a"\nnegative "b"\npass dev 20 { cfg 3; guide "a.png" @ 40f }', "rated_last"),
        ('prompt "a"\nnegative "b"\npass dev 20 { cfg 3 audio 7 }', "sound_first"),
    ],
)
def test_what_stands_elsewhere_to_the_same_end(script, word):
    usual, prompt = (exported(f'{said}{script}\nsave "a.mp4"') for said in ("", f"spell {word}\n"))
    assert sorted(node["class_type"] for node in usual.values()) == sorted(n["class_type"] for n in prompt.values())
    assert not same(usual, prompt)
    text, kept = came_back(prompt)
    assert kept == set()
    assert re.search(rf"spell [^;{{}}]*\b{word}\b", text)


def test_another_model_makes_the_picture():
    """Its files are none of the script's."""
    prompt = exported(
        'load model "ltx.safetensors" vae "video.safetensors"\nimg = image "a.png" as_is\nprompt "a"\n'
        'pass distill 8 { inplace img crf 18 }\nsave "a.mp4"'
    )
    picture = [one(prompt, "LoadImage"), 0]
    rewired(prompt, picture, ["905", 0])
    prompt |= {
        "901": {"class_type": "UNETLoader", "inputs": {"unet_name": "depth.safetensors", "weight_dtype": "default"}},
        "902": {"class_type": "VAELoader", "inputs": {"vae_name": "sd.safetensors"}},
        "903": {"class_type": "VAEEncode", "inputs": {"pixels": picture, "vae": ["902", 0]}},
        "904": {"class_type": "DepthSampler", "inputs": {"model": ["901", 0], "latent": ["903", 0]}},
        "905": {"class_type": "VAEDecode", "inputs": {"samples": ["904", 0], "vae": ["902", 0]}},
    }
    text, kept = came_back(prompt)
    assert kept == {"UNETLoader", "VAELoader", "VAEEncode", "DepthSampler", "VAEDecode"}
    assert 'model "ltx.safetensors" vae "video.safetensors"' in text


@pytest.mark.parametrize(
    "kind", ["CheckpointLoaderSimple", "LTXAVTextEncoderLoader", "LTXVSeparateAVLatent", "LTXVConditioning"]
)
def test_a_node_that_is_there_twice_is_its_own(kind):
    """What reads the second one goes on reading it, and all else is what it was."""
    prompt = exported(TWO_STAGES)
    first = one(prompt, kind)
    links = [(node["inputs"], name) for node in prompt.values() for name in node["inputs"]]
    inputs, name = [(inputs, name) for inputs, name in links if link_of(inputs[name]) and inputs[name][0] == first][-1]
    prompt["901"] = {"class_type": kind, "inputs": dict(prompt[first]["inputs"])}
    inputs[name] = ["901", inputs[name][1]]
    text, kept = came_back(prompt)
    assert kept <= {kind}  # a pass may have one of its own
    assert "own" in text


def test_what_comes_after_a_sampler_is_no_part_of_its_pass():
    """The crop of guides then reads a node that reads the pass."""
    prompt = exported('prompt "a"\npass distill 8 { guide "a.png" @ 40f }\nsave "a.mp4"')
    inserted(prompt, prompt[one(prompt, "LTXVSeparateAVLatent")]["inputs"]["av_latent"], "Smooth", "latent")
    text, kept = came_back(prompt)
    assert kept == {"Smooth", "LTXVSeparateAVLatent", "LTXVCropGuides"}
    assert "positive: positive_guided; negative: negative_guided" in text


def test_around_a_sampler_that_nobody_knows_there_are_statements():
    prompt = exported('prompt "a"\nnegative "b"\npass dev 20 { cfg 3 }\nsave "a.mp4"')
    prompt[one(prompt, "SamplerCustomAdvanced")]["class_type"] = "SomebodysSampler"
    text, kept = came_back(prompt)
    assert "SomebodysSampler" in kept
    assert not kept & {"CLIPTextEncode", "LTXVConditioning", "CheckpointLoaderSimple", "VAEDecode", "SaveVideo"}
    assert 'negative "b"' in text
    assert 'save "a.mp4"' in text
