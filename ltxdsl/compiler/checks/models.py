"""Rules of models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePath

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.models import DISTILL
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.sampling import Upscale
from ltxdsl.values import plain


@rule(
    "LTX060",
    "distilled twice",
    Severity.ERROR,
    why="The distilled LoRA on top of itself, or on a distilled checkpoint, overshoots: the picture burns.",
    wrong='prompt "a lake"\npass distill 8 { lora distill 0.5 }',
    right='prompt "a lake"\npass distill 0.5 8',
    source="community notes on LTX 2.3",
    optional=True,
)
def distilled_twice(program: Program) -> Iterator[Finding]:
    """Counted per pass."""
    for stage in program.stages:
        count = sum(use.name == DISTILL for use in stage.loras)
        if count > 1:
            yield Finding(f"{stage.name} has the distilled LoRA {count} times", stage.statement.span)
        elif count and program.models.distilled:
            yield Finding(f"{stage.name} puts the distilled LoRA on a distilled checkpoint", stage.statement.span)


@rule(
    "LTX061",
    "LoRA file not found",
    Severity.ERROR,
    why="A LoRA is a safetensors file, or a role that the model set gives a file.",
    wrong='prompt "a lake"\nlora "no-such-file.safetensors" 0.8\npass dev 30',
    right='prompt "a lake"\nlora distill 0.5\npass dev 8 { cfg 1 }',
    targets=("local",),
)
def lora_missing(program: Program) -> Iterator[Finding]:
    """Only for runs here: ComfyUI has folders of its own."""
    for said in program.each(LoraStatement):
        if said.name not in program.models.loras and not os.path.isfile(said.name):
            known = ", ".join(f"`{name}`" for name in program.models.loras)
            hint = f"roles of this model set: {known}; ComfyUI's files are for `ltx export`"
            yield Finding(f"there is no file `{said.name}`", said.span_of("name"), hint)


@rule(
    "LTX062",
    "no upsampler of that factor",
    Severity.ERROR,
    why="Each latent upsampler is trained for one factor.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 3x',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    source="Lightricks list of LTX-2.3 models",
)
def no_such_upsampler(program: Program) -> Iterator[Finding]:
    """The model set says which it has."""
    for said in program.each(Upscale):
        if said.time:
            yield from _no_temporal_upsampler(program, said)
            continue
        if said.through_pixels:
            continue
        known = program.models.comfy.upsamplers if program.target == "comfy" else program.models.upsamplers
        if f"{plain(said.factor.value)}x" not in known:
            message = f"the model set `{program.models.name}` has no {said.factor} upsampler"
            if program.target == "comfy":
                message += " for ComfyUI"
            yield Finding(message, said.span_of("factor"), f"it has {', '.join(known)}; `by lanczos` takes any factor")


def _no_temporal_upsampler(program: Program, said: Upscale) -> Iterator[Finding]:
    if said.factor.value != 2:
        span = said.span_of("factor")
        yield Finding("the temporal upsampler doubles the frames", span, fixes=(Fix(span, "2x"),))
    elif program.target == "local" and not program.models.temporal_upsampler:
        message = f"the model set `{program.models.name}` has no upsampler in time"
        yield Finding(
            message, said.span_of("time"), "name one as `temporal_upsampler` in ltx.toml, or use `ltx export`"
        )


FEW = 6  # steps after an upscale that only a distilled model can do
MOST_DISTILLED = 15


def _distilled(stage: Stage) -> float:
    """The strength of the distilled LoRA in a pass."""
    return sum(use.strength for use in stage.loras if use.name == DISTILL)


@rule(
    "LTX063",
    "many steps on the distilled model",
    Severity.WARNING,
    why="The distilled LoRA was trained for 8 steps; with many more it oversharpens. For many steps it is used at 0.2.",
    wrong='prompt "a lake"\npass distill 0.6 30 linear_quadratic',
    right='prompt "a lake"\npass distill 0.6 8',
    source="Lightricks ltx-pipelines DISTILLED_SIGMA_VALUES; LTX-2.3 example workflows",
)
def many_distilled_steps(program: Program) -> Iterator[Finding]:
    """Over 15 steps with 0.4 or more of it."""
    for stage in program.stages:
        if stage.steps > MOST_DISTILLED and (program.models.distilled or _distilled(stage) >= 0.4):
            span = stage.statement.span_of("steps")
            fixes = (Fix(span, "8"),) if stage.statement.gives("steps") else ()
            yield Finding(f"{stage.steps} steps on a model for 8", span, "use 8, or `dev`, or `distill 0.2`", fixes)


@rule(
    "LTX064",
    "distilled LoRA over full strength",
    Severity.WARNING,
    why="0.5 to 0.6 is usual, 1 the most that it was trained for; over that skin and edges turn to plastic.",
    wrong='prompt "a lake"\npass distill 1.3 8',
    right='prompt "a lake"\npass distill 0.6 8',
    source="Lightricks ltx-pipelines constants.DEFAULT_LORA_STRENGTH; LTX-2.3 example workflows",
)
def strong_distilled(program: Program) -> Iterator[Finding]:
    """Where it is there once; twice is another rule's."""
    for stage in program.stages:
        uses = [use for use in stage.loras if use.name == DISTILL]
        if len(uses) == 1 and uses[0].strength > 1:
            span = stage.statement.span_of("model")
            yield Finding(f"{stage.name} has the distilled LoRA at {plain(uses[0].strength)}", span)


@rule(
    "LTX065",
    "one LoRA twice in a pass",
    Severity.WARNING,
    why="Strengths of the same LoRA add up; in a block it stands for the one from outside.",
    wrong='prompt "a lake"\nlora "detail.safetensors" 0.8\nlora "detail.safetensors" 0.8\npass dev 30',
    right='prompt "a lake"\npass dev 30 { lora "detail.safetensors" 0.8 }',
    source="ComfyUI comfy/lora.py: patches of one weight are summed",
)
def lora_twice(program: Program) -> Iterator[Finding]:
    """But for the distilled LoRA, of which twice is an error."""
    told = set()
    for stage in program.stages:
        seen: dict[str, float] = {}
        for said in stage.settings.all(LoraStatement):
            if said.name in seen and said.name != DISTILL and id(said) not in told:
                told.add(id(said))
                total = plain(round(seen[said.name] + said.strength, 4))
                yield Finding(f"in {stage.name} this LoRA comes to {total}", said.span_of("name"))
            seen[said.name] = seen.get(said.name, 0) + said.strength


@rule(
    "LTX066",
    "LoRA at strength 0",
    Severity.WARNING,
    why="Its weights are read, times 0.",
    wrong='prompt "a lake"\nlora "detail.safetensors" 0\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
)
def lora_of_nothing(program: Program) -> Iterator[Finding]:
    """Leave it out instead."""
    for said in program.each(LoraStatement):
        if said.strength == 0 and not said.audio and said.gives("amount"):
            yield Finding("this LoRA does nothing", said.span_of("amount"))


@rule(
    "LTX067",
    "LoRA at an extreme strength",
    Severity.WARNING,
    why="LoRAs are used at 0.3 to 1, the HDR one up to 1.5; a strength of 2 and more breaks pictures apart.",
    wrong='prompt "a lake"\nlora "detail.safetensors" 8\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
    source="community notes on LTX 2.3; LoRA strengths in shared workflows",
)
def extreme_lora(program: Program) -> Iterator[Finding]:
    """Over 2 or under -1; a whole number over 2 was perhaps meant for tenths."""
    for said in program.each(LoraStatement):
        if not -1 <= said.strength <= 2:
            span = said.span_of("amount")
            tenth = said.strength / 10
            fixes = (Fix(span, plain(tenth)),) if 2 < said.strength <= 10 and not said.amount.runs else ()
            yield Finding(f"strength {plain(said.strength)} is far outside what is used", span, fixes=fixes)


@rule(
    "LTX068",
    "LoRA of the prompt enhancer on the video model",
    Severity.WARNING,
    why="Abliterated weights help a language model to write prompts; the video model has nothing that they fit.",
    wrong='prompt "a lake"\nlora "gemma-3-12b-abliterated.safetensors"\npass dev 30',
    right='prompt "a lake"\npass dev 30',
    source="community notes on LTX 2.3",
)
def enhancer_lora(program: Program) -> Iterator[Finding]:
    """By its name."""
    for said in program.each(LoraStatement):
        name = PurePath(said.name.replace("\\", "/")).name.lower()
        if "abliterat" in name or name.startswith("gemma"):
            yield Finding(f"`{said.name}` is for the text model", said.span_of("name"), "remove it")


@rule(
    "LTX069",
    "few steps after an upscale without the distilled LoRA",
    Severity.WARNING,
    why="Three steps mend an upscaled latent only on a distilled model; the dev model leaves noise and soft edges.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x dev 3',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 0.6 3',
    source="Lightricks ltx-pipelines ti2vid_two_stages.py",
)
def few_refining_steps(program: Program) -> Iterator[Finding]:
    """Up to 6 steps."""
    for stage in program.stages:
        distilled = program.models.distilled or _distilled(stage) > 0
        if stage.continues and isinstance(stage.statement, Upscale) and 0 < stage.steps <= FEW and not distilled:
            span = stage.statement.span_of("model")
            fixes = (Fix(span, DISTILL),) if stage.statement.gives("model") and DISTILL in program.models.loras else ()
            yield Finding(f"{stage.steps} steps on `{stage.role.base}` after an upscale", span, fixes=fixes)
