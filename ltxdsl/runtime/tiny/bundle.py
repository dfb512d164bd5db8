"""Writing the tiny bundle: the layout of a diffusers LTX-2 repository, and its LoRAs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ltxdsl.models import DISTILL
from ltxdsl.runtime.loading import quiet
from ltxdsl.runtime.tiny import INDEX, parts
from ltxdsl.runtime.tiny.tokenizer import build_tokenizer
from ltxdsl.runtime.tiny.vocoder import vocoder
from ltxdsl.runtime.tiny.weights import trained, trained_loras, write_trained_lora

SEED = 20260
LORA_RANK = 4

# folder: (library and class in model_index.json, builder)
MODULES: dict[str, tuple[tuple[str, str], Callable[[], Any]]] = {
    "transformer": (("diffusers", "LTX2VideoTransformer3DModel"), parts.transformer),
    "vae": (("diffusers", "AutoencoderKLLTX2Video"), parts.video_vae),
    "audio_vae": (("diffusers", "AutoencoderKLLTX2Audio"), parts.audio_vae),
    "vocoder": (("ltx2", "LTX2VocoderWithBWE"), vocoder),
    "connectors": (("ltx2", "LTX2TextConnectors"), parts.connectors),
    "text_encoder": (("transformers", "Gemma3ForConditionalGeneration"), parts.text_encoder),
    "latent_upsampler": (("ltx2", "LTX2LatentUpsamplerModel"), parts.upsampler),
    "latent_upsampler_x1_5": (("ltx2", "LTX2LatentUpsamplerModel"), partial(parts.upsampler, 1.5)),
}
TOKENIZER = ("transformers", "PreTrainedTokenizerFast")
SCHEDULER = ("diffusers", "FlowMatchEulerDiscreteScheduler")
SCHEDULER_CONFIG = {
    "use_dynamic_shifting": True,
    "base_shift": 0.95,
    "max_shift": 2.05,
    "base_image_seq_len": 1024,
    "max_image_seq_len": 4096,
    "shift_terminal": 0.1,
}


def write_bundle(folder: Path) -> None:
    """Write every part; the same bits on every build with one torch version."""
    with torch.random.fork_rng(devices=[]), quiet():
        for name in MODULES:
            module(name).save_pretrained(folder / name, safe_serialization=True)
        write_loras(folder / "transformer", folder / "loras")
    build_tokenizer(parts.TEXT_TOKENS).save_pretrained(folder / "tokenizer")
    _write_json(folder / "scheduler" / "scheduler_config.json", {"_class_name": SCHEDULER[1], **SCHEDULER_CONFIG})
    _write_json(folder / INDEX, _index())


def module(name: str) -> Any:
    """A part with its trained weights, or with those of the seed while it has none."""
    first = seeded(name)
    return (trained(name, type(first)) or first).eval()


def seeded(name: str) -> Any:
    """A part as the seed makes it."""
    torch.manual_seed(SEED)
    return MODULES[name][1]()


def _index() -> dict[str, Any]:
    known = {name: list(kind) for name, (kind, _) in MODULES.items() if not name.startswith("latent_upsampler")}
    return {
        "_class_name": "LTX2Pipeline",
        **known,
        "tokenizer": list(TOKENIZER),
        "scheduler": list(SCHEDULER),
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def write_loras(transformer: Path, folder: Path) -> None:
    """The trained LoRAs; while there is no distilled one, one from the seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in trained_loras():
        write_trained_lora(name, folder / f"{name}.safetensors")
    if not (folder / f"{DISTILL}.safetensors").is_file():
        _seeded_lora(transformer, folder / f"{DISTILL}.safetensors")


def _seeded_lora(transformer: Path, path: Path) -> None:
    """A LoRA over attention and feed-forward of every block, with the key names of Lightricks' files."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(SEED + 1)
    tensors: dict[str, torch.Tensor] = {}
    for name, (rows, columns) in _lora_targets(transformer):
        down = torch.randn(LORA_RANK, columns, generator=generator) / columns**0.5
        up = 0.1 * torch.randn(rows, LORA_RANK, generator=generator)
        tensors[f"diffusion_model.{name}.lora_A.weight"] = down
        tensors[f"diffusion_model.{name}.lora_B.weight"] = up
    save_file(tensors, path)


def _lora_targets(transformer: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    from safetensors import safe_open

    with safe_open(transformer / "diffusion_pytorch_model.safetensors", "pt") as file:
        for key in sorted(file.keys()):
            name = key.removesuffix(".weight")
            if name != key and ".gate" not in name and name.endswith(LORA_ENDINGS):
                rows, columns = file.get_slice(key).get_shape()
                yield name, (rows, columns)


LORA_ENDINGS = (".to_q", ".to_k", ".to_v", ".to_out.0", "ff.net.0.proj", "ff.net.2")
