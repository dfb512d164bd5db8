"""Model folders: what is wrong with them is said in a sentence; the tiny one is the same on every build."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from ltxdsl.models import ModelSet
from ltxdsl.runtime.errors import ModelFileError
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.tiny import INDEX, ensure

PARTS = (
    "transformer",
    "video_vae",
    "audio_vae",
    "vocoder",
    "connectors",
    "text_encoder",
    "upsampler 2x",
    "latent_statistics",
)


@pytest.fixture
def broken(models: ModelSet, tmp_path: Path) -> ModelSet:
    """A folder to be broken: its files are links to the whole ones, so they are replaced, never written into."""
    shutil.copytree(models.folder, tmp_path / "copy", copy_function=os.link)
    return msgspec.structs.replace(models, folder=str(tmp_path / "copy"), recipe="")


def replaced(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("keep", [0, 4, 100, 5000, -50])
def test_a_truncated_file(broken: ModelSet, part: str, keep: int) -> None:
    file = next(broken.path(part).glob("*.safetensors"))
    replaced(file, file.read_bytes()[:keep])
    with pytest.raises(ModelFileError) as error:
        Session(broken, device="cpu").part(part)
    assert error.value.path == file
    assert "cut short" in error.value.reason


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_folder_config_or_weights(broken: ModelSet, part: str) -> None:
    folder = broken.path(part)
    for remove in ("*.safetensors", "config.json", None):
        if remove:
            next(folder.glob(remove)).unlink()
        else:
            shutil.rmtree(folder)
        with pytest.raises(ModelFileError):
            Session(broken, device="cpu").part(part)


def test_pickled_weights_are_refused(broken: ModelSet) -> None:
    file = next(broken.path("transformer").glob("*.safetensors"))
    file.rename(file.with_suffix(".bin"))
    with pytest.raises(ModelFileError, match="pickled"):
        Session(broken, device="cpu").part("transformer")


def test_weights_of_another_model(broken: ModelSet) -> None:
    target = next(broken.path("video_vae").glob("*.safetensors"))
    replaced(target, next(broken.path("upsampler 2x").glob("*.safetensors")).read_bytes())
    with pytest.raises(ModelFileError):
        Session(broken, device="cpu").part("video_vae")


def test_a_config_that_is_no_json(broken: ModelSet) -> None:
    replaced(broken.path("video_vae") / "config.json", b"{")
    with pytest.raises(ModelFileError, match="JSON"):
        Session(broken, device="cpu").config("video_vae")


def test_parts_are_loaded_once_and_released(models: ModelSet) -> None:
    session = Session(models, device="cpu")
    assert session.part("upsampler 2x") is session.part("upsampler 2x")
    assert session.loaded == ("upsampler 2x",)
    session.release("upsampler 2x")
    session.release("upsampler 2x")
    assert session.loaded == ()


def test_statistics_are_those_of_the_vae(session: Session) -> None:
    vae, statistics = session.part("video_vae"), session.part("latent_statistics")
    assert statistics.mean.flatten().tolist() == vae.latents_mean.tolist()
    assert statistics.std.flatten().tolist() == vae.latents_std.tolist()
    assert statistics.std.std() > 0.05


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def test_every_build_has_the_same_bits(models: ModelSet, tmp_path: Path) -> None:
    again = msgspec.structs.replace(models, folder=str(tmp_path / "again"))
    ensure(again)
    assert digest(Path(again.folder)) == digest(Path(models.folder))
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_what_is_no_bundle_is_replaced_and_a_bundle_is_kept(models: ModelSet, tmp_path: Path) -> None:
    again = msgspec.structs.replace(models, folder=str(tmp_path / "again"))
    (tmp_path / "again" / "transformer").mkdir(parents=True)
    ensure(again)
    index = Path(again.folder) / INDEX
    stamp = index.stat().st_mtime_ns
    ensure(again)
    assert index.stat().st_mtime_ns == stamp


def test_different_prompts_differ_and_any_text_has_tokens(session: Session) -> None:
    tokenizer = session.part("text_encoder").tokenizer
    texts = ["a man", "a men", "A man", "a  man", "漢字", "漢子", "🎬", "", "naïve", "naive", "1", "2"]
    ids = [tuple(tokenizer(text).input_ids) for text in texts]
    assert len(set(ids)) == len(texts)
    assert all(each[0] == tokenizer.bos_token_id for each in ids)
    assert all(tokenizer.unk_token_id not in each for each in ids)


def test_the_model_set_tells_the_truth(models: ModelSet, session: Session) -> None:
    shape = models.architecture
    config = session.part("transformer").config
    for part in ("transformer", "connectors", "upsampler 2x"):
        assert sum(p.numel() for p in session.part(part).parameters()) == shape.parameters(part)
    statistics = 2 * shape.video_vae.latent_channels
    vae = sum(p.numel() for p in session.part("video_vae").parameters())
    assert vae + statistics == shape.parameters("video_vae")
    text = sum(p.numel() for p in session.part("text_encoder").model.parameters())
    assert text == shape.parameters("text_encoder")
    sound = [p for part in ("audio_vae", "vocoder") for p in session.part(part).parameters()]
    assert sum(p.numel() for p in sound) == pytest.approx(shape.parameters("audio_vae"), rel=0.05)
    assert shape.transformer.layers == config.num_layers
    assert shape.transformer.video_width == config.num_attention_heads * config.attention_head_dim
    assert shape.transformer.audio_width == config.audio_num_attention_heads * config.audio_attention_head_dim
    assert shape.text_encoder.tokens == session.part("text_encoder").tokenizer.model_max_length
