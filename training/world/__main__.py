"""A contact sheet of the world, with its captions: python -m training.world sheet.png --first 0 --count 12."""

from __future__ import annotations

import argparse

from training.clips import stack
from training.run import draw_sheet
from training.world.canvas import whole
from training.world.caption import caption
from training.world.picture import CONTROLS, control, video
from training.world.scene import scene_of


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--control", choices=CONTROLS, help="draw this control in place of the picture")
    options = parser.parse_args()
    scenes = [scene_of(seed) for seed in range(options.first, options.first + options.count)]
    for scene in scenes:
        print(caption(scene))
    canvas = whole(128, 128)
    clips = [
        control(scene, options.control, canvas, 17) if options.control else video(scene, canvas, 17) for scene in scenes
    ]
    draw_sheet(options.path, list(stack(clips)))


if __name__ == "__main__":
    main()
