"""Prompts: global, negative, and in time."""

from typing import Annotated

import msgspec

from ltxdsl.ops.declare import NOWHERE, Role, Statement, option, parts, statement, word
from ltxdsl.ops.kinds import NUMBER, SPAN, TEXT
from ltxdsl.source import Span
from ltxdsl.values import TimeSpan


@statement("prompt", Role.SETTING, 'prompt "a kitchen, morning light"\npass dev 30')
class Prompt(Statement, frozen=True):
    """What the video shows, from the first frame to the last."""

    text: Annotated[str, word(TEXT, "the prompt")]


@statement("negative", Role.SETTING, 'prompt "a lake"\nnegative "cartoon, childish"\npass dev 30 { cfg 3 }')
class Negative(Statement, frozen=True):
    """What the video should not show. It works through guidance: at cfg 1 it does nothing."""

    text: Annotated[str, word(TEXT, "the negative prompt")]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One local prompt of a relay."""

    text: Annotated[str, word(TEXT, "what happens in this segment")]
    when: Annotated[TimeSpan | None, word(SPAN, "the segment's time; equal shares if no segment says one")] = None
    span: Span = NOWHERE


@statement(
    "relay",
    Role.SETTING,
    'relay "she cuts bread" 0s..2s | "she looks up" 2s..5s eps 0.1\nlength 5s\npass dev 30',
)
class RelayPrompt(Statement, frozen=True):
    """Prompt Relay: local prompts that take turns, by a bias on the video's attention to their words.

    All texts are encoded as one, after the global prompt. Epsilon is kijai's definition: the width of the soft
    edge is 1/ln(1/eps) latent frames, so that values under about 0.1 all cut hard and 0.5 blends.
    """

    segments: Annotated[tuple[Segment, ...], parts(Segment, TEXT, "local prompts with `|` between them")]
    eps: Annotated[float, option(NUMBER, "softness of the change", low=1e-6, high=0.99)] = 1e-3
