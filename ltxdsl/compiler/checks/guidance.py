"""Rules of guidance."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.guidance import Cfg
from ltxdsl.ops.text import Negative
from ltxdsl.sampling.samplers import SAMPLERS


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
        distilled = any(use.name == "distill" and use.strength >= 0.4 for use in stage.loras)
        high = sum(scale > 1.5 for scale in stage.cfg)
        if (distilled or program.models.distilled) and high * 2 > stage.steps:
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
