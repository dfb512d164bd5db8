"""What is done to a picture or video before anything else takes it: `| longer 1536 | canny 0.3 0.7`."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from ltxdsl import media_info
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.ops.declare import NOWHERE, option, word
from ltxdsl.ops.facts import Facts
from ltxdsl.ops.kinds import FACTOR, FPS, INTEGER, NUMBER, RESIZING, SIZE, TIME_IN_FRAMES, Kind, MediaRef, single, words
from ltxdsl.ops.step_nodes import KJ
from ltxdsl.source import Span
from ltxdsl.values import Factor, Fps, Frames, Size

BY = option(RESIZING, "how pixels are computed")
WHITE = words("white", {"white": True})
SIDES = words("sides", {"sides": True})
STRETCHED = words("stretched", {"stretched": True})
MOST = 16384  # pixels of a side


def same_as(*names: str) -> Kind:
    """The name of a node that does the same as the usual one."""
    return single(" or ".join(f'"{name}"' for name in names), lambda value: value if value in names else None)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: a verb with its values."""

    span: Span = NOWHERE
    verb: str = ""  # as it is written

    def op(self) -> Op:
        """What it does, as an op from `image` to `image`."""
        raise NotImplementedError(self.verb)

    @property
    def tells_size(self) -> bool:
        """Whether its node of ComfyUI says how large the picture has become."""
        return False


def facts_of(source: MediaRef) -> Facts:
    """Size and frames of a picture or video after its steps, as far as the file says them."""
    still = source.kind == "image"
    size = (media_info.picture_size if still else media_info.video_size)(source.path) or (0, 0)
    frames = 1 if still else media_info.count_frames(source.path)
    facts = Facts(width=size[0], height=size[1], frames=frames)
    for done in source.steps:
        facts = done.op().facts({"image": facts})["image"]
    return facts


STEPS: dict[str, type[Step]] = {}
S = TypeVar("S", bound=type[Step])


def step(*verbs: str) -> Callable[[S], S]:
    """Declare a step by its verbs."""

    def declare(cls: S) -> S:
        STEPS.update(dict.fromkeys(verbs, cls))
        return cls

    return declare


@step("size", "within", "pad")
class ToSize(Step, frozen=True):
    """Cut to a shape about the middle, and resize; `stretched` cuts nothing. `within`: as large as fits into the size.

    `pad` puts black or white borders around that. With `divisible` both sides are brought down to what a number
    divides; with `sides` KJNodes' node tells other nodes of ComfyUI the size, which one of its own measures else.
    """

    size: Annotated[Size, word(SIZE, "the size")]
    by: Annotated[str, BY] = "lanczos"
    stretched: Annotated[bool, word(STRETCHED, "the whole picture, whatever its shape")] = False
    white: Annotated[bool, word(WHITE, "white borders")] = False
    node: Annotated[str, option(same_as("ImageScale", KJ), "the node of ComfyUI that does it", key="as")] = ""
    divisible: Annotated[int, option(INTEGER, "what both sides are brought down to divide by", low=1, high=512)] = 1
    sides: Annotated[bool, word(SIDES, "KJNodes' node does it, and tells the size that nodes ask for")] = False

    def op(self) -> Op:
        """The size as it is said."""
        how = "stretch" if self.stretched else self.verb
        width, height = self.size.width, self.size.height
        only_kj = how == "within" or self.divisible > 1 or self.sides
        node = KJ if only_kj else self.node
        return nodes.ResizePicture(
            how=how, width=width, height=height, method=self.by, node=node, divisible=self.divisible, white=self.white
        )

    @property
    def tells_size(self) -> bool:
        """Where that is wanted."""
        return self.sides


@step("width", "height")
class ToSide(Step, frozen=True):
    """Set the width or the height; the other follows."""

    side: Annotated[int, word(INTEGER, "pixels", low=1, high=MOST)]
    by: Annotated[str, BY] = "lanczos"

    def op(self) -> Op:
        """One side."""
        width, height = (self.side, 0) if self.verb == "width" else (0, self.side)
        return nodes.ResizePicture(how=self.verb, width=width, height=height, method=self.by)


@step("longer")
class ToLonger(Step, frozen=True):
    """Set the longer side; the other follows."""

    side: Annotated[int, word(INTEGER, "pixels", low=1, high=MOST)]
    by: Annotated[str, option(RESIZING, "how; lanczos, with a side cut to whole pixels, if not said")] = ""
    node: Annotated[str, option(same_as("ImageScaleToMaxDimension"), "the node of ComfyUI that does it", key="as")] = ""

    def op(self) -> Op:
        """The side, as the width."""
        return nodes.ResizePicture(how=self.verb, width=self.side, method=self.by, node=self.node)


@step("shorter")
class ToShorter(Step, frozen=True):
    """Set the shorter side; the other follows."""

    side: Annotated[int, word(INTEGER, "pixels", low=1, high=MOST)]
    by: Annotated[str, BY] = "lanczos"

    def op(self) -> Op:
        """The side, as the width; ComfyUI's node that cuts it to whole pixels takes no video."""
        return nodes.ResizePicture(how=self.verb, width=self.side, method=self.by)


@step("scale")
class Scaled(Step, frozen=True):
    """Both sides by a factor."""

    factor: Annotated[Factor, word(FACTOR, "the factor", low=0.01, high=8)]
    by: Annotated[str, BY] = "lanczos"
    node: Annotated[str, option(same_as("ImageScaleBy"), "the node of ComfyUI that does it", key="as")] = ""

    def op(self) -> Op:
        """The factor."""
        return nodes.ResizePicture(how=self.verb, number=self.factor.value, method=self.by, node=self.node)


@step("megapixels")
class ToPixels(Step, frozen=True):
    """To so many pixels in all, in the same shape; 1 is 1024 x 1024."""

    number: Annotated[float, word(NUMBER, "millions, of 1024 x 1024", low=0.01, high=16)]
    by: Annotated[str, BY] = "lanczos"

    def op(self) -> Op:
        """The number."""
        return nodes.ResizePicture(how=self.verb, number=self.number, method=self.by)


@step("multiple")
class ToMultiple(Step, frozen=True):
    """Down to the next sides that a number divides: covered and cut about the middle."""

    number: Annotated[int, word(INTEGER, "such as 32, the grid of LTX", low=1, high=MOST)]
    by: Annotated[str, BY] = "lanczos"

    def op(self) -> Op:
        """The number."""
        return nodes.ResizePicture(how=self.verb, number=float(self.number), method=self.by)


@step("frames")
class TakeFrames(Step, frozen=True):
    """Take so many frames of it."""

    count: Annotated[Frames, word(TIME_IN_FRAMES, "how many", low=1, high=4096)]
    first: Annotated[int, option(INTEGER, "the first of them, from 0", key="from", low=0, high=MOST)] = 0

    def op(self) -> Op:
        """A stretch."""
        return nodes.CutFrames(start=self.first, count=self.count.count)


@step("repeat")
class Repeated(Step, frozen=True):
    """Show it for so many frames."""

    count: Annotated[Frames, word(TIME_IN_FRAMES, "how many", low=1, high=4096)]

    def op(self) -> Op:
        """Copies."""
        return nodes.RepeatFrame(count=self.count.count)


@step("invert")
class Inverted(Step, frozen=True):
    """White for black."""

    def op(self) -> Op:
        """1 - x."""
        return nodes.InvertFrames()


@step("as_video")
class ThroughVideo(Step, frozen=True):
    """Frames as they come back from a video of them, which no file is made of: nothing changes but the workflow."""

    fps: Annotated[Fps, word(FPS, "frames per second of that", low=1, high=120)]

    def op(self) -> Op:
        """The rate."""
        return nodes.AsVideo(fps=self.fps.rate)


@step("canny")
class Edges(Step, frozen=True):
    """Its edges, white on black, as LoRAs for canny want them."""

    low: Annotated[float, word(NUMBER, "what is less steep is no edge", low=0.01, high=0.99)] = 0.4
    high: Annotated[float, word(NUMBER, "what is steeper is one, and what touches it", low=0.01, high=0.99)] = 0.8

    def op(self) -> Op:
        """Both thresholds."""
        return nodes.DetectEdges(low=self.low, high=self.high)
