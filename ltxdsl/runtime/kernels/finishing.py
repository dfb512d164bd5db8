"""Kernels for frames and sound on their way into files."""

from __future__ import annotations

import torch

from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.mel import RATE
from ltxdsl.runtime.pixels import as_float, colour_like, grown
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.sound import as_long, at_rate
from ltxdsl.runtime.values import Audio, Frames


@kernel
def cut_frames(session: Session, op: nodes.CutFrames, *, image: Frames) -> dict[str, Frames]:
    """A slice."""
    return {"image": Frames(image.pixels[op.start : op.start + op.count : op.step].contiguous())}


@kernel
def cut_sound(session: Session, op: nodes.CutSound, *, audio: Audio) -> dict[str, Audio]:
    """To the nearest sample; what is missing at the end is silence."""
    first, count = round(op.start * audio.rate), round(op.seconds * audio.rate)
    samples = audio.samples[:, first : first + count]
    return {"audio": Audio(torch.nn.functional.pad(samples, (0, count - samples.shape[1])), audio.rate)}


@kernel
def join_frames(session: Session, op: nodes.JoinFrames, *, before: Frames, after: Frames) -> dict[str, Frames]:
    """Both as 8 bits, or as floating point if one of them is."""
    parts = [before.pixels, after.pixels[op.skip :]]
    if any(part.is_floating_point() for part in parts):
        parts = [part if part.is_floating_point() else part.float() / 255 for part in parts]
    return {"image": Frames(torch.cat(parts))}


@kernel
def join_sound(
    session: Session, op: nodes.JoinSound, *, before: Audio | None = None, after: Audio | None = None
) -> dict[str, Audio]:
    """To the nearest sample."""
    rate = max((sound.rate for sound in (before, after) if sound), default=RATE)
    first, whole, skip = (round(seconds * rate) for seconds in (op.first, op.seconds, op.skip))
    start = as_long(at_rate(before, rate).samples, first) if before else torch.zeros(2, first)
    end = as_long(at_rate(after, rate).samples[:, skip:], whole - first) if after else torch.zeros(2, whole - first)
    return {"audio": Audio(torch.cat([start, end], dim=1), rate)}


@kernel
def repeat_frame(session: Session, op: nodes.RepeatFrame, *, image: Frames) -> dict[str, Frames]:
    """A view: no memory is taken for it."""
    return {"image": Frames(image.pixels[:1].expand(op.count, -1, -1, -1))}


@kernel
def fit_canvas(session: Session, op: nodes.FitCanvas, *, image: Frames) -> dict[str, Frames]:
    """Negative margins cut, positive ones have the colour."""
    margins = (0, 0, op.left, op.right, op.top, op.bottom)
    made = torch.nn.functional.pad(image.pixels, margins).contiguous()
    if any(op.colour):
        inside = torch.nn.functional.pad(torch.ones(image.pixels.shape[1:3], dtype=torch.bool), margins[2:])
        made[:, ~inside] = colour_like(made, op.colour)
    return {"image": Frames(made)}


@kernel
def fill_hole(session: Session, op: nodes.FillHole, *, image: Frames, mask: Frames) -> dict[str, Frames]:
    """A pixel is the colour or the picture's own, never between."""
    white = grown(as_float(mask.pixels).mean(dim=-1) > 0.5, op.grow)
    count = len(image.pixels) if len(white) == 1 else min(len(white), len(image.pixels))
    pixels = image.pixels[:count]
    hole = white.expand(count, -1, -1) if len(white) == 1 else white[:count]
    return {"image": Frames(torch.where(hole.unsqueeze(-1), colour_like(pixels, op.colour), pixels))}


@kernel
def grade_frames(session: Session, op: nodes.GradeFrames, *, image: Frames) -> dict[str, Frames]:
    """By OpenColorIO."""
    from ltxdsl.runtime.colour import graded

    return {"image": Frames(graded(image.pixels, op.exposure, op.contrast, op.saturation, op.lut))}


@kernel
def match_colour(session: Session, op: nodes.MatchColour, *, image: Frames, reference: Frames) -> dict[str, Frames]:
    """In CIE Lab, on the CPU."""
    from ltxdsl.runtime.colour_match import matched

    ours, theirs = as_float(image.pixels).cpu(), as_float(reference.pixels).cpu()
    return {"image": Frames(matched(ours, theirs, op.method, op.strength))}


@kernel
def convert_colour(session: Session, op: nodes.ConvertColour, *, image: Frames) -> dict[str, Frames]:
    """By OpenColorIO, with a config of a fixed version."""
    from ltxdsl.runtime.colour import converted

    pixels = converted(image.pixels, op.source, op.to, op.primaries, op.black, op.preview)
    return {"image": Frames(pixels)}
