"""What flows through the ports of ops, and how it is kept: named tensors and a little JSON, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor

from ltxdsl.ops.base import Port

Tensors: TypeAlias = dict[str, Tensor]
Meta: TypeAlias = dict[str, Any]  # what JSON can hold


@dataclass(frozen=True)
class Frames:
    """Pictures: `pixels` F H W 3, float 0..1 or uint8."""

    pixels: Tensor

    def to_tensors(self) -> tuple[Tensors, Meta]:
        """The pixels."""
        return {"pixels": self.pixels}, {}

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: Meta) -> Self:
        """Inverse of `to_tensors`."""
        return cls(tensors["pixels"])


@dataclass(frozen=True)
class Text:
    """An encoded prompt: `video` 1 K D and `audio` 1 K Da; `ranges` are the keys [start, end) of its locals."""

    video: Tensor
    audio: Tensor
    ranges: tuple[tuple[int, int], ...] = ()

    def to_tensors(self) -> tuple[Tensors, Meta]:
        """Both contexts; the ranges as JSON."""
        return {"video": self.video, "audio": self.audio}, {"ranges": [list(span) for span in self.ranges]}

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: Meta) -> Self:
        """Inverse of `to_tensors`."""
        ranges = tuple((int(start), int(end)) for start, end in meta["ranges"])
        return cls(tensors["video"], tensors["audio"], ranges)


@dataclass(frozen=True)
class Guide:
    """Encoded frames that stand at pixel frame `frame` beside the clip: `latent` 1 C g h w.

    `whole` says that every latent covers 8 frames, the first one too (else that covers one, as in a clip).
    """

    latent: Tensor
    frame: int
    strength: float = 1.0
    attention: float = 1.0
    whole: bool = False

    @property
    def tokens(self) -> int:
        """Tokens that it adds."""
        return self.latent[0, 0].numel()


@dataclass(frozen=True)
class VideoLatent:
    """A normalised video latent: `samples` 1 C T H W, `mask` 1 1 T 1 1 or 1 1 T H W (1 = denoise, 0 = keep).

    `whole` as in `Guide`: set for frames encoded to stand later than the first.
    """

    samples: Tensor
    mask: Tensor
    guides: tuple[Guide, ...] = ()
    whole: bool = False

    def to_tensors(self) -> tuple[Tensors, Meta]:
        """Samples, mask and one latent a guide; where and how strong guides are as JSON."""
        tensors = {f"guide{i}": guide.latent for i, guide in enumerate(self.guides)}
        places = [[g.frame, g.strength, g.attention, g.whole] for g in self.guides]
        return {"samples": self.samples, "mask": self.mask, **tensors}, {
            "guides": places,
            "whole": self.whole,
        }

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: Meta) -> Self:
        """Inverse of `to_tensors`."""
        guides = tuple(Guide(tensors[f"guide{i}"], *place) for i, place in enumerate(meta["guides"]))
        return cls(tensors["samples"], tensors["mask"], guides, meta["whole"])


def unmasked(samples: Tensor) -> VideoLatent:
    """A latent that is to be denoised everywhere."""
    return VideoLatent(samples, torch.ones(1, 1, samples.shape[2], 1, 1, device=samples.device))


@dataclass(frozen=True)
class AudioLatent:
    """A normalised audio latent: `samples` 1 C Ta F, `mask` 1 1 Ta 1 (1 = denoise, 0 = keep), None = denoise all."""

    samples: Tensor
    mask: Tensor | None = None

    def to_tensors(self) -> tuple[Tensors, Meta]:
        """The samples, and the mask if there is one."""
        return {"samples": self.samples, **({} if self.mask is None else {"mask": self.mask})}, {}

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: Meta) -> Self:
        """Inverse of `to_tensors`."""
        return cls(tensors["samples"], tensors.get("mask"))


@dataclass(frozen=True)
class Audio:
    """Sound: `samples` channels N, float -1..1, at `rate` Hz."""

    samples: Tensor
    rate: int

    def to_tensors(self) -> tuple[Tensors, Meta]:
        """The samples; the rate as JSON."""
        return {"samples": self.samples}, {"rate": self.rate}

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: Meta) -> Self:
        """Inverse of `to_tensors`."""
        return cls(tensors["samples"], int(meta["rate"]))


@dataclass(frozen=True)
class File:
    """A written file, or a file a frame. It holds no tensors: the executor keeps the files themselves."""

    path: Path
    frames: tuple[Path, ...] = ()


Value: TypeAlias = Frames | Text | VideoLatent | AudioLatent | Audio | File
Stored: TypeAlias = Frames | Text | VideoLatent | AudioLatent | Audio

# The type behind each port that the store keeps.
STORED: dict[Port, type[Stored]] = {
    Port.IMAGE: Frames,
    Port.TEXT: Text,
    Port.LATENT: VideoLatent,
    Port.AUDIO_LATENT: AudioLatent,
    Port.AUDIO: Audio,
}
TYPES: dict[Port, type[Value]] = {**STORED, Port.FILE: File, Port.WIRE: Frames}  # no kernel makes a wire
