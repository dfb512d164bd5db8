"""Rules of LTX for the models of a workflow: files in the wrong loader, patches and recipes that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.lift.target import Target

# Loaders, and words in names of files that they cannot mean.
NOT_MEANT = {
    ("LTXVAudioVAELoader", "ckpt_name"): ("upscaler", "upsampler", "lora", "gemma", "video_vae"),
    ("LatentUpscaleModelLoader", "model_name"): ("lora", "gemma", "_vae", "distilled-lora"),
    ("CheckpointLoaderSimple", "ckpt_name"): ("upscaler", "upsampler", "lora", "gemma", "_vae"),
    ("LoraLoaderModelOnly", "lora_name"): ("upscaler", "upsampler", "_vae"),
    ("LTXAVTextEncoderLoader", "text_encoder"): ("upscaler", "upsampler", "_vae", "lora"),
}
RELAYS = ("PromptRelayEncode", "PromptRelayEncodeTimeline")


def wrong_files(target: Target) -> Iterator[Found]:
    """By their names alone."""
    for (kind, name), words in NOT_MEANT.items():
        for id in target.of_class(kind):
            file = str(target.value(id, name, "")).replace("\\", "/").rpartition("/")[2].lower()
            if word := next((word for word in words if word in file), None):
                yield Found(
                    "LTX288", id, name, f"`{file}` is a file of another kind: its name says `{word.strip('_')}`"
                )


def distilled_twice(target: Target) -> Iterator[Found]:
    """A distilled checkpoint with the distilled LoRA on it."""
    for id in target.of_class("LoraLoaderModelOnly", "LTXICLoRALoaderModelOnly"):
        if "distill" not in str(target.value(id, "lora_name", "")).lower():
            continue
        base = _base(target, id)
        if "distill" in base.lower():
            message = f"the distilled LoRA on `{base}`, which is distilled itself"
            yield Found("LTX060", id, "lora_name", message, "take the LoRA out, or load the dev model")


def _base(target: Target, id: str) -> str:
    """The file that the chain of models begins with."""
    out = target.link(id, "model")
    for _ in range(len(target.prompt)):
        if out is None:
            break
        inputs: dict[str, Any] = target.inputs(out.node)
        if found := inputs.get("ckpt_name") or inputs.get("unet_name"):
            return str(found)
        out = target.link(out.node, "model")
    return ""


def relay_with_nag(target: Target) -> Iterator[Found]:
    """Both patch cross attention on one model."""
    for id in target.of_class(*RELAYS):
        if any(target.kind(one) == "LTX2_NAG" for one in target.cone([id])):
            yield Found("LTX030", id, "model", "NAG and Prompt Relay patch the same attention of one model")


MODELS: tuple[Callable[[Target], Iterator[Found]], ...] = (wrong_files, distilled_twice, relay_with_nag)
