"""Rules of LTX for the clip of a workflow: frames, sizes, rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ltxdsl.comfy.doctor.case import Case
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.doctor.flow import Video, number, whole
from ltxdsl.diagnostics import Severity
from ltxdsl.geometry import SPATIAL, comfy_audio_latents, snapped_frames
from ltxdsl.values import plain

EMPTY = {"EmptyLTXVLatentVideo": "length", "LTXVImgToVideo": "length", "LTXVBaseSampler": "num_frames"}
DECODERS = {
    "VAEDecode": "samples",
    "VAEDecodeTiled": "samples",
    "LTXVTiledVAEDecode": "latents",
    "LTXVSpatioTemporalTiledVAEDecode": "samples",
}
# As in the rules for scripts.
LONGEST, LARGEST, LARGE_SQUARE, NARROW, SLOWEST, FASTEST = 20, 2048, 1792, 3, 16, 60
ROUNDED = 2  # audio latents that lengths may differ by, because both are rounded


def frames_off_the_grid(case: Case) -> Iterator[Found]:
    """A length that is not 1 + 8N is cut down without a word."""
    for kind, name in EMPTY.items():
        for id in case.target.of_class(kind):
            frames = case.target.value(id, name)
            if whole(frames) and frames > 0 and frames % 8 != 1:
                made = snapped_frames(frames)
                message = f"{frames} frames are not of the form 1 + 8N: {made} are made"
                yield Found("LTX010", id, name, message, f"write {made} or {made + 8}", Severity.WARNING)


def sizes_off_the_grid(case: Case) -> Iterator[Found]:
    """A side that is no multiple of 32 is cut down without a word, and upscaled as it is then."""
    for id in case.target.of_class(*EMPTY):
        for side in ("width", "height"):
            pixels = case.target.value(id, side)
            if whole(pixels) and pixels > SPATIAL and pixels % SPATIAL:
                made = pixels // SPATIAL * SPATIAL
                message = f"{side} {pixels} is no multiple of 32: {made} are made{_in_the_end(case, id)}"
                yield Found("LTX011", id, side, message, f"write {made} or {made + SPATIAL}", Severity.WARNING)


def _in_the_end(case: Case, id: str) -> str:
    """What comes out of the decoder, if an upscale lies between."""
    for _, video in decoded(case):
        if video.made == id and video.upscaled and video.width and video.height:
            return f", and the video comes out at {video.width}x{video.height}"
    return ""


def decoded(case: Case) -> Iterator[tuple[str, Video]]:
    """Every decoder with the video that it is given."""
    for kind, name in DECODERS.items():
        for id in case.target.of_class(kind):
            if video := case.latent(id, name).video:
                yield id, video


def rates_that_differ(case: Case) -> Iterator[Found]:
    """Those of the sound's latent and of the file, against that of the conditioning."""
    rate = case.rate
    if rate is None:
        return
    for kind, name, rounded in (("LTXVEmptyLatentAudio", "frame_rate", True), ("CreateVideo", "fps", False)):
        for id in case.target.of_class(kind):
            here = case.target.value(id, name)
            wanted = round(rate) if rounded else rate
            near = rounded and number(here) and abs(here - rate) < 1  # whole rates only, up or down
            if number(here) and here != wanted and not near and not _multiple(case, id, here, rate):
                message = f"{plain(here)} frames a second here, {plain(rate)} in the conditioning"
                yield Found("LTX287", id, name, message, f"write {plain(wanted)}")


def _multiple(case: Case, id: str, here: float, rate: float) -> bool:
    """Whether frames are dropped or made between others on the way to a file, so that another rate is meant."""
    if case.target.kind(id) != "CreateVideo" or here <= 0 or rate <= 0:
        return False
    images = case.target.link(id, "images")
    direct = images is not None and case.target.kind(images.node) in DECODERS
    temporal = any("temporal" in str(case.target.value(one, "model_name")).lower() for one in _upsamplers(case))
    return (not direct or temporal) and (here % rate == 0 or rate % here == 0)


def _upsamplers(case: Case) -> Iterator[str]:
    return case.target.of_class("LatentUpscaleModelLoader")


def sound_of_another_length(case: Case) -> Iterator[Found]:
    """The sound's latent is made for a number of frames, which must be those of the clip."""
    for id in case.target.of_class("LTXVConcatAVLatent"):
        video, sound = case.latent(id, "video_latent").video, case.latent(id, "audio_latent").sound
        if not (video and sound and sound.made and video.frames and sound.frames and sound.rate):
            continue
        rate = case.rate or sound.rate
        apart = comfy_audio_latents(int(sound.frames), sound.rate) - comfy_audio_latents(video.frames, rate)
        if sound.sampled == 0 and sound.rate == rate and abs(apart) > ROUNDED:
            long, clip = (plain(round(frames / rate, 2)) for frames in (sound.frames, video.frames))
            message = f"sound for {plain(sound.frames)} frames ({long} s), and the clip has {video.frames} ({clip} s)"
            yield Found("LTX290", sound.made, "frames_number", message, f"write {video.frames}")


def odd_frame_rate(case: Case) -> Iterator[Found]:
    """Under 16 and over 60."""
    for id in case.target.of_class("LTXVConditioning"):
        rate = case.target.value(id, "frame_rate")
        if number(rate) and not SLOWEST <= rate <= FASTEST:
            yield Found("LTX018", id, "frame_rate", f"{plain(rate)} frames a second is far from 24 to 50", "write 24")


def longer_than_positions(case: Case) -> Iterator[Found]:
    """Seconds, by the rate of the conditioning; under context windows no pass sees so much at once."""
    if case.rate is None or any("Context" in kind or "Looping" in kind for kind in case.kinds):
        return
    for id in case.target.of_class("EmptyLTXVLatentVideo"):
        frames = case.target.value(id, "length")
        if whole(frames) and case.rate > 0 and (frames - 1) / case.rate > LONGEST:
            seconds = plain(round((frames - 1) / case.rate, 2))
            yield Found("LTX014", id, "length", f"the clip lasts {seconds} s", f"write at most {20 * case.rate:.0f}")


def extreme_sizes(case: Case) -> Iterator[Found]:
    """Of what is decoded: sides over 2048, large squares after an upscale, very narrow pictures."""
    for id, video in decoded(case):
        if not video.width or not video.height:
            continue
        size = f"{video.width}x{video.height}"
        long, short = max(video.width, video.height), min(video.width, video.height)
        if long > LARGEST:
            yield Found("LTX017", id, "", f"the last pass is {size}", "upscale the rest with another tool")
        elif long == short >= LARGE_SQUARE and video.upscaled:
            yield Found("LTX013", id, "", f"the last pass is a square of {long} pixels", "1536x1536 is fine")
        elif long / short > NARROW:
            yield Found("LTX019", id, "", f"one side is {long / short:.1f} times the other ({size})")


def tiles_off_the_grid(case: Case) -> Iterator[Found]:
    """Size and overlap of a decoder in tiles; an overlap as large as the tile leaves no step."""
    for id in case.target.of_class("VAEDecodeTiled"):
        tile, overlap = case.target.value(id, "tile_size"), case.target.value(id, "overlap")
        for name, value in (("tile_size", tile), ("overlap", overlap)):
            if whole(value) and value % SPATIAL:
                near = value // SPATIAL * SPATIAL
                yield Found("LTX079", id, name, f"{value} is no multiple of 32", f"write {near} or {near + SPATIAL}")
        if whole(tile) and whole(overlap) and overlap >= tile:
            yield Found("LTX079", id, "overlap", f"an overlap of {overlap} leaves no step in tiles of {tile}")


CLIP: tuple[Callable[[Case], Iterator[Found]], ...] = (
    frames_off_the_grid,
    sizes_off_the_grid,
    rates_that_differ,
    sound_of_another_length,
    odd_frame_rate,
    longer_than_positions,
    extreme_sizes,
    tiles_off_the_grid,
)
