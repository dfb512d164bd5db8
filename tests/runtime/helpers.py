"""Short ways to say what the tests of the runtime say often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.runtime.kernels import KERNELS
from ltxdsl.runtime.session import Session

FPS = 24.0
PROMPT = "a man walks through a kitchen"
NEGATIVE = "cartoon, blurry"


@dataclass(frozen=True)
class Runner:
    """Runs ops on a session."""

    session: Session

    def __call__(self, op: Op, **inputs: Any) -> dict[str, Any]:
        return KERNELS[op.kernel](self.session, op, **inputs)

    def one(self, op: Op, **inputs: Any) -> Any:
        (value,) = self(op, **inputs).values()
        return value

    def start(self, width: int = 64, height: int = 64, frames: int = 17) -> dict[str, Any]:
        """The inputs of a pass over an empty latent."""
        return {
            "latent": self.one(nodes.EmptyVideo(width=width, height=height, frames=frames)),
            "audio": self.one(nodes.EmptyAudio(frames=frames, fps=FPS)),
            "positive": self.one(nodes.EncodeText(text=PROMPT)),
            "negative": self.one(nodes.EncodeText(text=NEGATIVE)),
        }

    def picture(self, width: int = 64, height: int = 64, seed: int = 0, frames: int = 1) -> Any:
        """Encoded noise-free colour fields."""
        return self.one(nodes.EncodeFrames(), image=frames_of(picture(width, height, seed, frames)))


def picture(width: int, height: int, seed: int = 0, frames: int = 1) -> Tensor:
    """Smooth colour fields, F H W 3 uint8."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(frames, 3, 4, 4, generator=generator)
    large = torch.nn.functional.interpolate(small, size=(height, width), mode="bilinear")
    return (large.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).contiguous()


def frames_of(pixels: Tensor) -> Any:
    from ltxdsl.runtime.values import Frames

    return Frames(pixels)


def pass_op(steps: int = 4, **changes: Any) -> nodes.Sample:
    """A short pass with CFG."""
    sigmas = (*(1 - i / steps for i in range(steps)), 0.0)
    defaults: dict[str, Any] = {
        "sampler": "euler",
        "sigmas": sigmas,
        "seed": 42,
        "fps": FPS,
        "cfg": (3.0,) * steps,
        "audio_cfg": (3.0,) * steps,
    }
    return nodes.Sample(**{**defaults, **changes})


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference over the largest value."""
    return float((ours - theirs).abs().max() / theirs.abs().max())
