"""Sigma schedules by name. A schedule returns steps + 1 sigmas, from 1 (noise) down to 0.

To add one, write a function `sigmas_x(steps)` under `@declare`; its name and docstring's first line are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from ltxdsl.sampling.beta import beta_quantile
from ltxdsl.sampling.flow import SHIFT, shifted

Function = TypeVar("Function", bound=Callable[..., list[float]])

TABLE = 10_000  # entries of ComfyUI's sigma table
SMALLEST = shifted(1 / TABLE)
COMFY = "ComfyUI comfy/samplers.py"
DISTILLED = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0)


class Schedule(msgspec.Struct, frozen=True):
    """A named schedule. `comfy` is its scheduler name or node in ComfyUI; "" = written there as a list.

    `uses` names what it is told of the clip; `longest` is the number of steps of a list that is fixed (0: it is not);
    `options` are its options with their defaults.
    """

    name: str
    function: Callable[..., list[float]]
    summary: str
    source: str
    comfy: str = ""
    uses: tuple[str, ...] = ()
    longest: int = 0
    options: dict[str, Any] = {}


SCHEDULES: dict[str, Schedule] = {}


def declare(source: str, comfy: str = "", uses: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Enter a function into `SCHEDULES`; its keyword-only arguments are its options."""

    def enter(function: Function) -> Function:
        name = function.__name__.removeprefix("sigmas_")
        summary = (function.__doc__ or "").partition("\n")[0]
        options = dict(getattr(function, "__kwdefaults__", None) or {})
        SCHEDULES[name] = Schedule(name, function, summary, source, comfy, uses, options=options)
        return function

    return enter


def fixed(name: str, sigmas: Sequence[float], source: str, summary: str) -> None:
    """Enter a list that is fixed; fewer steps than it has are its last ones."""
    longest = len(sigmas) - 1

    def ending(steps: int) -> list[float]:
        if steps > longest:
            hint = "linear_quadratic takes more"
            raise ValueError(f"the {name} schedule has at most {longest} steps, not {steps}; {hint}")
        return list(sigmas[-(steps + 1) :])

    ending.__name__ = f"sigmas_{name}"
    SCHEDULES[name] = Schedule(name, ending, summary, source, longest=longest)


def schedule(
    name: str, steps: int, tokens: int = 4096, frame_tokens: int = 256, **options: float | bool
) -> tuple[float, ...]:
    """The sigmas of a named schedule; `tokens` = video tokens (frames x height x width of the latent)."""
    if name not in SCHEDULES:
        raise ValueError(f"there is no schedule {name!r}; there are {', '.join(SCHEDULES)}")
    if steps < 1:
        raise ValueError(f"a schedule has at least 1 step, not {steps}")
    entry = SCHEDULES[name]
    told = {"tokens": tokens, "frame_tokens": frame_tokens}
    return tuple(entry.function(steps, *(told[word] for word in entry.uses), **options))


def partial(
    name: str, steps: int, denoise: float, tokens: int = 4096, frame_tokens: int = 256, **options: float | bool
) -> tuple[float, ...]:
    """The last `steps` steps of a longer schedule, int(steps / denoise) long, as ComfyUI's BasicScheduler."""
    if denoise <= 0:
        return ()
    total = max(steps, int(steps / denoise))
    return schedule(name, total, tokens, frame_tokens, **options)[-(steps + 1) :]


fixed(
    "distilled",
    DISTILLED,
    "LTX-2 DISTILLED_SIGMA_VALUES, STAGE_2_DISTILLED_SIGMA_VALUES",
    "The list that the distilled model was trained on; 3 steps are Lightricks' list for the second stage.",
)


@declare("ComfyUI LTXVScheduler; LTX-2 LTX2Scheduler", comfy="LTXVScheduler", uses=("tokens",))
def sigmas_ltxv(
    steps: int,
    tokens: int = 4096,
    *,
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
def sigmas_beta(steps: int, *, alpha: float = 0.6, beta: float = 0.6) -> list[float]:
    """Quantiles of a beta distribution (0.6, 0.6): small steps at both ends."""
    quantiles = (beta_quantile(1 - i / steps, alpha, beta) for i in range(steps))
    entries = dict.fromkeys(round(quantile * (TABLE - 1)) for quantile in quantiles)  # repeats dropped
    return [_table(entry) for entry in entries] + [0.0]


@declare("RES4LYF beta57")
def sigmas_beta57(steps: int) -> list[float]:
    """Quantiles of a beta distribution (0.5, 0.7): as beta, with more steps at low sigmas."""
    return sigmas_beta(steps, alpha=0.5, beta=0.7)


@declare("Karras et al. 2022, arXiv 2206.00364; k-diffusion get_sigmas_karras", comfy="karras")
def sigmas_karras(steps: int, *, rho: float = 7.0) -> list[float]:
    """Even steps of sigma^(1/rho): most of them at low sigmas, made for models of another kind."""
    roots = _linspace(1.0, SMALLEST ** (1 / rho), steps)
    return [root**rho for root in roots] + [0.0]


@declare("k-diffusion get_sigmas_exponential", comfy="exponential")
def sigmas_exponential(steps: int) -> list[float]:
    """Even steps of ln sigma: nearly all at low sigmas, made for models of another kind."""
    return [math.exp(log) for log in _linspace(0.0, math.log(SMALLEST), steps)] + [0.0]


@declare("RES4LYF bong_tangent", comfy="bong_tangent")
def sigmas_bong_tangent(steps: int) -> list[float]:
    """Two arc tangents that meet at 0.5: small steps at both ends."""
    if steps == 1:
        return [1.0, 0.0]
    count = steps + 2
    bend = int(count * 0.6)
    slope = 0.2 / (count / 40)
    first = _tangent(bend, slope, bend, 1.0, 0.5)
    return first[:-1] + _tangent(count - bend, slope, 0, 0.5, 0.0)


def _tangent(count: int, slope: float, pivot: int, start: float, end: float) -> list[float]:
    """An arc tangent about `pivot` from start to end."""
    if count == 1:
        return [start]
    curve = [math.atan(slope * (pivot - i)) for i in range(count)]
    return [end + (value - curve[-1]) / (curve[0] - curve[-1]) * (start - end) for value in curve]


@declare("rs-nodes RSSigmaScheduler", comfy="RSSigmaScheduler", uses=("tokens", "frame_tokens"))
def sigmas_rs(
    steps: int,
    tokens: int = 4096,
    frame_tokens: int = 256,
    *,
    max_shift: float = 2.05,
    base_shift: float = 0.95,
    power: float = 1.0,
    bias: float = 0.0,
    contrast: float = 1.0,
    mix: float = 1.0,
) -> list[float]:
    """As ltxv, for one latent frame fewer and at most 8192 tokens, and bent by hand: power, bias, contrast, mix."""
    counted = min(max(tokens - frame_tokens, frame_tokens), 8192)
    base = sigmas_ltxv(steps, counted, max_shift=max_shift, base_shift=base_shift)
    first, *inner = base[:-1]
    if not inner:
        return base
    low = inner[-1]
    inner = [first - max(0.0, (first - s) / (first - low)) ** power * (first - low) for s in inner]
    inner = [_clipped(s + bias * s * (1 - s)) for s in inner]
    mean = sum(inner) / len(inner)
    inner = [_clipped(mean + contrast * (s - mean)) for s in inner]
    bent = [first]
    for sigma in inner:
        bent.append(sigma if sigma < bent[-1] else bent[-1] - 1e-6)
    return [mix * new + (1 - mix) * old for new, old in zip([*bent, 0.0], base, strict=True)]


def _clipped(sigma: float) -> float:
    return min(max(sigma, 0.0), 1.0)


# Lists that people share. All but `david_show` start from what an earlier pass made, or make it anew at 1.
fixed(
    "two_stage",
    (0.85, 0.725, 0.4219, 0.0),
    "ComfyUI-LTXVideo 2.3 two-stage workflow",
    "The second stage of Lightricks' 2.3 workflow, which keeps a little more than distilled 3.",
)
fixed(
    "hdr_stage",
    (0.909375, 0.725, 0.0),
    "ltx-pipelines hdr_ic_lora.py",
    "The second stage of Lightricks' HDR pipeline.",
)
fixed(
    "multi_gpu_stage",
    (0.625, 0.4, 0.0),
    "ltx-pipelines TDP_DISTILLED_SIGMAS",
    "The second stage of Lightricks' pipeline for several GPUs: little is changed.",
)
fixed(
    "temporal_rounds",
    (0.975, 0.909375, 0.725, 0.421875, 0.0),
    "diffusers pipelines/ltx2/utils.py",
    "A round after an upscale in time.",
)
fixed(
    "last_upscale",
    (1.0, 0.85, 0.725, 0.4219, 0.0),
    "community notes on LTX 2.3",
    "What people run on the last upscale: at 1 the video is made anew, only its sound is kept.",
)
fixed(
    "david_show",
    (1.0, 0.995, 0.99, 0.9875, 0.975, 0.65, 0.28, 0.07, 0.0),
    "David Show, community notes on LTX 2.3",
    "The first pass of a three-stage workflow: form in five small steps, then three large ones.",
)


def _table(entry: int) -> float:
    return shifted((entry + 1) / TABLE, SHIFT)


def _linspace(start: float, end: float, count: int) -> Sequence[float]:
    """`count` even values from start to end; one value is the start."""
    return [start + (end - start) * i / max(count - 1, 1) for i in range(count)]
