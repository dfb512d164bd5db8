"""What is known of a value of the graph before anything runs."""

from __future__ import annotations

import msgspec

from ltxdsl import geometry


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of one value. What is not known, or has no meaning for the value, is 0, empty or None.

    `frames` counts pixel frames of the clip itself; `guides` the latent frames appended to it, `guide_tokens` their
    tokens; `biased` says that the clip attends to some of them less than fully.
    """

    width: int = 0  # pixels
    height: int = 0
    frames: int = 0
    fps: float = 0.0
    guides: int = 0
    guide_tokens: int = 0
    biased: bool = False
    parted: bool = False  # some cells are held, and others in the same frame are not
    held: dict[int, float] = {}  # latent frames with a picture in place, and its strength
    audio_latents: int = 0
    noise: float = 0.0  # the share of noise that is left in it
    colour: str = ""  # how light is coded: srgb, logc3, linear, …
    bits: int = 0  # of a colour channel; 32 is floating point

    @property
    def latents(self) -> int:
        """Latent frames of the clip itself."""
        return geometry.latent_frames(self.frames) if self.frames else 0

    @property
    def tokens(self) -> int:
        """Video tokens of the clip itself."""
        return geometry.tokens(self.width, self.height, self.frames) if self.frames else 0

    @property
    def cells(self) -> tuple[int, int, int]:
        """Frames, rows and columns of the latent."""
        return (self.latents, *geometry.cells(self.width, self.height))

    @property
    def pixels(self) -> int:
        """Of all frames."""
        return self.width * self.height * self.frames

    @property
    def masked(self) -> bool:
        """Whether tokens of the clip or its guides have noise levels of their own."""
        return bool(self.held) or self.parted or self.guide_tokens > 0

    @property
    def seconds(self) -> float:
        """How long the clip plays."""
        return self.frames / self.fps if self.fps else 0.0

    def but(self, **changed: object) -> Facts:
        """The same facts with some of them changed."""
        return msgspec.structs.replace(self, **changed)

    def bare(self) -> Facts:
        """The same without guides."""
        return self.but(guides=0, guide_tokens=0, biased=False)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What an op asks of the transformer: rows of the batch at each step, calls a step, biases on the text."""

    rows: tuple[int, ...]
    evaluations: int = 1
    calls_to_zero: int = 1  # of the last step
    text_bias: bool = False

    @property
    def calls(self) -> int:
        """Rows evaluated in all."""
        *before, last = self.rows or (0,)
        return sum(before) * self.evaluations + last * self.calls_to_zero
