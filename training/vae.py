"""Training of the video VAE: the real class at toy size, 32x in space, 8x in time, 64 channels.

python -m training.vae --minutes 60 --out ~/.cache/ltxdsl-training/vae
A run goes on where it was stopped or killed; the clips of a step depend on the seed and the step alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from ltxdsl.runtime.loading import load_video_vae
from ltxdsl.runtime.tiny import bundle
from training.clips import STARTING, Batches, held_out
from training.run import HOME, Run, command, draw_sheet, options_of
from training.trainer import Pace, Trainer, begin, redraw, train, warm_start

SEED = 23
NOISE = 0.1  # added to latents, so that the decoder bears a transformer's errors
SHRINK = 1e-4  # weight of the latents' size in the loss
SQUARE = 10.0  # weight of the squared error, beside that of the plain one
EDGES = 0.5  # weight of the error's steps from pixel to pixel: shapes are told by their edges
ANCHOR = 0.1  # weight of what the latents have moved
KEPT = 3  # with an anchor one clip in so many is decoded from its latents, so that what makes those still suits
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
    "balanced": {  # the decoder of p8 with a lighter encoder, from which the packaged one has been widened
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


def loss_of(
    model: Any, clips: torch.Tensor, noise: torch.Tensor, half: bool = False, anchor: torch.Tensor | None = None
) -> torch.Tensor:
    """L1 + squared error + error of the edges + a little of the latents' size.

    `noise` B 64 F' H' W' disturbs the latents; an `anchor` of that shape is where they have been, and should stay.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        latents = means(model, clips)
        decoded = latents if anchor is None else mixed(anchor, latents)
        error = model.decoder(decoded + NOISE * noise) - clips
    error, latents = error.float(), latents.float()
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    loss = error.abs().mean() + SQUARE * error.square().mean() + EDGES * edges + SHRINK * latents.square().mean()
    return loss if anchor is None else loss + ANCHOR * (latents - anchor).square().mean()


def mixed(anchor: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """One in `KEPT` from the anchor, the rest from the latents."""
    count = len(latents) // KEPT
    return torch.cat([anchor[:count], latents[count:]])


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


class VaeTrainer(Trainer):
    """The VAE and its loss."""

    def __init__(self, layout: str, steps: int, rate: float = RATE, fast: bool = False, anchor: Any = None):
        """`fast` compiles the loss and computes it in bfloat16; `anchor` is a VAE whose latents are to be kept."""
        torch.manual_seed(SEED)
        model = build(layout)
        ends = (model.encoder.conv_in.conv.weight, model.decoder.conv_out.conv.weight)
        super().__init__(model, ends, Pace(steps, rate, REST_RATE, WARM, DECAY))
        self.fast, self.anchor = fast, anchor
        self.measure = torch.compile(loss_of, dynamic=False) if fast else loss_of
        self.clips: Iterator[torch.Tensor] | None = None

    def loss(self) -> torch.Tensor:
        """Of the clips of this step; the next ones are drawn meanwhile."""
        self.clips = self.clips or iter(drawn_ahead(SEED, self.step, self.steps))
        clips = next(self.clips)
        return self.measure(self.model, clips, noise_for(clips, self.step), self.fast, self._before(clips))

    @torch.no_grad()
    def _before(self, clips: torch.Tensor) -> torch.Tensor | None:
        if self.anchor is None:
            return None
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            return means(self.anchor, clips).float()

    def finished(self) -> Any:
        """The moving average with its statistics: those of the anchor if there is one."""
        model = copy.deepcopy(self.average)
        if self.anchor is None:
            set_statistics(model, held_out(*TESTS["128"]))
        else:
            model.latents_mean.copy_(self.anchor.latents_mean)
            model.latents_std.copy_(self.anchor.latents_std)
        return model


def validate(trainer: VaeTrainer, run: Run, tests: dict[str, torch.Tensor]) -> dict[str, float]:
    """PSNR of the moving average on held-out clips; redraws curve and sheet, writes the compact folder."""
    made = {name: rebuilt(trainer.average, clips) for name, clips in tests.items()}
    scores = {f"psnr{name}": psnr(made[name], clips).mean().item() for name, clips in tests.items()}
    redraw(run, trainer.step, scores)
    clips = tests["128"]
    draw_sheet(run.folder / "sheet.png", [c for pair in zip(clips[:6], made["128"][:6], strict=True) for c in pair])
    write_compact(trainer, run.folder / "compact")
    return scores


def write_compact(trainer: VaeTrainer, folder: Path) -> None:
    """What the package would load, in half precision."""
    trainer.finished().half().save_pretrained(folder, safe_serialization=True)


def drawn_ahead(seed: int, step: int, steps: int) -> DataLoader[torch.Tensor]:
    """The batches of the steps to come, drawn by a process of their own."""
    return DataLoader(Batches(seed, steps), sampler=range(step, steps), batch_size=None, num_workers=1)


def lay_still(model: Any, known: Mapping[str, Any]) -> None:
    """Residual blocks that are not among the known weights add nothing yet."""
    for name, weight in model.named_parameters():
        if name not in known and ".conv2." in name:
            torch.nn.init.zeros_(weight)


def load_vae(folder: Path) -> Any:
    """The compact VAE of a run, in float32."""
    vae = load_video_vae(folder, torch.float32)
    return vae.to(memory_format=torch.channels_last_3d).eval().requires_grad_(False)


def main() -> None:
    """The command line."""
    parser = command(__doc__, 60, 9000)
    parser.add_argument("--out", type=Path, default=HOME / "vae")
    parser.add_argument("--layout", choices=LAYOUTS, default="p8")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--anchor", type=Path, help="a compact folder whose latents are to be kept")
    parser.add_argument("--packaged", action="store_true", help="begin with the package's weights")
    parser.add_argument("--check", type=int, default=250, help="steps between validations")
    options = options_of(parser)
    run = Run(options.out.expanduser(), options.minutes)
    anchor = load_vae(options.anchor.expanduser()) if options.anchor else None
    trainer = VaeTrainer(options.layout, options.steps, options.rate, options.fast, anchor)
    begin(trainer, run)
    if options.packaged and trainer.step == 0:
        known = bundle.module("vae").state_dict()
        warm_start(trainer, known, STARTING)
        for model in (trainer.model, trainer.average):
            lay_still(model, known)
    tests = {name: held_out(*what) for name, what in TESTS.items()}
    train(trainer, run, options.check, lambda: validate(trainer, run, tests))


if __name__ == "__main__":
    main()
