"""The two-stage refined exponential solver of ltx-pipelines (HQ): Zhang et al. 2023, arXiv 2308.02157.

RES4LYF has it in ComfyUI, with other noise and thresholds. `eta` is the share of new noise at each step; the look
half way always renews half. `bong` moves the start of the step to where the look half way would have come from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ltxdsl.sampling.flow import Denoise, Noise, X, steps
from ltxdsl.sampling.samplers import declare, phi1, phi2

LAST = 0.0011  # where the model is asked for the result
LOOK_ETA = 0.5
LONGEST, LOWEST = 0.5, 0.03  # steps that are moved: shorter, and from a higher sigma


@declare(
    "ltx-pipelines samplers.py res2s; Zhang et al. 2023, arXiv 2308.02157",
    stochastic=True,
    evaluations=2,
    calls_to_zero=3,
)
def sample_res_2s(
    denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X], *, eta: float = 0.5, bong: float = 1.0
) -> X:
    """Exponential steps with a look half way, fresh noise at both; the last call, at 0.0011, is the result."""
    points = [s for s, _ in steps(sigmas)] + [sigmas[-1] or LAST]
    for s, t in steps(points):
        x = _step(denoise, x, s, t, noise, eta, bool(bong))
    return x if sigmas[-1] else denoise(x, LAST)


def _step(denoise: Denoise[X], x: X, s: float, t: float, noise: Noise[X], eta: float, bong: bool) -> X:
    h = math.log(s / t)
    half, middle = phi1(-h / 2) / 2, math.sqrt(s * t)
    D = denoise(x, s)
    look = renewed(x, x + (h * half) * (D - x), s, middle, LOOK_ETA, noise)
    if bong and h < LONGEST and s > LOWEST:
        x = (look - (h * half) * D) / (1 - h * half)
    D2 = denoise(look, middle)
    second = 2 * phi2(-h)
    ahead = x + (h * (phi1(-h) - second)) * (D - x) + (h * second) * (D2 - x)
    return renewed(x, ahead, s, t, eta, noise)


def renewed(x: X, ahead: X, s: float, t: float, eta: float, noise: Noise[X]) -> X:
    """A step from x at sigma s to `ahead` at t, with a part of its noise replaced by new one."""
    up = min(eta * t, 0.9999 * t)
    if up <= 0:
        return ahead
    kept = math.sqrt(t**2 - up**2)
    velocity = (x - ahead) / (s - t)
    return (1 - t + kept) * (x - s * velocity) + kept * velocity + up * noise()
