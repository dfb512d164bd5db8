"""Clips that are as large, as long, or as fast as a picture or video."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl import geometry, media_info
from ltxdsl.ops.declare import Role, Statement, statement, word
from ltxdsl.ops.kinds import FACTOR, PICTURE_OR_VIDEO, MediaRef, words
from ltxdsl.ops.steps import facts_of
from ltxdsl.values import Factor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene

SIZED = words("`size`", {"size": True})
LASTING = words("`length`", {"length": True})
RATED = words("`fps`", {"fps": True})


@statement("like", Role.CONDITION, 'like image "queen.png" size\nprompt "a queen"\npass 0.5x dev 30\nupscale 2x')
class Like(Statement, frozen=True):
    """Take the size, the length or the frame rate of the clip from a picture or video, after its steps.

    Sides are brought down to the grid that the whole chain of passes needs, frames to 1 + 8N. `size 2x` ends at twice
    its size. If nothing is said, a video gives all three and a picture its size. In ComfyUI nodes measure it when the
    workflow runs, so that it fits whatever file is put there.
    """

    in_block: ClassVar[bool] = False
    before_passes: ClassVar[bool] = True

    source: Annotated[MediaRef, word(PICTURE_OR_VIDEO, "the picture or video")]
    size: Annotated[bool, word(SIZED, "the clip is as large")] = False
    times: Annotated[Factor, word(FACTOR, "how many times as large the clip ends", low=0.1, high=16)] = Factor(1.0)
    length: Annotated[bool, word(LASTING, "it has as many frames")] = False
    fps: Annotated[bool, word(RATED, "it is as fast; of a video")] = False

    def gives_clip(self, what: str) -> bool:
        """Whether the clip has its size, length or fps from here."""
        if self.size or self.length or self.fps:
            return bool(getattr(self, what))
        return what == "size" or self.source.kind == "video"

    def sides(self, factors: "Sequence[float]") -> tuple[int, int] | None:
        """The size that the chain of passes ends at; None where the file does not say it."""
        facts = facts_of(self.source)
        found = [
            geometry.surviving_neighbours(round(s * self.times.value), factors) for s in (facts.width, facts.height)
        ]
        return (found[0][0], found[1][0]) if facts.width and found[0] and found[1] else None

    @property
    def frames(self) -> int:
        """Pixel frames on the grid; 0 where the file does not say them."""
        frames = facts_of(self.source).frames
        return geometry.snapped_frames(frames) if frames else 0

    @property
    def rate(self) -> float:
        """Frames a second; 0 where the file does not say it."""
        return media_info.frame_rate(self.source.path) if self.source.kind == "video" else 0.0

    def measured(self, what: str, scene: "Scene") -> "Ref | None":
        """What a server measures: of size and length the node that does it; None of a rate that no file has."""
        if what == "fps":
            of_file = self.source.kind == "video" and bool(self.source.path)
            return scene.fact(self.source, "fps", self) if of_file else None
        others = (said for said in scene.settings.all(Like) if said.span != self.span)
        apart = any(one.source.origin == self.source.origin and one.source.steps == self.source.steps for one in others)
        return scene.fact(self.source, "frames" if what == "length" else "width", self, alone=what if apart else "")
