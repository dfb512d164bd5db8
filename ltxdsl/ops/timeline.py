"""Clips that start from a video that is there."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, statement, word
from ltxdsl.ops.kinds import MediaRef, media
from ltxdsl.values import START

VIDEO = media("video")

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.stage import Stage


@statement("from", Role.SETTING, 'from "walk.mp4"\nprompt "a lake"\npass distill distilled denoise 0.5')
class FromVideo(Statement, frozen=True):
    """The clip starts as a video, encoded at the size of the first pass; only for passes below full noise.

    The first pass mixes it with noise, as sigma says: (1 - sigma) of the video is left, so that `denoise 0.4` keeps
    more of it than 0.8. Of a longer video the beginning counts; a shorter one leaves the rest of the clip empty. Its
    sound is not taken: `audio` does that. Later passes go on from the first.
    """

    source: Annotated[MediaRef, word(VIDEO, "the video")]
    rank: ClassVar[int] = 0  # before pictures in place

    def shape_pass(self, draft: "Draft") -> None:
        """Stand at the first frame."""
        if not draft.continues:
            draft.place(self, self.source, START)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """The video in the place of the empty latent in the first pass, all of it to be denoised."""
        if stage.continues:
            return latent
        video = scene.encoded(self.source, stage, stage.placement(self), 0, self)
        return scene.add(nodes.Inplace(slot=0, strength=0.0), self, latent=latent, image=video)
