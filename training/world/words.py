"""The words of the world in numbers. Colours are RGB in 0..1, lengths are parts of the short side."""

from __future__ import annotations

RGB = tuple[float, float, float]

SHAPES = ("ball", "square", "triangle", "star")
SIZES: dict[str, float] = {"small": 0.14, "large": 0.21}  # radius
COLOURS: dict[str, RGB] = {
    "red": (0.90, 0.12, 0.12),
    "orange": (0.96, 0.52, 0.08),
    "yellow": (0.96, 0.90, 0.12),
    "green": (0.12, 0.72, 0.20),
    "blue": (0.14, 0.30, 0.92),
    "purple": (0.62, 0.18, 0.78),
}
PITCHES: dict[str, int] = {"red": 300, "orange": 400, "yellow": 500, "green": 700, "blue": 900, "purple": 1200}  # Hz
BACKGROUNDS: dict[str, RGB] = {
    "black": (0.05, 0.05, 0.05),
    "white": (0.93, 0.93, 0.93),
    "grey": (0.48, 0.48, 0.48),
    "teal": (0.02, 0.36, 0.40),
}

# Centre of the picture is (0, 0); x grows to the right, y grows downwards.
PLACES: dict[str, tuple[float, float]] = {
    "in the middle": (0.0, 0.0),
    "on the left": (-0.25, 0.0),
    "on the right": (0.25, 0.0),
    "at the top": (0.0, -0.25),
    "at the bottom": (0.0, 0.25),
}
PAIRS = (("on the left", "on the right"), ("at the top", "at the bottom"))

# Way over a whole clip: along x, along y, and in the logarithm of the radius.
TRAVEL = 0.46
GROWTH = 0.6
MOTIONS: dict[str, tuple[float, float, float]] = {
    "stays still": (0.0, 0.0, 0.0),
    "moves left": (-TRAVEL, 0.0, 0.0),
    "moves right": (TRAVEL, 0.0, 0.0),
    "rises": (0.0, -TRAVEL, 0.0),
    "falls": (0.0, TRAVEL, 0.0),
    "grows": (0.0, 0.0, GROWTH),
    "shrinks": (0.0, 0.0, -GROWTH),
    "circles": (0.0, 0.0, 0.0),  # see motion.py: one turn clockwise
}
CIRCLE = 0.2  # radius of the turn

# The same three numbers for the camera: where it goes, and the logarithm of how near it comes.
CAMERAS: dict[str, tuple[float, float, float]] = {
    "stands still": (0.0, 0.0, 0.0),
    "pans left": (-0.4, 0.0, 0.0),
    "pans right": (0.4, 0.0, 0.0),
    "tilts up": (0.0, -0.4, 0.0),
    "tilts down": (0.0, 0.4, 0.0),
    "zooms in": (0.0, 0.0, 0.7),
    "zooms out": (0.0, 0.0, -0.7),
}

MOMENTS: dict[str, float] = {"early": 0.3, "halfway": 0.5, "late": 0.7}  # part of the clip


def motions_at(place: str) -> tuple[str, ...]:
    """The motions that have room at a place: sideways not on the sides, up and down not at top and bottom."""
    barred = {
        "on the left": ("moves left", "moves right", "circles"),
        "on the right": ("moves left", "moves right", "circles"),
        "at the top": ("rises", "falls", "circles"),
        "at the bottom": ("rises", "falls", "circles"),
    }.get(place, ())
    return tuple(motion for motion in MOTIONS if motion not in barred)
