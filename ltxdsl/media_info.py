"""What can be known of a media file without decoding it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from av.container import InputContainer

T = TypeVar("T")

_HEAD = 1 << 18  # of a picture: JPEG may hold a preview before its size
_JPEG_SIZES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))


def remembered(told: Callable[[str], T]) -> Callable[[str], T]:
    """What is known of a file, asked once for as long as the file stays as it is."""
    known: dict[tuple[str, int, int], T] = {}

    @wraps(told)
    def asked(path: str) -> T:
        try:
            state = os.stat(path)
        except (OSError, ValueError):
            return told(path)
        key = os.path.abspath(path), state.st_mtime_ns, state.st_size
        if key not in known:
            known[key] = told(path)
        return known[key]

    return asked


@remembered
def count_frames(path: str) -> int:
    """Frames of a video, from its header or by counting packets; 0 where that cannot be told."""
    return _told(path, _frames, 0)


@remembered
def frame_rate(path: str) -> float:
    """Frames a second of a video, from its header; 0 where that cannot be told."""
    return _told(path, lambda media: float(media.streams.video[0].average_rate or 0), 0.0)


@remembered
def video_size(path: str) -> tuple[int, int] | None:
    """Width and height of a video, from its header; None where that cannot be told."""
    return _told(path, lambda media: (media.streams.video[0].width, media.streams.video[0].height), None)


@remembered
def has_sound(path: str) -> bool:
    """Whether there is sound in a media file."""
    return _told(path, lambda media: bool(media.streams.audio), False)


@remembered
def sound_seconds(path: str) -> float:
    """How long the sound of a media file is, from its header; 0 where that cannot be told."""
    return _told(path, _seconds, 0.0)


@remembered
def sound_is_8_bit(path: str) -> bool:
    """Whether the sound of a media file is kept in 8 bits."""
    return _told(path, lambda media: media.streams.audio[0].format.name in ("u8", "u8p"), False)


def _told(path: str, question: Callable[[InputContainer], T], unknown: T) -> T:
    """What an open media file answers; `unknown` of one that is not there, cannot be read, or lacks such a stream."""
    if not path or not os.path.isfile(path):
        return unknown
    import av

    try:
        with av.open(path) as media:
            return question(media)
    except (av.FFmpegError, OSError, IndexError):
        return unknown


def _frames(media: InputContainer) -> int:
    stream = media.streams.video[0]
    return int(stream.frames) or sum(packet.size > 0 for packet in media.demux(stream))


def _seconds(media: InputContainer) -> float:
    stream = media.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (media.duration or 0) / 1e6  # in av.time_base, microseconds


@remembered
def picture_size(path: str) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG, WebP, GIF or BMP, from its first bytes; None where that cannot be told."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
    except (OSError, ValueError):
        return None
    try:
        return _size_in(head)
    except (struct.error, IndexError):
        return None


def _size_in(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", head[16:24])
    if head.startswith(b"GIF8"):
        return struct.unpack("<HH", head[6:10])
    if head.startswith(b"BM"):
        width, height = struct.unpack("<ii", head[18:26])
        return width, abs(height)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp_size(head)
    return _jpeg_size(head) if head.startswith(b"\xff\xd8") else None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Of the three forms of WebP: lossy, lossless, extended."""
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (packed,) = struct.unpack("<I", head[21:25])
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """From the first frame header; turning by EXIF is not looked at."""
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack(">H", head[at + 2 : at + 4])[0]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def has_alpha(path: str) -> bool:
    """Whether a PNG's pixels can be transparent."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(26)
    except (OSError, ValueError):
        return False
    return head.startswith(b"\x89PNG") and len(head) == 26 and head[25] in (4, 6)
