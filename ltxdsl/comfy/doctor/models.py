"""Rules of LTX for the models of a workflow: files in the wrong loader, LoRAs that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ltxdsl.comfy.doctor.case import Case, Lora, plain_name
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.diagnostics import Severity
from ltxdsl.values import plain

# Loaders, and words in names of files that they cannot mean.
NOT_MEANT = {
    ("LTXVAudioVAELoader", "ckpt_name"): ("upscaler", "upsampler", "lora", "gemma", "video_vae"),
    ("LatentUpscaleModelLoader", "model_name"): ("lora", "gemma", "_vae"),
    ("CheckpointLoaderSimple", "ckpt_name"): ("upscaler", "upsampler", "lora", "gemma", "_vae"),
    ("UNETLoader", "unet_name"): ("upscaler", "upsampler", "lora", "gemma", "_vae"),
    ("LoraLoaderModelOnly", "lora_name"): ("upscaler", "upsampler", "_vae"),
    ("LTXICLoRALoaderModelOnly", "lora_name"): ("upscaler", "upsampler", "_vae"),
    ("LTXAVTextEncoderLoader", "text_encoder"): ("upscaler", "upsampler", "_vae", "lora"),
}
NAMED = ("ckpt_name", "unet_name", "lora_name", "model_name", "vae_name", "clip_name", "text_encoder")
STRONGEST, WEAKEST = 2, -1
LINEAR = ("HDR", "LogC", "EXR", "ColorSpace", "Tonemap", "ToneMap", "ACES", "OCIO")  # in classes that know light


def wrong_files(case: Case) -> Iterator[Found]:
    """By their names alone, in workflows of LTX."""
    if not any(kind.startswith(("LTX", "EmptyLTX")) for kind in case.kinds):
        return
    for (kind, name), words in NOT_MEANT.items():
        for id in case.target.of_class(kind):
            file = plain_name(case.target.value(id, name, ""))
            if name == "lora_name" and "lora" in file:
                continue  # an IC-LoRA may be named after what it does
            if word := next((word for word in words if word in file), None):
                message = f"`{file}` is a file of another kind: its name says `{word.strip('_')}`"
                yield Found("LTX288", id, name, message)


def distilled_twice(case: Case) -> Iterator[Found]:
    """The distilled LoRA on a distilled checkpoint, or on itself."""
    told: set[str] = set()
    for run in case.passes:
        on = [one for one in run.chain.loras if one.distilled and one.strength != 0]
        for lora in on:
            if lora.node in told:
                continue
            if "distill" in run.chain.base:
                message = f"the distilled LoRA on `{run.chain.base}`, which is distilled itself"
                told.add(lora.node)
                yield Found("LTX060", lora.node, lora.input, message, "take the LoRA out, or load the dev model")
            elif len(on) > 1:
                told |= {one.node for one in on}
                message = f"one pass has the distilled LoRA {len(on)} times"
                yield Found("LTX060", lora.node, lora.input, message, "take one out")


def strengths(case: Case) -> Iterator[Found]:
    """LoRAs at no strength, an extreme one, and the distilled one over 1."""
    for lora in case.loras:
        if lora.strength is None:
            continue
        shown = plain(lora.strength)
        if lora.strength == 0:
            yield Found("LTX066", lora.node, _said(lora), "at strength 0 this LoRA does nothing", "take it out")
        elif not WEAKEST <= lora.strength <= STRONGEST:
            yield Found("LTX067", lora.node, _said(lora), f"strength {shown} is far outside what is used", "0.3 to 1")
        elif lora.distilled and lora.strength > 1:
            yield Found("LTX064", lora.node, _said(lora), f"the distilled LoRA at {shown}", "0.5 to 0.6 is usual")


def _said(lora: Lora) -> str:
    return "strength_model" if lora.input == "lora_name" else lora.input


def loras_of_others(case: Case) -> Iterator[Found]:
    """LoRAs of the prompt enhancer, and one LoRA twice in a pass."""
    for lora in case.loras:
        if "abliterat" in lora.name or lora.name.startswith("gemma"):
            yield Found("LTX068", lora.node, lora.input, f"`{lora.name}` is for the text model", "take it out")
    told: set[str] = set()
    for run in case.passes:
        seen: dict[str, float] = {}
        for lora in reversed(run.chain.loras):
            if lora.file in seen and lora.node not in told and not lora.distilled and lora.strength:
                told.add(lora.node)
                total = plain(round(seen[lora.file] + lora.strength, 4))
                yield Found("LTX065", lora.node, lora.input, f"in one pass this LoRA comes to {total}")
            seen[lora.file] = seen.get(lora.file, 0.0) + (lora.strength or 0.0)


def hdr_into_sdr(case: Case) -> Iterator[Found]:
    """An HDR LoRA in the last pass, and a video saved as usual; a class that knows of light says that it is meant."""
    if not case.passes or any(word in kind for kind in case.kinds for word in LINEAR):
        return
    for lora in case.passes[-1].chain.loras:
        if "hdr" in lora.name and (lora.strength is None or lora.strength > 0):
            for id in case.target.of_class("SaveVideo", "VHS_VideoCombine"):
                if "ProRes" not in str(case.target.value(id, "format", "")):
                    yield Found("LTX197", id, "", f"an ordinary video cannot hold what `{lora.name}` makes")


def backslashes(case: Case) -> Iterator[Found]:
    """Names of models as Windows writes them; there they are right, so that it is a note."""
    for id in case.target.order:
        for name in NAMED:
            file: Any = case.target.value(id, name)
            if isinstance(file, str) and "\\" in file:
                hint = f"write `{file.replace(chr(92), '/')}`"
                yield Found("LTX175", id, name, f"`{file}` is not found on Linux", hint, Severity.NOTE)


MODELS: tuple[Callable[[Case], Iterator[Found]], ...] = (
    wrong_files,
    distilled_twice,
    strengths,
    loras_of_others,
    hdr_into_sdr,
    backslashes,
)
