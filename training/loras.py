"""Training of a style LoRA and of a control LoRA on the trained transformer.

python -m training.loras pastel --minutes 8     # a style: everything half as coloured, and lighter
python -m training.loras outline --minutes 10   # in context: follows outlines of half the size, whatever the words say
They need `training.dit` and `training.latents`. What they are trained on is encoded first, and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ltxdsl.runtime.conditioning import guide_coords
from ltxdsl.runtime.layout import video_tokens
from ltxdsl.runtime.values import Guide
from training.clips import stack
from training.latents import FRAMES, USUAL, encoded, load_vae, read_data, scene
from training.lora import Lora
from training.networks import FPS, Networks, trained_networks
from training.run import HOME, Run, command, options_of
from training.tasks import Asked, Data, Step
from training.trainer import Pace, Trainer, begin, train
from training.world.canvas import whole
from training.world.caption import caption
from training.world.picture import control, video
from training.world.scene import Scene
from training.world.words import MOTIONS, SHAPES

SEED = 41
RANK, BATCH, RATE = 4, 16, 2e-3
FACTOR = 2  # how many times smaller the outlines are
PALE = 0.5  # share of white in the style
Array = np.ndarray


class Task(NamedTuple):
    """What a LoRA learns: its clips, what it asks of a step that has them, and what its file says."""

    draw: Callable[[Scene], Array]
    asked: Callable[[Step, Tensor], Asked]
    metadata: dict[str, str]
    early: float = Step.early


def pastel(one: Scene) -> Array:
    """The scene with half of its colour."""
    return video(one, whole(*USUAL), FRAMES) * (1 - PALE) + PALE


def outlines(one: Scene) -> Array:
    """The outlines of a scene's things, white on black, at their share of the size."""
    return control(one, "outline", whole(*(side // FACTOR for side in USUAL)), FRAMES)


def _styled(step: Step, latents: Tensor) -> Asked:
    """The words as they are, and the styled clip."""
    step.data = replace(step.data, latents=latents)
    return step.plain()


def _controlled(step: Step, latents: Tensor) -> Asked:
    """Clean tokens of the outlines beside the clip; most texts tell of another shape that moves in another way."""
    asked = step.plain()
    reference = latents[step.chosen]
    clean, batch = video_tokens(reference), asked.batch
    own = batch.levels[:, None].expand(batch.video.shape[:2])
    coords = guide_coords(Guide(reference[:1], 0, 1.0, 1.0, True), step.data.latents[:1].shape, FPS)
    longer = replace(
        batch,
        video=torch.cat([batch.video, clean], dim=1),
        levels=torch.cat([own, torch.zeros(clean.shape[:2])], dim=1),
        coords=torch.cat([batch.coords, coords], dim=2),
        words=[_vague(step, text, n) for text, n in zip(batch.words, step.chosen, strict=True)],
        masked=True,
    )
    nothing = torch.zeros_like(clean)
    weights = torch.cat([torch.ones(*own.shape, 1), torch.zeros(*clean.shape[:2], 1)], dim=1)
    return replace(asked, batch=longer, target=torch.cat([asked.target, nothing], dim=1), weights=weights)


def _vague(step: Step, text: str, number: int) -> str:
    if not text or step.rng.random() < 0.25:
        return text
    one = step.data.scenes[number]
    others = tuple(msgspec.structs.replace(thing, **_otherwise(step.rng)) for thing in one.things)
    return caption(msgspec.structs.replace(one, things=others))


def _otherwise(rng: np.random.Generator) -> dict[str, str]:
    motion = "stays still" if rng.random() < 0.5 else str(rng.choice(list(MOTIONS)))
    return {"shape": str(rng.choice(list(SHAPES))), "motion": motion}


LORAS = {
    "pastel": Task(pastel, _styled, {"trained_on": "the world in pastel"}),
    "outline": Task(outlines, _controlled, {"reference_downscale_factor": str(FACTOR)}, early=0.6),
}


class LoraTrainer(Trainer):
    """A LoRA that learns a task; the transformer stays as it is."""

    def __init__(self, task: Task, networks: Networks, data: Data, latents: Tensor, steps: int, fast: bool = False):
        """`latents` are those of the task's own clips; `fast` computes in bfloat16."""
        lora = Lora(networks.transformer, RANK, SEED)
        super().__init__(lora, list(lora.parameters()), Pace(steps, RATE, RATE, warm=20, decay=0.7))
        self.task, self.networks, self.latents, self.fast = task, networks.requires_grad_(False), latents, fast
        self.data = replace(data, scenes=data.scenes[: len(latents)], latents=data.latents[: len(latents)], others=())

    def loss(self) -> Tensor:
        """Squared error of the picture's velocity."""
        step = Step(self.networks, self.data, SEED, self.step, BATCH)
        step.early = self.task.early
        asked = self.task.asked(step, self.latents)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast), self.model.active():
            made, _ = self.networks(asked.batch)
        return ((made.float() - asked.target).square() * asked.weights).mean() / asked.weights.mean()


@torch.no_grad()
def clips_of(task: Task, vae: Any, count: int, path: Path) -> Tensor:
    """Whitened latents N C F H W of a task's clips, from their file or into it."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        latents = torch.cat([encoded(vae, stack([task.draw(scene(number))])) for number in range(count)])
        save_file({"latents": latents.half().contiguous()}, path)
    return load_file(path)["latents"].float()


def main() -> None:
    """The command line."""
    parser = command(__doc__, 10, 500)
    parser.add_argument("name", choices=LORAS)
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument("--count", type=int, default=800, help="clips")
    options = options_of(parser)
    home, task = options.home.expanduser(), LORAS[options.name]
    run = Run(home / options.name, options.minutes)
    latents = clips_of(task, load_vae(home / "vae" / "compact"), options.count, run.folder / "latents.safetensors")
    networks = trained_networks(home / "dit" / "compact")
    trainer = LoraTrainer(task, networks, read_data(home / "latents"), latents, options.steps, options.fast)
    begin(trainer, run)

    def keep() -> dict[str, float]:
        trainer.average.write(run.folder / "lora.safetensors", metadata=task.metadata)
        return {}

    train(trainer, run, 50, keep)


if __name__ == "__main__":
    main()
