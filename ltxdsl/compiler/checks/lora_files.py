"""Rules of LoRA files, from their names and headers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.models.lora_header import LoraHeader, generation_named, lora_header
from ltxdsl.ops.conditioning import Guide
from ltxdsl.ops.controls import Followed
from ltxdsl.ops.media import VIDEO_SUFFIXES, Decode, Save
from ltxdsl.ops.models import LoraStatement
from ltxdsl.source import Span


class _Read(NamedTuple):
    """A LoRA in a pass, with the header of its file."""

    stage: Stage
    name: str
    span: Span
    header: LoraHeader


def _file(program: Program, name: str) -> Path:
    return program.models.lora_path(name)


def _read(program: Program) -> Iterator[_Read]:
    """Every LoRA of every pass whose file is there and can be read; a file is looked at once."""
    names = dict.fromkeys(use.name for stage in program.stages for use in stage.loras)
    headers = {name: header for name in names if (header := lora_header(_file(program, name)))}
    for stage in program.stages if headers else ():
        spans = {said.name: said.span_of("name") for said in stage.settings.all(LoraStatement)}
        for use in stage.loras:
            if header := headers.get(use.name):
                yield _Read(stage, use.name, spans.get(use.name, stage.statement.span_of("model")), header)


def _without_controls(program: Program) -> Iterator[_Read]:
    """Those that no control brings: a control has a size of its own."""
    brought = {said.lora.name for said in program.each(Followed) if said.lora}
    return (lora for lora in _read(program) if lora.name not in brought)


def _ends(name: str, suffixes: tuple[str, ...]) -> bool:
    return PurePath(name).suffix.lower() in suffixes


@rule(
    "LTX190",
    "LoRA of another model",
    Severity.ERROR,
    why="A LoRA changes weights by their names: none of this file's names is one of LTX 2.x, so it changes nothing.",
    wrong='prompt "a lake"\nlora "style-of-wan.safetensors" 0.8\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
    source="ComfyUI comfy/lora.py model_lora_keys_unet",
    targets=("local",),
    optional=True,
)
def other_model(program: Program) -> Iterator[Finding]:
    """From the names of the tensors in its header."""
    told = set()
    for lora in _read(program):
        if lora.header.keys and not lora.header.fits_ltx and lora.name not in told:
            told.add(lora.name)
            hint = f"its first tensor is `{lora.header.keys[0]}`"
            yield Finding(f"`{lora.name}` was made for another model", lora.span, hint)


@rule(
    "LTX191",
    "LoRA of another generation",
    Severity.WARNING,
    why="The latent spaces and layers of LTX 0.9, 2.0, 2.3 and 2.5 differ: a LoRA works on the one it was made for.",
    wrong='prompt "a lake"\nlora "ltx-2-19b-lora-camera-control-dolly-in.safetensors" 0.8\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
    source="Lightricks LTX-2 README: LoRAs only for their model",
)
def other_generation(program: Program) -> Iterator[Finding]:
    """By the file's name; some of 2.0 do work on 2.3."""
    for said in program.each(LoraStatement):
        made_for = generation_named(said.name)
        if made_for and made_for != program.models.generation:
            base = f"the model set `{program.models.name}` is LTX {program.models.generation}"
            shown = f"LTX {made_for}" if made_for[0].isdigit() else made_for
            yield Finding(f"by its name this LoRA is for {shown}", said.span_of("name"), base)


@rule(
    "LTX192",
    "LoRA in a format that is never read",
    Severity.ERROR,
    why="Files such as .pt and .ckpt are pickles, which can run any program when they are opened.",
    wrong='prompt "a lake"\nlora "old.ckpt" 0.8\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
    source="safetensors README",
)
def pickle(program: Program) -> Iterator[Finding]:
    """By the ending."""
    for said in program.each(LoraStatement):
        if _ends(said.name, (".pt", ".pth", ".ckpt", ".bin", ".pkl")):
            yield Finding(f"`{said.name}` is a pickle", said.span_of("name"), "convert it to .safetensors")


@rule(
    "LTX193",
    "LoRA file that cannot be read",
    Severity.ERROR,
    why="A safetensors file starts with the length of its header and the header; a broken download does not.",
    wrong='prompt "a lake"\nlora "broken.safetensors" 0.8\npass dev 30',
    right='prompt "a lake"\nlora "detail.safetensors" 0.8\npass dev 30',
    source="safetensors README",
    targets=("local",),
)
def broken_file(program: Program) -> Iterator[Finding]:
    """A page of a web site saved under that name is found too; an empty file is none yet."""
    for said in program.each(LoraStatement):
        path = _file(program, said.name)
        filled = os.path.isfile(path) and path.stat().st_size > 0
        if filled and _ends(said.name, (".safetensors",)) and lora_header(path) is None:
            yield Finding(f"`{said.name}` is no safetensors file", said.span_of("name"), "download it again")


@rule(
    "LTX194",
    "IC-LoRA without its guide",
    Severity.WARNING,
    why="An in-context LoRA was trained to follow a guide video; without one it has nothing to follow.",
    wrong='prompt "a lake"\nlora "ic-half.safetensors" 1\npass dev 30',
    right='prompt "a lake"\nguide video "walk.mp4"\nlora "ic-half.safetensors" 1\npass dev 30',
    source="Lightricks ltx-pipelines ic_lora.py; safetensors metadata reference_downscale_factor",
)
def lora_without_guide(program: Program) -> Iterator[Finding]:
    """Its metadata says that it is one; every pass with it needs the guide."""
    told = set()
    for lora in _read(program):
        node = program.scene.graph[lora.stage.node]
        bare = not program.facts[node.inputs["latent"]].guides
        if lora.header.reference_factor and bare and lora.name not in told:
            told.add(lora.name)
            message = f"{lora.stage.name} has `{lora.name}` and no guide"
            yield Finding(message, lora.span, "add `guide video`, or put the LoRA into the block of the guided pass")


@rule(
    "LTX195",
    "guide size that does not divide",
    Severity.ERROR,
    why="This IC-LoRA's guide is smaller than the clip by a whole factor: the latent's sides must divide by it.",
    wrong='size 480x256\nprompt "a"\nguide video "walk.mp4"\nlora "ic-half.safetensors" 1\npass dev 30',
    right='size 512x256\nprompt "a"\nguide video "walk.mp4"\nlora "ic-half.safetensors" 1\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
    optional=True,
)
def factor_does_not_divide(program: Program) -> Iterator[Finding]:
    """Sizes of such a pass are multiples of 32 times the factor."""
    for lora in _without_controls(program):
        factor, stage = lora.header.reference_factor, lora.stage
        if factor > 1 and any(side % factor for side in geometry.cells(stage.width, stage.height)):
            sides = f"{stage.name} is {stage.width}x{stage.height}"
            multiple = geometry.SPATIAL * factor
            yield Finding(f"{sides}: no multiple of {multiple} on both sides", lora.span, "change `size`")
            return


@rule(
    "LTX196",
    "IC-LoRAs with guides of different sizes",
    Severity.ERROR,
    why="Guides of one pass are encoded at one size: two LoRAs that want different sizes cannot both be right.",
    wrong='prompt "a"\nguide video "walk.mp4"\nlora "ic-half.safetensors"\nlora "ic-quarter.safetensors"\npass dev 30',
    right='prompt "a"\nguide video "walk.mp4"\nlora "ic-half.safetensors" 1\npass dev 30',
    source="Lightricks ltx-pipelines ic_lora.py",
    optional=True,
)
def factors_differ(program: Program) -> Iterator[Finding]:
    """By `reference_downscale_factor` in their metadata."""
    first: dict[str, _Read] = {}
    for lora in _without_controls(program):
        if lora.header.reference_factor > 1:
            before = first.setdefault(lora.stage.name, lora)
            if before.header.reference_factor != lora.header.reference_factor:
                sizes = f"1/{before.header.reference_factor} and 1/{lora.header.reference_factor}"
                yield Finding(f"{lora.stage.name} has LoRAs for guides of {sizes} of its size", lora.span)
                return


@rule(
    "LTX197",
    "HDR LoRA into an ordinary video",
    Severity.WARNING,
    why="Its clips hold log codes of up to 55 times white; an ordinary video shows them flat and grey, in 8 bits.",
    wrong='prompt "HDR footage"\nguide video "walk.mp4"\nlora "hdr.safetensors" 1\npass dev 30\nsave "shot.mp4"',
    right='prompt "a lake"\nguide video "walk.mp4"\npass dev 30\nsave "shot.mp4"',
    source="Lightricks ltx-pipelines hdr_ic_lora.py; community notes on LTX 2.3",
)
def hdr_into_sdr(program: Program) -> Iterator[Finding]:
    """Where the last pass has it, and a video is saved whose light is coded as usual."""
    last = program.stages[-1] if program.stages else None
    if not any(lora.stage is last and lora.header.hdr for lora in _read(program)):
        return
    for said in () if _read_as_log(program) else program.each(Save):
        if _ends(said.path, VIDEO_SUFFIXES):
            yield Finding(f"`{said.path}` cannot hold what this LoRA makes", said.span_of("path"))


@rule(
    "LTX198",
    "guide over full strength with a smaller guide",
    Severity.ERROR,
    why="A smaller guide is spread over the grid with masked gaps; over strength 1 the mask hides all of it.",
    wrong='prompt "a"\nguide video "walk.mp4" strength 1.5\nlora "ic-half.safetensors" 1\npass dev 30',
    right='prompt "a"\nguide video "walk.mp4" strength 1\nlora "ic-half.safetensors" 1\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide and comfy/ldm/lightricks/model.py _process_input",
    optional=True,
)
def strong_small_guide(program: Program) -> Iterator[Finding]:
    """The guide would be gone."""
    small = {id(lora.stage) for lora in _read(program) if lora.header.reference_factor > 1}
    told = set()
    for stage in program.stages:
        for placed in stage.placed if id(stage) in small else ():
            said = placed.statement
            if isinstance(said, Guide) and said.strength > 1 and id(said) not in told:
                told.add(id(said))
                span = said.span_of("strength")
                yield Finding("this guide would be hidden whole", span, fixes=(Fix(span, "1"),))


def _read_as_log(program: Program) -> bool:
    return program.scene.colour != "srgb" or any(said.curve for said in program.each(Decode))
