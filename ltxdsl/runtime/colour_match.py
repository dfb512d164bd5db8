"""Colour statistics of one set of pictures given to another, in CIE Lab (D65)."""

from __future__ import annotations

import torch
from torch import Tensor

# Linear Rec.709 to CIE XYZ, and the white point of D65 (IEC 61966-2-1).
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
KNEE = 6 / 29


def matched(frames: Tensor, reference: Tensor, method: str, strength: float) -> Tensor:
    """F H W 3 coded as sRGB, with the statistics of the reference in Lab; strength mixes in the result.

    reinhard: mean and deviation of each channel (Reinhard et al. 2001); mkl: mean and covariance by the linear map
    of Monge and Kantorovitch (Pitié and Kokaram 2007); histogram: the cumulative distribution of each channel.
    """
    source, target = to_lab(frames).reshape(-1, 3).double(), to_lab(reference).reshape(-1, 3).double()
    mapped = {"reinhard": _reinhard, "mkl": _mkl, "histogram": _histogram}[method](source, target)
    result = from_lab(mapped.float().reshape(frames.shape))
    return frames + strength * (result - frames)


def _reinhard(source: Tensor, target: Tensor) -> Tensor:
    scale = target.std(0, correction=0) / source.std(0, correction=0).clamp(min=1e-8)
    return (source - source.mean(0)) * scale + target.mean(0)


def _mkl(source: Tensor, target: Tensor) -> Tensor:
    """T = S^-1/2 (S^1/2 R S^1/2)^1/2 S^-1/2 with the covariances S and R."""
    ours, theirs = (torch.cov(values.T, correction=0) for values in (source, target))
    ours = ours + 1e-9 * torch.eye(3, dtype=ours.dtype)
    half, inverse = _power(ours, 0.5), _power(ours, -0.5)
    return (source - source.mean(0)) @ (inverse @ _power(half @ theirs @ half, 0.5) @ inverse) + target.mean(0)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    floor = 1e-12 if exponent < 0 else 0.0
    power: Tensor = vectors @ torch.diag(values.clamp(min=floor) ** exponent) @ vectors.T
    return power


def _histogram(source: Tensor, target: Tensor) -> Tensor:
    """Equal values stay equal: each goes where its mean rank stands in the reference."""
    return torch.stack([_ranked(source[:, c].contiguous(), target[:, c]) for c in range(3)], dim=1)


def _ranked(source: Tensor, target: Tensor) -> Tensor:
    _, places, counts = torch.unique(source, return_inverse=True, return_counts=True)
    middles = (counts.double().cumsum(0) - (counts.double() + 1) / 2) / max(1, len(source) - 1)
    ordered = target.sort().values
    at = middles * (len(ordered) - 1)
    low = at.floor().long().clamp(max=len(ordered) - 1)
    high = (low + 1).clamp(max=len(ordered) - 1)
    made: Tensor = ordered[low] + (ordered[high] - ordered[low]) * (at - low)
    return made[places]


def to_lab(pixels: Tensor) -> Tensor:
    """sRGB 0..1 to L 0..100, a, b."""
    light = torch.where(pixels <= 0.04045, pixels / 12.92, ((pixels.clamp(min=0) + 0.055) / 1.055) ** 2.4)
    x, y, z = (light @ torch.tensor(TO_XYZ).T / torch.tensor(WHITE)).unbind(-1)
    fx, fy, fz = (torch.where(v > KNEE**3, v.clamp(min=0) ** (1 / 3), v / (3 * KNEE**2) + 4 / 29) for v in (x, y, z))
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], dim=-1)


def from_lab(lab: Tensor) -> Tensor:
    """Inverse of `to_lab`, clipped to 0..1."""
    lightness, a, b = lab.unbind(-1)
    fy = (lightness + 16) / 116
    f = torch.stack([fy + a / 500, fy, fy - b / 200], dim=-1)
    xyz = torch.where(f > KNEE, f**3, 3 * KNEE**2 * (f - 4 / 29)) * torch.tensor(WHITE)
    light = (xyz @ torch.linalg.inv(torch.tensor(TO_XYZ)).T).clamp(0, 1)
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055).clamp(0, 1)
