"""The look of a latent as numbers: statistics of its channels, and its peaks."""

from __future__ import annotations

import torch
from torch import Tensor


def adain(latent: Tensor, reference: Tensor, factor: float, by_frame: bool = False) -> Tensor:
    """Adaptive instance normalisation, B C T H W: each channel gets the reference's mean and unbiased deviation.

    Over the clip or frame by frame; `factor` mixes. Affine maps of a channel change nothing, so it is the same on
    normalised latents. Source: Huang and Belongie 2017, arXiv 1703.06868; as in diffusers and LTXVAdainLatent.
    """
    axes = (3, 4) if by_frame else (2, 3, 4)
    spread, mean = torch.std_mean(latent, dim=axes, keepdim=True)
    wanted_spread, wanted_mean = torch.std_mean(reference, dim=axes, keepdim=True)
    scaled = (latent - mean) * (wanted_spread / spread.clamp_min(1e-12)) + wanted_mean
    return torch.lerp(latent, scaled, factor)


def compressed(latent: Tensor, ratio: float) -> Tensor:
    """Values shrunk the more the larger they are: x (1 - 0.8 s sigmoid(4 s (|x| - 1))) with s = 0.75 `ratio`.

    Source: diffusers LTX2LatentUpsamplePipeline tone_map_latents.
    """
    s = 0.75 * ratio
    return latent * (1 - 0.8 * s * torch.sigmoid(4 * s * (latent.abs() - 1)))
