"""Loaders of ComfyUI-MultiGPU: each is a loader of another pack with inputs that say on which device it loads.

Read from that pack's public source; the machine's own devices are not known here, and have no default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

TEXTS = ("CLIPLoader", "DualCLIPLoader", "CLIPLoaderGGUF", "DualCLIPLoaderGGUF")
LOADERS = ("CheckpointLoaderSimple", "UNETLoader", "VAELoader", "UnetLoaderGGUF", "UnetLoaderGGUFAdvanced", *TEXTS)
DEVICES: list[Any] = [[], {}]
VRAM, ALLOCATIONS = ["FLOAT", {"default": 4.0, "min": 0.0, "max": 128.0}], ["STRING", {"default": ""}]


def variants(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The classes that a loader has there, and the inputs that each has besides."""
    if name not in LOADERS:
        return
    yield f"{name}MultiGPU", {"device": DEVICES}
    if "GGUF" in name:
        other = {"use_other_vram": ["BOOLEAN", {"default": False}], "expert_mode_allocations": ALLOCATIONS}
        yield f"{name}DisTorchMultiGPU", {"device": DEVICES, "virtual_vram_gb": VRAM, **other}
    device = "device" if name in TEXTS else "compute_device"
    yield (
        f"{name}DisTorch2MultiGPU",
        {
            device: DEVICES,
            "virtual_vram_gb": VRAM,
            "donor_device": [["cpu"], {"default": "cpu"}],
            "expert_mode_allocations": ALLOCATIONS,
            "eject_models": ["BOOLEAN", {"default": True}],
        },
    )


def derived(known: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The interfaces by class, made of those of the loaders."""
    found: dict[str, msgspec.Raw] = {}
    for name in filter(known.__contains__, LOADERS):
        info = msgspec.json.decode(known[name])
        for other, more in variants(name):
            found[other] = msgspec.Raw(msgspec.json.encode(_with(info, other, more)))
    return found


def _with(info: Mapping[str, Any], name: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """An interface with more inputs; one that the loader has already keeps its place."""
    sections = {kind: dict(specs) for kind, specs in info["input"].items()}
    sections["optional"] = {**sections.get("optional", {}), **more}
    order = {kind: [*names] for kind, names in (info.get("input_order") or {}).items()}
    optional = order.get("optional") or []
    order["optional"] = [*optional, *(input for input in more if input not in optional)]
    return {**info, "name": name, "input": sections, "input_order": order, "python_module": "custom_nodes.MultiGPU"}
