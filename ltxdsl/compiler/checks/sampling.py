"""Rules of passes and schedules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, zip_longest

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.hdr import Hdr
from ltxdsl.ops.sampling import Pass, Upscale
from ltxdsl.ops.timeline import FromVideo
from ltxdsl.ops.tools import Node
from ltxdsl.ops.training import Train
from ltxdsl.source import Span
from ltxdsl.values import plain


@rule(
    "LTX040",
    "no pass",
    Severity.ERROR,
    why="A pass is what turns noise into video; everything else only tells it how.",
    wrong='prompt "a lake"',
    right='prompt "a lake"\npass dev 30',
)
def no_pass(program: Program) -> Iterator[Finding]:
    """Statements with mistakes are reported for those first: one may be the pass. Raw nodes can stand for it."""
    kinds = (Pass, Upscale, Hdr, Train, Node)
    if program.broken or program.bound.library or any(any(program.each(kind)) for kind in kinds):
        return
    shot = program.scene.shot
    what, span = (f"the shot `{shot}`", _shot_span(program)) if shot else ("the script", program.source.end)
    yield Finding(f"{what} has no `pass`", span, "add one, such as `pass dev 30`")


def _shot_span(program: Program) -> Span | None:
    """Its last statement."""
    said = [s.span for s in program.bound.statements]
    return said[-1] if said else None


@rule(
    "LTX041",
    "upscale before any pass",
    Severity.ERROR,
    why="An upscale works on the latent of the pass before it.",
    wrong='prompt "a lake"\nupscale 2x\npass dev 30',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x',
)
def upscale_first(program: Program) -> Iterator[Finding]:
    """Only statements at the top can sample. A pass that could not be bound may be the one that is missing."""
    for statement in () if program.broken else program.bound.statements:
        if isinstance(statement, Pass) or "latent" in statement.binds:
            return
        if isinstance(statement, Upscale):
            yield Finding("there is nothing to upscale yet", statement.span, "put a `pass` before it")


@rule(
    "LTX042",
    "sigmas do not end in 0",
    Severity.ERROR,
    why="What is left at the last sigma stays in the video as noise; samplers do not add the final 0.",
    wrong='prompt "a lake"\npass dev sigmas 1, 0.85, 0.4',
    right='prompt "a lake"\npass dev sigmas 1, 0.85, 0.4, 0',
    source="ComfyUI comfy_extras/nodes_custom_sampler.py ManualSigmas",
    optional=True,
)
def sigmas_end(program: Program) -> Iterator[Finding]:
    """Only lists written by hand can."""
    for stage, after in zip_longest(program.stages, program.stages[1:]):
        taken_up = after is not None and not after.sampling.get("new_noise", True)
        if not stage.sigmas or stage.sigmas[-1] == 0 or taken_up:
            continue
        said, left = stage.statement, plain(stage.sigmas[-1])
        if said.gives("last"):
            hint = f"go on with `pass … from {said.last}` on the same list, or leave `to` out"
            yield Finding(f"this pass stops at sigma {left}, and none goes on there", said.span_of("last"), hint)
        elif said.gives("sigmas"):
            span = said.span_of("sigmas")
            shown = ", ".join(plain(s) for s in stage.sigmas)
            yield Finding(f"the last sigma is {left}", span, fixes=(Fix(span, f"{shown}, 0"),))


@rule(
    "LTX043",
    "sigmas do not fall",
    Severity.ERROR,
    why="Sigma is the share of noise: it falls from at most 1 to 0; equal values are steps that do nothing.",
    wrong='prompt "a lake"\npass dev sigmas 1, 0.5, 0.7, 0',
    right='prompt "a lake"\npass dev sigmas 1, 0.7, 0.5, 0',
    source="rectified flow: x = (1 - sigma) x0 + sigma n",
)
def sigmas_fall(program: Program) -> Iterator[Finding]:
    """Strictly, and within 0 to 1."""
    for stage in program.stages:
        said = stage.statement
        span = said.span_of("start" if said.gives("start") else "sigmas")
        for before, after in pairwise(stage.sigmas):
            if after >= before:
                yield Finding(f"sigma goes from {plain(before)} to {plain(after)}", span)
                break
        if stage.sigmas and (max(stage.sigmas) > 1 or min(stage.sigmas) < 0):
            yield Finding("sigmas lie between 0 and 1", span)
        elif len(stage.sigmas) == 1:
            yield Finding("one sigma is no step: a list needs a start and an end", span)


@rule(
    "LTX044",
    "steps against sigmas",
    Severity.WARNING,
    why="A list of n + 1 sigmas is n steps; the number is then only a comment, and can mislead.",
    wrong='prompt "a lake"\npass dev 8 sigmas 1, 0.85, 0.4, 0',
    right='prompt "a lake"\npass dev 3 sigmas 1, 0.85, 0.4, 0',
)
def steps_against_sigmas(program: Program) -> Iterator[Finding]:
    """Only where both are written."""
    for stage in program.stages:
        said = stage.statement
        if isinstance(said.sigmas, tuple) and said.steps is not None and said.steps != stage.steps:
            span = said.span_of("steps")
            message = f"{said.steps} steps are asked for, and the sigmas make {stage.steps}"
            yield Finding(message, span, fixes=(Fix(span, str(stage.steps)),))


@rule(
    "LTX045",
    "schedule that cannot be made",
    Severity.ERROR,
    why="The distilled LoRA was trained on one list of 8 steps; other counts need another schedule.",
    wrong='prompt "a lake"\npass distill 12 distilled',
    right='prompt "a lake"\npass distill 12 linear_quadratic',
    source="Lightricks ltx-pipelines DISTILLED_SIGMA_VALUES",
)
def schedule_impossible(program: Program) -> Iterator[Finding]:
    """What the schedule itself says."""
    for stage in program.stages:
        if stage.sigmas_problem:
            said = stage.statement
            field = next((f for f in ("last", "first", "denoise", "steps") if said.gives(f)), "schedule")
            span = said.span_of(field)
            yield Finding(stage.sigmas_problem, span, "name another schedule, such as `linear_quadratic`")


@rule(
    "LTX046",
    "first pass from an empty latent below full noise",
    Severity.ERROR,
    why="A schedule that starts under 1 mixes noise with what is there; before the first pass that is nothing (grey).",
    wrong='prompt "a lake"\npass dev sigmas 0.85, 0.725, 0.4219, 0',
    right='prompt "a lake"\npass dev sigmas 1, 0.85, 0.725, 0.4219, 0',
    source="ComfyUI comfy/model_sampling.py CONST.noise_scaling",
    optional=True,
)
def starts_below_noise(program: Program) -> Iterator[Finding]:
    """The tail of `distilled` with fewer than 8 steps does so too."""
    for stage in program.stages[:1]:
        if stage.sigmas and stage.sigmas[0] < 1 and isinstance(stage.statement, Pass):
            if stage.settings.get(FromVideo) or stage.continues:
                continue
            said = [f for f in ("sigmas", "first", "denoise", "steps") if stage.statement.gives(f)]
            span = stage.statement.span_of(said[0] if said else "steps")
            hint = "start it at 1; `distilled` does with 8 steps, `linear_quadratic` and `ltxv` with any number"
            yield Finding(f"the first pass starts at sigma {plain(stage.sigmas[0])}", span, hint)


@rule(
    "LTX047",
    "later pass starts from pure noise",
    Severity.WARNING,
    why="At sigma 1 nothing of the latent before is left: the pass makes a new video, and only the sound is kept.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x dev 30 ltxv',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 3',
    source="ComfyUI comfy/model_sampling.py CONST.noise_scaling",
)
def starts_over(program: Program) -> Iterator[Finding]:
    """Community lists that start at 1 on the last upscaler do this on purpose."""
    for stage in program.stages:
        if stage.continues and stage.sigmas and stage.sigmas[0] >= 1:
            yield Finding(f"{stage.name} starts at sigma 1: nothing of the video before is kept", stage.statement.span)


@rule(
    "LTX048",
    "few steps on the dev model",
    Severity.WARNING,
    why="Without the distilled LoRA the dev model needs about 20 to 40 steps.",
    wrong='prompt "a lake"\npass dev 6',
    right='prompt "a lake"\npass distill 8',
    source="Lightricks ltx-pipelines LTX_2_3_PARAMS",
)
def few_steps(program: Program) -> Iterator[Finding]:
    """From full noise, under 15 steps, and no distilled LoRA."""
    for stage in program.stages:
        distilled = program.models.is_fast(use.name for use in stage.loras)
        cut = stage.statement.gives("last")
        if not (distilled or cut) and stage.sigmas and stage.sigmas[0] >= 1 and stage.steps < 15:
            span = stage.statement.span_of("steps")
            yield Finding(f"{stage.steps} steps on `{stage.role.base}`", span, "use 20 or more, or `distill` with 8")


@rule(
    "LTX049",
    "step that goes nowhere",
    Severity.WARNING,
    why="A step from one sigma to nearly the same costs a model call and changes nothing that could be seen.",
    wrong='prompt "a lake"\npass distill sigmas 1, 0.975, 0.9748, 0.725, 0.4219, 0',
    right='prompt "a lake"\npass distill sigmas 1, 0.975, 0.909375, 0.725, 0.4219, 0',
    source="k-diffusion: a step moves x by (sigma' - sigma) times the velocity",
)
def idle_step(program: Program) -> Iterator[Finding]:
    """Less than 0.0005 apart, in lists that are written out."""
    for stage in program.stages:
        if stage.statement.gives("sigmas"):
            for before, after in pairwise(stage.sigmas):
                if 0 < before - after < 0.0005:
                    message = f"the step from {plain(before)} to {plain(after)} does nothing"
                    yield Finding(message, stage.statement.span_of("sigmas"))
