"""One run's hold on the machine: the parts of the model set in memory, on a device, in a type."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from ltxdsl.models import ModelSet
from ltxdsl.ops.base import LoraUse
from ltxdsl.runtime import loading
from ltxdsl.runtime.denoise import NoiseOrder
from ltxdsl.runtime.lora import FusedLoras, LoraFile
from ltxdsl.runtime.model_call import CrossModulation
from ltxdsl.runtime.tiny import ensure

Fitting: TypeAlias = Literal["cut_last", "cut_first"]


@dataclass(frozen=True)
class TextEncoder:
    """Gemma with its tokenizer."""

    model: Any
    tokenizer: Any


@dataclass(frozen=True)
class LatentStatistics:
    """Mean and deviation of the video latent's channels, 1 C 1 1 1, and the VAE's scaling factor."""

    mean: Tensor
    std: Tensor
    scale: float

    def normalised(self, latent: Tensor) -> Tensor:
        """What the VAE gives, as the transformer sees it."""
        return (latent - self.mean) * self.scale / self.std

    def denormalised(self, latent: Tensor) -> Tensor:
        """Inverse of `normalised`."""
        return latent * self.std / self.scale + self.mean


class Session:
    """Loads parts of a model set on demand and lets go of them; carries the hooks of the executor.

    `progress(step, total, note)` is called as a pass goes on, `warned(text)` with what a user should know.
    `recall(i)` may give back the prediction of call i of an interrupted pass, and `remember(i, tensor)` is told
    each one. `scratch(suffix)` names a file to write to. `cross_modulation` is that of `TokenModel`, `noise_order`
    that of `start_noise`. `fitting` says whether pictures are cut to a size's shape after they are resized, as
    Lightricks do it, or before, as ComfyUI does. The set that the package builds runs on one thread: its tensors are
    small, a busy neighbour makes two threads ten times slower, and the bits do not depend on the cores.
    """

    def __init__(
        self, models: ModelSet, device: str | torch.device | None = None, dtype: torch.dtype | None = None
    ) -> None:
        ensure(models)
        if models.recipe:
            torch.set_num_threads(1)
        self.models = models
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.dtype = dtype or (torch.float32 if self.device.type == "cpu" else torch.bfloat16)
        self.progress: Callable[[int, int, str], None] = lambda step, total, note: None
        self.warned: Callable[[str], None] = lambda text: None
        self.recall: Callable[[int], Tensor | None] = lambda index: None
        self.remember: Callable[[int, Tensor], None] = lambda index, tensor: None
        self.scratch: Callable[[str], Path] = _temporary_file
        self.cross_modulation: CrossModulation = "lightricks"
        self.noise_order: NoiseOrder = "apart"
        self.fitting: Fitting = "cut_last"
        self._parts: dict[str, Any] = {}
        self._fused: FusedLoras | None = None

    def part(self, name: str) -> Any:
        """A part by its name in `Op.uses`; loaded at the first use."""
        if name not in self._parts:
            self._parts[name] = self._load(name)
        return self._parts[name]

    def transformer(self, loras: tuple[LoraUse, ...] = ()) -> Any:
        """The transformer with exactly these LoRAs."""
        module = self.part("transformer")
        if self._fused is None:
            self._fused = FusedLoras(module)
        files = [LoraFile(self.models.lora_path(lora.name), lora.strength, lora.audio) for lora in loras]
        self._fused.use(files)
        for path, *_ in files:
            if unknown := self._fused.unknown.get(path):
                self.warned(f"{path.name}: {len(unknown)} of its keys name no layer here, such as {unknown[0]}")
        return module

    def release(self, name: str) -> None:
        """Let go of a part, if it is loaded."""
        if self._parts.pop(name, None) is not None:
            if name == "transformer":
                self._fused = None
            if self.device.type == "cuda":
                gc.collect()
                torch.cuda.empty_cache()

    @property
    def loaded(self) -> tuple[str, ...]:
        """The parts in memory."""
        return tuple(self._parts)

    def config(self, name: str) -> dict[str, Any]:
        """A part's configuration, without its weights."""
        return loading.read_config(self.models.path(name))

    def _load(self, name: str) -> Any:
        folder = self.models.path(name)
        if name == "latent_statistics":
            return self._statistics(folder)
        if name == "text_encoder":
            model = loading.load_gemma(folder, self.dtype).to(self.device)
            return TextEncoder(model, loading.load_tokenizer(self.models.path("tokenizer")))
        module = loading.LOADERS[name](folder, self.dtype)
        return module.requires_grad_(False).to(self.device)

    def _statistics(self, folder: Path) -> LatentStatistics:
        mean, std, scale = loading.load_statistics(folder)
        shape = (1, -1, 1, 1, 1)
        return LatentStatistics(
            mean.float().view(shape).to(self.device), std.float().view(shape).to(self.device), scale
        )


def _temporary_file(suffix: str) -> Path:
    return Path(tempfile.mkdtemp(prefix="ltxdsl-")) / f"output{suffix}"
