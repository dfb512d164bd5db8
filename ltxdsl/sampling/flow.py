"""Rectified flow: what schedules and samplers share.

A noisy latent is x = (1-σ)·x0 + σ·n with σ from 1 (noise) to 0 (picture); a denoiser predicts x0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol, Self, TypeAlias, TypeVar

SHIFT = 2.37  # μ of ComfyUI's model sampling for LTX


class Vector(Protocol):
    """What a sampler needs of a latent: a tensor has it, a float too."""

    def __add__(self, other: Self, /) -> Self:
        """Sum."""
        ...

    def __sub__(self, other: Self, /) -> Self:
        """Difference."""
        ...

    def __mul__(self, other: float, /) -> Self:
        """Scaled by a number."""
        ...

    def __rmul__(self, other: float, /) -> Self:
        """Scaled by a number."""
        ...

    def __truediv__(self, other: float, /) -> Self:
        """Divided by a number."""
        ...


X = TypeVar("X", bound=Vector)
Denoise: TypeAlias = Callable[[X, float], X]  # x, σ -> guided x0
DenoisePair: TypeAlias = Callable[[X, float], tuple[X, X]]  # x, σ -> guided x0, negative x0
Noise: TypeAlias = Callable[[], X]  # fresh N(0,1) of x's shape


def shifted(t: float, mu: float = SHIFT) -> float:
    """The sigma at flow time `t` (1 = noise, 0 = picture) under shift `mu`: S(t) = e^μ / (e^μ + 1/t - 1)."""
    return math.exp(mu) * t / (math.exp(mu) * t + 1 - t)


def percent_to_sigma(percent: float, mu: float = SHIFT) -> float:
    """The sigma at a share of the way (0 = start, 1 = end), as ComfyUI counts `start_percent`."""
    return shifted(1 - percent, mu)


def odds(sigma: float) -> float:
    """λ = σ / (1-σ): the noise level when x is divided by its signal 1-σ."""
    return sigma / (1 - sigma)


def steps(sigmas: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The steps (s, t) of a list, from each sigma to the next; one that goes nowhere is left out."""
    return ((s, t) for s, t in pairwise(sigmas) if s != t)


def toward(x: X, D: X, s: float, t: float) -> X:
    """Move x at sigma s straight toward the prediction D, to sigma t (t = 0 gives D): Euler's step."""
    return (t / s) * x + (1 - t / s) * D
