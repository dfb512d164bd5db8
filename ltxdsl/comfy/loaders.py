"""Loaders, and LoRAs in all their forms; `chain.py` has the order in which they and patches stand on the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder, base_name, inside
from ltxdsl.comfy.percents import percent_between
from ltxdsl.comfy.table import Conditioning
from ltxdsl.models import DISTILL
from ltxdsl.ops.base import LoraUse
from ltxdsl.ops.nodes import Sample


def model(builder: PromptBuilder) -> Link:
    """The model without LoRAs and patches."""
    return builder.parts.get("model") or _model(builder)


def with_lora(builder: PromptBuilder, use: LoraUse, link: Link) -> Link:
    """The model with one more LoRA."""
    name = lora_name(builder, use.name)
    title = f"LoRA {use.name if use.name in builder.models.loras else name} {use.strength:g}"
    if use.audio is None:
        return builder.add(lora_class(builder, use), title, model=link, lora_name=name, strength_model=use.strength)
    # Two loaders with shares of 0 and 1: the node writes other shares where alpha belongs, and they come out too small.
    link = _share(builder, link, f"{title}, not the sound", (name, use.strength), sound=False)
    if not use.audio:
        return link
    return _share(builder, link, f"{title}, sound {use.audio:g}", (name, use.audio), sound=True)


def lora_class(builder: PromptBuilder, use: LoraUse) -> str:
    """The loader of a LoRA with one strength for all layers."""
    return "LTXICLoRALoaderModelOnly" if use.in_context and not builder.native else "LoraLoaderModelOnly"


def in_one(builder: PromptBuilder, loras: Sequence[LoraUse], link: Link) -> Link:
    """Several LoRAs in rgthree's node."""
    if any(use.audio is not None for use in loras):
        raise ExportError(f"{builder.stage}: {IN_ONE} has one strength for all layers")
    rows = {
        f"lora_{number}": {"on": True, "lora": lora_name(builder, use.name), "strength": use.strength}
        for number, use in enumerate(loras, 1)
    }
    title = f"LoRAs {', '.join(map(str, loras))}" if loras else "no LoRAs"
    return builder.add(IN_ONE, title, model=link, **rows)


def _share(builder: PromptBuilder, link: Link, title: str, lora: tuple[str, float], *, sound: bool) -> Link:
    """A LoRA in the layers of the sound alone, or in all others."""
    shares = dict.fromkeys(("video", "video_to_audio", "audio_to_video", "other"), float(not sound))
    name, strength = lora
    return builder.add(
        "LTX2LoraLoaderAdvanced",
        title,
        model=link,
        lora_name=name,
        strength_model=strength,
        audio=float(sound),
        **shares,
    )


IN_ONE = "Power Lora Loader (rgthree)"
MOST_SEGMENTS = 6  # of PromptRelayLoraSchedule


def with_scheduled(builder: PromptBuilder, relayed: Link, op: Sample) -> Link:
    """The relayed model with LoRAs that act in some of its segments: a stack for each segment."""
    scheduled = [use for use in op.loras if use.segments]
    if not scheduled or op.relay is None:
        return relayed
    if any(use.by_step or use.audio is not None for use in scheduled):
        raise ExportError(f"{builder.stage}: a LoRA of some segments has one strength in ComfyUI")
    if len(op.relay.lengths) > MOST_SEGMENTS:
        raise ExportError(f"{builder.stage}: LoRAs by segment are for at most {MOST_SEGMENTS} segments in ComfyUI")
    builder.note(f"{builder.stage}: LoRAs by segment need SirAxe's PromptRelay nodes, and leave the sound to chance")
    stacks = {f"lora_stack_{i + 1}": _stack(builder, scheduled, i) for i in range(len(op.relay.lengths))}
    return builder.add(
        "PromptRelayLoraSchedule",
        builder.titled("LoRAs by segment"),
        model=relayed,
        relay_config=relayed.output(2),
        epsilon=min(max(op.relay.epsilon, 1e-6), 0.99),
        extend_last=False,
        **stacks,
    )


def _stack(builder: PromptBuilder, loras: Iterable[LoraUse], segment: int) -> Link | None:
    here = [use for use in loras if segment in use.segments]
    rows = {
        f"lora_{i}": {"on": True, "lora": lora_name(builder, use.name), "strength": use.strength}
        for i, use in enumerate(here, 1)
    }
    return builder.add("RelayLoraSelector", f"LoRAs of segment {segment + 1}", **rows) if rows else None


def hooked(
    builder: PromptBuilder, both: Conditioning, loras: Iterable[LoraUse], sigmas: Sequence[float]
) -> Conditioning:
    """Both prompts with the LoRAs that change by step, as hooks with a keyframe for each strength."""
    hooks: Link | None = None
    for use in loras:
        if use.by_step and not use.segments:
            hooks = _hook(builder, use, sigmas, hooks)
    if hooks is None:
        return both
    builder.note(f"{builder.stage}: a LoRA that changes by step is a hook in ComfyUI, which patches weights as it goes")
    link = builder.add(
        "PairConditioningSetProperties",
        builder.titled("prompts with LoRAs by step"),
        positive_NEW=both.positive,
        negative_NEW=both.negative,
        strength=1.0,
        set_cond_area="default",
        hooks=hooks,
    )
    return Conditioning(link, link.output(1))


def _hook(builder: PromptBuilder, use: LoraUse, sigmas: Sequence[float], before: Link | None) -> Link:
    if use.audio is not None:
        raise ExportError(f"{builder.stage}: a LoRA that changes by step has one strength for all layers in ComfyUI")
    title, name = builder.titled(f"LoRA {use}"), lora_name(builder, use.name)
    lora = builder.add("CreateHookLoraModelOnly", title, lora_name=name, strength_model=1.0, prev_hooks=before)
    frames: Link | None = None
    start = 0
    for strength, steps in use.by_step:
        if start < len(sigmas) - 1:
            percent = percent_between(*sigmas[start - 1 : start + 1]) if start else 0.0
            words = builder.titled(f"strength {strength:g} from step {start + 1}")
            told = {"strength_mult": strength, "start_percent": percent}
            frames = builder.add("CreateHookKeyframe", words, **told, prev_hook_kf=frames)
        start += steps
    return builder.add("SetHookKeyframes", f"{title}: steps", hooks=lora, hook_kf=frames)


def lora_name(builder: PromptBuilder, name: str) -> str:
    """What ComfyUI calls a LoRA: by role what the model set says, else the file's name in its folder `loras`."""
    known = builder.models.loras.get(name)
    if name == DISTILL and (file := builder.file_alone(DISTILL)):
        return file
    if known is None:
        return builder.models.comfy.distill if name == DISTILL else inside(name, "loras")
    return known.comfy or base_name(known.file)


def with_text_lora(builder: PromptBuilder, clip: Link, lora: str, strength: float) -> Link:
    """The text model with a LoRA of its own; the video model that comes out beside it is not used."""
    name = lora_name(builder, lora)
    both = builder.add(
        "LoraLoader",
        f"LoRA {name} for the writing",
        model=_model(builder),
        clip=clip,
        lora_name=name,
        strength_model=1.0,
        strength_clip=strength,
    )
    return both.output(1)


def encoded(builder: PromptBuilder, text: str | Link, title: str, clip: Link | None = None) -> Link:
    """An encoded text, literally: braces and comments are only read by ComfyUI's editor."""
    return builder.add("CLIPTextEncode", title, clip=clip or text_encoder(builder), text=text)


def vae(builder: PromptBuilder) -> Link:
    """The video VAE."""
    if given := builder.parts.get("vae"):
        return given
    file = builder.file_alone("vae")
    return builder.add("VAELoader", "video VAE", vae_name=file) if file else _checkpoint(builder).output(2)


def audio_vae(builder: PromptBuilder) -> Link:
    """The audio VAE with the vocoder."""
    if given := builder.parts.get("audio_vae"):
        return given
    return builder.add("LTXVAudioVAELoader", "audio VAE", ckpt_name=builder.models.comfy.checkpoint)


def text_encoder(builder: PromptBuilder) -> Link:
    """Gemma, with the projection that lies in the checkpoint."""
    if given := builder.parts.get("clip"):
        return given
    files = builder.models.comfy
    return builder.add(
        "LTXAVTextEncoderLoader",
        "text encoder",
        text_encoder=files.text_encoder,
        ckpt_name=files.checkpoint,
        device="default",
    )


def upsampler(builder: PromptBuilder, factor: float) -> Link:
    """The latent upsampler in space."""
    if given := builder.parts.get("upsampler"):
        return given
    name = builder.models.comfy.upsamplers[f"{factor:g}x"]
    title = "latent upsampler" if factor == 2 else f"latent upsampler {factor:g}x"
    return builder.add("LatentUpscaleModelLoader", title, model_name=name)


def temporal_upsampler(builder: PromptBuilder) -> Link:
    """The latent upsampler in time."""
    name = builder.models.comfy.temporal_upsampler
    return builder.add("LatentUpscaleModelLoader", "latent upsampler in time", model_name=name)


def _model(builder: PromptBuilder) -> Link:
    """The model without LoRAs: of the checkpoint, or from a file of its own."""
    file = builder.file_alone("model")
    if file.lower().endswith(".gguf"):
        return builder.add("UnetLoaderGGUF", "LTX model", unet_name=file)
    if file:
        return builder.add("UNETLoader", "LTX model", unet_name=file, weight_dtype="default")
    return _checkpoint(builder)


def _checkpoint(builder: PromptBuilder) -> Link:
    return builder.add("CheckpointLoaderSimple", "LTX checkpoint", ckpt_name=builder.models.comfy.checkpoint)


def video_parts(builder: PromptBuilder, path: str) -> Link:
    """The frames of a video file; its sound and its frames a second are the outputs after them."""
    name = builder.file(path)
    video = builder.add("LoadVideo", name, file=name)
    return builder.add("GetVideoComponents", f"frames of {name}", video=video)
