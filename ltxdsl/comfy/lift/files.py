"""Which files a workflow loads, and by which loaders."""

from __future__ import annotations

from typing import Any

from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.same import LOADERS
from ltxdsl.comfy.lift.stage import Stage
from ltxdsl.comfy.lift.target import Target
from ltxdsl.grammar.write import quoted

MODEL_LOADERS = ("UNETLoader", "UnetLoaderGGUF", "UnetLoaderGGUFAdvanced")
PREVIEWS = ("LTX2SamplingPreviewOverride", "ModelPreviewOverrideKJ")  # with a VAE of their own
VAE_LOADERS = ("VAELoader", *LOADERS["VAELoader"])


def loads(target: Target) -> list[Piece]:
    """The files, where one loader of each kind is there."""
    said = {}
    checkpoints = {target.value(id, "ckpt_name") for id in target.of_class("CheckpointLoaderSimple")}
    texts = list(target.of_class("LTXAVTextEncoderLoader"))
    sounds = {target.value(id, "ckpt_name") for id in target.of_class("LTXVAudioVAELoader")}
    upsamplers = {target.value(id, "model_name") for id in target.of_class("LatentUpscaleModelLoader")}
    said["checkpoint"] = _only(checkpoints)
    said["model"] = _only({target.value(id, "unet_name") for id in target.of_class(*MODEL_LOADERS)})
    said["vae"] = _only({target.value(id, "vae_name") for id in _video_vaes(target)})
    said["audio"] = _only(sounds) if sounds != checkpoints else None
    said["text"] = _only({target.value(id, "text_encoder") for id in texts})
    projections = {target.value(id, "ckpt_name") for id in texts}
    said["projection"] = _only(projections) if projections != checkpoints else None
    said["upsampler"] = _only(upsamplers)
    said["distill"] = _only(
        {name for id in target.of_class("LoraLoaderModelOnly") if (name := distilled_file(target, id))}
    )
    words = [f"{word} {quoted(file)}" for word, file in said.items() if file and quoted(file)]
    return [Piece(f"load {' '.join(words)}")] if words else []


def spell_loaders(target: Target, first: Stage, common: Piece) -> None:
    """Loaders of other classes than an export writes: known from the start, so that raw nodes read them by words."""
    read: dict[str, set[str]] = {"vae": set(), "audio_vae": set(), "clip": set()}
    for id in target.order:
        for name, out in target.links(id).items():
            if name in read and (name != "clip" or id == first.positive) and target.kind(id) not in PREVIEWS:
                read[name].add(out.node)
    for name, type in (("vae", "VAELoader"), ("audio_vae", "LTXVAudioVAELoader"), ("clip", "LTXAVTextEncoderLoader")):
        for id in read[name] if len(read[name]) == 1 else ():
            if target.kind(id) in LOADERS[type] and not target.links(id):
                common.spell(type, target.kind(id)).lines.update(literals_of(target, id))


def distilled_file(target: Target, id: str) -> str:
    """The file of a LoRA, if its name says that it makes few steps enough."""
    name = target.value(id, "lora_name")
    return name if isinstance(name, str) and "distill" in name.lower() else ""


def _video_vaes(target: Target) -> list[str]:
    """Loaders of a VAE alone that something reads as one of pictures."""
    read = {
        out.node
        for id in target.order
        for name, out in target.links(id).items()
        if name in ("vae", "optional_vae") and target.kind(id) not in PREVIEWS
    }
    return [id for id in target.of_class(*VAE_LOADERS) if id in read]


def _only(values: set[Any]) -> str | None:
    (value,) = values if len(values) == 1 else (None,)
    return value if isinstance(value, str) else None


def literals_of(target: Target, id: str) -> dict[str, Any]:
    """The inputs of a node that are no links."""
    return {name: value for name, value in target.inputs(id).items() if target.link(id, name) is None}
