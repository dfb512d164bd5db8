"""Canny's edge detector, with the numbers of kornia 0.9, which ComfyUI's Canny node calls."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, pad

GREY = (0.299, 0.587, 0.114)
TINY = 1e-6  # under the root of the gradient


def canny(pixels: Tensor, low: float, high: float) -> Tensor:
    """Edges of F H W 3 (0..1) as F H W of booleans.

    Thresholds are in units of Sobel's own sums, in which a ramp of 1 in 8 pixels is 1. Source: J. Canny, A
    Computational Approach to Edge Detection (1986).
    """
    grey = (pixels * torch.tensor(GREY, device=pixels.device)).sum(-1).unsqueeze(1)
    across, down = _gradient(_blurred(grey))
    steep = torch.sqrt(across * across + down * down + TINY)
    ridge = torch.where(_highest(steep, torch.atan2(down, across)), steep, 0.0)
    return _connected(ridge > high, ridge > low)[:, 0]


def _blurred(grey: Tensor) -> Tensor:
    """F 1 H W through a 5x5 Gaussian of sigma 1; the picture is mirrored at its borders."""
    weights = torch.exp(-0.5 * torch.arange(-2.0, 3.0, device=grey.device) ** 2)
    weights = weights / weights.sum()
    mirrored = pad(grey, (2, 2, 2, 2), mode="reflect")
    return conv2d(conv2d(mirrored, weights.view(1, 1, 1, 5)), weights.view(1, 1, 5, 1))


def _gradient(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Across and down."""
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], device=grey.device)
    kernels = torch.stack((sobel, sobel.T)).unsqueeze(1)
    found = conv2d(pad(grey, (1, 1, 1, 1), mode="replicate"), kernels)
    return found[:, :1], found[:, 1:]


def _highest(steep: Tensor, angle: Tensor) -> Tensor:
    """Where a gradient is over both of its neighbours in its direction, to the nearest eighth of a turn.

    Of two that are equal, across or down, the first counts.
    """
    eighth = torch.round(angle / (torch.pi / 4)).long() % 8
    beyond = torch.stack([steep - _neighbour(steep, *step) for step in AROUND])
    beats = beyond > 0
    beats[FIRST_OF_EQUAL] |= beyond[FIRST_OF_EQUAL] == 0
    ahead = beats.gather(0, eighth.unsqueeze(0))[0]
    behind = beats.gather(0, ((eighth + 4) % 8).unsqueeze(0))[0]
    return ahead & behind


AROUND = (
    (0, 1),
    (1, 1),
    (1, 0),
    (1, -1),
    (0, -1),
    (-1, -1),
    (-1, 0),
    (-1, 1),
)  # (down, across), clockwise

FIRST_OF_EQUAL = [0, 2]  # to the right, and down


def _neighbour(steep: Tensor, down: int, across: int) -> Tensor:
    """The value that lies so many pixels further; 0 outside."""
    rows, columns = steep.shape[-2:]
    framed = pad(steep, (1, 1, 1, 1))
    return framed[..., 1 + down : 1 + down + rows, 1 + across : 1 + across + columns]


def _connected(sure: Tensor, likely: Tensor) -> Tensor:
    """What is sure, and what is likely and touches it, itself or by others."""
    while True:
        grown = (max_pool2d(sure.float(), 3, stride=1, padding=1) > 0) & likely | sure
        if torch.equal(grown, sure):
            return sure
        sure = grown
