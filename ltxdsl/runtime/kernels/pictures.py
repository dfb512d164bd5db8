"""Kernels for stills, and for fitting frames to a size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import torch

from ltxdsl.ops import nodes
from ltxdsl.ops.step_nodes import KJ
from ltxdsl.runtime.edges import canny
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.media import recompressed
from ltxdsl.runtime.pixels import as_float, covered, middle, resized
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.stills import write_exr, write_picture
from ltxdsl.runtime.values import File, Frames


@kernel
def read_image(session: Session, op: nodes.ReadImage) -> dict[str, Frames]:
    """One frame, upright as its EXIF says; transparency is dropped and shows what is under it, as in ComfyUI."""
    from PIL import Image, ImageOps

    try:
        with Image.open(op.path) as opened:
            array = numpy.array(_as_rgb(ImageOps.exif_transpose(opened)))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MediaError(op.path, _why(Path(op.path), error, "a picture")) from error
    return {"image": Frames(torch.from_numpy(array).unsqueeze(0))}


def _as_rgb(picture: Any) -> Any:
    """RGB of any mode; 16-bit grey is scaled to 8 bits, not cut."""
    if picture.mode.startswith(("I;16", "I")):
        return picture.point(lambda value: value / 256).convert("L").convert("RGB")
    return picture.convert("RGB")


def _why(path: Path, error: Exception, kind: str) -> str:
    if not path.exists():
        return "there is no such file"
    return f"it does not read as {kind} ({error})"


@kernel
def fit_frames(session: Session, op: nodes.FitFrames, *, image: Frames) -> dict[str, Frames]:
    """Cover the size and cut; with a crf, each frame through H.264 and back, from 8 bits that are cut, not rounded."""
    pixels, size = as_float(image.pixels), (op.width, op.height)
    if op.as_is:
        pixels = as_float(_compressed(pixels, op.crf)) if op.crf else pixels
        shape = pixels if op.as_is == "stretch" else middle(pixels, *size)
        return {"image": Frames(resized(shape, *size, "bilinear"))}
    cut = session.fitting == "cut_first"
    fitted = resized(middle(pixels, *size), *size, "bilinear") if cut else covered(pixels, *size)
    return {"image": Frames(_compressed(fitted, op.crf) if op.crf > 0 else fitted)}


def _compressed(pixels: torch.Tensor, crf: int) -> torch.Tensor:
    """Each frame through H.264 and back, from 8 bits to 8 bits."""
    whole = (pixels * 255).to(torch.uint8)
    return torch.stack([recompressed(frame, crf) for frame in whole])


@kernel
def resize_frames(session: Session, op: nodes.ResizeFrames, *, image: Frames) -> dict[str, Frames]:
    """The whole picture, in floating point; values over and under it are cut."""
    return {"image": Frames(resized(as_float(image.pixels), op.width, op.height, op.method).clamp(0, 1))}


@kernel
def resize_picture(session: Session, op: nodes.ResizePicture, *, image: Frames) -> dict[str, Frames]:
    """As ComfyUI's ResizeImageMaskNode does it; without a method as its ResizeImagesByLongerEdge."""
    pixels = as_float(image.pixels)
    height, width = pixels.shape[1:3]
    size = op.sides(width, height)
    if op.how == "pad":
        return {"image": Frames(_padded(pixels, op))}
    if op.how == "size":
        pixels = _middle_by_kj(pixels, *size) if op.node == KJ else middle(pixels, *size)
    elif op.how == "multiple":
        return {"image": Frames(_on_multiple(pixels, *size, op.method).clamp(0, 1))}
    return {"image": Frames(resized(pixels, *size, op.method or "lanczos").clamp(0, 1))}


def _middle_by_kj(pixels: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """The largest middle part that has the shape of a size, rounded as KJNodes' crop does."""
    rows, columns = pixels.shape[1:3]
    shape = width / height
    wide, high = (round(rows * shape), rows) if columns / rows > shape else (columns, round(columns / shape))
    left, top = (columns - wide) // 2, (rows - high) // 2
    return pixels[:, top : top + high, left : left + wide]


def _padded(pixels: torch.Tensor, op: nodes.ResizePicture) -> torch.Tensor:
    """As large as fits, with borders."""
    height, width = pixels.shape[1:3]
    made = resized(pixels, *op.inner(width, height), op.method).clamp(0, 1)
    (left, right), (top, bottom) = op.borders(width, height)
    return torch.nn.functional.pad(made, (0, 0, left, right, top, bottom), value=float(op.white))


def _on_multiple(pixels: torch.Tensor, width: int, height: int, method: str) -> torch.Tensor:
    """The size covered, and what hangs over cut off evenly."""
    rows, columns = pixels.shape[1:3]
    if (columns, rows) == (width, height):
        return pixels
    share = max(width / columns, height / rows)
    wide = width if width / columns >= height / rows else max(width, math.ceil(columns * share))
    high = max(height, math.ceil(rows * share)) if width / columns >= height / rows else height
    left, top = (wide - width) // 2, (high - height) // 2
    return resized(pixels, wide, high, method)[:, top : top + height, left : left + width]


@kernel
def invert_frames(session: Session, op: nodes.InvertFrames, *, image: Frames) -> dict[str, Frames]:
    """In floating point."""
    return {"image": Frames(1 - as_float(image.pixels))}


@kernel
def detect_edges(session: Session, op: nodes.DetectEdges, *, image: Frames) -> dict[str, Frames]:
    """White where there is an edge."""
    white = canny(as_float(image.pixels), op.low, op.high)
    return {"image": Frames(white.unsqueeze(-1).expand(*white.shape, 3).float().contiguous())}


@kernel
def write_image(session: Session, op: nodes.WriteImage, *, image: Frames) -> dict[str, File]:
    """Write one frame in the format that the path's ending names; a negative frame counts from the end."""
    path = session.scratch(Path(op.path).suffix or ".png")
    if not -len(image.pixels) <= op.frame < len(image.pixels):
        raise MediaError(op.path, f"there is no frame {op.frame} in a video of {len(image.pixels)}")
    with _written(op.path):
        write_picture(path, image.pixels[op.frame])
    return {"file": File(path)}


@kernel
def write_frames(session: Session, op: nodes.WriteFrames, *, image: Frames) -> dict[str, File]:
    """Write a file a frame, in order; the executor numbers them."""
    suffix = Path(op.path).suffix.lower()
    paths = [session.scratch(f".{index:06d}{suffix}") for index in range(len(image.pixels))]
    with _written(op.path):
        for path, pixels in zip(paths, image.pixels, strict=True):
            if suffix == ".exr":
                write_exr(path, pixels, op.depth, op.tags, op.primaries, op.fps)
            else:
                write_picture(path, pixels)
    return {"file": File(paths[0], tuple(paths))}


@contextmanager
def _written(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise MediaError(name, f"it cannot be written ({error})") from error
