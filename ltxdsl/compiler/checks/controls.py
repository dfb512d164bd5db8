"""Rules of control videos."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.models.lora_header import lora_header
from ltxdsl.ops.controls import Control, Followed


@rule(
    "LTX131",
    "control size that does not divide",
    Severity.ERROR,
    why="A control smaller than the clip by a whole factor stands on every n-th cell: the sides must divide by n.",
    wrong='size 480x256\nprompt "a"\ncontrol depth from video "walk.mp4" with lora "ic-half.safetensors"\npass dev 30',
    right='size 512x256\nprompt "a"\ncontrol depth from video "walk.mp4" with lora "ic-half.safetensors"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def control_does_not_divide(program: Program) -> Iterator[Finding]:
    """Sides of such a pass are multiples of 32 times the factor."""
    told = set()
    for stage in program.stages:
        for said in stage.settings.all(Followed):
            factor = said.factor(program.models)
            if id(said) not in told and any(n % factor for n in geometry.cells(stage.width, stage.height)):
                told.add(id(said))
                multiple = geometry.SPATIAL * factor
                pairs = zip(*(geometry.snapped_to(s, multiple) for s in (stage.width, stage.height)), strict=True)
                sizes = " or ".join(f"{width}x{height}" for width, height in pairs)
                message = f"{stage.name} is {stage.width}x{stage.height}: no multiple of {multiple} on both sides"
                yield Finding(message, said.span, f"a pass of {sizes} would do")


@rule(
    "LTX132",
    "control without its LoRA",
    Severity.ERROR,
    why="The model does not know what a depth map or a skeleton means: an in-context LoRA teaches it.",
    wrong='prompt "a"\ncontrol depth from video "walk.mp4"\npass dev 30',
    right='prompt "a"\ncontrol depth from video "walk.mp4" with lora "detail.safetensors" 1\npass dev 30',
    source="Lightricks ltx-pipelines ic_lora.py",
)
def control_without_lora(program: Program) -> Iterator[Finding]:
    """A plain video to follow is a `guide video`; a dub needs one, too."""
    for said in program.each(Followed):
        if said.lora is None:
            yield Finding(f"this `{said.word}` names no LoRA", said.span, 'add `with lora "ic-lora.safetensors" 1`')


@rule(
    "LTX133",
    "size of a control unknown",
    Severity.WARNING,
    why="How much smaller a control is stands in its LoRA's file; without the file it is taken at full size.",
    wrong='prompt "a"\ncontrol depth from video "walk.mp4" with lora "elsewhere.safetensors" 1\npass dev 30',
    right='prompt "a"\ncontrol depth from "walk.mp4" with lora "elsewhere.safetensors" downscale 2\npass dev 30',
    source="ComfyUI-LTXVideo iclora.py LTXICLoRALoaderModelOnly: metadata reference_downscale_factor",
)
def size_unknown(program: Program) -> Iterator[Finding]:
    """Where the file cannot be read here and `downscale` does not say it."""
    for said in program.each(Followed):
        if said.lora is None or said.downscale is not None:
            continue
        known = program.models.loras.get(said.lora.name)
        if not (known and known.downscale) and lora_header(program.models.lora_path(said.lora.name)) is None:
            span = said.span_of("lora")
            yield Finding("this LoRA's file cannot be read here", span, "add `downscale 2`, or what its page says")


HEAD = 'size 256x256\nprompt "a"\n'
WITH = 'with lora "detail.safetensors" downscale 1'


@rule(
    "LTX134",
    "share of the picture that is none",
    Severity.ERROR,
    why="Inside the picture the video takes some of its sides, at most all: 100% touches two of them.",
    wrong=f'{HEAD}control outpaint from "walk.mp4" {WITH} inside 150%\npass dev 30',
    right=f'{HEAD}control outpaint from "walk.mp4" {WITH} inside 75%\npass dev 30',
)
def no_share(program: Program) -> Iterator[Finding]:
    """Below 5 % hardly anything is left to see."""
    for said in program.each(Control):
        if said.inside and not 5 <= said.inside.value <= 100:
            yield Finding(f"{said.inside} is not between 5% and 100%", said.span_of("inside"))


@rule(
    "LTX135",
    "proportions of a video unknown",
    Severity.WARNING,
    why="How large the border is follows from the video's own size; one that is not here is taken to have the clip's.",
    wrong=f'{HEAD}control outpaint from "no-such-clip.mp4" {WITH} inside 75%\npass dev 30',
    right=f'{HEAD}control outpaint from "walk.mp4" {WITH} inside 75%\npass dev 30',
    asked={"target": "comfy"},
    asked_right={"target": "comfy"},
)
def proportions_unknown(program: Program) -> Iterator[Finding]:
    """For exports; a run needs the file anyhow."""
    for said in program.each(Control):
        if said.inside and said.proportions() is None:
            yield Finding("the size of this video cannot be read here", said.span_of("source"))


@rule(
    "LTX136",
    "border or hole that changes nothing",
    Severity.WARNING,
    why="A mask makes the hole that grows; a colour is that of a hole or a border.",
    wrong=f'{HEAD}control inpaint from "walk.mp4" {WITH} grow 16\npass dev 30',
    right=f'{HEAD}control inpaint from "walk.mp4" {WITH} hole "a.png" grow 16\npass dev 30',
)
def fills_nothing(program: Program) -> Iterator[Finding]:
    """Options without what they are for."""
    for said in program.each(Control):
        if said.grow and said.hole is None:
            yield Finding("there is no `hole` to grow", said.span_of("grow"))
        if said.gives("colour") and said.hole is None and said.inside is None:
            yield Finding("nothing is painted in this colour", said.span_of("colour"), "say `hole` or `inside`")


@rule(
    "LTX137",
    "hole for a LoRA that fills none",
    Severity.WARNING,
    why="Only the LoRAs for in- and outpainting take the colour for something to fill; others draw it.",
    wrong=f'{HEAD}control depth from "walk.mp4" {WITH} hole "a.png"\npass dev 30',
    right=f'{HEAD}control inpaint from "walk.mp4" {WITH} hole "a.png"\npass dev 30',
    source="Lightricks LTX-2.3 in-/outpainting IC-LoRA workflows",
)
def hole_elsewhere(program: Program) -> Iterator[Finding]:
    """By what the control is said to show."""
    for said in program.each(Control):
        for field in ("hole", "inside"):
            if said.gives(field) and said.kind not in ("inpaint", "outpaint"):
                yield Finding(f"a `{said.kind}` control has nothing to fill", said.span_of(field))
