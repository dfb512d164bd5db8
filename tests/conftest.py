"""What all tests share: a cache of their own, the embedded models, pictures to work with."""

from __future__ import annotations

import json
import os
import sys
import wave
from pathlib import Path
from typing import NamedTuple

import pytest

from ltxdsl.cli import main

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each process of several has a core


IMPORTED = {
    "studio.ltx": 'let house = "soft light"\nrecipe fast(steps = 8) {\n  pass distill steps\n}\n',
    "circle.ltx": 'import "studio.ltx"\nimport "circle2.ltx"\n',
    "circle2.ltx": 'import "circle.ltx"\n',
    "whole.ltx": 'recipe fast { pass distill 8 }\nprompt "a lake"\nuse fast\n',
    "faulty.ltx": "recipe fast { pass distil 8 }\nlet x = 3s * 2s\n",
}


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """No test reads or writes the user's cache; the embedded models are built once a session."""
    folder = tmp_path_factory.mktemp("ltx-cache")
    before = os.environ.get("LTX_CACHE")
    os.environ["LTX_CACHE"] = str(folder)
    yield folder
    os.environ.pop("LTX_CACHE")
    if before is not None:
        os.environ["LTX_CACHE"] = before


@pytest.fixture(scope="session")
def models(_own_cache: Path):
    """The embedded model set; its files are built when a test runs them."""
    from ltxdsl.models import load_model_set

    return load_model_set("embedded", _own_cache)


BLOCK = "diffusion_model.transformer_blocks.0.attn1.to_q.lora_A.weight"
LORAS = {
    "detail": (BLOCK, {}),
    "ic-half": (BLOCK, {"reference_downscale_factor": "2"}),
    "ic-quarter": (BLOCK, {"reference_downscale_factor": "4"}),
    "hdr": (BLOCK, {"hdr_transform": "logc3"}),
    "style-of-wan": ("diffusion_model.blocks.0.self_attn.q.lora_A.weight", {}),
}


def lora_bytes(key: str, metadata: dict[str, str]) -> bytes:
    """A safetensors file with one tensor of one number."""
    table = {"__metadata__": metadata, key: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    header = json.dumps(table).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to work in.

    a.png, b.png, queen.png, cutout.png (with alpha), walk.mp4 (17 frames), run.mp4 (24), blink.mp4 (4), talk.mp4 (20,
    with sound), notes.png, which is a text, files to import, and the headers of some LoRAs.
    """
    import av
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(7)
    for name in ("a.png", "b.png", "queen.png"):
        Image.fromarray(rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)).save(folder / name)
    (folder / "notes.png").write_text("this is no picture")
    for name, (key, metadata) in LORAS.items():
        (folder / f"{name}.safetensors").write_bytes(lora_bytes(key, metadata))
    (folder / "broken.safetensors").write_text("<html>not found</html>")
    (folder / "old.ckpt").write_bytes(b"PK")
    for name, text in IMPORTED.items():
        (folder / name).write_text(text)
    Image.new("RGBA", (128, 96)).save(folder / "cutout.png")
    with wave.open(str(folder / "v.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(rng.integers(-9000, 9000, 16_000 * 5, dtype=np.int16).tobytes())
    for name, frames in (("walk.mp4", 17), ("blink.mp4", 4), ("run.mp4", 24), ("talk.mp4", 20)):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            voice = container.add_stream("aac", rate=16_000, layout="mono") if name == "talk.mp4" else None
            for _ in range(frames):
                frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (96, 128, 3), dtype=np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            if voice:
                noise = rng.integers(-9000, 9000, (1, 16_000), dtype=np.int16)
                said = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
                said.sample_rate = 16_000
                container.mux(voice.encode(said))
                container.mux(voice.encode())
    return folder


@pytest.fixture
def in_pictures(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(pictures)
    return pictures


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def ltx(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], in_pictures: Path):
    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["ltx", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return Done(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call
