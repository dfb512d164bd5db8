"""Scripts run on the embedded set, and what is seen in their clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.evaluate import make, read
from training.judge.things import colour_of, find, nearest
from training.world.canvas import whole
from training.world.picture import video
from training.world.scene import Scene, Thing
from training.world.words import COLOURS

Array = np.ndarray
WHITE = "on a white background, with a tone"


@dataclass(frozen=True)
class Film:
    """Frames F H W 3 in 0..1, samples and their rate."""

    frames: Array
    samples: Array
    rate: int

    def colour(self, part: slice = slice(None)) -> str:
        """The colour word of what is there in some frames."""
        return colour_of(find(self.frames), part)

    def way(self) -> Array:
        """How far the thing moved to the right and downwards, in parts of the picture: ends against beginnings."""
        track = find(self.frames).track[:, :2]
        return np.median(track[-6:], axis=0) - np.median(track[:6], axis=0)

    def colour_near(self, x: float, y: float, frame: int) -> str:
        """The colour word at a point, in parts of the picture from its centre."""
        height, width = self.frames.shape[1:3]
        row, column = round((0.5 + y) * height), round((0.5 + x) * width)
        spot = self.frames[frame, row - 3 : row + 4, column - 3 : column + 4]
        return nearest(np.median(spot.reshape(-1, 3), axis=0), COLOURS)


def films(shots: dict[str, str], folder: Path, top: str = "") -> dict[str, Film]:
    """Run shots on the embedded set in one script."""
    blocks = (f'shot "{name}" {{\n{body}\nsave "{folder}/{name}.mp4" crf 4\n}}' for name, body in shots.items())
    make("\n".join([top, *blocks]), folder / "cache")
    return {name: Film(*read(folder / f"{name}.mp4")) for name in shots}


def thing(colour: str, motion: str = "stays still", shape: str = "ball", place: str = "in the middle") -> str:
    """One thing in words."""
    return f"a large {colour} {shape} {motion} {place}"


def picture(path: Path, colour: str, place: str, background: str = "white") -> Array:
    """A still of the world in a file, and its pixels."""
    scene = Scene((Thing("ball", colour, "large", "stays still", place),), background)
    pixels = video(scene, whole(128, 128), 1)[0]
    Image.fromarray((pixels * 255).round().astype(np.uint8)).save(path)
    return pixels


def likeness(frame: Array, picture: Array) -> float:
    """PSNR in decibels."""
    return float(-10 * np.log10(np.square(frame - picture).mean()))


__all__ = ["COLOURS", "WHITE", "Array", "Film", "films", "likeness", "picture", "thing"]
