"""The interfaces that ship, and those that a server said."""

import gzip
import json
import time
import warnings

import pytest

from ltxdsl.comfy import catalogue as module
from ltxdsl.comfy.catalogue import SHIPPED, catalogue, packed
from ltxdsl.comfy.catalogue.noted import noted
from ltxdsl.comfy.catalogue.order import ORDERS, restored
from ltxdsl.comfy.interface import DYNAMIC, output_types, sockets_of


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's own catalogue, in a folder of the test's."""
    monkeypatch.setenv("LTX_DATA", str(tmp_path))
    catalogue.cache_clear()
    yield tmp_path / module.REFRESHED
    catalogue.cache_clear()


def test_what_ships_is_small_and_soon_there(own):
    assert SHIPPED.stat().st_size < 700_000
    start = time.process_time()
    assert catalogue()["KSampler"]["output"] == ["LATENT"]
    assert time.process_time() - start < 0.1, "seconds; about 0.006 on a free machine"


def test_what_was_refreshed_comes_first(own):
    own.write_bytes(packed({"KSampler": {"input": {}, "output": ["MINE"]}}))
    assert catalogue()["KSampler"]["output"] == ["MINE"]
    assert "CLIPTextEncode" in catalogue()


DAMAGED = {
    "nothing": b"",
    "no gzip": b"no gzip",
    "cut": gzip.compress(b"{")[:-4],
    "no JSON": gzip.compress(b"{"),
    "a list": gzip.compress(b"[]"),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_left_out_with_a_warning(own, data):
    own.write_bytes(data)
    with pytest.warns(UserWarning, match="ltx nodes refresh"):
        assert "KSampler" in catalogue()


def test_without_one_there_is_no_warning(own):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(catalogue()) > 1000


def combos(info):
    found = [pair for kind in ("required", "optional") for pair in (info["input"].get(kind) or {}).items()]
    return {name: spec for name, spec in found if spec[0] == DYNAMIC}


@pytest.mark.parametrize("place", sorted(ORDERS))
def test_orders_are_of_combos_that_there_are(place):
    kind, _, combo = place.partition(".")
    options = combos(catalogue()[kind])[combo][1]["options"]
    known = {name for one in options for names in one["inputs"].values() for name in names}
    plain = {"".join("#" if c.isdigit() else c for c in name).replace("##", "#") for name in known} | known
    assert set(ORDERS[place].split()) <= plain


def test_sorted_keys_get_their_order_back():
    inputs = {"required": {"height": ["INT"], "image": ["IMAGE"], "width": ["INT"]}}
    combo = {
        "GLSLShader": {"input": {"required": {"size_mode": [DYNAMIC, {"options": [{"key": "a", "inputs": inputs}]}]}}}
    }
    again = json.loads(json.dumps(restored(combo)))
    (option,) = again["GLSLShader"]["input"]["required"]["size_mode"][1]["options"]
    assert list(option["inputs"]["required"]) == ["image", "width", "height"]


@pytest.mark.parametrize("name", sorted(noted()))
def test_a_noted_interface_is_one_that_nobody_else_says(own, name):
    info = catalogue()[name]
    sockets = sockets_of(info, {})
    assert name not in module._read(SHIPPED)
    assert info["python_module"].startswith("custom_nodes.")
    assert sockets
    assert all(socket.type and " " not in socket.type for socket in sockets.values())
    assert all(output_types(info))
    assert output_types(info) or info["output_node"]


def test_multigpu_has_each_loader_with_its_devices():
    """The inputs of the loader, then those that the pack adds; a loader's own `device` is said in a way of the pack."""
    sockets = sockets_of(catalogue()["DualCLIPLoaderDisTorch2MultiGPU"], {})
    assert list(sockets)[:3] == ["clip_name1", "clip_name2", "type"]
    assert sockets["eject_models"].usual is True
    assert sockets["virtual_vram_gb"].usual == 4.0
    assert "compute_device" in sockets_of(catalogue()["UNETLoaderDisTorch2MultiGPU"], {})
    assert "use_other_vram" in sockets_of(catalogue()["UnetLoaderGGUFDisTorchMultiGPU"], {})


def test_noted_inputs_have_their_order_defaults_and_choices():
    info = catalogue()["VRGDG_LoadAudioSplit_SRTOnly"]
    sockets = sockets_of(info, {})
    assert list(sockets)[:5] == ["audio", "trigger", "srt_file", "fixed_duration", "fps"]
    assert (sockets["folder_path"].default, sockets["fps"].default) == ("VRGDG_Video", 24)
    assert sockets["overwrite_mode"].options == ("overwrite", "backup")
    assert (info["output"][3], info["output_node"]) == ("INT", False)
    freed = catalogue()["RAMCleanup"]
    assert freed["output_node"]
    assert next(iter(sockets_of(freed, {}))) == "anything"
    assert sockets_of(freed, {})["anything"].required
