"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal by a Newton-Schulz iteration.

Tall matrices are cut into blocks of at most 128 rows, each made orthogonal by itself (the rows of an upsampler's
kernel belong to different pixels anyhow). The iteration only ever multiplies the matrix X by polynomials of its
Gram matrix G = X Xᵀ, so it runs on the small side: one product to make G, one to apply the polynomial.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5
BLOCK = 128


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """About U Vᵀ of the singular value decomposition of a matrix (rows, columns), block by block."""
    rows, columns = matrix.shape
    if rows % BLOCK == 0:
        return _wide(matrix.view(-1, BLOCK, columns)).reshape(rows, columns)
    if rows > columns:
        return _wide(matrix.T[None])[0].T
    return _wide(matrix[None])[0]


def _wide(blocks: torch.Tensor) -> torch.Tensor:
    """N R C, with R small."""
    blocks = blocks / (blocks.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = blocks @ blocks.mT
    one = torch.eye(gram.shape[1])
    whole = one.expand_as(gram)
    for _ in range(ROUNDS):
        factor = A * one + B * gram + C * (gram @ gram)
        whole = factor @ whole
        gram = factor @ gram @ factor
    return whole @ blocks


class Muon(torch.optim.Optimizer):
    """For kernels and matrices; the rest belongs to AdamW."""

    def __init__(self, weights: Iterable[torch.Tensor], lr: float, momentum: float = 0.95):
        """`lr` is the size of a step in units of an orthogonal matrix."""
        super().__init__(list(weights), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One Nesterov step."""
        for group in self.param_groups:
            for weight in filter(lambda one: one.grad is not None, group["params"]):
                self._move(weight, group["lr"], group["momentum"])

    def _move(self, weight: torch.Tensor, lr: float, momentum: float) -> None:
        state = self.state[weight]
        if not state:
            state["speed"] = torch.zeros_like(weight)
        speed = state["speed"].lerp_(weight.grad, 1 - momentum)
        way = weight.grad.lerp(speed, momentum).reshape(len(weight), -1)
        gain = max(1.0, min(way.shape[0], BLOCK) / way.shape[1]) ** 0.5
        weight.sub_(orthogonal(way).reshape(weight.shape), alpha=lr * gain)
