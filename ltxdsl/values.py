"""The values of the language: numbers with units, sizes, places in time."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


def plain(number: float) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    if number == int(number):
        return str(int(number))
    return f"{number:.10f}".rstrip("0").rstrip(".")


class Factor(msgspec.Struct, frozen=True):
    """A factor of size, `0.25x`."""

    value: float

    def __str__(self) -> str:
        return f"{plain(self.value)}x"


class Size(msgspec.Struct, frozen=True):
    """A picture size in pixels, `1920x1088`."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Frames(msgspec.Struct, frozen=True):
    """A number of pixel frames, `121f`."""

    count: int

    def __str__(self) -> str:
        return f"{self.count}f"


class Fps(msgspec.Struct, frozen=True):
    """Frames per second, `24fps`."""

    rate: float

    def __str__(self) -> str:
        return f"{plain(self.rate)}fps"


class Seconds(msgspec.Struct, frozen=True):
    """A time in seconds, `2.5s`."""

    value: float

    def __str__(self) -> str:
        return f"{plain(self.value)}s"


class Percent(msgspec.Struct, frozen=True):
    """A share of the clip's length, `50%`."""

    value: float

    def __str__(self) -> str:
        return f"{plain(self.value)}%"


Time: TypeAlias = Frames | Seconds | Percent


class Position(msgspec.Struct, frozen=True):
    """A place in time: `start`, `end`, `48f`, `end - 8f`, or a latent slot before the clip (`-1`)."""

    anchor: Literal["start", "end", "slot"]
    offset: Time | None = None
    slot: int = 0

    def __str__(self) -> str:
        if self.anchor == "slot":
            return str(self.slot)
        if self.offset is None:
            return self.anchor
        if self.anchor == "start":
            return str(self.offset)
        sign = "-" if _amount(self.offset) < 0 else "+"
        return f"end {sign} {negated(self.offset) if sign == '-' else self.offset}"

    def frame(self, frames: int, fps: float) -> int:
        """The pixel frame in a clip of `frames` frames; a slot before the clip is negative (8 frames each)."""
        if self.anchor == "slot":
            return 8 * self.slot
        offset = 0 if self.offset is None else _in_clip(self.offset, frames, fps)
        return offset if self.anchor == "start" else frames - 1 + offset


START = Position("start")
END = Position("end")


class TimeSpan(msgspec.Struct, frozen=True):
    """A stretch of time, `2s..4s`; the end is exclusive."""

    start: Position
    end: Position

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"

    def bounds(self, frames: int, fps: float) -> tuple[int, int]:
        """First frame and one past the last, in pixel frames."""
        end = frames if self.end == END else self.end.frame(frames, fps)
        return self.start.frame(frames, fps), end


def in_frames(time: Frames | Seconds, fps: float) -> int:
    """A length of time in whole frames."""
    return time.count if isinstance(time, Frames) else round(time.value * fps)


def in_seconds(time: Frames | Seconds, fps: float) -> float:
    """A length of time in seconds."""
    return time.value if isinstance(time, Seconds) else time.count / fps


def negated(time: Time) -> Time:
    """The same time with the other sign."""
    match time:
        case Frames(count):
            return Frames(-count)
        case Seconds(value):
            return Seconds(-value)
        case Percent(value):
            return Percent(-value)


def _amount(time: Time) -> float:
    return time.count if isinstance(time, Frames) else time.value


def _in_clip(time: Time, frames: int, fps: float) -> int:
    return round(time.value / 100 * (frames - 1)) if isinstance(time, Percent) else in_frames(time, fps)
