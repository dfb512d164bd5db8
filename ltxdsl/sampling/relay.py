"""Prompt Relay: which part of a prompt acts at which time. arXiv 2604.10030, as in ComfyUI-PromptRelay (KPR).

A local prompt owns a segment of latent frames. A query at frame f pays a cost, subtracted from its attention
scores, to read the tokens of a local prompt: none inside a window about the segment's middle, more with the
distance beyond it.

Two definitions of epsilon are about. Here, as in KPR: sigma = 1 / ln(1/ε). The authors' later code makes ε_B
the weight at the segment's boundary; `epsilon_from_boundary` gives the ε that does the same here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ltxdsl.geometry import TEMPORAL

MARGIN = 2  # latent frames by which the window is shorter than its segment, on each side
HARD_SIGMA = 0.1448  # for an epsilon outside of (0, 1): that of 1e-3


def equal_lengths(frames: int, segments: int) -> list[int]:
    """Latent frames cut evenly; the first segments get the ones left over."""
    base, over = divmod(frames, segments)
    return [base + (i < over) for i in range(segments)]


def lengths_from_pixels(pixels: Sequence[float], frames: int) -> list[int]:
    """Segment lengths in pixel frames turned into latent ones, for a clip of `frames` latent frames.

    Lengths that reach to within one latent of the end are taken to fill the clip; shorter ones leave a tail
    that no segment owns. Every segment gets a frame if there are enough. As KPR's nodes, rounding included.
    """
    total = sum(pixels)
    if total <= 0 or min(pixels) < 0:
        raise ValueError("segment lengths must not be negative, nor all zero")
    target = min(frames, max(1, round(total / TEMPORAL)))
    target = frames if target >= frames - 1 else target
    return _with_empty_filled(_apportioned([part * target / total for part in pixels], target))


def sigma_of(epsilon: float) -> float:
    """The width of the fall-off in latent frames: 1 / ln(1/ε)."""
    return 1 / math.log(1 / epsilon) if 0 < epsilon < 1 else HARD_SIGMA


def epsilon_from_boundary(weight: float) -> float:
    """The epsilon that scales attention at a segment's boundary by `weight`: exp(-√(ln(1/weight)/2))."""
    return math.exp(-math.sqrt(math.log(1 / weight) / 2))


def windows(lengths: Sequence[int]) -> list[tuple[int, float]]:
    """Midpoint and half width of each segment's window of no cost, in latent frames.

    A segment without frames has an endless window: KPR never penalises it.
    """
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [
        ((2 * start + length) // 2, max(length // 2 - MARGIN, 0) if length > 0 else math.inf)
        for start, length in zip(starts, lengths, strict=True)
    ]


def cost(frame: float, midpoint: float, window: float, epsilon: float, strength: float = 1.0) -> float:
    """What a query at latent frame `frame` pays: strength · max(|f-m|-w, 0)² / (2σ²)."""
    beyond = max(abs(frame - midpoint) - window, 0.0)
    return strength * beyond**2 / (2 * sigma_of(epsilon) ** 2)


def cost_table(frames: Sequence[float], lengths: Sequence[int], epsilon: float) -> list[list[float]]:
    """Costs of queries at the latent frames `frames` (fractions too): a row a query, a column a segment."""
    spans = windows(lengths)
    return [[cost(frame, midpoint, window, epsilon) for midpoint, window in spans] for frame in frames]


def query_frames(queries: int, frames: int) -> list[float]:
    """The latent frame of each of `queries` audio tokens: their share of the sequence, as KPR reads it."""
    return [i * frames / queries for i in range(queries)]


def _apportioned(exact: Sequence[float], total: int) -> list[int]:
    """Rounded down, then the missing ones given to the largest fractions (the first of equal ones)."""
    lengths = [int(share) for share in exact]
    by_fraction = sorted(range(len(exact)), key=lambda i: lengths[i] - exact[i])
    for i in by_fraction[: total - sum(lengths)]:
        lengths[i] += 1
    return lengths


def _with_empty_filled(lengths: list[int]) -> list[int]:
    """Each segment without frames takes one from the (first) longest, while that has more than one."""
    while 0 in lengths and max(lengths) > 1:
        lengths[lengths.index(max(lengths))] -= 1
        lengths[lengths.index(0)] += 1
    return lengths
