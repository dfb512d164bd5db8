"""The README's picture: frames of clips that the embedded set makes of a few prompts.

python -m training.showcase docs/images/first.jpg
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from training.evaluate import make, read

FRAMES, SIDE, MARGIN, LINE = 6, 128, 6, 16
PROMPTS = (
    "a large red ball moves right in the middle on a white background, with a tone",
    "a large green ball stays still in the middle on a teal background, silent",
    "a small blue ball stays still on the left and a large orange square stays still on the right on a white "
    "background, with a tone",
    "a large yellow ball grows in the middle on a wavy grey background, halfway it turns purple, with a tone",
)


def strip(path: Path) -> Image.Image:
    """Some frames of a clip, side by side."""
    frames, _, _ = read(path)
    chosen = np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)
    return Image.fromarray((np.concatenate(frames[chosen], axis=1) * 255).round().astype(np.uint8))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    height = SIDE + LINE + MARGIN
    sheet = Image.new("RGB", (FRAMES * SIDE, height * len(PROMPTS)), "white")
    with tempfile.TemporaryDirectory() as work:
        shots = (
            f'shot "s{n}" {{ seed {options.seed}; prompt "{text}"; pass dev 30; save "{work}/{n}.mp4" crf 4 }}'
            for n, text in enumerate(PROMPTS)
        )
        make("\n".join(shots), Path(work) / "cache")
        for number, text in enumerate(PROMPTS):
            ImageDraw.Draw(sheet).text((4, number * height + 2), text, fill="black")
            sheet.paste(strip(Path(work) / f"{number}.mp4"), (0, number * height + LINE))
    sheet.save(options.out, quality=90)


if __name__ == "__main__":
    main()
