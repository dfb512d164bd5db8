"""The ops of upscales beside the latent upsamplers: statistics of latents, and the way through pixels."""

from __future__ import annotations

from collections.abc import Mapping

from ltxdsl.ops.base import Op, Port
from ltxdsl.ops.facts import Facts


class AdainLatent(Op, frozen=True):
    """Give each channel of a latent the mean and spread of a reference's; `factor` mixes, 0 nothing and 1 all.

    Over the whole clip, or `by_frame`, each latent frame with the reference's frame at its place.
    """

    inputs = {"latent": Port.LATENT, "reference": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "adain_latent"
    factor: float = 1.0
    by_frame: bool = False


class ToneLatent(Op, frozen=True):
    """Compress large values of a latent, as the VAE gives it, by up to 60 %; `ratio` 0 nothing and 1 all."""

    inputs = {"latent": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    uses = ("latent_statistics",)
    kernel = "tone_latent"
    ratio: float


class ResizeFrames(Op, frozen=True):
    """Resize frames to a size. F H W 3 to F H' W' 3."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "resize_frames"
    width: int
    height: int
    method: str = "lanczos"  # lanczos | bicubic | bilinear | area | nearest-exact

    def label(self) -> str:
        """The size."""
        return f"resize to {self.width}x{self.height}"

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size."""
        return {"image": given["image"].but(width=self.width, height=self.height)}


class SuperResolve(Op, frozen=True):
    """Enlarge frames to a size with NVIDIA's RTX super resolution; ComfyUI only."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "super_resolve"
    width: int
    height: int

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size."""
        return {"image": given["image"].but(width=self.width, height=self.height)}


class EncodeClip(Op, frozen=True):
    """Encode the frames of a whole clip as the latent that a pass goes on from."""

    inputs = {"image": Port.IMAGE}
    outputs = {"latent": Port.LATENT}
    uses = ("video_vae",)
    kernel = "encode_clip"
    stored = True
    frames: int

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The clip in the size of its frames, without pictures in place or guides."""
        image = given["image"]
        shape = {"width": image.width, "height": image.height, "frames": self.frames, "fps": image.fps}
        return {"latent": Facts(**shape, colour=image.colour, bits=32)}  # type: ignore[arg-type]
