"""Guidance: how strongly prompts pull."""

from typing import TYPE_CHECKING, Annotated

from ltxdsl.ops.base import NagUse
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import INTEGERS, NUMBER, PER_STEP, TEXT, PerStep

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


@statement("stg", Role.SETTING, 'prompt "a lake"\npass dev 30 { cfg 3 audio 7; stg 1 }')
class Stg(Statement, frozen=True):
    """Spatio-temporal guidance: away from what the model makes when some blocks do not look around.

    In these blocks the self-attention of picture and sound gives back its values as they are. The scale times the
    difference to that prediction is added, as cfg's and `modality`'s are; 0 is off. It costs a row of the model a step.
    """

    video: Annotated[PerStep, word(PER_STEP, "scale for the picture; 1 is usual", low=0, high=100)] = PerStep((), 1.0)
    audio: Annotated[
        PerStep | None, option(PER_STEP, "scale for the sound; the picture's if not said", low=0, high=100)
    ] = None
    blocks: Annotated[
        tuple[int, ...], option(INTEGERS, "blocks to perturb, from 0; the model set's if not said (28 of LTX-2.3)")
    ] = ()

    def shape_pass(self, draft: "Draft") -> None:
        """Both scales, and the blocks."""
        draft.scales["stg"], draft.scales["audio_stg"] = self.video, self.audio or self.video
        draft.stg_blocks = self.blocks or draft.models.defaults.stg_blocks


@statement("modality", Role.SETTING, 'prompt "a lake"\npass dev 30 { modality 3 }')
class Modality(Statement, frozen=True):
    """Guidance between picture and sound: away from what each would be without the other. 1 is off, 3 is usual.

    Lips and hits keep closer to what is heard. It costs a call of the model a step.
    """

    video: Annotated[PerStep, word(PER_STEP, "scale for the picture; 3 is usual", low=0, high=100)] = PerStep((), 3.0)
    audio: Annotated[
        PerStep | None, option(PER_STEP, "scale for the sound; the picture's if not said", low=0, high=100)
    ] = None

    def shape_pass(self, draft: "Draft") -> None:
        """Both scales."""
        draft.scales["modality"], draft.scales["audio_modality"] = self.video, self.audio or self.video


@statement("rescale", Role.SETTING, 'prompt "a lake"\npass dev 30 { cfg 3 audio 7; rescale 0.7 }')
class Rescale(Statement, frozen=True):
    """Bring the spread of the guided prediction back toward that of the plain one: 0 not, 1 wholly.

    Against colours that strong guidance burns out. Applied last, to each modality as a whole.
    """

    video: Annotated[PerStep, word(PER_STEP, "share for the picture; 0.7 is usual", low=0, high=1)] = PerStep((), 0.7)
    audio: Annotated[
        PerStep | None, option(PER_STEP, "share for the sound; the picture's if not said", low=0, high=1)
    ] = None

    def shape_pass(self, draft: "Draft") -> None:
        """Both shares."""
        draft.scales["rescale"], draft.scales["audio_rescale"] = self.video, self.audio or self.video


@statement("nag", Role.SETTING, 'prompt "a lake"\nnag "cartoon, text" audio "music" scale 11\npass distill 8')
class Nag(Statement, frozen=True):
    """Normalized attention guidance: a negative prompt that works at cfg 1, inside cross attention."""

    text: Annotated[str, word(TEXT, "what the picture should not show")]
    audio: Annotated[str, option(TEXT, "what the sound should not hold")] = ""
    scale: Annotated[float, option(NUMBER, "strength", low=0, high=100)] = 11.0
    alpha: Annotated[float, option(NUMBER, "share of the guided result", low=0, high=1)] = 0.25
    tau: Annotated[float, option(NUMBER, "limit on the growth of the norm", low=0, high=10)] = 2.5

    def shape_pass(self, draft: "Draft") -> None:
        """A parameter of sampling."""
        draft.sampling["nag"] = NagUse(self.text, self.audio, self.scale, self.alpha, self.tau)
