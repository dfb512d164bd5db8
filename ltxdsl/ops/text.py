"""Prompts: global, negative, and in time."""

from typing import TYPE_CHECKING, Annotated

import msgspec

from ltxdsl import geometry
from ltxdsl.ops.base import Relay
from ltxdsl.ops.declare import NOWHERE, Role, Statement, option, parts, statement, word
from ltxdsl.ops.kinds import NUMBER, SPAN, TEXT
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.source import Span
from ltxdsl.values import TimeSpan

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("prompt", Role.SETTING, 'prompt "a kitchen, morning light"\npass dev 30')
class Prompt(Statement, frozen=True):
    """What the video shows, from the first frame to the last."""

    text: Annotated[str, word(TEXT, "the prompt")]

    def shape_pass(self, draft: "Draft") -> None:
        """The text of the pass."""
        draft.text = self.text


@statement("negative", Role.SETTING, 'prompt "a lake"\nnegative "cartoon, childish"\npass dev 30 { cfg 3 }')
class Negative(Statement, frozen=True):
    """What the video should not show. It works through guidance: at cfg 1 it does nothing."""

    text: Annotated[str, word(TEXT, "the negative prompt")]

    def shape_pass(self, draft: "Draft") -> None:
        """The text that guidance pushes away from."""
        draft.negative = self.text


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

    def lengths(self, frames: int, fps: float) -> tuple[int, ...]:
        """Latent frames of each segment: equal shares, or what their times come to."""
        latents = geometry.latent_frames(frames)
        spans = [s.when.bounds(frames, fps) for s in self.segments if s.when]
        if len(spans) < len(self.segments):
            return tuple(equal_lengths(latents, len(self.segments)))
        pixels = [max(0, min(end, frames) - min(start, frames)) for start, end in spans]
        if not any(pixels):
            return tuple(0 for _ in pixels)
        return tuple(lengths_from_pixels(pixels, latents))

    def shape_pass(self, draft: "Draft") -> None:
        """Its texts behind the prompt, and who owns which frames."""
        draft.locals = tuple(segment.text for segment in self.segments)
        draft.sampling["relay"] = Relay(self.lengths(draft.frames, draft.fps), self.eps)
