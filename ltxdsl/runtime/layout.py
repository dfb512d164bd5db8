"""The state of a pass as one flat tensor, and latents as tokens.

A sampler sees one tensor 1 M: the clip's latent, the audio latent, then each guide's latent, each flattened as
it is (C T H W). Without guides that is ComfyUI's packing. The transformer sees tokens: 1 N C for video (clip,
then guides), 1 Na C·F for audio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Size, Tensor


@dataclass(frozen=True)
class Layout:
    """The shapes of what is packed: clip 1 C T H W, audio 1 C Ta F, guides 1 C g h w."""

    clip: Size
    audio: Size
    guides: tuple[Size, ...] = ()

    @property
    def shapes(self) -> tuple[Size, ...]:
        """All shapes, in the order of packing."""
        return (self.clip, self.audio, *self.guides)

    def flat(self, latents: Sequence[Tensor]) -> Tensor:
        """Clip, audio and guides as one tensor 1 M."""
        return torch.cat([latent.reshape(1, -1) for latent in latents], dim=1)

    def parts(self, flat: Tensor) -> list[Tensor]:
        """Inverse of `flat`."""
        pieces = torch.split(flat, [shape.numel() for shape in self.shapes], dim=1)
        return [piece.view(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def tokens(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Video tokens and audio tokens of a flat state."""
        clip, audio, *guides = self.parts(flat)
        return torch.cat([video_tokens(latent) for latent in (clip, *guides)], dim=1), audio_tokens(audio)

    @property
    def joined(self) -> tuple[Size, Size]:
        """The shapes in which ComfyUI holds the same: video with the guides behind the clip, on its grid; audio."""
        frames = self.clip[2] + sum(guide[2] for guide in self.guides)
        return Size((*self.clip[:2], frames, *self.clip[3:])), self.audio

    def from_joined(self, video: Tensor, audio: Tensor) -> list[Tensor]:
        """The parts of tensors in ComfyUI's shapes; a guide of a smaller grid has every so manieth cell."""
        clip, *guides = torch.split(video, [shape[2] for shape in (self.clip, *self.guides)], dim=2)
        steps = [(self.clip[3] // shape[3], self.clip[4] // shape[4]) for shape in self.guides]
        return [clip, audio, *(guide[..., ::y, ::x] for guide, (y, x) in zip(guides, steps, strict=True))]

    def from_tokens(self, video: Tensor, audio: Tensor) -> Tensor:
        """Inverse of `tokens`."""
        shapes = (self.clip, *self.guides)
        pieces = torch.split(video, [shape[2:].numel() for shape in shapes], dim=1)
        clip, *guides = (piece.transpose(1, 2).reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))
        return self.flat([clip, audio_from_tokens(audio, self.audio), *guides])


def video_tokens(latent: Tensor) -> Tensor:
    """1 C T H W to 1 T·H·W C."""
    return latent.flatten(2).transpose(1, 2)


def audio_tokens(latent: Tensor) -> Tensor:
    """1 C T F to 1 T C·F."""
    return latent.transpose(1, 2).flatten(2)


def audio_from_tokens(tokens: Tensor, shape: Size) -> Tensor:
    """Inverse of `audio_tokens`, to 1 C T F."""
    return tokens.view(*tokens.shape[:2], shape[1], shape[3]).transpose(1, 2)
