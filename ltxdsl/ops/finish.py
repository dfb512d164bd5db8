"""What is done to the frames and sound that are saved: cuts, colour."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, NUMBER, PICTURE, SPAN, TIME, Kind, MediaRef, Names, Taken, choice
from ltxdsl.values import Frames, Seconds, TimeSpan, in_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output
    from ltxdsl.ops.cells import Cell


@statement("trim", Role.SETTING, 'prompt "a lake"\npass 0.5x dev 30\nupscale 2x\ntrim first 3f\nsave "lake.mp4"')
class Trim(Statement, frozen=True):
    """Leave frames out of what is saved, with their sound: some at the start or end, or all but a stretch of time.

    The first frames of an upscaled clip with a picture in place often flicker: three are usually cut.
    """

    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    rank: ClassVar[int] = 1

    stretch: Annotated[TimeSpan | None, word(SPAN, "keep only this, such as 0.5s..4s")] = None
    first: Annotated[Frames | Seconds, option(TIME, "leave out this much at the start", low=0)] = Frames(0)
    last: Annotated[Frames | Seconds, option(TIME, "leave out this much at the end", low=0)] = Frames(0)

    def kept(self, frames: int, fps: float) -> tuple[int, int]:
        """First frame and one past the last, of a clip of so many frames; empty where nothing is left."""
        start, end = self.stretch.bounds(frames, fps) if self.stretch else (0, frames)
        return max(0, start) + in_frames(self.first, fps), min(end, frames) - in_frames(self.last, fps)

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Cut."""
        start, end = self.kept(output.frames, output.fps)
        if start < end:
            output.cut(start, end - start)


@statement("every", Role.SETTING, 'fps 50fps\nprompt "a dancer"\npass dev 30\nevery 2\nsave "dancer.mp4"')
class Every(Statement, frozen=True):
    """Save every n-th frame, at an n-th of the frame rate: the length in seconds and the sound stay as they are.

    `fps 50fps` with `every 2` is what the community does against smeared motion.
    """

    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    rank: ClassVar[int] = 2

    step: Annotated[int, word(INTEGER, "2 is every other frame", low=1, high=16)]

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Thin out."""
        if self.step < output.frames:
            output.cut(0, output.frames, self.step)


def _take_reference(cells: "Sequence[Cell]", at: int, names: Names) -> Taken | None:
    if cells[at].name == "first":
        return Taken("first", at + 1)
    return PICTURE.take(cells, at, names)


REFERENCE = Kind("a picture, or `first`", _take_reference, lambda names: ("first",), input="image", media=("image",))
WHAT = choice("`colour`", lambda names: ("colour", "color"))
METHOD = choice("reinhard, mkl or histogram", lambda names: ("reinhard", "mkl", "histogram"))


@statement("match", Role.SETTING, 'inplace img @ 0\nprompt "a queen"\npass dev 30\nmatch colour to img\nsave "a.mp4"')
class Match(Statement, frozen=True):
    """Give what is saved the colours of a picture, against the shift that upscaling passes bring.

    `mkl` maps mean and covariance, `reinhard` mean and deviation of each channel, `histogram` the whole
    distribution of each, all in CIE Lab. Statistics are taken over the clip, so that nothing flickers. `to first`
    is the first frame that is saved.
    """

    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    rank: ClassVar[int] = 3

    what: Annotated[str, word(WHAT, "`colour`")]
    reference: Annotated[MediaRef | str, option(REFERENCE, "a picture, or `first`", key="to")]
    method: Annotated[str, word(METHOD, "how statistics are mapped")] = "mkl"
    strength: Annotated[float, option(NUMBER, "0 does nothing, 1 matches", low=0, high=1)] = 1.0

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Measure both, map one to the other."""
        if isinstance(self.reference, str):
            reference = output.add(nodes.CutFrames(start=0, count=1))
        else:
            reference = scene.add(nodes.ReadImage(path=self.reference.path), self)
        output.coded("srgb")
        output.image = output.add(nodes.MatchColour(method=self.method, strength=self.strength), reference=reference)


@statement("grade", Role.SETTING, 'prompt "a lake"\npass dev 30\ngrade exposure 0.3 contrast 1.1 saturation 0.9')
class Grade(Statement, frozen=True):
    """Grade what is saved: exposure in stops, contrast about mid grey and saturation in linear light, then a LUT.

    The LUT (cube, csp, 3dl, spi1d, spi3d) is read by OpenColorIO and takes and gives the coded picture.
    """

    in_block: ClassVar[bool] = False
    for_saves: ClassVar[bool] = True
    targets: ClassVar[tuple[str, ...]] = ("local",)
    rank: ClassVar[int] = 4

    exposure: Annotated[float, option(NUMBER, "stops: 1 is twice the light", low=-10, high=10)] = 0.0
    contrast: Annotated[float, option(NUMBER, "1 changes nothing", low=0.1, high=10)] = 1.0
    saturation: Annotated[float, option(NUMBER, "1 changes nothing, 0 is grey", low=0, high=4)] = 1.0
    lut: Annotated[str, option(FILE, "a LUT file, such as film.cube")] = ""

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Grade the coded picture."""
        output.coded("srgb")
        op = nodes.GradeFrames(exposure=self.exposure, contrast=self.contrast, saturation=self.saturation, lut=self.lut)
        if op != nodes.GradeFrames():
            output.image = output.add(op)
