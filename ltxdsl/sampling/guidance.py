"""Guidance: one prediction of x0 from several. A term is a scale times a difference to the positive one."""

from __future__ import annotations

import math
from typing import Any

import msgspec


class GuidanceScales(msgspec.Struct, frozen=True):
    """The scales for one modality (video or audio). Off: cfg 1, stg 0, modality 1, rescale 0.

    A modality scale of 0 is not off: it puts the isolated prediction in the place of the positive one.
    """

    cfg: float = 1.0
    stg: float = 0.0
    modality: float = 1.0
    rescale: float = 0.0

    @property
    def needs_negative(self) -> bool:
        """Whether a call with the negative prompt is needed."""
        return not math.isclose(self.cfg, 1)

    @property
    def needs_perturbed(self) -> bool:
        """Whether a call with perturbed self-attention (STG) is needed."""
        return not math.isclose(self.stg, 0, abs_tol=1e-9)

    @property
    def needs_isolated(self) -> bool:
        """Whether a call with the attention between video and audio off is needed."""
        return not math.isclose(self.modality, 1)


def combine(
    positive: Any,
    negative: Any = None,
    perturbed: Any = None,
    isolated: Any = None,
    *,
    scales: GuidanceScales,
) -> Any:
    """Guided prediction c + (cfg-1)(c-u) + stg(c-p) + (modality-1)(c-m); LTX-2 MultiModalGuider.

    `rescale` moves its standard deviation toward that of c, over the whole of the given tensor (`.std()`).
    """
    guided = positive
    if scales.needs_negative:
        guided = guided + (scales.cfg - 1) * (positive - negative)
    if scales.needs_perturbed:
        guided = guided + scales.stg * (positive - perturbed)
    if scales.needs_isolated:
        guided = guided + (scales.modality - 1) * (positive - isolated)
    if scales.rescale:
        guided = guided * (scales.rescale * (positive.std() / guided.std()) + (1 - scales.rescale))
    return guided


def apg(positive: Any, negative: Any, *, scale: float, eta: float = 1.0, threshold: float = 0.0) -> Any:
    """Adaptive projected guidance: the part of c-u along c counts `eta`. arXiv 2410.02416.

    The norm of c-u is cut to `threshold` (0 = not). Norms are over the whole of the given tensor (`.sum()`),
    so give it one sample at a time. LTX-2 LtxAPGGuider.
    """
    difference = positive - negative
    norm = float((difference * difference).sum()) ** 0.5
    if 0 < threshold < norm:
        difference = difference * (threshold / norm)
    along = positive * ((positive * difference).sum() / (positive * positive).sum())
    return positive + (scale - 1) * (difference - along + eta * along)
