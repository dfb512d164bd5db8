"""Rules of guidance."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.models import DISTILL
from ltxdsl.ops.declare import Statement, defaults
from ltxdsl.ops.guidance import Cfg, Modality, Nag, Rescale, Stg
from ltxdsl.ops.kinds import PerStep
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.text import Negative
from ltxdsl.sampling.samplers import SAMPLERS
from ltxdsl.source import Span


def _unguided(stage: Stage) -> bool:
    return all(scale == 1 for scale in (*stage.cfg, *stage.audio_cfg)) and not SAMPLERS[stage.sampler].needs_negative


@rule(
    "LTX050",
    "negative prompt that does nothing",
    Severity.WARNING,
    why="A negative prompt works through guidance; at cfg 1 it is not even evaluated.",
    wrong='prompt "a lake"\nnegative "people"\npass distill 8',
    right='prompt "a lake"\nnegative "people"\npass distill 8 { cfg 2 for 2 then 1 }',
    source="ComfyUI comfy/samplers.py cfg_function",
)
def negative_without_guidance(program: Program) -> Iterator[Finding]:
    """Where every pass that it holds for is unguided."""
    held: dict[int, list[Stage]] = {}
    for stage in program.stages:
        held.setdefault(id(stage.negative), []).append(stage)
    for said in program.each(Negative):
        stages = held.get(id(said), [])
        if stages and all(_unguided(s) for s in stages):
            hint = "give a pass `cfg` over 1, or use `nag`, which works at cfg 1 (ComfyUI)"
            yield Finding("this negative prompt does nothing: every pass runs at cfg 1", said.span, hint)


@rule(
    "LTX051",
    "guidance on the distilled model",
    Severity.WARNING,
    why="The distilled LoRA was trained to need no guidance: cfg over 1 at every step burns; for 2 steps it is fine.",
    wrong='prompt "a lake"\npass distill 8 { cfg 3 }',
    right='prompt "a lake"\npass distill 8 { cfg 2 for 2 then 1 }',
    source="community notes on LTX 2.3",
)
def guided_distilled(program: Program) -> Iterator[Finding]:
    """More than half of the steps, at more than 1.5."""
    for stage in program.stages:
        distilled = any(use.name == DISTILL and use.strength >= 0.4 for use in stage.loras)
        high = sum(scale > 1.5 for scale in stage.cfg)
        steps = stage.statement.steps if stage.statement.gives("last") else stage.steps  # of a list that is cut: all
        if (distilled or program.models.distilled) and high * 2 > (steps or 8):
            said = stage.settings.get(Cfg)
            span = said.span if said else stage.statement.span
            yield Finding(f"cfg {stage.cfg[0]:g} on {high} of {stage.steps} distilled steps", span)


@rule(
    "LTX052",
    "NAG with guidance",
    Severity.WARNING,
    why="KJNodes' NAG takes the wrong half of a guided batch; it is made for cfg 1.",
    wrong='prompt "a lake"\nnag "people"\npass dev 30 { cfg 3 }',
    right='prompt "a lake"\nnag "people"\npass distill 8',
    source="KJNodes ltxv_nodes.py LTX2_NAG",
    targets=("comfy",),
)
def nag_with_guidance(program: Program) -> Iterator[Finding]:
    """Also with samplers that always evaluate the negative."""
    for stage in program.stages:
        if stage.nag and not _unguided(stage):
            yield Finding("`nag` holds in a pass with guidance", stage.nag.span, "run that pass at cfg 1")
            return


@rule(
    "LTX053",
    "cfg below 1",
    Severity.WARNING,
    why="cfg 1 is the prompt alone, 0 the negative prompt alone: below 1 the clip moves away from what is asked for.",
    wrong='prompt "a lake"\npass dev 30 { cfg 0.5 }',
    right='prompt "a lake"\npass dev 30 { cfg 3 }',
    source="ComfyUI comfy/samplers.py cfg_function",
)
def below_one(program: Program) -> Iterator[Finding]:
    """For the picture or the sound."""
    for said in program.each(Cfg):
        for field in ("video", "audio"):
            if low := [v for v in _scales(getattr(said, field)) if v < 1]:
                span = said.span_of(field)
                yield Finding(f"cfg {low[0]:g} turns away from the prompt", span, fixes=_sole_fix(said, field, "1"))


def _scales(per_step: PerStep | None) -> list[float]:
    return [] if per_step is None else [*(value for value, _ in per_step.runs), per_step.last]


def _sole_fix(said: Cfg, field: str, text: str) -> tuple[Fix, ...]:
    """A fix where one number is written, rather than one for each step."""
    per_step = getattr(said, field)
    return () if per_step is None or per_step.runs else (Fix(said.span_of(field), text),)


@rule(
    "LTX054",
    "very strong guidance",
    Severity.WARNING,
    why="The dev model is used at cfg 3 for the picture and 7 for the sound; far over that colours burn out.",
    wrong='prompt "a lake"\npass dev 30 { cfg 15 }',
    right='prompt "a lake"\npass dev 30 { cfg 3 audio 7 }',
    source="Lightricks ltx-pipelines LTX_2_3_PARAMS",
)
def very_strong(program: Program) -> Iterator[Finding]:
    """Over 10."""
    for said in program.each(Cfg):
        for field in ("video", "audio"):
            if high := [v for v in _scales(getattr(said, field)) if v > 10]:
                fixes = _sole_fix(said, field, "3" if field == "video" else "7")
                yield Finding(
                    f"cfg {high[0]:g} is far over what the model is used at", said.span_of(field), fixes=fixes
                )


@rule(
    "LTX055",
    "scales for more steps than there are",
    Severity.WARNING,
    why="`2 for 8 then 1` needs a ninth step to come to 1.",
    wrong='prompt "a lake"\npass distill 8 { cfg 1.5 for 8 then 1 }',
    right='prompt "a lake"\npass distill 8 { cfg 1.5 for 2 then 1 }',
)
def cfg_past_the_steps(program: Program) -> Iterator[Finding]:
    """Counted against the steps of each pass that it holds for."""
    told = set()
    for stage in program.stages:
        for field, said in _by_step(stage):
            per_step = getattr(said, field)
            counted = sum(count for _, count in per_step.runs)
            if counted >= stage.steps > 0 and id(said) not in told:
                told.add(id(said))
                message = f"`{per_step}` is for more than {counted} steps, and {stage.name} has {stage.steps}"
                yield Finding(message, said.span_of(field))


def _by_step(stage: Stage) -> list[tuple[str, Statement]]:
    """What holds numbers by step, with the field that does."""
    get = stage.settings.get
    guided: list[Statement | None] = [get(Cfg), get(Stg), get(Modality), get(Rescale)]
    loras = stage.settings.all(LoraStatement)
    return [*(("video", said) for said in guided if said), *(("amount", said) for said in loras)]


@rule(
    "LTX056",
    "guidance of a sound that is kept",
    Severity.WARNING,
    why="Later passes keep the sound of the first: its guidance changes nothing, and may cost a model call a step.",
    wrong='prompt "a lake"\npass 0.5x distill 8\nupscale 2x distill 3 { cfg 1 audio 4 }',
    right='prompt "a lake"\npass 0.5x distill 8 { cfg 1 audio 1.5 }\nupscale 2x distill 3',
    source="Lightricks ltx-pipelines ti2vid_two_stages.py; community notes on LTX 2.3",
)
def guided_kept_sound(program: Program) -> Iterator[Finding]:
    """Where a later pass's own block says it."""
    for stage in program.stages:
        for said in stage.statement.settings if stage.continues else ():
            if isinstance(said, Cfg) and said.audio and said.audio != said.video:
                gap = Span(said.span_of("video").end, said.span_of("audio").end)
                yield Finding("this pass keeps its sound", said.span_of("audio"), fixes=(Fix(gap, ""),))


@rule(
    "LTX057",
    "the dev model without guidance",
    Severity.WARNING,
    why="The dev model was trained for guidance: at cfg 1 its pictures are pale and drift from the prompt.",
    wrong='prompt "a lake"\npass dev 30 { cfg 1 }',
    right='prompt "a lake"\npass dev 30 { cfg 3 }',
    source="Lightricks ltx-pipelines LTX_2_3_PARAMS",
)
def unguided_dev(program: Program) -> Iterator[Finding]:
    """From full noise, without a distilled LoRA or `nag`."""
    for stage, said in program.held(Cfg):
        from_noise = bool(stage.sigmas) and stage.sigmas[0] >= 1 and not stage.continues
        distilled = program.models.is_fast(use.name for use in stage.loras)
        if from_noise and not distilled and not stage.nag and all(scale == 1 for scale in stage.cfg):
            fixes = _sole_fix(said, "video", f"{program.models.defaults.cfg:g}")
            yield Finding(f"`{stage.role.base}` runs at cfg 1", said.span_of("video"), fixes=fixes)


@rule(
    "LTX058",
    "NAG that does nothing",
    Severity.WARNING,
    why="The result is alpha times the guided attention, which at scale 1 is the plain one, or nothing to push from.",
    wrong='prompt "a lake"\nnag "people" scale 1\npass distill 8',
    right='prompt "a lake"\nnag "people" scale 11\npass distill 8',
    source="KJNodes ltxv_nodes.py normalized_attention_guidance",
)
def nag_without_effect(program: Program) -> Iterator[Finding]:
    """Scale up to 1, alpha 0, or no text."""
    for said in program.each(Nag):
        if said.scale <= 1:
            yield Finding(
                f"scale {said.scale:g} pushes nothing away", said.span_of("scale"), fixes=_usual(said, "scale")
            )
        elif said.alpha == 0:
            yield Finding(
                "alpha 0 takes nothing of the guided result", said.span_of("alpha"), fixes=_usual(said, "alpha")
            )
        elif not said.text.strip() and not said.audio.strip() and program.written(said.span_of("text")).startswith('"'):
            yield Finding("there is no text to push away from", said.span_of("text"))


def _usual(said: Nag, field: str) -> tuple[Fix, ...]:
    return (Fix(said.span_of(field), f"{defaults(Nag)[field]:g}"),) if said.gives(field) else ()


@rule(
    "LTX059",
    "sampler that needs the negative at cfg 1",
    Severity.NOTE,
    why="`_cfg_pp` samplers step by the negative prediction: they call the model twice a step, and at cfg 1 it counts.",
    wrong='prompt "a lake"\npass distill 8 euler_cfg_pp',
    right='prompt "a lake"\nnegative "cartoon, childish"\npass distill 8 euler_cfg_pp',
    source="ComfyUI comfy/k_diffusion/sampling.py sample_euler_cfg_pp; Lightricks 2.3 example workflows",
)
def negative_of_cfg_pp(program: Program) -> Iterator[Finding]:
    """Without a negative prompt they step by what the model makes of an empty text."""
    for stage in program.stages:
        if SAMPLERS[stage.sampler].needs_negative and stage.negative is None:
            span = stage.statement.span_of("sampler")
            yield Finding(f"`{stage.sampler}` steps by an empty negative prompt", span, "give one with `negative`")
            return
