"""Normalized attention guidance against its formula, and against two plain calls where nothing is held back."""

from __future__ import annotations

import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.ops.base import NagUse
from ltxdsl.runtime.nag import NagTexts, nag_attention, pushed_away

from .helpers import Runner, pass_op

USUAL = NagUse("cartoon", "", 11.0, 0.25, 2.5)


@pytest.mark.parametrize(
    ("negative", "expected"),
    [
        ([0.5, -1, 1, 0.25], [1.275, -2.55, -0.01875, -0.21875]),
        ([0.95, -1.9, 0.5, 0.05], [1.125, -2.25, 0.5, -0.125]),
    ],
)
def test_the_vectors_of_kjnodes(negative: list[float], expected: list[float]) -> None:
    positive = torch.tensor([[[1, -2, 0.5, 0]]], dtype=torch.float64)
    other = torch.tensor([[negative]], dtype=torch.float64)
    assert pushed_away(positive, other, USUAL).flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_nothing_held_back_is_a_sum_of_two_plain_calls(run: Runner) -> None:
    """Gates and the last projection are linear, so that they may come before or after; unmarked rows stay."""
    transformer = run.session.transformer()
    texts = [run.one(nodes.EncodeText(text=text)).video for text in ("a kitchen", "a cartoon")]
    attention = transformer.transformer_blocks[1].attn2
    x = torch.randn(2, 5, attention.to_q.in_features, generator=torch.Generator().manual_seed(3))
    use = NagUse("", "", 4.0, 0.5, 1e9)
    with torch.no_grad():
        plain, other = (attention(x, encoder_hidden_states=text.expand(2, -1, -1)) for text in texts)
        with nag_attention(transformer, NagTexts(use, texts[1], None), [True, False]):
            pushed = attention(x, encoder_hidden_states=texts[0].expand(2, -1, -1))
        after = attention(x, encoder_hidden_states=texts[0].expand(2, -1, -1))
    expected = 0.5 * (4 * plain[0] - 3 * other[0]) + 0.5 * plain[0]
    assert torch.allclose(pushed[0], expected, atol=1e-6 * float(expected.abs().max()))
    assert torch.equal(pushed[1], plain[1])
    assert torch.equal(after, plain)
    assert not torch.allclose(pushed[0], plain[0], atol=1e-4)


def test_in_a_pass(run: Runner) -> None:
    inputs = run.start()
    cfg = {"cfg": (1.0,) * 3, "audio_cfg": (1.0,) * 3}
    texts = {"nag": run.one(nodes.EncodeText(text="cartoon")), "nag_audio": run.one(nodes.EncodeText(text="music"))}
    plain = run(pass_op(3, **cfg), **inputs)["latent"].samples
    off = run(pass_op(3, nag=NagUse("cartoon", "music", 11.0, 0.0, 2.5), **cfg), **inputs, **texts)["latent"].samples
    on = run(pass_op(3, nag=NagUse("cartoon", "music", 11.0, 0.25, 2.5), **cfg), **inputs, **texts)["latent"].samples
    assert torch.allclose(off, plain, atol=1e-5)
    assert not torch.allclose(on, plain, atol=1e-4)
