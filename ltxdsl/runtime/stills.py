"""Single pictures to files: PNG, JPEG, WebP by Pillow, EXR by OpenEXR."""

from __future__ import annotations

from pathlib import Path

import numpy
from torch import Tensor

from ltxdsl.runtime.pixels import as_float, as_uint8

REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
WIDE_GAMUT_3 = (0.6840, 0.3130, 0.2210, 0.8480, 0.0861, -0.1020, 0.3127, 0.3290)
HALF_MAX = 65504.0


def write_picture(path: Path, pixels: Tensor) -> None:
    """H W 3 as PNG, JPEG or WebP, 8 bits."""
    from PIL import Image

    Image.fromarray(as_uint8(pixels).numpy()).save(path)


def write_exr(path: Path, pixels: Tensor, depth: str, tags: str, primaries: str, fps: float) -> None:
    """H W 3 as EXR (ZIP), half or float; light over what half can hold is cut there.

    `chromaticities` are those of the light: rec709 always, but for LogC3 codes of ARRI's gamut.
    """
    import OpenEXR

    numbers = as_float(pixels).cpu().numpy()
    if depth == "half":
        numbers = numbers.clip(-HALF_MAX, HALF_MAX).astype(numpy.float16)
    wide = tags == "logc3" and primaries == "awg3"
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "chromaticities": WIDE_GAMUT_3 if wide else REC709,
        "colorSpace": {"linear": "Linear Rec.709", "logc3": "LogC3", "srgb": "sRGB"}[tags],
        "framesPerSecond": f"{fps:g}",
    }
    OpenEXR.File(header, {"RGB": numpy.ascontiguousarray(numbers)}).write(str(path))
