"""Workflows in pictures, videos and sounds, written as ComfyUI's nodes write them."""

import io
import json
import struct
import zlib

import av
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ltxdsl.comfy.read import WorkflowError, read_workflow

from .graphs import KNOWN, graph, node

TEXT = graph([node(1, "VAELoader", ["a – ü.safetensors"], outputs=("VAE",))], [])
PROMPT = json.dumps({"1": {"class_type": "VAELoader", "inputs": {"vae_name": "a – ü.safetensors"}}})


def png(**texts):
    info = PngInfo()
    for key, (text, how) in texts.items():
        info.add_itxt(key, text, zip=True) if how == "iTXt" else info.add_text(key, text, zip=how == "zTXt")
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "png", pnginfo=info)
    return out.getvalue()


def webp(form, **texts):
    exif = Image.Exif()
    for tag, (key, text) in zip((0x010F, 0x0110), texts.items(), strict=False):
        exif[tag] = f"{key}:{text}"
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, form, exif=exif)
    return out.getvalue()


def video(form, codec, **tags):
    out = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if form == "mp4" else {}
    with av.open(out, "w", format=form, options=options) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode())
    return out.getvalue()


PLAIN = TEXT.replace("–", "-")


@pytest.mark.parametrize(
    "data",
    [
        png(workflow=(TEXT, "iTXt")),
        png(workflow=(PLAIN, "tEXt")),
        png(prompt=(PROMPT, "iTXt"), workflow=(PLAIN, "zTXt")),
        png(prompt=(PROMPT, "iTXt")),
        png(workflow=("{", "tEXt"), prompt=(PROMPT, "iTXt")),  # what cannot be read is passed over
        webp("webp", workflow=TEXT),
        webp("webp", prompt=PROMPT),
        webp("jpeg", workflow=TEXT),
        video("mp4", "mpeg4", workflow=TEXT),
        video("mp4", "mpeg4", prompt=PROMPT),
        video("mp4", "mpeg4", comment=json.dumps({"workflow": json.loads(TEXT), "prompt": PROMPT})),
        video("webm", "libvpx", workflow=TEXT, prompt=PROMPT),
    ],
    ids=lambda data: data[:12].hex(),
)
def test_what_a_file_carries(data):
    prompt = read_workflow(data, KNOWN).prompt
    assert prompt["1"]["class_type"] == "VAELoader"
    assert prompt["1"]["inputs"]["vae_name"].replace("–", "-") == "a - ü.safetensors"


def test_a_sound_carries_it_too():
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        container.metadata["workflow"] = TEXT
        stream = container.add_stream("flac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "1" in read_workflow(out.getvalue(), KNOWN).prompt


def test_nan_beside_a_prompt_is_passed_over_and_in_it_is_not():
    node = {"class_type": "VAELoader", "inputs": {"vae_name": "a"}, "is_changed": [float("nan")]}
    assert read_workflow(png(prompt=(json.dumps({"1": node}), "tEXt")), KNOWN).prompt["1"]["inputs"] == {
        "vae_name": "a"
    }
    node["inputs"]["vae_name"] = float("nan")
    with pytest.raises(WorkflowError, match="NaN") as found:
        read_workflow(json.dumps({"1": node}), KNOWN)
    assert found.value.code == "not_a_number"


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


BOMB = b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b" " * (100 << 20)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png(), "no_workflow"),
        (webp("webp"), "no_workflow"),
        (video("mp4", "mpeg4"), "no_workflow"),
        (video("mp4", "mpeg4", comment="[" * 10_000), "no_workflow"),
        (BOMB, "too_large"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"workflow\0\0not packed"), "damaged"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt", "no_workflow"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "damaged"),
        (b"\0\0\0\x18ftypmp42" + b"\xff" * 50, "damaged"),
        (b"\x1aE\xdf\xa3" + b"\0" * 50, "damaged"),
    ],
    ids=range(10),
)
def test_what_carries_none_or_is_broken_says_so(data, code):
    with pytest.raises(WorkflowError) as found:
        read_workflow(data, KNOWN)
    assert found.value.code == code


def test_an_animated_picture_has_it_in_a_chunk_of_comfyuis_own():
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"") + chunk(b"comf", b"prompt\0" + PROMPT.encode())
    assert read_workflow(data, KNOWN).prompt["1"]["class_type"] == "VAELoader"
