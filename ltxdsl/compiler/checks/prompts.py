"""Rules of prompts in time."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.lower import relay_lengths
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.text import Prompt, RelayPrompt
from ltxdsl.values import TimeSpan


def _spans(program: Program, relay: RelayPrompt) -> list[tuple[int, int, TimeSpan]]:
    scene = program.scene
    return [(*s.when.bounds(scene.frames, scene.fps), s.when) for s in relay.segments if s.when]


@rule(
    "LTX030",
    "relay with NAG",
    Severity.WARNING,
    why="Both patch cross attention: kijai's nodes agree since June 2026, other relay packs refuse or drop one.",
    wrong='relay "she runs" | "she stops"\nnag "cartoon"\npass distill 8',
    right='relay "she runs" | "she stops"\npass distill 8',
    source="KJNodes ltxv_nodes.py LTX2_NAG; kijai/ComfyUI-PromptRelay patches.py",
    targets=("comfy",),
)
def relay_with_nag(program: Program) -> Iterator[Finding]:
    """In any pass where both hold."""
    for stage in program.stages:
        if stage.relay and stage.nag:
            hint = "with ComfyUI use a current KJNodes and kijai's PromptRelay, or leave one out"
            yield Finding("`relay` and `nag` hold in the same pass", stage.nag.span, hint)
            return


@rule(
    "LTX031",
    "relay leaves part of the clip without a prompt",
    Severity.WARNING,
    why="Frames that no segment owns follow the global prompt alone: every local prompt is held back there.",
    wrong='length 5s\nrelay "she runs" 0s..2s | "she stops" 2s..4s\npass dev 30',
    right='length 5s\nrelay "she runs" 0s..2s | "she stops" 2s..5s\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py",
)
def relay_coverage(program: Program) -> Iterator[Finding]:
    """A gap under one latent frame (8 pixel frames) is rounding, not a gap."""
    for relay in program.each(RelayPrompt):
        spans = _spans(program, relay)
        timed = len(spans) == len(relay.segments)
        if timed and program.scene.frames - spans[-1][1] >= geometry.TEMPORAL:
            left = program.scene.frames - spans[-1][1]
            yield Finding(f"the last {left} frames have no local prompt", relay.span_of("segments"))


@rule(
    "LTX032",
    "relay segments do not follow each other",
    Severity.ERROR,
    why="Prompt Relay deals the clip out from the first frame in order; a gap or an overlap cannot be said to it.",
    wrong='length 5s\nrelay "she runs" 0s..2s | "she stops" 3s..5s\npass dev 30',
    right='length 5s\nrelay "she runs" 0s..3s | "she stops" 3s..5s\npass dev 30',
    source="kijai/ComfyUI-PromptRelay nodes.py",
)
def relay_order(program: Program) -> Iterator[Finding]:
    """All segments have times or none has; each starts where the one before ends."""
    for relay in program.each(RelayPrompt):
        spans = _spans(program, relay)
        if spans and len(spans) < len(relay.segments):
            yield Finding("some segments have times and some have none", relay.span_of("segments"))
            continue
        expected = 0
        for segment, (start, end, when) in zip(relay.segments, spans, strict=False):
            if end <= start:
                yield Finding(f"`{when}` ends before it starts", segment.span)
            elif start != expected:
                problem = "overlaps the segment before" if start < expected else "leaves a gap before it"
                yield Finding(f"`{when}` {problem}", segment.span, f"start it at {expected}f")
            expected = end


@rule(
    "LTX033",
    "relay segment too short",
    Severity.ERROR,
    why="A segment owns whole latent frames of 8 pixel frames; one that gets none is never seen.",
    wrong='length 9f\nrelay "a" | "b" | "c"\npass dev 30',
    right='length 25f\nrelay "a" | "b" | "c"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay nodes.py",
)
def relay_too_short(program: Program) -> Iterator[Finding]:
    """After rounding as the encoder does."""
    for relay in program.each(RelayPrompt):
        lengths = relay_lengths(relay, program.scene.frames, program.scene.fps)
        for segment, length in zip(relay.segments, lengths, strict=False):
            if length < 1:
                latents = geometry.latent_frames(program.scene.frames)
                message = f"this segment gets no latent frame: {len(lengths)} segments share {latents}"
                yield Finding(message, segment.span, "make the clip longer, or use fewer segments")
                break


@rule(
    "LTX034",
    "no prompt",
    Severity.WARNING,
    why="Without a prompt the model follows its pictures alone, and often stands still.",
    wrong="pass dev 30",
    right='prompt "a lake"\npass dev 30',
    source="community notes on LTX 2.3",
)
def no_prompt(program: Program) -> Iterator[Finding]:
    """Neither `prompt` nor `relay` before a pass."""
    for stage in program.stages[:1]:
        if not stage.relay and not stage.settings.get(Prompt):
            yield Finding("this pass has no prompt", stage.statement.span, 'write `prompt "…"` before it')
