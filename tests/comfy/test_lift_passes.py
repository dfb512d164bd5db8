"""Guiders, samplers, schedules and ends as people wire them become statements."""

from .test_lift import exported
from .test_lift_idioms import TWO_STAGES, came_back, one

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
