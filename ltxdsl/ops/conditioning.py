"""Pictures and videos that the clip has to follow."""

from itertools import count
from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.geometry import slot_of
from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, place, statement, word
from ltxdsl.ops.kinds import INTEGER, NUMBER, PICTURE, PICTURE_OR_VIDEO, PLACE, MediaRef
from ltxdsl.values import START, Position

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.stage import Stage

BEFORE = Position("slot", slot=-1)


@statement("guide", Role.CONDITION, 'guide img @ -1 strength 0.4\nprompt "a queen"\npass dev 30')
class Guide(Statement, frozen=True):
    """Guide tokens: a picture or video appended after the clip and placed in time by RoPE.

    A guide attracts; it is never copied. `@ end` is the last frame, `@ -1` the latent slot before the first
    frame, where a subject is known before it enters. A guide video starts at frame 0 or at a frame 8k + 1. In a pass's
    block the same picture at the same place overrides the guide from outside, and `strength 0` leaves it out there.
    """

    source: Annotated[MediaRef, word(PICTURE_OR_VIDEO, "the picture or video")]
    at: Annotated[Position, place(PLACE, "where it stands; the first frame if not said")] = START
    strength: Annotated[float, option(NUMBER, "1 keeps the guide's own tokens clean, 0 is noise", low=0, high=10)] = 1.0
    attention: Annotated[
        float | None,
        option(NUMBER, "how much the clip attends to it; strength inside the clip, 1 before it", low=0, high=10),
    ] = None
    crf: Annotated[int | None, option(INTEGER, "compress a still first, as in training; 0 = not", low=0, high=51)] = (
        None
    )
    rank: ClassVar[int] = 2  # guides are appended behind everything else
    listed: ClassVar[bool] = True

    def overrides(self, other: Statement) -> bool:
        """The same picture at the same place."""
        if not isinstance(other, Guide) or other.word != self.word:
            return False
        return (other.source.origin, other.at) == (self.source.origin, self.at)

    @property
    def off(self) -> bool:
        """At strength 0."""
        return self.strength == 0

    def shape_pass(self, draft: "Draft") -> None:
        """Stand somewhere in the clip."""
        draft.place(self, self.source, self.at)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """Append the encoded picture or video."""
        placed = stage.placement(self)
        guide = scene.encoded(self.source, stage, placed, self.crf, self, "cut" if placed.frame >= 0 else "")
        strength = min(1.0, self.strength)
        op = nodes.AppendGuide(frame=placed.frame, strength=strength, attention=self._attention(placed.frame))
        return scene.add(op, self, latent=latent, guide=guide)

    def _attention(self, frame: int) -> float:
        """As in ComfyUI: strength weighs on attention in LTXVAddGuide, not in LTXVAddLatentGuide (before the clip)."""
        if self.attention is not None:
            return self.attention
        return self.strength if frame >= 0 else 1.0


@statement("reference", Role.CONDITION, 'reference face strength 0.35\nprompt "a queen"\npass dev 30')
class Reference(Guide, frozen=True):
    """A picture of a subject, known before the clip begins: guide tokens in a latent slot before the first frame.

    Several references take the slots -1, -2, … in the order in which they stand, past those that the script gives
    away with `@`. A subject that must also be in the first frame is held there by `inplace` beside its reference.
    """

    source: Annotated[MediaRef, word(PICTURE, "the picture, such as a character sheet")]
    at: Annotated[Position, place(PLACE, "its slot; the next free one before the clip if not said")] = BEFORE
    strength: Annotated[float, option(NUMBER, "1 keeps its tokens clean; 0.3 to 0.4 is usual", low=0, high=1)] = 0.35
    attention: Annotated[float | None, option(NUMBER, "how much the clip attends to it", low=0, high=10)] = 1.0
    crf: Annotated[int | None, option(INTEGER, "compress it first, as in training; 0 = not", low=0, high=51)] = None

    def shape_pass(self, draft: "Draft") -> None:
        """Stand before the clip, in the slot that is said or the next one that nothing else has."""
        draft.place(self, self.source, self.at if self.gives("at") else Position("slot", slot=_free_slot(draft)))


def _free_slot(draft: "Draft") -> int:
    """The first slot before the clip without a guide, those with a written place included."""
    placed = {p.at.slot for p in draft.placed if p.at.anchor == "slot"}
    written = (g for g in draft.settings.all(Guide) if not isinstance(g, Reference) or g.gives("at"))
    taken = placed | {g.at.slot for g in written if g.at.anchor == "slot"}
    return next(slot for slot in count(-1, -1) if slot not in taken)


@statement("inplace", Role.CONDITION, 'inplace img @ 0 strength 0.7\nprompt "a queen"\npass dev 30')
class InplaceImage(Statement, frozen=True):
    """Replace a latent frame by a picture and hold it: at strength 1 that frame comes out as it went in.

    Best at frame 0, which has a latent of its own; elsewhere one latent shows 8 frames and guides are kinder. In a
    pass's block it overrides what stands at the same place from outside, and `strength 0` leaves that out there.
    """

    source: Annotated[MediaRef, word(PICTURE, "the picture")]
    at: Annotated[Position, place(PLACE, "the frame; the first if not said")] = START
    strength: Annotated[float, option(NUMBER, "1 holds it exactly, 0 leaves noise", low=0, high=1)] = 1.0
    crf: Annotated[int | None, option(INTEGER, "compress it first, as in training; 0 = not", low=0, high=51)] = None
    rank: ClassVar[int] = 1
    listed: ClassVar[bool] = True

    def overrides(self, other: Statement) -> bool:
        """What stands at the same place."""
        return isinstance(other, InplaceImage) and other.at == self.at

    @property
    def off(self) -> bool:
        """At strength 0."""
        return self.strength == 0

    def shape_pass(self, draft: "Draft") -> None:
        """Stand somewhere in the clip."""
        draft.place(self, self.source, self.at)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """Replace the latent frame in which the picture's frame lies."""
        placed = stage.placement(self)
        image = scene.encoded(self.source, stage, placed, self.crf, self, "cut")
        op = nodes.Inplace(slot=max(0, slot_of(placed.frame)), strength=self.strength)
        return scene.add(op, self, latent=latent, image=image)
