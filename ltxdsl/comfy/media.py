"""Rows of files, pictures, and decoding."""

from __future__ import annotations

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import Link, PromptBuilder
from ltxdsl.comfy.table import Audio, Frames, Video, row
from ltxdsl.ops import nodes

WHOLE = 4096  # the largest tile: not tiled


@row(nodes.ReadImage)
def read_image(builder: PromptBuilder, op: nodes.ReadImage) -> dict[str, Link]:
    """A still, by its name in the input folder."""
    name = builder.file(op.path)
    return {"image": builder.add("LoadImage", name, image=name)}


@row(nodes.ReadVideo)
def read_video(builder: PromptBuilder, op: nodes.ReadVideo) -> dict[str, Link]:
    """The first frames of a video."""
    frames = loaders.video_parts(builder, op.path)
    if op.frames:
        title = f"first {op.frames} frames of {builder.file(op.path)}"
        frames = builder.add("ImageFromBatch", title, image=frames, batch_index=0, length=op.frames)
    return {"image": frames}


@row(nodes.ReadBeside)
def read_beside(builder: PromptBuilder, op: nodes.ReadBeside) -> dict[str, Link]:
    """Of the node that reads a video's frames."""
    read = loaders.video_parts(builder, op.path)
    return {"audio": read.output(1), "fps": read.output(2)}


@row(nodes.MeasureFrames)
def measure_frames(builder: PromptBuilder, op: nodes.MeasureFrames, *, image: Link) -> dict[str, Link]:
    """Core's node, or the one that resized."""
    if op.told:
        return {"width": image.output(1), "height": image.output(2)}
    title = {"size": "how large it is", "length": "how long it is"}.get(op.alone, "how large and long it is")
    read = builder.add("GetImageSize", title, image=image)
    return {"width": read, "height": read.output(1), "frames": read.output(2)}


@row(nodes.FitFrames)
def fit_frames(builder: PromptBuilder, op: nodes.FitFrames, *, image: Link) -> dict[str, Link]:
    """Resize, then compress.

    Nodes that take pictures resize on their own, but would do it after the compression; `as_is` wants just that.
    """
    fitted = image
    if not op.as_is:
        size = {"width": op.width, "height": op.height, "crop": "center"}
        title = f"fit to {op.width}x{op.height}"
        fitted = builder.add("ImageScale", title, image=image, upscale_method="bilinear", **size)
    if op.crf or op.idle:
        title = f"compress as in training, crf {op.crf}" if op.crf else "not compressed"
        fitted = builder.add("LTXVPreprocess", title, image=fitted, img_compression=op.crf)
    return {"image": fitted}


@row(nodes.EncodeFrames)
def encode_frames(builder: PromptBuilder, op: nodes.EncodeFrames, *, image: Link) -> dict[str, Frames]:
    """Nothing yet: the nodes that place pictures encode them."""
    return {"latent": Frames(image, op.start)}


@row(nodes.DecodeVideo)
def decode_video(builder: PromptBuilder, op: nodes.DecodeVideo, *, latent: Video) -> dict[str, Link]:
    """At once, or in tiles."""
    source = {"samples": latent.link, "vae": loaders.vae(builder)}
    if not op.tile and not op.tile_frames:
        return {"image": builder.add("VAEDecode", "decode video", **source)}
    tiles = {
        "tile_size": _on_grid(op.tile, 64, 32) if op.tile else WHOLE,
        "overlap": _on_grid(op.overlap, 0, 32),
        "temporal_size": _on_grid(op.tile_frames, 8, 4) if op.tile_frames else WHOLE,
        "temporal_overlap": _on_grid(op.overlap_frames, 4, 4),
    }
    asked = (op.tile or WHOLE, op.overlap, op.tile_frames or WHOLE, op.overlap_frames)
    if tuple(tiles.values()) != asked:
        builder.note(f"decode: VAEDecodeTiled takes tiles by steps; written as {tiles}")
    return {"image": builder.add("VAEDecodeTiled", "decode video in tiles", **source, **tiles)}


def _on_grid(value: int, least: int, step: int) -> int:
    """The nearest value that the node takes, `least` + a multiple of `step`."""
    return min(WHOLE, max(least, round(value / step) * step))


@row(nodes.DecodeAudio)
def decode_audio(builder: PromptBuilder, op: nodes.DecodeAudio, *, audio: Audio) -> dict[str, Link]:
    """By LTXVAudioVAEDecode: VAEDecodeAudio would change the level."""
    vae = loaders.audio_vae(builder)
    return {"audio": builder.add("LTXVAudioVAEDecode", "decode sound", samples=audio.link, audio_vae=vae)}
