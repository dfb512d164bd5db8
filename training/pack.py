"""Weights as int8 with one half-precision scale per output channel: a quarter of the bytes, read back as float32."""

from __future__ import annotations

import torch

SCALE = ".scale"
Weights = dict[str, torch.Tensor]


def packed(weights: Weights) -> Weights:
    """Kernels and matrices as int8 with scales, vectors as they are."""
    small: Weights = {}
    for name, weight in weights.items():
        if weight.ndim < 2 or not weight.is_floating_point():
            small[name] = weight.contiguous()
            continue
        rows = weight.float().flatten(1)
        scale = (rows.abs().amax(dim=1) / 127).clamp(min=1e-7).half()
        small[name] = (rows / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8).view(weight.shape)
        small[name + SCALE] = scale
    return small


def unpacked(small: Weights) -> Weights:
    """Inverse of `packed` up to half a step of each row's scale."""
    weights: Weights = {}
    for name, weight in small.items():
        if name.endswith(SCALE):
            continue
        scale = small.get(name + SCALE)
        rows = weight.float() if scale is None else weight.flatten(1).float() * scale.float()[:, None]
        weights[name] = rows.view(weight.shape)
    return weights
