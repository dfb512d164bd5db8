"""Rules of slips: what can be meant, and hardly is."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, known_elsewhere, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.near import one_slip
from ltxdsl.ops import Statement
from ltxdsl.ops.declare import Role
from ltxdsl.ops.text import RelayPrompt
from ltxdsl.ops.time import ClipLength
from ltxdsl.values import in_frames


@rule(
    "LTX250",
    "input that looks like a name that is there",
    Severity.WARNING,
    why="A name that nothing binds is an input of the script, and a run asks for it.",
    wrong='face = image "a.png"\ninplace fase @ 0\nguide face @ end\nprompt "a"\npass dev 30',
    right='face = image "a.png"\ninplace face @ 0\nguide face @ end\nprompt "a"\npass dev 30',
)
def nearly_bound(program: Program) -> Iterator[Finding]:
    """One letter off. What `input` declares, or is given, is meant."""
    for one in program.bound.inputs.values():
        if one.declared or one.given:
            continue
        near = next((name for name in program.bound.names if one_slip(one.name, name)), "")
        if near:
            yield Finding(f"`{one.name}` is an input; did you mean `{near}`?", one.span, fixes=(Fix(one.span, near),))


@rule(
    "LTX251",
    "setting said twice",
    Severity.WARNING,
    why="The later one replaces the earlier before anything has used it.",
    wrong='seed 1\nseed 2\nprompt "a lake"\npass dev 30',
    right='seed 2\nprompt "a lake"\npass dev 30',
)
def said_twice(program: Program) -> Iterator[Finding]:
    """Of statements of one kind with nothing between them that does something."""
    held: dict[type[Statement], Statement] = {}
    for said in program.bound.statements:
        if said.role is not Role.SETTING:
            held = {}
            continue
        if (before := held.get(type(said))) and before.span != said.span:
            fix = Fix(before.span, "")
            yield Finding(f"`{said.word}` is said again", before.span, "leave the one that counts", (fix,))
        held[type(said)] = said


@rule(
    "LTX252",
    "local prompt after the end",
    Severity.WARNING,
    why="What is said after the last frame is never shown; the clip is as long as `length` says.",
    wrong='length 5s\nrelay "she runs" 0s..2s | "she stops" 2s..9s\nprompt "a"\npass dev 30',
    right='length 5s\nrelay "she runs" 0s..2s | "she stops" 2s..5s\nprompt "a"\npass dev 30',
)
def prompt_after_the_end(program: Program) -> Iterator[Finding]:
    """More than a latent frame after it: 5 s are 121 frames and a little."""
    for stage, relay in program.held(RelayPrompt):
        for segment in relay.segments:
            if segment.when and segment.when.bounds(stage.frames, stage.fps)[1] > stage.frames + 8:
                length = stage.frames / stage.fps
                yield Finding(f"`{segment.when}` ends after the clip, which has {length:.3g} s", segment.span)
        break


for _code, _title, _why in (
    (
        "LTX260",
        "expectation that cannot be read",
        "What can be expected is a small language of its own.",
    ),
    ("LTX261", "expectation that is not met", "A comment `# expect:` is an assertion of the script's own."),
):
    known_elsewhere(_code, _title, why=_why, wrong="", right="", source="ltxdsl, docs/testing.md")


@rule(
    "LTX253",
    "length that another statement decides",
    Severity.WARNING,
    why="`extend`, `retake`, `loop` and `dub` make the clip as long as what they do takes, whatever `length` says.",
    wrong='length 49f\nretake 1f..9f of "walk.mp4"\nprompt "she turns round"\npass dev 30',
    right='retake 1f..9f of "walk.mp4"\nprompt "she turns round"\npass dev 30',
)
def length_without_effect(program: Program) -> Iterator[Finding]:
    """Where no pass has another length for it; one that says the same is left alone."""
    held: dict[int, list[Statement | None]] = {}
    for stage, said in program.held(ClipLength):
        decides = (one for one in stage.settings.single.values() if type(one).clip_frames is not Statement.clip_frames)
        same = in_frames(said.time, stage.fps) == stage.frames
        held.setdefault(id(said), []).append(None if same else next(decides, None))
    for said in program.each(ClipLength):
        deciders = held.get(id(said), [])
        if said.gives("time") and deciders and all(deciders):
            words = " and ".join(dict.fromkeys(f"`{one.word}`" for one in deciders if one))
            yield Finding(f"{words} says how long the clip is", said.span_of("time"), "remove it")
