"""Rules of LTX for the passes of a workflow: frames, sizes, rates, guides, sigmas, guidance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeGuard

from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.lift.guess import numbers
from ltxdsl.comfy.lift.target import Target
from ltxdsl.diagnostics import Severity
from ltxdsl.values import plain

SAMPLERS = ("SamplerCustomAdvanced", "SamplerCustom", "LTXVNormalizingSampler")
GUIDES = ("LTXVAddGuide", "LTXVAddGuideMulti", "LTXAddVideoICLoRAGuide", "LTXAddVideoICLoRAGuideAdvanced")
KEEPS = {  # nodes that pass a video latent on, by the input that it comes in at
    "SamplerCustomAdvanced": "latent_image",
    "SamplerCustom": "latent_image",
    "LTXVConcatAVLatent": "video_latent",
    "LTXVSeparateAVLatent": "av_latent",
    "LTXVImgToVideoInplace": "latent",
    "LTXVImgToVideoConditionOnly": "latent",
    "SetLatentNoiseMask": "samples",
    "LTXVAdainLatent": "latents",
}
DECODERS = {
    "VAEDecode": "samples",
    "VAEDecodeTiled": "samples",
    "LTXVTiledVAEDecode": "latents",
    "LTXVSpatioTemporalTiledVAEDecode": "samples",
}
UPSAMPLER = "LTXVLatentUpsampler"
GRID, LARGE = 32, 0.5


def frames_off_the_grid(target: Target) -> Iterator[Found]:
    """A length that is not 1 + 8N is cut down without a word."""
    for id in target.of_class("EmptyLTXVLatentVideo"):
        frames = target.value(id, "length")
        if _whole(frames) and frames > 0 and frames % 8 != 1:
            made = (frames - 1) // 8 * 8 + 1
            message = f"{frames} frames are not of the form 1 + 8N: {made} are made"
            yield Found("LTX010", id, "length", message, f"write {made} or {made + 8}", Severity.WARNING)


def sizes_off_the_grid(target: Target) -> Iterator[Found]:
    """A side that is no multiple of 32 is cut down without a word."""
    for id in target.of_class("EmptyLTXVLatentVideo"):
        for side in ("width", "height"):
            pixels = target.value(id, side)
            if _whole(pixels) and pixels > GRID and pixels % GRID:
                made = pixels // GRID * GRID
                message = f"{side} {pixels} is no multiple of 32: {made} are made"
                yield Found("LTX011", id, side, message, f"write {made} or {made + GRID}", Severity.WARNING)


def rates_that_differ(target: Target) -> Iterator[Found]:
    """Those of the sound's latent and of the file, against that of the conditioning."""
    rates = {target.value(id, "frame_rate") for id in target.of_class("LTXVConditioning")}
    (rate,) = rates if len(rates) == 1 else (None,)
    if not _number(rate):
        return
    for kind, name, whole in (("LTXVEmptyLatentAudio", "frame_rate", True), ("CreateVideo", "fps", False)):
        for id in target.of_class(kind):
            here = target.value(id, name)
            wanted = round(rate) if whole else rate
            if _number(here) and here not in (wanted, rate) and not _doubled(target, here, rate):
                message = f"{plain(here)} frames a second here, {plain(rate)} in the conditioning"
                yield Found("LTX287", id, name, message, f"write {plain(wanted)}")


def _doubled(target: Target, here: float, rate: float) -> bool:
    """A temporal upsampler doubles the rate; frames may be dropped afterwards."""
    return here in (2 * rate, rate / 2) and any("temporal" in str(v).lower() for v in _upsamplers(target))


def _upsamplers(target: Target) -> list[Any]:
    return [target.value(id, "model_name") for id in target.of_class("LatentUpscaleModelLoader")]


def guides_not_cropped(target: Target) -> Iterator[Found]:
    """Followed back from decoders and upsamplers to a node that appends guides, with no crop between."""
    for kind, name in {**DECODERS, UPSAMPLER: "samples"}.items():
        for id in target.of_class(kind):
            if (guide := _guide_behind(target, id, name)) is not None:
                what = "decoded" if kind in DECODERS else "upsampled"
                message = f"the guides of node {guide} are {what} with the clip"
                yield Found("LTX289", id, name, message, "put LTXVCropGuides before it")


def _guide_behind(target: Target, id: str, name: str) -> str | None:
    out = target.link(id, name)
    for _ in range(len(target.prompt)):
        if out is None:
            return None
        kind = target.kind(out.node)
        if kind in GUIDES:
            return out.node
        if kind not in KEEPS or (kind == "LTXVSeparateAVLatent" and out.slot != 0):
            return None
        out = target.link(out.node, KEEPS[kind])
    return None


def guides_outside(target: Target) -> Iterator[Found]:
    """A guide behind the last frame of the clip."""
    lengths = {target.value(id, "length") for id in target.of_class("EmptyLTXVLatentVideo")}
    (frames,) = lengths if len(lengths) == 1 else (None,)
    if not _whole(frames):
        return
    last = (frames - 1) // 8 * 8
    for id in target.of_class(*GUIDES):
        for name, value in target.inputs(id).items():
            if name.rpartition(".")[2].startswith("frame_idx") and _whole(value) and value > last:
                message = f"frame {value} is outside the clip, whose last frame is {last}"
                yield Found("LTX020", id, name, message, f"write {last}, or -1 for the last")


def sigmas_that_rise(target: Target) -> Iterator[Found]:
    """ManualSigmas that do not fall; a last pass that does not end in 0."""
    for id in target.of_class("ManualSigmas"):
        sigmas = numbers(target.value(id, "sigmas"))
        rise = next((later for earlier, later in pairwise(sigmas) if later >= earlier), None)
        if rise is not None:
            yield Found("LTX043", id, "sigmas", f"sigma {plain(rise)} is not below the one before it", "let them fall")
        elif sigmas and sigmas[-1] > 0 and not _goes_on(target, id):
            yield Found("LTX042", id, "sigmas", f"the last sigma is {plain(sigmas[-1])}: noise is left", "end in 0")


def _goes_on(target: Target, id: str) -> bool:
    """Whether a sampler that takes these sigmas is followed by another."""
    samplers = [one for one in target.readers.get(id, []) if target.kind(one) in SAMPLERS]
    return not samplers or any(
        target.kind(other) in SAMPLERS for one in samplers for other in _after(target, one) if other != one
    )


def _after(target: Target, id: str) -> set[str]:
    waiting, found = [id], {id}
    while waiting:
        for reader in target.readers.get(waiting.pop(), []):
            if reader not in found:
                found.add(reader)
                waiting.append(reader)
    return found


def guided_distilled(target: Target) -> Iterator[Found]:
    """A cfg over 1 on a model that was distilled, or has the distilled LoRA at half strength or more."""
    for id in target.of_class("CFGGuider"):
        cfg = target.value(id, "cfg")
        if _number(cfg) and cfg > 1 and _is_distilled(target, id):
            message = f"cfg {plain(cfg)} on the distilled model burns colours"
            yield Found("LTX051", id, "cfg", message, "write 1", Severity.WARNING)


def _is_distilled(target: Target, guider: str) -> bool:
    out = target.link(guider, "model")
    for _ in range(len(target.prompt)):
        if out is None:
            return False
        inputs = target.inputs(out.node)
        names = [
            str(inputs[key]).lower() for key in ("ckpt_name", "unet_name", "lora_name", "model_name") if key in inputs
        ]
        strength = inputs.get("strength_model", 1.0)
        if any("distill" in name for name in names) and (not _number(strength) or strength >= LARGE):
            return True
        out = target.link(out.node, "model")
    return False


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


PASSES: tuple[Callable[[Target], Iterator[Found]], ...] = (
    frames_off_the_grid,
    sizes_off_the_grid,
    rates_that_differ,
    guides_not_cropped,
    guides_outside,
    sigmas_that_rise,
    guided_distilled,
)
