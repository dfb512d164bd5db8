"""Frames that nodes read are decoded as the workflow does it, without a node of their own."""

import pytest

from .test_lift import exported
from .test_lift_idioms import came_back, one, rewired

READ = 'prompt "a"\nnegative "b"\npass 0.5x distill 8 { guide "a.png" @ end }\nupscale 2x distill 3\n'


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("VAEDecodeTiled", {"tile_size": 640, "overlap": 96, "temporal_size": 64, "temporal_overlap": 8}),
        ("LTXVTiledVAEDecode", {"horizontal_tiles": 3, "vertical_tiles": 2, "overlap": 6}),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_frames_of_a_node_are_decoded_its_way(kind, inputs, first):
    lines = READ.splitlines()
    lines.insert(3 if first else 4, 'made = node "Blend" { image: frames }')
    prompt = exported("\n".join([*lines, 'save "a.mp4"', 'node "SaveImage" { images: made }']))
    read = prompt[one(prompt, "Blend")]["inputs"]["image"][0]
    prompt["99"] = {"class_type": kind, "inputs": {**prompt[read]["inputs"], **inputs}}
    if kind == "LTXVTiledVAEDecode":
        prompt["99"]["inputs"]["latents"] = prompt["99"]["inputs"].pop("samples")
    prompt[one(prompt, "Blend")]["inputs"]["image"] = ["99", 0]
    text, kept = came_back(prompt)
    assert kept == {"Blend", "SaveImage"}
    assert "image: frames" in text


def test_frames_straight_from_the_sampler():
    prompt = exported(f'{READ}made = node "Blend" {{ image: frames }}\nnode "SaveImage" {{ images: made }}')
    decoder = prompt[one(prompt, "VAEDecode")]["inputs"]
    rewired({"0": {"inputs": decoder}}, decoder["samples"], [one(prompt, "SamplerCustomAdvanced", 1), 0])
    text, kept = came_back(prompt)
    assert kept == {"Blend", "SaveImage"}
    assert 'spell "VAEDecode" { samples: av_latent }' in text


def test_a_picture_by_way_of_a_video():
    prompt = exported(
        'img = image "a.png" | as_video 24fps | shorter 544 | repeat 9f\nlike img size\n'
        'prompt "a"\nguide img @ 0\npass distill 8\nsave "a.mp4"'
    )
    read = prompt[one(prompt, "GetVideoComponents")]["inputs"]["video"][0]
    assert prompt[read]["inputs"] == {"images": [one(prompt, "LoadImage"), 0], "fps": 24.0, "bit_depth": 8}
    text, kept = came_back(prompt)
    assert kept == set()
    assert "| as_video 24fps | shorter 544 | repeat 9f" in text
