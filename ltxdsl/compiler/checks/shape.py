"""Rules of size and time."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.long import LoopTake, Windows
from ltxdsl.ops.sampling import Upscale
from ltxdsl.ops.time import CUT, ClipLength, ClipSize
from ltxdsl.source import Span
from ltxdsl.values import Frames, Size, plain


@rule(
    "LTX010",
    "frame count off the grid",
    Severity.ERROR,
    why="The video VAE gives the first frame a latent of its own and packs the rest by 8: clips have 1 + 8N frames.",
    wrong='length 120f\nprompt "a lake"\npass dev 30',
    right='length 121f\nprompt "a lake"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py EmptyLTXVLatentVideo; Lightricks ltx-core VideoLatentShape",
)
def frames_off_the_grid(program: Program) -> Iterator[Finding]:
    """Nodes and VAE floor such counts silently."""
    for said in program.each(ClipLength):
        if isinstance(said.time, Frames) and not said.cut and (said.time.count < 1 or said.time.count % 8 != 1):
            span = said.span_of("time")
            low = geometry.snapped_frames(said.time.count)
            near = (low, low + 8) if said.time.count - low <= 4 else (low + 8, low)
            fixes = (*(Fix(span, f"{n}f") for n in near), Fix(Span(span.end, span.end), " cut"))
            yield Finding(f"{said.time.count} frames are not of the form 1 + 8N", span, fixes=fixes)


@rule(
    "LTX011",
    "size off the grid",
    Severity.ERROR,
    why="One latent cell is 32x32 pixels in every pass; nodes cut the rest off without a word.",
    wrong='size 1920x1080\nprompt "a lake"\npass dev 30',
    right='size 1920x1088\nprompt "a lake"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py; Lightricks ltx-pipelines assert_resolution",
)
def size_off_the_grid(program: Program) -> Iterator[Finding]:
    """The first pass whose size is no multiple of 32 is reported; later ones follow from it."""
    for stage in program.stages:
        width, height = stage.asked
        said = stage.settings.get(ClipSize)
        if not (said and said.fit == CUT) and (width, height) != (stage.width, stage.height):
            span, fixes = _size_fixes(program, stage)
            shown = f"{plain(width)}x{plain(height)}"
            yield Finding(f"{stage.name} would be {shown}, which is no multiple of 32 on both sides", span, fixes=fixes)
            return


def _size_fixes(program: Program, stage: Stage) -> tuple[Span, tuple[Fix, ...]]:
    """The nearest sizes, one smaller and one larger, that stay on the grid through the whole chain of passes."""
    said = stage.settings.get(ClipSize)
    asked = said.size if said else Size(*program.scene.size)
    factors = program.scene.chain
    sides = [geometry.surviving_neighbours(side, factors) for side in (asked.width, asked.height)]
    if None in sides:
        return (said.span_of("size") if said else stage.statement.span), ()
    fits = (Fix(Span(said.span_of("size").end, said.span_of("size").end), " fit crop"),) if said else ()
    sizes = dict.fromkeys(Size(w, h) for w, h in zip(*filter(None, sides), strict=True))
    nearest = sorted(sizes, key=lambda s: abs(s.width - asked.width) + abs(s.height - asked.height))
    if said is None:
        first = program.stages[0].statement.span
        before = Span(first.start, first.start)
        return stage.statement.span, tuple(Fix(before, f"size {size}; ") for size in nearest)
    span = said.span_of("size")
    return span, (*(Fix(span, str(size)) for size in nearest), *fits)


@rule(
    "LTX012",
    "the chain ends at another size",
    Severity.NOTE,
    why="`size` is what the whole chain should end at: the factors of the first pass and the upscales multiply to 1.",
    wrong='size 512x512\nprompt "a lake"\npass 0.25x dev 30\nupscale 2x',
    right='size 512x512\nprompt "a lake"\npass 0.25x dev 30\nupscale 2x\nupscale 2x',
)
def chain_ends_elsewhere(program: Program) -> Iterator[Finding]:
    """Not a mistake: test renders stop early on purpose."""
    if not program.stages:
        return
    scene, (width, height) = program.scene, program.scene.size
    off_grid = any(s.asked != (s.width, s.height) for s in program.stages)
    if (scene.width, scene.height) != (width, height) and not off_grid:
        share = scene.width / width
        span = program.stages[-1].statement.span
        message = (
            f"the chain ends at {scene.width}x{scene.height}, {plain(round(share, 3))}x of `size` {width}x{height}"
        )
        yield Finding(message, span)


@rule(
    "LTX013",
    "large square picture",
    Severity.WARNING,
    why="Colours have been seen to shift in large squares such as 1920x1920 after an upscale; 1536x1536 is fine.",
    wrong='size 1920x1920\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    right='size 1536x1536\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    source="community notes on LTX 2.3",
)
def large_square(program: Program) -> Iterator[Finding]:
    """Only where the last stage is an upscale."""
    for stage in program.stages[-1:]:
        if stage.width == stage.height >= 1792 and isinstance(stage.statement, Upscale):
            yield Finding(f"the last pass is a square of {stage.width} pixels", stage.statement.span)


@rule(
    "LTX015",
    "clip changed after its first pass",
    Severity.ERROR,
    why="Size and length are those of the latent that the first pass fills; later passes go on with it.",
    wrong='size 256x256\nprompt "a lake"\npass 0.5x dev 30\nlength 97f\nupscale 2x',
    right='size 256x256\nlength 97f\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
)
def clip_changed_late(program: Program) -> Iterator[Finding]:
    """They stand before the first pass."""
    for said in program.scene.late:
        yield Finding(f"`{said.word}` comes after the first pass", said.span, "move it before the first pass")


@rule(
    "LTX016",
    "share of the size on a later pass",
    Severity.ERROR,
    why="A later pass goes on with the latent at its size; only `upscale` changes the size.",
    wrong='prompt "a lake"\npass 0.5x dev 30\npass 1x distill 3',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 3',
)
def share_on_a_later_pass(program: Program) -> Iterator[Finding]:
    """Saying the size that is there already is fine."""
    for stage in program.stages[1:]:
        scale = getattr(stage.statement, "scale", None)
        wanted = program.scene.size[0] * scale.value if scale else stage.width
        if wanted != stage.width:
            span = stage.statement.span_of("scale")
            yield Finding(f"this pass runs at {stage.width}x{stage.height}, whatever its factor", span)


@rule(
    "LTX014",
    "clip longer than the model's positions",
    Severity.WARNING,
    why="Positions are normalised to 20 s; past that the model extrapolates.",
    wrong='length 30s\nprompt "a lake"\npass dev 30',
    right='length 20s\nprompt "a lake"\npass dev 30',
    source="ComfyUI comfy/ldm/lightricks/model.py: 20 s, 2048 px",
)
def longer_than_positions(program: Program) -> Iterator[Finding]:
    """Seconds, whatever the frame rate; a loop, or windows of context, never see so much at once."""
    if any(stage.settings.get(LoopTake) or stage.settings.get(Windows) for stage in program.stages):
        return
    for said in program.each(ClipLength):
        seconds = (program.scene.frames - 1) / program.scene.fps
        if seconds > 20:
            yield Finding(f"the clip lasts {plain(round(seconds, 2))} s", said.span_of("time"))


MOST_PIXELS = 2048


@rule(
    "LTX017",
    "side longer than the model's positions",
    Severity.WARNING,
    why="Positions are normalised to 2048 pixels on each side; past that the model extrapolates, and things repeat.",
    wrong='size 2560x1408\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    right='size 1920x1024\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    source="ComfyUI comfy/ldm/lightricks/model.py: 20 s, 2048 px",
)
def larger_than_positions(program: Program) -> Iterator[Finding]:
    """Of the largest pass."""
    for stage in program.stages:
        if max(stage.width, stage.height) > MOST_PIXELS:
            said = next(program.each(ClipSize), None)
            span = said.span_of("size") if said else stage.statement.span
            yield Finding(f"{stage.name} is {stage.width}x{stage.height}", span, "upscale the rest with another tool")
            return


@rule(
    "LTX018",
    "frame rate far from what the model saw",
    Severity.WARNING,
    why="LTX 2.x learned motion at 24 to 30 frames a second and takes 50; far from that motion stalls or jumps.",
    wrong='length 49f @ 8fps\nprompt "a lake"\npass dev 30',
    right='length 145f @ 24fps\nprompt "a lake"\npass dev 30',
    source="community notes on LTX 2.3; diffusers pipelines/ltx2/utils.py SNAP_CONDITIONING_FPS_ABOVE",
)
def odd_frame_rate(program: Program) -> Iterator[Finding]:
    """Under 16 and over 60."""
    for said in program.each(ClipLength):
        if said.fps and not 16 <= said.fps.rate <= 60:
            fixes = (Fix(said.span_of("fps"), "24fps" if said.fps.rate < 16 else "50fps"),)
            yield Finding(f"{said.fps} is far from 24 to 50", said.span_of("fps"), fixes=fixes)


@rule(
    "LTX019",
    "very long and narrow picture",
    Severity.NOTE,
    why="Clips that the model learned from were at most about 2.4 times as wide as high; beyond, subjects repeat.",
    wrong='size 1536x384\nprompt "a lake"\npass dev 30',
    right='size 1536x640\nprompt "a lake"\npass dev 30',
    source="Lightricks ltx-trainer resolution buckets",
)
def narrow(program: Program) -> Iterator[Finding]:
    """Over 3 to 1."""
    for said in program.each(ClipSize):
        long, short = max(said.size.width, said.size.height), min(said.size.width, said.size.height)
        if short and long / short > 3:
            yield Finding(f"one side is {long / short:.1f} times the other", said.span_of("size"))
