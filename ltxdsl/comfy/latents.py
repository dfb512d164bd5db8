"""Rows of latents: empty, upsampled, with pictures in place, with guides."""

from __future__ import annotations

import msgspec

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.table import Audio, Frames, PlacedGuide, Video, row
from ltxdsl.geometry import (
    SPATIAL,
    TEMPORAL,
    audio_latents,
    cells,
    comfy_audio_latents,
    first_frame_of,
    latent_frames,
    pixel_frames,
)
from ltxdsl.ops import nodes

SMALLEST = 64  # side of EmptyLTXVLatentVideo
MOST_FRAMES = 1000  # of LTXVEmptyLatentAudio
EXACT_RATE = 25  # audio latents a second: at this rate the node makes as many as it is given frames


@row(nodes.EmptyVideo)
def empty_video(builder: PromptBuilder, op: nodes.EmptyVideo) -> dict[str, Video]:
    """Zeros of the clip's shape, or of one that nodes measure."""
    size, length = builder.wires.get("clip.size"), builder.wires.get("clip.length")
    if size is None and min(op.width, op.height) < SMALLEST:
        raise ExportError(f"{op.width}x{op.height} is too small: ComfyUI's latents start at {SMALLEST} pixels")
    title = builder.titled(f"empty video {op.width}x{op.height}, {op.frames} frames")
    frames = length.output(2) if length else op.frames
    sides = _asked(builder, op) if size is None else _share_of(builder, size, op.share)
    link = builder.add("EmptyLTXVLatentVideo", title, **sides, length=frames, batch_size=1)
    return {"latent": Video(link, latent_frames(op.frames))}


def _share_of(builder: PromptBuilder, size: Link, share: float) -> dict[str, Link]:
    """Both sides, as large as the first pass is."""
    if share == 1:
        return {"width": size, "height": size.output(size.slot + 1)}
    parts = 1 / share
    said = f"a/{parts:g}" if parts >= 1 and parts == round(parts) else f"a*{share:g}"
    sides = (("width", size), ("height", size.output(size.slot + 1)))
    return {side: _computed(builder, f"{side}, {said}", said, link) for side, link in sides}


def _computed(builder: PromptBuilder, title: str, expression: str, a: Link) -> Link:
    """A whole number of what a node gives, which the expression calls a."""
    return builder.add("ComfyMathExpression", title, expression=expression, **{"values.a": a}).output(1)


def _asked(builder: PromptBuilder, op: nodes.EmptyVideo) -> dict[str, int]:
    """The size that a script asks for, where the node cuts it to this one."""
    stage = builder.stages.get(builder.stage)
    sides = zip(stage.asked, (op.width, op.height), strict=True) if stage else ()
    asked = tuple(int(side) for side, cut in sides if int(side) // SPATIAL * SPATIAL == cut)
    width, height = asked if len(asked) == 2 else (op.width, op.height)
    return {"width": width, "height": height}


@row(nodes.EmptyAudio)
def empty_audio(builder: PromptBuilder, op: nodes.EmptyAudio) -> dict[str, Audio]:
    """Zeros of the sound's shape, by ComfyUI's rounding."""
    frames, rate = audio_clock(op.frames, op.fps)
    made, local = comfy_audio_latents(frames, rate), audio_latents(op.frames, op.fps)
    if made != local:
        builder.note(f"sound: ComfyUI makes {made} audio latents (it rounds up), `ltx run` {local}")
    told: dict[str, int | Link] = {"frames_number": frames, "frame_rate": rate}
    if length := builder.wires.get("clip.length"):
        told["frames_number"] = length.output(2)
    if of_video := builder.wires.get("clip.fps"):
        told["frame_rate"] = _computed(builder, "whole frames a second", "round(a)", of_video)
    link = builder.add(
        "LTXVEmptyLatentAudio",
        builder.titled("empty sound"),
        audio_vae=loaders.audio_vae(builder),
        **told,
        batch_size=1,
    )
    return {"audio": Audio(link, latents=made)}


def audio_clock(frames: int, fps: float) -> tuple[int, int]:
    """Frames and a whole frame rate that give LTXVEmptyLatentAudio the clip's length.

    The clip's own where the node takes them; a clip of over 1000 frames is told at another rate, or else the
    next longer one that can be told.
    """
    if frames <= MOST_FRAMES:
        return frames, max(1, round(fps))
    wanted = comfy_audio_latents(frames, fps)
    counts = (((wanted - 1) * rate // EXACT_RATE + 1, rate) for rate in range(EXACT_RATE, 0, -1))
    possible = [clock for clock in counts if clock[0] <= MOST_FRAMES]
    if not possible:
        raise ExportError(f"{frames} frames at {fps:g} fps are more sound than LTXVEmptyLatentAudio can make")
    return min(possible, key=lambda clock: comfy_audio_latents(*clock))


def unmasked(builder: PromptBuilder, latent: Video) -> Video:
    """The latent without the noise mask of an earlier pass, which LTXVSeparateAVLatent keeps: added to an empty one.

    A mask set on it anew would do for sampling alone: nodes that place pictures or guides need one by frames.
    """
    if not latent.stale:
        return latent
    stage = builder.stages[builder.stage]
    size = {"width": stage.width, "height": stage.height, "length": pixel_frames(latent.frames)}
    empty = builder.add("EmptyLTXVLatentVideo", builder.titled("nothing, without a mask"), **size, batch_size=1)
    link = builder.add("LatentAdd", builder.titled("denoise everything"), samples1=empty, samples2=latent.link)
    return msgspec.structs.replace(latent, link=link, stale=False)


def by_frames(builder: PromptBuilder, latent: Video) -> Video:
    """The latent, if its mask is one that nodes for pictures and guides understand."""
    if latent.flat:
        raise ExportError(f"{builder.stage}: ComfyUI cannot place pictures or guides behind a mask of this kind")
    return latent


@row(nodes.Inplace)
def inplace(builder: PromptBuilder, op: nodes.Inplace, *, latent: Video, image: Frames) -> dict[str, Video]:
    """By the native node at the first frame, by kijai's elsewhere; its index counts pixel frames, 8 to a slot."""
    latent = by_frames(builder, unmasked(builder, latent))
    if builder.together("inplace"):
        return {"latent": _inplace_together(builder, op, latent, image)}
    source = {"vae": loaders.vae(builder), "latent": latent.link}
    if op.slot == 0:
        link = builder.add(
            "LTXVImgToVideoInplace",
            builder.titled("in place @ 0"),
            **source,
            image=image.image,
            strength=op.strength,
            bypass=False,
        )
    else:
        link = _inplace_later(builder, op, source, image)
    return {"latent": msgspec.structs.replace(latent, link=link, masked=True)}


def _inplace_together(builder: PromptBuilder, op: nodes.Inplace, latent: Video, image: Frames) -> Video:
    """One node with the pictures that stand there already, in the place of the node that has those alone."""
    under = latent.under or latent.link
    held = (*latent.held, (image.image, TEMPORAL * op.slot, op.strength))
    inputs: dict[str, Link | int | float] = {}
    for number, (picture, index, strength) in enumerate(held, 1):
        inputs |= {f"image_{number}": picture, f"index_{number}": index, f"strength_{number}": strength}
    link = builder.add(
        "LTXVImgToVideoInplaceKJ",
        builder.titled(f"in place, {len(held)}"),
        vae=loaders.vae(builder),
        latent=under,
        num_images=str(len(held)),
        **{f"num_images.{name}": value for name, value in inputs.items()},
    )
    return msgspec.structs.replace(latent, link=link, masked=True, held=held, under=under)


def _inplace_later(builder: PromptBuilder, op: nodes.Inplace, source: dict[str, Link], image: Frames) -> Link:
    if image.start:
        builder.note(f"{builder.stage}: a video in place at slot {op.slot} is encoded as if it began the clip")
    first = {"image_1": image.image, "index_1": TEMPORAL * op.slot, "strength_1": op.strength}
    return builder.add(
        "LTXVImgToVideoInplaceKJ",
        builder.titled(f"in place @ slot {op.slot}"),
        **source,
        num_images="1",
        **{f"num_images.{name}": value for name, value in first.items()},
    )


@row(nodes.HoldAround)
def hold_around(builder: PromptBuilder, op: nodes.HoldAround, *, latent: Video, image: Frames) -> dict[str, Video]:
    """The clip encoded, in later passes with the stretch cut into it; the mask by KJNodes, in seconds."""
    first, end = op.slots
    link = builder.add(
        "VAEEncode", builder.titled("the clip that is there"), pixels=image.image, vae=loaders.vae(builder)
    )
    if not op.fresh:
        link = _spliced(builder, link, unmasked(builder, latent).link, op.slots, latent.frames)
    if op.strength != 1:
        builder.note(f"{builder.stage}: LTXVAudioVideoMask makes a stretch anew in full, not at {op.strength:g}")
    times = {"video_start_time": first_frame_of(first) / op.fps, "video_end_time": first_frame_of(end) / op.fps}
    masked = builder.add(
        "LTXVAudioVideoMask",
        builder.titled(f"made anew: latent frames {first} to {end - 1}"),
        video_latent=link,
        video_fps=op.fps,
        **times,
        audio_start_time=0.0,
        audio_end_time=0.0,
        max_length="partial",
        existing_mask_mode="overwrite",
    )
    return {"latent": msgspec.structs.replace(latent, link=masked, masked=True, stale=False)}


def _spliced(builder: PromptBuilder, around: Link, inside: Link, slots: tuple[int, int], frames: int) -> Link:
    """Latents of `around` with those of `inside` in a stretch."""
    first, end = slots
    pieces = [(around, 0, first), (inside, first, end), (around, end, frames)]
    cut = [
        builder.add(
            "LTXVSelectLatents",
            builder.titled(f"latent frames {a} to {b - 1}"),
            samples=latent,
            start_index=a,
            end_index=b - 1,
        )
        for latent, a, b in pieces
        if a < b
    ]
    whole = cut[0]
    for piece in cut[1:]:
        whole = builder.add("LTXVAddLatents", builder.titled("joined"), latents1=whole, latents2=piece)
    return whole


@row(nodes.HoldOutside)
def hold_outside(
    builder: PromptBuilder, op: nodes.HoldOutside, *, latent: Video, mask: Link, image: Frames | None = None
) -> dict[str, Video]:
    """A noise mask on the latent, a pixel a cell; in later passes nothing is held."""
    if image is not None:
        builder.note(f"{builder.stage}: the mask holds in the first pass; this one goes over the whole picture")
        return {"latent": latent}
    latent = unmasked(builder, latent)
    part = _white(builder, builder.titled("mask"), mask, over=0.5)
    if op.inverted:
        part = builder.add("InvertMask", builder.titled("mask inverted"), mask=part)
    if op.grow:
        title = builder.titled(f"mask grown by {op.grow}")
        part = builder.add("GrowMask", title, mask=part, expand=op.grow, tapered_corners=False)
    part = _by_cells(builder, part)
    title, still = builder.titled("made anew"), builder.comes_from(mask, "LoadImage")
    if not still:
        builder.note(f"{builder.stage}: a mask that moves is blended in time by ComfyUI, eight frames to a latent")
    if builder.native or not still:
        link = builder.add("SetLatentNoiseMask", title, samples=latent.link, mask=part)
        return {"latent": msgspec.structs.replace(latent, link=link, masked=True, flat=True)}
    bare = unmasked(builder, msgspec.structs.replace(latent, stale=latent.masked))
    link = builder.add("LTXVSetVideoLatentNoiseMasks", title, samples=bare.link, masks=part)
    return {"latent": msgspec.structs.replace(bare, link=link, masked=True)}


def _by_cells(builder: PromptBuilder, mask: Link) -> Link:
    """White where any pixel of a cell is: the server itself would take the middle of each."""
    stage = builder.stages[builder.stage]
    width, height = cells(stage.width, stage.height)
    size = {"upscale_method": "area", "width": width, "height": height, "crop": "disabled"}
    picture = builder.add("MaskToImage", builder.titled("mask as a picture"), mask=mask)
    small = builder.add("ImageScale", builder.titled("mask by cells"), image=picture, **size)
    return _white(builder, builder.titled("cells made anew"), small, over=0.0)


def _white(builder: PromptBuilder, title: str, picture: Link, over: float) -> Link:
    """A picture as a mask of 0 and 1."""
    red = builder.add("ImageToMask", title, image=picture, channel="red")
    return builder.add("ThresholdMask", f"{title}: over {over:g}", mask=red, value=over)


@row(nodes.AppendGuide)
def append_guide(builder: PromptBuilder, op: nodes.AppendGuide, *, latent: Video, guide: Frames) -> dict[str, Video]:
    """Nothing yet: guide nodes need the conditioning of their pass."""
    guides = (*latent.guides, PlacedGuide(op, guide))
    return {"latent": msgspec.structs.replace(latent, guides=guides)}


@row(nodes.CropGuides)
def crop_guides(builder: PromptBuilder, op: nodes.CropGuides, *, latent: Video) -> dict[str, Video]:
    """One node, on the conditioning that counts the guides in the latent; the next pass starts from a fresh one."""
    if latent.keyframes is None:
        return {"latent": latent}
    positive, negative = latent.keyframes
    crop = builder.add(
        "LTXVCropGuides",
        builder.titled("crop guides"),
        positive=positive,
        negative=negative,
        latent=latent.link,
    )
    return {"latent": msgspec.structs.replace(latent, link=crop.output(2), keyframes=None)}


@row(nodes.UpsampleLatent)
def upsample_latent(builder: PromptBuilder, op: nodes.UpsampleLatent, *, latent: Video) -> dict[str, Video]:
    """Larger in space; the node drops the noise mask, which belongs to the smaller size."""
    link = builder.add(
        "LTXVLatentUpsampler",
        builder.titled(f"upsample {op.factor:g}x"),
        samples=latent.link,
        upscale_model=loaders.upsampler(builder, op.factor),
        vae=loaders.vae(builder),
    )
    return {"latent": Video(link, latent.frames)}


@row(nodes.AdainLatent)
def adain_latent(builder: PromptBuilder, op: nodes.AdainLatent, *, latent: Video, reference: Video) -> dict[str, Video]:
    """LTXVideo's node, which mixes in hundredths."""
    factor = round(op.factor, 2)
    if abs(factor - op.factor) > 1e-6:
        builder.note(f"{builder.stage}: LTXVAdainLatent counts hundredths; adain {op.factor:g} is {factor:g}")
    link = builder.add(
        "LTXVAdainLatent",
        builder.titled("channels as before"),
        latents=latent.link,
        reference=reference.link,
        factor=factor,
        per_frame=op.by_frame,
    )
    return {"latent": msgspec.structs.replace(latent, link=link)}


@row(nodes.ToneLatent)
def tone_latent(builder: PromptBuilder, op: nodes.ToneLatent, *, latent: Video) -> dict[str, Video]:
    """No node has this curve; core's Reinhard is another one."""
    raise ExportError("no node compresses latents as `tone` does")


@row(nodes.EncodeClip)
def encode_clip(builder: PromptBuilder, op: nodes.EncodeClip, *, image: Link) -> dict[str, Video]:
    """Core's node."""
    link = builder.add("VAEEncode", builder.titled("the larger clip"), pixels=image, vae=loaders.vae(builder))
    return {"latent": Video(link, latent_frames(op.frames))}


@row(nodes.UpsampleTime)
def upsample_time(builder: PromptBuilder, op: nodes.UpsampleTime, *, latent: Video) -> dict[str, Video]:
    """Twice the frames, less one: the same node with the temporal model."""
    link = builder.add(
        "LTXVLatentUpsampler",
        builder.titled("upsample time 2x"),
        samples=latent.link,
        upscale_model=loaders.temporal_upsampler(builder),
        vae=loaders.vae(builder),
    )
    return {"latent": Video(link, 2 * latent.frames - 1)}
