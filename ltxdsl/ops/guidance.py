"""Guidance: how strongly prompts pull."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops.base import NagUse
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import NUMBER, PER_STEP, TEXT, PerStep

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft


@statement("cfg", Role.SETTING, 'prompt "a lake"\npass distill 8 { cfg 2 for 2 then 1 }')
class Cfg(Statement, frozen=True):
    """Classifier-free guidance: 1 is off (and costs no negative pass), 3 is usual for the dev model."""

    video: Annotated[PerStep, word(PER_STEP, "scale for the picture, one number or numbers by step")]
    audio: Annotated[PerStep | None, option(PER_STEP, "scale for the sound; the picture's if not said")] = None

    def shape_pass(self, draft: "Draft") -> None:
        """Both scales."""
        draft.cfg = (self.video, self.audio or self.video)


@statement("nag", Role.SETTING, 'prompt "a lake"\nnag "cartoon, text" audio "music" scale 11\npass distill 8')
class Nag(Statement, frozen=True):
    """Normalized attention guidance: a negative prompt that works at cfg 1, inside cross attention."""

    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    text: Annotated[str, word(TEXT, "what the picture should not show")]
    audio: Annotated[str, option(TEXT, "what the sound should not hold")] = ""
    scale: Annotated[float, option(NUMBER, "strength", low=0, high=100)] = 11.0
    alpha: Annotated[float, option(NUMBER, "share of the guided result", low=0, high=1)] = 0.25
    tau: Annotated[float, option(NUMBER, "limit on the growth of the norm", low=0, high=10)] = 2.5

    def shape_pass(self, draft: "Draft") -> None:
        """A parameter of sampling."""
        draft.sampling["nag"] = NagUse(self.text, self.audio, self.scale, self.alpha, self.tau)
