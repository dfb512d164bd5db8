"""Passes: where noise becomes video."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.base import SIGMAS_WRITTEN, Spelling
from ltxdsl.ops.declare import Role, Statement, only_on, option, statement, word
from ltxdsl.ops.kinds import (
    BY_FRAME,
    ENLARGER,
    EQUATION,
    FACTOR,
    IN_TIME,
    INTEGER,
    NUMBER,
    RESIZING,
    ROLE,
    RTX,
    SAMPLER,
    SCHEDULE,
    SIGMAS,
    SOLVER,
    SWITCH,
    RoleUse,
    Sigmas,
)
from ltxdsl.targets import COMFY, LOCAL
from ltxdsl.values import Factor

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene

UPSCALE_STEPS = 3


class Tuned(Statement, frozen=True):
    """A statement that names a sampler or schedule, and gives it options."""

    def options(self) -> dict[str, Any]:
        """The options that are written."""
        return {field: getattr(self, field) for field in self.spans if field not in ("name", "@")}


@statement("sampler", Role.SETTING, 'prompt "a lake"\nsampler euler_ancestral eta 0.5\npass dev 30')
class SamplerSetting(Tuned, frozen=True):
    """The sampler of passes that name none, and its options. A pass that names the same one takes the options too."""

    name: Annotated[str, word(SAMPLER, "how a step is taken")]
    eta: Annotated[float | None, option(NUMBER, "share of fresh noise at each step", low=0, high=100)] = None
    s_noise: Annotated[float | None, option(NUMBER, "scale of that noise", low=0, high=100)] = None
    kind: Annotated[str | None, option(EQUATION, "the equation that er_sde solves: `er`, `reverse`, `ode`")] = None
    max_stage: Annotated[int | None, option(INTEGER, "order of er_sde", low=1, high=3)] = None
    gamma: Annotated[float | None, option(NUMBER, "correction of gradient_estimation", low=0, high=10)] = None
    r: Annotated[float | None, option(NUMBER, "where a look within a step is taken", low=0.01, high=1)] = None
    solver_type: Annotated[str | None, option(SOLVER, "weights of the second prediction")] = None
    bong: Annotated[bool | None, option(SWITCH, "whether res_2s moves the start of a step")] = None

    def shape_pass(self, draft: "Draft") -> None:
        """The name where the pass has none, and the options."""
        draft.sampler = draft.statement.sampler or self.name
        if draft.sampler == self.name and (options := self.options()):
            draft.sampling["options"] = tuple(sorted(options.items()))


@statement("schedule", Role.SETTING, 'prompt "a lake"\nschedule ltxv terminal 0.05\npass dev 30')
class ScheduleSetting(Tuned, frozen=True):
    """The schedule of passes that name none, and its options. A pass that names the same one takes the options too.

    Only for passes from full noise: those after an upscale keep the tail of `distilled`.
    """

    name: Annotated[str, word(SCHEDULE, "how sigma falls")]
    max_shift: Annotated[float | None, option(NUMBER, "shift at 4096 tokens", low=0, high=100)] = None
    base_shift: Annotated[float | None, option(NUMBER, "shift at 1024 tokens", low=0, high=100)] = None
    stretch: Annotated[bool | None, option(SWITCH, "whether the last sigma before 0 is `terminal`")] = None
    terminal: Annotated[float | None, option(NUMBER, "the last sigma before 0", low=0.001, high=0.99)] = None
    alpha: Annotated[float | None, option(NUMBER, "first parameter of `beta`", low=0.01, high=50)] = None
    beta: Annotated[float | None, option(NUMBER, "second parameter of `beta`", low=0.01, high=50)] = None
    rho: Annotated[float | None, option(NUMBER, "exponent of `karras`", low=0.1, high=100)] = None
    power: Annotated[float | None, option(NUMBER, "bends the list of `rs`; over 1 keeps sigma high", low=0.1)] = None
    bias: Annotated[float | None, option(NUMBER, "lifts the middle of `rs`", low=-2, high=2)] = None
    contrast: Annotated[float | None, option(NUMBER, "spreads the list of `rs` about its mean", low=0, high=3)] = None
    mix: Annotated[float | None, option(NUMBER, "share of the bent list in `rs`", low=0, high=1)] = None

    def shape_pass(self, draft: "Draft") -> None:
        """The name where the pass has none, and the options."""
        sigmas = draft.statement.sigmas
        said = draft.statement.schedule or (sigmas if isinstance(sigmas, str) else None)
        if said is None and sigmas is None and not draft.continues:
            draft.schedule = said = self.name
        if said == self.name:
            draft.schedule_options = self.options()


def _digits(sigmas: "Sigmas | tuple[float, ...] | str | None") -> tuple[Spelling, ...]:
    """The digits of sigmas that a script lists, which a workflow holds as a text."""
    return (Spelling(SIGMAS_WRITTEN, "", (("digits", sigmas.digits),)),) if isinstance(sigmas, Sigmas) else ()


@statement("pass", Role.ACTION, 'prompt "a lake"\npass 0.5x dev 30 euler ltxv { cfg 3 }\nupscale 2x')
class Pass(Statement, frozen=True):
    """Denoise video and sound together, from noise or, after an earlier pass, from what it made.

    Sound is made in the first pass; later passes keep it. A pass that stops early (`to 3`) hands on its noise and its
    sound to the next, which goes on `from 3`. With `denoise 0.4` the steps are the last ones of a list 1/0.4 as long:
    what was there before shows through.
    """

    block: ClassVar[bool] = True

    scale: Annotated[Factor | None, word(FACTOR, "share of `size`; all of it if not said", low=0.01, high=8)] = None
    model: Annotated[RoleUse | None, word(ROLE, "`dev`, or a LoRA's role with its strength")] = None
    steps: Annotated[int | None, word(INTEGER, "number of steps", low=1, high=1000)] = None
    sampler: Annotated[str | None, word(SAMPLER, "how a step is taken; `euler`, or what `sampler` says")] = None
    schedule: Annotated[str | None, word(SCHEDULE, "how sigma falls; `ltxv`, or `distilled` with that LoRA")] = None
    sigmas: Annotated[tuple[float, ...] | str | None, option(SIGMAS, "the sigmas themselves")] = None
    first: Annotated[int, option(INTEGER, "start after this many steps of the list", key="from", low=0)] = 0
    last: Annotated[int | None, option(INTEGER, "stop after this many, noise and all", key="to", low=1)] = None
    denoise: Annotated[float, option(NUMBER, "share of the schedule to run, its end", low=0.01, high=1)] = 1.0
    start: Annotated[
        float | None, option(NUMBER, "begin at this sigma: the list's first is replaced", low=0.001, high=1)
    ] = None

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """The digits of its sigmas."""
        return _digits(self.sigmas), {}

    def apply(self, scene: "Scene") -> None:
        """Start from nothing, or go on from the last pass; then sample."""
        if scene.latent is None:
            scene.start(self.scale.value if self.scale else 1.0, self)
        scene.sample(self)


@statement("upscale", Role.ACTION, 'prompt "a lake"\npass 0.5x dev 30\nupscale 2x distill 0.6 3 er_sde')
class Upscale(Statement, frozen=True):
    """Upsample the latent, then refine it in a few steps, by default with the distilled LoRA.

    `steps 0` only upsamples. Guides are cropped before and added again at the new size. `upscale time 2x` doubles the
    frames instead: T of them become 2T - 1 at twice the rate, and frames that are named after it count at that rate.
    Its steps are those of `temporal_rounds`.

    `by lanczos` goes through pixels, by any factor: decode, resize, encode. With `enlarge` a picture upscaler or RTX
    makes them larger first. What is left of the old size's look can be kept: `adain` brings the channels of the
    larger latent back to the statistics of the smaller one, `tone` takes off its peaks.
    """

    block: ClassVar[bool] = True

    factor: Annotated[Factor, word(FACTOR, "how much larger each side gets; in time: 2x")]
    time: Annotated[bool, word(IN_TIME, "`time`: more frames, rather than more pixels")] = False
    model: Annotated[RoleUse | None, word(ROLE, "model of the refining steps; `distill` if not said")] = None
    steps: Annotated[int | None, word(INTEGER, "refining steps; 3 if not said", low=0, high=1000)] = None
    sampler: Annotated[str | None, word(SAMPLER, "how a step is taken; `euler`, or what `sampler` says")] = None
    schedule: Annotated[str | None, word(SCHEDULE, "how sigma falls; the tail of `distilled` if not said")] = None
    sigmas: Annotated[tuple[float, ...] | str | None, option(SIGMAS, "the sigmas themselves")] = None
    first: Annotated[int, option(INTEGER, "start after this many steps of the list", key="from", low=0)] = 0
    last: Annotated[int | None, option(INTEGER, "stop after this many, noise and all", key="to", low=1)] = None
    denoise: Annotated[float, option(NUMBER, "share of the schedule to run, its end", low=0.01, high=1)] = 1.0
    start: Annotated[
        float | None, option(NUMBER, "begin at this sigma: the list's first is replaced", low=0.001, high=1)
    ] = None
    by: Annotated[str, option(RESIZING, "through pixels, resized so")] = ""
    enlarge: Annotated[
        str, only_on(COMFY, option(ENLARGER, "through pixels, made larger by a picture upscaler's file or `rtx`"))
    ] = ""
    adain: Annotated[float, option(NUMBER, "share of the old latent's means and spreads", low=0, high=1)] = 0.0
    by_frame: Annotated[bool, word(BY_FRAME, "`by_frame`: `adain` frame by frame, not over the clip")] = False
    tone: Annotated[float, only_on(LOCAL, option(NUMBER, "how much large values are compressed", low=0, high=1))] = 0.0

    def spellings(self, scene: "Scene") -> tuple[tuple[Spelling, ...], dict[str, "Ref"]]:
        """The digits of its sigmas."""
        return _digits(self.sigmas), {}

    @property
    def through_pixels(self) -> bool:
        """Whether the clip is decoded, resized and encoded."""
        return bool(self.by or self.enlarge)

    def apply(self, scene: "Scene") -> None:
        """Crop, upsample, sample."""
        if scene.latent is None:
            return  # a check says so
        before = scene.latent
        if self.time:
            scene.double(self)
        elif self.through_pixels:
            scene.resize(self.factor.value, self)
        else:
            scene.upsample(nodes.UpsampleLatent(factor=self.factor.value), self)
        if self.adain:
            scene.latent = scene.add(
                nodes.AdainLatent(factor=self.adain, by_frame=self.by_frame),
                self,
                latent=scene.latent,
                reference=before,
            )
        if self.tone:
            scene.latent = scene.add(nodes.ToneLatent(ratio=self.tone), self, latent=scene.latent)
        if self.steps != 0:
            scene.sample(self)

    def resized(self, scene: "Scene", image: "Ref", width: int, height: int) -> "Ref":
        """Frames at the new size."""
        if self.enlarge == RTX:
            return scene.add(nodes.SuperResolve(width=width, height=height), self, image=image)
        if self.enlarge:
            image = scene.add(nodes.EnlargeFrames(model=self.enlarge), self, image=image)
        return scene.add(nodes.ResizeFrames(width=width, height=height, method=self.by or "lanczos"), self, image=image)
