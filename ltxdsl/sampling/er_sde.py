"""The solver of extended reverse-time SDEs: Cui et al. 2023, arXiv 2309.06169, as ComfyUI has it.

With λ = σ/(1-σ) and y = x/(1-σ) the latent is y = x0 + λ·n. A noise scale φ(λ) says how much noise a step
renews.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from ltxdsl.sampling.flow import Noise, X, odds, percent_to_sigma

POINTS = 200  # of the integrals
EXP_LIMIT = 600.0  # φ stays finite for the λ of any sigma under 1
NOISE_SCALES = {
    "ER-SDE": lambda lam, eta: lam * (math.exp(min(lam**0.3, EXP_LIMIT)) + 10),
    "Reverse-time SDE": lambda lam, eta: lam ** (eta + 1),
    "ODE": lambda lam, eta: lam,
}


class ErSde(msgspec.Struct, frozen=True):
    """The options of er_sde, as ComfyUI's SamplerER_SDE.

    `max_stage` is the order, 1 to 3; `eta` is for the reverse-time SDE only.
    """

    max_stage: int = 3
    s_noise: float = 1.0
    kind: str = "ER-SDE"
    eta: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in NOISE_SCALES:
            raise ValueError(f"er_sde has no kind {self.kind!r}; there are {', '.join(NOISE_SCALES)}")
        if self.max_stage not in (1, 2, 3):
            raise ValueError(f"max_stage of er_sde is 1, 2 or 3, not {self.max_stage}")

    def phi(self, lam: float) -> float:
        """The noise scale φ(λ)."""
        return float(NOISE_SCALES[self.kind](lam, self.eta))

    @property
    def noise_amount(self) -> float:
        """`s_noise`, or 0 where the equation has no noise: an ODE, and a reverse-time SDE of eta 0."""
        ode = self.kind == "ODE" or (self.kind == "Reverse-time SDE" and self.eta == 0)
        return 0.0 if ode else self.s_noise

    def step(self, x: X, past: Sequence[tuple[float, X]], t: float, noise: Noise[X]) -> X:
        """Step x to sigma t > 0; `past` holds (λ, D) of this step and of the ones before, newest first."""
        (lam_s, D), lam_t = past[0], odds(t)
        r = self.phi(lam_t) / self.phi(lam_s)
        y = (r * (1 + lam_s)) * x + (1 - r) * D
        slopes = derivatives(past)
        if slopes:
            for weight, slope in zip(self.weights(lam_s, lam_t), slopes, strict=False):
                y = y + weight * slope
        if self.noise_amount:
            y = y + self.noise_amount * math.sqrt(max(0.0, lam_t**2 - (lam_s * r) ** 2)) * noise()
        return (1 - t) * y

    def weights(self, lam_s: float, lam_t: float) -> tuple[float, float]:
        """What D' and D'' count for in the exact solution; integrals are sums of left rectangles."""
        delta, width = lam_t - lam_s, (lam_s - lam_t) / POINTS
        points = [lam_t + j * width for j in range(POINTS)]
        parts = [width / self.phi(point) for point in points]
        first = sum(parts)
        second = sum(part * (point - lam_s) for part, point in zip(parts, points, strict=True))
        return delta + first * self.phi(lam_t), delta**2 / 2 + second * self.phi(lam_t)


def derivatives(past: Sequence[tuple[float, X]]) -> list[X]:
    """D' and D'' in λ at the newest of up to three points (λ, D), newest first, by divided differences."""
    slopes = [(new - old) / (at - before) for (at, new), (before, old) in pairwise(past)]
    if len(slopes) < 2:
        return slopes
    return [slopes[0], (slopes[0] - slopes[1]) / ((past[0][0] - past[2][0]) / 2)]


def below_one(sigmas: Sequence[float]) -> list[float]:
    """The list with a first sigma of 1, where λ is infinite, replaced by the one 0.01 % of the way."""
    first = [percent_to_sigma(1e-4) if sigma >= 1 else sigma for sigma in sigmas[:1]]
    return [*first, *sigmas[1:]]
