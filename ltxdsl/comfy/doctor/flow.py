"""What is known of every latent of a prompt: size, frames, guides, how often it was sampled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeGuard

import msgspec

from ltxdsl.comfy.equal import numbers
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.geometry import SPATIAL, snapped_frames, upsampled_cells

GUIDES = (
    "LTXVAddGuide",
    "LTXVAddGuideMulti",
    "LTXVAddGuideAdvanced",
    "LTXVAddGuideAdvancedAttention",
    "LTXVAddGuidesFromBatch",
    "LTXVAddLatentGuide",
    "LTXAddVideoICLoRAGuide",
    "LTXAddVideoICLoRAGuideAdvanced",
)
SAMPLERS = {  # with the input that the latent comes in at
    "SamplerCustomAdvanced": "latent_image",
    "SamplerCustom": "latent_image",
    "KSampler": "latent_image",
    "KSamplerAdvanced": "latent_image",
    "LTXVNormalizingSampler": "latent_image",
}
# Nodes that give a latent on with its size, frames and guides, by the input that it comes in at.
KEEPS = {
    "LTXVImgToVideoInplace": "latent",
    "LTXVImgToVideoInplaceKJ": "latent",
    "LTXVImgToVideoConditionOnly": "latent",
    "LTXVAdainLatent": "latents",
    "LTXVStatNormLatent": "latents",
}


class Video(msgspec.Struct, frozen=True):
    """The picture's part; `made` is the node that made it empty ("" = it came from a file), None is not known."""

    made: str = ""
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    guides: tuple[str, ...] = ()
    sampled: int = 0
    masked: bool = False
    upscaled: bool = False


class Sound(msgspec.Struct, frozen=True):
    """The sound's part; `made` as for a video, `frames` and `rate` those that its node was told."""

    made: str = ""
    frames: float | None = None
    rate: float | None = None
    sampled: int = 0
    kept: bool = False


class Latent(msgspec.Struct, frozen=True):
    """A latent on a link: a picture's, a sound's, or both."""

    video: Video | None = None
    sound: Sound | None = None


NOTHING = Latent()
Flow = dict[Out, Latent]
Found = dict[int, Latent]  # by slots


class _Here(msgspec.Struct, frozen=True):
    """A node with what is known before it."""

    target: Target
    flow: Flow
    id: str

    def latent(self, name: str) -> Latent:
        out = self.target.link(self.id, name)
        return self.flow.get(out, NOTHING) if out else NOTHING

    def value(self, name: str) -> Any:
        return self.target.value(self.id, name)


def flow_of(target: Target) -> Flow:
    """Sources first, so that one look at each node is enough; what nobody knows is not in it."""
    flow: Flow = {}
    for id in target.order:
        kind = target.kind(id)
        here = _Here(target, flow, id)
        if kind in KEEPS:
            found = {0: here.latent(KEEPS[kind])}
        elif kind in SAMPLERS:
            found = _sampled(here, SAMPLERS[kind])
        elif kind in GUIDES:
            found = _guided(here)
        else:
            found = _NODES[kind](here) if kind in _NODES else {}
        flow.update({Out(id, slot): latent for slot, latent in found.items()})
    return flow


MOST, MOST_GUIDES = 2**63, 20


def whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number that a node can hold; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and -MOST < value < MOST


def number(value: Any) -> TypeGuard[float]:
    """Whether it is a number that a node can hold; true, false and infinity are none."""
    return whole(value) or (isinstance(value, float) and -MOST < value < MOST)


def sigmas_in(text: Any) -> tuple[float, ...]:
    """The numbers of a text of sigmas; none if one of them is no number."""
    try:
        return tuple(numbers(text))
    except ValueError:
        return ()


def _side(value: Any) -> int | None:
    return value // SPATIAL * SPATIAL if whole(value) and value >= SPATIAL else None


def _empty(here: _Here) -> Video:
    frames = here.value("length")
    known = snapped_frames(frames) if whole(frames) and frames > 0 else None
    return Video(here.id, known, _side(here.value("width")), _side(here.value("height")))


def _empty_video(here: _Here) -> Found:
    return {0: Latent(video=_empty(here))}


def _picture_to_video(here: _Here) -> Found:
    return {2: Latent(video=msgspec.structs.replace(_empty(here), masked=True))}


def _empty_sound(here: _Here) -> Found:
    frames, rate = here.value("frames_number"), here.value("frame_rate")
    return {0: Latent(sound=Sound(here.id, frames if number(frames) else None, rate if number(rate) else None))}


def _given_video(here: _Here) -> Found:
    return {0: Latent(video=Video())}


def _given_sound(here: _Here) -> Found:
    return {0: Latent(sound=Sound())}


def _joined(here: _Here) -> Found:
    return {0: Latent(here.latent("video_latent").video, here.latent("audio_latent").sound)}


def _parted(here: _Here) -> Found:
    both = here.latent("av_latent")
    return {0: Latent(video=both.video), 1: Latent(sound=both.sound)}


def _masked_parts(here: _Here) -> Found:
    """KJNodes' LTXVAudioVideoMask: what is masked is partly kept."""
    return {0: _masked(Latent(here.latent("video_latent").video)), 1: Latent(sound=here.latent("audio_latent").sound)}


def _masked(latent: Latent) -> Latent:
    return Latent(latent.video and msgspec.structs.replace(latent.video, masked=True), latent.sound)


def _with_mask(here: _Here) -> Found:
    """A mask that is 0 everywhere keeps all; the sound is the one that is kept so."""
    latent = _masked(here.latent("samples"))
    mask = here.target.link(here.id, "mask")
    held = mask is not None and here.target.kind(mask.node) == "SolidMask"
    kept = held and mask is not None and here.target.value(mask.node, "value") == 0
    sound = latent.sound and msgspec.structs.replace(latent.sound, kept=kept or not held)
    return {0: Latent(latent.video, sound)}


def _sampled(here: _Here, name: str) -> Found:
    before = here.latent(name)
    video = before.video and msgspec.structs.replace(before.video, sampled=before.video.sampled + 1)
    sound = before.sound and msgspec.structs.replace(before.sound, sampled=before.sound.sampled + 1)
    return dict.fromkeys((0, 1), Latent(video, sound))


def _guided(here: _Here) -> Found:
    latent = here.latent("latent")
    if latent.video is None:
        return {}
    guides = (*latent.video.guides, here.id)[:MOST_GUIDES]
    return {2: Latent(msgspec.structs.replace(latent.video, guides=guides), latent.sound)}


def _cropped(here: _Here) -> Found:
    latent = here.latent("latent")
    return {2: Latent(latent.video and msgspec.structs.replace(latent.video, guides=()), latent.sound)}


def _upsampled(here: _Here) -> Found:
    video = here.latent("samples").video
    if video is None:
        return {}
    model = here.target.link(here.id, "upscale_model")
    name = str(here.target.value(model.node, "model_name", "")).lower() if model else ""
    factor = re.search(r"x(\d(?:\.\d)?)(?!\d)", name)
    by = float(factor[1]) if factor else None
    if "temporal" in name:
        frames = 2 * video.frames - 1 if video.frames else None
        return {0: Latent(msgspec.structs.replace(video, frames=frames, masked=False, upscaled=True))}
    width, height = (_enlarged(side, by) for side in (video.width, video.height))
    return {0: Latent(msgspec.structs.replace(video, width=width, height=height, masked=False, upscaled=True))}


def _enlarged(side: int | None, by: float | None) -> int | None:
    return SPATIAL * upsampled_cells(side // SPATIAL, by) if side and by in (1.5, 2.0) else None


_NODES: dict[str, Callable[[_Here], Found]] = {
    "EmptyLTXVLatentVideo": _empty_video,
    "LTXVImgToVideo": _picture_to_video,
    "LTXVEmptyLatentAudio": _empty_sound,
    "VAEEncode": _given_video,
    "VAEEncodeTiled": _given_video,
    "LTXVAudioVAEEncode": _given_sound,
    "LTXVConcatAVLatent": _joined,
    "LTXVSeparateAVLatent": _parted,
    "LTXVAudioVideoMask": _masked_parts,
    "SetLatentNoiseMask": _with_mask,
    "LTXVCropGuides": _cropped,
    "LTXVLatentUpsampler": _upsampled,
}
