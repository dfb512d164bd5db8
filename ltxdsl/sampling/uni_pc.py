"""UniPC: a predictor and a corrector that share model calls. Zhao et al. 2023, arXiv 2302.04867, as ComfyUI has it.

In the time -ln σ of images whose noise is added. The step to 0 goes to 0.001, and what is left of the noise is divided
out, as ComfyUI does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from ltxdsl.sampling.flow import Denoise, Noise, X, steps, toward
from ltxdsl.sampling.samplers import declare

ORDER = 3
LAST = 1e-3


@declare("Zhao et al. 2023, arXiv 2302.04867, B(h) = h", multistep=True)
def sample_uni_pc(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """A unified predictor and corrector of up to third order."""
    return _uni_pc(denoise, x, sigmas, lambda h: -h)


@declare("Zhao et al. 2023, arXiv 2302.04867, B(h) = e^h - 1", multistep=True)
def sample_uni_pc_bh2(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """uni_pc with the second choice of B(h)."""
    return _uni_pc(denoise, x, sigmas, lambda h: math.expm1(-h))


def _uni_pc(denoise: Denoise[X], x: X, sigmas: Sequence[float], scale: Callable[[float], float]) -> X:
    points = [s for s, _ in steps(sigmas)]
    points.append(sigmas[-1] or LAST)
    count = len(points) - 1
    past = [(points[0], denoise(x, points[0]))]
    for i, (s, t) in enumerate(pairwise(points), 1):
        base = toward(x, past[0][1], s, t)
        if i == count:
            x = base
            break
        order = min(i, ORDER, count - 1, count + 1 - i)
        slopes, places = _slopes(past[:order], s, t)
        weights = _weights(places, math.log(s / t), scale)
        by = scale(math.log(s / t))
        ahead = _summed(base, [-by * w for w in _predicting(places, math.log(s / t), scale)], slopes)
        D = denoise(ahead, t)
        x = _summed(base, [-by * w for w in weights], [*slopes, D - past[0][1]])
        past = [(t, D), *past][:ORDER]
    return x if sigmas[-1] else x / (1 - LAST)


def _slopes(past: Sequence[tuple[float, X]], s: float, t: float) -> tuple[list[X], list[float]]:
    """Differences to the newest prediction over their places, in steps of -ln σ; the new point is at 1."""
    h = math.log(s / t)
    places = [math.log(s / before) / h for before, _ in past[1:]]
    slopes = [(1 / place) * (D - past[0][1]) for place, (_, D) in zip(places, past[1:], strict=True)]
    return slopes, [*places, 1.0]


def _summed(x: X, weights: Sequence[float], slopes: Sequence[X]) -> X:
    for weight, slope in zip(weights, slopes, strict=True):
        x = x + weight * slope
    return x


def _weights(places: Sequence[float], h: float, scale: Callable[[float], float]) -> list[float]:
    """What each slope counts for: exact for polynomials of the order; half for a first order."""
    return [0.5] if len(places) == 1 else _solved(places, _moments(len(places), h, scale))


def _predicting(places: Sequence[float], h: float, scale: Callable[[float], float]) -> list[float]:
    """The same before the new point is known: half for the only slope there is."""
    known = places[:-1]
    return [0.5] * len(known) if len(known) < 2 else _solved(known, _moments(len(known), h, scale))


def _moments(order: int, h: float, scale: Callable[[float], float]) -> list[float]:
    """b_i = i! φ_(i+1)(-h)·(-h) / B(h)."""
    moments, factorial, phi = [], 1, math.expm1(-h) / -h - 1
    for i in range(1, order + 1):
        moments.append(phi * factorial / scale(h))
        factorial *= i + 1
        phi = phi / -h - 1 / factorial
    return moments


def _solved(places: Sequence[float], moments: Sequence[float]) -> list[float]:
    """The w with Σ_k w_k · place_k^i = moment_i, i from 0, by elimination in two or three unknowns."""
    rows = [[place**i for place in places] + [moment] for i, moment in enumerate(moments)]
    for column in range(len(rows)):
        pivot = max(range(column, len(rows)), key=lambda r: abs(rows[r][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(len(rows)):
            if other != column:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[-1] for row in rows]
