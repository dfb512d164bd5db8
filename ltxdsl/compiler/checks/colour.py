"""Rules of colour, and of the frames that are saved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.finish import Every, Grade, Trim
from ltxdsl.ops.media import CODECS, Decode, Save
from ltxdsl.ops.time import ClipLength, ClipRate, ClipSize
from ltxdsl.values import plain

LOWEST_RATE = 16


@rule(
    "LTX120",
    "codec that the container cannot hold",
    Severity.ERROR,
    why="`prores4444` lives in MOV, vp9 in WebM, h264 and h265 in MP4 and MOV.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.mp4" prores4444',
    right='prompt "a lake"\npass dev 30\nsave "lake.mov" prores4444',
    source="PyAV 18.1 and FFmpeg's muxers",
)
def codec_in_container(program: Program) -> Iterator[Finding]:
    """The fix changes the ending where the codec is rare, and else the codec."""
    for said in program.each(Save):
        allowed = CODECS.get(said.suffix)
        if said.kind == "video" and allowed and said.video_codec not in allowed:
            ending = next(suffix for suffix, codecs in CODECS.items() if said.video_codec in codecs)
            path = said.path.removesuffix(Path(said.path).suffix) + ending
            fixes = (Fix(said.span_of("path"), f'"{path}"'), Fix(said.span_of("codec"), allowed[0]))
            yield Finding(f"{said.suffix} cannot hold {said.video_codec}", said.span_of("codec"), fixes=fixes)


@rule(
    "LTX121",
    "trim that leaves nothing",
    Severity.ERROR,
    why="What `trim` leaves out is counted at the start and the end of the clip.",
    wrong='length 25f\nprompt "a lake"\npass dev 30\ntrim first 20f last 8f',
    right='length 25f\nprompt "a lake"\npass dev 30\ntrim first 3f',
)
def nothing_left(program: Program) -> Iterator[Finding]:
    """Of the clip's own frames."""
    for said in program.each(Trim):
        start, end = said.kept(program.scene.frames, program.scene.fps)
        if start >= end:
            yield Finding(f"nothing is left of {program.scene.frames} frames", said.span)


@rule(
    "LTX122",
    "light that 8 bits cannot hold",
    Severity.WARNING,
    why="Linear light and log codes spread their steps otherwise than eyes do: in 8 bits dark parts break into bands.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.mp4" linear',
    right='prompt "a lake"\npass dev 30\nsave "lake.%04d.exr" linear half',
    source="FFmpeg prores_ks; rs-nodes save_video, which keeps 16 codes a stop",
)
def shallow_light(program: Program) -> Iterator[Finding]:
    """LogC3 in ProRes has 65 codes a stop, which is enough; linear light is for EXR."""
    for said in program.each(Save):
        linear, logged = said.colour == "linear", said.colour == "logc3"
        if said.kind and said.suffix != ".exr" and (linear or (logged and not said.deep)):
            hint = "save an EXR sequence" + (", or `prores4444`" if logged else "")
            yield Finding(f"`{said.path}` has too few codes for {said.colour}", said.span_of("colour"), hint)


@rule(
    "LTX123",
    "log codes of an ordinary clip",
    Severity.NOTE,
    why="Without an HDR LoRA and `decode logc3` there is no light over 1: the codes stay under 0.58.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.mov" prores4444 logc3',
    right='prompt "a lake"\npass dev 30\ndecode logc3\nsave "lake.mov" prores4444 logc3',
    source="Lightricks ltx-core hdr.py LogC3; ARRI LogC3 EI 800",
)
def log_of_ordinary(program: Program) -> Iterator[Finding]:
    """It matches other footage, but holds no more."""
    if any(said.curve for said in program.each(Decode)) or program.scene.colour != "srgb":
        return
    for said in program.each(Save):
        if said.colour == "logc3":
            yield Finding("the clip is no HDR clip", said.span_of("colour"))


@rule(
    "LTX124",
    "too few frames a second are left",
    Severity.WARNING,
    why="`every 2` is for clips made at 50 frames a second; of 24 it leaves 12, which looks like a slide show.",
    wrong='prompt "a lake"\npass dev 30\nevery 2\nsave "lake.mp4"',
    right='fps 50fps\nprompt "a lake"\npass dev 30\nevery 2\nsave "lake.mp4"',
    source="community notes on LTX 2.3",
)
def too_thin(program: Program) -> Iterator[Finding]:
    """Under 16."""
    for said in program.each(Every):
        rate = program.scene.fps / said.step
        if rate < LOWEST_RATE:
            yield Finding(
                f"{plain(round(rate, 2))} frames a second are left", said.span, "make the clip at `fps 50fps`"
            )


@rule(
    "LTX125",
    "saved frames outside the clip",
    Severity.ERROR,
    why="`frames` counts what is left after `trim` and `every`.",
    wrong='length 25f\nprompt "a lake"\npass dev 30\nsave "lake.mp4" frames 2s..3s',
    right='length 25f\nprompt "a lake"\npass dev 30\nsave "lake.mp4" frames 0s..1s',
)
def range_outside(program: Program) -> Iterator[Finding]:
    """It must hold at least one frame."""
    for said in program.each(Save):
        if said.frames is not None:
            start, end = said.frames.bounds(program.scene.frames, program.scene.fps)
            if start >= end or start < 0 or end > program.scene.frames:
                message = f"{said.frames} is not within the clip's {program.scene.frames} frames"
                yield Finding(message, said.span_of("frames"))


@rule(
    "LTX126",
    "two frame rates",
    Severity.ERROR,
    why="`fps` and the rate after `length … @` are the same thing.",
    wrong='fps 50fps\nlength 121f @ 24fps\nprompt "a lake"\npass dev 30',
    right='fps 50fps\nlength 121f\nprompt "a lake"\npass dev 30',
    optional=True,
)
def two_rates(program: Program) -> Iterator[Finding]:
    """Where they differ."""
    for rate, said in product(program.each(ClipRate), program.each(ClipLength)):
        if said.fps is not None and said.fps.rate != rate.fps.rate:
            span = said.span_of("fps")
            fixes = (Fix(span, str(rate.fps)), Fix(rate.span_of("fps"), str(said.fps)))
            yield Finding(f"`fps` says {rate.fps}, `length` {said.fps}", span, fixes=fixes)


@rule(
    "LTX127",
    "LUT that cannot be read",
    Severity.ERROR,
    why="A LUT is a file of OpenColorIO's formats: cube, csp, 3dl, spi1d, spi3d.",
    wrong='prompt "a lake"\npass dev 30\ngrade lut "no-such-film.cube"',
    right='prompt "a lake"\npass dev 30\ngrade contrast 1.1',
    targets=("local",),
)
def no_lut(program: Program) -> Iterator[Finding]:
    """It must be there, with a known ending."""
    for said in program.each(Grade):
        if said.lut and Path(said.lut).suffix.lower() not in LUTS:
            yield Finding(f"`{said.lut}` is no LUT", said.span_of("lut"), f"one of {', '.join(LUTS)}")
        elif said.lut and not os.path.isfile(said.lut):
            yield Finding(f"there is no file `{said.lut}`", said.span_of("lut"))


LUTS = (".cube", ".csp", ".3dl", ".spi1d", ".spi3d")


@rule(
    "LTX128",
    "crf and bitrate at once",
    Severity.WARNING,
    why="An encoder holds a quality, `crf`, or a size, `bitrate`; with both the bitrate is taken.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.mp4" crf 17 bitrate 8',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4" bitrate 8',
)
def two_qualities(program: Program) -> Iterator[Finding]:
    """Either can go."""
    for said in program.each(Save):
        if said.crf is not None and said.bitrate is not None:
            yield Finding(f"`crf {said.crf}` says nothing beside the bitrate", said.span_of("crf"))


@rule(
    "LTX129",
    "fit that changes nothing",
    Severity.NOTE,
    why="The size is on the grid through the whole chain: it is rendered exactly as it is asked for.",
    wrong='size 1920x1088 fit crop\nprompt "a lake"\npass dev 30',
    right='size 1920x1080 fit crop\nprompt "a lake"\npass dev 30',
)
def needless_fit(program: Program) -> Iterator[Finding]:
    """By the chain of passes."""
    for said in program.each(ClipSize):
        on_grid = all(stage.asked == (stage.width, stage.height) for stage in program.stages)
        if said.fit and on_grid and said.rendered(program.scene.chain) == (said.size.width, said.size.height):
            yield Finding(f"every pass can have its share of {said.size}", said.span_of("fit"))
