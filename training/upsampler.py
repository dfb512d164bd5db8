"""Training of the latent upsamplers, the real class at toy size: x2, and x1.5 by the rational resampler.

python -m training.upsampler x2 --minutes 20        # needs training.pairs
python -m training.upsampler x1.5 --minutes 20
python -m training.upsampler x2 --measure           # against bicubic: as trained, and as int8
They see the VAE's own latents, not whitened ones, as in the stock pipeline. A run goes on where it was stopped.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ltxdsl.runtime.loading import load_upsampler
from training.pack import rounded
from training.pairs import FACTORS, KINDS, clip, held_out_pairs, read_pairs
from training.run import HOME, Run, command, draw_sheet, options_of
from training.trainer import Pace, Trainer, begin, redraw, train
from training.vae import load_vae, means, psnr

SEED = 37
WIDTH, BLOCKS = 64, 1
FAR = 4.0  # see `_open`
NOISE = 0.05  # of a latent's spread, added to the small ones: what comes from the transformer is not quite clean
RATE, REST_RATE = 0.01, 1e-3
BATCH = 16
TESTS = 16  # held-out pairs of a validation
SEEN, SEEN_FROM = 2, 0.4  # every other step after the first 40 % is judged on pixels
PIXELS = 2.0  # weight of their error

FOLDERS = {"x2": "upsampler", "x1.5": "upsampler-x1.5"}

Pairs = dict[str, tuple[torch.Tensor, torch.Tensor]]


def build(factor: str) -> Any:
    """The class of the real model."""
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    model = LTX2LatentUpsamplerModel(
        in_channels=64,
        mid_channels=WIDTH,
        num_blocks_per_stage=BLOCKS,
        rational_spatial_scale=FACTORS[factor],
        use_rational_resampler=factor != "x2",
    )
    for conv, norm in _pairs_of(model):
        _open(conv, norm)
    return model


def _pairs_of(model: Any) -> Iterator[tuple[Any, Any]]:
    """Every convolution that a group norm follows, with that norm."""
    yield model.initial_conv, model.initial_norm
    for block in (*model.res_blocks, *model.post_upsample_res_blocks):
        yield block.conv1, block.norm1
        yield block.conv2, block.norm2


@torch.no_grad()
def _open(conv: Any, norm: Any) -> None:
    """Let a group norm pass its input on, about as it is.

    With two channels in a group it would take all that says how bright a clip is, and leave signs. Constants of
    both signs, far larger than what varies, are what it divides by instead; its own weights undo them.
    """
    signs = torch.tensor([1.0, -1.0]).repeat(WIDTH // 2)
    conv.bias.copy_(FAR * signs)
    norm.weight.fill_(FAR)
    norm.bias.copy_(-FAR * signs)


class UpsamplerTrainer(Trainer):
    """An upsampler, its pairs and the VAE that they come from."""

    def __init__(self, factor: str, pairs: Pairs, vae: Any, steps: int, fast: bool = False):
        """`steps` is the horizon of the learning rate; `fast` decodes in bfloat16."""
        torch.manual_seed(SEED)
        model = build(factor)
        super().__init__(model, (model.initial_conv.weight, model.final_conv.weight), Pace(steps, RATE, REST_RATE))
        self.factor, self.pairs, self.vae, self.fast = factor, pairs, vae, fast
        self.spread = vae.latents_std.view(1, -1, 1, 1, 1)
        with torch.no_grad():
            model.final_conv.bias.copy_(vae.latents_mean)
            self.average.final_conv.bias.copy_(vae.latents_mean)

    def loss(self) -> torch.Tensor:
        """Error of the latents in units of their spread, or that of one clip's pixels."""
        rng = np.random.default_rng((SEED, self.step))
        late = self.step >= SEEN_FROM * self.steps
        return self._seen(rng) if late and self.step % SEEN == 0 else self._latents(rng)

    def _latents(self, rng: np.random.Generator) -> torch.Tensor:
        small, large = self.pairs[self._kind(rng)]
        chosen = rng.integers(len(small), size=BATCH)
        dice = torch.Generator().manual_seed(self.step)
        noisy = small[chosen] + NOISE * self.spread * torch.randn(small[chosen].shape, generator=dice)
        error = (self.model(noisy) - large[chosen]) / self.spread
        return error.abs().mean() + 0.5 * error.square().mean()

    def _seen(self, rng: np.random.Generator) -> torch.Tensor:
        name = self._kind(rng)
        number = int(rng.integers(len(self.pairs[name][0])))
        start = list(KINDS).index(name) << 20
        latents = self.model(self.pairs[name][0][number : number + 1])
        with torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            made = self.vae.decoder(latents)
        error = made.float() - clip(KINDS[name], start + number, FACTORS[self.factor])
        return PIXELS * (error.abs().mean() + error.square().mean())

    def _kind(self, rng: np.random.Generator) -> str:
        shares = np.array([KINDS[name].share for name in self.pairs])
        return list(self.pairs)[rng.choice(len(shares), p=shares / shares.sum())]


@torch.no_grad()
def compare(model: Any, vae: Any, factor: str, count: int = TESTS, kind: str = "whole") -> dict[str, float]:
    """PSNR of held-out clips at the larger size: upsampled latents, bicubic pixels, and the VAE's own ceiling."""
    small, large = held_out_pairs(count, FACTORS[factor], kind)
    made: dict[str, list[torch.Tensor]] = {"upsampled": [], "bicubic": [], "ceiling": []}
    for one, real in zip(small.split(1), large.split(1), strict=True):
        latents = means(vae, one)
        made["upsampled"].append(vae.decoder(model(latents)))
        made["bicubic"].append(bicubic(vae.decoder(latents), real.shape[-2:]))
        made["ceiling"].append(vae.decoder(means(vae, real)))
    return {name: psnr(torch.cat(clips), large).mean().item() for name, clips in made.items()}


def bicubic(clips: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """B 3 F H W at another size."""
    frames = clips.transpose(1, 2).flatten(0, 1)
    larger = functional.interpolate(frames, size=tuple(size), mode="bicubic", align_corners=False).clamp(-1, 1)
    return larger.unflatten(0, (clips.shape[0], -1)).transpose(1, 2)


def validate(trainer: UpsamplerTrainer, run: Run) -> dict[str, float]:
    """Scores of the moving average; writes it, redraws curve and sheet."""
    scores = compare(trainer.average, trainer.vae, trainer.factor)
    redraw(run, trainer.step, scores)
    draw_sheet(run.folder / "sheet.png", _pictures(trainer))
    copy.deepcopy(trainer.average).half().save_pretrained(run.folder / "compact", safe_serialization=True)
    return scores


@torch.no_grad()
def _pictures(trainer: UpsamplerTrainer) -> list[torch.Tensor]:
    """Rows of three: bicubic, upsampled, real."""
    rows = []
    for one, real in zip(*(part.split(1) for part in held_out_pairs(4, FACTORS[trainer.factor])), strict=True):
        latents = means(trainer.vae, one)
        made = trainer.vae.decoder(trainer.average(latents))
        rows += [bicubic(trainer.vae.decoder(latents), real.shape[-2:])[0], made[0], real[0]]
    return rows


def measure(folder: Path, vae: Any, factor: str, count: int = 40) -> None:
    """Print the comparison for every kind of clip, with the weights as trained and as they are packed."""
    trained = load_upsampler(folder, torch.float32).requires_grad_(False)
    for kind in KINDS:
        for name, model in {"float": trained, "int8": rounded(trained)}.items():
            scores = compare(model, vae, factor, count, kind)
            print(kind, name, *(f"{key} {value:.2f}" for key, value in scores.items()), flush=True)


def main() -> None:
    """The command line."""
    parser = command(__doc__, 20, 1600)
    parser.add_argument("factor", choices=FACTORS)
    parser.add_argument("--out", type=Path, help="by default a folder for the factor")
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--pairs", type=Path, default=HOME / "pairs")
    parser.add_argument("--check", type=int, default=250, help="steps between validations")
    parser.add_argument("--measure", action="store_true", help="only compare what has been trained")
    options = options_of(parser)
    folder = (options.out or HOME / FOLDERS[options.factor]).expanduser()
    vae = load_vae(options.vae)
    if options.measure:
        measure(folder / "compact", vae, options.factor)
    else:
        run, pairs = Run(folder, options.minutes), read_pairs(options.pairs, options.factor)
        trainer = UpsamplerTrainer(options.factor, pairs, vae, options.steps, options.fast)
        begin(trainer, run)
        train(trainer, run, options.check, lambda: validate(trainer, run))


if __name__ == "__main__":
    main()
