"""Rules of pictures and guides."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Placed, Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.conditioning import Guide, InplaceImage, Reference
from ltxdsl.source import Span
from ltxdsl.values import plain


def _once(program: Program) -> Iterator[tuple[Stage, Placed]]:
    """Each condition in the first pass that it holds for."""
    seen = set()
    for stage in program.stages:
        for placed in stage.placed:
            if id(placed.statement) not in seen:
                seen.add(id(placed.statement))
                yield stage, placed


@rule(
    "LTX020",
    "guide outside the clip",
    Severity.ERROR,
    why="A frame index past the end is accepted by ComfyUI once another guide stands before it, and means nothing.",
    wrong='length 25f\nprompt "a lake"\nguide "a.png" @ 40f\npass dev 30',
    right='length 25f\nprompt "a lake"\nguide "a.png" @ 24f\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def guide_outside(program: Program) -> Iterator[Finding]:
    """Frames count from 0; slots before the clip are written `-1`, `-2`, …"""
    for stage, placed in _once(program):
        at = placed.at
        span = placed.statement.span_of("at")
        if placed.frame >= stage.frames:
            message = f"frame {placed.frame} is not in the clip: its frames are 0 to {stage.frames - 1}"
            yield Finding(message, span, fixes=(Fix(span, "end"),))
        elif placed.frame < 0 and at.anchor != "slot":
            yield Finding(f"`{at}` lies {-placed.frame} frames before the clip", span, fixes=(Fix(span, "start"),))


@rule(
    "LTX021",
    "in place before the clip",
    Severity.ERROR,
    why="`inplace` writes into a latent frame of the clip; only guide tokens can stand before it.",
    wrong='prompt "a lake"\ninplace "a.png" @ -1\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ -1\npass dev 30',
    source="ComfyUI-LTXVideo latents.py LTXVAddLatentGuide; KJNodes LTXVImgToVideoInplaceKJ",
)
def inplace_before_the_clip(program: Program) -> Iterator[Finding]:
    """In ComfyUI the in-place nodes read -1 as the last frame."""
    for said in program.each(InplaceImage):
        if said.at.anchor == "slot":
            hint = "write `guide` for a reference before the clip, or `@ end` for the last frame"
            yield Finding(f"`inplace` cannot stand at slot {said.at.slot}", said.span_of("at"), hint)


@rule(
    "LTX022",
    "guide video off the latent grid",
    Severity.ERROR,
    why="After the first frame a latent covers frames 8k+1 to 8k+8; ComfyUI moves a guide video back to 8k+1 silently.",
    wrong='length 97f\nprompt "a lake"\nguide video "walk.mp4" @ 40f\npass dev 30',
    right='length 97f\nprompt "a lake"\nguide video "walk.mp4" @ 41f\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def guide_video_off_the_grid(program: Program) -> Iterator[Finding]:
    """Stills keep their exact frame."""
    for _, placed in _once(program):
        moving = isinstance(placed.statement, Guide) and placed.count > 1
        if moving and placed.frame > 0 and placed.frame % 8 != 1:
            span = placed.statement.span_of("at")
            low = (placed.frame - 1) // 8 * 8 + 1
            fixes = (Fix(span, f"{low}f"), Fix(span, f"{low + 8}f"))
            yield Finding(f"a guide video cannot start at frame {placed.frame}", span, fixes=fixes)


@rule(
    "LTX023",
    "two conditions at the same frame",
    Severity.NOTE,
    why="Both pull at once. ComfyUI before 0.23 then crops too few guide frames; newer ones and this runtime do not.",
    wrong='prompt "a lake"\nguide "a.png" @ end\nguide "b.png" @ end\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ end\nguide "b.png" @ -1\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVCropGuides, before and after 0.23",
)
def same_frame(program: Program) -> Iterator[Finding]:
    """Guide against guide; a guide over an in-place frame is a known trick and stays unreported."""
    for stage in program.stages[:1]:
        taken: set[int] = set()
        for placed in stage.placed:
            if isinstance(placed.statement, Guide):
                frames = starts_of(placed)
                if shared := frames & taken:
                    yield Finding(f"two guides share frame {min(shared)}", placed.statement.span)
                taken |= frames


def starts_of(placed: Placed) -> set[int]:
    """The pixel frames at which the latent frames of a guide start."""
    if placed.count == 1:
        return {placed.frame}
    latents = geometry.guide_latents(placed.count, placed.frame)
    first = geometry.slot_of(max(placed.frame, 0))
    return {geometry.first_frame_of(first + i) for i in range(latents)}


@rule(
    "LTX024",
    "held picture in a late pass",
    Severity.WARNING,
    why="At full strength the picture and the upscaled first frame meet in one latent: people report flicker there.",
    wrong='prompt "a lake"\ninplace "a.png"\npass 0.5x dev 30\nupscale 2x',
    right='prompt "a lake"\ninplace "a.png" strength 0.7\npass 0.5x dev 30\nupscale 2x',
    source="community notes on LTX 2.3",
)
def held_in_late_passes(program: Program) -> Iterator[Finding]:
    """About 0.7 is the community's value; a block on the first pass limits it to that pass."""
    late = {id(p.statement): p.statement for s in program.stages[1:] for p in s.placed}
    for said in late.values():
        if isinstance(said, InplaceImage) and said.strength == 1.0:
            span = said.span_of("strength")
            fixes = (
                (Fix(span, "0.7"),)
                if said.gives("strength")
                else (Fix(Span(said.span.end, said.span.end), " strength 0.7"),)
            )
            yield Finding("`inplace` at strength 1 also holds in the upscaled passes", said.span, fixes=fixes)


@rule(
    "LTX025",
    "strong reference before the clip",
    Severity.NOTE,
    why="References at -1 over about 0.4 tend to leave watercolour-like artifacts; 0.3 to 0.4 is usual.",
    wrong='prompt "a lake"\nguide "a.png" @ -1\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ -1 strength 0.4\npass dev 30',
    source="community notes on LTX 2.3",
)
def strong_reference(program: Program) -> Iterator[Finding]:
    """Only pictures before the clip."""
    for said in program.each(Guide):
        if said.at.anchor == "slot" and said.strength > 0.6:
            yield Finding(f"a reference before the clip at strength {said.strength:g}", said.span)


@rule(
    "LTX026",
    "guide stronger than 1",
    Severity.NOTE,
    why="At strength 1 a guide's own tokens are clean; what is over 1 only draws more attention to them.",
    wrong='prompt "a lake"\nguide "a.png" @ end strength 1.5\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ end strength 1 attention 1.5\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def stronger_than_one(program: Program) -> Iterator[Finding]:
    """The frame itself is never copied: `inplace` holds it."""
    for said in program.each(Guide):
        if said.strength > 1:
            span = said.span_of("strength")
            more = "" if said.gives("attention") else f" attention {plain(said.strength)}"
            message = f"strength {plain(said.strength)} holds no more than 1"
            yield Finding(message, span, fixes=(Fix(span, f"1{more}"),) if said.gives("strength") else ())


@rule(
    "LTX027",
    "condition of strength 0",
    Severity.WARNING,
    why="At strength 0 a picture's tokens are noise like all others: it costs time and says nothing.",
    wrong='prompt "a lake"\nguide "a.png" @ end strength 0\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ end strength 0.5\npass dev 30',
    source="ComfyUI comfy/samplers.py KSamplerX0Inpaint: the mask is 1 - strength",
)
def no_strength(program: Program) -> Iterator[Finding]:
    """Of guides and pictures in place."""
    inside = {id(one) for stage in program.stages for one in stage.statement.settings}
    for said in (*program.each(Guide), *program.each(InplaceImage)):
        if said.strength or not said.gives("strength"):
            continue
        others = (other for other in program.each(type(said)) if other is not said)
        if id(said) in inside and any(said.overrides(other) for other in others):
            continue  # in a pass's block it leaves out what holds from outside
        yield Finding(f"this `{said.word}` does nothing", said.span_of("strength"), "remove it, or raise it")


@rule(
    "LTX028",
    "in place over moving frames",
    Severity.NOTE,
    why="Only the first frame has a latent of its own; elsewhere one latent is 8 frames, which then stand still.",
    wrong='length 25f\nprompt "a lake"\ninplace "a.png" @ end strength 0.7\npass dev 30',
    right='length 25f\nprompt "a lake"\nguide "a.png" @ end strength 0.7\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVImgToVideoInplace; community notes on LTX 2.3",
)
def still_frames(program: Program) -> Iterator[Finding]:
    """A guide attracts one frame and lets its neighbours move."""
    for _, placed in _once(program):
        if isinstance(placed.statement, InplaceImage) and placed.frame > 0:
            first = geometry.first_frame_of(geometry.slot_of(placed.frame))
            message = f"the picture fills frames {first} to {first + geometry.TEMPORAL - 1}"
            yield Finding(message, placed.statement.span, "`guide` is kinder there")


@rule(
    "LTX029",
    "two pictures in place in one latent frame",
    Severity.WARNING,
    why="The later one replaces the earlier one; frames 8k+1 to 8k+8 share a latent.",
    wrong='length 25f\nprompt "a lake"\ninplace "a.png" @ 9f\ninplace "b.png" @ 16f\npass dev 30',
    right='length 25f\nprompt "a lake"\ninplace "a.png" @ 0\ninplace "b.png" @ 16f\npass dev 30',
    source="ComfyUI-KJNodes ltxv_nodes.py LTXVImgToVideoInplaceKJ",
)
def same_slot(program: Program) -> Iterator[Finding]:
    """In the first pass where both hold."""
    told = set()
    for stage in program.stages:
        taken: dict[int, Placed] = {}
        for placed in stage.placed:
            said = placed.statement
            if isinstance(said, InplaceImage) and placed.frame >= 0:
                slot = geometry.slot_of(placed.frame)
                if (before := taken.get(slot)) and id(said) not in told:
                    told.add(id(said))
                    yield Finding(f"it replaces the picture at frame {before.frame}: both are latent {slot}", said.span)
                taken[slot] = placed


@rule(
    "LTX130",
    "reference inside the clip",
    Severity.ERROR,
    why="A reference shows a subject and is no frame of the clip; at a frame of the clip it is a guide, and is seen.",
    wrong='prompt "a lake"\nreference "a.png" @ 0\npass dev 30',
    right='prompt "a lake"\nreference "a.png" @ -1\npass dev 30',
    source="ComfyUI-LTXVideo latents.py LTXVAddLatentGuide: slots before the clip are negative",
)
def reference_inside_the_clip(program: Program) -> Iterator[Finding]:
    """A reference stands in a slot: `@ -1`, `@ -2`, …"""
    for said in program.each(Reference):
        if said.at.anchor != "slot":
            span = said.span_of("at")
            hint = "write `guide` for a picture that the clip has to come by"
            yield Finding("a reference stands before the clip, and this is in it", span, hint, fixes=(Fix(span, "-1"),))
