"""Size, length and seed of the video."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops.declare import Role, Statement, place, statement, word
from ltxdsl.ops.kinds import FPS, INTEGER, SIZE, TIME
from ltxdsl.values import Fps, Frames, Seconds, Size

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("size", Role.SETTING, 'size 1920x1024\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x')
class ClipSize(Statement, frozen=True):
    """The size that the whole chain of passes should end at.

    A pass with a factor starts at that share of it. Every stage must be a multiple of 32 on both sides; two 2x
    upscales therefore ask for multiples of 128.
    """

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    size: Annotated[Size, word(SIZE, "width x height in pixels", high=16384)]


@statement("length", Role.SETTING, 'length 121f @ 24fps\nprompt "a lake"\npass dev 30')
class ClipLength(Statement, frozen=True):
    """How long the clip is: frames of the form 1 + 8N, or seconds (rounded to the nearest such count)."""

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    time: Annotated[Frames | Seconds, word(TIME, "frames or seconds", high=16384)]
    fps: Annotated[Fps | None, place(FPS, "frames per second; 24 if not said")] = None


@statement("seed", Role.SETTING, 'seed 42\nprompt "a lake"\npass dev 30')
class Seed(Statement, frozen=True):
    """The number that all noise follows from. Pass k (from 0) draws with seed + k."""

    seed: Annotated[int, word(INTEGER, "any whole number", low=0, high=2**64 - 1)]

    def shape_pass(self, draft: "Draft") -> None:
        """The base of the pass's own seed."""
        draft.seed = self.seed
