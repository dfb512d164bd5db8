"""Normalized attention guidance: a negative prompt inside the attention to the text, at no cfg.

Chen et al. 2025, arXiv 2505.21179, as KJNodes' LTX2_NAG has it: the negative text is not modulated by the noise level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ltxdsl.ops.base import NagUse


@dataclass(frozen=True)
class NagTexts:
    """The texts to push away from, 1 K C for picture and sound (None = left alone), with the numbers."""

    use: NagUse
    video: Tensor | None
    audio: Tensor | None


def pushed_away(positive: Tensor, negative: Tensor, use: NagUse) -> Tensor:
    """What attention gave for the prompt, R N C, away from what it gave for the other text.

    A token whose L1 norm grew over tau times is scaled back to that; alpha says how much of it is taken.
    """
    pushed = use.scale * positive - (use.scale - 1) * negative
    before, after = (z.abs().sum(-1, keepdim=True) for z in (positive, pushed))
    grown = torch.nan_to_num(after / before, nan=10.0)
    held = torch.where(grown > use.tau, pushed * (use.tau * before / (after + 1e-7)), pushed)
    return use.alpha * held + (1 - use.alpha) * positive


@contextmanager
def nag_attention(transformer: Any, texts: NagTexts, rows: Sequence[bool]) -> Iterator[None]:
    """While inside, the rows of the batch that are marked are pushed away in every block's attention to the text."""
    known = []
    for block in transformer.transformer_blocks:
        for attention, context in ((block.attn2, texts.video), (block.audio_attn2, texts.audio)):
            if context is not None:
                known.append((attention, attention.processor))
                attention.processor = _Pushing(attention.processor, context, texts.use, rows)
    try:
        yield
    finally:
        for attention, processor in known:
            attention.processor = processor


class _Bare:
    """An attention without gates and without its last projection."""

    to_gate_logits = None
    to_out = (torch.nn.Identity(), torch.nn.Identity())

    def __init__(self, attention: Any) -> None:
        self._attention = attention

    def __getattr__(self, name: str) -> Any:
        return getattr(self._attention, name)


class _Pushing:
    """A processor of attention that runs another one twice."""

    def __init__(self, inner: Any, context: Tensor, use: NagUse, rows: Sequence[bool]) -> None:
        self.inner, self.context, self.use, self.rows = inner, context, use, rows

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        query_rotary_emb: Any = None,
        key_rotary_emb: Any = None,
    ) -> Tensor:
        """As the inner one, but for the rows that are pushed."""
        bare, rotary = _Bare(attn), {"query_rotary_emb": query_rotary_emb, "key_rotary_emb": key_rotary_emb}
        seen = self.inner(bare, hidden_states, encoder_hidden_states, attention_mask, **rotary)
        context = self.context.to(hidden_states).expand(len(hidden_states), -1, -1)
        other = self.inner(bare, hidden_states, context, None, **rotary)
        chosen = torch.tensor(self.rows, device=seen.device)[:, None, None]
        mixed = torch.where(chosen, pushed_away(seen, other, self.use), seen)
        if attn.to_gate_logits is not None:
            gates = 2 * torch.sigmoid(attn.to_gate_logits(hidden_states))
            mixed = (mixed.view(*mixed.shape[:2], attn.heads, -1) * gates[..., None]).flatten(2)
        out: Tensor = attn.to_out[1](attn.to_out[0](mixed))
        return out
