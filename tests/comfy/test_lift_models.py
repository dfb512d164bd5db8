"""What people put between the loader and the guider becomes statements, in whichever order it stands."""

import itertools

import pytest

from ltxdsl.comfy.compare import same

from .test_lift import exported
from .test_lift_idioms import TWO_STAGES, came_back, one, rewired

CHUNK = ("LTXVChunkFeedForward", {"chunks": 2, "dim_threshold": 4096})
SCALES = {"video_scale": 1.0, "audio_scale": 1.0, "audio_to_video_scale": 1.2, "video_to_audio_scale": 1.0}
TUNE = ("LTX2AttentionTunerPatch", {"blocks": "", "triton_kernels": False, **SCALES})
PREVIEW = ("LTX2SamplingPreviewOverride", {"preview_rate": 8})
SAGE = ("PathchSageAttentionKJ", {"sage_attention": "auto", "allow_compile": False})
LORA = ("LoraLoaderModelOnly", {"lora_name": "x.safetensors", "strength_model": 0.7})
ROWS = {
    "lora_1": {"on": True, "lora": "a.safetensors", "strength": 0.8},
    "lora_2": {"on": True, "lora": "b.safetensors", "strength": 1},
}
POWER = ("Power Lora Loader (rgthree)", ROWS)
UNKNOWN = ("SomebodysPatch", {"amount": 3, "how": "slow"})
SAID = {
    "LTXVChunkFeedForward": "chunk 2",
    "LTX2AttentionTunerPatch": "tune across_to_picture 1.2",
    "LTX2SamplingPreviewOverride": "preview 8fps",
    "PathchSageAttentionKJ": "attention sage",
    "LoraLoaderModelOnly": 'lora "x.safetensors" 0.7',
    "Power Lora Loader (rgthree)": 'lora "b.safetensors" 1',
}


def chained(*layers, script=TWO_STAGES, passes=(0, 1), shared=True):
    """An export with nodes between its models and its guiders."""
    prompt = exported(script)
    made = {}
    for nth in passes:
        guider = prompt[one(prompt, "CFGGuider", nth)]["inputs"]
        for kind, inputs in layers:
            key = (kind, *guider["model"]) if shared else len(prompt)
            if key not in made:
                made[key] = str(700 + len(made))
                prompt[made[key]] = {"class_type": kind, "inputs": {**inputs, "model": guider["model"]}}
            guider["model"] = [made[key], 0]
    return prompt


@pytest.mark.parametrize("layers", itertools.permutations((CHUNK, TUNE, PREVIEW, LORA), 3))
def test_patches_in_any_order_are_statements(layers):
    text, kept = came_back(chained(*layers))
    assert kept == set()
    assert all(SAID[kind] in text for kind, _ in layers)


def test_the_usual_order_is_not_said():
    text, kept = came_back(chained(SAGE, CHUNK, TUNE, PREVIEW))
    assert kept == set()
    assert "stack" not in text
    assert text.count("chunk 2") == 1


def test_nodes_of_each_pass_are_not_shared():
    text, kept = came_back(chained(CHUNK, LORA, shared=False))
    assert kept == set()
    assert "stack lora | chunk | lora" in text


def test_what_one_pass_has_stands_in_its_block():
    text, kept = came_back(chained(CHUNK, PREVIEW, passes=(1,)))
    assert kept == set()
    assert text.index("chunk 2") > text.index("upscale")


def test_several_loras_in_one_node():
    text, kept = came_back(chained(PREVIEW, POWER, CHUNK))
    assert kept == set()
    assert "stack lora | preview | power 2 | chunk" in text
    assert 'lora "a.safetensors" 0.8' in text


def test_a_lora_that_is_turned_off_stays_where_it_is():
    off = {**ROWS, "lora_1": {**ROWS["lora_1"], "on": False}}
    text, kept = came_back(chained((POWER[0], off)))
    assert kept == set()
    assert 'lora "b.safetensors" 1' in text
    assert '"a.safetensors"' not in text.partition("spell")[0]
    text, kept = came_back(chained(CHUNK, (POWER[0], {}), LORA))
    assert kept == set()
    assert "power" not in text  # one that lists none passes the model on, and is folded


def test_a_patch_without_a_word_stands_between():
    text, kept = came_back(chained(LORA, UNKNOWN, CHUNK))
    assert kept == {"SomebodysPatch"}
    assert 'patch "SomebodysPatch" { amount: 3; how: "slow" }' in text
    assert "stack lora 2 | patch | chunk" in text


def test_a_second_one_of_a_kind_is_kept():
    text, kept = came_back(chained(CHUNK, TUNE, ("LTXVChunkFeedForward", {"chunks": 4, "dim_threshold": 0})))
    assert kept == {"LTXVChunkFeedForward"}
    assert 'patch "LTXVChunkFeedForward" { chunks: 2; dim_threshold: 4096 }' in text


def test_other_sage_attention():
    text, kept = came_back(chained(("LTX2MemoryEfficientSageAttentionPatch", {"triton_kernels": True}), CHUNK))
    assert kept == set()
    assert 'spell "PathchSageAttentionKJ" as "LTX2MemoryEfficientSageAttentionPatch"' in text


def test_a_preview_with_a_vae_and_an_upsampler():
    prompt = chained(PREVIEW)
    upsampler = [one(prompt, "LatentUpscaleModelLoader"), 0]
    vae = {"vae_name": "taeltx.safetensors", "device": "main_device", "weight_dtype": "bf16"}
    prompt["901"] = {"class_type": "VAELoaderKJ", "inputs": vae}
    prompt["902"] = {"class_type": "VAELoaderKJ", "inputs": {**vae, "vae_name": "video.safetensors"}}
    rewired(prompt, [one(prompt, "CheckpointLoaderSimple"), 2], ["902", 0])
    prompt[one(prompt, PREVIEW[0])]["inputs"] |= {"vae": ["901", 0], "latent_upscale_model": upsampler}
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'preview 8fps vae "taeltx.safetensors"' in text
    assert 'vae "video.safetensors"' in text
    assert "latent_upscale_model: upsampler" in text


@pytest.mark.parametrize("at_rate", [False, True])
def test_attention_guidance_by_the_negative_prompt(at_rate):
    scales = {"nag_scale": 11, "nag_alpha": 0.25, "nag_tau": 2.5, "inplace": True}
    prompt = chained(CHUNK, ("LTX2_NAG", scales))
    conditioning = one(prompt, "LTXVConditioning")
    negative = [conditioning, 1] if at_rate else prompt[conditioning]["inputs"]["negative"]
    prompt[one(prompt, "LTX2_NAG")]["inputs"] |= {"nag_cond_video": negative, "nag_cond_audio": negative}
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'nag "blurry" audio "blurry" scale 11' in text
    assert "stack lora | chunk | nag" in text


def test_a_lora_of_both_models():
    prompt = chained(("LoraLoader", {"lora_name": "x", "strength_model": 1, "strength_clip": 0.5}))
    clip = [one(prompt, "LTXAVTextEncoderLoader"), 0]
    lora = one(prompt, "LoraLoader")
    rewired(prompt, clip, [lora, 1])
    prompt[lora]["inputs"]["clip"] = clip
    text, kept = came_back(prompt)
    assert 'lora "x" 1' in text
    assert kept == set()


VOICE = """prompt "a man speaks"
negative "blurry"
pass 0.5x distill 0.6 8 { speaker "voice.wav" guidance 3; lora "id.safetensors" 1; inplace "a.png" @ 0 }
upscale 2x distill 0.6 3 { sound anew }
save "a.mp4"
"""


@pytest.mark.parametrize("early", [False, True])
def test_a_voice_before_or_after_the_frame_rate(early):
    script = f"stack lora 2 | early\n{VOICE}" if early else VOICE
    prompt = exported(script)
    if early:  # as in the official template: the file as it is, and its later pass with the prompts of the first
        later = prompt[one(prompt, "CFGGuider", 1)]["inputs"]
        rated = one(prompt, "LTXVConditioning")
        assert prompt[one(prompt, "LTXVReferenceAudio")]["inputs"]["positive"][0] != rated
        latent = prompt[one(prompt, "LTXVLatentUpsampler")]["inputs"]["samples"]
        first = prompt[one(prompt, "CFGGuider")]["inputs"]["positive"][0]
        crop = {"positive": [first, 0], "negative": [first, 1], "latent": latent}
        prompt["901"] = {"class_type": "LTXVCropGuides", "inputs": crop}
        later |= {"positive": ["901", 0], "negative": ["901", 1]}
    text, kept = came_back(prompt)
    assert kept <= {"LTXVCropGuides", "LTXVConditioning"}
    assert 'speaker "voice.wav" guidance 3' in text
    assert ("early" in text) is early


def test_a_stack_changes_the_order_alone():
    usual = exported('chunk 2\nprompt "a"\npass distill 8\nsave "a.mp4"')
    other = exported('chunk 2\nstack chunk | lora\nprompt "a"\npass distill 8\nsave "a.mp4"')
    assert not same(usual, other)
    assert sorted(node["class_type"] for node in usual.values()) == sorted(n["class_type"] for n in other.values())
    assert other[one(other, "LoraLoaderModelOnly")]["inputs"]["model"] == [one(other, "LTXVChunkFeedForward"), 0]


def test_an_upsampler_of_a_node():
    script = 'upsampler = node "Upsamplers" { size: 2 }\n' + TWO_STAGES
    prompt = exported(script)
    assert prompt[one(prompt, "LTXVLatentUpsampler")]["inputs"]["upscale_model"] == [one(prompt, "Upsamplers"), 0]
