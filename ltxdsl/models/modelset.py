"""What a model set is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

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


class Architecture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dimensions that costs follow from; the defaults are those of LTX-2.3 22B."""

    layers: int = 48
    video_width: int = 4096
    audio_width: int = 2048
    text_tokens: int = 1024
    transformer_parameters: float = 18.99e9
    text_encoder_parameters: float = 12.2e9
    connectors_parameters: float = 3.17e9
    video_vae_parameters: float = 0.726e9
    audio_vae_parameters: float = 0.182e9
    upsampler_parameters: float = 0.498e9
    bytes_per_weight: float = 2.0


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


class LoraFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA that plays a role."""

    file: str
    strength: float = 1.0
    comfy: str = ""  # its name in ComfyUI's loras folder; the file's name if empty


class ComfyFiles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the same models in ComfyUI's folders."""

    checkpoint: str = "ltx-2.3-22b-dev.safetensors"
    text_encoder: str = "gemma_3_12B_it_fp4_mixed.safetensors"
    upsampler: str = "ltx-2.3-spatial-upscaler-x2-1.1.safetensors"
    distill: str = "ltx-2.3-22b-distilled-lora-384-1.1.safetensors"


class ModelSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files by role. `folder` is a diffusers LTX-2 repository; `recipe` names a set that the package builds itself."""

    name: str
    folder: str
    upsampler: str = "latent_upsampler"
    upsampler_factors: tuple[float, ...] = (2.0,)
    loras: dict[str, LoraFile] = {}
    defaults: Defaults = Defaults()
    architecture: Architecture = Architecture()
    comfy: ComfyFiles = ComfyFiles()
    recipe: str = ""
    bases: tuple[str, ...] = ("dev",)
    distilled: bool = False  # the base checkpoint itself is a distilled one
    generation: str = "2.3"  # of LTX; LoRAs and upsamplers belong to one

    def path(self, part: str) -> Path:
        """The folder of a part."""
        root = Path(self.folder)
        return root / self.upsampler if part == "upsampler" else root / FOLDERS[part]

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
    if not file.is_file():
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
