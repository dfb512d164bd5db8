"""Shares of the way, by which ComfyUI's nodes name a sigma."""

from __future__ import annotations

from ltxdsl.sampling.flow import SHIFT, percent_to_sigma, shifted

MARGIN = 1e-6  # of sigma: ComfyUI's are in single precision


def percent_between(above: float, below: float) -> float:
    """A share of the way at which sigma is between these two, in as few digits as it takes."""
    low, high = (1 - shifted(sigma, -SHIFT) for sigma in (above, below))
    middle = (low + high) / 2
    rounded = (round(middle, digits) for digits in range(2, 15))
    apart = (p for p in rounded if above > percent_to_sigma(p) + MARGIN > below + 2 * MARGIN)
    return next(apart, middle)
