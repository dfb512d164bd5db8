"""A fake server with the packaged interfaces, and every model that the standard set names."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from ltxdsl.comfy.catalogue import SHIPPED, Catalogue, _read
from tests.comfy.server.fake import Fake

MODELS = ("ckpt_name", "lora_name", "text_encoder", "model_name")


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """Also where the tests are started in the background, in which a shell leaves Ctrl-C out."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def interfaces() -> dict[str, Any]:
    """Those of ComfyUI's own nodes, and of one pack."""
    known = Catalogue(_read(SHIPPED))
    own = {n: known[n] for n in known if not known[n]["python_module"].startswith(("custom_nodes", "comfy_api"))}
    return {**own, "VHS_VideoCombine": known["VHS_VideoCombine"]}


def with_models(info: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The same with these names in every list of models."""
    info = dict(info)
    for kind in ("CheckpointLoaderSimple", "LTXVAudioVAELoader", "LoraLoaderModelOnly", "LTXAVTextEncoderLoader"):
        info[kind] = deepcopy(info[kind])
        for name, spec in info[kind]["input"]["required"].items():
            if name in MODELS and isinstance(spec[0], list):
                spec[0] = list(names)
            elif name in MODELS:
                spec[1]["options"] = list(names)
    return info


NAMES = [
    "ltx-2.3-22b-dev.safetensors",
    "ltx-2.3-22b-distilled-lora-384-1.1.safetensors",
    "gemma_3_12B_it_fp4_mixed.safetensors",
]


@pytest.fixture
def fake(interfaces: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Fake]:
    from ltxdsl.comfy.server import watch

    for name, seconds in (("QUIET", 0.15), ("SOONEST", 0.02), ("LATEST", 0.05)):
        monkeypatch.setattr(watch, name, seconds)
    monkeypatch.setenv("LTX_DATA", str(tmp_path / "data"))
    for name in ("LTX_COMFY_TOKEN", "LTX_COMFY_HEADERS"):
        monkeypatch.delenv(name, raising=False)
    made = Fake(with_models(interfaces, NAMES))
    yield made
    made.close()
