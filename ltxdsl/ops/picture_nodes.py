"""The ops after decoding: what is done to frames and sound on their way into files, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ltxdsl.ops.base import Op, Port
from ltxdsl.ops.facts import Facts


class CutFrames(Op, frozen=True):
    """Take `count` frames from frame `start`, then every `step`-th of them. F H W 3 to F' H W 3."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "cut_frames"
    start: int
    count: int
    step: int = 1

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Fewer frames."""
        return {"image": given["image"].but(frames=-(-self.count // self.step))}


class RepeatFrame(Op, frozen=True):
    """A picture as `count` frames."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "repeat_frame"
    count: int

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """More frames."""
        return {"image": given["image"].but(frames=self.count)}


class CutSound(Op, frozen=True):
    """Take `seconds` of sound from second `start`."""

    inputs = {"audio": Port.AUDIO}
    outputs = {"audio": Port.AUDIO}
    kernel = "cut_sound"
    start: float
    seconds: float


class JoinFrames(Op, frozen=True):
    """One clip, then another without its first `skip` frames."""

    inputs = {"before": Port.IMAGE, "after": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "join_frames"
    skip: int = 0

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """As many frames as both."""
        before, after = given["before"], given["after"]
        return {"image": after.but(frames=before.frames + max(0, after.frames - self.skip))}


class JoinSound(Op, frozen=True):
    """Two sounds: `first` seconds of one, then the other from its second `skip` on, to `seconds` in all.

    What is not there is silence. Both at the higher of their rates.
    """

    inputs = {"before": Port.AUDIO, "after": Port.AUDIO}
    outputs = {"audio": Port.AUDIO}
    optional = frozenset({"before", "after"})
    kernel = "join_sound"
    first: float
    seconds: float
    skip: float = 0.0


class FitCanvas(Op, frozen=True):
    """Cut pictures or put bars around them, to a size: pixels to add on each side, fewer than 0 are cut."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "fit_canvas"
    width: int
    height: int
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0
    colour: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def centred(cls, of: tuple[int, int], to: tuple[int, int], colour: tuple[int, int, int] = (0, 0, 0)) -> FitCanvas:
        """From a size to another, evenly; an odd pixel goes to the right and the bottom."""
        wide, high = to[0] - of[0], to[1] - of[1]
        left, top = int(wide / 2), int(high / 2)
        return cls(*to, left=left, top=top, right=wide - left, bottom=high - top, colour=colour)

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The new size."""
        return {"image": given["image"].but(width=self.width, height=self.height)}


class FillHole(Op, frozen=True):
    """Paint pictures in a colour (0..255) where a mask is white (over 0.5), grown by so many pixels.

    Of a mask and frames of different number, as many as both have; a mask of one frame is for all.
    """

    inputs = {"image": Port.IMAGE, "mask": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "fill_hole"
    colour: tuple[int, int, int]
    grow: int = 0


class GradeFrames(Op, frozen=True):
    """Exposure (stops), contrast about 0.18 and saturation in linear light, then a LUT on the coded picture."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "grade_frames"
    unseen = frozenset({"lut"})  # its content's digest stands for the path
    exposure: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    lut: str = ""

    def reads(self) -> tuple[str, ...]:
        """The LUT, if there is one."""
        return (self.lut,) if self.lut else ()

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Floating point."""
        return {"image": given["image"].but(bits=32)}


class MatchColour(Op, frozen=True):
    """Give frames the colour statistics of a picture, in CIE Lab; those of the frames are pooled over the clip."""

    inputs = {"image": Port.IMAGE, "reference": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "match_colour"
    method: str = "mkl"  # reinhard | mkl | histogram
    strength: float = 1.0

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The frames' own, in floating point."""
        return {"image": given["image"].but(bits=32)}


class ConvertColour(Op, frozen=True):
    """Code light in another way, by OpenColorIO: srgb, linear, logc3.

    `primaries` are those that LogC3 codes stand for; `black` says what happens to negative light; `preview` how
    light over 1 is brought into what a screen shows.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "convert_colour"
    source: str
    to: str
    primaries: str = "rec709"  # rec709 | awg3
    black: str = "clip"  # clip | keep
    preview: str = "clip"  # clip | reinhard | aces

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Another coding, in floating point."""
        return {"image": given["image"].but(colour=self.to, bits=32)}

    def label(self) -> str:
        """From what to what."""
        return f"{self.source} to {self.to}"


class PolishFrames(Op, frozen=True):
    """Refine frames with a video model of the WAN family at a low denoise; ComfyUI only.

    `tile` usdu goes over each frame in tiles, with Ultimate SD Upscale.
    """

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "polish_frames"
    model: str
    denoise: float
    steps: int
    cfg: float
    seed: int
    text: str
    negative: str = ""
    tile: str = ""

    def label(self) -> str:
        """The model."""
        return f"polish with {self.model}"


class EnlargeFrames(Op, frozen=True):
    """Enlarge frames with a picture upscaler's own factor; ComfyUI only."""

    inputs = {"image": Port.IMAGE}
    outputs = {"image": Port.IMAGE}
    kernel = "enlarge_frames"
    model: str

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The model knows by how much."""
        return {"image": given["image"].but(width=0, height=0)}


class _Writer(Op, frozen=True):
    """An op that makes a file. The same content under another name is the same result."""

    outputs = {"file": Port.FILE}
    pure = False
    stored = True
    path: str

    def identity(self) -> dict[str, Any]:
        """The file's ending stands for its path."""
        return {**super().identity(), "path": PurePath(self.path).suffix.lower()}

    def label(self) -> str:
        """The file's name."""
        return f"write {PurePath(self.path).name}"


class WriteVideo(_Writer, frozen=True):
    """Write frames, and sound if there is any, as MP4, MOV or WebM.

    Codecs are h264, h265, prores4444 and vp9. `crf` is the quality of all but ProRes, `bitrate` (kbit a second)
    stands in its place if it is not 0. `tags` says how light is coded: srgb (as Rec.709) or logc3 (nothing claimed).
    """

    inputs = {"image": Port.IMAGE, "audio": Port.AUDIO}
    optional = frozenset({"audio"})
    kernel = "write_video"
    measures = ("fps",)
    version = 2
    fps: float
    crf: int = 19
    codec: str = "h264"
    bitrate: int = 0
    tags: str = "srgb"

    def identity(self) -> dict[str, Any]:
        """What is said beside the usual."""
        usual = {"codec": "h264", "bitrate": 0, "tags": "srgb"}
        return {k: v for k, v in super().identity().items() if k not in usual or v != usual[k]}


class WriteImage(_Writer, frozen=True):
    """Write one frame as PNG, JPEG or WebP."""

    inputs = {"image": Port.IMAGE}
    kernel = "write_image"
    frame: int = 0


class WriteFrames(_Writer, frozen=True):
    """Write a file a frame, PNG or EXR; `path` holds the number, as in `f.%04d.png`.

    An EXR holds half or float light, coded as `tags` says; PNG has 8 or 16 bits.
    """

    inputs = {"image": Port.IMAGE}
    kernel = "write_frames"
    first: int = 0
    depth: str = "8"  # 8 | 16 | half | float
    tags: str = "srgb"
    primaries: str = "rec709"
    fps: float = 24.0


class WriteSound(_Writer, frozen=True):
    """Write sound alone, WAV or FLAC, 24 bits."""

    inputs = {"audio": Port.AUDIO}
    kernel = "write_sound"


class WriteText(_Writer, frozen=True):
    """Write a text file."""

    kernel = "write_text"
    text: str
