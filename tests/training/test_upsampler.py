"""The upsamplers' training: pairs of one scene at two sizes, a run that goes on, the comparison with bicubic."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltxdsl.geometry import upsampled_cells
from training import pairs, upsampler
from training.run import Run
from training.trainer import begin, train
from training.vae import LAYOUTS, build

KINDS = {"whole": pairs.Kind(0.6, 64, 64, 0, 1), "piece": pairs.Kind(0.4, 64, 64, 96, 1)}


@pytest.fixture
def vae(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A narrow, untrained VAE, and few and small pairs."""
    narrow = LAYOUTS["light"] | {"block_out_channels": (16, 16, 16), "decoder_block_out_channels": (16, 16, 32)}
    monkeypatch.setitem(LAYOUTS, "tiny", narrow)
    monkeypatch.setattr(pairs, "KINDS", KINDS)
    monkeypatch.setattr(upsampler, "KINDS", KINDS)
    monkeypatch.setattr(upsampler, "TESTS", 2)
    monkeypatch.setattr(upsampler, "BATCH", 2)
    monkeypatch.setattr(upsampler, "SEEN_BATCH", 1)
    torch.manual_seed(0)
    return build("tiny").eval().requires_grad_(False)


@pytest.mark.parametrize("kind", pairs.KINDS.values())
@pytest.mark.parametrize("factor", pairs.FACTORS.values())
def test_a_pair_shows_the_same_in_two_sizes(kind: pairs.Kind, factor: float):
    kind = kind._replace(frames=1)
    small, large = pairs.clip(kind, 7), pairs.clip(kind, 7, factor)
    assert large.shape[-2:] == (int(factor * kind.height), int(factor * kind.width))
    shrunk = upsampler.bicubic(large, small.shape[-2:])
    assert (shrunk - small).abs().mean() < 0.02
    assert (pairs.clip(kind, 8) - small).abs().mean() > 0.05


def test_shards_hold_both_factors_of_every_kind(vae: Any, tmp_path: Path):
    pairs.write_pairs(vae, tmp_path, 5)
    for factor, cells in (("x2", 4), ("x1.5", 3)):
        read = pairs.read_pairs(tmp_path, factor)
        assert {name: len(small) for name, (small, _) in read.items()} == {"whole": 3, "piece": 2}
        assert read["whole"][0].shape == (3, 64, 1, 2, 2)
        assert read["piece"][1].shape == (2, 64, 1, cells, cells)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    pairs.write_pairs(vae, tmp_path, 5)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == stamps


@pytest.mark.parametrize("factor", pairs.FACTORS)
def test_the_model_makes_cells_as_the_geometry_says(factor: str):
    latent = torch.randn(1, 64, 2, 3, 4)
    made = upsampler.build(factor)(latent)
    assert made.shape == (1, 64, 2, *(upsampled_cells(cells, pairs.FACTORS[factor]) for cells in (3, 4)))


def test_an_open_norm_keeps_how_bright_a_clip_is():
    """Twice the latent gives about twice the answer of the first layer; a norm as it is made hides it."""
    model = upsampler.build("x2")
    latent = torch.randn(1, 64, 4, 4)
    through = [model.initial_norm(model.initial_conv(scale * latent)) for scale in (1.0, 2.0)]
    assert (through[1].std() / through[0].std()).item() == pytest.approx(2.0, rel=0.15)


def test_a_run_leaves_everything_and_goes_on(vae: Any, tmp_path: Path):
    pairs.write_pairs(vae, tmp_path / "pairs", 5)
    data, run = pairs.read_pairs(tmp_path / "pairs", "x2"), Run(tmp_path / "run", 1)
    test = upsampler.trial(vae, "x2", 2)
    for steps in (3, 4):
        trainer = upsampler.UpsamplerTrainer("x2", data, vae, steps)
        begin(trainer, run)
        train(trainer, run, 3, partial(upsampler.validate, trainer, run, test))
    for name in ("state.pt", "log.jsonl", "curve.png", "sheet.png", "compact/config.json"):
        assert (run.folder / name).stat().st_size > 0
    assert [row["step"] for row in run.rows(upto=9)] == [3, 3, 4]


def test_it_learns_a_doubling(vae: Any):
    """Latents whose cells are simply doubled."""
    small = torch.randn(8, 64, 1, 2, 2)
    data = {"whole": (small, small.repeat_interleave(2, 3).repeat_interleave(2, 4))}
    trainer = upsampler.UpsamplerTrainer("x2", data, vae, 200)
    losses = [trainer.advance() for _ in range(60)]
    assert losses[-1] < losses[0] - 0.7, "half the squared error, in its logarithm"


def test_pixels_follow_latents(vae: Any, monkeypatch: pytest.MonkeyPatch):
    """Late in a run three steps of four are judged on pixels, and what they ask for is learnt."""
    small, large = (torch.randn(4, 64, 1, cells, cells) for cells in (2, 4))
    trainer = upsampler.UpsamplerTrainer("x2", {"whole": (small, large)}, vae, 100)
    assert trainer.seen_at(100 * upsampler.SEEN_FROM + 1)
    assert [trainer.seen_at(step) for step in range(96, 100)] == [False, True, True, True]
    assert not any(trainer.seen_at(step) for step in range(50))
    monkeypatch.setattr(trainer, "seen_at", lambda step: True)

    def error() -> float:
        return float(np.mean([trainer._seen(np.random.default_rng(seed)).item() for seed in range(8)]))

    before = error()
    for _ in range(60):
        trainer.advance()
    assert error() < before - 0.1, "in the logarithm of the squared error"


def test_a_comparison_names_its_ceiling(vae: Any):
    class Doubling(torch.nn.Module):
        def forward(self, latent: torch.Tensor) -> torch.Tensor:
            return latent.repeat_interleave(2, 3).repeat_interleave(2, 4)

    scores = upsampler.compare(Doubling(), vae, "x2", 2)
    assert scores.keys() == {"upsampled", "bicubic", "ceiling"}
    assert all(0 < value < 60 for value in scores.values())
