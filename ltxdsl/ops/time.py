"""Size, length and seed of the video."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.geometry import surviving_neighbours
from ltxdsl.ops.base import Spelling
from ltxdsl.ops.declare import Role, Statement, option, place, statement, word
from ltxdsl.ops.kinds import FPS, INTEGER, SIZE, TIME, choice, words
from ltxdsl.values import Fps, Frames, Seconds, Size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output

CUT = "cut"
FIT = choice("crop, pad or cut", lambda names: ("crop", "pad", CUT))
IS_CUT = words("`cut`", {CUT: True})


@statement("size", Role.SETTING, 'size 1920x1024\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x')
class ClipSize(Statement, frozen=True):
    """The size that the whole chain of passes should end at.

    A pass with a factor starts at that share of it. Every stage must be a multiple of 32 on both sides; two 2x
    upscales therefore ask for multiples of 128. With `fit` any size can be asked for: `fit crop` renders at the next
    larger size that suits the whole chain and cuts evenly when it is saved, `fit pad` at the next smaller one and
    puts black bars around it. `fit cut` does as ComfyUI's nodes do without a word: every stage is its share of the
    size, cut down to the grid, and an exported workflow asks for what the script says.
    """

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    size: Annotated[Size, word(SIZE, "width x height in pixels", high=16384)]
    fit: Annotated[str, option(FIT, "render at a valid size, then crop or pad to exactly this one; or cut")] = ""

    def rendered(self, factors: "Sequence[float]") -> tuple[int, int]:
        """The size that the chain is told, so that every stage of these factors is on the grid."""
        if self.fit in ("", CUT):
            return self.size.width, self.size.height
        sides = (self.size.width, self.size.height)
        width, height = (surviving_neighbours(side, factors) or (side, side) for side in sides)
        return (width[1], height[1]) if self.fit == "crop" else (width[0], height[0])

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Cut or pad to the size that was asked for; to its share, where the chain ends early."""
        if self.fit in ("", CUT):
            return
        share = output.width / scene.size[0]
        output.resize(round(self.size.width * share), round(self.size.height * share))


@statement("length", Role.SETTING, 'length 121f @ 24fps\nprompt "a lake"\npass dev 30')
class ClipLength(Statement, frozen=True):
    """How long the clip is: frames of the form 1 + 8N, or seconds (rounded to the nearest such count).

    With `cut` any number of frames can be asked for: it is cut down to such a count, as ComfyUI's nodes do without a
    word, and an exported workflow asks for what the script says.
    """

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    time: Annotated[Frames | Seconds, word(TIME, "frames or seconds", high=16384)]
    cut: Annotated[bool, word(IS_CUT, "`cut`: down to the next count of frames that there is")] = False
    fps: Annotated[Fps | None, place(FPS, "frames per second; 24 if not said")] = None

    def spellings(self, scene: "Scene") -> "tuple[tuple[Spelling, ...], dict[str, Ref]]":
        """The frames that are asked for, in the first pass."""
        if not self.cut or not isinstance(self.time, Frames) or scene.latent is not None:
            return (), {}
        asked = {"EmptyLTXVLatentVideo": "length", "LTXVEmptyLatentAudio": "frames_number"}
        return tuple(Spelling(type, "", ((name, self.time.count),)) for type, name in asked.items()), {}


@statement("fps", Role.SETTING, 'fps 50fps\nlength 121f\nevery 2\nprompt "a dancer"\npass dev 30')
class ClipRate(Statement, frozen=True):
    """Frames per second that the clip is made at, whatever `length` says.

    Fast motion breaks less at 50 frames a second; `every 2` then saves every other one, at 25.
    """

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    fps: Annotated[Fps, word(FPS, "frames per second", low=1, high=120)]


@statement("seed", Role.SETTING, 'seed 42\nprompt "a lake"\npass dev 30')
class Seed(Statement, frozen=True):
    """The number that all noise follows from. Pass k (from 0) draws with seed + k; one in a pass's block is its own."""

    seed: Annotated[int, word(INTEGER, "any whole number", low=0, high=2**64 - 1)]

    def shape_pass(self, draft: "Draft") -> None:
        """The base of the pass's own seed."""
        draft.seed = self.seed
