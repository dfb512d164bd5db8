"""More samplers that step by the negative prediction (CFG++), and the refined solver with noise, as ComfyUI has them.

Its multistep solvers keep the form for images whose noise is added, not mixed in: x' = D + t·(x - U)/s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ltxdsl.sampling.flow import Denoise, DenoisePair, Noise, X, steps, toward
from ltxdsl.sampling.samplers import declare, phi1, phi2

RES = "Zhang et al. 2023, arXiv 2308.02157"


def ancestral(s: float, t: float, eta: float) -> tuple[float, float]:
    """How far down a step goes, and how much noise it adds, so that the noise is t in all."""
    up = min(t, eta * t * math.sqrt(1 - (t / s) ** 2)) if eta else 0.0
    return math.sqrt(t**2 - up**2) if up else t, up


@declare(RES + ", with noise", stochastic=True, multistep=True)
def sample_res_multistep_ancestral(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """res_multistep that goes further down at each step, and back up with fresh noise; eta 0 is res_multistep."""

    def single(x: X, sigma: float) -> tuple[X, X]:
        D = denoise(x, sigma)
        return D, D

    return _refined(single, x, sigmas, lambda s, t: ancestral(s, t, eta), lambda: s_noise * noise(), toward_both)


@declare(RES + "; Chung et al. 2024, arXiv 2406.08070", multistep=True, needs_negative=True)
def sample_res_multistep_cfg_pp(denoise: DenoisePair[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """res_multistep by the negative prediction."""
    return _refined(denoise, x, sigmas, lambda s, t: (t, 0.0), noise, by_negative)


@declare(RES + "; Chung et al. 2024, arXiv 2406.08070", stochastic=True, multistep=True, needs_negative=True)
def sample_res_multistep_ancestral_cfg_pp(
    denoise: DenoisePair[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """res_multistep_cfg_pp with fresh noise at each step."""
    return _refined(denoise, x, sigmas, lambda s, t: ancestral(s, t, eta), lambda: s_noise * noise(), by_negative)


def toward_both(x: X, D: X, U: X, s: float, t: float) -> X:
    """Euler's step."""
    return toward(x, D, s, t)


def by_negative(x: X, D: X, U: X, s: float, t: float) -> X:
    """To the prediction, with the noise read off the negative one."""
    return D + (t / s) * (x - U)


def _refined(
    denoise: DenoisePair[X],
    x: X,
    sigmas: Sequence[float],
    split: Callable[[float, float], tuple[float, float]],
    noise: Noise[X],
    euler: Callable[[X, X, X, float, float], X],
) -> X:
    """Second order with the step before as second point: where it started, where it went down to, what it saw."""
    before: tuple[float, float, X] | None = None
    for s, t in steps(sigmas):
        D, U = denoise(x, s)
        down, up = split(s, t)
        if before is None or down == 0:
            x = euler(x, D, U, s, down)
        else:
            h = math.log(s / down)
            back = math.log(before[0] / before[1]) / h
            second = phi2(-h) / back
            x = (down / s) * (x + D - U) + (h * (phi1(-h) + second)) * U - (h * second) * before[2]
        if t > 0 and up > 0:
            x = x + up * noise()
        before = s, down, U
    return x


@declare("Lu et al. 2022, arXiv 2211.01095; CFG++ of ComfyUI", multistep=True, needs_negative=True)
def sample_dpmpp_2m_cfg_pp(denoise: DenoisePair[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """dpmpp_2m by the negative prediction."""
    before: tuple[float, X] | None = None
    for s, t in steps(sigmas):
        D, U = denoise(x, s)
        x = by_negative(x, D, U, s, t)
        if before and t > 0:
            weight = math.log(s / t) / (2 * math.log(before[0] / s))
            x = x + ((1 - t / s) * weight) * (D - before[1])
        before = s, U
    return x


@declare("Permenter and Yuan 2023, arXiv 2306.04848; CFG++ of ComfyUI", multistep=True, needs_negative=True)
def sample_gradient_estimation_cfg_pp(
    denoise: DenoisePair[X], x: X, sigmas: Sequence[float], noise: Noise[X], *, gamma: float = 2.0
) -> X:
    """gradient_estimation with the velocity read off the negative prediction."""
    before: X | None = None
    for s, t in steps(sigmas):
        D, U = denoise(x, s)
        v = (x - U) / s
        x = by_negative(x, D, U, s, t)
        if before is not None and t > 0:
            x = x + (gamma - 1) * (t - s) * (v - before)
        before = v
    return x
