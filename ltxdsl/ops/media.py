"""Files in and out, and decoding."""

import re
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Spelling
from ltxdsl.ops.cells import BadValue
from ltxdsl.ops.declare import Role, Statement, chain, option, place, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, NODE, NUMBER, PLACE, SPAN, TIME, MediaRef, Names, NodeRef, choice, words
from ltxdsl.ops.steps import STEPS, Step
from ltxdsl.values import START, Frames, Position, Seconds, TimeSpan

if TYPE_CHECKING:
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm")
SEQUENCE_SUFFIXES = (".exr", ".png")
SOUND_SUFFIXES = (".wav", ".flac")
CODECS = {".mp4": ("h264", "h265"), ".m4v": ("h264",), ".mov": ("h264", "h265", "prores4444"), ".webm": ("vp9",)}
CRF = {"h264": 19, "h265": 22, "vp9": 32, "prores4444": 0}
DEEP_CODECS = ("h265", "prores4444")  # written with more than 8 bits
COLOURS = ("srgb", "linear", "logc3")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
NUMBERED = re.compile(r"%0?\d*d(?![a-z])")  # and not of `%date:…%`, which ComfyUI fills in

COLOUR = choice("how light is coded: srgb, linear, logc3", lambda names: COLOURS)
CODEC = choice("a codec: h264, h265, prores4444, vp9", lambda names: CRF)
DEPTH = choice("half or float", lambda names: ("half", "float"))
CURVE = choice("logc3", lambda names: ("logc3",))
PRIMARIES = choice("rec709 or awg3", lambda names: ("rec709", "awg3"))
BLACK = choice("clip or keep", lambda names: ("clip", "keep"))
PREVIEW = choice("clip, reinhard or aces", lambda names: ("clip", "reinhard", "aces"))
AS_IS = words("as_is", {"as_is": True})
ON_OFF = choice("on or off", lambda names: ("on", "off"))


def numbered(pattern: str, number: int | None) -> str:
    """`f.%04d.png` with its number; with none, what finds every number."""
    folder, slash, name = pattern.rpartition("/")
    made = NUMBERED.sub(lambda found: "*" if number is None else found[0] % number, name, count=1)
    return f"{folder}{slash}{made}"


class _Media(Statement, frozen=True):
    """A picture or video with a name."""

    nameable: ClassVar[bool] = True

    path: str = ""
    node: NodeRef | None = None
    as_is: bool = False
    steps: tuple[Step, ...] = ()

    def named(self, names: Names) -> MediaRef:
        """What its name stands for."""
        if not self.path and self.node is None:
            raise BadValue(self.span, f"`{self.word}` needs a quoted file name", "LTX003")
        path = names.locate(self.path) if self.path else ""
        as_is = self.as_is or bool(self.steps or self.node)
        return MediaRef(self.word, path, self.span_of("path"), steps=self.steps, as_is=as_is, node=self.node)

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Without a name it would be lost."""
        raise BadValue(self.span, "this file has no name", "LTX002", hint=f"such as `img = {self.word} …`")


@statement("image", Role.NAME, 'img = image "queen.png" | longer 1536\nguide img @ end\nprompt "a queen"\npass dev 30')
class ImageFile(_Media, frozen=True):
    """Name a picture. A name that is never bound is an input of the script (`--set name=file`).

    It is fitted to the size of each pass wherever it is used: covered, and cut about the middle. Steps after `|` are
    done first, in order, and such a picture then goes to ComfyUI's nodes as it is: where a pass has another size,
    `inplace` and guides cut it, a `control` stretches it, there and here. So does one that is named `as_is`. Nothing
    compresses it but a `crf` that is said.
    """

    path: Annotated[str, word(FILE, "the file, relative to the script")] = ""
    node: Annotated[NodeRef | None, word(NODE, "what a raw node gives, in the place of a file")] = None
    as_is: Annotated[bool, word(AS_IS, "no pass fits it before ComfyUI's nodes take it")] = False
    steps: Annotated[tuple[Step, ...], chain(STEPS, "what is done to it first, in order")] = ()


@statement("video", Role.NAME, 'clip = video "walk.mp4" | shorter 544\nguide clip @ 0\nprompt "a queen"\npass dev 30')
class VideoFile(_Media, frozen=True):
    """Name a video. It is fitted to the size of each pass, and steps are done first, as with an `image`."""

    path: Annotated[str, word(FILE, "the file, relative to the script")] = ""
    node: Annotated[NodeRef | None, word(NODE, "what a raw node gives, in the place of a file")] = None
    as_is: Annotated[bool, word(AS_IS, "no pass fits it before ComfyUI's nodes take it")] = False
    steps: Annotated[tuple[Step, ...], chain(STEPS, "what is done to it first, in order")] = ()


MEDIA = (ImageFile, VideoFile)


@statement("decode", Role.SETTING, 'prompt "a lake"\ndecode tile 512 overlap 64\npass dev 30')
class Decode(Statement, frozen=True):
    """Decode in tiles, so that a large video fits into memory; and say how its light is coded.

    Tiles are 512 pixels with 64 shared and all frames at once if not said, as most workflows have them. `logc3`
    belongs to the HDR LoRA: the frames hold ARRI LogC3 codes (EI 800). The LoRA's authors read their primaries as
    rec709; ARRI's tools read awg3. `black keep` keeps light under 0; `preview` is how light over 1 gets onto a
    screen: clip as Lightricks' video, reinhard as their node and KJNodes, aces as the ACES 1.3 output transform.
    """

    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True

    curve: Annotated[str | None, word(CURVE, "the frames hold LogC3 codes, made by an HDR LoRA")] = None
    primaries: Annotated[str, word(PRIMARIES, "the primaries that the codes stand for")] = "rec709"
    black: Annotated[str, option(BLACK, "what becomes of light under 0")] = "clip"
    preview: Annotated[str, option(PREVIEW, "how light over 1 is shown")] = "clip"
    tile: Annotated[int, option(INTEGER, "tile side in pixels, a multiple of 32", low=64, high=4096)] = 512
    overlap: Annotated[int, option(INTEGER, "pixels that neighbouring tiles share", low=0, high=1024)] = 64
    frames: Annotated[Frames | Seconds | None, option(TIME, "frames in a tile; all if not said")] = None
    share: Annotated[Frames | Seconds, option(TIME, "frames that neighbouring tiles share")] = Frames(8)

    @property
    def in_tiles(self) -> bool:
        """Whether it is about tiles."""
        return self.curve is None or any(self.gives(field) for field in ("tile", "overlap", "frames", "share"))

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """What tiles of all frames share, which changes nothing but the workflow."""
        if self.frames is not None or not isinstance(self.share, Frames) or not self.gives("share"):
            return (), {}
        return (Spelling("VAEDecodeTiled", "", (("temporal_overlap", max(4, self.share.count // 4 * 4)),)),), {}

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Say what the numbers mean."""
        output.colour = self.curve or output.colour
        output.primaries, output.black, output.preview = self.primaries, self.black, self.preview


@statement("save", Role.ACTION, 'prompt "a lake"\npass dev 30\nsave "lake.mp4" crf 17')
class Save(Statement, frozen=True):
    """Write what the last pass made: a video with sound, a picture, a file a frame, or the sound alone.

    | ending | what is written |
    | --- | --- |
    | mp4, m4v | video, `h264` or `h265` (10 bits), with AAC |
    | mov | video, `h264`, `h265` or `prores4444` (from 10 bits), with AAC |
    | webm | video, VP9 with Opus |
    | png, jpg, webp | one frame, that at `@` |
    | png, exr with a number such as `f.%04d.exr` | a file a frame; EXR is `half` or `float`, linear if not said |
    | wav, flac | the sound alone, 24 bits |

    Files that are there are never replaced unless `--force` asks for it. A script that saves nothing writes one
    video, named on the command line or after the script.
    """

    for_saves: ClassVar[bool] = True

    path: Annotated[str, word(FILE, "the file, relative to where `ltx` runs")]
    node: Annotated[NodeRef | None, word(NODE, "what a raw node gives, in the place of the clip's frames")] = None
    codec: Annotated[str | None, word(CODEC, "the codec of a video; by the ending if not said")] = None
    colour: Annotated[str | None, word(COLOUR, "how light is coded; EXR linear, else srgb if not said")] = None
    depth: Annotated[str | None, word(DEPTH, "the numbers in an EXR; half if not said")] = None
    crf: Annotated[
        int | None, option(INTEGER, "quality: lower is better; h264 19, h265 22, vp9 32 if not said", low=0, high=63)
    ] = None
    bitrate: Annotated[float | None, option(NUMBER, "Mbit a second, in the place of crf", low=0.05, high=1000)] = None
    frames: Annotated[TimeSpan | None, option(SPAN, "only these frames, with their sound")] = None
    audio: Annotated[str, option(ON_OFF, "whether a video has sound")] = "on"
    number: Annotated[int, option(INTEGER, "number of the first file of a sequence", low=0, high=10_000_000)] = 0
    at: Annotated[Position, place(PLACE, "which frame a picture shows")] = START

    @property
    def kind(self) -> str:
        """What is written, by the ending: video, picture, sequence, sound; nothing where that is not known."""
        return _kind_written(self.path)

    @property
    def suffix(self) -> str:
        """The ending, such as `.mp4`."""
        return PurePath(self.path).suffix.lower()

    @property
    def video_codec(self) -> str:
        """The codec said, or the usual one of the ending."""
        return self.codec or CODECS.get(self.suffix, ("h264",))[0]

    @property
    def deep(self) -> bool:
        """Whether it holds more than 8 bits."""
        if self.kind == "video":
            return self.video_codec in DEEP_CODECS
        return self.suffix == ".exr"

    def apply(self, scene: "Scene") -> None:
        """Decode once, do what holds for saves, write the file."""
        output = scene.output(self, self.deep)
        if output is None:
            return
        if self.node is not None and self.node.node in scene.raw:
            output.image = scene.wire(self.node)
        if self.frames is not None:
            first, end = self.frames.bounds(output.frames, output.fps)
            first = min(max(0, first), output.frames - 1)
            output.cut(first, max(1, min(end, output.frames) - first))
        writers = {"video": self._video, "picture": self._picture, "sequence": self._sequence, "sound": self._sound}
        writers.get(self.kind, self._video)(scene, output)

    def _video(self, scene: "Scene", output: "Output") -> None:
        codec = self.video_codec
        tags = output.coded(self.colour or (output.colour if codec == "prores4444" else "srgb"))
        op = nodes.WriteVideo(
            path=self.path,
            fps=output.fps,
            crf=CRF[codec] if self.crf is None else self.crf,
            codec=codec,
            bitrate=round(self.bitrate * 1000) if self.bitrate else 0,
            tags=tags,
        )
        sound = output.sound() if self.audio == "on" else None
        scene.add(op, self, image=output.image, **({"audio": sound} if sound else {}))

    def _picture(self, scene: "Scene", output: "Output") -> None:
        frame = self.at.frame(output.frames, output.fps)
        output.coded(self.colour or "srgb")
        scene.add(nodes.WriteImage(path=self.path, frame=frame), self, image=output.image)

    def _sequence(self, scene: "Scene", output: "Output") -> None:
        exr = self.suffix == ".exr"
        op = nodes.WriteFrames(
            path=self.path,
            first=self.number,
            depth=(self.depth or "half") if exr else "8",
            tags=output.coded(self.colour or ("linear" if exr else "srgb")),
            primaries=output.primaries,
            fps=output.fps,
        )
        scene.add(op, self, image=output.image)

    def _sound(self, scene: "Scene", output: "Output") -> None:
        if sound := output.sound():
            scene.add(nodes.WriteSound(path=self.path), self, audio=sound)


@cache
def _kind_written(path: str) -> str:
    suffix = PurePath(path).suffix.lower()
    if NUMBERED.search(PurePath(path).name):
        return "sequence" if suffix in SEQUENCE_SUFFIXES else ""
    kinds = {"video": VIDEO_SUFFIXES, "picture": IMAGE_SUFFIXES, "sound": SOUND_SUFFIXES}
    return next((kind for kind, suffixes in kinds.items() if suffix in suffixes), "")
