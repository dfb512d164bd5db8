"""What is known of a value of the graph before anything runs."""

from __future__ import annotations

import msgspec

from ltxdsl import geometry


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of one value. What is not known, or has no meaning for the value, is 0, empty or None.

    `frames` counts pixel frames of the clip itself; `guides` the latent frames appended to it.
    """

    width: int = 0  # pixels
    height: int = 0
    frames: int = 0
    fps: float = 0.0
    guides: int = 0
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
    def guide_tokens(self) -> int:
        """Tokens appended by guides."""
        rows, columns = geometry.cells(self.width, self.height)
        return self.guides * rows * columns

    @property
    def seconds(self) -> float:
        """How long the clip plays."""
        return self.frames / self.fps if self.fps else 0.0

    def but(self, **changed: object) -> Facts:
        """The same facts with some of them changed."""
        return msgspec.structs.replace(self, **changed)
