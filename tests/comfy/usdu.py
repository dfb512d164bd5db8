"""What the nodes of ComfyUI_UltimateSDUpscale take, in the form of a server's `/object_info`.

Names, types and limits are those of its usdu_nodes.py at 32f02e76, the first to ask for a batch size.
"""

from __future__ import annotations

from typing import Any

_SAMPLERS, _SCHEDULERS = ["euler", "dpmpp_2m", "uni_pc"], ["normal", "simple", "beta"]


def _whole(low: int, high: int = 8192) -> list[Any]:
    return ["INT", {"min": low, "max": high}]


def _share() -> list[Any]:
    return ["FLOAT", {"min": 0.0, "max": 1.0}]


_REQUIRED: dict[str, list[Any]] = {
    "upscaled_image": ["IMAGE", {}],
    "model": ["MODEL", {}],
    "positive": ["CONDITIONING", {}],
    "negative": ["CONDITIONING", {}],
    "vae": ["VAE", {}],
    "seed": _whole(0, 2**64 - 1),
    "steps": _whole(1, 10000),
    "cfg": ["FLOAT", {"min": 0.0, "max": 100.0}],
    "sampler_name": [_SAMPLERS, {}],
    "scheduler": [_SCHEDULERS, {}],
    "denoise": _share(),
    "mode_type": [["Linear", "Chess", "None"], {}],
    "tile_width": _whole(64),
    "tile_height": _whole(64),
    "mask_blur": _whole(0, 64),
    "tile_padding": _whole(0),
    "seam_fix_mode": [["None", "Band Pass", "Half Tile", "Half Tile + Intersections"], {}],
    "seam_fix_denoise": _share(),
    "seam_fix_width": _whole(0),
    "seam_fix_mask_blur": _whole(0, 64),
    "seam_fix_padding": _whole(0),
    "force_uniform_tiles": ["BOOLEAN", {}],
    "tiled_decode": ["BOOLEAN", {}],
    "batch_size": _whole(1, 16),
}
USDU: dict[str, Any] = {"UltimateSDUpscaleNoUpscale": {"input": {"required": _REQUIRED}, "output": ["IMAGE"]}}
