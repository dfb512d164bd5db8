"""Sigma schedules by name. A schedule returns steps + 1 sigmas, from 1 (noise) down to 0.

To add one, write a function `sigmas_x(steps)` under `@declare`; its name and docstring's first line are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from ltxdsl.sampling.beta import beta_quantile
from ltxdsl.sampling.flow import SHIFT, shifted

Function = TypeVar("Function", bound=Callable[..., list[float]])

TABLE = 10_000  # entries of ComfyUI's sigma table
SMALLEST = shifted(1 / TABLE)
COMFY = "ComfyUI comfy/samplers.py"
DISTILLED = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0)


class Schedule(msgspec.Struct, frozen=True):
    """A named schedule. `comfy` is its scheduler name or node in ComfyUI; "" = written there as a list."""

    name: str
    function: Callable[..., list[float]]
    summary: str
    source: str
    comfy: str = ""
    uses_tokens: bool = False


SCHEDULES: dict[str, Schedule] = {}


def declare(source: str, comfy: str = "", uses_tokens: bool = False) -> Callable[[Function], Function]:
    """Enter a function into `SCHEDULES`."""

    def enter(function: Function) -> Function:
        name = function.__name__.removeprefix("sigmas_")
        summary = (function.__doc__ or "").partition("\n")[0]
        SCHEDULES[name] = Schedule(name, function, summary, source, comfy, uses_tokens)
        return function

    return enter


def schedule(name: str, steps: int, tokens: int = 4096) -> tuple[float, ...]:
    """The sigmas of a named schedule; `tokens` = video tokens (latent frames x height x width)."""
    if name not in SCHEDULES:
        raise ValueError(f"there is no schedule {name!r}; there are {', '.join(SCHEDULES)}")
    if steps < 1:
        raise ValueError(f"a schedule has at least 1 step, not {steps}")
    entry = SCHEDULES[name]
    return tuple(entry.function(steps, tokens) if entry.uses_tokens else entry.function(steps))


def partial(name: str, steps: int, denoise: float, tokens: int = 4096) -> tuple[float, ...]:
    """The last `steps` steps of a longer schedule, int(steps / denoise) long, as ComfyUI's BasicScheduler."""
    if denoise <= 0:
        return ()
    total = max(steps, int(steps / denoise))
    return schedule(name, total, tokens)[-(steps + 1) :]


@declare("LTX-2 DISTILLED_SIGMA_VALUES, STAGE_2_DISTILLED_SIGMA_VALUES")
def sigmas_distilled(steps: int) -> list[float]:
    """The list that the distilled model was trained on; fewer than 8 steps are its last ones.

    3 steps are Lightricks' list for the second stage.
    """
    longest = len(DISTILLED) - 1
    if steps > longest:
        raise ValueError(
            f"the distilled schedule has at most {longest} steps, not {steps}; linear_quadratic takes more"
        )
    return list(DISTILLED[-(steps + 1) :])


@declare("ComfyUI LTXVScheduler; LTX-2 LTX2Scheduler", comfy="LTXVScheduler", uses_tokens=True)
def sigmas_ltxv(
    steps: int,
    tokens: int = 4096,
    max_shift: float = 2.05,
    base_shift: float = 0.95,
    stretch: bool = True,
    terminal: float = 0.1,
) -> list[float]:
    """LTX's schedule for the full model, shifted towards noise by the number of tokens.

    `stretch` scales it so that the last sigma before 0 is `terminal`. One step cannot be stretched.
    """
    mu = base_shift + (max_shift - base_shift) * (tokens - 1024) / (4096 - 1024)
    # 1 - σ is kept rather than σ: with many tokens σ is too near 1 to be subtracted from it
    signal = [i / ((steps - i) * math.exp(mu) + i) for i in range(steps)]
    factor = (1 - terminal) / signal[-1] if stretch and steps > 1 else 1.0
    return [1 - factor * part for part in signal] + [0.0]


@declare("ComfyUI linear_quadratic_schedule; Mochi", comfy="linear_quadratic")
def sigmas_linear_quadratic(steps: int) -> list[float]:
    """A first half in small even steps to 0.975, then a parabola to 0; with 8 steps the distilled list."""
    if steps == 1:
        return [1.0, 0.0]
    linear = steps // 2
    rest = steps - linear
    slope = 0.025 / linear
    # y = A·j² + B·j + 0.025 in the steps j since the bend: as steep as the line at 0, and 1 at the end
    curvature = (1 - 0.025 - slope * rest) / rest**2
    flat = [1 - slope * i for i in range(linear)]
    bent = [1 - (0.025 + slope * j + curvature * j * j) for j in range(rest)]
    return [*flat, *bent, 0.0]


@declare(f"{COMFY} simple_scheduler", comfy="simple")
def sigmas_simple(steps: int) -> list[float]:
    """Even steps through the sigma table."""
    stride = TABLE / steps
    return [_table(TABLE - 1 - int(i * stride)) for i in range(steps)] + [0.0]


@declare(f"{COMFY} normal_scheduler", comfy="normal")
def sigmas_normal(steps: int) -> list[float]:
    """Even steps in time down to the smallest sigma, then 0; its last step is tiny.

    ComfyUI shifts the end point twice, so the last sigma is 0.0113; kept, as `normal` means that there.
    """
    return [shifted(t) for t in _linspace(1, SMALLEST, steps)] + [0.0]


@declare(f"{COMFY} normal_scheduler(sgm=True)", comfy="sgm_uniform")
def sigmas_sgm_uniform(steps: int) -> list[float]:
    """Even steps in time, the last of them to 0."""
    return [shifted(t) for t in _linspace(1, SMALLEST, steps + 1)[:-1]] + [0.0]


@declare(f"{COMFY} kl_optimal_scheduler; arXiv 2404.14507", comfy="kl_optimal")
def sigmas_kl_optimal(steps: int) -> list[float]:
    """Even steps of the arc tangent of sigma; leaves the high sigmas fast."""
    angles = _linspace(math.atan(1), math.atan(SMALLEST), steps)
    return [1.0] + [math.tan(angle) for angle in angles[1:]] + [0.0]  # tan(atan(1)) is just under 1


@declare(f"{COMFY} beta_scheduler; arXiv 2407.12173", comfy="beta")
def sigmas_beta(steps: int, alpha: float = 0.6, beta: float = 0.6) -> list[float]:
    """Quantiles of a beta distribution (0.6, 0.6): small steps at both ends."""
    quantiles = (beta_quantile(1 - i / steps, alpha, beta) for i in range(steps))
    entries = dict.fromkeys(round(quantile * (TABLE - 1)) for quantile in quantiles)  # repeats dropped
    return [_table(entry) for entry in entries] + [0.0]


@declare("RES4LYF beta57")
def sigmas_beta57(steps: int) -> list[float]:
    """Quantiles of a beta distribution (0.5, 0.7): as beta, with more steps at low sigmas."""
    return sigmas_beta(steps, 0.5, 0.7)


def _table(entry: int) -> float:
    return shifted((entry + 1) / TABLE, SHIFT)


def _linspace(start: float, end: float, count: int) -> Sequence[float]:
    """`count` even values from start to end; one value is the start."""
    return [start + (end - start) * i / max(count - 1, 1) for i in range(count)]
