"""Interfaces of ComfyUI's own nodes that are younger than the release which the shipped ones are of.

Each was found in workflows that name their values. A server's own answer (`ltx nodes refresh`) comes before it.
"""

from __future__ import annotations

from typing import Any

_CFG = ["FLOAT", {"default": 1.0, "min": 0.0, "max": 100.0, "step": 0.1}]

LATER: dict[str, dict[str, Any]] = {
    "LTXVDualCFGGuider": {
        "input": {
            "required": {
                "model": ["MODEL", {}],
                "positive": ["CONDITIONING", {}],
                "negative": ["CONDITIONING", {}],
                "video_cfg": _CFG,
                "audio_cfg": _CFG,
            }
        },
        "input_order": {"required": ["model", "positive", "negative", "video_cfg", "audio_cfg"]},
        "output": ["GUIDER"],
        "output_is_list": [False],
        "output_name": ["GUIDER"],
        "name": "LTXVDualCFGGuider",
        "python_module": "comfy_extras.nodes_lt",
        "category": "sampling/custom_sampling/guiders",
        "output_node": False,
    },
}
