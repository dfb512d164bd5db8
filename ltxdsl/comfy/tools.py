"""Rows of raw nodes, and of tools beside LTX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.table import Audio, Text, Video, row
from ltxdsl.comfy.texts import conditioned, negative_prompt, plain_prompt, written
from ltxdsl.ops import nodes
from ltxdsl.ops.raw_values import BOTH, CROPPED, GUIDED, NEEDS, OF_SAMPLER, SAMPLED, SOUND, WRITTEN
from ltxdsl.ops.step_nodes import KJ

WAN_TEXT, WAN_VAE = "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "wan_2.1_vae.safetensors"
WAN_SHIFT = 8.0


@row(nodes.RawNode)
def raw_node(builder: PromptBuilder, op: nodes.RawNode) -> dict[str, Link]:
    """As it is written."""
    wires = {name: wire(builder, port, word, op.fps) for name, port, word in op.wires}
    link = builder.put(op.class_type, op.title or op.class_type, {**dict(op.literals), **wires}, op.own)
    return {port: link.output(slot) for slot, port in enumerate(op.outputs)}


def wire(builder: PromptBuilder, port: str, word: str, fps: float) -> Link | str:
    """What comes in at a port that the script names by a word; "" = what another node gives."""
    if word in LOADERS and f"{port}.{word}" not in builder.wires:
        return LOADERS[word](builder)
    needed = [part for part in NEEDS.get(word, (word,)) if part != "negative" or word == "negative"]
    if lacking := [part for part in needed if f"{port}.{part}" not in builder.wires]:
        raise ExportError(f"there is no `{lacking[0]}` yet, where a `spell` takes it")
    if word in SAMPLED:
        return _sampled(builder, builder.wires[f"{port}.latent"], word)
    if word == WRITTEN:
        return as_text(builder, builder.wires[f"{port}.positive"])
    if word in NEEDS:
        return _finished(builder, port, word, fps)
    value = builder.wires[f"{port}.{word}"]
    if isinstance(value, Text):
        return negative_prompt(builder, value) if word == "negative" else plain_prompt(builder, value)
    return value.link if isinstance(value, Video | Audio) else value


def as_text(builder: PromptBuilder, prompt: Text) -> Link | str:
    """The prompt as a text, if it is one."""
    if prompt.encoded is not None:
        raise ExportError(f"`{WRITTEN}` is a text; here a node gives the prompt encoded")
    return written(builder, prompt)


def _sampled(builder: PromptBuilder, latent: Video | Link, word: str) -> Link:
    """The sampler that a latent was separated from, with guides or without; or the sound beside that latent."""
    link = latent.link if isinstance(latent, Video) else latent
    whole = builder.literal(link, "latent")  # of a crop
    parts = Link(*whole) if whole else link
    source = builder.literal(parts, "av_latent")
    if source is None:
        raise ExportError(f"`{word}` is there only right after a pass")
    return parts.output(1) if word == SOUND else Link(source[0], OF_SAMPLER.index(word))


def _finished(builder: PromptBuilder, port: str, word: str, fps: float) -> Link:
    """Both prompts with the frame rate, with the last pass's guides, and after a crop that need not be there."""
    positive, negative = (builder.wires.get(f"{port}.{which}") for which in BOTH)
    assert positive is not None
    both = conditioned(builder, plain_prompt(builder, positive), negative, fps)
    slot = 0 if word.startswith("positive") else 1
    if word not in (*GUIDED, *CROPPED):
        return both[slot]
    video: Video = builder.wires[f"{port}.latent"]
    is_cropped = builder.literal(video.link, "latent") is not None
    kept = video.keyframes or video.spoken or both
    if word in GUIDED:
        return Link(*builder.literal(video.link, BOTH[slot])) if is_cropped else kept[slot]
    if is_cropped:
        return video.link.output(CROPPED.index(word))
    inputs = {"positive": kept.positive, "negative": kept.negative, "latent": video.link}
    return builder.add("LTXVCropGuides", "crop guides", **inputs).output(CROPPED.index(word))


LOADERS: dict[str, Callable[[PromptBuilder], Link]] = {
    "model": loaders.model,
    "upsampler": lambda builder: loaders.upsampler(builder, 2),
    "vae": loaders.vae,
    "audio_vae": loaders.audio_vae,
    "clip": loaders.text_encoder,
}


@row(nodes.EnlargeFrames)
def enlarge_frames(builder: PromptBuilder, op: nodes.EnlargeFrames, *, image: Link) -> dict[str, Link]:
    """Core's nodes."""
    model = builder.add("UpscaleModelLoader", op.model, model_name=op.model)
    return {"image": builder.add("ImageUpscaleWithModel", f"enlarge by {op.model}", image=image, upscale_model=model)}


@row(nodes.ResizeFrames)
def resize_frames(builder: PromptBuilder, op: nodes.ResizeFrames, *, image: Link) -> dict[str, Link]:
    """Core's node; its lanczos works on 8 bits."""
    size = {"width": op.width, "height": op.height, "crop": "disabled"}
    return {"image": builder.add("ImageScale", op.label(), image=image, upscale_method=op.method, **size)}


KEPT = {"size": "crop", "stretch": "stretch", "within": "resize", "pad": "pad"}


def _by_kj(op: nodes.ResizePicture) -> dict[str, Any]:
    """What KJNodes' node takes."""
    return {
        "width": op.width,
        "height": op.height,
        "upscale_method": op.method,
        "keep_proportion": KEPT[op.how],
        "pad_color": "255, 255, 255" if op.white else "0, 0, 0",
        "crop_position": "center",
        "divisible_by": op.divisible,
        "device": "cpu",
    }


@row(nodes.ResizePicture)
def resize_picture(builder: PromptBuilder, op: nodes.ResizePicture, *, image: Link) -> dict[str, Link]:
    """Core's node for all ways to resize, or the one that cuts a side to whole pixels."""
    if not op.method:
        return {"image": builder.add("ResizeImagesByLongerEdge", op.label(), images=image, longer_edge=op.side)}
    if op.how == "pad" and not op.node:
        colour = "white" if op.white else "black"
        size = {"target_width": op.width, "target_height": op.height, "padding_color": colour}
        padded = builder.add("ResizeAndPadImage", op.label(), image=image, **size, interpolation=op.method)
        return {"image": padded}
    if op.node:
        return {"image": builder.add(op.node, op.label(), image=image, **_resizing_alone(op))}
    kind, said = _resizing(op)
    how = {f"resize_type.{name}": value for name, value in said.items()}
    inputs = {"resize_type": kind, **how, "scale_method": op.method}
    return {"image": builder.add("ResizeImageMaskNode", op.label(), input=image, **inputs)}


def _resizing_alone(op: nodes.ResizePicture) -> dict[str, Any]:
    """What ImageScale and its like take."""
    if op.how == "scale":
        return {"upscale_method": op.method, "scale_by": op.number}
    if op.how == "longer":
        return {"upscale_method": op.method, "largest_size": op.side}
    if op.node == KJ:
        return _by_kj(op)
    crop = "center" if op.how == "size" else "disabled"
    return {"upscale_method": op.method, "width": op.width, "height": op.height, "crop": crop}


def _resizing(op: nodes.ResizePicture) -> tuple[str, dict[str, Any]]:
    """How the node calls a way to resize, and what it takes."""
    match op.how:
        case "size" | "stretch":
            crop = "center" if op.how == "size" else "disabled"
            return "scale dimensions", {"width": op.width, "height": op.height, "crop": crop}
        case "longer" | "shorter":
            return f"scale {op.how} dimension", {f"{op.how}_size": op.side}
        case "scale":
            return "scale by multiplier", {"multiplier": op.number}
        case "megapixels":
            return "scale total pixels", {"megapixels": op.number}
        case "multiple":
            return "scale to multiple", {"multiple": int(op.number)}
    return f"scale {op.how}", {op.how: op.side}


@row(nodes.InvertFrames)
def invert_frames(builder: PromptBuilder, op: nodes.InvertFrames, *, image: Link) -> dict[str, Link]:
    """Core's node."""
    return {"image": builder.add("ImageInvert", op.label(), image=image)}


@row(nodes.AsVideo)
def as_video(builder: PromptBuilder, op: nodes.AsVideo, *, image: Link) -> dict[str, Link]:
    """Core's nodes."""
    video = builder.add("CreateVideo", f"as a video at {op.fps:g}", images=image, fps=op.fps, bit_depth=8)
    return {"image": builder.add("GetVideoComponents", "frames of that video", video=video)}


@row(nodes.DetectEdges)
def detect_edges(builder: PromptBuilder, op: nodes.DetectEdges, *, image: Link) -> dict[str, Link]:
    """Core's node."""
    edges = {"low_threshold": op.low, "high_threshold": op.high}
    return {"image": builder.add("Canny", f"edges {op.low:g} {op.high:g}", image=image, **edges)}


@row(nodes.SuperResolve)
def super_resolve(builder: PromptBuilder, op: nodes.SuperResolve, *, image: Link) -> dict[str, Link]:
    """rs-nodes', which takes sizes by 8."""
    sized = {"resize_type": "target dimensions", "resize_type.width": op.width, "resize_type.height": op.height}
    title = f"RTX to {op.width}x{op.height}"
    made = builder.add("RSRTXSuperResolution", title, images=image, mode="upscale", quality="ULTRA", **sized)
    return {"image": made}


@row(nodes.PolishFrames)
def polish_frames(builder: PromptBuilder, op: nodes.PolishFrames, *, image: Link) -> dict[str, Link]:
    """WAN's own loaders; then the clip as a latent through KSampler, or its frames in tiles."""
    base = builder.add("UNETLoader", f"WAN {op.model}", unet_name=op.model, weight_dtype="default")
    clip = builder.add("CLIPLoader", "WAN text encoder", clip_name=WAN_TEXT, type="wan", device="default")
    vae = builder.add("VAELoader", "WAN VAE", vae_name=WAN_VAE)
    parts = {
        "model": builder.add("ModelSamplingSD3", "WAN shift", model=base, shift=WAN_SHIFT),
        "positive": builder.add("CLIPTextEncode", "WAN prompt", text=op.text, clip=clip),
        "negative": builder.add("CLIPTextEncode", "WAN negative", text=op.negative, clip=clip),
    }
    steps = {"seed": op.seed, "steps": op.steps, "cfg": op.cfg, "sampler_name": "euler", "scheduler": "simple"}
    builder.note(f"polish: {WAN_TEXT} and {WAN_VAE} are taken for the text encoder and VAE of {op.model}")
    if op.tile:
        return {"image": _in_tiles(builder, op, image, {**parts, **steps, "vae": vae})}
    latent = builder.add("VAEEncode", "encode for WAN", pixels=image, vae=vae)
    sampled = builder.add("KSampler", op.label(), latent_image=latent, denoise=op.denoise, **parts, **steps)
    return {"image": builder.add("VAEDecode", "decode WAN", samples=sampled, vae=vae)}


def _in_tiles(builder: PromptBuilder, op: nodes.PolishFrames, image: Link, shared: dict[str, Any]) -> Link:
    """Ultimate SD Upscale without its upscaler, every frame a picture. Old ones take no batch size, and mind none."""
    builder.note("polish: `tile usdu` needs the pack ComfyUI_UltimateSDUpscale")
    # In the node's own order, by which the editor tells its values where its interface is not known here.
    sampled = {"upscaled_image": image, **{name: shared[name] for name in SHARED}, "denoise": op.denoise}
    tiles = {"mode_type": "Linear", "tile_width": 512, "tile_height": 512, "mask_blur": 8, "tile_padding": 32}
    seams = {"seam_fix_mode": "None", "seam_fix_denoise": 1.0, "seam_fix_width": 64, "seam_fix_mask_blur": 8}
    ends = {"seam_fix_padding": 16, "force_uniform_tiles": True, "tiled_decode": False, "batch_size": 1}
    return builder.add("UltimateSDUpscaleNoUpscale", op.label(), **sampled, **tiles, **seams, **ends)


SHARED = ("model", "positive", "negative", "vae", "seed", "steps", "cfg", "sampler_name", "scheduler")


@row(nodes.WriteText)
def write_text(builder: PromptBuilder, op: nodes.WriteText) -> dict[str, None]:
    """Nothing: a text file is not a matter of a workflow."""
    builder.note(f"{op.path}: `ltx run` writes it; a workflow cannot")
    return {"file": None}
