"""The audio side of the training: sounds by their number, a run that goes on, the judge through vocoder and VAE."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from ltxdsl.geometry import audio_latents
from ltxdsl.runtime.mel import SILENCE, latent_mel_frames
from ltxdsl.runtime.tiny.vocoder import vocoder
from training import audio, sounds
from training.clips import held_out_scene
from training.run import Run
from training.trainer import Pace, Trainer, begin, train


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and short sounds."""
    monkeypatch.setattr(sounds, "SHAPES", ((2, 21), (3, 13)))
    monkeypatch.setattr(audio, "TESTS", 3)


@pytest.mark.usefixtures("small")
def test_a_batch_is_a_function_of_seed_and_step():
    assert torch.equal(sounds.batch(1, 4), sounds.batch(1, 4))
    assert not torch.equal(sounds.batch(1, 4), sounds.batch(1, 6))
    shapes = {tuple(sounds.batch(1, step).shape) for step in range(4)}
    assert shapes == {(2, 2, 21, 64), (3, 2, 13, 64)}


def test_batches_hold_silence_and_tones_on_both_sides():
    mels = torch.cat([sounds.batch(3, step) for step in (0, 2, 4)])
    quiet = (mels - SILENCE).abs() < 1e-4
    assert 0.05 < quiet.flatten(1).all(dim=1).float().mean() < 0.5
    assert mels.max() > -1
    different = (mels[:, 0] - mels[:, 1]).abs().flatten(1).amax(dim=1) > 0.01
    assert 0.05 < different.float().mean() < 0.5


@pytest.mark.parametrize("frames", [9, 25, 49])
def test_a_scenes_sound_has_as_many_latents_as_its_clip(frames: int):
    mel = sounds.mel_of(held_out_scene(0), frames)
    latents = audio_latents(frames, sounds.FPS)
    assert mel.shape == (2, latent_mel_frames(latents), 64)
    assert audio.means(audio.AudioTrainer(10).model, mel[None]).shape == (1, 2, latents, 16)


def test_the_judge_hears_every_held_out_scene_through_the_vocoder():
    """The ceiling of what an audio VAE can reach, and the proof that the measure can fail."""
    voice = vocoder().eval()
    scores = audio.examine(None, voice, 60, lambda mel: mel)
    assert scores == {"pitch": 1.0, "silence": 0.0, "nats": 0.0, "loud_nats": 0.0}
    lower = audio.examine(None, voice, 20, lambda mel: mel.roll(-4, dims=3))
    assert lower["pitch"] < 0.5


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_run_of_the_audio_vae_leaves_everything_and_goes_on(tmp_path: Path):
    voice, run = vocoder().eval(), Run(tmp_path, 1)
    for steps in (2, 3):
        trainer = audio.AudioTrainer(steps)
        begin(trainer, run)
        train(trainer, run, 2, partial(audio.validate, trainer, run, voice))
    for name in ("state.pt", "log.jsonl", "curve.png", "sheet.png", "compact/config.json"):
        assert (tmp_path / name).stat().st_size > 0
    assert [row["step"] for row in run.rows(upto=9)] == [2, 2, 3]


@pytest.mark.usefixtures("small")
def test_a_state_restored_is_the_state_that_was(tmp_path: Path):
    through, stopped = audio.AudioTrainer(10), audio.AudioTrainer(10)
    losses = [through.advance() for _ in range(3)]
    for _ in range(2):
        stopped.advance()
    Run(tmp_path, 1).save(stopped.state())
    resumed = audio.AudioTrainer(10)
    begin(resumed, Run(tmp_path, 1))
    assert resumed.advance() == losses[2]
    pairs = zip(through.average.parameters(), resumed.average.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_latents_are_whitened_and_back(tmp_path: Path):
    model = audio.AudioTrainer(10).average
    audio.set_statistics(model, 30)
    mel = torch.stack([sounds.mel_of(audio.scene_of(number), sounds.FRAMES) for number in range(30)])
    latents = audio.encoded(model, mel)
    features = latents.transpose(1, 2).flatten(2).flatten(0, 1)
    assert features.mean(dim=0).abs().max() < 1e-3
    assert features.std(dim=0).numpy() == pytest.approx(1.0, abs=1e-2)
    plain = model.decoder(audio.means(model, mel))
    assert torch.allclose(audio.decoded(model, latents), plain, atol=1e-3)


def test_the_pace_goes_up_stays_and_falls_to_nothing():
    pace = Pace(1000, 1.0, 1.0, warm=50, decay=0.3)
    assert [pace.at(step) for step in (0, 400, 850, 1000)] == pytest.approx([1 / 50, 1.0, 0.5, 0.0])


def test_a_trainer_parts_kernels_from_the_rest():
    model = torch.nn.Sequential(torch.nn.Conv1d(2, 4, 3), torch.nn.Conv1d(4, 4, 3), torch.nn.Conv1d(4, 1, 3))
    trainer = Trainer(model, (model[0].weight, model[2].weight), Pace(10, 0.1, 0.1))
    (muon, _), (rest, _) = trainer.optimisers
    assert [one is model[1].weight for one in muon.param_groups[0]["params"]] == [True]
    assert len(rest.param_groups[0]["params"]) == 5
