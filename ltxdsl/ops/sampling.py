"""Passes: where noise becomes video."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import FACTOR, INTEGER, ROLE, SAMPLER, SCHEDULE, SIGMAS, RoleUse
from ltxdsl.values import Factor

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene

UPSCALE_STEPS = 3


@statement("pass", Role.ACTION, 'prompt "a lake"\npass 0.5x dev 30 euler ltxv { cfg 3 }\nupscale 2x')
class Pass(Statement, frozen=True):
    """Denoise video and sound together, from noise or, after an earlier pass, from what it made.

    Sound is made in the first pass; later passes keep it.
    """

    block: ClassVar[bool] = True

    scale: Annotated[Factor | None, word(FACTOR, "share of `size`; all of it if not said", low=0.01, high=8)] = None
    model: Annotated[RoleUse | None, word(ROLE, "`dev`, or a LoRA's role with its strength")] = None
    steps: Annotated[int | None, word(INTEGER, "number of steps", low=1, high=1000)] = None
    sampler: Annotated[str, word(SAMPLER, "how a step is taken")] = "euler"
    schedule: Annotated[str | None, word(SCHEDULE, "how sigma falls; `ltxv`, or `distilled` with that LoRA")] = None
    sigmas: Annotated[tuple[float, ...] | str | None, option(SIGMAS, "the sigmas themselves")] = None

    def apply(self, scene: "Scene") -> None:
        """Start from nothing, or go on from the last pass; then sample."""
        if scene.latent is None:
            scene.start(self.scale.value if self.scale else 1.0, self)
        scene.sample(self)


@statement("upscale", Role.ACTION, 'prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 0.6 3 er_sde')
class Upscale(Statement, frozen=True):
    """Upsample the latent, then refine it in a few steps, by default with the distilled LoRA.

    `steps 0` only upsamples. Guides are cropped before and added again at the new size.
    """

    block: ClassVar[bool] = True

    factor: Annotated[Factor, word(FACTOR, "how much larger each side gets")]
    model: Annotated[RoleUse | None, word(ROLE, "model of the refining steps; `distill` if not said")] = None
    steps: Annotated[int | None, word(INTEGER, "refining steps; 3 if not said", low=0, high=1000)] = None
    sampler: Annotated[str, word(SAMPLER, "how a step is taken")] = "euler"
    schedule: Annotated[str | None, word(SCHEDULE, "how sigma falls; the tail of `distilled` if not said")] = None
    sigmas: Annotated[tuple[float, ...] | str | None, option(SIGMAS, "the sigmas themselves")] = None

    def apply(self, scene: "Scene") -> None:
        """Crop, upsample, sample."""
        if scene.latent is None:
            return  # a check says so
        scene.upsample(nodes.UpsampleLatent(factor=self.factor.value), self)
        if self.steps != 0:
            scene.sample(self)
