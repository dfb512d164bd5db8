"""The beta distribution, in double precision without scipy."""

from __future__ import annotations

import math
from functools import cache

TERMS = 60  # of the continued fraction; at least 1e-15 where it is used
HALVINGS = 48


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
    fraction = 1.0
    for k in range(TERMS, 0, -1):
        fraction = 1 + _term(k, a, b) * x / fraction
    return front / fraction


@cache
def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, by bisection; rounded to 12 digits, so that a median of 1/2 is just that."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_cdf(middle, a, b) < p else (low, middle)
    return round((low + high) / 2, 12)


def _term(k: int, a: float, b: float) -> float:
    m = k // 2
    if k % 2:
        return -(a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m))
