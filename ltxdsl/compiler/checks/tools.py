"""Rules of HDR passes and of tools beside the model."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.hdr import Hdr


@rule(
    "LTX220",
    "HDR pass without an HDR LoRA",
    Severity.WARNING,
    why="Log codes come from the HDR IC-LoRA; without it the pass makes an ordinary picture, decoded to wrong light.",
    wrong='prompt "a lake"\npass dev 30\nhdr { save "lake.%04d.exr" }',
    right='prompt "a lake"\npass dev 30\nsave "lake.%04d.exr" linear',
    source="Lightricks ltx-pipelines hdr_ic_lora.py",
)
def hdr_without_lora(program: Program) -> Iterator[Finding]:
    """Neither said nor in the model set."""
    for said in program.each(Hdr):
        if said.used_lora(program.scene) is None:
            yield Finding(
                "there is no LoRA for this pass", said.span, "add `lora FILE 1`, or give the role `hdr` a file"
            )


@rule(
    "LTX221",
    "HDR pass with nothing before it",
    Severity.ERROR,
    why="It gives light to a clip that is there: that of the last pass, a shot, or a file.",
    wrong='prompt "a lake"\nhdr lora "hdr.safetensors" 1 { save "lake.%04d.exr" }\npass dev 30',
    right='prompt "a lake"\npass dev 30\nhdr lora "hdr.safetensors" 1 { save "lake.%04d.exr" }',
)
def hdr_of_nothing(program: Program) -> Iterator[Finding]:
    """Statements run in order."""
    made = {stage.statement.span for stage in program.stages}
    for said in () if program.broken else program.each(Hdr):
        if said.span not in made:
            yield Finding("there is no clip yet", said.span, "put it after a pass, or say `from`")
