"""Nodes of sizes, and how large the pictures of a node are."""

from __future__ import annotations

import math
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import UNKNOWN, Inputs, Known, Outputs, node, number

# Of ComfyUI's ResolutionSelector, by what its list shows.
RATIOS = {
    "1:1 (Square)": (1, 1),
    "3:2 (Photo)": (3, 2),
    "4:3 (Standard)": (4, 3),
    "16:9 (Widescreen)": (16, 9),
    "21:9 (Ultrawide)": (21, 9),
    "2:3 (Portrait Photo)": (2, 3),
    "3:4 (Portrait Standard)": (3, 4),
    "9:16 (Portrait Widescreen)": (9, 16),
}


@node("ResolutionSelector")
def selected(inputs: Inputs, known: Known) -> Outputs:
    """WIDTH, HEIGHT of a shape with so many pixels (of 1024 x 1024), each to the nearest multiple."""
    if "minimum" in inputs:
        raise Unknown("another release")
    width, height = RATIOS[inputs["aspect_ratio"]]
    scale = math.sqrt(number(inputs["megapixels"]) * 1024 * 1024 / (width * height))
    multiple = int(number(inputs.get("multiple", 8)))
    return tuple(round(side * scale / multiple) * multiple for side in (width, height))


@node("LTXDimensionCalculator")
def dimensions(inputs: Inputs, known: Known) -> Outputs:
    """WIDTH, HEIGHT and half of both, from a text such as 1280x704."""
    if inputs.get("use_custom"):
        raise Unknown("sizes of its own")
    width, height = (int(side) for side in inputs["resolution"].split("x"))
    return width, height, width // 2, height // 2


@node("LTXFrameCalculator")
def frames(inputs: Inputs, known: Known) -> Outputs:
    """The frames of the form 1 + 8N, from 9 on, that are nearest to a time."""
    count = number(inputs["seconds"]) * number(inputs["fps"])
    return (8 * max(1, round((count - 1) / 8)) + 1,)


@node("GetImageSize")
def image_size(inputs: Inputs, known: Known) -> Outputs:
    """WIDTH, HEIGHT of a picture whose size the file says."""
    return known.size(inputs["image"])


@node("GetImageSizeAndCount")
def counted_size(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: the picture, WIDTH, HEIGHT; how many there are stays open."""
    return (UNKNOWN, *known.size(inputs["image"]))


def picture(kind: Any, inputs: Inputs, known: Known) -> tuple[int, int] | None:
    """Width and height of the pictures that a node gives at its first output, where the file says it."""
    try:
        return _size_made(kind, inputs, known)
    except (Unknown, AttributeError, TypeError, ValueError, KeyError, ArithmeticError):
        return None


def _size_made(kind: Any, inputs: Inputs, known: Known) -> tuple[int, int] | None:
    match kind:
        case "EmptyImage":
            return _sides(inputs, "width", "height")
        case "ImageScale" | "ResizeImage":
            return _sides(inputs, "width", "height")
        case "ImageScaleBy":
            return _times(known.size(inputs["image"]), inputs["scale_by"])
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale dimensions":
            return _sides(inputs, "resize_type.width", "resize_type.height")
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale by multiplier":
            return _times(known.size(inputs["input"]), inputs["resize_type.multiplier"])
        case "LTXVPreprocess" | "ImageFromBatch" | "RepeatImageBatch" | "GetImageSizeAndCount":
            return known.size(inputs["image"])
    return None


def _sides(inputs: Inputs, *names: str) -> tuple[int, int] | None:
    """Both sides; 0 leaves one to the picture, so that it is not known."""
    width, height = (int(number(inputs[name])) for name in names)
    return (width, height) if width > 0 and height > 0 else None


def _times(size: tuple[int, int], by: Any) -> tuple[int, int]:
    width, height = size
    return round(width * number(by)), round(height * number(by))
