"""Colour by OpenColorIO: codings of light, grades, LUTs. All pictures are F H W 3, float32."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy
import PyOpenColorIO as ocio  # noqa: N813 - the name that its own documentation uses
import torch
from torch import Tensor

from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.pixels import as_float

# Pinned: the default config changes from release to release, and pictures with it.
CONFIG = "studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
LINEAR, SRGB = "Linear Rec.709 (sRGB)", "sRGB Encoded Rec.709 (sRGB)"
LOGC3, WIDE_GAMUT = "ARRI LogC3 (EI800)", "Linear ARRI Wide Gamut 3"
ACES_DISPLAY, ACES_VIEW = "sRGB - Display", "ACES 1.0 - SDR Video"
MID_GREY = 0.18


def converted(pixels: Tensor, source: str, to: str, primaries: str, black: str, preview: str) -> Tensor:
    """Frames coded as `source` (srgb, linear, logc3), coded as `to`; light is linear Rec.709 in between.

    With primaries rec709, LogC3 is the curve alone; with awg3 the step between the gamuts is ARRI's and OCIO's (ACES
    adapts through D60). srgb is clipped to 0..1 after the preview transform.
    """
    light = _processed(as_float(pixels), _to_linear(source, primaries))
    if black == "clip":
        light = light.clamp(min=0)
    if to == "linear":
        return light
    if to == "logc3":
        return _processed(light, _from_linear(primaries)).clamp(0, 1)
    if preview == "aces" and source != "srgb":
        return _processed(light, _aces()).clamp(0, 1)
    if preview == "reinhard" and source != "srgb":
        light = light / (1 + light)
    return _processed(light.clamp(0, 1), [_space(LINEAR, SRGB)]).clamp(0, 1)


def _to_linear(source: str, primaries: str) -> list[Any]:
    if source == "logc3":
        return [_space(LOGC3, LINEAR if primaries == "awg3" else WIDE_GAMUT)]
    return [_space(SRGB, LINEAR)] if source == "srgb" else []


def _from_linear(primaries: str) -> list[Any]:
    return [_space(LINEAR if primaries == "awg3" else WIDE_GAMUT, LOGC3)]


def _aces() -> list[Any]:
    return [ocio.DisplayViewTransform(src=LINEAR, display=ACES_DISPLAY, view=ACES_VIEW)]


def graded(pixels: Tensor, exposure: float, contrast: float, saturation: float, lut: str) -> Tensor:
    """Coded frames, graded in linear light as (x·2^exposure / 0.18)^contrast · 0.18, then saturation about luma."""
    steps: list[Any] = [_space(SRGB, LINEAR)]
    light = ocio.ExposureContrastTransform()
    light.setStyle(ocio.EXPOSURE_CONTRAST_LINEAR)
    light.setPivot(MID_GREY)
    light.setExposure(exposure)
    light.setContrast(contrast)
    cdl = ocio.CDLTransform()
    cdl.setSat(saturation)
    steps += [light, cdl, _space(LINEAR, SRGB)]
    if lut:
        _config().clearProcessorCache()
        ocio.ClearAllCaches()  # they are kept by name, and the file may have changed
        steps.append(ocio.FileTransform(str(Path(lut).resolve()), interpolation=ocio.INTERP_TETRAHEDRAL))
    try:
        return _processed(as_float(pixels), steps).clamp(0, 1)
    except ocio.Exception as error:
        raise MediaError(lut, f"it does not read as a LUT ({str(error).splitlines()[0]})") from error


@cache
def _config() -> Any:
    return ocio.Config.CreateFromBuiltinConfig(CONFIG)


def _space(source: str, to: str) -> Any:
    return ocio.ColorSpaceTransform(src=source, dst=to)


def _processed(pixels: Tensor, steps: list[Any]) -> Tensor:
    """Frames through transforms, one after the other."""
    if not steps:
        return pixels
    group = ocio.GroupTransform()
    for step in steps:
        group.appendTransform(step)
    processor = _config().getProcessor(group).getOptimizedCPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
    array = numpy.ascontiguousarray(pixels.cpu().numpy(), dtype=numpy.float32).copy()
    for frame in array:
        processor.applyRGB(frame)
    return torch.from_numpy(array)
