"""Guiders, samplers, schedules and ends as people wire them become statements."""

import pytest

from .test_lift import exported
from .test_lift_idioms import TWO_STAGES, came_back, one, rewired

DEV = 'prompt "a"\nnegative "b"\npass dev 20 { cfg 3 audio 7 }\nsave "a.mp4"'


def test_one_guider_for_picture_and_sound():
    prompt = exported(TWO_STAGES)
    for nth in (0, 0):
        guider = prompt[one(prompt, "CFGGuider", nth)]
        guider |= {"class_type": "LTXVDualCFGGuider", "inputs": {**guider["inputs"], "video_cfg": 1, "audio_cfg": 1.0}}
        del guider["inputs"]["cfg"]
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'spell "CFGGuider" as "LTXVDualCFGGuider"' in text


def test_one_guider_with_two_numbers():
    prompt = exported(DEV)
    guider = prompt[one(prompt, "MultimodalGuider")]
    links = {name: guider["inputs"][name] for name in ("model", "positive", "negative")}
    guider |= {"class_type": "LTXVDualCFGGuider", "inputs": {**links, "video_cfg": 3, "audio_cfg": 7}}
    text, kept = came_back(prompt)
    assert kept == set()
    assert "cfg 3 audio 7" in text
    guider["inputs"]["audio_cfg"] = 2.5
    assert "cfg 3 audio 2.5" in came_back(prompt)[0]


def test_a_blueprint_ends_in_its_video():
    prompt = exported(TWO_STAGES)
    del prompt[one(prompt, "SaveVideo")]
    parts = prompt[one(prompt, "CreateVideo")]["inputs"]["images"]
    decoder = prompt[parts[0]]["inputs"]
    prompt["901"] = {"class_type": "VAEDecodeTiled", "inputs": {**decoder, "tile_size": 64, "overlap": 8}}
    text, kept = came_back(prompt)
    assert kept == {"VAEDecodeTiled"}  # which nothing reads
    assert 'spell "SaveVideo" as "CreateVideo"' in text


def test_a_loop_over_a_video_that_is_there():
    prompt = exported('loop 30s window 121f overlap 24f guiding 0.5\nprompt "a"\npass distill 8\nsave "a.mp4"')
    empty = prompt[one(prompt, "EmptyLTXVLatentVideo")]
    empty |= {"class_type": "VAEEncodeTiled", "inputs": {"pixels": ["901", 0], "vae": ["902", 0], "tile_size": 512}}
    prompt["901"] = {"class_type": "VHS_LoadVideo", "inputs": {"video": "a.mp4"}}
    prompt["902"] = {"class_type": "VAELoader", "inputs": {"vae_name": "v.safetensors"}}
    sampler = prompt[one(prompt, "LTXVLoopingSampler")]["inputs"]
    sampler |= {"guiding_start_step": 0, "optional_guiding_latents": sampler["latents"]}
    prompt[sampler["sigmas"][0]]["inputs"]["sigmas"] = "0.909375, 0.725, 0.421875, 0.0"
    text, kept = came_back(prompt)
    assert "LTXVLoopingSampler" not in kept
    assert kept <= {"VAEEncodeTiled", "VHS_LoadVideo", "VAELoader", "CheckpointLoaderSimple"}
    assert "loop 121f window 121f overlap 24f guiding 0.5" in text
    assert "sigmas 0.909375" in text


def test_a_pass_goes_on_from_a_sampler_that_nobody_knows():
    prompt = exported(TWO_STAGES)
    sampler = prompt[one(prompt, "SamplerCustomAdvanced")]
    sampler |= {"class_type": "SomebodysSampler", "inputs": {**sampler["inputs"], "slowly": True}}
    text, kept = came_back(prompt)
    assert "SomebodysSampler" in kept
    assert "upscale 2x distill" in text
    assert text.index("latent, audio_latent = node") < text.index("upscale 2x")
    assert "LTXVLatentUpsampler" not in kept


@pytest.mark.parametrize(
    ("scheduler", "steps", "share"), [("linear_quadratic", 8, 1.0), ("beta", 2, 0.37), ("linear_quadratic", 4, 0.42)]
)
def test_a_scheduler_for_the_end_of_a_way(scheduler, steps, share):
    prompt = exported(TWO_STAGES)
    told = {"scheduler": "linear_quadratic", "steps": 8, "denoise": 1.0}
    for nth in (0, 1):
        sampler = prompt[one(prompt, "SamplerCustomAdvanced", nth)]["inputs"]
        model = prompt[sampler["guider"][0]]["inputs"]["model"]
        prompt[sampler["sigmas"][0]] = {"class_type": "BasicScheduler", "inputs": {**told, "model": model}}
        told = {"scheduler": scheduler, "steps": steps, "denoise": share}
    text, kept = came_back(prompt)
    assert kept == set()
    assert f"{steps} {scheduler}" + (f" denoise {share}" if share < 1 else "") in text


def test_a_scheduler_with_other_numbers_is_a_node():
    prompt = exported(TWO_STAGES)
    sampler = prompt[one(prompt, "SamplerCustomAdvanced", 1)]["inputs"]
    told = {"scheduler": "ddim_uniform", "steps": 4, "denoise": 0.5}
    model = prompt[sampler["guider"][0]]["inputs"]["model"]
    prompt[sampler["sigmas"][0]] = {"class_type": "BasicScheduler", "inputs": {**told, "model": model}}
    text, kept = came_back(prompt)
    assert "BasicScheduler" in kept
    assert "upscale 2x" in text


@pytest.mark.parametrize("count", [1, 2, 3])
def test_pictures_in_one_node(count):
    places = ["0", "end", "40f"][:count]
    said = "; ".join(f'inplace "{at}.png" @ {at} strength 0.5' for at in places)
    prompt = exported(f'prompt "a"\ntogether inplace\npass distill 8 {{ {said} }}\nsave "a.mp4"')
    (node,) = (node["inputs"] for node in prompt.values() if node["class_type"] == "LTXVImgToVideoInplaceKJ")
    assert node["num_images"] == str(count)
    if count > 1:
        node["num_images.index_2"] = -1
    text, kept = came_back(prompt)
    assert kept == set()
    assert "together inplace" in text
    assert ("@ end" in text) is (count > 1)


def test_guides_in_one_node():
    script = 'prompt "a"\ntogether guide\npass distill 8 { guide "a.png" @ end; guide "b.png" @ end strength 0.5 }\n'
    prompt = exported(f'{script}save "a.mp4"')
    node = prompt[one(prompt, "LTXVAddGuideMulti")]["inputs"]
    assert (node["num_guides.frame_idx_1"], node["num_guides.frame_idx_2"]) == (-1, 120)
    text, kept = came_back(prompt)
    assert kept == set()
    assert "guide img @ end" in text

    node["num_guides.frame_idx_2"] = -1  # which is 8 frames before the end: the node counts the first guide in
    text, kept = came_back(prompt)
    assert "LTXVAddGuideMulti" in kept


def test_what_is_refused_alone_is_given_up():
    prompt = exported(TWO_STAGES)
    sampler = prompt[one(prompt, "SamplerCustomAdvanced", 1)]["inputs"]
    prompt[sampler["sigmas"][0]]["inputs"]["sigmas"] = "0.9, 0.4, 0.7, 0"  # which no pass may have
    text, kept = came_back(prompt)
    assert "SamplerCustomAdvanced" in kept
    assert "pass 0.5x distill 0.6 8" in text
    assert "CLIPTextEncode" not in kept


def test_a_guide_before_the_clip():
    script = 'prompt "a"\npass distill 8 { guide "a.png" @ -1 strength 0.4; guide "b.png" @ 40f attention 0.5 }\n'
    prompt = exported(f'{script}save "a.mp4"')
    text, kept = came_back(prompt)
    assert kept == set()
    assert "guide img_2 @ -1 strength 0.4" in text
    assert "attention 0.5" in text


def test_prompts_go_to_the_guider_without_a_frame_rate():
    prompt = exported(TWO_STAGES)
    rated = prompt.pop(id := one(prompt, "LTXVConditioning"))["inputs"]
    for slot, name in enumerate(("positive", "negative")):
        rewired(prompt, [id, slot], rated[name])
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'prompt "a lake"' in text
    assert "positive: positive; negative: negative" in text


def test_two_passes_share_their_noise():
    prompt = exported(TWO_STAGES.replace("seed 8", "seed 7"))
    first, second = (one(prompt, "RandomNoise", nth) for nth in (0, 1))
    rewired(prompt, [second, 0], [first, 0])
    del prompt[second]
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'spell "RandomNoise" shared' in text


def test_two_passes_share_the_mask_of_the_sound_that_they_keep():
    text = TWO_STAGES.replace("sound anew", "").replace("pass ", 'audio "voice.wav"\npass ')
    masks = [node for node in exported(text).values() if node["class_type"] == "SetLatentNoiseMask"]
    assert len(masks) == 1


def test_what_a_pass_has_given_is_kept_for_a_node_after_the_next_one():
    """Prompts cropped after the first pass, which a crop after the second one reads: a word no longer names them."""
    prompt = exported(TWO_STAGES.replace("upscale", "spell cropped\nupscale"))
    crop = one(prompt, "LTXVCropGuides")
    separated = one(prompt, "LTXVSeparateAVLatent", 1)
    again = {"positive": [crop, 0], "negative": [crop, 1], "latent": [separated, 0]}
    rewired(prompt, [separated, 0], ["901", 2])
    prompt["901"] = {"class_type": "LTXVCropGuides", "inputs": again}
    text, kept = came_back(prompt)
    assert kept == {"LTXVCropGuides"}
    assert "upscale 2x distill 0.6" in text


def test_a_template_whose_numbers_are_filled_in_later():
    prompt = exported(TWO_STAGES)
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"] |= {"width": "WIDTH", "height": "{{height}}"}
    prompt[one(prompt, "LTXVImgToVideoInplace")]["inputs"]["strength"] = "$STRENGTH"
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'width: "WIDTH"; height: "{{height}}"' in text


def test_a_sound_file_whose_name_says_no_kind():
    prompt = exported('prompt "a"\naudio "voice.wav" as_is\npass distill 8\nsave "a.mp4"')
    prompt[one(prompt, "LoadAudio")]["inputs"]["audio"] = "INPUT_AUDIO"
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'track "INPUT_AUDIO"' in text


def test_names_of_files_with_a_date_and_twice_the_same_name():
    prompt = exported(TWO_STAGES.replace('save "video/lake.mp4"', 'save "a.mp4"\nsave "b.mp4"'))
    for nth in (0, 1):
        prompt[one(prompt, "SaveVideo", nth)]["inputs"]["filename_prefix"] = "lakes/take_%date:yyyy-MM-dd%"
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'save "take.mp4"' in text
    assert 'save "take_2.mp4"' in text


def test_loaders_that_say_their_devices():
    prompt = exported(TWO_STAGES.replace("prompt", 'load model "m.gguf" vae "v.safetensors"\nprompt', 1))
    devices = {"compute_device": "cuda:1", "virtual_vram_gb": 6.0, "donor_device": "cpu"}
    for kind in ("UnetLoaderGGUF", "VAELoader"):
        loader = prompt[one(prompt, kind)]
        loader["class_type"] = f"{kind}DisTorch2MultiGPU"
        loader["inputs"] |= {**devices, "expert_mode_allocations": "", "eject_models": True}
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'load model "m.gguf" vae "v.safetensors"' in text
    assert 'compute_device: "cuda:1"; virtual_vram_gb: 6' in text


RELAYED = 'prompt "a kitchen"\nrelay {}\nlength 41f\npass distill 8\nsave "a.mp4"'


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ('"a" | "b" | "c"', 'relay "a" | "b" | "c"'),
        ('"a" | "b" eps 0.5', 'relay "a" | "b" eps 0.5'),
        ('"a" 0f..8f | "b" 8f..41f', 'relay "a" 0f..8f | "b" 8f..'),
        ('"a" 0f..8f | "b" 8f..16f', 'relay "a" 0f..8f | "b" 8f..16f'),  # with a tail that is free
    ],
)
def test_prompts_that_take_turns(said, back):
    text, kept = came_back(exported(RELAYED.format(said)))
    assert kept == set()
    assert 'prompt "a kitchen"' in text
    assert back in text


@pytest.mark.parametrize(
    ("lengths", "said"),
    [("", '"a" | "b"'), ("21, 20", '"a" | "b"'), ("24, 17", '"a" 0f..24f | "b" 24f..41f'), ("a, b", "")],
)
def test_lengths_of_turns_are_those_of_the_same_latents(lengths, said):
    """Of 6 latents two prompts have 3 each; 24 and 17 frames are 4 and 2. What a node cannot read stays a node."""
    prompt = exported(RELAYED.format('"a" | "b"'))
    relay = prompt[one(prompt, "PromptRelayEncode")]
    assert relay["inputs"]["segment_lengths"] == "24, 24"
    relay["inputs"] |= {"segment_lengths": lengths, "local_prompts": "a|\nb\n"}
    for kind in ("PromptRelayEncode", "PromptRelayEncodeTimeline"):
        relay["class_type"] = kind
        text, left = came_back(prompt)
        assert (f"relay {said}" in text) is bool(said)
        assert (kind in left) is not bool(said)
        relay["inputs"] |= {"max_frames": 41, "timeline_data": "{}", "fps": 24.0, "time_units": "frames"}


def test_what_is_saved_is_enlarged():
    prompt = exported('prompt "a"\nenlarge "4x.pth"\npass distill 8\nsave "a.mp4"')
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'enlarge "4x.pth"' in text


def test_one_pass_with_an_empty_negative_prompt_and_one_without():
    text, kept = came_back(exported('prompt "a"\npass 0.5x dev 20\nupscale 2x distill 0.6\nsave "a.mp4"'))
    assert kept == set()
    assert "negative" not in text


def test_options_of_a_sampler_by_its_node():
    said = 'prompt "a"\npass dev 16 { sampler er_sde kind reverse max_stage 2 eta 0.5 }\nsave "a.mp4"'
    text, kept = came_back(exported(said))
    assert kept == set()
    assert "sampler er_sde kind reverse max_stage 2 eta 0.5\n" in text


def test_a_template_whose_guidance_and_steps_are_filled_in_later():
    prompt = exported('prompt "a"\nnegative "b"\npass dev 20 simple { cfg 3; lora "x.safetensors" 0.5 }\nsave "a.mp4"')
    sigmas, guider, noise, lora = (
        one(prompt, kind) for kind in ("ManualSigmas", "CFGGuider", "RandomNoise", "LoraLoaderModelOnly")
    )
    scheduled = {"scheduler": "simple", "steps": "STEPS", "denoise": 1.0, "model": [lora, 0]}
    prompt[sigmas] = {"class_type": "BasicScheduler", "inputs": scheduled}
    prompt[guider]["inputs"]["cfg"] = "__CFG__"
    prompt[noise]["inputs"] |= {"noise_seed": "PARAM_INT_SEED", "randomize": "fixed"}  # which the node does not have
    prompt[lora]["inputs"]["strength_model"] = "$strength"
    text, kept = came_back(prompt)
    assert kept == set()
    for said in ('steps: "STEPS"', 'cfg: "__CFG__"', 'noise_seed: "PARAM_INT_SEED"', 'strength_model: "$strength"'):
        assert said in text
