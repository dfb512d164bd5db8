"""Distilling the guided model into a LoRA: few steps at cfg 1 that look like many at the profile's cfg.

python -m training.distill --minutes 10
The student is the trained transformer with a LoRA; it learns the velocity that the same transformer has with guidance.
The file has the keys of Lightricks' LoRAs, and does its work at strength 0.6, where scripts use it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import attention_backend
from safetensors.torch import save_file
from torch import Tensor, nn

from ltxdsl.runtime.tiny.bundle import LORA_ENDINGS
from training.latents import read_data
from training.networks import Networks
from training.run import HOME, Run
from training.tasks import Data, Step
from training.trainer import Pace, Trainer, begin, train

SEED = 37
RANK, STRENGTH = 8, 0.6
SCALE = 2.5  # guidance that is distilled
BATCH = 16
RATE = 2e-3


class Lora(nn.Module):
    """Low-rank changes of a transformer's linear layers, added while `on`."""

    def __init__(self, transformer: Any):
        """One pair of matrices for every layer that the bundle's LoRAs change; they begin without effect."""
        super().__init__()
        torch.manual_seed(SEED)
        self.on, self.names = False, []
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for name, module in transformer.named_modules():
            if isinstance(module, nn.Linear) and ".gate" not in name and name.endswith(LORA_ENDINGS):
                self.down.append(torch.randn(RANK, module.in_features) / module.in_features**0.5)
                self.up.append(torch.zeros(module.out_features, RANK))
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
        """While inside, the transformer is the student."""
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def tensors(self) -> dict[str, Tensor]:
        """The file's content: at STRENGTH it is what was trained."""
        stored = {}
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            stored[f"diffusion_model.{name}.lora_A.weight"] = down.detach().half().contiguous()
            stored[f"diffusion_model.{name}.lora_B.weight"] = (up.detach() / STRENGTH).half().contiguous()
        return stored


class DistillTrainer(Trainer):
    """A LoRA that follows the guided model."""

    def __init__(self, networks: Networks, data: Data, steps: int, fast: bool = False):
        """`fast` computes in bfloat16."""
        lora = Lora(networks.transformer)
        super().__init__(lora, list(lora.parameters()), Pace(steps, RATE, RATE, warm=20, decay=0.7))
        self.networks, self.data, self.fast = networks.requires_grad_(False), data, fast

    def loss(self) -> Tensor:
        """Squared distance to the guided velocities, of picture and sound."""
        batch = Step(self.networks, self.data, SEED, self.step, BATCH).asked().batch
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            with torch.no_grad():
                told = self.networks(batch)
                free = self.networks(replace(batch, words=[""] * BATCH, bias=None, audio_bias=None))
            with self.model.active():
                made = self.networks(batch)
        goals = (f.float() + SCALE * (t.float() - f.float()) for t, f in zip(told, free, strict=True))
        return sum(((m.float() - goal).square().mean() for m, goal in zip(made, goals, strict=True)), torch.zeros(()))


def main() -> None:
    """The command line."""
    from ltxdsl.runtime.loading import LOADERS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", type=Path, default=HOME / "distill")
    parser.add_argument("--dit", type=Path, default=HOME / "dit" / "compact")
    parser.add_argument("--latents", type=Path, default=HOME / "latents")
    parser.add_argument("--steps", type=int, default=400, help="horizon of the learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fast", action="store_true", help="in bfloat16 (AVX512-BF16 or AMX)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    networks = Networks()
    for name in ("transformer", "connectors"):
        loaded = LOADERS[name](options.dit.expanduser() / name, torch.float32)
        getattr(networks, name).load_state_dict(loaded.state_dict())
    run = Run(options.out.expanduser(), options.minutes)
    trainer = DistillTrainer(networks.eval(), read_data(options.latents), options.steps, options.fast)
    begin(trainer, run)

    def keep() -> dict[str, float]:
        save_file(trainer.model.tensors(), run.folder / "lora.safetensors")
        return {}

    with attention_backend("_native_math"):
        train(trainer, run, 50, keep)


if __name__ == "__main__":
    main()
