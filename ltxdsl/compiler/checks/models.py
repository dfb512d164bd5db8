"""Rules of models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Severity
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
        count = sum(use.name == "distill" for use in stage.loras)
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
    for said in program.each(LoraStatement) if program.target == "local" else ():
        if said.name not in program.models.loras and not Path(said.name).is_file():
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
        if said.factor.value not in program.models.upsampler_factors:
            known = ", ".join(f"{plain(f)}x" for f in program.models.upsampler_factors)
            message = f"the model set `{program.models.name}` has no {said.factor} upsampler"
            yield Finding(message, said.span_of("factor"), f"it has {known}")
