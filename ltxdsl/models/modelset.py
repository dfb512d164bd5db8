"""What a model set is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from ltxdsl.models.architecture import Architecture

DISTILL = "distill"  # the role of the LoRA that makes few steps enough
UPSAMPLER, TEMPORAL_UPSAMPLER = "upsampler", "temporal_upsampler"

# Folders of a diffusers LTX-2 repository, by the part of the model set that they hold.
FOLDERS = {
    "transformer": "transformer",
    "video_vae": "vae",
    "latent_statistics": "vae",
    "audio_vae": "audio_vae",
    "vocoder": "vocoder",
    "connectors": "connectors",
    "text_encoder": "text_encoder",
    "tokenizer": "tokenizer",
}


# Bits of a weight with its scales. GGUF: llama.cpp's block layouts (Q8_0 is 32 weights and a half-precision scale in 34
# bytes, and so on). fp8 and the 4-bit floats count the layers that such files keep in 16 bits: the first and last five.
BITS = {
    "fp32": 32.0,
    "bf16": 16.0,
    "fp16": 16.0,
    "fp8": 9.7,
    "int8": 8.5,
    "nvfp4": 6.9,
    "q8_0": 8.5,
    "q6_k": 6.5625,
    "q5_k_m": 5.7,
    "q4_k_m": 4.85,
    "q3_k_m": 3.9,
}
Precision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "nvfp4", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m"]


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a script gets that does not say it."""

    width: int = 768
    height: int = 512
    frames: int = 121
    fps: float = 24.0
    seed: int = 42
    steps: int = 30  # of a pass on the base model
    cfg: float = 3.0
    audio_cfg: float = 7.0
    still_crf: int = 33
    stg_blocks: tuple[int, ...] = (28,)


class LoraFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA that plays a role."""

    file: str
    strength: float = 1.0
    rank: int = 0  # for estimates, where the file is not there; 0 = as most
    downscale: int = 0  # how many times smaller its control is, where the file is not there; 0 = not said
    comfy: str = ""  # its name in ComfyUI's loras folder; the file's name if empty


def upsampler_part(factor: float) -> str:
    """The part that makes a latent so many times larger in space."""
    return f"{UPSAMPLER} {factor:g}x"


def _upsamplers() -> dict[str, str]:
    return {"2x": "latent_upsampler"}


def _comfy_upsamplers() -> dict[str, str]:
    return {
        "2x": "ltx-2.3-spatial-upscaler-x2-1.1.safetensors",
        "1.5x": "ltx-2.3-spatial-upscaler-x1.5-1.0.safetensors",
    }


class ComfyFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the same models in ComfyUI's folders."""

    checkpoint: str = "ltx-2.3-22b-dev.safetensors"
    text_encoder: str = "gemma_3_12B_it_fp4_mixed.safetensors"
    upsamplers: dict[str, str] = msgspec.field(default_factory=_comfy_upsamplers)
    temporal_upsampler: str = "ltx-2.3-temporal-upscaler-x2-1.0.safetensors"
    distill: str = "ltx-2.3-22b-distilled-lora-384-1.1.safetensors"


class ModelSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files by role. `folder` is a diffusers LTX-2 repository; `recipe` names a set that the package builds itself."""

    name: str
    folder: str
    upsamplers: dict[str, str] = msgspec.field(default_factory=_upsamplers)  # folders of those in space, by factor
    temporal_upsampler: str = ""  # the folder of the one that doubles the frames; "" = there is none
    loras: dict[str, LoraFile] = {}
    defaults: Defaults = Defaults()
    architecture: Architecture = Architecture()
    precision: dict[str, Precision] = {}  # of a part's weights, where it is not that of the activations
    comfy: ComfyFiles = ComfyFiles()
    recipe: str = ""
    bases: tuple[str, ...] = ("dev",)
    distilled: bool = False  # the base checkpoint itself is a distilled one
    generation: str = "2.3"  # of LTX; LoRAs and upsamplers belong to one

    def is_fast(self, loras: Iterable[str]) -> bool:
        """Whether few steps are enough, with LoRAs of these names."""
        return self.distilled or DISTILL in loras

    def weight_bytes(self, part: str) -> float:
        """Memory of a part's weights."""
        said = self.precision.get(part)
        bytes_each = BITS[said] / 8 if said else self.architecture.bytes_per_weight
        return self.architecture.parameters(part) * bytes_each

    def path(self, part: str) -> Path:
        """The folder of a part."""
        root = Path(self.folder)
        upsamplers = {f"{UPSAMPLER} {factor}": folder for factor, folder in self.upsamplers.items()}
        upsamplers[TEMPORAL_UPSAMPLER] = self.temporal_upsampler
        return root / (upsamplers.get(part) or FOLDERS.get(part, part))

    def lora_path(self, name: str) -> Path:
        """The file of a LoRA by role, or by its own path."""
        known = self.loras.get(name)
        path = Path(known.file if known else name)
        return path if path.is_absolute() or not known else Path(self.folder) / path

    def fingerprint(self, part: str) -> str:
        """A short name of a part's content: equal content and equal name go together.

        A set that the package builds is named by its recipe. Of other files the safetensors headers, sizes and
        times of change count: reading 40 GB for every plan would cost minutes.
        """
        if self.recipe:
            return f"{self.recipe}/{part}"
        return _folder_fingerprint(self.path(part))

    def lora_fingerprint(self, name: str) -> str:
        """As `fingerprint`, for a LoRA."""
        if self.recipe and name in self.loras:
            return f"{self.recipe}/{name}"
        return _file_fingerprint(self.lora_path(name))


def _folder_fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(file.relative_to(folder)).encode())
        digest.update(_file_fingerprint(file).encode())
    return digest.hexdigest()[:32]


def _file_fingerprint(file: Path) -> str:
    if not os.path.isfile(file):
        return "missing"
    stat = file.stat()
    digest = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    if file.suffix == ".safetensors":
        digest.update(_safetensors_header(file))
    elif stat.st_size < 1 << 22:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _safetensors_header(file: Path) -> bytes:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        return stream.read(min(length, 1 << 26))
