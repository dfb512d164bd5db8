"""Pictures and videos to export with, and a real server's node interfaces where they are at hand."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ltxdsl.comfy import Export, export_prompt
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.models import ModelSet, load_model_set
from ltxdsl.models.modelset import Defaults, LoraFile
from ltxdsl.source import Source

from .usdu import USDU

SHARED = Path(__file__).parents[2].parent / "shared"

# The defaults are those of LTX-2.3, so that cfg differs between picture and sound unless a script says one.
MODELS = ModelSet(
    name="test",
    folder="nowhere",
    defaults=Defaults(),
    loras={
        "distill": LoraFile(file="loras/distill.safetensors", strength=0.5, comfy="ltx/distill-lora.safetensors"),
        "style": LoraFile(file="loras/style.safetensors"),
    },
)


@pytest.fixture(scope="session")
def shared():
    if not (SHARED / "comfyui" / "object_info.json").is_file():
        pytest.skip(f"no node interfaces at {SHARED}: the files of a real server are not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def object_info(shared):
    """The interfaces of a real server, and of a pack that it does not have."""
    return {**USDU, **json.loads((shared / "comfyui" / "object_info.json").read_text())}


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A folder with face.png, other/face.png, style.safetensors and walk.mp4 of 40 frames."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "other").mkdir()
    Image.new("RGB", (300, 200), "red").save(folder / "face.png")
    Image.new("RGB", (200, 300), "blue").save(folder / "other" / "face.png")
    (folder / "mine.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with av.open(str(folder / "walk.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for shade in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade * 6, np.uint8))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return folder


@pytest.fixture
def compiled(media, monkeypatch):
    monkeypatch.chdir(media)

    def run(text: str, models: ModelSet = MODELS) -> Compilation:
        given = {"img": str(media / "face.png"), "clip": str(media / "walk.mp4")}
        used = {name: path for name, path in given.items() if name in text}
        compilation = compile(Source(text, str(media / "a.ltx")), models, Request(given=used, target="comfy"))
        assert compilation.ok, [d.message for d in compilation.diagnostics]
        return compilation

    return run


@pytest.fixture
def export(compiled):
    def run(text: str, models: ModelSet = MODELS) -> Export:
        return export_prompt(compiled(text, models), models)

    return run


@pytest.fixture(scope="session")
def embedded():
    return load_model_set("embedded")
