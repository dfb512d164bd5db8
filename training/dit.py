"""Training of the transformer and the connectors on latents of the world, picture and sound together.

python -m training.dit --minutes 60 --fast
Flow matching with the bundle's frozen, seeded Gemma; `tasks.py` says what is asked at each step. A run goes on where it
was stopped or killed; the clips, the noise and the task of a step depend on the seed and the step alone.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import attention_backend
from torch import Tensor

from ltxdsl.runtime.layout import audio_from_tokens, audio_tokens, video_tokens
from ltxdsl.runtime.tiny import bundle
from training import audio
from training.judge.verdict import listen, look
from training.latents import decoded, load_vae, read_data, scene
from training.networks import FPS, Batch, Networks
from training.run import HOME, Run, command, draw_sheet, options_of
from training.tasks import Data, Step
from training.trainer import Pace, Trainer, begin, redraw, train, warm_start
from training.world.caption import caption

SEED = 29
BATCH = 32
RATE, REST_RATE = 0.02, 1e-3
STEPS, SCALE = 12, 2.5  # of sampling, and its guidance
AUDIO_RATE = 48000
AUDIO_SHARE = 0.5  # weight of the sound in the loss
FINE_FROM, FINE_EARLY = 4000, 0.15  # from this step on fewer levels near 1: motion is known by then, shapes are not


class DitTrainer(Trainer):
    """The networks and their loss."""

    def __init__(self, networks: Networks, data: Data, steps: int, fast: bool = False):
        """`steps` is the horizon of the learning rate; `fast` compiles the blocks and computes in bfloat16."""
        super().__init__(networks, networks.ends(), Pace(steps, RATE, REST_RATE, decay=0.6))
        self.data, self.fast = data, fast
        if fast:
            torch._dynamo.config.recompile_limit = 32  # a graph for every task
            for block in networks.transformer.transformer_blocks:
                block.compile(dynamic=False)

    def loss(self) -> Tensor:
        """Squared errors of both velocities, where they count."""
        step = Step(self.model, self.data, SEED, self.step, BATCH)
        if self.step >= FINE_FROM:
            step.early = FINE_EARLY
        with nullcontext() if step.data is self.data else torch.compiler.set_stance("force_eager"):
            return loss_of(self.model, step, self.fast)  # to compile for sizes that are seldom seen takes minutes


def loss_of(networks: Any, step: Step, half: bool = False) -> Tensor:
    """Squared error of the velocity e - x over the tokens that are not kept."""
    asked = step.asked()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        video, sound = networks(asked.batch)
    error = (video.float() - asked.target).square() * asked.weights
    heard = (sound.float() - asked.audio_target).square().mean() * asked.audio_weight
    return error.mean() / asked.weights.mean() + AUDIO_SHARE * heard


@torch.no_grad()
def sample(networks: Networks, captions: list[str], data: Data, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Latents B C F H W and B 2 M 16 for captions: Euler from pure noise with guidance."""
    count, dice = len(captions), torch.Generator().manual_seed(seed)
    shape, sounds = (count, *data.latents.shape[1:]), (count, *data.sounds.shape[1:])
    video = video_tokens(torch.randn(shape, generator=dice))
    heard = audio_tokens(torch.randn(sounds, generator=dice))
    sigmas = torch.linspace(1, 0, STEPS + 1)
    sigmas = 2.5 * sigmas / (1 + 1.5 * sigmas)  # more steps where there is much noise
    for now, then in zip(sigmas[:-1], sigmas[1:], strict=True):
        levels = now.expand(2 * count)
        batch = Batch(
            video=video.repeat(2, 1, 1),
            audio=heard.repeat(2, 1, 1),
            levels=levels,
            audio_levels=levels,
            sigma=levels,
            audio_sigma=levels,
            words=captions + [""] * count,
            coords=networks.clip_coords(torch.Size(shape)),
        )
        moves = [free + SCALE * (told - free) for told, free in (made.chunk(2) for made in networks(batch))]
        video, heard = (x + (then - now) * move for x, move in zip((video, heard), moves, strict=True))
    return video.transpose(1, 2).reshape(shape), audio_from_tokens(heard, torch.Size(sounds))


class Examiner:
    """The judge on clips made from captions that no training has seen."""

    def __init__(self, vae: Any, audio_vae: Any, data: Data, count: int) -> None:
        """Decoders of picture and sound, and how many clips."""
        self.vae, self.audio_vae, self.data = vae, audio_vae, data
        self.vocoder = bundle.module("vocoder")
        self.scenes = [scene(number, held_out=True) for number in range(count)]

    def __call__(self, networks: Networks, sheet: Path) -> dict[str, float]:
        """The share of right measures; draws a sheet."""
        video, sound = sample(networks, [caption(one) for one in self.scenes], self.data)
        clips, waves = decoded(self.vae, video), self._heard(sound)
        draw_sheet(sheet, list(clips[:8].permute(0, 4, 1, 2, 3) * 2 - 1))
        rights: dict[str, list[bool]] = defaultdict(list)
        for one, clip, wave in zip(self.scenes, clips.numpy(), waves, strict=True):
            for name, right in (look(one, clip) | listen(one, wave, AUDIO_RATE, len(clip))).items():
                rights[name.replace(" ", "_")].append(right)
        return {name: float(np.mean(right)) for name, right in rights.items()}

    def _heard(self, sound: Tensor) -> Any:
        seconds = ((self.data.latents.shape[2] - 1) * 8 + 1) / FPS
        waves = audio.heard(self.vocoder, audio.decoded(self.audio_vae, sound))
        return waves.mean(axis=1)[:, : round(seconds * AUDIO_RATE)]


def main() -> None:
    """The command line."""
    parser = command(__doc__, 60, 8000)
    parser.add_argument("--out", type=Path, default=HOME / "dit")
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--audio-vae", type=Path, help="a compact folder; the package's audio VAE if not given")
    parser.add_argument("--latents", type=Path, default=HOME / "latents")
    parser.add_argument("--packaged", action="store_true", help="begin with the package's weights")
    parser.add_argument("--check", type=int, default=500, help="steps between examinations by the judge")
    options = options_of(parser)
    run, data = Run(options.out.expanduser(), options.minutes), read_data(options.latents)
    trainer = DitTrainer(Networks(), data, options.steps, options.fast)
    begin(trainer, run)
    if options.packaged:
        parts = {name: bundle.module(name).state_dict() for name in ("transformer", "connectors")}
        warm_start(trainer, {f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()})
    sound = audio.load_audio_vae(options.audio_vae) if options.audio_vae else bundle.module("audio_vae")
    examiner = Examiner(load_vae(options.vae), sound, data, 32)

    def examine() -> dict[str, float]:
        scores = examiner(trainer.average, run.folder / "sheet.png")
        redraw(run, trainer.step, scores)
        write_compact(trainer, run.folder / "compact")
        return scores

    with attention_backend("_native_math"):  # its backward is the faster one on a CPU
        train(trainer, run, options.check, examine)


def write_compact(trainer: DitTrainer, folder: Path) -> None:
    """The moving average of both networks, as diffusers folders."""
    for name in ("transformer", "connectors"):
        getattr(trainer.average, name).save_pretrained(folder / name, safe_serialization=True)


if __name__ == "__main__":
    main()
