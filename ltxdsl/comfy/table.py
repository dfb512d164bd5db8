"""The table of rows: how each op is spelled in nodes, and the values that rows hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from ltxdsl.comfy.builder import Link
from ltxdsl.ops.base import Enhance, Op
from ltxdsl.ops.nodes import AppendGuide

# (builder, op, a value for each connected input port) -> a value for each output port
Row: TypeAlias = Callable[..., dict[str, Any]]
Function = TypeVar("Function", bound=Row)

ROWS: dict[type[Op], Row] = {}


def row(op: type[Op]) -> Callable[[Function], Function]:
    """Enter the spelling of an op."""

    def enter(function: Function) -> Function:
        ROWS[op] = function
        return function

    return enter


class Text(msgspec.Struct, frozen=True):
    """A prompt. It is encoded where it is used: a relayed one needs the model and the latent of its pass."""

    text: str
    locals: tuple[str, ...] = ()
    enhance: Enhance | None = None
    words: Link | None = None  # what a raw node writes in the place of the text
    clip: Link | None = None  # what encodes it, if a raw node gives that
    encoded: Link | None = None  # what a raw node gives in its place


class Frames(msgspec.Struct, frozen=True):
    """Frames that a node will encode itself; `start` as in EncodeFrames."""

    image: Link
    start: int


class PlacedGuide(NamedTuple):
    """A guide that waits for the conditioning of its pass, which in ComfyUI carries its place."""

    op: AppendGuide
    frames: Frames


class Conditioning(NamedTuple):
    """Both branches of a pass."""

    positive: Link
    negative: Link


class Video(msgspec.Struct, frozen=True):
    """A video latent of `frames` latent frames. `masked`: some of the clip is kept, wholly or in part;
    `stale`: it still carries the mask of an earlier pass; `flat`: its mask has no axis of frames.

    `guides` are still to be added; `keyframes` is the conditioning that holds the places of those in the latent.
    `held` are the pictures of the node that has put them in place, on the latent `under` it.
    `spoken` is the conditioning of its pass, if that holds a voice.
    """

    link: Link
    frames: int
    masked: bool = False
    stale: bool = False
    flat: bool = False
    guides: tuple[PlacedGuide, ...] = ()
    held: tuple[tuple[Link, int, float], ...] = ()
    under: Link | None = None
    spoken: Conditioning | None = None
    keyframes: Conditioning | None = None


class Audio(msgspec.Struct, frozen=True):
    """An audio latent; `kept`: its noise mask is 0 or an earlier pass's, which lasts until another mask is set.

    `masked`: it carries a mask for the pass to come; `still`: that mask is 0 for all of it.
    """

    link: Link
    kept: bool = False
    masked: bool = False
    latents: int = 0  # how many there are
    still: bool = False
