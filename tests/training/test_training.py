"""The training code: data that depend on the step alone, runs that go on bit for bit, models of the real class."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ltxdsl.runtime.tiny import bundle
from training import audio, clips, dit, latents, vae
from training.muon import Muon, orthogonal
from training.pack import packed, unpacked
from training.run import Run, draw_curve, draw_sheet

SMALL = ((0.5, 32, 9, 2, (32, 64)), (0.5, 64, 1, 1, (64,)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small clips, and a narrow model `tiny`."""
    narrow = vae.LAYOUTS["light"] | {"block_out_channels": (16, 16, 16), "decoder_block_out_channels": (16, 16, 32)}
    monkeypatch.setitem(vae.LAYOUTS, "tiny", narrow)
    monkeypatch.setattr(vae, "TESTS", {"128": (2, 64, 9), "256": (1, 64, 9)})
    monkeypatch.setattr(vae, "batch", lambda seed, step: clips.batch(seed, step, SMALL))


def test_a_batch_is_a_function_of_seed_and_step():
    first, again = clips.batch(1, 5, SMALL), clips.batch(1, 5, SMALL)
    assert torch.equal(first, again)
    assert first.shape[1] == 3
    assert -1 <= first.min() < first.max() <= 1
    others = [clips.batch(1, step, SMALL) for step in range(20)]
    assert {tuple(one.shape) for one in others} == {(2, 3, 9, 32, 32), (1, 3, 1, 64, 64)}


def test_held_out_scenes_are_not_trained_on():
    assert clips.held_out(2, 64, 1).shape == (2, 3, 1, 64, 64)
    assert clips.held_out_scene(0) == clips.scene_of(clips.HELD_OUT)


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (256, 300)])
def test_orthogonal_makes_singular_values_near_one(shape: tuple[int, int]):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for block in orthogonal(matrix).split(128):
        values = torch.linalg.svdvals(block)
        assert 0.5 < values.min() <= values.max() < 1.3


def test_muon_finds_a_matrix():
    torch.manual_seed(0)
    goal, layer, inputs = torch.randn(8, 16), nn.Linear(16, 8, bias=False), torch.randn(64, 16)
    optimiser = Muon(layer.parameters(), lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        (layer(inputs) - inputs @ goal.T).square().mean().backward()
        optimiser.step()
    assert (layer.weight - goal).abs().mean() < 0.1


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path: Path):
    through = vae.Trainer("tiny", steps=10, rate=0.02)
    losses = [through.advance() for _ in range(3)]
    stopped = vae.Trainer("tiny", steps=10, rate=0.02)
    for _ in range(2):
        stopped.advance()
    Run(tmp_path, 1).save(stopped.state())
    resumed = vae.Trainer("tiny", steps=10, rate=0.02)
    resumed.restore(Run(tmp_path, 1).load())
    assert resumed.advance() == losses[2]
    pairs = zip(through.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert not torch.equal(next(through.average.parameters()), next(through.model.parameters()))


@pytest.mark.usefixtures("small")
def test_the_rate_goes_up_stays_and_falls_to_nothing():
    trainer = vae.Trainer("tiny", steps=1000, rate=0.02)
    paces = []
    for trainer.step in (0, 400, 850, 1000):
        paces.append(trainer.pace())
    assert paces == pytest.approx([1 / vae.WARM, 1.0, 0.5, 0.0])


@pytest.mark.usefixtures("small")
def test_the_compact_vae_is_of_the_real_class_and_keeps_the_geometry(tmp_path: Path):
    trainer = vae.Trainer("tiny", steps=10, rate=0.02)
    vae.write_compact(trainer, tmp_path)
    model = latents.load_vae(tmp_path)
    clip = clips.held_out(1, 64, 17)
    hidden = latents.encoded(model, clip)
    assert hidden.shape == (1, 64, 3, 2, 2)
    assert latents.decoded(model, hidden).shape == (1, 17, 64, 64, 3)
    assert (model.spatial_compression_ratio, model.temporal_compression_ratio) == (32, 8)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_run_of_the_vae_leaves_everything_and_goes_on(tmp_path: Path):
    vae.train(vae.Trainer("tiny", steps=3, rate=0.02), Run(tmp_path, 1), check=2)
    for name in ("state.pt", "log.jsonl", "curve.png", "sheet.png", "compact/config.json"):
        assert (tmp_path / name).stat().st_size > 0
    again = vae.Trainer("tiny", steps=4, rate=0.02)
    again.restore(Run(tmp_path, 1).load())
    vae.train(again, Run(tmp_path, 1), check=2)
    assert [row["step"] for row in Run(tmp_path, 1).rows(upto=9)] == [2, 3, 4, 4]


@pytest.mark.usefixtures("small")
def test_latents_in_shards_and_an_examination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latents, "SHARD", 2)
    monkeypatch.setattr(latents, "SIDE", 64)
    monkeypatch.setattr(latents, "FRAMES", 9)
    vae.write_compact(vae.Trainer("tiny", steps=3, rate=0.02), tmp_path / "vae")
    model = latents.load_vae(tmp_path / "vae")
    latents.write_shards(model, bundle.module("audio_vae"), tmp_path / "latents", 3)
    stored, captions = latents.read_shards(tmp_path / "latents")
    assert stored.shape == (3, 64, 2, 2, 2)
    assert latents.read_sounds(tmp_path / "latents").shape == (3, 2, 9, 16)
    assert captions[2] == dit.caption(clips.scene_of(2))
    scores = dit.examine(dit.Networks(1, 32), model, stored[:1].shape, 2, tmp_path / "sheet.png")
    assert {"colour", "shape", "background"} <= scores.keys()
    assert (tmp_path / "sheet.png").is_file()


@pytest.mark.usefixtures("small")
def test_a_shard_without_sound_gets_it_and_keeps_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latents, "FRAMES", 9)
    pictures = torch.randn(2, 64, 2, 2, 2).half()
    save_file({"latents": pictures}, tmp_path / "000000.safetensors")
    latents.write_shards(None, bundle.module("audio_vae"), tmp_path, 2)
    stored, _ = latents.read_shards(tmp_path)
    assert torch.equal(stored, pictures.float())
    again = bundle.module("audio_vae")
    mel = audio.mel_of(latents.scene(1), 9)
    expected = audio.encoded(again, mel[None])[0]
    assert torch.allclose(latents.read_sounds(tmp_path)[1], expected, atol=5e-3)


def test_int8_keeps_weights_within_half_a_step():
    torch.manual_seed(0)
    weights = nn.Conv3d(8, 16, 3).state_dict()
    back = unpacked(packed(weights))
    assert back.keys() == weights.keys()
    assert torch.allclose(back["bias"], weights["bias"], atol=1e-3)
    step = weights["weight"].flatten(1).abs().amax(dim=1).view(-1, 1, 1, 1, 1) / 127
    assert ((back["weight"] - weights["weight"]).abs() <= 0.51 * step + 1e-3 * step * 127).all()


def test_psnr_of_a_known_error():
    real = torch.zeros(1, 3, 1, 8, 8)
    assert vae.psnr(real + 0.2, real).item() == pytest.approx(20.0)


def test_a_state_is_whole_or_old(tmp_path: Path):
    run = Run(tmp_path, 1)
    assert run.load() is None
    run.save({"step": 1})
    (tmp_path / "state.new").write_bytes(b"half a file")
    assert run.load() == {"step": 1}


def test_a_log_forgets_the_steps_that_a_killed_run_lost(tmp_path: Path):
    run = Run(tmp_path, 1)
    for step in (1, 2, 3):
        run.log(step=step, loss=1.0)
    assert [row["step"] for row in run.rows(upto=2)] == [1, 2]


def test_pictures_are_drawn(tmp_path: Path):
    draw_curve(tmp_path / "curve.png", {"a": [(0.0, 1.0), (5.0, 3.0)], "b": []})
    draw_sheet(tmp_path / "sheet.png", list(clips.held_out(2, 32, 9)))
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("curve.png", "sheet.png"))


@pytest.mark.slow
def test_the_transformer_learns_and_samples_and_goes_on_bit_for_bit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dit, "BATCH", 2)
    data, words = torch.randn(2, 64, 2, 2, 2), [dit.caption(dit.scene(n)) for n in range(2)]

    def trainer() -> dit.Trainer:
        return dit.Trainer(dit.Networks(layers=1, head=32), steps=10)

    through, stopped = trainer(), trainer()
    losses = [through.advance(data, words) for _ in range(3)]
    for _ in range(2):
        stopped.advance(data, words)
    resumed = trainer()
    resumed.restore(stopped.state())
    assert resumed.advance(data, words) == losses[2]
    assert dit.sample(through.networks, words, data.shape).shape == data.shape


def test_guide_tokens_are_clean_and_out_of_the_loss():
    """With a perfect answer for all but the first latent frame, a guided step has no loss."""

    class Perfect:
        def velocity(self, tokens, levels, captions, coords):
            self.levels = levels
            return self.answer

        def coords(self, shape):
            return None

    latents_ = torch.randn(2, 4, 2, 2, 2)
    clean = dit.tokens_of(latents_)
    perfect = Perfect()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    perfect.answer = noise - clean
    perfect.answer[:, :4] += 5.0
    assert dit.loss_of(perfect, latents_, ["a", "b"], step=0).item() == pytest.approx(0.0)
    assert (perfect.levels[:, :4] == 0).all()
    assert (perfect.levels[:, 4:] > 0).all()


def test_captions_fit_in_the_text_length():
    networks = dit.Networks(layers=1, head=32)
    lengths = [len(networks.tokenizer(dit.caption(dit.scene(n))).input_ids) for n in range(400)]
    assert max(lengths) <= dit.TEXT_TOKENS
