"""Rules of ComfyUI's nodes, by the release that a script is exported for."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry
from ltxdsl.compiler.checks.conditioning import starts_of
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Placed, Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.conditioning import Guide
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.time import ClipLength, Seed
from ltxdsl.values import plain

COMFY_ONLY = ("comfy",)


def _guides(stage: Stage) -> list[Placed]:
    return [placed for placed in stage.placed if isinstance(placed.statement, Guide)]


def _each_guide(program: Program) -> Iterator[Placed]:
    """Every guide once."""
    seen = {id(placed.statement): placed for stage in program.stages for placed in _guides(stage)}
    yield from seen.values()


@rule(
    "LTX170",
    "guides that an older crop leaves behind",
    Severity.ERROR,
    why="Before ComfyUI 0.23 a crop removes one latent for each distinct start time: the rest decodes to stray frames.",
    wrong='length 97f\nprompt "a"\nguide "a.png" @ 41f\nguide "b.png" @ 41f strength 0.5\npass dev 30',
    right='length 97f\nprompt "a"\nguide "a.png" @ 41f\nguide "b.png" @ 42f strength 0.5\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVCropGuides before 2072d3e4",
    targets=COMFY_ONLY,
    optional=True,
    asked={"target": "comfy@0.22"},
)
def old_crop(program: Program) -> Iterator[Finding]:
    """A still one frame further shares no start; one at frame 0 can stand in place instead."""
    told = set()
    for stage in () if program.on.does("exact_crops") else program.stages:
        taken: set[int] = set()
        for placed in _guides(stage):
            starts = starts_of(placed)
            stray = len(starts & taken)
            if stray and id(placed.statement) not in told:
                told.add(id(placed.statement))
                yield _stray(placed, stray, taken, stage)
            taken |= starts


def _stray(placed: Placed, stray: int, taken: set[int], stage: Stage) -> Finding:
    said, span = placed.statement, placed.statement.span_of("at")
    message = f"{8 * stray} stray frames would be decoded: this guide starts where another one does"
    free = next((f for f in (placed.frame + 1, placed.frame - 1) if f not in taken and 0 < f < stage.frames), None)
    if placed.count > 1 or placed.frame <= 0 or free is None:
        return Finding(message, said.span, "use `inplace` for a still at the first frame")
    return Finding(message, said.span, fixes=(Fix(span, f"{free}f"),) if said.gives("at") else ())


@rule(
    "LTX171",
    "later guide video on an older ComfyUI",
    Severity.WARNING,
    why="Before ComfyUI 0.22 a guide video that starts later begins with a latent that holds one frame, not eight.",
    wrong='length 25f\nprompt "a"\nguide video "walk.mp4" @ 9f\npass dev 30',
    right='length 25f\nprompt "a"\nguide video "walk.mp4" @ 0\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide before 1d95ed21",
    targets=COMFY_ONLY,
    asked={"target": "comfy@0.21"},
)
def old_guide_video(program: Program) -> Iterator[Finding]:
    """Its motion starts with a stand-still."""
    for placed in () if program.on.does("whole_video_guides") else _each_guide(program):
        if placed.count > 1 and placed.frame > 0:
            hint = "start it at 0, or use a newer ComfyUI"
            yield Finding(f"{program.on.title} would hold its first frame for 8", placed.statement.span, hint)


@rule(
    "LTX172",
    "strength over 1 on an older ComfyUI",
    Severity.ERROR,
    why="Before ComfyUI 0.22 `LTXVAddGuide` takes strengths up to 1, and a server refuses the prompt.",
    wrong='prompt "a lake"\nguide "a.png" @ end strength 1.5\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ end strength 1\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide before 33ce449c",
    targets=COMFY_ONLY,
    optional=True,
    asked={"target": "comfy@0.21"},
)
def old_strength(program: Program) -> Iterator[Finding]:
    """Also an attention over 1, which the same number says."""
    for said in () if program.on.does("strong_guides") else program.each(Guide):
        for field, value in (("strength", said.strength), ("attention", said.attention or 0)):
            if value > 1:
                span = said.span_of(field)
                yield Finding(f"{program.on.title} takes no {field} over 1", span, fixes=(Fix(span, "1"),))


@rule(
    "LTX173",
    "frame rate that the sound's node rounds",
    Severity.NOTE,
    why="`LTXVEmptyLatentAudio` takes whole frame rates: the sound is made for the nearest one, and drifts.",
    wrong='length 121f @ 23.976fps\nprompt "a lake"\npass dev 30',
    right='length 121f @ 24fps\nprompt "a lake"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt_audio.py LTXVEmptyLatentAudio",
    targets=COMFY_ONLY,
)
def fractional_rate(program: Program) -> Iterator[Finding]:
    """The picture keeps the exact rate."""
    for said in program.each(ClipLength):
        if said.fps and said.fps.rate != round(said.fps.rate):
            whole = max(1, round(said.fps.rate))
            span = said.span_of("fps")
            yield Finding(f"the sound is made for {whole} frames a second", span, fixes=(Fix(span, f"{whole}fps"),))


SAFE_INTEGER = 1 << 53


@rule(
    "LTX174",
    "seed that ComfyUI's editor rounds",
    Severity.WARNING,
    why="A browser holds whole numbers exactly up to 2^53: opened in the editor, a larger seed becomes another one.",
    wrong='seed 18446744073709551615\nprompt "a lake"\npass dev 30',
    right='seed 42\nprompt "a lake"\npass dev 30',
    source="ECMAScript Number.MAX_SAFE_INTEGER",
    targets=COMFY_ONLY,
)
def large_seed(program: Program) -> Iterator[Finding]:
    """The server itself takes 64 bits."""
    for said in program.each(Seed):
        if said.seed > SAFE_INTEGER:
            span = said.span_of("seed")
            smaller = str(said.seed % SAFE_INTEGER)
            yield Finding("this seed changes when the workflow is opened", span, fixes=(Fix(span, smaller),))


@rule(
    "LTX175",
    "path of a model with backslashes",
    Severity.WARNING,
    why="ComfyUI on Linux and macOS lists models with `/` and refuses other names; on Windows it takes both.",
    wrong='prompt "a lake"\nlora "chars\\\\detail.safetensors"\npass dev 30',
    right='prompt "a lake"\nlora "chars/detail.safetensors"\npass dev 30',
    source="ComfyUI execution.py validate_inputs, seen on a server",
    targets=COMFY_ONLY,
)
def backslashes(program: Program) -> Iterator[Finding]:
    """In a text `\\\\` is one backslash."""
    for said in program.each(LoraStatement):
        if "\\" in said.name:
            span = said.span_of("name")
            fixed = '"' + said.name.replace("\\", "/") + '"'
            yield Finding(f"`{said.name}` is not found on Linux", span, fixes=(Fix(span, fixed),))


@rule(
    "LTX176",
    "relay that ComfyUI switches off",
    Severity.WARNING,
    why="The relay's mask is left out where the clip has as many tokens as the text, 1024: it takes it for the text.",
    wrong='size 512x512\nlength 25f\nprompt "a street"\nrelay "she runs" | "she stops"\npass dev 30',
    right='size 512x576\nlength 25f\nprompt "a street"\nrelay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py create_mask_fn",
    targets=COMFY_ONLY,
)
def relay_of_text_size(program: Program) -> Iterator[Finding]:
    """In such a pass the local prompts hold all the time."""
    for stage in program.stages:
        tokens = geometry.tokens(stage.width, stage.height, stage.frames)
        if stage.relay and tokens == 1024:
            yield Finding(f"{stage.name} has 1024 tokens: `relay` does nothing there", stage.relay.span)


@rule(
    "LTX177",
    "relay with guides in ComfyUI",
    Severity.NOTE,
    why="The relay's node reads guide latents as more of the clip: each local prompt then ends later than it says.",
    wrong='prompt "a street"\nguide "a.png" @ end\nrelay "she runs" | "she stops"\npass dev 30',
    right='prompt "a street"\ninplace "a.png"\nrelay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py build_temporal_cost_scaled",
    targets=COMFY_ONLY,
)
def relay_with_guides(program: Program) -> Iterator[Finding]:
    """In the middle by half of the guides' own length; this runtime times the clip alone."""
    for stage in program.stages:
        guides, clip = stage.guide_latents, geometry.latent_frames(stage.frames)
        if stage.relay and guides:
            late = geometry.TEMPORAL * guides // 2  # frame f is read as f * clip / (clip + guides)
            message = f"{guides} guide latents beside {clip}: a change in the middle comes about {late} frames late"
            yield Finding(message, stage.relay.span)
            return


@rule(
    "LTX178",
    "relay with guidance in ComfyUI",
    Severity.NOTE,
    why="Where both prompts run in one batch, the relay's mask falls on the negative prompt too.",
    wrong='prompt "a street"\nnegative "cars"\nrelay "she runs" | "she stops"\npass dev 30 { cfg 3 }',
    right='prompt "a street"\nrelay "she runs" | "she stops"\npass distill 8',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py create_mask_fn",
    targets=COMFY_ONLY,
)
def relay_with_guidance(program: Program) -> Iterator[Finding]:
    """Some words of the negative prompt then count in part of the clip only; this runtime leaves it alone."""
    for stage in program.stages:
        if stage.relay and stage.negative and any(scale != 1 for scale in (*stage.cfg, *stage.audio_cfg)):
            scale = plain(max((*stage.cfg, *stage.audio_cfg)))
            yield Finding(f"cfg {scale} with `relay` masks the negative prompt in time", stage.relay.span)
            return


@rule(
    "LTX179",
    "still guide on an older ComfyUI",
    Severity.WARNING,
    why="Before ComfyUI 0.17 a still guide after the first frame covers 8 frames, and one at the end goes past it.",
    wrong='prompt "a lake"\nguide "a.png" @ end\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ 0\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide before 58017e87",
    targets=COMFY_ONLY,
    asked={"target": "comfy@0.16"},
)
def old_still(program: Program) -> Iterator[Finding]:
    """A held picture, where one frame was meant."""
    for placed in () if program.on.does("short_still_guides") else _each_guide(program):
        if placed.count == 1 and placed.frame > 0:
            yield Finding(f"{program.on.title} spreads this still over 8 frames", placed.statement.span)
