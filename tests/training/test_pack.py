"""Parts packed into the package's files, read back by the bundle, and the profile that follows them."""

from __future__ import annotations

import gzip
import time
import tomllib
from pathlib import Path

import pytest
import torch

from ltxdsl.models import load_model_set
from ltxdsl.runtime.errors import ModelFileError
from ltxdsl.runtime.tiny import bundle, weights
from training import pack, pack_bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the package's weights."""
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "weights")
    monkeypatch.setattr(pack_bundle, "FOLDER", tmp_path / "weights")
    return tmp_path / "weights"


def test_a_packed_part_is_what_the_bundle_has(folder: Path):
    seeded = bundle.module("audio_vae")
    with torch.no_grad():
        for weight in seeded.parameters():
            weight.add_(0.05)
    path = pack.write_part("audio_vae", seeded)
    assert path == folder / "embedded-audio-vae.safetensors.gz"
    assert path.stat().st_size < 0.3 * sum(4 * p.numel() for p in seeded.parameters())
    back = bundle.module("audio_vae").state_dict()
    for name, weight in seeded.state_dict().items():
        step = weight.abs().max() / 127 if weight.ndim > 1 else weight.abs() / 1000 + 1e-6
        assert ((back[name] - weight).abs() <= 0.51 * step + 1e-3 * weight.abs()).all(), name
    twin = pack.rounded(seeded).state_dict()
    assert all(torch.equal(twin[name], back[name]) for name in back)


def test_a_file_is_the_same_whenever_it_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Gzip files hold the time, unless they are told not to."""
    seeded = bundle.module("audio_vae")
    first = pack.write_part("audio_vae", seeded).read_bytes()
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert pack.write_part("audio_vae", seeded).read_bytes() == first
    assert gzip.compress(b"") != gzip.compress(b"", mtime=0), "the control"


def test_a_part_without_a_file_is_seeded(folder: Path):
    one, other = bundle.module("audio_vae").state_dict(), bundle.module("audio_vae").state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_file_that_was_changed_is_refused(folder: Path):
    path = pack.write_part("audio_vae", bundle.module("audio_vae"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelFileError, match="SHA256SUMS"):
        bundle.module("audio_vae")


def test_the_packages_files_are_those_of_the_table():
    sums = weights.read_sums(weights.FOLDER)
    files = sorted(weights.FOLDER.glob("embedded-*"))
    assert sorted(sums) == [path.name for path in files]
    for path in files:
        weights.check_sum(path)
    assert sum(path.stat().st_size for path in weights.FOLDER.iterdir()) <= 20_000_000


def test_the_profile_is_named_after_the_weights(folder: Path, tmp_path: Path):
    profile = tmp_path / "embedded.toml"
    profile.write_text(pack_bundle.PROFILE.read_text())
    pack_bundle.update_profile(profile)
    seeded = tomllib.loads(profile.read_text())
    pack.write_part("audio_vae", bundle.module("audio_vae"))
    pack_bundle.update_profile(profile)
    packed = tomllib.loads(profile.read_text())
    assert seeded["recipe"] != packed["recipe"]
    assert seeded["architecture"] == packed["architecture"]
    assert packed["defaults"] == tomllib.loads(pack_bundle.PROFILE.read_text())["defaults"]


def test_the_packages_profile_is_up_to_date(tmp_path: Path):
    profile = tmp_path / "embedded.toml"
    profile.write_text(pack_bundle.PROFILE.read_text())
    pack_bundle.update_profile(profile)
    assert profile.read_text() == pack_bundle.PROFILE.read_text(), "python -m training.pack_bundle"
    assert load_model_set("embedded").recipe in profile.read_text()
