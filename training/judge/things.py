"""Finding a thing in a clip: its soft mask, its colour, its track. Clips are F H W 3 in 0..1."""

from __future__ import annotations

import msgspec
import numpy as np

from training.world.words import BACKGROUNDS, COLOURS

Array = np.ndarray

# Part of the picture (left, top, right, bottom) in which the thing at a place is looked for when there are two.
HALVES: dict[str, tuple[float, float, float, float]] = {
    "on the left": (0.0, 0.0, 0.5, 1.0),
    "on the right": (0.5, 0.0, 1.0, 1.0),
    "at the top": (0.0, 0.0, 1.0, 0.5),
    "at the bottom": (0.0, 0.5, 1.0, 1.0),
}
WHOLE = (0.0, 0.0, 1.0, 1.0)


class Seen(msgspec.Struct, frozen=True):
    """What was found: F H W mask, F 3 colour, F 3 track (x, y from the centre of the picture, log of √area).

    `share` F H W is how much of the thing's colour a pixel has: unlike the mask it is linear in the pixels, so that a
    blurred edge stays where it is.
    """

    mask: Array
    colour: Array
    track: Array
    share: Array


def find(clip: Array, region: tuple[float, float, float, float] = WHOLE) -> Seen:
    """The thing in a part of a clip."""
    mask = soft_mask(clip)
    keep = np.zeros(mask.shape[1:], np.float32)
    left, top, right, bottom = _pixels(region, mask.shape)
    keep[top:bottom, left:right] = 1.0
    mask = mask * keep
    return Seen(mask, _colour(clip, mask), track_of(mask), _share(clip, mask) * keep)


def _pixels(region: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    _, height, width = shape
    left, top, right, bottom = region
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def soft_mask(clip: Array) -> Array:
    """F H W: how far a pixel is from the background towards a colour; waves of the background stay out."""
    off = clip - background_colour(clip).astype(clip.dtype)[:, None, None, :]
    chroma = off - brightness(off)[..., None]
    distance = np.sqrt(np.einsum("fhwc,fhwc->fhw", chroma, chroma))
    return np.clip((distance - 0.10) / 0.16, 0.0, 1.0)


def _share(clip: Array, mask: Array) -> Array:
    """F H W: chroma along the mask's own, of its 80th percentile inside; zero away from the mask."""
    off = clip - background_colour(clip).astype(clip.dtype)[:, None, None, :]
    chroma = off - brightness(off)[..., None]
    way = np.einsum("fhwc,fhw->fc", chroma, mask)
    along = np.einsum("fhwc,fc->fhw", chroma, way / (np.linalg.norm(way, axis=1, keepdims=True) + 1e-9))
    full = [
        np.quantile(one[inside], 0.8) if inside.any() else 1.0 for one, inside in zip(along, mask > 0.5, strict=True)
    ]
    share = np.clip(along / np.maximum(full, 1e-3)[:, None, None], 0.0, 1.0)
    return share * (blurred((mask > 0.2).astype(np.float32), 3.0) > 0.02)


def blurred(masks: Array, sigma: float) -> Array:
    """F H W under a Gaussian of `sigma` pixels."""
    if sigma == 0:
        return masks
    reach = np.arange(-round(3 * sigma) - 1, round(3 * sigma) + 2)
    weights = np.exp(-np.square(reach / sigma) / 2)
    for axis in (1, 2):
        side = masks.shape[axis]
        apart = np.abs(np.subtract.outer(np.arange(side), np.arange(side)))
        band = np.where(apart <= reach[-1], weights[np.minimum(apart, reach[-1]) + reach[-1]], 0.0) / weights.sum()
        masks = np.moveaxis(np.tensordot(masks, band.astype(masks.dtype), axes=(axis, 0)), -1, axis)
    return masks


def brightness(clip: Array) -> Array:
    """F H W: the mean of the three colours (a product is ten times as fast as `mean` over so short an axis)."""
    return clip @ np.full(3, 1 / 3, clip.dtype)


def background_colour(clip: Array) -> Array:
    """F 3: the middle of the colours along the rim."""
    rim = np.concatenate([clip[:, :3].reshape(len(clip), -1, 3), clip[:, -3:].reshape(len(clip), -1, 3)], axis=1)
    sides = np.concatenate([clip[:, :, :3], clip[:, :, -3:]], axis=2).reshape(len(clip), -1, 3)
    return np.median(np.concatenate([rim, sides], axis=1), axis=1)


def _colour(clip: Array, mask: Array) -> Array:
    core = np.where(mask > 0.8, 1.0, 1e-6).astype(clip.dtype)
    return np.einsum("fhwc,fhw->fc", clip, core) / core.sum(axis=(1, 2))[:, None]


def track_of(mask: Array) -> Array:
    """F 3: x, y in parts of the short side from the centre, and the logarithm of √area."""
    _, height, width = mask.shape
    short = min(height, width)
    area = mask.sum(axis=(1, 2)) + 1e-6
    x = (mask.sum(axis=1) * (np.arange(width) + 0.5 - width / 2)).sum(axis=1) / area / short
    y = (mask.sum(axis=2) * (np.arange(height) + 0.5 - height / 2)).sum(axis=1) / area / short
    return np.stack([x, y, 0.5 * np.log(area / short**2)], axis=1)


def nearest(colour: Array, words: dict[str, tuple[float, float, float]]) -> str:
    """The word whose colour is nearest."""
    names = list(words)
    return names[int(np.linalg.norm(np.array(list(words.values())) - colour, axis=1).argmin())]


def colour_of(seen: Seen, frames: slice = slice(None)) -> str:
    """The colour word of a thing in some frames."""
    return nearest(np.median(seen.colour[frames], axis=0), COLOURS)


def background_of(clip: Array) -> str:
    """The background word of a clip."""
    return nearest(np.median(background_colour(clip), axis=0), BACKGROUNDS)


def is_there(seen: Seen) -> bool:
    """Whether something of the size of a thing was found in most frames."""
    return float(np.median(seen.mask.mean(axis=(1, 2)))) > 0.008
