"""Rules of LTX for what is placed in the clip of a workflow: guides, crops, pictures in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ltxdsl.comfy.doctor.case import LONGEST, Case
from ltxdsl.comfy.doctor.clip import DECODERS
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.doctor.flow import GUIDES, number, whole
from ltxdsl.diagnostics import Severity
from ltxdsl.geometry import SPATIAL, latent_frames
from ltxdsl.values import plain

INPLACE = ("LTXVImgToVideoInplace", "LTXVImgToVideoConditionOnly")
UPSAMPLER = "LTXVLatentUpsampler"


def guides_not_cropped(case: Case) -> Iterator[Found]:
    """Decoders and upsamplers that are given a latent with guides still in it."""
    for kind, name in {**DECODERS, UPSAMPLER: "samples"}.items():
        for id in case.target.of_class(kind):
            video = case.latent(id, name).video
            if video and video.guides and not _trimmed(case, id):
                shown = " and ".join(f"node {guide}" for guide in dict.fromkeys(video.guides))
                done = "upsampled" if kind == UPSAMPLER else "decoded"
                message = f"the guides of {shown} are {done} with the clip"
                yield Found("LTX289", id, name, message, "put LTXVCropGuides before it")


def _trimmed(case: Case, decoder: str) -> bool:
    """Whether frames are taken off after decoding."""
    kinds = [case.target.kind(reader) for reader in case.target.readers.get(decoder, [])]
    return any("Trim" in kind or "FromBatch" in kind for kind in kinds)


def guides_outside(case: Case) -> Iterator[Found]:
    """A guide behind the last frame of the clip that it is put into."""
    for id in case.target.of_class(*GUIDES):
        video = case.latent(id, "latent").video
        if video is None or video.frames is None:
            continue
        last = video.frames - 1
        for name, value in case.target.inputs(id).items():
            last_part = name.rpartition(".")[2]
            if last_part.startswith("frame_idx") and whole(value) and value > last:
                message = f"frame {value} is outside the clip, whose last frame is {last}"
                yield Found("LTX020", id, name, message, f"write {last}, or -1 for the last")
            elif name == "latent_idx" and whole(value) and value >= latent_frames(video.frames):
                message = f"latent {value} is outside the clip, whose last is {latent_frames(video.frames) - 1}"
                yield Found("LTX020", id, name, message)


def held_in_late_passes(case: Case) -> Iterator[Found]:
    """A picture in place at full strength in a latent that was sampled before."""
    for id in case.target.of_class(*INPLACE):
        video, strength = case.latent(id, "latent").video, case.target.value(id, "strength")
        on = case.target.value(id, "bypass", False) is False
        if on and video and video.sampled and number(strength) and strength >= 1:
            message = f"strength {plain(strength)} in a later pass holds the picture over the first frame made before"
            yield Found("LTX024", id, "strength", message, "about 0.7 is usual")


def without_strength(case: Case) -> Iterator[Found]:
    """Guides that weigh nothing. A picture in place at 0 is still what a pass below full noise starts from."""
    for id in case.target.of_class(*GUIDES):
        for name, value in case.target.inputs(id).items():
            short = name.rpartition(".")[2]
            if (short == "strength" or short.startswith("strength_")) and number(value) and value == 0:
                yield Found("LTX027", id, name, "at strength 0 this changes nothing", "give it one, or take it out")


def smaller_guides(case: Case) -> Iterator[Found]:
    """Guides of an IC-LoRA at a share of the clip's size: it must divide, and their strength be at most 1."""
    for id in case.target.of_class("LTXAddVideoICLoRAGuide", "LTXAddVideoICLoRAGuideAdvanced"):
        share, strength = case.target.value(id, "latent_downscale_factor"), case.target.value(id, "strength")
        video = case.latent(id, "latent").video
        if not number(share) or share <= 1 or share % 1:
            continue
        sides = [side for side in (video.width, video.height) if side] if video else []
        if odd := next((side for side in sides if side // SPATIAL % share), None):
            message = f"a side of {odd} pixels has {odd // SPATIAL} latent cells, which {plain(share)} does not divide"
            yield Found("LTX195", id, "latent_downscale_factor", message, f"use multiples of {SPATIAL * share:.0f}")
        if number(strength) and strength > 1:
            message = f"at strength {plain(strength)} nothing is left of a guide of 1/{plain(share)} of the size"
            yield Found("LTX198", id, "strength", message, "write 1")


def strong_references(case: Case) -> Iterator[Found]:
    """A reference before the clip at more than 0.4."""
    for id in case.target.of_class("LTXVAddLatentGuide"):
        at, strength = case.target.value(id, "latent_idx"), case.target.value(id, "strength")
        if whole(at) and at < 0 and number(strength) and strength > 0.4:
            message = f"strength {plain(strength)} before the clip tends to leave artifacts"
            yield Found("LTX025", id, "strength", message, "0.3 to 0.4 is usual")


def older_guides(case: Case) -> Iterator[Found]:
    """What releases before 0.17 and 0.22 do with a still guide, and do not take."""
    for id in case.target.of_class("LTXVAddGuide"):
        at, strength = case.target.value(id, "frame_idx"), case.target.value(id, "strength")
        if not case.on.does("strong_guides") and number(strength) and strength > 1:
            yield Found("LTX172", id, "strength", f"{case.on.title} takes no strength over 1", "write 1")
        if not case.on.does("short_still_guides") and whole(at) and at != 0 and _still(case, id):
            yield Found("LTX179", id, "frame_idx", f"{case.on.title} spreads this still over 8 frames")


def _still(case: Case, id: str) -> bool:
    """Whether one picture is surely all that comes."""
    out = case.target.link(id, "image")
    seen: set[str] = set()
    while out is not None and out.node not in seen and len(seen) < LONGEST:
        seen.add(out.node)
        if case.target.kind(out.node) == "LoadImage":
            return True
        out = case.target.link(out.node, "image") or case.target.link(out.node, "input")
    return False


def older_crops(case: Case) -> Iterator[Found]:
    """Before 0.23 guides with the same start are cropped as one."""
    if case.on.does("exact_crops"):
        return
    for id in case.target.of_class("LTXVCropGuides"):
        video = case.latent(id, "latent").video
        stills = [one for one in video.guides if case.target.kind(one) == "LTXVAddGuide"] if video else []
        starts: dict[int, str] = {}
        for guide in stills:
            at = case.target.value(guide, "frame_idx")
            if whole(at) and at in starts:
                message = f"stray frames would be decoded: it starts where the guide of node {starts[at]} does"
                yield Found("LTX170", guide, "frame_idx", message, f"write {at + 1}")
            elif whole(at):
                starts[at] = guide


def sound_made_anew(case: Case) -> Iterator[Found]:
    """More than half of the sound of an earlier pass is lost in a later one. Contested, so that it is a note."""
    for run in case.passes:
        sound = run.latent.sound
        if sound and sound.sampled and not sound.kept and run.sigmas and run.sigmas[0] > 0.5:
            message = f"this pass makes {run.sigmas[0]:.0%} of the sound anew"
            hint = "to keep it: SetLatentNoiseMask on the audio latent, with a SolidMask of 0"
            yield Found("LTX100", run.node, "latent_image", message, hint, Severity.NOTE)


PLACED: tuple[Callable[[Case], Iterator[Found]], ...] = (
    guides_not_cropped,
    guides_outside,
    held_in_late_passes,
    without_strength,
    smaller_guides,
    strong_references,
    older_guides,
    older_crops,
    sound_made_anew,
)
