"""Rules of clips that start from, go on from or change a clip that is there."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry, media_info
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.models import DISTILL
from ltxdsl.ops.clips import Extend, Retake
from ltxdsl.ops.controls import Dub
from ltxdsl.ops.kinds import MediaRef
from ltxdsl.ops.timeline import FromVideo, Mask
from ltxdsl.values import Frames


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
    for stage, said in program.held(FromVideo):
        if not stage.continues and not stage.settings.get(Mask) and stage.sigmas and stage.sigmas[0] >= 1:
            yield Finding(f"{stage.name} starts from pure noise", said.span, "give the pass `denoise 0.4`")


@rule(
    "LTX111",
    "overlap that is no whole latent frames",
    Severity.ERROR,
    why="What is held at the start is 1 + 8N frames: a first latent of one, then eight each. At the end it is 8N.",
    wrong='extend "run.mp4" 16f overlap 16f\nprompt "she walks on"\npass dev 30',
    right='extend "run.mp4" 16f overlap 17f\nprompt "she walks on"\npass dev 30',
    source="LTX video VAE: causal, 8x in time; ComfyUI nodes_lt LTXVImgToVideoInplace",
)
def odd_overlap(program: Program) -> Iterator[Finding]:
    """Both neighbours are offered; seconds are rounded without a word."""
    for _, said in program.held(Extend, once=True):
        if not isinstance(said.overlap, Frames):
            continue
        count, rest = said.overlap.count, 0 if said.before else 1
        if count < 8 + rest or count % 8 != rest:
            low = max(8 + rest, (count - rest) // 8 * 8 + rest)
            span = said.span_of("overlap")
            fixes = tuple(Fix(span, f"{near}f") for near in dict.fromkeys((low, low + 8)))
            yield Finding(f"an overlap of {count} frames is no whole latent frames", span, fixes=fixes)


@rule(
    "LTX112",
    "new time that is no whole latent frames",
    Severity.WARNING,
    why="A clip grows by whole latents of 8 frames.",
    wrong='extend "run.mp4" 20f overlap 17f\nprompt "she walks on"\npass dev 30',
    right='extend "run.mp4" 24f overlap 17f\nprompt "she walks on"\npass dev 30',
    source="LTX video VAE: 8x in time",
)
def odd_extension(program: Program) -> Iterator[Finding]:
    """Frames alone: seconds are rounded to the nearest."""
    for stage, said in program.held(Extend, once=True):
        if isinstance(said.time, Frames) and said.time.count != said.new(stage.fps):
            span, made = said.span_of("time"), said.new(stage.fps)
            yield Finding(f"{said.time.count} new frames become {made}", span, fixes=(Fix(span, f"{made}f"),))


@rule(
    "LTX113",
    "extend backward without a LoRA for it",
    Severity.WARNING,
    why="LTX learned to go on from a beginning, not to lead up to an end: such clips jump where the two meet.",
    wrong='extend "run.mp4" 16f overlap 16f before\nprompt "she starts to run"\npass dev 30',
    right='extend "run.mp4" 16f overlap 16f before\nprompt "she runs"\nlora "detail.safetensors" 1\npass dev 30',
    source="community notes: backward extension has not been worked out without a LoRA such as MergeGreen",
)
def backward_alone(program: Program) -> Iterator[Finding]:
    """Any LoRA but the distilled one is believed to be made for it."""
    for stage, said in program.held(Extend, once=True):
        if said.before and not any(use.name != DISTILL for use in stage.loras):
            yield Finding("nothing here was trained to make what comes before", said.span_of("before"))


@rule(
    "LTX114",
    "stretch without a whole latent frame",
    Severity.ERROR,
    why="A latent shows 8 frames, and only latents that lie wholly inside the stretch are made anew.",
    wrong='retake 0.1s..0.3s of "run.mp4"\nprompt "she turns round"\npass dev 30',
    right='retake 0.3s..0.8s of "run.mp4"\nprompt "she turns round"\npass dev 30',
    source="KJNodes LTXVAudioVideoMask; LTXVideo LTXVSetAudioVideoMaskByTime",
)
def empty_retake(program: Program) -> Iterator[Finding]:
    """The fix is the stretch of the latents that it touches."""
    for stage, said in program.held(Retake, once=True):
        if said.stretch.bounds(stage.frames, stage.fps)[0] >= stage.frames:
            continue
        first, end = said.slots(stage.frames, stage.fps)
        if first < end:
            continue
        span, last = said.span_of("stretch"), geometry.latent_frames(stage.frames) - 1
        slot = min(max(1, geometry.slot_of(max(0, said.stretch.start.frame(stage.frames, stage.fps)))), last)
        start = geometry.first_frame_of(slot)
        fix = Fix(span, f"{start}f..{min(start + 8, stage.frames)}f")
        yield Finding(f"`{said.stretch}` holds no whole latent frame", span, fixes=(fix,))


@rule(
    "LTX115",
    "stretch outside the clip",
    Severity.ERROR,
    why="The clip is as long as what was there, cut to 1 + 8N frames.",
    wrong='retake 2s..4s of "run.mp4"\nprompt "she turns round"\npass dev 30',
    right='retake 0.3s..0.8s of "run.mp4"\nprompt "she turns round"\npass dev 30',
)
def retake_outside(program: Program) -> Iterator[Finding]:
    """It must begin inside."""
    for stage, said in program.held(Retake, once=True):
        start, _ = said.stretch.bounds(stage.frames, stage.fps)
        if start >= stage.frames:
            length = f"{stage.frames} frames, {stage.frames / stage.fps:.4g} s"
            yield Finding(f"the clip has {length}: nothing of it is in `{said.stretch}`", said.span_of("stretch"))


@rule(
    "LTX116",
    "clip shorter than the overlap",
    Severity.WARNING,
    why="What passes see of the clip that goes on is all that tells them how it moves.",
    wrong='extend "blink.mp4" 16f overlap 17f\nprompt "she walks on"\npass dev 30',
    right='extend "run.mp4" 16f overlap 17f\nprompt "she walks on"\npass dev 30',
)
def short_source(program: Program) -> Iterator[Finding]:
    """Videos whose frames can be counted."""
    for _, said in program.held(Extend, once=True):
        if isinstance(said.source, MediaRef) and isinstance(said.overlap, Frames):
            count = media_info.count_frames(said.source.path)
            if 0 < count < said.overlap.count:
                message = f"it has {count} frames, fewer than the overlap of {said.overlap.count}"
                yield Finding(message, said.span_of("source"))


@rule(
    "LTX117",
    "two statements for what the clip starts from",
    Severity.ERROR,
    why="A clip goes on from one, changes a stretch of one, or starts from one: each says what its latents begin as.",
    wrong='from "walk.mp4"\nretake 1f..9f of "walk.mp4"\nprompt "a lake"\npass dev 30',
    right='retake 1f..9f of "walk.mp4"\nprompt "a lake"\npass dev 30',
)
def two_beginnings(program: Program) -> Iterator[Finding]:
    """Of `from`, `extend` and `retake`, the later one is pointed at."""
    for stage in program.stages[:1]:
        held = (stage.settings.single.get(kind) for kind in (FromVideo, Extend, Retake))
        said = sorted(filter(None, held), key=lambda one: one.span.start)
        for late in said[1:]:
            yield Finding(f"`{late.word}` beside `{said[0].word}`", late.span)


@rule(
    "LTX118",
    "clip of another frame rate",
    Severity.WARNING,
    why="Frames are joined one to one: at another rate what was there plays faster or slower.",
    wrong='fps 48fps\nextend "run.mp4" 16f overlap 17f\nprompt "she walks on"\npass dev 30',
    right='extend "run.mp4" 16f overlap 17f\nprompt "she walks on"\npass dev 30',
)
def other_rate(program: Program) -> Iterator[Finding]:
    """Of videos, by their headers."""
    held: tuple[tuple[Stage, Extend | Retake | Dub], ...] = (
        *program.held(Extend, once=True),
        *program.held(Retake, once=True),
        *program.held(Dub, once=True),
    )
    for stage, said in held:
        rate = media_info.frame_rate(said.source.path) if isinstance(said.source, MediaRef) else 0.0
        if rate and abs(rate - stage.fps) > 0.01:
            message = f"it has {rate:g} frames a second, the clip {stage.fps:g}"
            yield Finding(message, said.span_of("source"), f"add `fps {rate:g}fps`")


@rule(
    "LTX119",
    "mask without a video",
    Severity.ERROR,
    why="What is outside of the mask is held as it is, and without `from` it is nothing (grey).",
    wrong='mask "a.png"\nprompt "a lake"\npass distill 8',
    right='from "walk.mp4"\nmask "a.png"\nprompt "a lake"\npass distill 8',
)
def mask_of_nothing(program: Program) -> Iterator[Finding]:
    """For the first pass."""
    for stage, said in program.held(Mask):
        if not stage.continues and not stage.settings.get(FromVideo):
            yield Finding("there is nothing to hold around the mask", said.span, 'say `from "clip.mp4"` before it')
