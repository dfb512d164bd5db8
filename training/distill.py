"""Distilling the guided model into a LoRA: few steps at cfg 1 that look like many at the profile's cfg.

python -m training.distill --minutes 10
The student is the trained transformer with a LoRA; it learns the velocity that the same transformer has with guidance.
The file has the keys of Lightricks' LoRAs, and does its work at strength 0.6, where scripts use it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from diffusers import attention_backend
from torch import Tensor

from training.latents import read_data
from training.lora import Lora
from training.networks import Networks, trained_networks
from training.run import HOME, Run, command, options_of
from training.tasks import Data, Step
from training.trainer import Pace, Trainer, begin, train

SEED = 37
RANK, STRENGTH = 8, 0.6
SCALE = 2.5  # guidance that is distilled
BATCH = 16
RATE = 2e-3


class DistillTrainer(Trainer):
    """A LoRA that follows the guided model."""

    def __init__(self, networks: Networks, data: Data, steps: int, fast: bool = False):
        """`fast` computes in bfloat16."""
        lora = Lora(networks.transformer, RANK, SEED)
        super().__init__(lora, list(lora.parameters()), Pace(steps, RATE, RATE, warm=20, decay=0.7))
        self.networks, self.data, self.fast = networks.requires_grad_(False), data, fast

    def loss(self) -> Tensor:
        """Squared distance to the guided velocities, of picture and sound."""
        batch = Step(self.networks, self.data, SEED, self.step, BATCH).asked().batch
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            with torch.no_grad():
                told = self.networks(batch)
                free = self.networks(replace(batch, words=[""] * len(batch.words), bias=None, audio_bias=None))
            with self.model.active():
                made = self.networks(batch)
        goals = (f.float() + SCALE * (t.float() - f.float()) for t, f in zip(told, free, strict=True))
        return sum(((m.float() - goal).square().mean() for m, goal in zip(made, goals, strict=True)), torch.zeros(()))


def main() -> None:
    """The command line."""
    parser = command(__doc__, 10, 400)
    parser.add_argument("--out", type=Path, default=HOME / "distill")
    parser.add_argument("--dit", type=Path, default=HOME / "dit" / "compact")
    parser.add_argument("--latents", type=Path, default=HOME / "latents")
    options = options_of(parser)
    networks = trained_networks(options.dit.expanduser())
    run = Run(options.out.expanduser(), options.minutes)
    trainer = DistillTrainer(networks.eval(), read_data(options.latents), options.steps, options.fast)
    begin(trainer, run)

    def keep() -> dict[str, float]:
        trainer.model.write(run.folder / "lora.safetensors", STRENGTH)
        return {}

    with attention_backend("_native_math"):
        train(trainer, run, 50, keep)


if __name__ == "__main__":
    main()
