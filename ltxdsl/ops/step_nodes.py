"""The ops that a picture or video goes through before anything else takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ltxdsl.ops.base import Op, Port, Reader
from ltxdsl.ops.facts import Facts

KJ = "ImageResizeKJv2"


class ResizePicture(Op, frozen=True):
    """Resize frames in one of the ways that workflows know. F H W 3 to F H' W' 3.

    `how` is size (cut about the middle to the shape, then resized), stretch, within (as large as fits), pad (the same,
    with borders), width, height, longer, shorter (that side is said, the other follows), scale and megapixels (by
    `number`), or multiple (down to sides that `number` divides). KJNodes' node takes sides down to what `divisible`
    divides, and rounds cuts and borders in its own way.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "resize_picture"
    version = 2
    how: str
    width: int = 0
    height: int = 0
    number: float = 0.0
    method: str = ""  # as in ResizeFrames; "" = lanczos, with sides cut down to whole pixels
    node: str = ""  # which of ComfyUI's nodes that do the same
    divisible: int = 1
    white: bool = False  # borders

    def identity(self) -> dict[str, Any]:
        """What it does, by whichever node."""
        usual = {"node": self.node if self.node != KJ else "", "divisible": 1, "white": False}
        return {name: value for name, value in super().identity().items() if usual.get(name, ...) != value}

    def label(self) -> str:
        """What is asked for."""
        said = f"{self.width}x{self.height}" if self.width and self.height else f"{self.side or self.number:g}"
        return f"resize, {self.how} {said}"

    @property
    def side(self) -> int:
        """The side that is said, where one is."""
        return self.width or self.height

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size, where that of the picture is known."""
        image = given["image"]
        known = self.how in ("size", "stretch") or (image.width and image.height)
        width, height = self.sides(image.width, image.height) if known else (0, 0)
        return {"image": image.but(width=width, height=height)}

    def sides(self, width: int, height: int) -> tuple[int, int]:
        """The size that comes of a size, rounded as ComfyUI's nodes do it."""
        match self.how:
            case "pad":
                inner, free = self.inner(width, height), self.borders(width, height)
                return inner[0] + free[0][0] + free[0][1], inner[1] + free[1][0] + free[1][1]
            case "within":
                return self.inner(width, height)
            case "width" | "height":
                return self._followed(width, height, self.how == "width")
            case "longer" | "shorter":
                wide = width >= height if self.how == "longer" else width <= height
                return self._followed(width, height, wide)
            case "scale":
                return round(width * self.number), round(height * self.number)
            case "megapixels":
                share = math.sqrt(int(self.number * 1024 * 1024) / (width * height))
                return round(width * share), round(height * share)
            case "multiple":
                step = max(1, int(self.number))
                least = min(width, height) >= step
                return (width // step * step, height // step * step) if least else (width, height)
        return self._down(self.width), self._down(self.height)

    def inner(self, width: int, height: int) -> tuple[int, int]:
        """The picture's size within the one that is asked for, in its own shape."""
        share = min(self.width / width, self.height / height)
        if self.node == KJ:
            return self._down(round(width * share)), self._down(round(height * share))
        return int(width * share), int(height * share)

    def borders(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels left and right of the picture, above and below it."""
        if self.node != KJ:
            inner = self.inner(width, height)
            free = (self.width - inner[0], self.height - inner[1])
            return (free[0] // 2, free[0] - free[0] // 2), (free[1] // 2, free[1] - free[1] // 2)
        share = min(self.width / width, self.height / height)
        free = (self.width - round(width * share), self.height - round(height * share))
        if not any(free):
            return (0, 0), (0, 0)
        wide, high = (
            (gap // 2, gap - gap // 2 + -(side + gap) % self.divisible)
            for gap, side in zip(free, self.inner(width, height), strict=True)
        )
        return wide, high

    def _down(self, side: int) -> int:
        return side - side % self.divisible

    def _followed(self, width: int, height: int, of_width: bool) -> tuple[int, int]:
        """One side as it is said, the other in proportion."""
        if not self.method:
            share = self.side / (width if of_width else height)
            return (self.side, int(height * share)) if of_width else (int(width * share), self.side)
        if of_width:
            return self.side, max(1, round(height / width * self.side))
        return max(1, round(width / height * self.side)), self.side


class InvertFrames(Op, frozen=True):
    """White for black: 1 - x."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "invert_frames"


class AsVideo(Op, frozen=True):
    """Frames as they come back from a video of them that no file was made of."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "as_video"
    fps: float


class DetectEdges(Op, frozen=True):
    """Canny's edges, white on black: a 5x5 Gaussian (sigma 1), Sobel, thinning, and two thresholds with hysteresis."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "detect_edges"
    low: float
    high: float


class ReadBeside(Reader, frozen=True):
    """What a video has beside its frames: its sound, and frames a second. ComfyUI only."""

    outputs = {"audio": Port.WIRE, "fps": Port.WIRE}
    kernel = "read_beside"


class MeasureFrames(Op, frozen=True):
    """How large frames are, and how many, when a workflow runs; `alone` = only that is asked. ComfyUI only.

    `told`: the node that resized them says the size; nothing is counted.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"width": Port.WIRE, "height": Port.WIRE, "frames": Port.WIRE}
    kernel = "measure_frames"
    alone: str = ""
    told: bool = False
