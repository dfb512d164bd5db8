"""LoRA files: four ways to name the same weights, and fusing a set of them into a transformer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ltxdsl.runtime.errors import ModelFileError
from ltxdsl.runtime.loading import check_safetensors, explained

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "lora_unet_")
DOWN = ("lora_A", "lora_down", "lora.down")
PAIR = re.compile(r"^(?P<module>.+?)\.(?P<side>lora[_.](A|B|down|up))(\.default)?\.weight$")

# diffusers' names of top modules: Lightricks' names. Source: diffusers' loaders/lora_conversion_utils.py.
LIGHTRICKS = {
    "proj_in": "patchify_proj",
    "audio_proj_in": "audio_patchify_proj",
    "time_embed": "adaln_single",
    "audio_time_embed": "audio_adaln_single",
    "prompt_adaln": "prompt_adaln_single",
    "audio_prompt_adaln": "audio_prompt_adaln_single",
    "av_cross_attn_video_scale_shift": "av_ca_video_scale_shift_adaln_single",
    "av_cross_attn_audio_scale_shift": "av_ca_audio_scale_shift_adaln_single",
    "av_cross_attn_video_a2v_gate": "av_ca_a2v_gate_adaln_single",
    "av_cross_attn_audio_v2a_gate": "av_ca_v2a_gate_adaln_single",
}


@dataclass(frozen=True)
class LoraPair:
    """One module's change: `up` out×r times `down` r×in, alpha/rank folded into `up`."""

    down: Tensor
    up: Tensor


@dataclass(frozen=True)
class LoraWeights:
    """A LoRA by diffusers module names; `unknown` are keys that mean nothing to the transformer."""

    path: Path
    pairs: dict[str, LoraPair]
    unknown: tuple[str, ...]


def read_lora(path: Path, modules: Iterable[str]) -> LoraWeights:
    """Read a LoRA file for a transformer with these module names."""
    from safetensors.torch import load_file

    if not path.is_file():
        raise ModelFileError(path, "there is no such LoRA file")
    check_safetensors(path)
    with explained(path):
        tensors = load_file(path)
    return normalised(tensors, path, modules)


def normalised(tensors: Mapping[str, Tensor], path: Path, modules: Iterable[str]) -> LoraWeights:
    """The same LoRA whichever of the key forms it has: official, bare, kohya, diffusers."""
    known = spellings(modules)
    sides: dict[str, dict[str, Tensor]] = {}
    unknown = []
    for key, tensor in tensors.items():
        name, side = _split(key)
        module = known.get(_without_prefix(name)) if side else None
        if module is None:
            unknown.append(key)
        else:
            sides.setdefault(module, {})[side] = tensor
    pairs = {module: _pair(parts, path, module) for module, parts in sides.items()}
    return LoraWeights(path, pairs, tuple(sorted(unknown)))


def spellings(modules: Iterable[str]) -> dict[str, str]:
    """Every way to write a module's name to the name: diffusers', Lightricks', and kohya's of both (`_` for `.`)."""
    known = {}
    for module in modules:
        top, dot, rest = module.partition(".")
        for name in (module, LIGHTRICKS.get(top, top) + dot + rest):
            known[name] = known[name.replace(".", "_")] = module
    return known


def _without_prefix(name: str) -> str:
    return next((name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix)), name)


def _split(key: str) -> tuple[str, str]:
    """Module and side (`down`, `up`, `alpha`) of a key; no side if it is none of a LoRA."""
    if match := PAIR.match(key):
        return match["module"], "down" if match["side"] in DOWN else "up"
    if key.endswith(".alpha"):
        return key.removesuffix(".alpha"), "alpha"
    return key, ""


def _pair(parts: Mapping[str, Tensor], path: Path, module: str) -> LoraPair:
    if "down" not in parts or "up" not in parts:
        raise ModelFileError(path, f"it has only half of the pair for {module}")
    down, up = parts["down"].float().flatten(1), parts["up"].float().flatten(1)
    rank = down.shape[0]
    if up.shape[1] != rank:
        raise ModelFileError(path, f"the ranks for {module} do not agree: {rank} and {up.shape[1]}")
    return LoraPair(down, up * (float(parts["alpha"]) / rank) if "alpha" in parts else up)


class LoraFile(NamedTuple):
    """A file with its strength, and the one in the layers of the sound alone (None = the same)."""

    path: Path
    strength: float
    audio: float | None = None

    def strength_in(self, module: str) -> float:
        """The strength in a module."""
        return self.strength if self.audio is None or not is_sound(module) else self.audio

    @property
    def off(self) -> bool:
        """Whether it changes nothing."""
        return not (self.strength or self.audio)


def is_sound(module: str) -> bool:
    """Whether a module is one of the sound's own layers: its attention and feed-forward, not those across."""
    return any(part.startswith(("audio_attn", "audio_ff")) for part in module.split("."))


class FusedLoras:
    """The LoRAs fused into a transformer; weights that they change are kept on the CPU and put back as they were."""

    def __init__(self, transformer: Any) -> None:
        self._weights = {
            name: module.weight for name, module in transformer.named_modules() if isinstance(module, torch.nn.Linear)
        }
        self._base: dict[str, Tensor] = {}
        self._current: list[LoraFile] = []
        self.unknown: dict[Path, tuple[str, ...]] = {}

    def use(self, loras: Sequence[LoraFile]) -> None:
        """Make exactly these LoRAs, each with its strength, the ones in effect."""
        wanted = [lora for lora in loras if not lora.off]
        if wanted != self._current:
            files = [(self._read(lora.path), lora) for lora in wanted]
            self.restore()
            self._fuse(files)
            self._current = wanted

    @torch.no_grad()
    def restore(self) -> None:
        """Put the base weights back."""
        for name, base in self._base.items():
            self._weights[name].data = base.to(self._weights[name].device)
        self._base = {}
        self._current = []

    def _read(self, path: Path) -> LoraWeights:
        lora = read_lora(path, self._weights)
        self.unknown[path] = lora.unknown
        if not lora.pairs:
            raise ModelFileError(path, "none of its keys names a layer of this transformer: it is for another model")
        for name, pair in lora.pairs.items():
            shape = (pair.up.shape[0], pair.down.shape[1])
            if shape != tuple(self._weights[name].shape):
                ours = "x".join(map(str, self._weights[name].shape))
                raise ModelFileError(
                    path, f"it was made for another model: {name} is {ours} here, not {shape[0]}x{shape[1]}"
                )
        return lora

    @torch.no_grad()
    def _fuse(self, files: Sequence[tuple[LoraWeights, LoraFile]]) -> None:
        """W + Σ strength·up·down, in float32, then back to the weight's type."""
        for name, weight in self._weights.items():
            changes = [(lora.pairs[name], file.strength_in(name)) for lora, file in files if name in lora.pairs]
            if changes:
                fused = weight.data.float()
                for pair, strength in changes:
                    fused = fused + strength * (pair.up.to(fused.device) @ pair.down.to(fused.device))
                self._base[name] = weight.data.cpu()
                weight.data = fused.to(weight.dtype)
