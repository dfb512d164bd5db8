"""A pass while it is put together: every statement that holds for it says what it changes."""

from __future__ import annotations

import math
from typing import Any

from ltxdsl import geometry
from ltxdsl.compiler.stage import Placed, Settings, Stage
from ltxdsl.models import ModelSet
from ltxdsl.ops import Statement
from ltxdsl.ops.base import Deltas, Enhance, LoraUse, Patch
from ltxdsl.ops.kinds import MediaRef, PerStep, RoleUse, fast_role
from ltxdsl.ops.sampling import UPSCALE_STEPS, Pass, Upscale
from ltxdsl.ops.steps import facts_of
from ltxdsl.sampling.schedules import SCHEDULES, partial, schedule
from ltxdsl.values import Position

SAMPLER = "euler"  # of a pass that says none
OFF = {"modality": 1.0, "audio_modality": 1.0}  # scales that do nothing; 0 for all others


class Draft:
    """What is known of a pass before its defaults are filled in.

    `sampling` holds further parameters of `nodes.Sample`, by field; `scales` those of `Deltas`, which are by step;
    `locals` are texts that follow the prompt.
    """

    def __init__(self, statement: Pass | Upscale, settings: Settings, models: ModelSet, seed: int) -> None:
        self.statement, self.settings, self.models = statement, settings, models
        self.width = self.height = self.frames = 0
        self.fps = models.defaults.fps
        self.role = statement.model or self._default_role()
        self.loras = [LoraUse(self.role.lora, self.role.strength)] if self.role.lora else []
        self.cfg: tuple[PerStep, PerStep] | None = None
        self.seed = seed
        self.text = self.negative = ""
        self.locals: tuple[str, ...] = ()
        self.enhance: Enhance | None = None
        self.placed: list[Placed] = []
        self.sampling: dict[str, Any] = {}
        self.sampler = statement.sampler or SAMPLER
        self.schedule = statement.schedule
        self.schedule_options: dict[str, Any] = {}
        self.continues = False  # starts from what an earlier pass made, or a node gives
        self.first = True  # no pass came before it
        self.left = 0.0  # the sigma at which that one stopped
        self.scales: dict[str, PerStep] = {}
        self.stg_blocks: tuple[int, ...] = ()

    @property
    def fast(self) -> bool:
        """Whether the pass samples with a distilled model."""
        return self.models.is_fast(use.name for use in self.loras)

    def patch(self, patch: Patch) -> None:
        """One more patch of the model."""
        self.sampling["patches"] = (*self.sampling.get("patches", ()), patch)

    def place(self, statement: Statement, source: MediaRef, at: Position, repeated: bool = False) -> None:
        """Note where a picture or video stands, and how many frames it has there; a picture may be `repeated`."""
        frame, count = at.frame(self.frames, self.fps), 1
        there = facts_of(source).frames
        moves = source.kind == "video" or there > 1
        if moves or (repeated and not source.as_is):
            whole = there if moves and there else self.frames
            count = geometry.guide_frames_used(min(whole, self.frames - max(frame, 0)), frame)
        self.placed.append(Placed(statement, at, frame, count))

    def stage(self, name: str, asked: tuple[float, float]) -> Stage:
        """The pass with all its facts."""
        sigmas, problem = self._sigmas()
        steps = max(len(sigmas) - 1, 0)
        video, audio = self.cfg or self._default_cfg()
        return Stage(
            name=name,
            node="",
            statement=self.statement,
            width=self.width,
            height=self.height,
            asked=asked,
            frames=self.frames,
            fps=self.fps,
            continues=self.continues,
            sampler=self.sampler,
            sigmas=sigmas,
            sigmas_problem=problem,
            cfg=video.over(steps),
            audio_cfg=audio.over(steps),
            role=self.role,
            loras=tuple(self.loras),
            seed=self.seed,
            text=self.text,
            locals=self.locals,
            enhance=self.enhance,
            negative_text=self.negative,
            placed=tuple(self.placed),
            sampling={**self.sampling, **self._deltas(steps), **self._noise(sigmas)},
            settings=self.settings,
        )

    def _noise(self, sigmas: tuple[float, ...]) -> dict[str, bool]:
        """Whether it goes on in the noise that the pass before left."""
        goes_on = self.left > 0 and bool(sigmas) and math.isclose(sigmas[0], self.left, abs_tol=1e-6)
        return {"new_noise": False} if goes_on else {}

    def _deltas(self, steps: int) -> dict[str, Deltas]:
        """Guidance beside cfg, if any term of it does something."""
        if not self.scales:
            return {}
        fields = [name for name in Deltas.__struct_fields__ if name != "blocks"]
        by_step = {f: self.scales.get(f, PerStep((), OFF.get(f, 0.0))).over(steps) for f in fields}
        deltas = Deltas(**by_step, blocks=self.stg_blocks if any(by_step["stg"] + by_step["audio_stg"]) else ())
        return {} if deltas.off else {"deltas": deltas}

    def _default_role(self) -> RoleUse:
        return fast_role(self.models) if isinstance(self.statement, Upscale) else RoleUse(self.models.bases[0])

    def _default_cfg(self) -> tuple[PerStep, PerStep]:
        if self.fast:
            return PerStep((), 1.0), PerStep((), 1.0)
        return PerStep((), self.models.defaults.cfg), PerStep((), self.models.defaults.audio_cfg)

    def _sigmas(self) -> tuple[tuple[float, ...], str]:
        """The sigmas of the pass, and why there are none if there are none."""
        said = self.statement
        try:
            whole = said.sigmas if isinstance(said.sigmas, tuple) else self._scheduled(said.sigmas or self.schedule)
            sigmas = _cut(whole, said.first, said.last)
            return (sigmas if said.start is None else (said.start, *sigmas[1:])), ""
        except (ValueError, OverflowError) as error:
            return (), str(error)
        except TypeError:
            return (), "the schedule does not take these options"

    def _scheduled(self, name: str | None) -> tuple[float, ...]:
        """A named schedule; of a fixed list with `denoise`, its share from the end."""
        said = self.statement
        name = name or self._usual_schedule()
        tokens = geometry.tokens(self.width, self.height, self.frames)
        frame = tokens // geometry.latent_frames(self.frames)
        longest = SCHEDULES[name].longest if name in SCHEDULES else 0
        if longest and said.denoise < 1 and said.steps is None:
            return schedule(name, max(1, round(longest * said.denoise)))
        steps = said.steps or self._default_steps(longest if name != "distilled" else 0)
        return partial(name, steps, said.denoise, tokens, frame, **self.schedule_options)

    def _usual_schedule(self) -> str:
        if isinstance(self.statement, Upscale):
            return "temporal_rounds" if self.statement.time else "distilled"
        return "distilled" if self.fast else "ltxv"

    def _default_steps(self, longest: int) -> int:
        if isinstance(self.statement, Upscale) and not self.statement.time:
            return min(longest, UPSCALE_STEPS) or UPSCALE_STEPS
        return longest or (8 if self.fast else self.models.defaults.steps)


def _cut(sigmas: tuple[float, ...], first: int, last: int | None) -> tuple[float, ...]:
    """The sigmas of steps `first` to `last`."""
    steps = len(sigmas) - 1
    last = steps if last is None else last
    if not 0 <= first < last <= steps:
        raise ValueError(f"steps from {first} to {last} are not among the {steps} of the list")
    return sigmas[first : last + 1]
