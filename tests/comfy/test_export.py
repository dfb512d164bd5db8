"""What an export means, node by node; that a server takes it is checked against a real server's interfaces."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxdsl import geometry
from ltxdsl.comfy import ExportError, export_prompt, validate_prompt
from ltxdsl.comfy.builder import Link, PromptBuilder
from ltxdsl.comfy.guides import add_guides
from ltxdsl.comfy.latents import audio_clock
from ltxdsl.comfy.percents import percent_between
from ltxdsl.comfy.sampling import sigma_text
from ltxdsl.comfy.table import ROWS, Conditioning, Frames, PlacedGuide, Video
from ltxdsl.comfy.texts import segment_pixels
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.models import load_model_set
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.sampling.flow import percent_to_sigma
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.sampling.samplers import SAMPLERS

from .conftest import MODELS
from .scripts import SCRIPTS
from .usdu import USDU


def of_class(prompt, class_type):
    return {id: node["inputs"] for id, node in prompt.items() if node["class_type"] == class_type}


def only(prompt, class_type):
    (inputs,) = of_class(prompt, class_type).values()
    return inputs


def upstream(prompt, link):
    """The classes on the way to a link."""
    seen, open_ends = set(), [link[0]]
    while open_ends:
        id = open_ends.pop()
        if id not in seen:
            seen.add(id)
            open_ends += [v[0] for v in prompt[id]["inputs"].values() if isinstance(v, list)]
    return {prompt[id]["class_type"] for id in seen}


def read_sigmas(text):
    """As ManualSigmas reads them."""
    return [float(number) for number in re.findall(r"[-+]?(?:\d*\.*\d+)", text)]


def concrete_ops(base=Op):
    for op in base.__subclasses__():
        yield from concrete_ops(op)
        if op.kernel and op.__module__.startswith("ltxdsl."):
            yield op


# --- laws over all scripts


def test_every_op_has_a_row():
    assert set(concrete_ops()) == set(ROWS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_server_takes_it(name, export, object_info):
    assert validate_prompt(export(SCRIPTS[name]).prompt, object_info) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_loaders_appear_once_and_ids_count_up(name, export):
    prompt = export(SCRIPTS[name]).prompt
    assert list(prompt) == [str(i + 1) for i in range(len(prompt))]
    for loader in ("CheckpointLoaderSimple", "LTXAVTextEncoderLoader", "LTXVAudioVAELoader"):
        assert len(of_class(prompt, loader)) == 1
    upsamplers = [node["model_name"] for node in of_class(prompt, "LatentUpscaleModelLoader").values()]
    assert len(set(upsamplers)) == len(upsamplers)
    for id, node in prompt.items():
        assert node["_meta"]["title"]
        assert all(int(v[0]) < int(id) for v in node["inputs"].values() if isinstance(v, list))


@pytest.mark.parametrize("name", SCRIPTS)
def test_one_crop_for_each_guided_pass(name, compiled):
    compilation = compiled(SCRIPTS[name])
    prompt = export_prompt(compilation, MODELS).prompt
    guided = {node.stage for node in compilation.graph if node.op.guides == "adds"}
    crops = of_class(prompt, "LTXVCropGuides")
    assert len(crops) == len(guided)
    for crop in crops.values():
        assert crop["positive"][0] == crop["negative"][0]
        last_guide = prompt[crop["positive"][0]]
        assert "Guide" in last_guide["class_type"]
        separated = prompt[crop["latent"][0]]
        assert (separated["class_type"], crop["latent"][1]) == ("LTXVSeparateAVLatent", 0)
        guider = prompt[prompt[separated["inputs"]["av_latent"][0]]["inputs"]["guider"][0]]
        assert guider["inputs"]["positive"] == crop["positive"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_conditioning_is_fresh_in_each_pass(name, export):
    prompt = export(SCRIPTS[name]).prompt
    for node in of_class(prompt, "LTXVConditioning").values():
        assert prompt[node["positive"][0]]["class_type"] in ("CLIPTextEncode", "PromptRelayEncode")
        assert prompt[node["negative"][0]]["class_type"] in ("CLIPTextEncode", "ConditioningZeroOut")
    for latent in of_class(prompt, "LTXVLatentUpsampler").values():
        source = prompt[latent["samples"][0]]["class_type"]
        assert source in ("LTXVCropGuides", "LTXVSeparateAVLatent")


@pytest.mark.parametrize("name", SCRIPTS)
def test_sigmas_seeds_and_samplers_of_each_pass(name, compiled):
    compilation = compiled(SCRIPTS[name])
    prompt = export_prompt(compilation, MODELS).prompt
    written = [tuple(read_sigmas(n["sigmas"])) for n in of_class(prompt, "ManualSigmas").values()]
    assert written == [stage.sigmas for stage in compilation.stages]
    seeds = [n["noise_seed"] for n in of_class(prompt, "RandomNoise").values()]
    samples = [n.op for n in compilation.graph.order() if isinstance(n.op, nodes.Sample)]
    assert seeds == [op.seed for op in samples if op.new_noise]
    assert len(set(seeds)) == len(seeds)


FROM_FILES = [name for name, script in SCRIPTS.items() if 'audio "voice' in script]


KEPT = [name for name, script in SCRIPTS.items() if name not in FROM_FILES and "sound anew" not in script]


@pytest.mark.parametrize("name", KEPT)
def test_later_passes_keep_the_sound(name, compiled):
    compilation = compiled(SCRIPTS[name])
    prompt = export_prompt(compilation, MODELS).prompt
    joins = of_class(prompt, "LTXVConcatAVLatent").values()
    kept = [prompt[join["audio_latent"][0]] for join in joins]
    assert kept[0]["class_type"] == "LTXVEmptyLatentAudio"
    for node in kept[2 if "to 2" in SCRIPTS[name] else 1 :]:
        assert node["class_type"] == "SetLatentNoiseMask"
        assert prompt[node["inputs"]["mask"][0]]["inputs"]["value"] == 0.0
        assert node["inputs"]["samples"][1] == 1


def test_sound_made_anew_in_part_is_masked_by_its_share_in_that_pass_alone(export):
    prompt = export(SCRIPTS["sound partly anew"]).prompt
    joins = [prompt[join["audio_latent"][0]] for join in of_class(prompt, "LTXVConcatAVLatent").values()]
    masks = [prompt[node["inputs"]["mask"][0]]["inputs"]["value"] for node in joins if "mask" in node["inputs"]]
    assert masks == [0.3, 0.0]


def sound_masks(prompt):
    """The node that gives each pass the mask of its sound."""
    joined = [prompt[join["audio_latent"][0]] for join in of_class(prompt, "LTXVConcatAVLatent").values()]
    return [prompt[node["inputs"]["mask"][0]] for node in joined]


def test_a_sound_file_is_frozen(export):
    exported = export(SCRIPTS["sound file"])
    (mask,) = sound_masks(exported.prompt)
    assert mask["inputs"]["value"] == 0.0
    frames, fps = MODELS.defaults.frames, MODELS.defaults.fps
    trims = [t["start_index"] for t in of_class(exported.prompt, "TrimAudioDuration").values()]
    assert sorted(trims) == [0.0, 1.0]
    silences = {node["duration"] for node in of_class(exported.prompt, "EmptyAudio").values()}
    assert silences == {frames / fps, frames / fps + 0.2}, "behind the file, and for what the encoding node drops"
    assert only(exported.prompt, "AudioAdjustVolume")["volume"] == -3
    assert any("ambience" in note for note in exported.notes)


def test_a_stretch_of_sound_is_kept_to_the_latent(export):
    """Row i of the mask is latent i: there are 25 a second."""
    prompt = export(SCRIPTS["sound partly kept"]).prompt
    first, second, third = sound_masks(prompt)
    for mask in (first, third):
        assert mask["class_type"] == "MaskComposite"
        assert (mask["inputs"]["y"], mask["inputs"]["operation"]) == (25, "multiply")
        whole, kept = (prompt[mask["inputs"][port][0]]["inputs"] for port in ("destination", "source"))
        assert (whole["value"], kept["value"], kept["height"]) == (1.0, 0.0, 25)
        rows = geometry.comfy_audio_latents(MODELS.defaults.frames, MODELS.defaults.fps)
        assert whole["height"] == rows
    assert second["inputs"]["value"] == 0.0


def test_a_sound_is_partly_made_anew_once(export):
    first, second = sound_masks(export(SCRIPTS["sound made anew"]).prompt)
    assert (first["inputs"]["value"], second["inputs"]["value"]) == (0.3, 0.0)


@pytest.mark.parametrize("name", SCRIPTS)
def test_modality_scale_is_off(name, export):
    for parameters in of_class(export(SCRIPTS[name]).prompt, "GuiderParameters").values():
        assert parameters["modality_scale"] == 1.0 or "modality" in SCRIPTS[name]
        assert parameters["stg"] == parameters["rescale"] == 0.0 or "stg" in SCRIPTS[name]
        assert parameters["cross_attn"] is True


def test_all_terms_of_guidance(export):
    prompt = export(SCRIPTS["all terms"]).prompt
    assert only(prompt, "MultimodalGuider")["skip_blocks"] == "28"
    video, audio = of_class(prompt, "GuiderParameters").values()
    terms = {"stg": 1.0, "modality_scale": 3.0, "rescale": 0.7}
    assert {key: video[key] for key in ("cfg", *terms)} == {"cfg": 3.0, **terms}
    assert {key: audio[key] for key in ("cfg", *terms)} == {"cfg": 7.0, **terms}


def test_terms_by_step_have_a_guider_for_each_stretch(export):
    prompt = export(SCRIPTS["terms by step"]).prompt
    assert len(of_class(prompt, "MultimodalGuider")) == 3  # cfg and stg change after 2 steps, modality after 4
    assert [cut["step"] for cut in of_class(prompt, "SplitSigmas").values()] == [2, 2]
    scales = [
        (p["modality"], p["cfg"], p["stg"], p["modality_scale"]) for p in of_class(prompt, "GuiderParameters").values()
    ]
    assert scales == [
        ("VIDEO", 2.0, 1.0, 2.5),
        ("AUDIO", 2.0, 1.0, 3.0),
        ("VIDEO", 1.0, 0.0, 2.5),
        ("AUDIO", 1.0, 0.0, 3.0),
        ("VIDEO", 1.0, 0.0, 1.0),
        ("AUDIO", 1.0, 0.0, 3.0),
    ]


def test_a_lora_by_step_is_a_hook_with_keyframes(export):
    prompt = export(SCRIPTS["lora by step"]).prompt
    assert "mine" not in only(prompt, "LoraLoaderModelOnly")["lora_name"]
    frames = list(of_class(prompt, "CreateHookKeyframe").values())
    assert [frame["strength_mult"] for frame in frames] == [1.0, 0.5]
    sigmas = read_sigmas(only(prompt, "ManualSigmas")["sigmas"])
    start = percent_to_sigma(frames[1]["start_percent"])
    assert sigmas[2] > start >= sigmas[3], "in effect where the model is called at the fourth sigma, not the third"
    pair = only(prompt, "PairConditioningSetProperties")
    guider = only(prompt, "CFGGuider")
    assert prompt[guider["positive"][0]]["inputs"] == pair


def test_a_lora_without_the_sound_is_loaded_in_shares(export):
    first, second = of_class(export(SCRIPTS["lora by modality"]).prompt, "LTX2LoraLoaderAdvanced").values()
    assert (first["strength_model"], first["video"], first["audio"]) == (0.8, 1.0, 0.0)
    assert (second["strength_model"], second["video"], second["audio"]) == (0.3, 0.0, 1.0)


def test_patches_stack_in_their_order(export):
    prompt = export(SCRIPTS["patches"]).prompt
    link = prompt[next(iter(of_class(prompt, "SamplerCustomAdvanced").values()))["guider"][0]]["inputs"]["model"]
    chain = []
    while "model" in prompt[link[0]]["inputs"]:
        chain.append(prompt[link[0]]["class_type"])
        link = prompt[link[0]]["inputs"]["model"]
    late = ["LTXVChunkFeedForward", "LTX2AttentionTunerPatch", "EasyCache", "LTX2AudioLatentNormalizingSampling"]
    assert chain[::-1] == ["PathchSageAttentionKJ", "LTX2_NAG", *late]
    assert only(prompt, "EasyCache")["reuse_threshold"] == 0.3
    assert only(prompt, "EasyCache")["end_percent"] == 0.9
    assert len(of_class(prompt, "PathchSageAttentionKJ")) == len(of_class(prompt, "LazyCache")) == 1


def test_the_enhancer_has_its_lora_and_the_encoder_not(export):
    prompt = export(SCRIPTS["enhance"]).prompt
    writer = only(prompt, "TextGenerateLTX2Prompt")
    assert writer["prompt"] == "a queen walks"
    assert writer["sampling_mode.seed"] == 7
    lora = prompt[writer["clip"][0]]
    assert (lora["class_type"], writer["clip"][1]) == ("LoraLoader", 1)
    assert (lora["inputs"]["strength_model"], lora["inputs"]["strength_clip"]) == (1.0, 0.9)
    encoded = [n for n in of_class(prompt, "CLIPTextEncode").values() if isinstance(n["text"], list)]
    assert [prompt[n["clip"][0]]["class_type"] for n in encoded] == ["LTXAVTextEncoderLoader"]


def test_an_upscale_in_time_has_its_own_model_and_doubles_the_rate(compiled):
    compilation = compiled(SCRIPTS["upscale in time"])
    assert [(stage.frames, stage.fps) for stage in compilation.stages] == [(49, 24.0), (97, 48.0), (97, 48.0)]
    prompt = export_prompt(compilation, MODELS).prompt
    used = [
        prompt[n["upscale_model"][0]]["inputs"]["model_name"] for n in of_class(prompt, "LTXVLatentUpsampler").values()
    ]
    assert ["temporal" in name for name in used] == [True, False]
    assert [node["frame_rate"] for node in of_class(prompt, "LTXVConditioning").values()] == [24.0, 48.0]
    assert only(prompt, "CreateVideo")["fps"] == 48.0


def test_tiles_of_a_polish_are_what_their_pack_takes(export):
    """Without a server: every problem that is told of the node itself."""
    prompt = export(SCRIPTS["polished in tiles"]).prompt
    ((id, inputs),) = of_class(prompt, "UltimateSDUpscaleNoUpscale").items()
    alone = {name: value for name, value in inputs.items() if not isinstance(value, list)}
    found = validate_prompt({id: {"class_type": "UltimateSDUpscaleNoUpscale", "inputs": inputs}}, USDU)
    assert {p.code for p in found} == {"missing_node", "no_output"}, "its links lead to nodes that are not here"
    assert alone.keys() | {"upscaled_image", "model", "positive", "negative", "vae"} == inputs.keys()
    assert (inputs["denoise"], inputs["steps"], inputs["cfg"]) == (0.3, 4, 1.0)
    assert "VAEDecode" in upstream(prompt, inputs["upscaled_image"])
    assert upstream(prompt, inputs["model"]) == {"ModelSamplingSD3", "UNETLoader"}
    assert only(prompt, "CreateVideo")["images"] == [id, 0]
    without = {name: value for name, value in inputs.items() if name != "batch_size"}
    lacking = validate_prompt({id: {"class_type": "UltimateSDUpscaleNoUpscale", "inputs": without}}, USDU)
    assert ("batch_size", "missing_input") in {(p.input, p.code) for p in lacking}


def test_a_polish_without_tiles_goes_through_wans_own_latent(export):
    prompt = export(SCRIPTS["polished"]).prompt
    steps = only(prompt, "KSampler")
    assert upstream(prompt, steps["latent_image"]) >= {"VAEEncode", "VAELoader", "VAEDecode"}
    assert prompt[only(prompt, "CreateVideo")["images"][0]]["inputs"]["vae"] == only(prompt, "VAEEncode")["vae"]


def test_statistics_of_an_upscale_are_those_of_the_clip_before(export):
    prompt = export(SCRIPTS["upscale with statistics"]).prompt
    matched = only(prompt, "LTXVAdainLatent")
    assert (matched["factor"], matched["per_frame"]) == (0.6, True)
    assert matched["reference"] == only(prompt, "LTXVLatentUpsampler")["samples"], "guides are cropped off both"
    assert prompt[matched["latents"][0]]["class_type"] == "LTXVLatentUpsampler"
    assert [read_sigmas(n["sigmas"])[0] for n in of_class(prompt, "ManualSigmas").values()] == [1.0, 0.85]


@pytest.mark.parametrize(
    ("script", "node", "on_the_way"),
    [
        ("upscale through pixels", "ImageScale", {"VAEDecode", "LTXVCropGuides"}),
        ("upscale by a picture model", "ImageScale", {"VAEDecode", "ImageUpscaleWithModel", "UpscaleModelLoader"}),
        ("upscale by RTX", "RSRTXSuperResolution", {"VAEDecodeTiled"}),
    ],
)
def test_an_upscale_through_pixels(script, node, on_the_way, compiled):
    compilation = compiled(SCRIPTS[script])
    prompt = export_prompt(compilation, MODELS).prompt
    encode = only(prompt, "VAEEncode")
    assert prompt[encode["pixels"][0]]["class_type"] == node
    assert upstream(prompt, encode["pixels"]) >= on_the_way
    assert not of_class(prompt, "LTXVLatentUpsampler")
    resize = prompt[encode["pixels"][0]]["inputs"]
    sizes = [(value.get("width"), value.get("height")) for value in (resize, _dynamic(resize))]
    stage = compilation.stages[-1]
    assert (stage.width, stage.height) in sizes
    last = list(of_class(prompt, "LTXVConcatAVLatent").values())[-1]
    assert "VAEEncode" in upstream(prompt, last["video_latent"])


def _dynamic(inputs):
    return {name.partition(".")[2]: value for name, value in inputs.items() if "." in name}


def test_loras_by_segment_hang_on_the_relay(export):
    prompt = export(SCRIPTS["loras by segment"]).prompt
    schedule = only(prompt, "PromptRelayLoraSchedule")
    assert schedule["relay_config"][1] == 2
    assert "lora_stack_1" not in schedule
    stack = prompt[schedule["lora_stack_2"][0]]["inputs"]
    assert stack == {"lora_1": {"on": True, "lora": "mine.safetensors", "strength": 0.8}}
    assert only(prompt, "CFGGuider")["model"][0] in {k for k, n in prompt.items() if n["inputs"] == schedule}


def test_split_sigmas_hand_on_their_noise(export):
    prompt = export(SCRIPTS["split sigmas"]).prompt
    first, second = (read_sigmas(node["sigmas"]) for node in of_class(prompt, "ManualSigmas").values())
    assert first == [1.0, 0.99375, 0.9875]
    assert second == [0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0]
    one, two = (prompt[node["noise"][0]]["class_type"] for node in of_class(prompt, "SamplerCustomAdvanced").values())
    assert (one, two) == ("RandomNoise", "DisableNoise")
    assert not of_class(prompt, "SetLatentNoiseMask"), "the sound is not finished, so it is not kept"


def test_denoise_is_the_end_of_a_longer_list(export):
    lists = of_class(export(SCRIPTS["denoise"]).prompt, "ManualSigmas").values()
    _, tail = (read_sigmas(node["sigmas"]) for node in lists)
    assert tail == pytest.approx([0.975, 0.909375, 0.725, 0.421875, 0.0], abs=1e-12)


def test_a_cut_pass_with_a_picture_in_place_is_refused(compiled):
    script = 'prompt "a lake"; inplace img @ 0; pass distill 8 to 2; pass distill 8 from 2'
    with pytest.raises(ExportError, match="cut in two"):
        export_prompt(compiled(script), MODELS)


def test_samplers_with_options_have_their_own_nodes(export):
    prompt = export(SCRIPTS["sampler options"]).prompt
    er_sde = {"solver_type": "Reverse-time SDE", "max_stage": 2, "eta": 0.5, "s_noise": 1.0}
    assert only(prompt, "SamplerER_SDE") == er_sde
    assert only(prompt, "SamplerEulerAncestral") == {"eta": 0.4, "s_noise": 0.9}
    assert only(prompt, "KSamplerSelect") == {"sampler_name": "lcm"}
    assert [node["r"] for node in of_class(prompt, "SamplerSEEDS2").values()] == [0.75, 1.0]
    clown = only(export(SCRIPTS["res_2s"]).prompt, "ClownSampler_Beta")
    assert clown == {"eta": 0.25, "sampler_name": "exponential/res_2s", "seed": -1, "bongmath": False}


def test_an_option_that_no_node_takes_is_refused(compiled):
    script = 'prompt "a lake"; pass dev 20 { sampler gradient_estimation gamma 1.5 }'
    with pytest.raises(ExportError, match="no node that gives gradient_estimation its gamma"):
        export_prompt(compiled(script), MODELS)


def test_every_sampler_is_known_to_a_server(object_info):
    select = object_info["KSamplerSelect"]["input"]["required"]["sampler_name"][1]["options"]
    assert {sampler.comfy for sampler in SAMPLERS.values()} <= set(select)


def test_one_scale_for_a_masked_pass(export):
    prompt = export(SCRIPTS["terms with a picture in place"]).prompt
    assert only(prompt, "MultimodalGuider")["skip_blocks"] == "14, 19"


def test_export_is_deterministic(export):
    assert export(SCRIPTS["three passes"]) == export(SCRIPTS["three passes"])


def test_errors_are_not_exported(compiled):
    good = compiled(SCRIPTS["negative"])
    said = Diagnostic(code="LTX999", severity=Severity.ERROR, message="wrong", span=None)
    with pytest.raises(ExportError, match="errors"):
        export_prompt(msgspec.structs.replace(good, diagnostics=(said,)), MODELS)


def test_an_op_without_a_row_is_refused(compiled, monkeypatch):
    monkeypatch.delitem(ROWS, nodes.DecodeAudio)
    with pytest.raises(ExportError, match="decode audio cannot be written"):
        export_prompt(compiled(SCRIPTS["negative"]), MODELS)


# --- prompts


def test_prompt_text_stays_literal(export):
    text = "a {red|blue} lake // not a comment"
    prompt = export(f'prompt "{text}"; pass distill 8').prompt
    assert text in [node["text"] for node in of_class(prompt, "CLIPTextEncode").values()]


def test_no_negative_prompt_is_a_zeroed_positive(export):
    prompt = export('prompt "a lake"; pass distill 8').prompt
    conditioning = only(prompt, "LTXVConditioning")
    assert prompt[conditioning["negative"][0]]["class_type"] == "ConditioningZeroOut"
    assert only(prompt, "ConditioningZeroOut")["conditioning"] == conditioning["positive"]
    assert len(of_class(prompt, "CLIPTextEncode")) == 1


def test_negative_prompt(export):
    prompt = export(SCRIPTS["negative"]).prompt
    negative = prompt[only(prompt, "LTXVConditioning")["negative"][0]]
    assert negative["inputs"]["text"] == "people"


def test_relay_drives_its_pass(export):
    prompt = export(SCRIPTS["relay with spans"]).prompt
    ((id, relay),) = of_class(prompt, "PromptRelayEncode").items()
    assert relay["local_prompts"] == "dawn | noon"
    assert relay["global_prompt"] == "a lake"
    assert only(prompt, "CFGGuider")["model"] == [id, 0]
    assert only(prompt, "LTXVConditioning")["positive"] == [id, 1]
    assert prompt[relay["model"][0]]["class_type"] == "LoraLoaderModelOnly"
    pixels = [int(length) for length in relay["segment_lengths"].split(",")]
    assert lengths_from_pixels(pixels, 16) == [6, 6]  # 4 of 5 seconds: a tail stays without a prompt


def test_relay_reads_the_bare_latent(export):
    prompt = export(SCRIPTS["one-liner"]).prompt
    sources = [prompt[r["latent"][0]]["class_type"] for r in of_class(prompt, "PromptRelayEncode").values()]
    assert sources == ["EmptyLTXVLatentVideo", "LTXVLatentUpsampler"]


def a_builder():
    return PromptBuilder(MODELS, {})


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(2, 60))
def test_relay_lengths_come_back(pixels, frames):
    lengths = lengths_from_pixels(pixels, frames)
    builder = a_builder()
    written = segment_pixels(builder, tuple(lengths), frames)
    assert lengths_from_pixels(written, frames) == lengths
    assert not builder.finished().notes


@given(st.integers(1, 60), st.integers(1, 8))
def test_equal_relay_lengths_come_back(frames, segments):
    lengths = equal_lengths(frames, segments)
    assert lengths_from_pixels(segment_pixels(a_builder(), tuple(lengths), frames), frames) == lengths


@pytest.mark.parametrize("lengths", [(4, 5), (10, 0)])
def test_relay_lengths_that_cannot_be_said_are_noted(lengths):
    builder = a_builder()
    builder.stage = "pass 1"
    segment_pixels(builder, lengths, 10)
    assert "latent frames become" in builder.finished().notes[0]


def test_nag_stacks_between_loras_and_relay(export):
    prompt = export(SCRIPTS["relay with nag"]).prompt
    nag = only(prompt, "LTX2_NAG")
    assert prompt[nag["model"][0]]["class_type"] == "LoraLoaderModelOnly"
    assert prompt[only(prompt, "PromptRelayEncode")["model"][0]]["class_type"] == "LTX2_NAG"
    assert "nag_cond_audio" not in nag


def test_nag_texts(export):
    prompt = export(SCRIPTS["nag"]).prompt
    nag = only(prompt, "LTX2_NAG")
    assert prompt[nag["nag_cond_video"][0]]["inputs"]["text"] == "people"
    assert prompt[nag["nag_cond_audio"][0]]["inputs"]["text"] == "music"
    assert (nag["nag_scale"], nag["nag_alpha"], nag["nag_tau"]) == (9, 0.25, 2.5)


# --- pictures and guides


def test_guide_before_the_clip(export):
    prompt = export(SCRIPTS["one-liner"]).prompt
    for guide in of_class(prompt, "LTXVAddLatentGuide").values():
        assert (guide["latent_idx"], guide["strength"]) == (-1, 0.4)
        encode = prompt[guide["guiding_latent"][0]]
        assert encode["class_type"] == "VAEEncode"
        assert {"LTXVPreprocess", "ImageScale"} <= upstream(prompt, encode["inputs"]["pixels"])


def test_in_place_and_guide_at_the_end(export):
    prompt = export(SCRIPTS["three passes"]).prompt
    assert [n["strength"] for n in of_class(prompt, "LTXVImgToVideoInplace").values()] == [0.7] * 3
    guides = of_class(prompt, "LTXVAddGuide").values()
    assert [(n["frame_idx"], n["strength"]) for n in guides] == [(-1, 0.5)] * 3
    sizes = {(n["width"], n["height"]) for n in of_class(prompt, "ImageScale").values()}
    assert sizes == {(384, 256), (768, 512), (1536, 1024)}


def test_in_place_later_counts_pixels(export):
    node = only(export(SCRIPTS["in place later"]).prompt, "LTXVImgToVideoInplaceKJ")
    assert node["num_images"] == "1"
    assert (node["num_images.index_1"], node["num_images.strength_1"]) == (48, 0.8)


def test_strength_over_one_is_attention(export):
    assert only(export(SCRIPTS["strong guide"]).prompt, "LTXVAddGuide")["strength"] == 1.5


def test_guides_with_their_own_attention(export):
    still = only(export(SCRIPTS["guide with attention"]).prompt, "LTXVAddGuideAdvancedAttention")
    assert (still["strength"], still["attention_strength"], still["crf"]) == (0.9, 0.5, 0)
    video = only(export(SCRIPTS["guide video later, other attention"]).prompt, "LTXAddVideoICLoRAGuideAdvanced")
    assert (video["frame_idx"], video["attention_strength"]) == (41, 0.5)


def guide_node(**parameters):
    builder = a_builder()
    builder.stage = "pass 1"
    guide = PlacedGuide(nodes.AppendGuide(**parameters), Frames(Link("i"), 0))
    conditioning = Conditioning(Link("c"), Link("c", 1))
    after, link = add_guides(builder, conditioning, Video(Link("l"), 16, guides=(guide,)))
    made = builder.finished()
    assert after == Conditioning(Link(link.node), Link(link.node, 1))
    return made.prompt[link.node], made.notes


@given(st.integers(0, 120), st.floats(0, 1), st.floats(0, 10))
def test_guides_inside_the_clip_say_strength_and_attention(frame, strength, attention):
    node, notes = guide_node(frame=frame, strength=strength, attention=attention)
    inputs = node["inputs"]
    kept = 1 - max(0, 1 - inputs["strength"])
    said = inputs.get("attention_strength", inputs["strength"])
    assert kept == pytest.approx(strength)
    assert said == attention or (attention > 1 and said == 1 and "cannot say attention" in notes[0])


def test_attention_before_the_clip_is_noted():
    node, notes = guide_node(frame=-16, strength=0.5, attention=0.5)
    assert node["inputs"]["latent_idx"] == -2
    assert "it is 1" in notes[0]


def test_guide_video(export):
    prompt = export(SCRIPTS["guide video"]).prompt
    assert only(prompt, "LoadVideo")["file"] == "walk.mp4"
    lengths = {n["length"] for n in of_class(prompt, "ImageFromBatch").values()}
    assert lengths == {33, 40}
    assert len(of_class(prompt, "GetVideoComponents")) == 1


def test_files_of_one_name_are_told_apart(export, media):
    exported = export(SCRIPTS["two files of one name"])
    assert exported.files == {
        "face.png": str(media / "face.png"),
        "face-2.png": str(media / "other" / "face.png"),
    }
    names = {n["image"] for n in of_class(exported.prompt, "LoadImage").values()}
    assert names == exported.files.keys()


# --- models


def test_lora_chains_share_their_beginning(export):
    prompt = export(SCRIPTS["loras"]).prompt
    loras = of_class(prompt, "LoraLoaderModelOnly")
    assert [(n["lora_name"], n["strength_model"]) for n in loras.values()] == [
        ("style.safetensors", 0.7),
        ("ltx/distill-lora.safetensors", 0.6),
        ("style.safetensors", 0.7),
        ("mine.safetensors", 1.0),
    ]
    shared = export('prompt "a"; lora style 0.7; pass dev 20; upscale 2x dev 3 { lora "mine.safetensors" }').prompt
    assert len(of_class(shared, "LoraLoaderModelOnly")) == 2


def test_embedded_model_set_exports_the_real_files(export, embedded):
    prompt = export('prompt "a lake"; pass 0.5x; upscale 2x', embedded).prompt
    assert only(prompt, "CheckpointLoaderSimple")["ckpt_name"] == embedded.comfy.checkpoint
    assert only(prompt, "LoraLoaderModelOnly")["lora_name"] == embedded.loras["distill"].comfy


# --- guidance


def test_equal_cfg_is_a_cfg_guider(export):
    assert only(export(SCRIPTS["negative"]).prompt, "CFGGuider")["cfg"] == 3


def test_cfg_by_modality(export):
    prompt = export(SCRIPTS["cfg by modality"]).prompt
    guider = only(prompt, "MultimodalGuider")
    audio = prompt[guider["parameters"][0]]["inputs"]
    video = prompt[audio["parameters"][0]]["inputs"]
    assert (video["modality"], video["cfg"], audio["modality"], audio["cfg"]) == ("VIDEO", 3, "AUDIO", 7)
    assert "parameters" not in video


def effective_cfg(prompt, guider, sigma):
    """What CFGGuider under CFGOverrides uses at a sigma: the override next to the sampler wins."""
    link = guider["model"]
    while prompt[link[0]]["class_type"] == "CFGOverride":
        override = prompt[link[0]]["inputs"]
        low = percent_to_sigma(override["end_percent"]) if override["end_percent"] < 1 else 0.0
        if low < sigma <= percent_to_sigma(override["start_percent"]):
            return override["cfg"]
        link = override["model"]
    return guider["cfg"]


@pytest.mark.parametrize("name", ["cfg by step", "cfg in three stretches"])
def test_cfg_by_step_is_exact_at_every_step(name, compiled):
    compilation = compiled(SCRIPTS[name])
    prompt = export_prompt(compilation, MODELS).prompt
    (stage,) = compilation.stages
    guider = only(prompt, "CFGGuider")
    assert [effective_cfg(prompt, guider, sigma) for sigma in stage.sigmas[:-1]] == list(stage.cfg)
    assert len(of_class(prompt, "SamplerCustomAdvanced")) == 1


@given(st.floats(0.001, 1), st.floats(0, 1))
def test_percent_lies_between(above, share):
    below = above * share
    if above - below > 1e-4:
        assert below < percent_to_sigma(percent_between(above, below)) < above


def test_two_calls_a_step_are_split(compiled):
    compilation = compiled(SCRIPTS["cfg by step, two calls a step"])
    prompt = export_prompt(compilation, MODELS).prompt
    first, second = of_class(prompt, "SamplerCustomAdvanced").values()
    ((split_id, split),) = of_class(prompt, "SplitSigmas").items()
    assert split["step"] == 2
    assert (first["sigmas"], second["sigmas"]) == ([split_id, 0], [split_id, 1])
    assert prompt[second["noise"][0]]["class_type"] == "DisableNoise"
    assert prompt[second["latent_image"][0]]["class_type"] == "SamplerCustomAdvanced"
    assert second["latent_image"][1] == 0
    assert [prompt[s["guider"][0]]["inputs"]["cfg"] for s in (first, second)] == [2, 1]


def test_cfg_by_step_and_modality_is_split(compiled):
    compilation = compiled(SCRIPTS["cfg by step and modality"])
    prompt = export_prompt(compilation, MODELS).prompt
    steps = [n["step"] for n in of_class(prompt, "SplitSigmas").values()]
    assert steps == [4, 2]
    assert len(of_class(prompt, "MultimodalGuider")) == 3


def test_cfg_that_no_node_can_say_is_an_error(compiled):
    text = 'prompt "a lake"; guide img @ 0; pass dev 20 { cfg 2 for 4 then 1 audio 7 }'
    with pytest.raises(ExportError, match="one cfg for both"):
        export_prompt(compiled(text), MODELS)


def test_split_with_guides_falls_back_to_an_override_with_a_note(export):
    exported = export('prompt "a lake"; guide img @ 0; pass dev 20 heun { cfg 2 for 4 then 1 }')
    assert len(of_class(exported.prompt, "CFGOverride")) == 1
    assert any("twice a step" in note for note in exported.notes)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_sigmas_read_back(sigmas):
    assert read_sigmas(sigma_text(tuple(sigmas))) == sigmas


# --- sound, decoding, files


@given(st.integers(0, 400), st.sampled_from([12, 23.976, 24, 25, 29.97, 30, 48, 50, 60]))
def test_sound_is_as_long_as_the_clip(latents, fps):
    frames = geometry.pixel_frames(latents + 1)
    count, rate = audio_clock(frames, fps)
    assert 1 <= count <= 1000
    assert 1 <= rate <= 1000
    made, wanted = geometry.comfy_audio_latents(count, rate), geometry.comfy_audio_latents(frames, fps)
    if frames > 1000:
        assert wanted <= made <= wanted + (0 if wanted <= 1000 else 8)
    else:
        assert (count, rate) == (frames, round(fps))


def test_too_small_a_size_is_refused():
    with pytest.raises(ExportError, match="too small"):
        ROWS[nodes.EmptyVideo](a_builder(), nodes.EmptyVideo(width=32, height=64, frames=9))


def test_decode(export):
    assert len(of_class(export(SCRIPTS["negative"]).prompt, "VAEDecode")) == 1
    tiled = only(export(SCRIPTS["tiles"]).prompt, "VAEDecodeTiled")
    assert (tiled["tile_size"], tiled["overlap"]) == (512, 64)
    assert (tiled["temporal_size"], tiled["temporal_overlap"]) == (40, 8)
    assert only(export(SCRIPTS["tiles in space"]).prompt, "VAEDecodeTiled")["temporal_size"] == 4096


def test_save(export):
    exported = export(SCRIPTS["three passes"])
    save = only(exported.prompt, "SaveVideo")
    assert (save["filename_prefix"], save["format"], save["codec"]) == ("queen", "auto", "auto")
    assert only(exported.prompt, "CreateVideo")["fps"] == 24
    assert "queen.mp4: SaveVideo has no crf, so crf 17 is left out" in exported.notes


def test_save_a_still(export):
    prompt = export(SCRIPTS["still"]).prompt
    frame = prompt[only(prompt, "SaveImage")["images"][0]]["inputs"]
    assert (frame["batch_index"], frame["length"]) == (24, 1)
    assert not of_class(prompt, "LTXVAudioVAEDecode")


def test_notes_on_files(export):
    assert "lake.jpg: SaveImage writes PNG" in export(SCRIPTS["still and video"]).notes


RECIPE_LORAS = {"hdr_master": "pass distill 8; use hdr_master", "lipdub": 'use lipdub "walk.mp4"'}


@pytest.mark.parametrize("name", RECIPE_LORAS)
def test_the_loras_of_a_recipe_are_files_as_the_hub_names_them(name, compiled):
    """A real server refuses a role's name where it wants a file's."""
    models = load_model_set("ltx-2.3")
    use = f'import std {name}\nsize 512x512\nprompt "says: “Yes.”"\n{RECIPE_LORAS[name]}\nsave "a.mp4"'
    prompt = export_prompt(compiled(use, models), models).prompt
    names = [node["inputs"]["lora_name"] for node in prompt.values() if "lora_name" in node["inputs"]]
    assert len(names) >= 2
    assert all(lora.endswith(".safetensors") for lora in names)
