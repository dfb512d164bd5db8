"""Kernels for stills, and for fitting frames to a size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import torch

from ltxdsl.ops import nodes
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
    cut = session.fitting == "cut_first"
    fitted = resized(middle(pixels, *size), *size, "bilinear") if cut else covered(pixels, *size)
    if op.crf > 0:
        whole = (fitted * 255).to(torch.uint8)
        return {"image": Frames(torch.stack([recompressed(frame, op.crf) for frame in whole]))}
    return {"image": Frames(fitted)}


@kernel
def resize_frames(session: Session, op: nodes.ResizeFrames, *, image: Frames) -> dict[str, Frames]:
    """The whole picture, in floating point; values over and under it are cut."""
    return {"image": Frames(resized(as_float(image.pixels), op.width, op.height, op.method).clamp(0, 1))}


@kernel
def resize_picture(session: Session, op: nodes.ResizePicture, *, image: Frames) -> dict[str, Frames]:
    """The middle of the picture in the shape asked for, or the whole picture, resized."""
    pixels = as_float(image.pixels)
    if op.longer:
        height, width = pixels.shape[1:3]
        share = op.longer / max(width, height)
        size = (max(1, round(width * share)), max(1, round(height * share)))
    else:
        pixels, size = middle(pixels, op.width, op.height), (op.width, op.height)
    return {"image": Frames(resized(pixels, *size, op.method).clamp(0, 1))}


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
