"""A LoRA in training: low-rank changes of a transformer's linear layers, and its file with Lightricks' keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ltxdsl.runtime.tiny.bundle import LORA_ENDINGS


class Lora(nn.Module):
    """One pair of matrices for every layer that the bundle's LoRAs change, added while `active`."""

    def __init__(self, transformer: Any, rank: int, seed: int):
        """They begin without effect."""
        super().__init__()
        torch.manual_seed(seed)
        self.on, self.names = False, []
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for name, module in transformer.named_modules():
            if isinstance(module, nn.Linear) and ".gate" not in name and name.endswith(LORA_ENDINGS):
                self.down.append(torch.randn(rank, module.in_features) / module.in_features**0.5)
                self.up.append(torch.zeros(module.out_features, rank))
                self.names.append(name)
                module.register_forward_hook(self._hook(len(self.names) - 1))

    def _hook(self, index: int) -> Any:
        def changed(_: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            if not self.on:
                return output
            low = nn.functional.linear(inputs[0], self.down[index])
            return output + nn.functional.linear(low, self.up[index])

        return changed

    @contextmanager
    def active(self) -> Iterator[None]:
        """While inside, the transformer has the changes."""
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def tensors(self, strength: float = 1.0) -> dict[str, Tensor]:
        """The file's content: at `strength` it is what was trained."""
        stored = {}
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            stored[f"diffusion_model.{name}.lora_A.weight"] = down.detach().half().contiguous()
            stored[f"diffusion_model.{name}.lora_B.weight"] = (up.detach() / strength).half().contiguous()
        return stored

    def write(self, path: Path, strength: float = 1.0, metadata: dict[str, str] | None = None) -> None:
        """Save it."""
        save_file(self.tensors(strength), path, metadata=metadata)
