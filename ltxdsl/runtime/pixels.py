"""Pixels between their forms: uint8 and float, F H W 3 and what the VAE sees."""

from __future__ import annotations

import math

import numpy
import torch
from torch import Tensor


def as_float(pixels: Tensor) -> Tensor:
    """F H W 3 as float32 0..1."""
    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels.float()


def as_uint8(pixels: Tensor) -> Tensor:
    """F H W 3 as uint8, rounded half to even, on the CPU."""
    whole = pixels if pixels.dtype == torch.uint8 else (pixels.clamp(0, 1) * 255).round().to(torch.uint8)
    return whole.cpu()


def vae_pixels(pixels: Tensor) -> Tensor:
    """F H W 3 to 1 3 F H W in -1..1."""
    return (as_float(pixels) * 2 - 1).permute(3, 0, 1, 2).unsqueeze(0)


def from_vae(pixels: Tensor) -> Tensor:
    """1 3 F H W in -1..1 to F H W 3 uint8."""
    return as_uint8((pixels[0].float() / 2 + 0.5).permute(1, 2, 3, 0))


def float_from_vae(pixels: Tensor) -> Tensor:
    """1 3 F H W in -1..1 to F H W 3 float 0..1, on the CPU."""
    return (pixels[0].float() / 2 + 0.5).clamp(0, 1).permute(1, 2, 3, 0).contiguous().cpu()


def resized(pixels: Tensor, width: int, height: int, method: str) -> Tensor:
    """Resize F H W 3 to a size, stretching. Float in, float out.

    As ComfyUI's ImageScale: lanczos by Pillow, here in floating point; the others by torch, without antialiasing.
    """
    if method == "lanczos":
        return _by_lanczos(pixels.cpu(), width, height).to(pixels.device)
    aligned = {"align_corners": False} if method in ("bilinear", "bicubic") else {}
    planes = pixels.permute(0, 3, 1, 2)
    made = torch.nn.functional.interpolate(planes, size=(height, width), mode=method, **aligned)
    return made.permute(0, 2, 3, 1).contiguous()


def _by_lanczos(pixels: Tensor, width: int, height: int) -> Tensor:
    from PIL import Image

    planes = pixels.permute(0, 3, 1, 2).reshape(-1, *pixels.shape[1:3]).numpy()
    resize = Image.Resampling.LANCZOS
    made = [numpy.asarray(Image.fromarray(plane).resize((width, height), resize)) for plane in planes]
    return torch.from_numpy(numpy.stack(made)).view(-1, 3, height, width).permute(0, 2, 3, 1).contiguous()


def middle(pixels: Tensor, width: int, height: int) -> Tensor:
    """The largest middle part of F H W 3 that has the shape of a size; its sides are rounded as ComfyUI's crop does."""
    rows, columns = pixels.shape[1:3]
    left = (
        round((columns - columns * (width / height) / (columns / rows)) / 2) if columns * height > width * rows else 0
    )
    top = round((rows - rows * (columns / rows) / (width / height)) / 2) if columns * height < width * rows else 0
    return pixels[:, top : rows - top, left : columns - left]


def covered(pixels: Tensor, width: int, height: int) -> Tensor:
    """Resize F H W 3 to cover a size, bilinear without antialiasing, and cut the rest off evenly.

    torch's interpolate, as ltx-pipelines and diffusers do it (Pillow would smooth). Float in, float out.
    """
    rows, columns = pixels.shape[1:3]
    if (rows, columns) == (height, width):
        return pixels
    scale = max(height / rows, width / columns)
    size = (max(height, math.ceil(rows * scale)), max(width, math.ceil(columns * scale)))
    resized = torch.nn.functional.interpolate(
        pixels.permute(0, 3, 1, 2), size=size, mode="bilinear", align_corners=False
    )
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return resized[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1).contiguous()


def grown(white: Tensor, by: int) -> Tensor:
    """F H W of booleans: true wherever there is a true one within a square of `by` pixels around."""
    if not by:
        return white
    return torch.nn.functional.max_pool2d(white.float().unsqueeze(1), 2 * by + 1, stride=1, padding=by)[:, 0] > 0


def colour_like(pixels: Tensor, colour: tuple[int, int, int]) -> Tensor:
    """3 numbers in the form that pixels have: 0..255 or 0..1."""
    told = torch.tensor(colour, dtype=torch.uint8, device=pixels.device)
    return told if pixels.dtype == torch.uint8 else as_float(told).to(pixels.dtype)
