"""Rules of what stands in prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.geometry import TEMPORAL
from ltxdsl.near import nearest
from ltxdsl.ops.declare import Statement
from ltxdsl.ops.media import Save
from ltxdsl.ops.text import Negative, Prompt, RelayPrompt
from ltxdsl.source import Span
from ltxdsl.values import plain


class _Said(NamedTuple):
    """A text, the statement it belongs to, and where it was written."""

    text: str
    statement: Statement
    span: Span


def _texts(program: Program) -> Iterator[_Said]:
    """Every prompt, global or local, and every negative prompt."""
    for said in (*program.each(Prompt), *program.each(Negative)):
        yield _Said(said.text, said, said.span_of("text"))
    for said in program.each(RelayPrompt):
        for segment in said.segments:
            yield _Said(segment.text, said, segment.span)


def _written(program: Program, said: _Said, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], Span]]:
    """Where a pattern stands in a text as it was written; nothing in texts that come from elsewhere."""
    raw = program.written(said.span)
    if '"' in raw:
        for found in pattern.finditer(raw):
            yield found, Span(said.span.start + found.start(), said.span.start + found.end())


@rule(
    "LTX200",
    "empty prompt",
    Severity.WARNING,
    why="An empty text is encoded like any other: the model then makes up a scene, or follows its pictures alone.",
    wrong='prompt ""\npass dev 30',
    right='prompt "a lake"\npass dev 30',
    source="ComfyUI comfy/ldm/lightricks/embeddings_connector.py: registers fill what the text leaves open",
)
def empty_prompt(program: Program) -> Iterator[Finding]:
    """Of prompts and local prompts that are written out."""
    for said in _texts(program):
        if not said.text.strip() and '""' in program.written(said.span):
            yield Finding("this text is empty", said.span)


_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")


@rule(
    "LTX201",
    "name in braces that nothing binds",
    Severity.WARNING,
    why="`{name}` shows a value that `let` or a sweep binds; where nothing binds it, the braces go to the model.",
    wrong='let mood = "calm"\nprompt "a {mod} lake, {mood}"\npass dev 30',
    right='let mood = "calm"\nprompt "a {mood} lake"\npass dev 30',
)
def unbound_braces(program: Program) -> Iterator[Finding]:
    """In prompts and in names of files."""
    files = (_Said(said.path, said, said.span_of("path")) for said in program.each(Save))
    for said in (*_texts(program), *files):
        left = set(_NAME.findall(said.text))
        for found, span in _written(program, said, _NAME) if left else ():
            if found[1] in left:
                near = nearest(found[1], program.bound.names)
                fixes = (Fix(span, f"{{{near}}}"),) if near else ()
                yield Finding(f"nothing binds `{found[1]}`", span, f"bind it with `let {found[1]} = …` before", fixes)


_WEIGHT = re.compile(r"\(([^():|\"]+):\s*\d+(?:\.\d+)?\)")


@rule(
    "LTX202",
    "weight in a prompt",
    Severity.WARNING,
    why="LTX's text encoder reads whole sentences: weights such as `(word:1.2)` are switched off, and read as text.",
    wrong='prompt "a (calm:1.3) lake"\npass dev 30',
    right='prompt "a calm lake"\npass dev 30',
    source="ComfyUI comfy/text_encoders/lt.py: the tokenizer disables weights",
)
def weights(program: Program) -> Iterator[Finding]:
    """Brackets without a number are ordinary text."""
    for said in _texts(program):
        for found, span in _written(program, said, _WEIGHT):
            yield Finding(f"`{found[0]}` weighs nothing here", span, fixes=(Fix(span, found[1].strip()),))


_TIMED = re.compile(r"\[\s*\d+(?:\.\d+)?\s*-\s*\d+(?:\.\d+)?\s*s?\s*\]")


@rule(
    "LTX203",
    "times inside a prompt",
    Severity.NOTE,
    why="Nothing reads `[0-2s]` in an ordinary prompt: to the model it is text, which it follows sometimes.",
    wrong='prompt "[0-2s] she cuts bread [2-5s] she looks up"\npass dev 30',
    right='prompt "a kitchen"\nrelay "she cuts bread" 0s..2s | "she looks up" 2s..5s\nlength 5s\npass dev 30',
    source="community notes on LTX 2.3; ID-LoRA README",
)
def times_in_text(program: Program) -> Iterator[Finding]:
    """Prompt Relay gives local prompts their times by attention."""
    for said in _texts(program):
        if isinstance(said.statement, Prompt):
            for _, span in _written(program, said, _TIMED):
                yield Finding("this time is only text", span, "`relay` gives a prompt its time")
                break


@rule(
    "LTX204",
    "local prompts inside one text",
    Severity.WARNING,
    why="`|` parts local prompts only between the texts of a `relay`; inside a text it is a character like others.",
    wrong='prompt "she runs | she stops"\npass dev 30',
    right='relay "she runs" | "she stops"\npass dev 30',
    source="kijai/ComfyUI-PromptRelay nodes.py: there the texts are one widget",
)
def bars_in_text(program: Program) -> Iterator[Finding]:
    """Texts with braces or bracketed times use it in other ways."""
    for said in program.each(Prompt):
        span = said.span_of("text")
        raw = program.written(span)
        parts = [part.strip() for part in raw.strip('"').split("|")]
        if len(parts) > 1 and all(parts) and not _TIMED.search(raw) and "{" not in raw and '"""' not in raw:
            texts = " | ".join(f'"{part}"' for part in parts)
            fixes = (Fix(said.span, f"relay {texts}"),) if raw.startswith('"') else ()
            yield Finding("`|` inside a text parts nothing", span, "write `relay` with a text for each", fixes)


_SPOKEN = re.compile(r"[“\"]([^“”\"]+)[”\"]")
WORDS_A_MINUTE = 160  # fast; 130 is a normal pace


@rule(
    "LTX205",
    "more spoken words than the time holds",
    Severity.WARNING,
    why="Speech is made at its own pace: 130 words a minute is normal, 160 fast. What does not fit is cut or slurred.",
    wrong='length 2s\nprompt "She says: “Good morning everyone, it is time that we left this house.”"\npass dev 30',
    right='length 5s\nprompt "She says: “Good morning everyone, it is time that we left this house.”"\npass dev 30',
    source="WhatDreamsCost-ComfyUI speech_length_calculator.py",
)
def too_much_speech(program: Program) -> Iterator[Finding]:
    """Words between quotes; a local prompt has the time of its segment."""
    fps = program.scene.fps
    for said in _texts(program):
        words = sum(len(quote.split()) for quote in _SPOKEN.findall(said.text))
        if words and not isinstance(said.statement, Negative):
            seconds, needed = _frames_of(program, said) / fps, words / WORDS_A_MINUTE * 60
            if needed > seconds:
                takes = f"{words} spoken words take {needed:.1f} s even when spoken fast"
                yield Finding(f"{takes}, and there are {plain(round(seconds, 2))} s", said.span)


def _frames_of(program: Program, said: _Said) -> int:
    """Pixel frames for which a text holds."""
    frames = program.scene.frames
    if not isinstance(said.statement, RelayPrompt):
        return frames
    lengths = said.statement.lengths(frames, program.scene.fps)
    at = [segment.span for segment in said.statement.segments].index(said.span)
    return TEMPORAL * lengths[at] if at < len(lengths) else frames


TOKENS_A_WORD = 1.3  # Gemma on English, about


@rule(
    "LTX206",
    "prompt longer than the model reads",
    Severity.WARNING,
    why="The text encoder reads a fixed number of tokens, 1024 for LTX 2.x; what comes after them is cut.",
    wrong="",  # too long to be shown
    right="",
    source="diffusers pipelines/ltx2/pipeline_ltx2.py: max_sequence_length",
    targets=("local",),
)
def too_long(program: Program) -> Iterator[Finding]:
    """By counting words, 1.3 tokens each; a run counts the tokens. ComfyUI reads longer texts."""
    limit = program.models.architecture.text_encoder.tokens
    for said in (*program.each(Prompt), *program.each(Negative)):
        tokens = round(len(said.text.split()) * TOKENS_A_WORD)
        if tokens > limit:
            yield Finding(f"about {tokens} tokens, and {limit} are read", said.span_of("text"))


@rule(
    "LTX207",
    "the negative prompt asks for the same",
    Severity.WARNING,
    why="Guidance moves away from the negative prompt towards the other: between two equal texts there is no way.",
    wrong='prompt "a lake"\nnegative "a lake"\npass dev 30',
    right='prompt "a lake"\nnegative "cartoon, childish"\npass dev 30',
    source="ComfyUI comfy/samplers.py cfg_function",
)
def same_negative(program: Program) -> Iterator[Finding]:
    """In a pass where both hold."""
    for stage, prompt in program.held(Prompt):
        if stage.negative and prompt.text.strip() and prompt.text == stage.negative.text:
            yield Finding("the negative prompt is the prompt again", stage.negative.span)
            return


_CHOICE = re.compile(r"\{[^{}|\"]+(?:\|[^{}|\"]+)+\}")


@rule(
    "LTX208",
    "choice in braces",
    Severity.WARNING,
    why="ComfyUI's editor draws one of `{a|b}` at random when it sends a workflow; a script means what it says.",
    wrong='prompt "a {calm|wild} lake"\npass dev 30',
    right='prompt "a calm lake"\npass dev 30',
    source="ComfyUI frontend, dynamic prompts",
)
def choices(program: Program) -> Iterator[Finding]:
    """The first of them is offered as a fix."""
    for said in _texts(program):
        for found, span in _written(program, said, _CHOICE):
            options = [option.strip() for option in found[0].strip("{}").split("|")]
            yield Finding("nothing is chosen here", span, fixes=tuple(Fix(span, option) for option in options))
