"""Rules of prompts in time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ltxdsl import geometry
from ltxdsl.compiler.checks.rules import Finding, Program, rule
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
        lengths = relay.lengths(program.scene.frames, program.scene.fps)
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
    given = program.scene.replaced.get("positive")
    encoded = program.scene.graph[given.node].span if given else None  # by a node
    for stage in program.stages[:1]:
        said = stage.relay or stage.text.strip() or stage.settings.get(Prompt)
        if not said and (encoded is None or encoded > stage.statement.span):
            yield Finding("this pass has no prompt", stage.statement.span, 'write `prompt "…"` before it')


@rule(
    "LTX035",
    "relay with one local prompt",
    Severity.WARNING,
    why="Local prompts take turns; one alone only gets a bias that holds it back at both ends of the clip.",
    wrong='prompt "a street"\nrelay "she runs"\npass dev 30',
    right='prompt "a street"\nrelay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py",
)
def lone_segment(program: Program) -> Iterator[Finding]:
    """With `|` between them there are more."""
    for said in program.each(RelayPrompt):
        if len(said.segments) == 1:
            yield Finding("there is nothing to take turns with", said.span, 'put it into `prompt`, or add `| "…"`')


HARD = 0.1  # epsilon under which the edges cut hard, whatever it is


@rule(
    "LTX036",
    "hard cuts between local prompts and no global one",
    Severity.NOTE,
    why="At a small epsilon the first and last frames of each segment follow no local prompt, only the global one.",
    wrong='relay "she runs" | "she stops"\npass dev 30',
    right='prompt "a street at night"\nrelay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py: the window ends 2 latent frames inside its segment",
)
def no_global_prompt(program: Program) -> Iterator[Finding]:
    """Under about 0.1; at 0.5 neighbouring prompts blend there."""
    for stage in program.stages:
        if stage.relay and not stage.settings.get(Prompt) and stage.relay.eps < HARD:
            hint = "say what holds all the time in `prompt`, or blend with `eps 0.5`"
            yield Finding("nothing is said for the frames where local prompts meet", stage.relay.span, hint)
            return


@rule(
    "LTX037",
    "epsilon that changes nothing",
    Severity.NOTE,
    why="The soft edge is 1/ln(1/eps) latent frames wide: from 1e-6 to 0.1 that is under half a frame, a hard cut.",
    wrong='prompt "a street"\nrelay "she runs" | "she stops" eps 0.02\npass dev 30',
    right='prompt "a street"\nrelay "she runs" | "she stops" eps 0.5\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py build_segments",
)
def hard_epsilon(program: Program) -> Iterator[Finding]:
    """Only where it is written."""
    for said in program.each(RelayPrompt):
        if said.gives("eps") and said.eps < HARD and said.eps != 1e-3:
            yield Finding(f"{said.eps:g} cuts as hard as any value under {HARD:g}", said.span_of("eps"))


@rule(
    "LTX038",
    "neighbouring local prompts that say the same",
    Severity.WARNING,
    why="Both are held back where they meet, so that there nothing is said at all.",
    wrong='prompt "a street"\nrelay "she runs" | "she runs" | "she stops"\npass dev 30',
    right='prompt "a street"\nrelay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay prompt_relay.py",
)
def repeated_segment(program: Program) -> Iterator[Finding]:
    """One longer segment says it once."""
    for said in program.each(RelayPrompt):
        for before, after in pairwise(said.segments):
            if before.text.strip() and before.text.strip() == after.text.strip():
                yield Finding("the segment before says the same", after.span, "make that one longer instead")
