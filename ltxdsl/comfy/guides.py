"""Guides in nodes: which node says a guide exactly, and how it is wired into a pass.

LTXVAddGuide uses one strength twice: as noise mask max(0, 1 - s) and as attention weight s. Where a guide has
another attention, a node of the LTXVideo pack says both; it stops at 1. Before the clip only LTXVAddLatentGuide
goes, always at attention 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.latents import by_frames
from ltxdsl.comfy.table import Conditioning, PlacedGuide, Video
from ltxdsl.geometry import TEMPORAL, pixel_frames

TILES = {"use_tiled_encode": False, "tile_size": 256, "tile_overlap": 64}


class _Spelling(NamedTuple):
    class_type: str
    inputs: dict[str, Any]
    attention: float  # what the node makes of it


def add_guides(builder: PromptBuilder, conditioning: Conditioning, latent: Video) -> tuple[Conditioning, Link]:
    """The latent with its guides appended, and the conditioning that knows where they stand."""
    link = by_frames(builder, latent).link if latent.guides else latent.link
    last = pixel_frames(latent.frames) - 1
    spellings = [_spelling(builder, guide, last) for guide in latent.guides]
    plain = all(one.class_type == "LTXVAddGuide" for one in spellings)
    if builder.together("guide") and spellings and plain and not any(guide.frames.start for guide in latent.guides):
        return _together(builder, conditioning, link, [spelling.inputs for spelling in spellings], last)
    for guide, spelling in zip(latent.guides, spellings, strict=True):
        if spelling.attention != guide.op.attention:
            builder.note(
                f"{builder.stage}: {spelling.class_type} cannot say attention {guide.op.attention:g}; "
                f"it is {spelling.attention:g}"
            )
        added = builder.add(
            spelling.class_type,
            builder.titled(f"guide @ {_place(guide, latent)}"),
            **conditioning._asdict(),
            vae=loaders.vae(builder),
            latent=link,
            **spelling.inputs,
        )
        conditioning, link = Conditioning(added, added.output(1)), added.output(2)
    return conditioning, link


def _together(
    builder: PromptBuilder, conditioning: Conditioning, latent: Link, guides: list[dict[str, Any]], last: int
) -> tuple[Conditioning, Link]:
    """All guides in one node. From the second on it counts back from where the clip does not end, so they count on."""
    for guide in guides[1:]:
        guide["frame_idx"] = last if guide["frame_idx"] == -1 else guide["frame_idx"]
    rows = {
        f"num_guides.{name}_{number}": value for number, guide in enumerate(guides, 1) for name, value in guide.items()
    }
    added = builder.add(
        "LTXVAddGuideMulti",
        builder.titled(f"guides, {len(guides)}"),
        **conditioning._asdict(),
        vae=loaders.vae(builder),
        latent=latent,
        num_guides=str(len(guides)),
        **rows,
    )
    return Conditioning(added, added.output(1)), added.output(2)


def _spelling(builder: PromptBuilder, guide: PlacedGuide, last: int) -> _Spelling:
    op = guide.op
    if op.frame < 0:
        return _before(builder, guide)
    # At the clip's own size and in full, core's node does what the one for control videos does.
    alike = builder.native and op.control == op.strength == op.attention == 1 and not (guide.frames.start or op.as_is)
    if op.control and not alike:
        return _control(guide)
    if op.strength == min(1, op.attention):
        frame = -1 if op.frame == last > 0 else op.frame  # so that it stays at the end of a clip that nodes measure
        inputs = {"image": guide.frames.image, "frame_idx": frame, "strength": op.attention}
        return _Spelling("LTXVAddGuide", inputs, op.attention)
    return _with_attention(guide)


def _before(builder: PromptBuilder, guide: PlacedGuide) -> _Spelling:
    slot, rest = divmod(guide.op.frame, TEMPORAL)
    if rest:
        raise ExportError(f"a guide at frame {guide.op.frame}: ComfyUI counts whole latents before the clip")
    pixels = guide.frames.image
    encoded = builder.add("VAEEncode", builder.titled("encode guide"), pixels=pixels, vae=loaders.vae(builder))
    inputs = {"guiding_latent": encoded, "latent_idx": slot, "strength": guide.op.strength}
    return _Spelling("LTXVAddLatentGuide", inputs, 1.0)


def _control(guide: PlacedGuide) -> _Spelling:
    """A control video: the node makes it smaller and spreads it; the plain one is always at attention 1."""
    op = guide.op
    inputs: dict[str, Any] = {
        "image": guide.frames.image,
        "frame_idx": op.frame,
        "strength": op.strength,
        "latent_downscale_factor": float(op.control),
        "crop": "disabled" if op.as_is else "center",
        **TILES,
    }
    if op.attention == 1:
        return _Spelling("LTXAddVideoICLoRAGuide", inputs, 1.0)
    return _Spelling("LTXAddVideoICLoRAGuideAdvanced", {**inputs, "attention_strength": op.attention}, op.attention)


def _with_attention(guide: PlacedGuide) -> _Spelling:
    """A video that starts later goes through the IC-LoRA node: the other would take its start for a clip's start."""
    op = guide.op
    attention = min(1.0, op.attention)
    shared: dict[str, Any] = {
        "image": guide.frames.image,
        "frame_idx": op.frame,
        "strength": op.strength,
        "crop": "center",
        "attention_strength": attention,
    }
    if guide.frames.start:
        inputs = {**shared, "latent_downscale_factor": 1.0, **TILES}
        return _Spelling("LTXAddVideoICLoRAGuideAdvanced", inputs, attention)
    inputs = {**shared, "crf": 0, "blur_radius": 0, "interpolation": "bilinear"}
    return _Spelling("LTXVAddGuideAdvancedAttention", inputs, attention)


def _place(guide: PlacedGuide, latent: Video) -> str:
    """As a script says it."""
    frame = guide.op.frame
    if frame < 0:
        return str(frame // TEMPORAL)
    return "end" if frame == pixel_frames(latent.frames) - 1 and frame else str(frame)
