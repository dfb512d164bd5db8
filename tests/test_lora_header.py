"""Headers of LoRA files, written by the safetensors package and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ltxdsl.models.lora_header import generation_named, lora_header

BLOCK = "transformer_blocks.0.attn1.to_q.lora_A.weight"


def written(folder: Path, key: str, **metadata: str):
    path = folder / f"{len(list(folder.iterdir()))}.safetensors"
    save_file({key: np.zeros((2, 2), np.float32)}, path, metadata=metadata)
    header = lora_header(path)
    assert header is not None
    return header


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        (f"diffusion_model.{BLOCK}", True),
        (BLOCK, True),
        (f"transformer.{BLOCK}", True),
        ("lora_unet_transformer_blocks_0_attn1_to_q.lora_down.weight", True),
        ("diffusion_model.transformer_blocks.3.audio_attn1.to_q.lora_A.weight", True),
        ("diffusion_model.blocks.0.self_attn.q.lora_A.weight", False),
        ("double_blocks.0.img_attn.qkv.lora_A.weight", False),
    ],
)
def test_the_names_of_its_tensors_tell_the_model(tmp_path: Path, key: str, fits: bool):
    assert written(tmp_path, key).fits_ltx == fits


@pytest.mark.parametrize(("text", "factor"), [("2", 2), ("1", 1), ("1.9", 2), ("0.2", 1), ("half", 1)])
def test_the_factor_is_read_as_comfyui_does(tmp_path: Path, text: str, factor: int):
    assert written(tmp_path, BLOCK, reference_downscale_factor=text).reference_factor == factor
    assert written(tmp_path, BLOCK, **{"ltx.reference_downscale_factor": text}).reference_factor == factor


def test_an_ordinary_lora_needs_no_guide(tmp_path: Path):
    header = written(tmp_path, BLOCK, format="pt")
    assert header.reference_factor == 0
    assert not header.hdr


def test_hdr(tmp_path: Path):
    assert written(tmp_path, BLOCK, hdr_transform="logc3").hdr
    assert written(tmp_path, BLOCK, use_hdr_transform="true").hdr
    assert not written(tmp_path, BLOCK, use_hdr_transform="False").hdr


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>" * 9, (9).to_bytes(8, "little") + b"not json!", b"\xff" * 64])
def test_what_is_no_safetensors_file_has_no_header(tmp_path: Path, content: bytes):
    (tmp_path / "x.safetensors").write_bytes(content)
    assert lora_header(tmp_path / "x.safetensors") is None
    assert lora_header(tmp_path / "none") is None
    assert lora_header(Path("\0")) is None


@pytest.mark.parametrize(
    ("name", "generation"),
    [
        ("ltx-2-19b-lora-camera-control-dolly-in.safetensors", "2.0"),
        ("chars\\ltx-2.3-22b-ic-lora-union-control-ref0.5.safetensors", "2.3"),
        ("ltx23_anime2real_rank64_v1_4500.safetensors", "2.3"),
        ("ltx-2.5-22b-distilled-lora-450-bf16.safetensors", "2.5"),
        ("lightx2v_T2V_14B_cfg_step_distill_v2_lora_rank128_bf16.safetensors", "WAN"),
        ("my_character.safetensors", ""),
        ("swan_lake.safetensors", ""),
    ],
)
def test_names_tell_the_generation(name: str, generation: str):
    assert generation_named(name) == generation
