"""Training of the audio VAE: the real class at toy size, 64 mel bands in stereo to 2 x 16 numbers, 25 times a second.

python -m training.audio --minutes 20 --fast
A run goes on where it was stopped or killed; the sounds of a step depend on the seed and the step alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltxdsl.runtime.loading import LOADERS
from ltxdsl.runtime.tiny import parts
from ltxdsl.runtime.tiny.vocoder import vocoder
from training.clips import held_out_scene
from training.judge.pitch import pitches
from training.run import HOME, Run, command, draw_sheet, options_of
from training.sounds import FPS, FRAMES, batch, held_out_sounds, mel_of
from training.trainer import Pace, Trainer, begin, redraw, train
from training.world.scene import Scene, scene_of
from training.world.sound import RATE as WORLD_RATE
from training.world.sound import sound

SEED = 31
NOISE = 0.2  # added to latents, so that the decoder bears a transformer's errors
SHRINK = 1e-2  # weight of the latents' size in the loss; keeps them near 1, so that the noise counts
SQUARE = 0.2  # weight of squared errors; without them all sounds are silence for hundreds of steps
LOUD, HEARD = 4.0, -5.0  # more weight of errors that can be heard: log-mel above -5
RATE, REST_RATE = 0.01, 1e-3
STEPS = 1400
TESTS = 48  # held-out sounds of a validation
RATE_OUT = 48000
MEAN, SPREAD = -9.6, 3.0  # log-mel of all sounds: where both ends of the network begin


class AudioTrainer(Trainer):
    """The audio VAE and its loss."""

    def __init__(self, steps: int, rate: float = RATE, fast: bool = False):
        """`fast` computes the loss in bfloat16."""
        torch.manual_seed(SEED)
        model = parts.audio_vae()
        _prepare(model)
        ends = (model.encoder.conv_in.conv.weight, model.decoder.conv_out.conv.weight)
        super().__init__(model, ends, Pace(steps, rate, REST_RATE))
        self.fast = fast  # not compiled: the gradients of torch.compile are wrong here

    def loss(self) -> torch.Tensor:
        """Of the sounds of this step."""
        mel = batch(SEED, self.step)
        return loss_of(self.model, mel, noise_for(mel, self.step), self.fast)


@torch.no_grad()
def _prepare(model: Any) -> None:
    """Statistics 0 and 1; the mean spectrum comes in as 0 and goes out where nothing is known."""
    model.latents_mean.zero_()
    model.latents_std.fill_(1.0)
    first, last = model.encoder.conv_in.conv, model.decoder.conv_out.conv
    first.bias.copy_(-MEAN * first.weight.sum(dim=(1, 2, 3)))
    last.weight.mul_(SPREAD)
    last.bias.fill_(MEAN)


def means(model: Any, mel: torch.Tensor) -> torch.Tensor:
    """B 2 T' 16 of log-mel B 2 T 64: the encoder's means."""
    return model.encoder(mel)[:, : parts.AUDIO_CHANNELS]


def loss_of(model: Any, mel: torch.Tensor, noise: torch.Tensor, half: bool = False) -> torch.Tensor:
    """Absolute and squared error in nats, more where something is heard, and a little of the latents' size."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        latents = means(model, mel)
        made = model.decoder(latents + NOISE * noise)
    made, latents = made.float(), latents.float()
    error, heard = made - mel, (made.detach() > HEARD) | (mel > HEARD)
    return (error.abs() + SQUARE * error.square()).mul(1 + LOUD * heard).mean() + SHRINK * latents.square().mean()


def noise_for(mel: torch.Tensor, step: int) -> torch.Tensor:
    """The noise of a step, in the shape of the latents."""
    count, channels, spectra, bands = mel.shape
    shape = (count, channels, (spectra - 1) // 4 + 1, bands // 4)
    return torch.randn(shape, generator=torch.Generator().manual_seed(step))


@torch.no_grad()
def set_statistics(model: Any, count: int = 400) -> None:
    """Mean and spread of every feature over sounds of the world, into the buffers that pipelines read."""
    mel = torch.stack([mel_of(scene_of(number), FRAMES) for number in range(count)])
    latents = torch.cat([means(model, part) for part in mel.split(50)]).transpose(1, 2).flatten(2).flatten(0, 1)
    model.latents_mean.copy_(latents.mean(dim=0))
    model.latents_std.copy_(latents.std(dim=0).clamp(min=1e-3))


@torch.no_grad()
def encoded(model: Any, mel: torch.Tensor) -> torch.Tensor:
    """B 2 T' 16, each feature with mean 0 and spread 1."""
    return (means(model, mel) - _by_feature(model.latents_mean)) / _by_feature(model.latents_std)


@torch.no_grad()
def decoded(model: Any, latents: torch.Tensor) -> torch.Tensor:
    """Inverse of `encoded`: log-mel B 2 T 64."""
    return model.decoder(latents * _by_feature(model.latents_std) + _by_feature(model.latents_mean))


def _by_feature(values: torch.Tensor) -> torch.Tensor:
    return values.view(1, parts.AUDIO_CHANNELS, 1, -1)


def load_audio_vae(folder: Path) -> Any:
    """The compact audio VAE of a run, in float32."""
    return LOADERS["audio_vae"](folder, torch.float32).eval().requires_grad_(False)


@torch.no_grad()
def heard(voice: Any, mel: torch.Tensor) -> np.ndarray:
    """What the vocoder makes of log-mel B 2 T 64, as B 2 N at 48 kHz."""
    return torch.cat([voice(one) for one in mel.split(8)]).numpy()


def right(scene: Scene, samples: np.ndarray, frames: int = FRAMES) -> bool:
    """True if the same pitches are heard on both sides (2 N, 48 kHz) as in the scene's own sound."""
    expected = pitches(sound(scene, frames, FPS), WORLD_RATE)
    return all(pitches(side, RATE_OUT) == expected for side in samples)


def examine(model: Any, voice: Any, count: int, remake: Callable[[torch.Tensor], torch.Tensor]) -> dict[str, float]:
    """On held-out sounds: share with the right pitches, loudest sample where silence is right, error in nats."""
    real = held_out_sounds(count)
    made = remake(real)
    scenes, samples = [held_out_scene(index) for index in range(count)], heard(voice, made)
    silent = [abs(one).max() for scene, one in zip(scenes, samples, strict=True) if not scene.tone]
    return {
        "pitch": float(np.mean([right(scene, one) for scene, one in zip(scenes, samples, strict=True)])),
        "silence": float(max(silent, default=0.0)),
        "nats": (made - real).abs().mean().item(),
        "loud_nats": (made.clamp(min=HEARD) - real.clamp(min=HEARD)).abs().mean().item(),
    }


def validate(trainer: AudioTrainer, run: Run, voice: Any) -> dict[str, float]:
    """Scores of the moving average; writes it, redraws curve and sheet."""
    model = trainer.average
    with torch.no_grad():
        scores = examine(model, voice, TESTS, lambda mel: model.decoder(means(model, mel)))
        real = held_out_sounds(4)
        made = model.decoder(means(model, real))
    redraw(run, trainer.step, scores)
    pictures = [_picture(mel) for pair in zip(real, made, strict=True) for mel in pair]
    draw_sheet(run.folder / "sheet.png", pictures, frames=1)
    write_compact(model, run.folder / "compact")
    return scores


def _picture(mel: torch.Tensor) -> torch.Tensor:
    """3 1 H W in -1..1 of log-mel 2 T 64: time to the right, pitch upwards."""
    return mel[0].T.flip(0).add(11.5).div(6.5).sub(1).expand(3, 1, -1, -1)


def write_compact(average: Any, folder: Path) -> None:
    """The moving average with its statistics, in half precision: what the package would load."""
    model = copy.deepcopy(average)
    set_statistics(model)
    model.half().save_pretrained(folder, safe_serialization=True)


def main() -> None:
    """The command line."""
    parser = command(__doc__, 20, STEPS)
    parser.add_argument("--out", type=Path, default=HOME / "audio")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--check", type=int, default=200, help="steps between validations")
    options = options_of(parser)
    run = Run(options.out.expanduser(), options.minutes)
    trainer, voice = AudioTrainer(options.steps, options.rate, options.fast), vocoder().eval()
    begin(trainer, run)
    train(trainer, run, options.check, lambda: validate(trainer, run, voice))


if __name__ == "__main__":
    main()
