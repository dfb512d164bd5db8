"""Rows of what is done to frames and sound after decoding, and of files."""

from __future__ import annotations

from pathlib import PurePath

from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder, base_name, output_prefix
from ltxdsl.comfy.table import row
from ltxdsl.ops import nodes
from ltxdsl.ops.media import CRF, NUMBERED

MOST_FRAMES = 4096  # of ImageFromBatch


@row(nodes.CutFrames)
def cut_frames(builder: PromptBuilder, op: nodes.CutFrames, *, image: Link) -> dict[str, Link]:
    """Core's node for a stretch, VHS's for every n-th."""
    if op.count > MOST_FRAMES:
        raise ExportError(f"ImageFromBatch takes at most {MOST_FRAMES} frames, not {op.count}")
    title = f"frames {op.start} to {op.start + op.count - 1}"
    image = builder.add("ImageFromBatch", title, image=image, batch_index=op.start, length=op.count)
    if op.step > 1:
        every = {"select_every_nth": op.step, "skip_first_images": 0}
        image = builder.add("VHS_SelectEveryNthImage", f"every {op.step}th frame", images=image, **every)
    return {"image": image}


@row(nodes.CutSound)
def cut_sound(builder: PromptBuilder, op: nodes.CutSound, *, audio: Link) -> dict[str, Link]:
    """To hundredths of a second, as the node has it."""
    start, seconds = round(op.start, 2), round(op.seconds, 2)
    if max(abs(start - op.start), abs(seconds - op.seconds)) > 1e-6:
        builder.note(f"sound: TrimAudioDuration counts hundredths; cut to {seconds:g} s from {start:g} s")
    title = f"sound from {start:g} s"
    return {"audio": builder.add("TrimAudioDuration", title, audio=audio, start_index=start, duration=seconds)}


@row(nodes.JoinFrames)
def join_frames(builder: PromptBuilder, op: nodes.JoinFrames, *, before: Link, after: Link) -> dict[str, Link]:
    """Cut, then one behind the other."""
    if op.skip:
        title = f"without the first {op.skip} frames"
        after = builder.add("ImageFromBatch", title, image=after, batch_index=op.skip, length=MOST_FRAMES)
    return {"image": builder.add("ImageBatch", "joined frames", image1=before, image2=after)}


@row(nodes.JoinSound)
def join_sound(
    builder: PromptBuilder, op: nodes.JoinSound, *, before: Link | None = None, after: Link | None = None
) -> dict[str, Link]:
    """Cut, or silence, then one behind the other."""
    parts = ((before, 0.0, op.first), (after, op.skip, op.seconds - op.first))
    first, then = (_sound_part(builder, sound, round(start, 2), round(seconds, 2)) for sound, start, seconds in parts)
    return {"audio": builder.add("AudioConcat", "joined sound", audio1=first, audio2=then, direction="after")}


def _sound_part(builder: PromptBuilder, sound: Link | None, start: float, seconds: float) -> Link:
    if sound is None:
        return builder.add("EmptyAudio", "silence", duration=seconds, sample_rate=44100, channels=2)
    title = f"sound from {start:g} s"
    return builder.add("TrimAudioDuration", title, audio=sound, start_index=start, duration=seconds)


@row(nodes.RepeatFrame)
def repeat_frame(builder: PromptBuilder, op: nodes.RepeatFrame, *, image: Link) -> dict[str, Link]:
    """Core's node."""
    return {"image": builder.add("RepeatImageBatch", f"{op.count} frames of it", image=image, amount=op.count)}


@row(nodes.FitCanvas)
def fit_canvas(builder: PromptBuilder, op: nodes.FitCanvas, *, image: Link) -> dict[str, Link]:
    """Cut by core's node, bars by KJNodes'."""
    bars = {side: max(0, getattr(op, side)) for side in ("left", "top", "right", "bottom")}
    title = f"exactly {op.width}x{op.height}"
    if min(op.left, op.top, op.right, op.bottom) < 0:
        width, height = op.width - bars["left"] - bars["right"], op.height - bars["top"] - bars["bottom"]
        x, y = max(0, -op.left), max(0, -op.top)
        image = builder.add("ImageCrop", title, image=image, width=width, height=height, x=x, y=y)
    if any(bars.values()):
        fill = {"extra_padding": 0, "pad_mode": "color", "color": ", ".join(map(str, op.colour))}
        image = builder.add("ImagePadKJ", title, image=image, **bars, **fill)
    return {"image": image}


LIGHTRICKS_GREEN = (102, 255, 0)
FILLS = {(0, 255, 0): "chroma green (0,255,0)", (255, 0, 255): "magenta (255,0,255)"}


@row(nodes.FillHole)
def fill_hole(builder: PromptBuilder, op: nodes.FillHole, *, image: Link, mask: Link) -> dict[str, Link]:
    """Lightricks' node knows its own green; other colours are of another pack."""
    part = builder.add("ImageToMask", builder.titled("hole"), image=mask, channel="red")
    if op.grow:
        title = builder.titled(f"hole grown by {op.grow}")
        part = builder.add("GrowMask", title, mask=part, expand=op.grow, tapered_corners=False)
    if op.colour == LIGHTRICKS_GREEN:
        return {"image": builder.add("LTXVInpaintPreprocess", builder.titled("hole"), images=image, mask=part)}
    how = {"color": FILLS[op.colour], "custom_hex": "#FF00FF", "binarize": True}
    return {"image": builder.add("LTXInpaintColorFill", builder.titled("hole"), images=image, mask=part, **how)}


@row(nodes.GradeFrames)
def grade_frames(builder: PromptBuilder, op: nodes.GradeFrames, *, image: Link) -> dict[str, Link]:
    """No node of the packs that LTX workflows use does it."""
    raise ExportError("ComfyUI's own nodes do not grade: save half or float EXR and grade it elsewhere")


@row(nodes.MatchColour)
def match_colour(builder: PromptBuilder, op: nodes.MatchColour, *, image: Link, reference: Link) -> dict[str, Link]:
    """Core's node, with statistics over the whole clip."""
    method = op.method if op.method == "histogram" else f"{op.method}_lab"
    matched = builder.add(
        "ColorTransfer",
        f"match colour, {op.method}",
        image_target=image,
        image_ref=reference,
        method=method,
        source_stats="uniform",
        strength=op.strength,
    )
    return {"image": matched}


@row(nodes.ConvertColour)
def convert_colour(builder: PromptBuilder, op: nodes.ConvertColour, *, image: Link) -> dict[str, Link]:
    """LogC3 by Lightricks' node, which reads Rec.709 primaries, or rs-nodes' for ARRI's."""
    if op.source == "srgb" and op.to == "linear":
        builder.note("linear from srgb: SaveImageAdvanced converts when it writes")
        return {"image": image}
    if op.source != "logc3":
        raise ExportError(f"no node turns {op.source} into {op.to}")
    if op.primaries == "awg3":
        made = builder.add("RSLogC3Decode", "decode LogC3, ARRI Wide Gamut", images=image, exposure_stops=0.0)
        if op.to == "linear":
            builder.note("linear by rs-nodes has ACEScg primaries, not Rec.709")
        return {"image": made.output(0 if op.to == "linear" else 2)}
    decode = {"exposure": 0.0, "save_exr": False, "output_dir": "output/hdr_exr", "filename_prefix": "frame"}
    made = builder.add("LTXVHDRDecodePostprocess", "decode LogC3", image=image, half_precision=True, **decode)
    if op.to == "srgb" and op.preview != "reinhard":
        builder.note("preview: LTXVHDRDecodePostprocess shows light over 1 by reinhard")
    return {"image": made.output(1 if op.to == "linear" else 0)}


@row(nodes.WriteVideo)
def write_video(
    builder: PromptBuilder, op: nodes.WriteVideo, *, image: Link, audio: Link | None = None
) -> dict[str, None]:
    """A video in ComfyUI's output folder, by the node of its codec."""
    {"prores4444": _prores, "vp9": _webm}.get(op.codec, _mp4)(builder, op, image, audio)
    if op.bitrate:
        builder.note(f"{base_name(op.path)}: the node has no bitrate, so {op.bitrate} kbit/s is left out")
    return {"file": None}


def _mp4(builder: PromptBuilder, op: nodes.WriteVideo, image: Link, audio: Link | None) -> None:
    name = base_name(op.path)
    rate = builder.wires.get("clip.fps")
    title = "video as fast as the first" if rate else f"video at {op.fps:g} fps"
    video = builder.add("CreateVideo", title, images=image, audio=audio, fps=rate or op.fps, bit_depth=8)
    if op.crf != CRF[op.codec]:
        builder.note(f"{name}: SaveVideo has no crf, so crf {op.crf} is left out")
    if PurePath(name).suffix.lower() != ".mp4":
        builder.note(f"{name}: SaveVideo writes MP4")
    if op.codec != "h264":
        builder.note(f"{name}: SaveVideo writes h264, 8 bits")
    prefix = output_prefix(op.path)
    builder.add("SaveVideo", f"save {name}", video=video, filename_prefix=prefix, format="auto", codec="auto")


def _webm(builder: PromptBuilder, op: nodes.WriteVideo, image: Link, audio: Link | None) -> None:
    name = base_name(op.path)
    if audio is not None:
        builder.note(f"{name}: SaveWEBM writes no sound")
    quality = {"codec": "vp9", "fps": op.fps, "crf": float(op.crf)}
    builder.add("SaveWEBM", f"save {name}", images=image, filename_prefix=output_prefix(op.path), **quality)


def _prores(builder: PromptBuilder, op: nodes.WriteVideo, image: Link, audio: Link | None) -> None:
    name = base_name(op.path)
    builder.note(f"{name}: RSVideoSave makes ProRes from 8 bits and sets no colour tags; an EXR keeps all")
    named = {"filename_prefix": PurePath(name).stem, "output_dir": "", "index": 0}
    builder.add("RSVideoSave", f"save {name}", images=image, audio=audio, fps=op.fps, profile="4444", **named)


@row(nodes.WriteImage)
def write_image(builder: PromptBuilder, op: nodes.WriteImage, *, image: Link) -> dict[str, None]:
    """A PNG in ComfyUI's output folder."""
    name = base_name(op.path)
    frame = builder.add("ImageFromBatch", f"frame {op.frame}", image=image, batch_index=op.frame, length=1)
    if PurePath(name).suffix.lower() != ".png":
        builder.note(f"{name}: SaveImage writes PNG")
    builder.add("SaveImage", f"save {name}", images=frame, filename_prefix=output_prefix(op.path))
    return {"file": None}


@row(nodes.WriteFrames)
def write_frames(builder: PromptBuilder, op: nodes.WriteFrames, *, image: Link) -> dict[str, None]:
    """A file a frame; the nodes number them from 1."""
    name = base_name(op.path)
    prefix = NUMBERED.sub("", PurePath(name).stem).rstrip("._-") or "frame"
    builder.note(f"{name}: ComfyUI numbers the files in its own way, {prefix}_00001_ and on")
    if op.depth == "8":
        builder.add("SaveImage", f"save {name}", images=image, filename_prefix=prefix)
        return {"file": None}
    bits = {"bit_depth": "16" if op.depth == "half" else "32", "compression": "zip", "frame_padding": 6}
    builder.note(f"{name}: RSEXRSequenceSave sets no colour tags")
    named = {"filename_prefix": prefix, "output_dir": "", "index": 0}
    builder.add("RSEXRSequenceSave", f"save {name}", images=image, **named, **bits)
    return {"file": None}


@row(nodes.WriteSound)
def write_sound(builder: PromptBuilder, op: nodes.WriteSound, *, audio: Link) -> dict[str, None]:
    """FLAC in ComfyUI's output folder."""
    name = base_name(op.path)
    if PurePath(name).suffix.lower() != ".flac":
        builder.note(f"{name}: SaveAudio writes FLAC")
    builder.add("SaveAudio", f"save {name}", audio=audio, filename_prefix=output_prefix(op.path))
    return {"file": None}
