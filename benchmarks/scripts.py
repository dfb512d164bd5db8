"""The scripts that are measured, and the picture that they name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

PICTURE = "queen.png"
ONE_LINER = (
    'size 256x256; guide img @ -1 strength 0.4; relay "a does this" | "then that" eps 0.1; '
    "pass 0.25x dev 40 er_sde; upscale 2x distill 0.6"
)
CHANGED_LAST_PASS = ONE_LINER.replace("distill 0.6", "distill 0.5")
TEN_LINES = f"""size 256x256
length 49f @ 24fps
seed 7
let strong = 0.8
img = image "{PICTURE}"
prompt "a queen in a garden, morning light"
guide img @ -1 strength strong / 2
relay "she walks" 0f..24f | "she turns" 24f..49f eps 0.1
pass 0.5x dev 20 er_sde
upscale 2x distill 0.6
"""
GROUPS = 19


def two_hundred_lines() -> str:
    """Ten lines to begin with, then 19 takes of ten lines, each with a pass that goes on from the last."""
    head = f"""size 256x256
length 241f @ 24fps
seed 7
let strong = 0.8
img = image "{PICTURE}"
negative "cartoon, blurry"
# a long film

prompt "a queen in a garden"
pass dev 20 er_sde
"""
    return head + "".join(map(_take, range(GROUPS)))


def _take(number: int) -> str:
    return f"""
# take {number}
let weak{number} = strong / {number + 2}
prompt "a queen in garden {number}, morning light"
guide img @ {8 * number + 9}f strength weak{number}
guide img @ -1 strength weak{number}
relay "she walks" 0f..121f | "she turns" 121f..241f eps 0.1
cfg 2 for {number % 3 + 1} then 1
pass dev er_sde sigmas 0.9, 0.6, 0.3, 0
save "take{number}.mp4" crf {number + 10}
"""


def shots(count: int) -> str:
    """So many shots of two passes, each saved."""
    head = f'size 768x512\nlength 25f\nimg = image "{PICTURE}"\n'
    passes = 'pass 0.5x dev 8 {{ cfg 2 }}; upscale 2x; save "{0}.mp4"'
    shot = f'shot "s{{0}}" {{{{ prompt "take {{0}}"; guide img @ end; {passes} }}}}\n'
    return head + "".join(shot.format(number) for number in range(count))


def chain(count: int) -> str:
    """So many passes that go on from each other, each saved."""
    passes = 'prompt "take {0}"\npass dev 4 ltxv\nsave "{0}.mp4"\n'
    return "size 768x512\nlength 25f\n" + "".join(passes.format(number) for number in range(count))


def square(side: int) -> str:
    """A short video of this size."""
    return f'size {side}x{side}\nlength 25f\nprompt "a lake"\npass dev 4\n'


def write_all(folder: Path) -> None:
    """Put scripts and picture into a folder."""
    (folder / "ten.ltx").write_text(TEN_LINES)
    (folder / "long.ltx").write_text(two_hundred_lines())
    (folder / PICTURE).write_bytes(png(128, 96))


def png(width: int, height: int) -> bytes:
    """A colour gradient as a PNG, without a library: it must not count in what is measured."""
    rows = b"".join(
        b"\0" + b"".join(bytes((2 * x % 256, 2 * y % 256, 128)) for x in range(width)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
