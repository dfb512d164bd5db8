"""Sounds that go into a pass as people wire it: whole, of a video or a node, and kept by other nodes."""

import re

import pytest

from ltxdsl.comfy import ExportError
from ltxdsl.comfy.compare import same

from .test_lift import exported
from .test_lift_idioms import came_back, one

NODE = 'speech = node "TextToSpeech" { text: "hello" }\n'


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ('audio "voice.wav" as_is', ["LoadAudio"]),
        ('audio "voice.wav" as_is first 9s', ["TrimAudioDuration", "LoadAudio"]),
        ('audio "voice.wav" as_is from 2s first 3.5s', ["TrimAudioDuration", "LoadAudio"]),
        ('audio video "talk.mp4" as_is', ["GetVideoComponents"]),
        (f"{NODE}audio speech", ["TextToSpeech"]),
        (f"{NODE}audio speech from 1s first 3s", ["TrimAudioDuration", "TextToSpeech"]),
    ],
)
def test_a_sound_goes_in_whole(said, read):
    prompt = exported(f'{said}\nprompt "a"\npass distill 8\nsave "a.mp4"')
    at = prompt[one(prompt, "LTXVAudioVAEEncode")]["inputs"]["audio"]
    for kind in read:
        assert prompt[at[0]]["class_type"] == kind
        at = prompt[at[0]]["inputs"].get("audio")
    assert not {"AudioConcat", "LatentCut"} & {node["class_type"] for node in prompt.values()}
    text, kept = came_back(prompt)
    assert kept == {"TextToSpeech"} & {*read}
    assert "spell" not in text


def test_the_sound_of_a_video_is_cut_and_padded_as_a_file_is():
    of_file, of_video = (exported(f'audio {one}\nprompt "a"\npass distill 8') for one in ('"a.wav"', 'video "a.mp4"'))
    assert prompt_without(of_file, "LoadAudio") == prompt_without(of_video, "LoadVideo", "GetVideoComponents")


def prompt_without(prompt, *kinds):
    return sorted(node["class_type"] for node in prompt.values() if node["class_type"] not in kinds)


def test_a_sound_that_is_kept_by_reference_tokens():
    prompt = exported(
        'v = video "talk.mp4" as_is\naudio v as_is\nprompt "a"\nnegative "b"\nguide v @ 0\n'
        'pass distill 8 { spell "LTXVAudioVAEEncode" as "VAEEncodeAudio" }\nsave "a.mp4"'
    )
    mask = one(prompt, "SetLatentNoiseMask")
    guide = one(prompt, "LTXVAddGuide")
    prompt[mask] = {
        "class_type": "LTXVSetAudioRefTokens",
        "inputs": {
            "positive": [guide, 0],
            "negative": [guide, 1],
            "audio_latent": prompt[mask]["inputs"]["samples"],
        },
    }
    prompt[one(prompt, "LTXVConcatAVLatent")]["inputs"]["audio_latent"] = [mask, 2]
    text, kept = came_back(prompt)
    assert kept == set()
    assert "audio v as_is" in text.replace("footage", "v")


def test_what_a_control_without_a_limit_of_attention_is_written_by():
    plain = 'prompt "a"\ncontrol depth from video "w.mp4" with lora "ic-depth.safetensors" 1 @ 0\npass distill 8'
    prompt = exported(f'{plain} {{ spell "LTXAddVideoICLoRAGuide" as "LTXAddVideoICLoRAGuideAdvanced" }}\nsave "a.mp4"')
    assert prompt[one(prompt, "LTXAddVideoICLoRAGuideAdvanced")]["inputs"]["attention_strength"] == 1
    _, kept = came_back(prompt)
    assert kept == set()
    assert not same(prompt, exported(f'{plain}\nsave "a.mp4"'))


@pytest.mark.parametrize(
    "said",
    [
        'track "a.mp3"',
        'track "a.mp3" first 3s',
        'track "a.mp3" from 1.5s first 3s',
        'track "Z:\\\\music\\\\a.mp3" from 2s as "VHS_LoadAudio"',
        'track "a.mp3" from 2s first 4s as "VHS_LoadAudioUpload"',
    ],
)
def test_a_sound_for_a_node(said):
    prompt = exported(
        f'song = {said}\nvoices = node "AudioSeparator" {{ audio: song }}\n'
        'prompt "a"\naudio voices\npass distill 8\nsave "a.mp4"'
    )
    text, kept = came_back(prompt)
    assert kept == {"AudioSeparator"}
    assert f"= {said}\n" in text


@pytest.mark.parametrize(
    ("start", "seconds", "said"), [(0, 0, ""), (2, 3.5, " from 2s first 3.5s"), (0, 4, " first 4s")]
)
def test_a_sound_by_the_node_of_another_pack(start, seconds, said):
    prompt = exported('audio "voice.wav" as_is\nprompt "a"\npass distill 8\nsave "a.mp4"')
    inputs = {"audio": "voice.wav", "start_time": start, "duration": seconds}
    prompt[one(prompt, "LoadAudio")] = {"class_type": "VHS_LoadAudioUpload", "inputs": inputs}
    text, kept = came_back(prompt)
    assert kept == set()
    assert f'audio "voice.wav" as_is{said}\n' in text


def test_voices_of_a_sound():
    prompt = exported(
        'song = track "a.mp3" first 3s\nvoices, music = separate song "mel.safetensors"\n'
        'node "Mixer" { audio: music }\nprompt "a"\naudio voices\npass distill 8\nsave "a.mp4"'
    )
    sampler = prompt[one(prompt, "MelBandRoFormerSampler")]["inputs"]
    assert prompt[sampler["model"][0]]["inputs"] == {"model_name": "mel.safetensors"}
    text, kept = came_back(prompt)
    assert kept == {"Mixer"}
    assert re.search(r'= track "a.mp3" first 3s\n.* = separate \w+ "mel.safetensors"\n', text)


def test_two_sounds_with_one_model_stay_nodes():
    """Each `separate` loads its own."""
    prompt = exported('a = track "a.mp3"\nv = separate a "mel.safetensors"\nprompt "a"\naudio v\npass 8\nsave "a.mp4"')
    first = one(prompt, "MelBandRoFormerSampler")
    prompt["901"] = {"class_type": "MelBandRoFormerSampler", "inputs": dict(prompt[first]["inputs"])}
    prompt["902"] = {"class_type": "PreviewAudio", "inputs": {"audio": ["901", 1]}}
    _, kept = came_back(prompt)
    assert "MelBandRoFormerModelLoader" in kept


def test_a_sampler_that_scales_the_sound():
    script = (
        'prompt "a"\nnormalize 1, 0.25 as "LTXVNormalizingSampler"\npass dev 20 { cfg 3 }\nupscale 2x\nsave "a.mp4"'
    )
    prompt = exported(script)
    samplers = [node["inputs"] for node in prompt.values() if node["class_type"] == "LTXVNormalizingSampler"]
    assert [one["audio_normalization_factors"] for one in samplers] == ["1,0.25"] * 2
    assert {one["video_normalization_factors"] for one in samplers} == {"1,1,1,1,1,1,1,1"}
    assert not [node for node in prompt.values() if node["class_type"] == "SamplerCustomAdvanced"]
    text, kept = came_back(prompt)
    assert kept == set()
    assert 'normalize 1, 0.25 as "LTXVNormalizingSampler"' in text


def test_it_takes_one_guidance_for_all_steps():
    script = (
        'prompt "a"\nnormalize as "LTXVNormalizingSampler"\npass distill 8 heun { cfg 2 for 2 then 1 }\nsave "a.mp4"'
    )
    with pytest.raises(ExportError, match="one guidance"):
        exported(script)


def test_voices_of_what_a_node_gives():
    prompt = exported(
        f'{NODE}voices = separate speech "mel.safetensors"\nprompt "a"\naudio voices\npass 8\nsave "a.mp4"'
    )
    text, kept = came_back(prompt)
    assert kept == {"TextToSpeech"}
    assert "separate text_to_speech" in text
