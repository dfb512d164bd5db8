"""How often the judge is right on real clips, or on clips through a VAE.

python -m training.judge --count 400
python -m training.judge --count 60 --vae ~/.cache/ltxdsl-training/vae/compact
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.judge.verdict import listen, look
from training.world.canvas import whole
from training.world.picture import video
from training.world.scene import scene_of
from training.world.sound import RATE, sound

FIRST = 1 << 41
FPS = 24.0
Array = np.ndarray


def table(count: int, side: int, frames: int, through: Callable[[Array], Array]) -> dict[str, list[bool]]:
    """All verdicts on clips that went through something."""
    found: dict[str, list[bool]] = defaultdict(list)
    for seed in range(FIRST, FIRST + count):
        scene = scene_of(seed)
        seen = look(scene, through(video(scene, whole(side, side), frames)))
        for name, right in (seen | listen(scene, sound(scene, frames, FPS), RATE, frames)).items():
            found[name].append(right)
    return found


def through_vae(folder: Path) -> Callable[[Array], Array]:
    """Encoding and decoding by the compact VAE of a run."""
    import torch

    from training.clips import stack
    from training.latents import decoded, encoded, load_vae

    torch.set_num_threads(1)
    vae = load_vae(folder)
    return lambda clip: decoded(vae, encoded(vae, stack([clip])))[0].numpy()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--frames", type=int, default=17)
    parser.add_argument("--vae", type=Path)
    options = parser.parse_args()
    through = through_vae(options.vae) if options.vae else lambda clip: clip
    for name, rights in table(options.count, options.side, options.frames, through).items():
        print(f"{name:12} {sum(rights):4} of {len(rights):4}  {100 * float(np.mean(rights)):6.1f} %")


if __name__ == "__main__":
    main()
