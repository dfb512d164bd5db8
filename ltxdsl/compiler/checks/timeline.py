"""Rules of clips that start from a video."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.timeline import FromVideo


@rule(
    "LTX110",
    "video that is lost in full noise",
    Severity.WARNING,
    why="At sigma 1 a pass keeps nothing of what it starts from: the clip is made as if the video were not there.",
    wrong='from "walk.mp4"\nprompt "a lake"\npass dev 30',
    right='from "walk.mp4"\nprompt "a lake"\npass distill distilled denoise 0.5',
    source="ComfyUI comfy/model_sampling.py CONST.noise_scaling",
)
def lost_in_noise(program: Program) -> Iterator[Finding]:
    """In first passes; later ones start from the clip."""
    for stage in program.stages:
        said = stage.settings.get(FromVideo)
        if said and not stage.continues and stage.sigmas and stage.sigmas[0] >= 1:
            yield Finding(f"{stage.name} starts from pure noise", said.span, "give the pass `denoise 0.4`")
