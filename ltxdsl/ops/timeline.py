"""Clips that start from a video that is there, as a whole or in parts of the picture."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import INTEGER, PICTURE_OR_VIDEO, MediaRef, media, words
from ltxdsl.values import START

VIDEO = media("video")
INVERTED = words("`inverted`", {"inverted": True})

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
        """Stand at the first frame; in later passes, too, if a mask holds what is around it."""
        if not draft.continues or draft.settings.get(Mask):
            draft.place(self, self.source, START)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """The video in the place of the empty latent in the first pass, all of it to be denoised."""
        if stage.continues:
            return latent
        video = scene.encoded(self.source, stage, stage.placement(self), 0, self)
        return scene.add(nodes.Inplace(slot=0, strength=0.0), self, latent=latent, image=video)


@statement("mask", Role.SETTING, 'from "walk.mp4"\nmask "a.png" grow 16\nprompt "a lake"\npass distill 8')
class Mask(Statement, frozen=True):
    """Make a part of the picture anew: where the mask is white. Around it the video that `from` gives is held.

    A picture masks every frame, a video frame by frame; a mask that ends early goes on as it ends. A latent cell of
    32x32 pixels and 8 frames is made anew if any of it is white. With `inverted` black is made anew.
    """

    source: Annotated[MediaRef, word(PICTURE_OR_VIDEO, "the mask")]
    grow: Annotated[int, option(INTEGER, "pixels by which the white part grows", low=0, high=512)] = 0
    inverted: Annotated[bool, word(INVERTED, "black is made anew in place of white")] = False
    rank: ClassVar[int] = 1  # after the video

    def shape_pass(self, draft: "Draft") -> None:
        """Stand at the first frame; in later passes so does the video."""
        draft.place(self, self.source, START)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """Hold what is outside; in later passes it is put back, as the video has it."""
        fitted = scene.fitted(self.source, stage, stage.placement(self), 0, self)
        op = nodes.HoldOutside(grow=self.grow, inverted=self.inverted)
        video = stage.settings.get(FromVideo)
        if not stage.continues or video is None:
            return scene.add(op, self, latent=latent, mask=fitted)
        around = scene.encoded(video.source, stage, stage.placement(video), 0, self)
        return scene.add(op, self, latent=latent, mask=fitted, image=around)
