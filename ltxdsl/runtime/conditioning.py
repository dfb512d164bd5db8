"""Where the tokens of a pass stand, which of them are kept, and how much they attend to each other."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Size, Tensor

from ltxdsl.geometry import SPATIAL, TEMPORAL, first_frame_of, slot_of
from ltxdsl.runtime.layout import Layout
from ltxdsl.runtime.values import AudioLatent, Guide, VideoLatent


def layout_of(latent: VideoLatent, audio: AudioLatent) -> Layout:
    """The shapes of a pass over these latents."""
    guides = tuple(guide.latent.shape for guide in latent.guides)
    return Layout(latent.samples.shape, audio.samples.shape, guides)


def clean_latents(latent: VideoLatent, audio: AudioLatent) -> list[Tensor]:
    """What a token with mask 0 is: the latents as given, in the order of the layout."""
    return [latent.samples, audio.samples, *(guide.latent for guide in latent.guides)]


def denoise_masks(latent: VideoLatent, audio: AudioLatent, keep_audio: bool) -> list[Tensor]:
    """The masks of the same latents, 1 = denoise, in their shapes; a guide's is max(0, 1 - strength)."""
    clip = latent.mask.to(latent.samples).expand_as(latent.samples)
    sound = torch.full_like(audio.samples, 0.0 if keep_audio else 1.0)
    if audio.mask is not None and not keep_audio:
        sound = audio.mask.to(audio.samples).expand_as(audio.samples)
    guides = (torch.full_like(guide.latent, max(0.0, 1.0 - guide.strength)) for guide in latent.guides)
    return [clip, sound, *guides]


def placed_frame(frame: int, latents: int, whole: bool) -> int:
    """The pixel frame that a guide really starts at: later than the first, a clip of frames moves down to 8k+1.

    Stills and guides before the clip stay where they are. Source: ComfyUI nodes_lt, LTXVAddGuide.
    """
    still = latents == 1 and not whole
    return frame if still or frame <= 0 else (frame - 1) // TEMPORAL * TEMPORAL + 1


def guide_spans(guide: Guide) -> list[tuple[int, int]]:
    """Pixel frames [start, end) of each latent of a guide: causal at frame 0, one frame for a still, else 8 each."""
    count = guide.latent.shape[2]
    if guide.frame == 0 or (count == 1 and not guide.whole):
        spans = [(first_frame_of(i), TEMPORAL * i + 1) for i in range(count)]
    else:
        spans = [(TEMPORAL * i, TEMPORAL * (i + 1)) for i in range(count)]
    return [(start + guide.frame, end + guide.frame) for start, end in spans]


def guide_coords(guide: Guide, clip: Size, fps: float) -> Tensor:
    """Positions 1 3 n 2 of a guide's tokens: seconds, pixels down, pixels right, each [start, end).

    A guide of a smaller grid is spread over the clip's `clip` 1 C T H W.
    """
    rows, columns = guide.latent.shape[3:]
    axes = [
        torch.tensor(guide_spans(guide), dtype=torch.float32) / fps,
        _cell_spans(rows, clip[3] / rows),
        _cell_spans(columns, clip[4] / columns),
    ]
    index = torch.meshgrid(*(torch.arange(len(axis)) for axis in axes), indexing="ij")
    return torch.stack([axis[i.flatten()] for axis, i in zip(axes, index, strict=True)]).unsqueeze(0)


def _cell_spans(cells: int, ratio: float) -> Tensor:
    edges = torch.arange(cells + 1, dtype=torch.float32) * (SPATIAL * ratio)
    return torch.stack([edges[:-1], edges[1:]], dim=-1)


def video_coords(rope: Any, latent: VideoLatent, fps: float) -> Tensor:
    """Positions 1 3 N 2 of the clip's tokens, then of its guides'."""
    device = latent.samples.device
    base = rope.prepare_video_coords(1, *latent.samples.shape[2:], device, fps=fps)
    guides = (guide_coords(guide, latent.samples.shape, fps).to(device) for guide in latent.guides)
    return torch.cat([base, *guides], dim=2)


def guide_bias(latent: VideoLatent) -> Tensor | None:
    """What is added to the scores of video self-attention, N N, or None where every guide has weight 1.

    ln(attention) between clip and guide, both ways; guides among themselves are left alone, as in ComfyUI.
    """
    if all(guide.attention == 1 for guide in latent.guides):
        return None
    clip = latent.samples[0, 0].numel()
    weights = [(guide.tokens, guide.attention) for guide in latent.guides]
    total = clip + sum(count for count, _ in weights)
    bias = torch.zeros(total, total, device=latent.samples.device)
    start = clip
    for count, attention in weights:
        value = math.log(attention) if attention > 0 else torch.finfo(bias.dtype).min
        bias[:clip, start : start + count] = value
        bias[start : start + count, :clip] = value
        start += count
    return bias


def guide_slots(guide: Guide, frames: int) -> list[int | None]:
    """The latent frame of the clip at which each latent of a guide stands; None before and after the clip."""
    slots = [slot_of(start) if start >= 0 else None for start, _ in guide_spans(guide)]
    return [slot if slot is not None and slot < frames else None for slot in slots]
