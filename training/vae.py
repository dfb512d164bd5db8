"""Training of the video VAE: the real class at toy size, 32x in space, 8x in time, 64 channels.

python -m training.vae --minutes 60 --out ~/.cache/ltxdsl-training/vae
A run goes on where it was stopped or killed; the clips of a step depend on the seed and the step alone.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.clips import batch, held_out
from training.muon import Muon
from training.run import HOME, Run, draw_curve, draw_sheet

SEED = 23
NOISE = 0.1  # added to latents, so that the decoder bears a transformer's errors
SHRINK = 1e-4  # weight of the latents' size in the loss
WARM, DECAY = 50, 0.6  # steps up, and the share of all steps over which the rate falls to 0
RATE, REST_RATE = 0.015, 1e-3  # Muon for the inner kernels, AdamW for the first, the last and the biases
TESTS = {"128": (12, 128, 17), "256": (4, 256, 9)}  # held-out clips, side, frames
LAYOUTS: dict[str, dict[str, tuple[int, ...]]] = {  # measured in training/README.md
    "p8": {
        "block_out_channels": (64, 128, 128),
        "layers_per_block": (1, 1, 1, 1),
        "decoder_block_out_channels": (64, 64, 128),
        "decoder_layers_per_block": (2, 1, 1, 1),
        "upsample_factor": (1, 1, 2),
    },
    "balanced": {  # the decoder of p8 with a lighter encoder
        "block_out_channels": (64, 128, 128),
        "layers_per_block": (0, 1, 1, 1),
        "decoder_block_out_channels": (64, 64, 128),
        "decoder_layers_per_block": (2, 1, 1, 1),
        "upsample_factor": (1, 1, 2),
    },
    "light": {
        "block_out_channels": (64, 128, 128),
        "layers_per_block": (0, 1, 1, 1),
        "decoder_block_out_channels": (64, 64, 128),
        "decoder_layers_per_block": (1, 1, 1, 1),
        "upsample_factor": (1, 1, 2),
    },
    "deep": {
        "block_out_channels": (64, 128, 256),
        "layers_per_block": (0, 1, 2, 1),
        "decoder_block_out_channels": (64, 128, 256),
        "decoder_layers_per_block": (1, 1, 2, 1),
        "upsample_factor": (2, 2, 2),
    },
}


def build(layout: str) -> Any:
    """The class of the real model, with statistics 0 and 1 until `set_statistics`."""
    from diffusers.models.autoencoders.autoencoder_kl_ltx2 import AutoencoderKLLTX2Video

    return AutoencoderKLLTX2Video(
        latent_channels=64,
        patch_size=8,
        down_block_types=("LTX2VideoDownBlock3D",) * 3,
        spatio_temporal_scaling=(True,) * 3,
        downsample_type=("temporal", "spatiotemporal", "spatiotemporal"),
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        upsample_type=("spatiotemporal", "spatiotemporal", "temporal"),
        upsample_residual=(False,) * 3,
        decoder_causal=False,
        decoder_spatial_padding_mode="zeros",
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
        **LAYOUTS[layout],
    ).to(memory_format=torch.channels_last_3d)


def means(model: Any, clips: torch.Tensor) -> torch.Tensor:
    """B 64 F' H' W': the encoder's means."""
    return model.encoder(clips.contiguous(memory_format=torch.channels_last_3d))[:, :64]


def loss_of(model: Any, clips: torch.Tensor, noise: torch.Tensor, half: bool = False) -> torch.Tensor:
    """L1 + squared error + a little of the latents' size; `noise` B 64 F' H' W' disturbs the latents."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        latents = means(model, clips)
        error = model.decoder(latents + NOISE * noise) - clips
    error, latents = error.float(), latents.float()
    return error.abs().mean() + error.square().mean() + SHRINK * latents.square().mean()


def noise_for(clips: torch.Tensor, step: int) -> torch.Tensor:
    """The noise of a step, in the shape of the latents."""
    count, _, frames, height, width = clips.shape
    shape = (count, 64, (frames - 1) // 8 + 1, height // 32, width // 32)
    return torch.randn(shape, generator=torch.Generator().manual_seed(step))


@torch.no_grad()
def rebuilt(model: Any, clips: torch.Tensor) -> torch.Tensor:
    """Clips through the encoder and the decoder, one at a time."""
    return torch.cat([model.decoder(means(model, clip)) for clip in clips.split(1)])


def psnr(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """B: decibels per clip, of pictures in 0..1."""
    error = (made.clamp(-1, 1) - real).div(2).square().mean(dim=(1, 2, 3, 4))
    return -10 * error.log10()


@torch.no_grad()
def set_statistics(model: Any, clips: torch.Tensor) -> None:
    """Mean and spread of every latent channel, into the buffers that pipelines read."""
    latents = torch.cat([means(model, clip) for clip in clips.split(1)]).transpose(0, 1).flatten(1)
    model.latents_mean.copy_(latents.mean(dim=1))
    model.latents_std.copy_(latents.std(dim=1).clamp(min=1e-3))


class Trainer:
    """Model, moving average, optimisers and the step: all that a checkpoint holds."""

    def __init__(self, layout: str, steps: int, rate: float, fast: bool = False):
        """`steps` is the horizon of the learning rate; `fast` compiles the loss and computes it in bfloat16."""
        torch.manual_seed(SEED)
        self.model, self.steps, self.step = build(layout), steps, 0
        self.model.train()
        self.fast = fast
        self.loss = torch.compile(loss_of, dynamic=False) if fast else loss_of
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        ends = (self.model.encoder.conv_in.conv.weight, self.model.decoder.conv_out.conv.weight)
        inner = [p for p in self.model.parameters() if p.ndim >= 2 and all(p is not end for end in ends)]
        rest = [*ends, *(p for p in self.model.parameters() if p.ndim < 2)]
        self.optimisers = [(Muon(inner, rate), rate), (torch.optim.AdamW(rest, REST_RATE), REST_RATE)]

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on bit for bit."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for (optimiser, _), old in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(old)

    def advance(self) -> float:
        """One step; the loss before it."""
        clips = batch(SEED, self.step)
        loss = self.loss(self.model, clips, noise_for(clips, self.step), self.fast)
        loss.backward()
        nn.utils.clip_grad_norm_(self.optimisers[1][0].param_groups[0]["params"], 1.0)
        for optimiser, rate in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate * self.pace()
            optimiser.step()
        self.model.zero_grad(set_to_none=True)
        self.step += 1
        self._follow()
        return loss.item()

    def pace(self) -> float:
        """The learning rate of this step, of 1: up, level, straight down to 0 at the horizon."""
        return min(1.0, (self.step + 1) / WARM, max(0.0, (self.steps - self.step) / (DECAY * self.steps)))

    @torch.no_grad()
    def _follow(self) -> None:
        share = max(0.003, 1 / (1 + self.step / 5))  # a short memory at first
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for slow, fast in pairs:
            slow.lerp_(fast, share)


def validate(trainer: Trainer, run: Run, tests: dict[str, torch.Tensor]) -> dict[str, float]:
    """PSNR of the moving average on held-out clips; redraws curve and sheet."""
    made = {name: rebuilt(trainer.average, clips) for name, clips in tests.items()}
    scores = {f"psnr{name}": psnr(made[name], clips).mean().item() for name, clips in tests.items()}
    rows = run.rows(trainer.step)
    curves = {name: [(row["step"], row[name]) for row in rows if name in row] for name in scores}
    draw_curve(run.folder / "curve.png", {k: [*v, (trainer.step, scores[k])] for k, v in curves.items()})
    clips = tests["128"]
    draw_sheet(run.folder / "sheet.png", [c for pair in zip(clips[:6], made["128"][:6], strict=True) for c in pair])
    return scores


def write_compact(trainer: Trainer, folder: Path) -> None:
    """The moving average with its statistics, in half precision: what the package would load."""
    model = copy.deepcopy(trainer.average)
    set_statistics(model, held_out(*TESTS["128"]))
    model.half().save_pretrained(folder, safe_serialization=True)


def train(trainer: Trainer, run: Run, check: int) -> None:
    """Steps until the horizon or the end of the time; validates every `check` steps."""
    tests = {name: held_out(*what) for name, what in TESTS.items()}
    mean, began = 0.0, time.monotonic()
    while trainer.step < trainer.steps and not run.over:
        loss = trainer.advance()
        mean = loss if not mean else 0.98 * mean + 0.02 * loss
        if trainer.step % check == 0:
            seconds = (time.monotonic() - began) / check
            run.log(step=trainer.step, loss=mean, seconds=seconds, **validate(trainer, run, tests))
            write_compact(trainer, run.folder / "compact")
            began = time.monotonic()
        if run.due():
            run.save(trainer.state())
    run.save(trainer.state())
    run.log(step=trainer.step, loss=mean, **validate(trainer, run, tests))
    write_compact(trainer, run.folder / "compact")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=HOME / "vae")
    parser.add_argument("--layout", choices=LAYOUTS, default="balanced")
    parser.add_argument("--steps", type=int, default=9000, help="horizon of the learning rate")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--check", type=int, default=250, help="steps between validations")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fast", action="store_true", help="compiled, in bfloat16 (AVX512-BF16 or AMX)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = Run(options.out.expanduser(), options.minutes)
    trainer = Trainer(options.layout, options.steps, options.rate, options.fast)
    if state := run.load():
        trainer.restore(state)
    train(trainer, run, options.check)


if __name__ == "__main__":
    main()
