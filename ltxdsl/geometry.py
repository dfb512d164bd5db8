"""The arithmetic of LTX 2.x latents: frames, sizes, tokens, audio lengths.

The video VAE packs 32x32 pixels and 8 frames into one latent cell; the first frame has a latent of its own
(causal). One latent cell is one token of the transformer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SPATIAL = 32
TEMPORAL = 8
AUDIO_LATENTS_PER_SECOND = 25


def latent_frames(frames: int) -> int:
    """Latent frames of a clip of `frames` pixel frames."""
    return (max(frames, 1) - 1) // TEMPORAL + 1


def pixel_frames(latents: int) -> int:
    """Pixel frames that `latents` latent frames decode to."""
    return TEMPORAL * (latents - 1) + 1


def snapped_frames(frames: int) -> int:
    """The next lower frame count of the form 1 + 8N."""
    return pixel_frames(latent_frames(frames))


def slot_of(frame: int) -> int:
    """The latent frame that shows a pixel frame: 0 -> 0, 1..8 -> 1, 9..16 -> 2."""
    return (frame + TEMPORAL - 1) // TEMPORAL


def first_frame_of(slot: int) -> int:
    """The first pixel frame of a latent frame: 0 -> 0, 1 -> 1, 2 -> 9."""
    return 0 if slot == 0 else TEMPORAL * slot - (TEMPORAL - 1)


def latents_inside(start: int, end: int, frames: int) -> tuple[int, int]:
    """The latent frames [first, stop) that lie wholly inside the pixel frames [start, end) of a clip.

    An end within a frame of the clip's is the clip's. Source: KJNodes LTXVAudioVideoMask, LTXVideo
    LTXVSetAudioVideoMaskByTime: up to the next latent's start, down to the latent that holds the end.
    """
    first = slot_of(max(0, start))
    first += first_frame_of(first) < start
    stop = latent_frames(frames) if end >= frames - 1 else slot_of(max(0, end))
    return first, max(first, stop)


def cells(width: int, height: int) -> tuple[int, int]:
    """Latent height and width of a picture size; what is over the grid is cut."""
    return height // SPATIAL, width // SPATIAL


def tokens(width: int, height: int, frames: int) -> int:
    """Video tokens of a clip."""
    rows, columns = cells(width, height)
    return latent_frames(frames) * rows * columns


def audio_latents(frames: int, fps: float) -> int:
    """Audio latents of a clip, rounded as in Lightricks' code and diffusers (half to even)."""
    return round(frames / fps * AUDIO_LATENTS_PER_SECOND)


def comfy_audio_latents(frames: int, fps: float) -> int:
    """Audio latents of a clip as ComfyUI's LTXVEmptyLatentAudio counts them (rounded up)."""
    return math.ceil(frames / fps * AUDIO_LATENTS_PER_SECOND)


def audio_stretch(start: float, end: float, latents: int) -> tuple[int, int]:
    """The audio latents [start, end) of a stretch in seconds: its ends rounded to whole latents, inside the clip."""
    first, last = (round(seconds * AUDIO_LATENTS_PER_SECOND) for seconds in (start, end))
    first = min(max(0, first), latents)
    return first, min(max(first, last), latents)


def guide_frames_used(count: int, start: int) -> int:
    """Frames of a guide video that are used when it starts at pixel frame `start`.

    At the first frame the clip is causal (1 + 8N); later it is cut to whole latents of 8 frames. A guide of up
    to 8 frames counts as a still: its first frame.
    """
    if count <= TEMPORAL:
        return 1
    return snapped_frames(count) if start <= 0 else TEMPORAL * (count // TEMPORAL)


def guide_latents(count: int, start: int) -> int:
    """Latent frames that a guide of `count` pixel frames adds when it starts at pixel frame `start`."""
    used = guide_frames_used(count, start)
    return latent_frames(used) if start <= 0 or used == 1 else used // TEMPORAL


def exact_share(factor: float) -> float:
    """A share that is written to three places, and is one of thirds, is meant as that: 0.667x of 192 is 128."""
    thirds = round(3 * factor)
    return thirds / 3 if abs(3 * factor - thirds) < 2e-3 else factor


def upsampled_cells(cell_count: int, factor: float) -> int:
    """Latent height or width after the latent upsampler (x1.5 rounds up)."""
    return math.ceil(cell_count * factor)


def snapped_to(value: float, multiple: int) -> tuple[int, int]:
    """The multiples just under and just over a value (both equal when it is one); never under one multiple."""
    low = max(multiple, int(value // multiple) * multiple)
    return low, low if low == value else low + multiple


def survives(side: float, factors: Sequence[float]) -> bool:
    """Whether a side stays a whole number of cells when it is scaled by one factor after the other."""
    for factor in factors:
        side *= factor
        if abs(side / SPATIAL - round(side / SPATIAL)) > 1e-6 or side < SPATIAL:
            return False
    return True


def surviving_neighbours(side: int, factors: Sequence[float], largest: int = 8192) -> tuple[int, int] | None:
    """The sizes just under and just over a side that survive these factors; None where there are none on both sides.

    Two times x2 after a quarter leave multiples of 128; x1.5 asks for an even number of cells before it.
    """
    start = side // SPATIAL * SPATIAL
    low = next((s for s in range(start, 0, -SPATIAL) if survives(s, factors)), None)
    high = next((s for s in range(start + SPATIAL, largest, SPATIAL) if survives(s, factors)), None)
    if survives(side, factors):
        return side, side
    return (low or high, high) if high else None
