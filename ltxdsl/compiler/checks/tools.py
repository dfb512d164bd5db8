"""Rules of HDR passes and of tools beside the model."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.geometry import snapped_frames, snapped_to
from ltxdsl.ops.hdr import Hdr
from ltxdsl.ops.nodes import NODE_PORTS
from ltxdsl.ops.tools import Node, Polish
from ltxdsl.ops.training import Train
from ltxdsl.ops.wired import Wired


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


@rule(
    "LTX222",
    "polishing that changes the clip",
    Severity.WARNING,
    why="0.1 polishes, 0.2 to 0.4 repairs. Over 0.5 Phantom turns strange; from 0.78 on WAN follows the prompt only.",
    wrong='prompt "a lake"\npass dev 30\npolish wan "phantom-1.3b" denoise 0.8\nsave "lake.mp4"',
    right='prompt "a lake"\npass dev 30\npolish wan "phantom-1.3b" denoise 0.2\nsave "lake.mp4"',
    source="community notes on LTX 2.3",
    targets=("comfy",),
)
def strong_polish(program: Program) -> Iterator[Finding]:
    """Over 0.5; with tiles, where more is borne, from 0.78."""
    for said in program.each(Polish):
        if said.denoise >= 0.78 or (said.denoise > 0.5 and not said.tile):
            fixes = (Fix(said.span_of("denoise"), "0.2"),)
            yield Finding(f"at {said.denoise:g} it makes another shot", said.span_of("denoise"), fixes=fixes)


@rule(
    "LTX223",
    "node that takes what is not there yet",
    Severity.ERROR,
    why="`frames`, `latent` and their like are what the last pass before the node has made.",
    wrong='prompt "a lake"\nnode "PreviewImage" { images: frames }\npass dev 30',
    right='prompt "a lake"\npass dev 30\nnode "PreviewImage" { images: frames }',
    targets=("comfy",),
)
def node_too_early(program: Program) -> Iterator[Finding]:
    """Statements run in order."""
    for said in () if program.broken else program.each(Wired):
        if said.made and said.span not in program.scene.raw:
            name, span = said.made[0]
            yield Finding(f"there is no `{name}` yet", span, f"put the {said.word} after a pass")


@rule(
    "LTX224",
    "node with too many others",
    Severity.ERROR,
    why="A raw node takes at most 256 links; more go through a node that joins them.",
    wrong="",  # too long to be shown
    right="",
    targets=("comfy",),
)
def too_many_wires(program: Program) -> Iterator[Finding]:
    """Of one statement."""
    for said in program.each(Node):
        for field in said.wired[len(NODE_PORTS) :]:
            yield Finding(f"this is link number {len(NODE_PORTS) + 1}", field.span)


@rule(
    "LTX225",
    "training at a shape off the grid",
    Severity.ERROR,
    why="The trainer takes sizes that are multiples of 32 and 1 + 8N frames; its own check is the first thing to fail.",
    wrong='train lora "queen" from "dataset/" size 960x540 length 89f',
    right='train lora "queen" from "dataset/" size 960x544 length 89f',
    source="Lightricks ltx-trainer config.py ValidationConfig and scripts/process_dataset.py",
)
def training_shape(program: Program) -> Iterator[Finding]:
    """Of validation, which is that of the data."""
    for said in program.each(Train):
        width, height, frames = said.dimensions
        if said.size and (width % 32 or height % 32):
            (low, high), (less, more) = snapped_to(width, 32), snapped_to(height, 32)
            fixes = tuple(Fix(said.span_of("size"), size) for size in (f"{low}x{less}", f"{high}x{more}"))
            yield Finding(f"{said.size} is no multiple of 32 on both sides", said.span_of("size"), fixes=fixes)
        if frames % 8 != 1:
            near = snapped_frames(frames)
            fixes = tuple(Fix(said.span_of("length"), f"{n}f") for n in (near, near + 8))
            yield Finding(f"{frames} frames are not of the form 1 + 8N", said.span_of("length"), fixes=fixes)


@rule(
    "LTX226",
    "control training without a reference to validate with",
    Severity.ERROR,
    why="Every sample of the validation of a video-to-video run needs a reference video.",
    wrong='train lora "pose" from "dataset/" control',
    right='train lora "pose" from "dataset/" control reference "walk.mp4"',
    source="Lightricks ltx-trainer config.py",
    optional=True,
)
def no_reference(program: Program) -> Iterator[Finding]:
    """The trainer would refuse its own configuration."""
    for said in program.each(Train):
        if said.mode == "control" and not said.reference:
            yield Finding("there is no `reference`", said.span, "add `reference FILE`")


@rule(
    "LTX227",
    "very long training",
    Severity.NOTE,
    why="1500 steps show the effect and 5000 have always been enough; on stills, more steps cost motion.",
    wrong='train lora "queen" from "dataset/" steps 20000',
    right='train lora "queen" from "dataset/" steps 2000',
    source="community notes on LTX 2.3",
)
def long_training(program: Program) -> Iterator[Finding]:
    """Over 5000."""
    for said in program.each(Train):
        if said.steps and said.steps > 5000:
            yield Finding(f"{said.steps} steps", said.span_of("steps"), "keep early checkpoints, for the first pass")
