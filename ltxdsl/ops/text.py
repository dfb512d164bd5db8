"""Prompts: global, negative, and in time."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from ltxdsl import geometry
from ltxdsl.ops.base import Enhance, Relay
from ltxdsl.ops.declare import NOWHERE, Role, Statement, option, parts, statement, word
from ltxdsl.ops.kinds import INTEGER, LORA, NUMBER, SPAN, TEXT, TEXT_OR_NODE, TEXTS
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.source import Span
from ltxdsl.values import TimeSpan

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("prompt", Role.SETTING, 'prompt "a kitchen, morning light"\npass dev 30')
class Prompt(Statement, frozen=True):
    """What the video shows, from the first frame to the last."""

    text: Annotated[str, word(TEXT_OR_NODE, "the prompt; of a raw node, what that writes")]

    def shape_pass(self, draft: "Draft") -> None:
        """The text of the pass."""
        draft.text = self.text


@statement("negative", Role.SETTING, 'prompt "a lake"\nnegative "cartoon, childish"\npass dev 30 { cfg 3 }')
class Negative(Statement, frozen=True):
    """What the video should not show. It works through guidance: at cfg 1 it does nothing."""

    text: Annotated[str, word(TEXT_OR_NODE, "the negative prompt")]

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


@statement(
    "timed",
    Role.SETTING,
    'length 5s\nprompt "a kitchen"\ntimed "[0-2s] she cuts bread" "[2-5s] she looks up"\npass dev 30',
)
class Timed(Statement, frozen=True):
    """Lines with their times in the prompt itself, which the ID-LoRA (talkvid) was trained to follow.

    They are plain text behind the prompt, a line each: nothing holds the model to them. `relay` does, by attention.
    """

    lines: Annotated[tuple[str, ...], word(TEXTS, "lines that begin with their time, such as `[0-2s] …`")]
    rank: ClassVar[int] = 1  # after the prompt

    def shape_pass(self, draft: "Draft") -> None:
        """Behind the prompt."""
        draft.text = "\n".join(filter(None, (draft.text, *self.lines)))


@statement("enhance", Role.SETTING, 'enhance "a queen walks through rows of soldiers" seed 7\npass dev 30')
class EnhancePrompt(Statement, frozen=True):
    """A prompt from an idea: the text model writes it out, then encodes what it wrote.

    It refuses easily; a LoRA against that (abliterated) goes on the writing alone. The encoder was not trained with it.
    """

    targets: ClassVar[tuple[str, ...]] = ("comfy",)
    rank: ClassVar[int] = 2  # after the texts

    text: Annotated[str, word(TEXT, "the idea; `prompt` if not said")] = ""
    seed: Annotated[int, option(INTEGER, "of the writing", low=0, high=2**64 - 1)] = 0
    tokens: Annotated[int, option(INTEGER, "how much to write at most", low=32, high=32768)] = 512
    lora: Annotated[str, option(LORA, "a LoRA of the text model, for the writing only")] = ""
    strength: Annotated[float, option(NUMBER, "of that LoRA", low=-10, high=10)] = 1.0

    def shape_pass(self, draft: "Draft") -> None:
        """The text is an idea."""
        draft.text = self.text or draft.text
        draft.enhance = Enhance(self.seed, self.tokens, self.lora, self.strength)
