"""Training of the latent upsamplers, the real class at toy size: x2, and x1.5 by the rational resampler.

python -m training.upsampler x2 --minutes 20        # needs training.pairs
python -m training.upsampler x1.5 --minutes 20
python -m training.upsampler x2 --measure           # against bicubic: as trained, and as packed
They see the VAE's own latents, not whitened ones, as in the stock pipeline. A run goes on where it was stopped.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from ltxdsl.runtime.loading import load_upsampler
from training.pack import COARSE, rounded
from training.pairs import FACTORS, KINDS, clip, held_out_pairs, read_pairs
from training.run import HOME, Run, command, draw_sheet, options_of
from training.sensitivity import sensitivity, shown
from training.trainer import Pace, Trainer, begin, redraw, train
from training.vae import load_vae, means, psnr

SEED = 37
FAR = 4.0  # see `_open`
NOISE = 0.05  # of a latent's spread, at most, added to the small ones: what a transformer makes is not quite clean
RATE, REST_RATE, DECAY = 0.03, 1e-3, 0.6
BATCH = 32
TESTS = 16  # held-out pairs of a validation
SEEN, SEEN_FROM, SEEN_BATCH = 4, 0.8, 4  # after that share of the steps three of four are judged on so many new clips
FLOOR = 0.0054  # squared error that the VAE itself makes, of pixels in -1..1

FOLDERS = {"x2": "upsampler", "x1.5": "upsampler-x1.5"}
WIDTHS = {"x2": 192, "x1.5": 128}  # wide and shallow: see training/README.md
BLOCKS = 1

Pairs = dict[str, tuple[torch.Tensor, torch.Tensor]]


def build(factor: str) -> Any:
    """The class of the real model."""
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    model = LTX2LatentUpsamplerModel(
        in_channels=64,
        mid_channels=WIDTHS[factor],
        num_blocks_per_stage=BLOCKS,
        dims=2,  # in space only: a latent holds eight frames already
        rational_spatial_scale=FACTORS[factor],
        use_rational_resampler=factor != "x2",
    )
    for conv, norm in _pairs_of(model):
        _open(conv, norm)
    for block in (*model.res_blocks, *model.post_upsample_res_blocks):
        torch.nn.init.zeros_(block.conv2.weight)  # adds nothing yet
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

    With few channels in a group it would take all that says how bright a clip is, and leave signs. Constants of
    both signs, far larger than what varies, are what it divides by instead; its own weights undo them.
    """
    signs = torch.tensor([1.0, -1.0]).repeat(len(conv.bias) // 2)
    conv.bias.copy_(FAR * signs)
    norm.weight.fill_(FAR)
    norm.bias.copy_(-FAR * signs)


class UpsamplerTrainer(Trainer):
    """An upsampler, its pairs and the VAE that they come from."""

    def __init__(self, factor: str, pairs: Pairs, vae: Any, steps: int, fast: bool = False):
        """`steps` is the horizon of the learning rate; `fast` decodes in bfloat16, compiled."""
        torch.manual_seed(SEED)
        model = build(factor)
        ends = (model.initial_conv.weight, model.final_conv.weight)
        super().__init__(model, ends, Pace(steps, RATE, REST_RATE, decay=DECAY))
        self.factor, self.pairs, self.vae, self.fast = factor, pairs, vae, fast
        self.spread = vae.latents_std.view(1, -1, 1, 1, 1)
        self.roots = {name: sensitivity(vae, large[:8], half=fast) for name, (_, large) in pairs.items()}
        self.unlike = torch.compile(unlike, dynamic=False) if fast else unlike
        with torch.no_grad():
            model.final_conv.bias.copy_(vae.latents_mean)
            self.average.final_conv.bias.copy_(vae.latents_mean)

    def loss(self) -> torch.Tensor:
        """About the logarithm of the squared error of the pixels: as latents tell it, or as some clips show it."""
        rng = np.random.default_rng((SEED, self.step))
        return self._seen(rng) if self.seen_at(self.step) else self._latents(rng)

    def seen_at(self, step: int) -> bool:
        """True for a step that is judged on pixels."""
        return step >= SEEN_FROM * self.steps and step % SEEN != 0

    def _latents(self, rng: np.random.Generator) -> torch.Tensor:
        name = self._kind(rng)
        small, large = self.pairs[name]
        chosen = rng.integers(len(small), size=BATCH)
        error = self.model(self._noisy(small[chosen])) - large[chosen]
        pixels = 3 * KINDS[name].pixels(FACTORS[self.factor])
        return (FLOOR + shown(self.roots[name], error) / pixels).log().mean()

    def _noisy(self, latents: torch.Tensor) -> torch.Tensor:
        dice = torch.Generator().manual_seed(self.step)
        amount = NOISE * torch.rand(len(latents), 1, 1, 1, 1, generator=dice)
        return latents + amount * self.spread * torch.randn(latents.shape, generator=dice)

    def _seen(self, rng: np.random.Generator) -> torch.Tensor:
        """On whole clips that no pair shows."""
        kind = KINDS["whole"]
        numbers = rng.integers(1 << 20, size=SEEN_BATCH).tolist()
        small, large = (torch.cat([clip(kind, n, size) for n in numbers]) for size in (1.0, FACTORS[self.factor]))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self.fast):
            latents = torch.cat([means(self.vae, one) for one in small.split(1)]).float()
        return self.unlike(self.vae, self.model(self._noisy(latents)), large, self.fast)

    def _kind(self, rng: np.random.Generator) -> str:
        shares = np.array([KINDS[name].share for name in self.pairs])
        return list(self.pairs)[rng.choice(len(shares), p=shares / shares.sum())]


def unlike(vae: Any, latents: torch.Tensor, real: torch.Tensor, half: bool) -> torch.Tensor:
    """Mean logarithm of the squared error of clips: what PSNR is made of."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        made = vae.decoder(latents)
    return (made.float() - real).square().mean(dim=(1, 2, 3, 4)).log().mean()


class Trial(NamedTuple):
    """Held-out clips: small ones as latents, the larger ones, and the scores of what needs no upsampler."""

    latents: torch.Tensor
    real: torch.Tensor
    scores: dict[str, float]


@torch.no_grad()
def trial(vae: Any, factor: str, count: int = TESTS, kind: str = "whole") -> Trial:
    """`count` clips; bicubic pixels of the decoded small latents, and the ceiling: the VAE's own larger clips."""
    small, large = held_out_pairs(count, FACTORS[factor], kind)
    latents = torch.cat([means(vae, one) for one in small.split(1)])
    larger = torch.cat([bicubic(vae.decoder(one), large.shape[-2:]) for one in latents.split(1)])
    ceiling = torch.cat([vae.decoder(means(vae, one)) for one in large.split(1)])
    scores = {"bicubic": psnr(larger, large).mean().item(), "ceiling": psnr(ceiling, large).mean().item()}
    return Trial(latents, large, scores)


@torch.no_grad()
def judged(model: Any, vae: Any, test: Trial) -> dict[str, float]:
    """PSNR at the larger size: of upsampled latents, and what is known without them."""
    made = torch.cat([vae.decoder(model(one)) for one in test.latents.split(1)])
    return {"upsampled": psnr(made, test.real).mean().item(), **test.scores}


def compare(model: Any, vae: Any, factor: str, count: int = TESTS, kind: str = "whole") -> dict[str, float]:
    """PSNR of held-out clips at the larger size: upsampled latents, bicubic pixels, and the VAE's own ceiling."""
    return judged(model, vae, trial(vae, factor, count, kind))


def bicubic(clips: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """B 3 F H W at another size."""
    frames = clips.transpose(1, 2).flatten(0, 1)
    larger = functional.interpolate(frames, size=tuple(size), mode="bicubic", align_corners=False).clamp(-1, 1)
    return larger.unflatten(0, (clips.shape[0], -1)).transpose(1, 2)


def validate(trainer: UpsamplerTrainer, run: Run, test: Trial) -> dict[str, float]:
    """Scores of the moving average; writes it, redraws curve and sheet."""
    scores = judged(trainer.average, trainer.vae, test)
    redraw(run, trainer.step, scores)
    draw_sheet(run.folder / "sheet.png", _pictures(trainer, test))
    copy.deepcopy(trainer.average).half().save_pretrained(run.folder / "compact", safe_serialization=True)
    return scores


@torch.no_grad()
def _pictures(trainer: UpsamplerTrainer, test: Trial) -> list[torch.Tensor]:
    """Rows of three: bicubic, upsampled, real."""
    rows = []
    for latents, real in zip(test.latents[:4].split(1), test.real[:4], strict=False):
        made = trainer.vae.decoder(trainer.average(latents))
        rows += [bicubic(trainer.vae.decoder(latents), real.shape[-2:])[0], made[0], real]
    return rows


def measure(folder: Path, vae: Any, factor: str, count: int = 40) -> None:
    """Print the comparison for every kind of clip, with the weights as trained and as they are packed."""
    trained = load_upsampler(folder, torch.float32).requires_grad_(False)
    for kind in KINDS:
        test = trial(vae, factor, count, kind)
        for name, model in {"float": trained, "packed": rounded(trained, COARSE)}.items():
            scores = judged(model, vae, test)
            print(kind, name, *(f"{key} {value:.2f}" for key, value in scores.items()), flush=True)


def main() -> None:
    """The command line."""
    parser = command(__doc__, 90, 9000)
    parser.add_argument("factor", choices=FACTORS)
    parser.add_argument("--out", type=Path, help="by default a folder for the factor")
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--pairs", type=Path, default=HOME / "pairs")
    parser.add_argument("--check", type=int, default=500, help="steps between validations")
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
        test = trial(vae, options.factor)
        train(trainer, run, options.check, lambda: validate(trainer, run, test))


if __name__ == "__main__":
    main()
