"""Rules of source files: what a picture or video is, against what the script makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ltxdsl import geometry, media_info
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Placed, Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.conditioning import Guide, InplaceImage
from ltxdsl.ops.kinds import MediaRef
from ltxdsl.ops.media import Save
from ltxdsl.values import plain


class _Used(NamedTuple):
    """A picture or video as a condition of a pass."""

    stage: Stage
    placed: Placed
    source: MediaRef


def _used(program: Program, kind: str, largest: bool = False) -> Iterator[_Used]:
    """Each condition with a file of that kind once: in its first pass, or in the largest."""
    found: dict[int, _Used] = {}
    for stage in program.stages:
        for placed in stage.placed:
            source = getattr(placed.statement, "source", None)
            if not isinstance(source, MediaRef) or source.kind != kind or not source.known:
                continue
            if largest or id(placed.statement) not in found:
                found[id(placed.statement)] = _Used(stage, placed, source)
    yield from found.values()


def _videos(program: Program) -> Iterator[tuple[_Used, int]]:
    """Guide videos that are there, with their frames."""
    for used in _used(program, "video"):
        if count := media_info.count_frames(used.source.path):
            yield used, count


def _room(used: _Used) -> int:
    """Frames of the clip from where a condition starts."""
    return used.stage.frames - max(used.placed.frame, 0)


def _name(source: MediaRef) -> str:
    return Path(source.path).name


@rule(
    "LTX160",
    "guide video longer than the clip",
    Severity.NOTE,
    why="Frames that would stand after the end of the clip are left out.",
    wrong='length 9f\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    right='length 17f\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def video_too_long(program: Program) -> Iterator[Finding]:
    """By the frames in the file's header. Under 8 frames more is rounding to the grid."""
    for used, count in _videos(program):
        if count - _room(used) >= geometry.TEMPORAL:
            message = f"`{_name(used.source)}` has {count} frames, and {_room(used)} fit"
            yield Finding(message, used.source.span, "make the clip longer, or cut the video")


@rule(
    "LTX161",
    "guide video that counts as a still",
    Severity.WARNING,
    why="A latent after the first covers 8 frames: of a video of up to 8 frames only the first frame is used.",
    wrong='length 25f\nprompt "a lake"\nguide video "blink.mp4"\npass dev 30',
    right='length 25f\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def video_too_short(program: Program) -> Iterator[Finding]:
    """With a frame count of 9 or more there is motion to follow."""
    for used, count in _videos(program):
        if 1 < count <= geometry.TEMPORAL:
            yield Finding(f"`{_name(used.source)}` has {count} frames: only its first is used", used.source.span)


@rule(
    "LTX162",
    "last frames of a guide video left out",
    Severity.NOTE,
    why="A guide video is used in whole latents: 1 + 8N frames from the start of the clip, 8N frames later on.",
    wrong='length 25f\nprompt "a lake"\nguide video "run.mp4"\npass dev 30',
    right='length 25f\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide",
)
def video_off_the_grid(program: Program) -> Iterator[Finding]:
    """Where the video would fit into the clip whole, and more than one frame is left out."""
    for used, count in _videos(program):
        left = count - used.placed.count
        if geometry.TEMPORAL < count <= _room(used) and left > 1:
            message = f"{used.placed.count} of {count} frames are used, the last {left} are not"
            yield Finding(message, used.source.span)


MOST_CUT = 0.3


@rule(
    "LTX163",
    "picture of another shape",
    Severity.WARNING,
    why="A picture is scaled until it covers the frame; what hangs over on both sides is cut off.",
    wrong='size 1024x256\nprompt "a lake"\nguide "a.png" @ end\npass dev 30',
    right='size 512x384\nprompt "a lake"\nguide "a.png" @ end\npass dev 30',
    source="ComfyUI comfy/utils.py common_upscale",
)
def other_shape(program: Program) -> Iterator[Finding]:
    """Where over 30% of it is cut."""
    for used in _used(program, "image"):
        if size := media_info.picture_size(used.source.path):
            width, height = size
            ratio = (width / height) / (used.stage.width / used.stage.height)
            kept = min(ratio, 1 / ratio)
            if 1 - kept > MOST_CUT:
                sides = "left and right" if ratio > 1 else "top and bottom"
                message = f"`{_name(used.source)}` is {width}x{height}: {1 - kept:.0%} of it is cut off {sides}"
                yield Finding(message, used.source.span, "cut it yourself, or change `size`")


MOST_ENLARGED = 8


@rule(
    "LTX164",
    "picture much smaller than the clip",
    Severity.NOTE,
    why="A picture that is enlarged many times is soft, and the clip follows it: softness counts as its look.",
    wrong='size 1920x1280\nprompt "a lake"\nguide "a.png" @ end\npass dev 30',
    right='size 384x256\nprompt "a lake"\nguide "a.png" @ end\npass dev 30',
    source="ComfyUI comfy/utils.py common_upscale, bilinear",
)
def too_small(program: Program) -> Iterator[Finding]:
    """Over 8 times in its largest pass."""
    for used in _used(program, "image", largest=True):
        if size := media_info.picture_size(used.source.path):
            scale = max(used.stage.width / size[0], used.stage.height / size[1])
            if scale > MOST_ENLARGED:
                message = f"`{_name(used.source)}` is {size[0]}x{size[1]}: it is enlarged {scale:.1f} times"
                yield Finding(message, used.source.span)


@rule(
    "LTX165",
    "guide video of another frame rate",
    Severity.WARNING,
    why="Frames of a guide are taken one for one: at another rate its motion is faster or slower than it was.",
    wrong='length 17f @ 48fps\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    right='length 17f @ 24fps\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVAddGuide; Lightricks ltx-pipelines retake.py",
)
def other_rate(program: Program) -> Iterator[Finding]:
    """More than 5% apart."""
    for used, count in _videos(program):
        rate = media_info.frame_rate(used.source.path) if count > geometry.TEMPORAL else 0
        speed = used.stage.fps / rate if rate else 1
        if abs(speed - 1) > 0.05:
            times = f"{plain(round(speed, 2))} times as fast"
            message = f"`{_name(used.source)}` has {plain(round(rate, 3))} frames a second: it plays {times}"
            yield Finding(message, used.source.span, f"say `length … @ {plain(round(rate))}fps`, or convert it")


@rule(
    "LTX166",
    "picture with transparent parts",
    Severity.NOTE,
    why="Video has no transparency: where a picture is transparent, the colour stored beneath it shows, often black.",
    wrong='prompt "a lake"\nguide "cutout.png" @ end\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ end\npass dev 30',
    source="ComfyUI nodes.py LoadImage",
)
def transparent(program: Program) -> Iterator[Finding]:
    """PNG files with an alpha channel, used or not."""
    for used in _used(program, "image"):
        if media_info.has_alpha(used.source.path):
            message = f"`{_name(used.source)}` has an alpha channel"
            yield Finding(message, used.source.span, "put it on a background first")


@rule(
    "LTX167",
    "result in the place of its source",
    Severity.ERROR,
    why="The file that is read would be replaced by the one that is written: the next run would start from that.",
    wrong='prompt "a lake"\nguide "a.png" @ end\npass dev 30\nsave "a.png"',
    right='prompt "a lake"\nguide "a.png" @ end\npass dev 30\nsave "lake.png"',
    targets=("local",),
)
def over_its_source(program: Program) -> Iterator[Finding]:
    """By the files that the names come to."""
    sources = (said.source.path for said in (*program.each(Guide), *program.each(InplaceImage)))
    taken = {_resolved(path) for path in sources if path}
    for said in program.each(Save):
        if _resolved(said.path) in taken:
            span = said.span_of("path")
            stem, suffix = Path(said.path).with_suffix(""), Path(said.path).suffix
            fixes = (Fix(span, f'"{stem}-new{suffix}"'),) if program.written(span).startswith('"') else ()
            yield Finding(f"`{said.path}` is a source of this script", span, fixes=fixes)


def _resolved(path: str) -> str:
    try:
        return str(Path(path).resolve())
    except (OSError, ValueError):
        return path


@rule(
    "LTX168",
    "video where one picture was meant",
    Severity.NOTE,
    why="A whole guide video costs as many tokens as the clip has; attention then takes about four times as long.",
    wrong='length 25f\nprompt "a lake"\nguide video "walk.mp4" strength 0.1\npass dev 30',
    right='length 25f\nprompt "a lake"\nguide video "walk.mp4" strength 0.7\npass dev 30',
    source="sum over tokens: (1 + 1/f^2)^2 for a guide at 1/f of the size",
)
def weak_video(program: Program) -> Iterator[Finding]:
    """A video at a strength up to 0.15, which the clip hardly follows."""
    for used, count in _videos(program):
        said = used.placed.statement
        if isinstance(said, Guide) and count > geometry.TEMPORAL and 0 < said.strength <= 0.15:
            latents = geometry.guide_latents(used.placed.count, used.placed.frame)
            message = f"{latents} latent frames of guide at strength {plain(said.strength)}"
            yield Finding(message, said.span_of("strength"), "raise it, or guide by a still")


@rule(
    "LTX169",
    "guide video compressed once more",
    Severity.WARNING,
    why="Stills are compressed because the model learned from video; a video is that already, and only loses detail.",
    wrong='length 17f\nprompt "a lake"\nguide video "walk.mp4" crf 33\npass dev 30',
    right='length 17f\nprompt "a lake"\nguide video "walk.mp4"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVPreprocess; Lightricks ltx-pipelines constants",
)
def compressed_video(program: Program) -> Iterator[Finding]:
    """Of a guide whose source is a video."""
    for said in program.each(Guide):
        if said.source.kind == "video" and said.crf:
            span = said.span_of("crf")
            yield Finding("this video was compressed when it was made", span, fixes=(Fix(span, "0"),))
