"""How far an error of the latents shows in the pixels: what the decoder of a VAE does with a small one.

Pixels are what an upsampler is judged by, and decoding costs fifty times as much as upsampling. A decoder is
about linear near a latent, so the squared error of the pixels is about a quadratic form of the latents' error.
Its diagonal blocks, the 64x64 of the channels in one cell, are measured here once; most training is done on them.
"""

from __future__ import annotations

from typing import Any

import torch

ROUNDS = 6  # random pictures sent back through the decoder for each latent
EVEN = 0.1  # share of the form that treats all channels alike: no error is free


def sensitivity(vae: Any, latents: torch.Tensor, *, half: bool = False) -> torch.Tensor:
    """2 64 64: roots of the forms for a clip's first latent frame and for the later ones.

    `latents` B 64 F' H' W' are whole clips. The square of (root @ error), summed over the cells of a clip, is about
    the sum of the squared errors of its pixels. For random v of spread 1 the mean of (Jᵀv)(Jᵀv)ᵀ is JᵀJ.
    """
    dice = torch.Generator().manual_seed(0)
    sums = torch.zeros(2, latents.shape[1], latents.shape[1])
    for latent in latents.split(1):
        for back in _sent_back(vae, latent, dice, half):
            sums[0] += _products(back[:, :, :1])
            sums[1] += _products(back[:, :, 1:])
    frames, cells = latents.shape[2], latents[0, 0, 0].numel()
    count = len(latents) * ROUNDS * cells
    forms = sums / torch.tensor([count, count * max(1, frames - 1)]).view(2, 1, 1)
    return torch.stack([_root(form) for form in forms])


def _sent_back(vae: Any, latent: torch.Tensor, dice: torch.Generator, half: bool) -> list[torch.Tensor]:
    latent = latent.clone().requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        made = vae.decoder(latent)
    noises = (torch.randn(made.shape, generator=dice) for _ in range(ROUNDS))
    return [torch.autograd.grad(made, latent, noise.to(made.dtype), retain_graph=True)[0].float() for noise in noises]


def _products(back: torch.Tensor) -> torch.Tensor:
    rows = back.transpose(0, 1).flatten(1)
    return rows @ rows.T


def _root(form: torch.Tensor) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(form)
    values = values.clamp(min=0)
    even = (1 - EVEN) * values + EVEN * values.mean()
    return even.sqrt()[:, None] * vectors.T


def shown(roots: torch.Tensor, error: torch.Tensor) -> torch.Tensor:
    """B: about the sum of the squared errors of the pixels that an error B 64 F' H' W' of the latents makes."""
    first = torch.einsum("ij,bjfhw->bifhw", roots[0], error[:, :, :1])
    later = torch.einsum("ij,bjfhw->bifhw", roots[1], error[:, :, 1:])
    return first.square().sum(dim=(1, 2, 3, 4)) + later.square().sum(dim=(1, 2, 3, 4))
