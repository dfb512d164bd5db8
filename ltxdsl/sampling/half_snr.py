"""Samplers in the half log-SNR λ = ln((1-σ)/σ), where one exponential step is exact for a constant prediction.

With h = λ_t - λ_s a step of an SDE with noise `eta` keeps σ_t/σ_s·e^(-ηh) of x and takes the rest from the prediction.
A first sigma of 1, where λ is infinite, is replaced by one just under it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ltxdsl.sampling.er_sde import below_one
from ltxdsl.sampling.flow import Denoise, Noise, X, odds, steps, toward
from ltxdsl.sampling.samplers import declare

NEAR_ONE = 0.9999  # where dpmpp_2s_ancestral looks in a step from sigma 1


def half_snr(sigma: float) -> float:
    """λ of a sigma."""
    return -math.log(odds(sigma))


def sigma_at(lam: float) -> float:
    """The sigma of a λ."""
    return 1 / (1 + math.exp(lam))


def fresh(exponent: float) -> float:
    """The share of noise that is new after a decay by e^-exponent: √(1 - e^(-2·exponent))."""
    return math.sqrt(max(0.0, -math.expm1(-2 * exponent)))


@declare("SEEDS-2, Gonzalez et al. 2023, arXiv 2305.14267", stochastic=True, evaluations=2)
def sample_seeds_2(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
    solver_type: str = "phi_1",
) -> X:
    """Exponential steps of an SDE, each with a look at the share `r` of the way; phi_1 or phi_2 weigh the two."""
    if solver_type not in ("phi_1", "phi_2"):
        raise ValueError(f"solver_type of seeds_2 is phi_1 or phi_2, not {solver_type}")
    for s, t in steps(below_one(sigmas)):
        D = denoise(x, s)
        if t <= 0:
            x = D
            continue
        h = half_snr(t) - half_snr(s)
        between = sigma_at(half_snr(s) + r * h)
        look = _decayed(x, D, s, between, r * h, eta)
        first = fresh(r * h * eta) * noise() if eta > 0 and s_noise > 0 else None
        if first is not None:
            look = look + s_noise * between * first
        D2 = denoise(look, between)
        x = _weighed(x, (D, D2), (s, t), h * (1 + eta), _second_weight(h * (1 + eta), r, solver_type), h * eta)
        if first is not None:
            kept = (1 - r) * h * eta
            x = x + s_noise * t * (math.exp(-kept) * first + fresh(kept) * noise())
    return x


def _decayed(x: X, D: X, s: float, t: float, h: float, eta: float) -> X:
    """x after an exponential step toward D."""
    return (t / s * math.exp(-h * eta)) * x + (-(1 - t) * math.expm1(-h * (1 + eta))) * D


def _second_weight(z: float, r: float, solver_type: str) -> float:
    """What the second prediction counts for, of all that a step of length z takes."""
    if solver_type == "phi_1":
        return -math.expm1(-z) / (2 * r)
    return (1 + math.expm1(-z) / z) / r


def _weighed(x: X, D: tuple[X, X], step: tuple[float, float], z: float, second: float, decay: float) -> X:
    (s, t), whole = step, -math.expm1(-z)
    return (t / s * math.exp(-decay)) * x + (1 - t) * ((whole - second) * D[0] + second * D[1])


@declare("exponential Heun in x0 and log-SNR: SEEDS-2 without noise, r = 1", evaluations=2)
def sample_exp_heun_2_x0(
    denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X], *, solver_type: str = "phi_2"
) -> X:
    """Heun's method with exponential steps: a second look at the end of each step."""
    return sample_seeds_2(denoise, x, sigmas, noise, eta=0.0, s_noise=0.0, r=1.0, solver_type=solver_type)


@declare("exponential Heun in x0 and log-SNR: SEEDS-2 with r = 1", stochastic=True, evaluations=2)
def sample_exp_heun_2_x0_sde(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: str = "phi_2",
) -> X:
    """exp_heun_2_x0 with fresh noise."""
    return sample_seeds_2(denoise, x, sigmas, noise, eta=eta, s_noise=s_noise, r=1.0, solver_type=solver_type)


@declare("Lu et al. 2022, arXiv 2211.01095, SDE form in log-SNR", stochastic=True, multistep=True)
def sample_dpmpp_2m_sde(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: str = "midpoint",
) -> X:
    """DPM-Solver++ of second order with fresh noise; `midpoint` or `heun` weighs the step before."""
    if solver_type not in ("midpoint", "heun"):
        raise ValueError(f"solver_type of dpmpp_2m_sde is midpoint or heun, not {solver_type}")
    before: tuple[float, X] | None = None
    for s, t in steps(below_one(sigmas)):
        D = denoise(x, s)
        if t <= 0:
            return D
        h = half_snr(t) - half_snr(s)
        z = h * (1 + eta)
        x = _decayed(x, D, s, t, h, eta)
        if before is not None:
            weight = -math.expm1(-z) / 2 if solver_type == "midpoint" else 1 + math.expm1(-z) / z
            x = x + ((1 - t) * weight * h / before[0]) * (D - before[1])
        if eta > 0 and s_noise > 0:
            x = x + s_noise * t * fresh(h * eta) * noise()
        before = h, D
    return x


@declare("Lu et al. 2022, arXiv 2211.01095, SDE form in log-SNR", stochastic=True, multistep=True)
def sample_dpmpp_2m_sde_heun(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """dpmpp_2m_sde with Heun's weights."""
    return sample_dpmpp_2m_sde(denoise, x, sigmas, noise, eta=eta, s_noise=s_noise, solver_type="heun")


@declare("Lu et al. 2022, arXiv 2211.01095, single step SDE", stochastic=True, evaluations=2)
def sample_dpmpp_sde(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> X:
    """DPM-Solver++ with a look at the share `r` of each step, and fresh noise at both."""

    def moved(x: X, D: X, s: float, t: float) -> X:
        """In y = x/(1-σ), whose noise is λ = σ/(1-σ): down toward D, then up with noise."""
        low, high = odds(t), odds(s)
        up = min(low, eta * low * math.sqrt(1 - (low / high) ** 2))
        down = math.sqrt(low**2 - up**2) / high
        y = (1 - t) * ((down / (1 - s)) * x + (1 - down) * D)
        return y + (1 - t) * s_noise * up * noise() if eta > 0 and s_noise > 0 else y

    for s, t in steps(below_one(sigmas)):
        D = denoise(x, s)
        if t <= 0:
            return D
        between = sigma_at(half_snr(s) + r * (half_snr(t) - half_snr(s)))
        D2 = denoise(moved(x, D, s, between), between)
        x = moved(x, D + (1 / (2 * r)) * (D2 - D), s, t)
    return x


@declare("Lu et al. 2022, arXiv 2211.01095, for rectified flow", stochastic=True, evaluations=2)
def sample_dpmpp_2s_ancestral(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """euler_ancestral with the prediction taken half way in log-SNR."""
    for s, t in steps(sigmas):
        D = denoise(x, s)
        down = t * (1 + (t / s - 1) * eta)
        if t <= 0:
            return toward(x, D, s, down)
        between = NEAR_ONE if s >= 1 else sigma_at((half_snr(s) + half_snr(down)) / 2)
        x = toward(x, denoise(toward(x, D, s, between), between), s, down)
        if eta > 0:
            keep = (1 - t) / (1 - down)
            x = keep * x + s_noise * math.sqrt(t**2 - (down * keep) ** 2) * noise()
    return x
