"""Samplers by name. A sampler steps x through the sigmas: `sample_x(denoise, x, sigmas, noise, **options)`.

`denoise(x, sigma)` returns the guided prediction D of x0; where `needs_negative`, the pair (D, U) with the
negative prompt's prediction. `noise()` returns fresh N(0,1) of x's shape. s and t are the sigmas that a step
starts and ends at.

To add one, write a function under `@declare`, here or in a file that `ltxdsl.sampling` imports; its name, its
docstring's first line and its options are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from ltxdsl.sampling.er_sde import ErSde, below_one
from ltxdsl.sampling.flow import Denoise, DenoisePair, Noise, X, odds, steps, toward

Function = TypeVar("Function", bound=Callable[..., Any])


class Sampler(msgspec.Struct, frozen=True, kw_only=True):
    """A named sampler. `evaluations` = model calls a step, `calls_to_zero` = those of a step to sigma 0.

    `options` = its options with their defaults.

    A multistep sampler reads earlier steps: cutting its sigmas into two runs changes the result. `comfy` is
    its name in ComfyUI's KSamplerSelect.
    """

    name: str
    function: Callable[..., Any]
    summary: str
    source: str
    comfy: str
    options: dict[str, Any]
    evaluations: int = 1
    calls_to_zero: int = 1
    stochastic: bool = False
    multistep: bool = False
    needs_negative: bool = False


SAMPLERS: dict[str, Sampler] = {}


def declare(source: str, options: type[msgspec.Struct] | None = None, **facts: Any) -> Callable[[Function], Function]:
    """Enter a function into `SAMPLERS`; its options are its keyword-only arguments or `options`' fields."""

    def enter(function: Function) -> Function:
        name = function.__name__.removeprefix("sample_")
        summary = (function.__doc__ or "").partition("\n")[0]
        known = msgspec.structs.asdict(options()) if options else dict(function.__kwdefaults__ or {})
        SAMPLERS[name] = Sampler(
            name=name, function=function, summary=summary, source=source, comfy=name, options=known, **facts
        )
        return function

    return enter


@declare("Karras et al. 2022, arXiv 2206.00364; Liu et al. 2022, arXiv 2209.03003")
def sample_euler(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """Straight steps along the flow."""
    for s, t in steps(sigmas):
        x = toward(x, denoise(x, s), s, t)
    return x


@declare(
    "k-diffusion sample_euler_ancestral, for rectified flow: LTX-2 EulerAncestralDiffusionStep",
    stochastic=True,
)
def sample_euler_ancestral(
    denoise: Denoise[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """Euler steps that go too far down, and back up with fresh noise; eta 0 is euler."""
    for s, t in steps(sigmas):
        down = t * (1 + (t / s - 1) * eta)
        x = toward(x, denoise(x, s), s, down)
        if eta > 0 and t > 0:
            keep = (1 - t) / (1 - down)
            x = keep * x + s_noise * math.sqrt(t**2 - (down * keep) ** 2) * noise()
    return x


@declare("Chung et al. 2024, arXiv 2406.08070", needs_negative=True)
def sample_euler_cfg_pp(denoise: DenoisePair[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """Euler with CFG++: the noise is read off the negative prediction; calls the negative also at cfg 1."""
    return sample_euler_ancestral_cfg_pp(denoise, x, sigmas, noise, eta=0.0)


@declare("Chung et al. 2024, arXiv 2406.08070", stochastic=True, needs_negative=True)
def sample_euler_ancestral_cfg_pp(
    denoise: DenoisePair[X],
    x: X,
    sigmas: Sequence[float],
    noise: Noise[X],
    *,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> X:
    """Ancestral Euler with CFG++; from sigma 1 its first step throws the initial noise away."""
    for s, t in steps(sigmas):
        D, U = denoise(x, s)
        n = (x - (1 - s) * U) / s
        ratio = odds(t) * (1 - s) / s
        up = t * min(1.0, eta * math.sqrt(1 - ratio**2))
        x = (1 - t) * D + math.sqrt(t**2 - up**2) * n
        if up > 0:
            x = x + s_noise * up * noise()
    return x


@declare("Luo et al. 2023, arXiv 2310.04378", stochastic=True)
def sample_lcm(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X], *, s_noise: float = 1.0) -> X:
    """Jump to the prediction at every step, then noise it anew."""
    for s, t in steps(sigmas):
        x = (1 - t) * denoise(x, s)
        if t > 0:
            x = x + s_noise * t * noise()
    return x


@declare("Cui et al. 2023, arXiv 2309.06169", options=ErSde, stochastic=True, multistep=True)
def sample_er_sde(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X], **options: Any) -> X:
    """Reverse-time SDE solver of up to third order (ER-SDE).

    A first sigma of 1 is replaced by one just under it, and the model is called with that.
    """
    solver = ErSde(**options)
    past: list[tuple[float, X]] = []
    for s, t in steps(below_one(sigmas)):
        past = [(odds(s), denoise(x, s)), *past][: solver.max_stage]
        x = solver.step(x, past, t, noise) if t > 0 else past[0][1]
    return x


@declare("Lu et al. 2022, arXiv 2211.01095, in the time -ln(sigma)", multistep=True)
def sample_dpmpp_2m(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """DPM-Solver++ of second order, with the step before as its second point."""
    return _extrapolated(denoise, x, sigmas, lambda h, h_before: h / (2 * h_before))


@declare("Zhang et al. 2023, arXiv 2308.02157", multistep=True)
def sample_res_multistep(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """Refined exponential solver of second order, with the step before as its second point."""
    return _extrapolated(denoise, x, sigmas, lambda h, h_before: h / h_before * phi2(-h) / phi1(-h))


def _extrapolated(denoise: Denoise[X], x: X, sigmas: Sequence[float], weight: Callable[[float, float], float]) -> X:
    """Euler steps toward D + weight·(D - D before); the first step and one to 0 are plain.

    `weight` is of the step in -ln(sigma) and of the one before.
    """
    before: tuple[float, X] | None = None
    for s, t in steps(sigmas):
        D = target = denoise(x, s)
        if before and t > 0:
            target = D + weight(math.log(s / t), math.log(before[0] / s)) * (D - before[1])
        x = toward(x, target, s, t)
        before = s, D
    return x


def phi1(z: float) -> float:
    """(e^z - 1) / z."""
    return math.expm1(z) / z


def phi2(z: float) -> float:
    """(φ1(z) - 1) / z."""
    return (phi1(z) - 1) / z


@declare("Permenter and Yuan 2023, arXiv 2306.04848", multistep=True)
def sample_gradient_estimation(
    denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X], *, gamma: float = 2.0
) -> X:
    """Euler with the velocity corrected by its change since the last step; gamma 1 is euler."""
    before: X | None = None
    for s, t in steps(sigmas):
        D = denoise(x, s)
        v = (x - D) / s
        x = toward(x, D, s, t)
        if before is not None and t > 0:
            x = x + (gamma - 1) * (t - s) * (v - before)
        before = v
    return x


@declare("Karras et al. 2022, arXiv 2206.00364, without churn", evaluations=2)
def sample_heun(denoise: Denoise[X], x: X, sigmas: Sequence[float], noise: Noise[X]) -> X:
    """Euler, then the step again with the mean of the slopes at both ends; one call in a step to 0."""
    for s, t in steps(sigmas):
        D = denoise(x, s)
        ahead = toward(x, D, s, t)
        if t > 0:
            slope = (x - D) / s + (ahead - denoise(ahead, t)) / t
            x = x + (t - s) / 2 * slope
        else:
            x = ahead
    return x
