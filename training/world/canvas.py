"""What part of the world a picture shows, and how large."""

from __future__ import annotations

import msgspec


class Canvas(msgspec.Struct, frozen=True):
    """Width and height in pixels, pixels per world length 1 (the short side of a whole picture), and the centre."""

    width: int
    height: int
    scale: float
    x: float = 0.0
    y: float = 0.0


def whole(width: int, height: int) -> Canvas:
    """The canvas that shows a whole scene."""
    return Canvas(width, height, min(width, height))
