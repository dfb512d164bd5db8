"""Weights as int8 with one half-precision scale per output channel, gzipped, in the package's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from ltxdsl.runtime.tiny.weights import (
    SCALE,
    SUMS,
    Stored,
    Weights,
    file_of,
    read_sums,
    sum_of,
    unpacked,
    write_stored,
)

__all__ = ["enter", "packed", "rounded", "unpacked", "write_lora", "write_part"]

TOP = 127
COARSE = 39  # of the upsamplers: fewer steps are smaller when they are gzipped, and cost them about 0.05 dB
SMALL = 1024  # tensors with fewer numbers stay in half precision: tables and the last layers' biases


def packed(weights: Weights, top: int = TOP) -> Weights:
    """Kernels and matrices as int8 in -top..top with scales; what is small in half precision, statistics in full."""
    small: Weights = {}
    for name, weight in weights.items():
        if not weight.is_floating_point() or name.startswith("latents_"):
            small[name] = weight.contiguous()
        elif weight.ndim < 2 or weight.numel() < SMALL:
            small[name] = weight.half().contiguous()
        else:
            small[name], small[name + SCALE] = _rows(weight, top)
    return small


def _rows(weight: torch.Tensor, top: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = weight.float().flatten(1)
    scale = (rows.abs().amax(dim=1) / top).clamp(min=1e-7).half()
    return (rows / scale.float()[:, None]).round().clamp(-top, top).to(torch.int8).view(weight.shape), scale


def rounded(module: Any, top: int = TOP) -> Any:
    """A module with the weights that it would have after packing."""
    twin = type(module).from_config(module.config)
    twin.load_state_dict(unpacked(packed(module.state_dict(), top)))
    return twin.eval().requires_grad_(False)


def write_part(part: str, module: Any, top: int = TOP) -> Path:
    """Pack a part into its file in the package and enter its sum."""
    config = {key: value for key, value in dict(module.config).items() if not key.startswith("_")}
    about = {"part": part, "class": type(module).__name__, "config": json.dumps(config, sort_keys=True)}
    return _written(Stored(packed(module.state_dict(), top), about), file_of(part))


def _written(stored: Stored, path: Path) -> Path:
    write_stored(stored, path)
    return enter(path)


def enter(path: Path) -> Path:
    """Enter a file's sum in the table beside it."""
    sums = read_sums(path.parent) | {path.name: sum_of(path)}
    (path.parent / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))
    return path


def write_lora(name: str, source: Path) -> Path:
    """Pack the LoRA of a run into the package."""
    from safetensors import safe_open

    with safe_open(source, "pt") as file:
        weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata() or {}
    return _written(Stored(packed(weights), metadata), file_of(f"{name}_lora"))
