"""The same scenes small and large as latents of a trained VAE, in shards: what the upsamplers are trained on.

python -m training.pairs --count 1600
A shard that is there is left alone, so the work can be stopped at any time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from training.clips import HELD_OUT, stack
from training.run import HOME, command, options_of
from training.vae import load_vae, means
from training.world.canvas import Canvas
from training.world.picture import video
from training.world.scene import scene_of
from training.world.words import PLACES

SHARD = 50
FACTORS = {"x2": 2.0, "x1.5": 1.5}


class Kind(NamedTuple):
    """Pairs of one size: of the small clip, its pixels per world length (0 shows the whole scene), its frames."""

    share: float
    width: int
    height: int
    scale: int
    frames: int

    def pixels(self, factor: float) -> int:
        """Of a clip at `factor` times the size."""
        return int(self.width * factor) * int(self.height * factor) * self.frames


KINDS = {
    "whole": Kind(0.7, 128, 128, 0, 9),
    "small": Kind(0.1, 64, 64, 0, 17),
    "piece": Kind(0.1, 64, 64, 128, 17),
    "wide": Kind(0.05, 128, 64, 96, 9),
    "tall": Kind(0.05, 64, 128, 96, 9),
}


def clip(kind: Kind, number: int, factor: float = 1.0) -> torch.Tensor:
    """1 3 F H W in -1..1: the clip of a number at `factor` times the kind's size."""
    scale = factor * (kind.scale or min(kind.width, kind.height))
    scene = scene_of(number)
    x, y = _aim(kind, number, scene.things[0].place)
    canvas = Canvas(int(kind.width * factor), int(kind.height * factor), scale, x, y)
    return stack([video(scene, canvas, kind.frames)])


def _aim(kind: Kind, number: int, place: str) -> tuple[float, float]:
    """The centre of a crop: about the first thing, inside the scene."""
    if not kind.scale:
        return 0.0, 0.0
    room = [0.5 * max(0.0, 1 - side / kind.scale) for side in (kind.width, kind.height)]
    at = np.add(PLACES[place], np.random.default_rng(number).uniform(-0.15, 0.15, 2))
    x, y = np.clip(at, np.negative(room), room).tolist()
    return x, y


@torch.no_grad()
def _encoded(vae: Any, kind: Kind, numbers: range, half: bool) -> dict[str, torch.Tensor]:
    sizes = {"x1": 1.0, **FACTORS}
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        parts = {name: [means(vae, clip(kind, n, factor)) for n in numbers] for name, factor in sizes.items()}
    return {name: torch.cat(latents).half() for name, latents in parts.items()}


def write_pairs(vae: Any, folder: Path, count: int, half: bool = False) -> None:
    """Encode `count` scenes, shared out among the kinds; every kind has numbers of its own. `half`: in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, numbers in _shards(count):
        path = folder / f"{name}-{numbers.start:06d}.safetensors"
        if not path.is_file():
            start = list(KINDS).index(name) << 20
            scenes = range(start + numbers.start, start + numbers.stop)
            save_file(_encoded(vae, KINDS[name], scenes, half), path.with_suffix(".new"))
            os.replace(path.with_suffix(".new"), path)
            print(path.name, flush=True)


def _shards(count: int) -> list[tuple[str, range]]:
    """The kind and the numbers of every shard, so that what there is after any time has every kind in its share."""
    shards = []
    for name, kind in KINDS.items():
        amount = round(kind.share * count)
        starts = range(0, amount, SHARD)
        shards += [(first / amount, name, range(first, min(first + SHARD, amount))) for first in starts]
    return [(name, numbers) for _, name, numbers in sorted(shards, key=lambda shard: shard[:2])]


def read_pairs(folder: Path, factor: str) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Small and large latents N 64 F H W of every kind, as the VAE gives them."""
    pairs = {}
    for name in KINDS:
        shards = [load_file(path) for path in sorted(folder.glob(f"{name}-*.safetensors"))]
        if shards:
            small, large = (torch.cat([shard[size].float() for shard in shards]) for size in ("x1", factor))
            pairs[name] = (small, large)
    return pairs


def held_out_pairs(count: int, factor: float, kind: str = "whole") -> tuple[torch.Tensor, torch.Tensor]:
    """Clips B 3 F H W of scenes that training never sees, small and large."""
    numbers = range(HELD_OUT, HELD_OUT + count)
    small, large = (torch.cat([clip(KINDS[kind], n, size) for n in numbers]) for size in (1.0, factor))
    return small, large


def main() -> None:
    """The command line."""
    parser = command(__doc__)
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--out", type=Path, default=HOME / "pairs")
    parser.add_argument("--count", type=int, default=1600)
    options = options_of(parser)
    write_pairs(load_vae(options.vae), options.out.expanduser(), options.count, options.fast)


if __name__ == "__main__":
    main()
