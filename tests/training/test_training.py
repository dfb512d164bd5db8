"""The training code: data that depend on the step alone, runs that go on bit for bit, models of the real class."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ltxdsl.runtime.layout import video_tokens
from ltxdsl.runtime.tiny import bundle, parts
from training import audio, clips, dit, latents, vae
from training.muon import Muon, orthogonal
from training.networks import Networks
from training.pack import packed, unpacked
from training.run import Run, draw_curve, draw_sheet
from training.tasks import TASKS, WORDS_FIRST, Data, Step, relay_of, relayable
from training.world.caption import caption, relayed

SMALL = ((0.5, 32, 9, 2, (32, 64)), (0.5, 64, 1, 1, (64,)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small clips, and a narrow model `tiny`."""
    narrow = vae.LAYOUTS["light"] | {"block_out_channels": (16, 16, 16), "decoder_block_out_channels": (16, 16, 32)}
    monkeypatch.setitem(vae.LAYOUTS, "tiny", narrow)
    monkeypatch.setattr(vae, "TESTS", {"128": (2, 64, 9), "256": (1, 64, 9)})
    monkeypatch.setattr(clips, "START", SMALL)
    monkeypatch.setattr(clips, "MIX", SMALL)


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
    through = vae.VaeTrainer("tiny", steps=10, rate=0.02)
    losses = [through.advance() for _ in range(3)]
    stopped = vae.VaeTrainer("tiny", steps=10, rate=0.02)
    for _ in range(2):
        stopped.advance()
    Run(tmp_path, 1).save(stopped.state())
    resumed = vae.VaeTrainer("tiny", steps=10, rate=0.02)
    resumed.restore(Run(tmp_path, 1).load())
    assert resumed.advance() == losses[2]
    pairs = zip(through.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert not torch.equal(next(through.average.parameters()), next(through.model.parameters()))


@pytest.mark.usefixtures("small")
def test_the_rate_goes_up_stays_and_falls_to_nothing():
    trainer = vae.VaeTrainer("tiny", steps=1000, rate=0.02)
    paces = []
    for trainer.step in (0, 400, 1000 - round(500 * vae.DECAY), 1000):
        paces.append(trainer.pace())
    assert paces == pytest.approx([1 / vae.WARM, 1.0, 0.5, 0.0])


@pytest.mark.usefixtures("small")
def test_the_compact_vae_is_of_the_real_class_and_keeps_the_geometry(tmp_path: Path):
    trainer = vae.VaeTrainer("tiny", steps=10, rate=0.02)
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
    tests = {name: clips.held_out(*what) for name, what in vae.TESTS.items()}

    def train(trainer: vae.VaeTrainer) -> None:
        run = Run(tmp_path, 1)
        vae.train(trainer, run, 2, lambda: vae.validate(trainer, run, tests))

    train(vae.VaeTrainer("tiny", steps=3, rate=0.02))
    for name in ("state.pt", "log.jsonl", "curve.png", "sheet.png", "compact/config.json"):
        assert (tmp_path / name).stat().st_size > 0
    again = vae.VaeTrainer("tiny", steps=4, rate=0.02)
    again.restore(Run(tmp_path, 1).load())
    train(again)
    assert [row["step"] for row in Run(tmp_path, 1).rows(upto=9)] == [2, 3, 4, 4]


@pytest.mark.usefixtures("small")
def test_latents_in_shards_and_an_examination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latents, "SHARD", 2)
    monkeypatch.setattr(latents, "FRAMES", 9)
    vae.write_compact(vae.VaeTrainer("tiny", steps=3, rate=0.02), tmp_path / "vae")
    model = latents.load_vae(tmp_path / "vae")
    latents.write_shards(model, bundle.module("audio_vae"), tmp_path / "latents", 3, (64, 64))
    data = latents.read_data(tmp_path / "latents")
    assert data.latents.shape == (3, 64, 2, 2, 2)
    assert data.stills.shape == (3, 3, 64, 1, 2, 2)
    assert data.sounds.shape == (3, 2, 9, 16)
    assert data.scenes[2] == clips.scene_of(2)
    clip = latents.stack([latents.video(data.scenes[1], latents.whole(64, 64), 9)])
    last = latents.encoded(model, clip[:, :, -1:])[0]
    assert torch.allclose(data.stills[1, 2], last, atol=2e-2)
    scores = dit.Examiner(model, bundle.module("audio_vae"), data, 2)(Networks(1, 32), tmp_path / "sheet.png")
    assert {"colour", "shape", "background", "pitch"} <= scores.keys()
    assert (tmp_path / "sheet.png").is_file()


@pytest.mark.usefixtures("small")
def test_a_shard_without_sound_gets_it_and_keeps_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latents, "FRAMES", 9)
    pictures = torch.randn(2, 64, 2, 2, 2).half()
    save_file({"latents": pictures, "stills": pictures[:, None, :, :1].contiguous()}, tmp_path / "000000.safetensors")
    latents.write_shards(None, bundle.module("audio_vae"), tmp_path, 2)
    data = latents.read_data(tmp_path)
    assert torch.equal(data.latents, pictures.float())
    again = bundle.module("audio_vae")
    mel = audio.mel_of(latents.scene(1), 9)
    expected = audio.encoded(again, mel[None])[0]
    assert torch.allclose(data.sounds[1], expected, atol=5e-3)


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


def made_up(count: int = 12) -> Data:
    """Latents of four frames of 2 x 2 cells, sounds, and scenes of which some change."""
    dice = torch.Generator().manual_seed(5)
    shapes = ((count, 64, 4, 2, 2), (count, 3, 64, 1, 2, 2), (count, 2, 26, 16))
    return Data(*(torch.randn(shape, generator=dice) for shape in shapes), [clips.scene_of(n) for n in range(count)])


@pytest.mark.slow
def test_the_transformer_learns_and_samples_and_goes_on_bit_for_bit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dit, "BATCH", 2)
    data = made_up()

    def trainer() -> dit.DitTrainer:
        return dit.DitTrainer(Networks(layers=1, head=32), data, steps=40)

    through, stopped = trainer(), trainer()
    losses = [through.advance() for _ in range(4)]
    for _ in range(3):
        stopped.advance()
    resumed = trainer()
    resumed.restore(stopped.state())
    assert resumed.advance() == losses[3]
    video, sound = dit.sample(through.model, ["a", "b"], data)
    assert (video.shape, sound.shape) == ((2, *data.latents.shape[1:]), (2, *data.sounds.shape[1:]))


@pytest.mark.parametrize("number", range(WORDS_FIRST, WORDS_FIRST + len(TASKS)))
def test_a_task_asks_for_the_way_from_the_clip_to_the_noise(number: int):
    """Every token is the clip's own, moved by its level along the velocity that is asked for."""
    data, networks = made_up(), Networks(layers=1, head=32)
    step = Step(networks, data, 1, number, 4)
    asked = step.asked()
    batch = asked.batch
    levels = batch.levels if batch.levels.ndim == 2 else batch.levels[:, None].expand(batch.video.shape[:2])
    clean = batch.video - levels[..., None] * asked.target
    clip = video_tokens(data.latents[step.chosen])
    assert torch.allclose(clean[:, : clip.shape[1]], clip, atol=1e-5)
    for at in range(clip.shape[1], clean.shape[1], 4):
        stills = video_tokens(data.stills[step.chosen].flatten(0, 1))
        assert min((clean[0, at : at + 4] - one).abs().max() for one in stills) < 1e-5
    assert batch.coords.shape[2] == batch.video.shape[1]
    kept = (levels == 0).unsqueeze(-1).expand_as(asked.target)
    assert ((asked.weights.expand_as(asked.target) == 0) == kept).all()


@pytest.mark.parametrize("number", range(WORDS_FIRST, WORDS_FIRST + len(TASKS)))
def test_a_perfect_answer_has_no_loss_and_another_has(number: int):
    data, networks = made_up(), Networks(layers=1, head=32)
    asked = Step(networks, data, 1, number, 4).asked()

    def answer(error: torch.Tensor) -> float:
        return dit.loss_of(
            lambda batch: (asked.target + error, asked.audio_target), Step(networks, data, 1, number, 4)
        ).item()

    assert answer(torch.zeros(1)) == pytest.approx(0.0)
    assert answer(5.0 * (asked.weights.expand_as(asked.target) == 0)) == pytest.approx(0.0)
    assert answer(torch.ones(1)) == pytest.approx(1.0)


def test_a_relay_holds_each_prompt_to_its_frames():
    data, networks = made_up(60), Networks(layers=1, head=32)
    scene = data.scenes[data.relays()[0]]
    words, bias, audio_bias = relay_of(networks, data, scene, 1e-3)
    whole, locals_, turn = relayed(scene, 25)
    _, (first, then) = networks.ranges(whole, locals_)
    assert (turn, words) == (12, f"{whole} {locals_[0]} {locals_[1]}")
    frames = bias.unflatten(0, (4, 4)).mean(dim=1)
    lead = frames[:, slice(*first)].mean(dim=1) - frames[:, slice(*then)].mean(dim=1)
    assert lead[0] > lead[1] > 3
    assert lead[2] == 0  # KPR's windows turn at the middle of a latent
    assert lead[3] < -3
    sound = audio_bias[:, slice(*first)].mean(dim=1) - audio_bias[:, slice(*then)].mean(dim=1)
    assert sound[0] > 3 > -3 > sound[-1]


def test_texts_fit_in_the_text_length():
    networks = Networks(layers=1, head=32)
    scenes = [clips.scene_of(n) for n in range(400)]
    texts = [caption(one) for one in scenes]
    texts += [" ".join((whole, *locals_)) for whole, locals_, _ in (relayed(s, 25) for s in scenes if relayable(s))]
    assert max(len(networks.tokenizer(text).input_ids) for text in texts) <= parts.TEXT_TOKENS
