"""LoRA files in all their spellings, and fusing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ltxdsl.models import ModelSet
from ltxdsl.runtime.errors import ModelFileError
from ltxdsl.runtime.lora import FusedLoras, LoraFile, normalised, read_lora
from ltxdsl.runtime.session import Session

OFFICIAL = "diffusion_model."
ODD = {"adaln_single.linear": "time_embed.linear", "audio_prompt_adaln_single.linear": "audio_prompt_adaln.linear"}


@pytest.fixture
def transformer(session: Session) -> torch.nn.Module:
    module: torch.nn.Module = session.transformer()
    return module


@pytest.fixture
def official(models: ModelSet, transformer: torch.nn.Module) -> dict[str, Tensor]:
    """The embedded LoRA, and two modules that Lightricks and diffusers name differently."""
    tensors = load_file(models.lora_path("distill"))
    for theirs, ours in ODD.items():
        rows, columns = transformer.get_submodule(ours).weight.shape
        tensors[f"{OFFICIAL}{theirs}.lora_A.weight"] = torch.randn(2, columns)
        tensors[f"{OFFICIAL}{theirs}.lora_B.weight"] = torch.randn(rows, 2)
    return tensors


def module_names(transformer: torch.nn.Module) -> set[str]:
    return {name for name, module in transformer.named_modules() if isinstance(module, torch.nn.Linear)}


def bare(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(OFFICIAL): tensor for key, tensor in tensors.items()}


def kohya(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Underscores for dots, and alpha: here twice the rank, so `up` is halved."""
    result = {}
    for key, tensor in bare(tensors).items():
        module, _, side = key.removesuffix(".weight").rpartition(".")
        name = "lora_unet_" + module.replace(".", "_")
        result[f"{name}.{'lora_down' if side == 'lora_A' else 'lora_up'}.weight"] = (
            tensor if side == "lora_A" else tensor.float() / 2
        )
        if side == "lora_A":
            result[f"{name}.alpha"] = torch.tensor(2.0 * len(tensor))
    return result


def diffusers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    result = {}
    for key, tensor in bare(tensors).items():
        for theirs, ours in ODD.items():
            if key.startswith(theirs):
                key = key.replace(theirs, ours, 1)
        result[f"transformer.{key}"] = tensor
    return result


@pytest.mark.parametrize("spell", [bare, kohya, diffusers], ids=lambda spell: spell.__name__)
def test_all_spellings_are_one_lora(spell, official: dict[str, Tensor], transformer: torch.nn.Module) -> None:  # type: ignore[no-untyped-def]
    modules = module_names(transformer)
    expected = normalised(official, Path("x"), modules)
    found = normalised(spell(official), Path("x"), modules)
    assert found.unknown == expected.unknown == ()
    assert len(found.pairs) == len(official) // 2
    for name, pair in expected.pairs.items():
        assert torch.equal(found.pairs[name].down, pair.down)
        assert torch.equal(found.pairs[name].up.float(), pair.up.float())


def test_unknown_keys_are_reported(models: ModelSet, tmp_path: Path, transformer: torch.nn.Module) -> None:
    tensors = load_file(models.lora_path("distill"))
    extra = "diffusion_model.video_embeddings_connector.x.lora_A.weight"
    save_file({**tensors, extra: torch.zeros(2, 2)}, tmp_path / "extra.safetensors")
    lora = read_lora(tmp_path / "extra.safetensors", module_names(transformer))
    assert lora.unknown == (extra,)


def test_fusing_is_the_formula_and_restoring_is_exact(models: ModelSet, transformer: torch.nn.Module) -> None:
    before = {name: value.clone() for name, value in transformer.state_dict().items()}
    path = models.lora_path("distill")
    name = "transformer_blocks.0.attn1.to_q"
    pair = read_lora(path, module_names(transformer)).pairs[name]
    fused = FusedLoras(transformer)
    fused.use([LoraFile(path, 0.6), LoraFile(path, -0.1)])
    expected = before[f"{name}.weight"] + 0.5 * (pair.up @ pair.down)
    assert torch.allclose(transformer.get_submodule(name).weight, expected, atol=1e-6)
    fused.use([LoraFile(path, 0.6)])
    only = transformer.get_submodule(name).weight.clone()
    fused.use([])
    assert all(torch.equal(value, before[key]) for key, value in transformer.state_dict().items())
    fused.use([LoraFile(path, 0.6)])
    assert torch.equal(transformer.get_submodule(name).weight, only)
    fused.restore()
    assert all(torch.equal(value, before[key]) for key, value in transformer.state_dict().items())


def test_the_sound_has_a_strength_of_its_own(models: ModelSet, transformer: torch.nn.Module) -> None:
    path = models.lora_path("distill")
    before = {name: value.clone() for name, value in transformer.state_dict().items()}
    pairs = read_lora(path, module_names(transformer)).pairs
    fused = FusedLoras(transformer)
    fused.use([LoraFile(path, 0.6, audio=0.25)])
    block = "transformer_blocks.0"
    for module, strength in ((f"{block}.attn1.to_q", 0.6), (f"{block}.audio_attn1.to_q", 0.25)):
        expected = before[f"{module}.weight"] + strength * (pairs[module].up @ pairs[module].down)
        assert torch.allclose(transformer.get_submodule(module).weight, expected, atol=1e-6)
    fused.restore()


@pytest.mark.parametrize(
    ("module", "strength"),
    [("attn1.to_q", 0.6), ("audio_ff.net.2", 0.25), ("audio_attn2.to_k", 0.25), ("video_to_audio_attn.to_q", 0.6)],
)
def test_which_layers_are_the_sounds_own(module: str, strength: float) -> None:
    assert LoraFile(Path("a"), 0.6, audio=0.25).strength_in(f"transformer_blocks.1.{module}") == strength


def test_strength_0_is_no_lora(models: ModelSet, transformer: torch.nn.Module) -> None:
    weight = transformer.get_submodule("transformer_blocks.0.attn1.to_q").weight
    data = weight.data
    FusedLoras(transformer).use([LoraFile(models.lora_path("distill"), 0.0)])
    assert weight.data.data_ptr() == data.data_ptr()


@pytest.mark.parametrize("broken", ["missing", "short", "shape", "half"])
def test_broken_files(broken: str, models: ModelSet, tmp_path: Path, transformer: torch.nn.Module) -> None:
    path = tmp_path / "broken.safetensors"
    name = "diffusion_model.transformer_blocks.0.attn1.to_q"
    if broken == "short":
        path.write_bytes(models.lora_path("distill").read_bytes()[:-100])
    elif broken == "shape":
        save_file({f"{name}.lora_A.weight": torch.zeros(2, 9), f"{name}.lora_B.weight": torch.zeros(9, 2)}, path)
    elif broken == "half":
        save_file({f"{name}.lora_A.weight": torch.zeros(2, 128)}, path)
    before = {key: value.clone() for key, value in transformer.state_dict().items()}
    with pytest.raises(ModelFileError):
        FusedLoras(transformer).use([LoraFile(models.lora_path("distill"), 0.5), LoraFile(path, 1.0)])
    assert all(torch.equal(value, before[key]) for key, value in transformer.state_dict().items())
