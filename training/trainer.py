"""What all trainings share: optimisers and their pace, the moving average, the state, the loop of steps and checks."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from training.muon import Muon
from training.run import Run, draw_curve

MEMORY = 0.003  # share of the live weights that a step adds to their moving average, after a short memory at first


class Pace(NamedTuple):
    """Learning rates: `rate` for Muon, `rest_rate` for AdamW; up over `warm` steps, level, down to 0 at `steps`."""

    steps: int
    rate: float
    rest_rate: float
    warm: int = 50
    decay: float = 0.3  # share of all steps over which the rate falls

    def at(self, step: int) -> float:
        """The learning rate of a step, of 1."""
        return min(1.0, (step + 1) / self.warm, max(0.0, (self.steps - step) / (self.decay * self.steps)))


class Trainer:
    """A model, its moving average, the optimisers and the step: all that a checkpoint holds."""

    def __init__(self, model: Any, ends: Sequence[torch.Tensor], pace: Pace):
        """Muon moves the kernels but `ends`, the first and the last; AdamW those and the biases."""
        self.model, self.plan, self.step = model.train(), pace, 0
        self.average = copy.deepcopy(model).requires_grad_(False)
        trained = [p for p in model.parameters() if p.requires_grad]
        inner = [p for p in trained if p.ndim >= 2 and all(p is not end for end in ends)]
        rest = [*ends, *(p for p in trained if p.ndim < 2)]
        self.rest = rest
        self.optimisers: list[tuple[torch.optim.Optimizer, float]] = []
        if inner:
            self.optimisers.append((Muon(inner, pace.rate), pace.rate))
        self.optimisers.append((torch.optim.AdamW(rest, pace.rest_rate), pace.rest_rate))

    @property
    def steps(self) -> int:
        """The horizon of the learning rate."""
        return self.plan.steps

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on bit for bit."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for (optimiser, _), old in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(old)

    def loss(self) -> torch.Tensor:
        """The loss of this step, which chooses its own data."""
        raise NotImplementedError

    def advance(self) -> float:
        """One step; the loss before it."""
        loss = self.loss()
        loss.backward()
        nn.utils.clip_grad_norm_(self.rest, 1.0)
        for optimiser, rate in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate * self.pace()
            optimiser.step()
        self.model.zero_grad(set_to_none=True)
        self.step += 1
        self._follow()
        return loss.item()

    def pace(self) -> float:
        """The learning rate of this step, of 1."""
        return self.plan.at(self.step)

    @torch.no_grad()
    def _follow(self) -> None:
        share = max(MEMORY, 1 / (1 + self.step / 5))
        for slow, fast in zip(self.average.parameters(), self.model.parameters(), strict=True):
            slow.lerp_(fast, share)


def train(trainer: Trainer, run: Run, check: int, examine: Callable[[], dict[str, float]]) -> None:
    """Steps until the horizon or the end of the time; every `check` steps and at the end `examine` and the log."""
    mean, began = 0.0, time.monotonic()
    while trainer.step < trainer.steps and not run.over:
        loss = trainer.advance()
        mean = loss if not mean else 0.98 * mean + 0.02 * loss
        if trainer.step % check == 0:
            seconds = (time.monotonic() - began) / check
            run.log(step=trainer.step, loss=mean, seconds=seconds, **examine())
            began = time.monotonic()
        if run.due():
            run.save(trainer.state())
    run.save(trainer.state())
    run.log(step=trainer.step, loss=mean, **examine())


def begin(trainer: Trainer, run: Run) -> None:
    """Go on where the run's folder says, if it says so."""
    if state := run.load():
        trainer.restore(state)


def warm_start(trainer: Trainer, weights: dict[str, Any], step: int = 0) -> None:
    """Begin with weights that are there already, where no run has begun."""
    if trainer.step == 0:
        trainer.model.load_state_dict(weights, strict=False)
        trainer.average.load_state_dict(weights, strict=False)
        trainer.step = step


def redraw(run: Run, step: int, scores: dict[str, float]) -> None:
    """The curve of the scores so far, with these."""
    rows = run.rows(step)
    curves = {name: [(row["step"], row[name]) for row in rows if name in row] for name in scores}
    draw_curve(run.folder / "curve.png", {name: [*curves[name], (step, value)] for name, value in scores.items()})
