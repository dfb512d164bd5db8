"""The ops that statements are lowered to. Every op names the kernel of the runtime that computes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

import msgspec

from ltxdsl import geometry
from ltxdsl.media_info import picture_size
from ltxdsl.models import upsampler_part
from ltxdsl.ops.aside_nodes import NODE_OUTPUTS as NODE_OUTPUTS
from ltxdsl.ops.aside_nodes import NODE_PORTS as NODE_PORTS
from ltxdsl.ops.aside_nodes import Free as Free
from ltxdsl.ops.aside_nodes import LoadSound as LoadSound
from ltxdsl.ops.aside_nodes import PatchModel as PatchModel
from ltxdsl.ops.aside_nodes import RawNode as RawNode
from ltxdsl.ops.aside_nodes import SeparateSound as SeparateSound
from ltxdsl.ops.aside_nodes import Show as Show
from ltxdsl.ops.base import Deltas, Enhance, Identity, Loop, LoraUse, NagUse, Op, Patch, Port, Reader, Relay
from ltxdsl.ops.facts import Facts, Work
from ltxdsl.ops.picture_nodes import ConvertColour as ConvertColour
from ltxdsl.ops.picture_nodes import CutFrames as CutFrames
from ltxdsl.ops.picture_nodes import CutSound as CutSound
from ltxdsl.ops.picture_nodes import EnlargeFrames as EnlargeFrames
from ltxdsl.ops.picture_nodes import FillHole as FillHole
from ltxdsl.ops.picture_nodes import FitCanvas as FitCanvas
from ltxdsl.ops.picture_nodes import GradeFrames as GradeFrames
from ltxdsl.ops.picture_nodes import JoinFrames as JoinFrames
from ltxdsl.ops.picture_nodes import JoinSound as JoinSound
from ltxdsl.ops.picture_nodes import MatchColour as MatchColour
from ltxdsl.ops.picture_nodes import PolishFrames as PolishFrames
from ltxdsl.ops.picture_nodes import RepeatFrame as RepeatFrame
from ltxdsl.ops.picture_nodes import WriteFrames as WriteFrames
from ltxdsl.ops.picture_nodes import WriteImage as WriteImage
from ltxdsl.ops.picture_nodes import WriteSound as WriteSound
from ltxdsl.ops.picture_nodes import WriteText as WriteText
from ltxdsl.ops.picture_nodes import WriteVideo as WriteVideo
from ltxdsl.ops.sound_nodes import AddAmbience as AddAmbience
from ltxdsl.ops.sound_nodes import EncodeAudio as EncodeAudio
from ltxdsl.ops.sound_nodes import MaskSound as MaskSound
from ltxdsl.ops.sound_nodes import ReadSound as ReadSound
from ltxdsl.ops.step_nodes import AsVideo as AsVideo
from ltxdsl.ops.step_nodes import DetectEdges as DetectEdges
from ltxdsl.ops.step_nodes import InvertFrames as InvertFrames
from ltxdsl.ops.step_nodes import MeasureFrames as MeasureFrames
from ltxdsl.ops.step_nodes import ReadBeside as ReadBeside
from ltxdsl.ops.step_nodes import ResizePicture as ResizePicture
from ltxdsl.ops.upscale_nodes import AdainLatent as AdainLatent
from ltxdsl.ops.upscale_nodes import EncodeClip as EncodeClip
from ltxdsl.ops.upscale_nodes import ResizeFrames as ResizeFrames
from ltxdsl.ops.upscale_nodes import SuperResolve as SuperResolve
from ltxdsl.ops.upscale_nodes import ToneLatent as ToneLatent
from ltxdsl.sampling.samplers import SAMPLERS


class ReadImage(Reader, frozen=True):
    """Read a still picture. Output: 1 H W 3."""

    outputs = {"image": Port.IMAGE}
    kernel = "read_image"

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The size that stands in the file."""
        width, height = picture_size(self.path) or (0, 0)
        return {"image": Facts(width=width, height=height, frames=1, colour="srgb", bits=8)}


class ReadVideo(Reader, frozen=True):
    """Read the frames of a video file. Output: F H W 3."""

    outputs = {"image": Port.IMAGE}
    kernel = "read_video"
    frames: int = 0  # at most this many; 0 = all

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """What is asked of the file; its size is not looked up."""
        return {"image": Facts(frames=self.frames, colour="srgb", bits=8)}


class FitFrames(Op, frozen=True):
    """Resize to cover `width` x `height` (bilinear), cut the rest off evenly, then one H.264 round trip at `crf`.

    The round trip (crf 0 = none) gives a still the compression that LTX saw in training (33 up to 2.3). `as_is` leaves
    resizing to the node that takes it in ComfyUI: then the round trip comes first, and guides are stretched. `idle`:
    ComfyUI has the node that compresses, at 0.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "fit_frames"
    unseen = frozenset({"idle"})
    version = 2
    width: int
    height: int
    crf: int = 0
    as_is: str = ""  # what the node does: cut | stretch
    idle: bool = False

    def identity(self) -> dict[str, Any]:
        """What is said beside the usual."""
        return {name: value for name, value in super().identity().items() if name != "as_is" or value}

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size."""
        return {"image": given["image"].but(width=self.width, height=self.height)}


class EncodeFrames(Op, frozen=True):
    """Encode frames with the video VAE; the result is normalised per channel.

    `start` is the pixel frame at which the first frame will stand. At 0 and before the clip is causal; a
    longer clip that starts later is encoded with a throw-away copy of its first frame in front, so that every
    latent covers 8 frames.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"latent": Port.LATENT}
    uses = ("video_vae",)
    kernel = "encode_frames"
    stored = True
    start: int = 0


class EncodeText(Op, frozen=True):
    """Encode a prompt, followed by `locals` (each after a space), in one text; keeps the token range of each local."""

    outputs = {"text": Port.TEXT}
    uses = ("text_encoder", "connectors")
    kernel = "encode_text"
    stored = True
    text: str
    locals: tuple[str, ...] = ()
    enhance: Enhance | None = None  # the text is an idea that the text model writes out first

    def label(self) -> str:
        """The beginning of the text."""
        return f'encode "{shorten(" | ".join((self.text, *self.locals)), 40, placeholder="…")}"'


class EmptyVideo(Op, frozen=True):
    """A zero video latent with denoise mask 1 everywhere. `share` is that of a size which a server measures."""

    outputs = {"latent": Port.LATENT}
    kernel = "empty_video"
    measures = ("size", "length")
    unseen = frozenset({"share"})
    width: int
    height: int
    frames: int
    share: float = 1.0

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Its parameters."""
        return {"latent": Facts(width=self.width, height=self.height, frames=self.frames, colour="srgb", bits=32)}


class EmptyAudio(Op, frozen=True):
    """A zero audio latent for a clip."""

    outputs = {"audio": Port.AUDIO_LATENT}
    kernel = "empty_audio"
    nodes_read = ("audio_vae",)
    measures = ("length", "fps")
    frames: int
    fps: float

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Its parameters."""
        latents = geometry.audio_latents(self.frames, self.fps)
        return {"audio": Facts(frames=self.frames, fps=self.fps, audio_latents=latents)}


class Inplace(Op, frozen=True):
    """Write an encoded picture into latent frame `slot`; its denoise mask becomes 1 - strength."""

    inputs = {"latent": Port.LATENT, "image": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "inplace"
    nodes_read = ("vae",)
    slot: int = 0
    strength: float = 1.0

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The latent holds a picture, for as many latent frames as it has; at strength 0 it only starts from it."""
        latent, count = given["latent"], max(1, given["image"].latents)
        slots = range(self.slot, self.slot + count)
        others = {slot: strength for slot, strength in latent.held.items() if slot not in slots}
        return {"latent": latent.but(held=others | (dict.fromkeys(slots, self.strength) if self.strength else {}))}


class HoldAround(Op, frozen=True):
    """Put a clip around a stretch of latent frames `slots` [first, end), and hold it there: mask 0, inside `strength`.

    Inside stands what is in the latent, or, if `fresh`, the clip. `fps` tells ComfyUI's node where that is.
    """

    inputs = {"latent": Port.LATENT, "image": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "hold_around"
    nodes_read = ("vae",)
    slots: tuple[int, int]
    fps: float
    strength: float = 1.0
    fresh: bool = True

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """All but the stretch is held."""
        latent, (first, end) = given["latent"], self.slots
        outside = [slot for slot in range(latent.latents) if not first <= slot < end]
        return {"latent": latent.but(held=dict.fromkeys(outside, 1.0))}


class HoldOutside(Op, frozen=True):
    """Hold a latent outside of a mask: the cells of 32x32 pixels and 8 frames in which nothing is white.

    `image` is put back there, if it is given. `grow` pixels are added around the white part first.
    """

    inputs = {"latent": Port.LATENT, "mask": Port.IMAGE, "image": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    optional = frozenset({"image"})
    kernel = "hold_outside"
    grow: int = 0
    inverted: bool = False

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Tokens have levels of their own."""
        return {"latent": given["latent"].but(parted=True)}


class AppendGuide(Op, frozen=True):
    """Append encoded frames as guide tokens placed at pixel frame `frame` by RoPE; negative = before the clip.

    `strength` sets their denoise mask (1 - strength); `attention` scales how much the video attends to them
    (a bias of ln(attention) on the scores). `control` is how many times smaller than the clip a control video is;
    0 = no control. `as_is`: ComfyUI's node fits it, by stretching.
    """

    inputs = {"latent": Port.LATENT, "guide": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "append_guide"
    guides = "adds"
    unseen = frozenset({"as_is"})
    frame: int = 0
    strength: float = 1.0
    attention: float = 1.0
    control: int = 0
    as_is: bool = False

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The latent has more guide frames."""
        latent = given["latent"]
        count = geometry.guide_latents(max(1, given["guide"].frames), self.frame)
        sized = given["guide"] if given["guide"].width else latent
        tokens = count * math.prod(geometry.cells(sized.width, sized.height))
        added = latent.but(guides=latent.guides + count, guide_tokens=latent.guide_tokens + tokens)
        return {"latent": added.but(biased=latent.biased or self.attention != 1)}


class CropGuides(Op, frozen=True):
    """Remove appended guide tokens; frames of the clip itself stay."""

    inputs = {"latent": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "crop_guides"
    guides = "removes"

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """No guides are left."""
        return {"latent": given["latent"].bare()}


class Sample(Op, frozen=True):
    """Denoise a video latent and an audio latent together, from `sigmas[0]` to `sigmas[-1]`.

    `cfg` and `audio_cfg` hold one scale a step; a step where both are 1 makes no negative call. `deltas` are the
    other terms of guidance. With `keep_audio` the audio latent is frozen: seen by the video, never changed. Without
    `new_noise` the latents still have the noise of the first sigma. `speaker` is a voice with guidance of its own,
    `voice_latent` one whose tokens are only seen.
    """

    inputs = {
        "latent": Port.LATENT,
        "audio": Port.AUDIO_LATENT,
        "positive": Port.TEXT,
        "negative": Port.TEXT,
        "nag": Port.TEXT,
        "nag_audio": Port.TEXT,
        "speaker": Port.AUDIO,
        "voice_latent": Port.AUDIO_LATENT,
    }
    outputs = {"latent": Port.LATENT, "audio": Port.AUDIO_LATENT}
    optional = frozenset({"negative", "nag", "nag_audio", "speaker", "voice_latent"})
    uses = ("transformer",)
    nodes_read = ("vae", "audio_vae", "clip")
    kernel = "sample"
    measures = ("fps",)
    unseen = frozenset({"negative_said", "negative_wired"})  # what is seen of it comes in
    version = 2
    stored = True
    guides = "uses"
    sampler: str
    sigmas: tuple[float, ...]
    seed: int
    fps: float
    cfg: tuple[float, ...]
    audio_cfg: tuple[float, ...]
    loras: tuple[LoraUse, ...] = ()
    options: tuple[tuple[str, bool | int | float | str], ...] = ()  # of the sampler
    relay: Relay | None = None
    nag: NagUse | None = None
    voice: Identity | None = None
    loop: Loop | None = None
    deltas: Deltas | None = None
    patches: tuple[Patch, ...] = ()
    keep_audio: bool = False
    new_noise: bool = True
    # The script's own negative prompt, also where no step guides with it: ComfyUI encodes it all the same.
    negative_said: str | None = None
    negative_wired: bool = False  # a raw node writes it

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The same clip, with the noise of the last sigma; guides are cropped off behind it."""
        latent = given["latent"].bare().but(fps=self.fps, held={}, noise=self.sigmas[-1] if self.sigmas else 1.0)
        return {"latent": latent, "audio": given["audio"]}

    def work(self) -> Work:
        """A row a step, and one more for each term that guides in it."""
        sampler = SAMPLERS[self.sampler]
        scales = zip(self.cfg, self.audio_cfg, strict=True)
        guided = [sampler.needs_negative or video != 1 or audio != 1 for video, audio in scales]
        voice = bool(self.voice and self.voice.scale)
        more = [voice + (self.deltas.rows(step) if self.deltas else 0) for step in range(len(guided))]
        return Work(
            rows=tuple(1 + pair + terms for pair, terms in zip(guided, more, strict=True)),
            evaluations=sampler.evaluations,
            calls_to_zero=sampler.calls_to_zero,
            text_bias=self.relay is not None,
        )

    def unneeded(self) -> frozenset[str]:
        """The negative prompt, where no step guides with it."""
        guided = any(scale != 1 for scale in (*self.cfg, *self.audio_cfg))
        needed = guided or self.negative_wired or SAMPLERS[self.sampler].needs_negative
        return frozenset() if needed else frozenset({"negative"})

    def unchanged(self) -> dict[str, str]:
        """The sound, where it is kept: its mask is 0, and what has mask 0 comes back as it was."""
        return {"audio": "audio"} if self.keep_audio else {}

    def simplified(self) -> tuple[Op, str]:
        """Without LoRAs of strength 0: they are not fused."""
        without = [lora.name for lora in self.loras if lora.off]
        if not without:
            return self, ""
        kept = tuple(lora for lora in self.loras if not lora.off)
        return msgspec.structs.replace(self, loras=kept), f"LoRA {', '.join(without)} at strength 0"

    def label(self) -> str:
        """Steps and sampler."""
        return f"sample {len(self.sigmas) - 1} steps {self.sampler}"


class UpsampleLatent(Op, frozen=True):
    """Upsample a video latent in space with the latent upsampler of that factor."""

    inputs = {"latent": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    kernel = "upsample_latent"
    nodes_read = ("vae",)
    stored = True
    factor: float = 2.0

    @property
    def uses(self) -> tuple[str, ...]:  # type: ignore[override]
        """The upsampler of the factor."""
        return (upsampler_part(self.factor), "latent_statistics")

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size: x1.5 rounds up to whole cells. The denoise mask is dropped."""
        latent = given["latent"]
        rows, columns = geometry.cells(latent.width, latent.height)
        width, height = (geometry.SPATIAL * geometry.upsampled_cells(n, self.factor) for n in (columns, rows))
        return {"latent": latent.but(width=width, height=height, held={})}


class UpsampleTime(Op, frozen=True):
    """Double the frames of a video latent with the temporal upsampler: T latents become 2T - 1."""

    inputs = {"latent": Port.LATENT}
    outputs = {"latent": Port.LATENT}
    uses = ("temporal_upsampler", "latent_statistics")
    kernel = "upsample_time"
    nodes_read = ("vae",)
    stored = True

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """One frame fewer than twice as many, at twice the rate."""
        latent = given["latent"]
        return {"latent": latent.but(frames=2 * latent.frames - 1, fps=2 * latent.fps, held={})}


class DecodeVideo(Op, frozen=True):
    """Decode a video latent to frames; tiles in pixels and frames, 0 = not tiled. `bits` 8, or 32 floating point."""

    inputs = {"latent": Port.LATENT}
    outputs = {"image": Port.IMAGE}
    uses = ("video_vae",)
    kernel = "decode_video"
    tile: int = 0
    overlap: int = 64
    tile_frames: int = 0
    overlap_frames: int = 8
    bits: int = 8

    def identity(self) -> dict[str, Any]:
        """8 bits are the usual."""
        return {k: v for k, v in super().identity().items() if k != "bits" or v != 8}

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The latent's clip, in these bits."""
        return {"image": given["latent"].but(bits=self.bits)}

    def simplified(self) -> tuple[Op, str]:
        """Overlaps of tiles that are not there make no difference."""
        overlap = self.overlap if self.tile else 64
        overlap_frames = self.overlap_frames if self.tile_frames else 8
        simple = msgspec.structs.replace(self, overlap=overlap, overlap_frames=overlap_frames)
        return (self, "") if simple == self else (simple, "overlap without tiles")


class DecodeAudio(Op, frozen=True):
    """Decode an audio latent to a waveform (audio VAE, then vocoder)."""

    inputs = {"audio": Port.AUDIO_LATENT}
    outputs = {"audio": Port.AUDIO}
    uses = ("audio_vae", "vocoder")
    kernel = "decode_audio"
    stored = True
