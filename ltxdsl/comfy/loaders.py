"""Loaders, and the model with its patches in the order that they stack: LoRAs, NAG, Prompt Relay, cfg overrides."""

from __future__ import annotations

from collections.abc import Iterable

from ltxdsl.comfy.builder import Link, PromptBuilder, base_name
from ltxdsl.ops.base import LoraUse, NagUse

DISTILL = "distill"


def model(builder: PromptBuilder, loras: Iterable[LoraUse]) -> Link:
    """The model with LoRAs, in order."""
    link = _checkpoint(builder)
    for use in loras:
        name = lora_name(builder, use.name)
        title = f"LoRA {use.name if use.name in builder.models.loras else name} {use.strength:g}"
        link = builder.add("LoraLoaderModelOnly", title, model=link, lora_name=name, strength_model=use.strength)
    return link


def lora_name(builder: PromptBuilder, name: str) -> str:
    """What ComfyUI calls a LoRA: by role what the model set says, else the file's name."""
    known = builder.models.loras.get(name)
    if known is None:
        return builder.models.comfy.distill if name == DISTILL else base_name(name)
    return known.comfy or base_name(known.file)


def with_nag(builder: PromptBuilder, link: Link, nag: NagUse | None) -> Link:
    """NAG's patch; a modality without a text is left alone."""
    if nag is None:
        return link
    return builder.add(
        "LTX2_NAG",
        f"NAG {nag.scale:g}",
        model=link,
        nag_scale=nag.scale,
        nag_alpha=nag.alpha,
        nag_tau=nag.tau,
        nag_cond_video=encoded(builder, nag.text, "NAG: not in the picture"),
        nag_cond_audio=encoded(builder, nag.audio, "NAG: not in the sound") if nag.audio else None,
    )


def encoded(builder: PromptBuilder, text: str, title: str) -> Link:
    """An encoded text, literally: braces and comments are only read by ComfyUI's editor."""
    return builder.add("CLIPTextEncode", title, clip=text_encoder(builder), text=text)


def vae(builder: PromptBuilder) -> Link:
    """The video VAE."""
    return _checkpoint(builder).output(2)


def audio_vae(builder: PromptBuilder) -> Link:
    """The audio VAE with the vocoder."""
    return builder.add("LTXVAudioVAELoader", "audio VAE", ckpt_name=builder.models.comfy.checkpoint)


def text_encoder(builder: PromptBuilder) -> Link:
    """Gemma, with the projection that lies in the checkpoint."""
    files = builder.models.comfy
    return builder.add(
        "LTXAVTextEncoderLoader",
        "text encoder",
        text_encoder=files.text_encoder,
        ckpt_name=files.checkpoint,
        device="default",
    )


def upsampler(builder: PromptBuilder) -> Link:
    """The latent upsampler."""
    return builder.add("LatentUpscaleModelLoader", "latent upsampler", model_name=builder.models.comfy.upsampler)


def _checkpoint(builder: PromptBuilder) -> Link:
    return builder.add("CheckpointLoaderSimple", "LTX checkpoint", ckpt_name=builder.models.comfy.checkpoint)
