"""Signed distances (negative inside) of the shapes, in units of their radius; their areas are alike."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def ball(x: Array, y: Array) -> Array:
    """A disc of radius 1."""
    return np.sqrt(x * x + y * y) - 1.0


def square(x: Array, y: Array) -> Array:
    """An upright square."""
    return np.maximum(np.abs(x), np.abs(y)) - 0.89


def triangle(x: Array, y: Array) -> Array:
    """An equilateral triangle, tip up (y grows downwards), centred on its centre of mass."""
    return np.maximum(y, 0.8660254 * np.abs(x) - 0.5 * y) - 0.78


def star(x: Array, y: Array) -> Array:
    """A star of five points, one up."""
    fifth = 2 * np.pi / 5
    angle = np.arctan2(x, -y)
    angle = np.abs(angle - fifth * np.round(angle / fifth))
    radius = np.sqrt(x * x + y * y)
    return radius * np.cos(angle) * NORMAL[0] + radius * np.sin(angle) * NORMAL[1] - OFFSET


TIP, NOTCH = 1.4, 0.64  # radii of the outer and the inner corners
_edge = np.array([NOTCH * np.cos(np.pi / 5) - TIP, NOTCH * np.sin(np.pi / 5)])
NORMAL = tuple((np.array([_edge[1], -_edge[0]]) / np.hypot(*_edge)).tolist())
OFFSET = TIP * NORMAL[0]

DISTANCES = {"ball": ball, "square": square, "triangle": triangle, "star": star}
