"""LoRAs in training: without effect at first, learning their task, and read back as a runtime reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ltxdsl.models.lora_header import lora_header
from ltxdsl.runtime.layout import video_tokens
from ltxdsl.runtime.lora import read_lora
from ltxdsl.runtime.tiny import bundle, weights
from tests.training.test_training import made_up
from training import loras, pack
from training.clips import scene_of
from training.networks import Networks
from training.tasks import Step
from training.world.caption import caption
from training.world.scene import Scene, Thing


def trainer(name: str, steps: int = 30) -> loras.LoraTrainer:
    data, networks = made_up(), Networks(layers=1, head=32).eval()
    latents = data.latents[:8, :, :, :1, :1] if name == "outline" else data.latents[:8] + 1
    return loras.LoraTrainer(loras.LORAS[name], networks, data, latents.contiguous(), steps)


@pytest.mark.parametrize("name", loras.LORAS)
def test_only_the_lora_learns(name: str):
    one = trainer(name)
    before = {key: weight.clone() for key, weight in one.networks.state_dict().items()}
    first = one.loss().item()
    for _ in range(12):
        one.advance()
    one.step = 0
    assert one.loss().item() < first
    assert all(torch.equal(before[key], weight) for key, weight in one.networks.state_dict().items())


def test_without_training_nothing_changes():
    one = trainer("outline")
    step = Step(one.networks, one.data, loras.SEED, 0, 4)
    batch = loras.LORAS["outline"].asked(step, one.latents).batch
    plain = one.networks(batch)[0]
    with one.model.active():
        assert torch.equal(one.networks(batch)[0], plain)
    torch.nn.init.ones_(one.model.up[0])
    with one.model.active():
        assert not torch.equal(one.networks(batch)[0], plain)
    assert torch.equal(one.networks(batch)[0], plain), "outside of `active` the transformer is as it was"


def test_outlines_stand_beside_the_clip_clean_and_spread_over_it():
    one = trainer("outline")
    step = Step(one.networks, one.data, loras.SEED, 0, 4)
    asked = loras.LORAS["outline"].asked(step, one.latents)
    own = one.data.tokens
    assert torch.equal(asked.batch.video[:, own:], video_tokens(one.latents[step.chosen]))
    assert (asked.batch.levels[:, own:] == 0).all()
    assert (asked.weights[:, own:] == 0).all()
    reach = asked.batch.coords[0].amax(dim=(1, 2))
    assert torch.equal(reach, asked.batch.coords[0, :, :own].amax(dim=(1, 2))), "the same time, height and width"


def test_most_words_tell_of_something_else_than_the_outlines():
    one = trainer("outline")
    one.data = replace(one.data, scenes=[scene_of(n) for n in range(8)])
    true, pairs = {caption(scene) for scene in one.data.scenes}, []
    for number in range(20):
        step = Step(one.networks, one.data, 1, number, 8)
        words = loras.LORAS["outline"].asked(step, one.latents).batch.words
        pairs += [(text, one.data.scenes[n]) for text, n in zip(words, step.chosen, strict=True) if text]
    assert 0.1 < np.mean([text in true for text, _ in pairs]) < 0.45
    for text, scene in pairs:
        assert scene.background in text, "only what outlines show is another"
    still = np.mean([text.count("stays still") >= len(scene.things) for text, scene in pairs])
    assert 0.3 < still < 0.8


def test_a_style_and_a_control_as_pictures():
    scene = Scene((Thing("ball", "red", "large", "stays still", "in the middle"),), "black")
    pale = loras.pastel(scene)
    assert pale.min() >= 0.5
    assert pale[0, 64, 64, 0] - pale[0, 64, 64, 1] == pytest.approx(0.5 * (0.90 - 0.12), abs=0.01)
    lines = loras.outlines(scene)
    assert lines.shape[1:3] == (64, 64)
    assert lines[0, 32, 32].max() < 0.01 < 0.5 < lines.max()


def test_its_file_is_packed_and_comes_back_with_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    one = trainer("outline")
    for up in one.model.up:
        torch.nn.init.normal_(up)
    one.model.write(tmp_path / "lora.safetensors", metadata=one.task.metadata)
    packed = pack.write_lora("outline", tmp_path / "lora.safetensors")
    assert weights.trained_loras() == ["outline"]
    one.networks.transformer.save_pretrained(tmp_path / "transformer", safe_serialization=True)
    bundle.write_loras(tmp_path / "transformer", tmp_path / "loras")
    assert sorted(path.name for path in (tmp_path / "loras").iterdir()) == [
        "distill.safetensors",
        "outline.safetensors",
    ]
    assert lora_header(tmp_path / "loras" / "outline.safetensors").reference_factor == loras.FACTOR
    modules = [name for name, _ in one.networks.transformer.named_modules()]
    back = read_lora(tmp_path / "loras" / "outline.safetensors", modules)
    assert not back.unknown
    for name, down, up in zip(one.model.names, one.model.down, one.model.up, strict=True):
        whole = back.pairs[name].up @ back.pairs[name].down
        assert torch.allclose(whole, up @ down, atol=0.03 * float((up @ down).abs().max()))
    assert any(key.endswith(weights.SCALE) for key in weights.read_stored(packed).weights)
