"""What a run tells while it goes on."""

from __future__ import annotations

from typing import Protocol

from ltxdsl.compiler.plan import Plan, Step


class Reporter(Protocol):
    """Hears of everything that a person or a machine may want to see."""

    def planned(self, plan: Plan, todo: list[Step]) -> None:
        """The run starts; `todo` are the steps that will be computed."""

    def noted(self, text: str) -> None:
        """Something else takes time: loading libraries, building models."""

    def warned(self, text: str) -> None:
        """Something went on, but perhaps not as wanted."""

    def started(self, step: Step) -> None:
        """A step starts."""

    def progressed(self, step: Step, done: int, total: int, note: str) -> None:
        """A step went on."""

    def finished(self, step: Step, seconds: float) -> None:
        """A step is done."""


class Silent:
    """Tells nothing."""

    def planned(self, plan: Plan, todo: list[Step]) -> None:
        """Nothing."""

    def noted(self, text: str) -> None:
        """Nothing."""

    def warned(self, text: str) -> None:
        """Nothing."""

    def started(self, step: Step) -> None:
        """Nothing."""

    def progressed(self, step: Step, done: int, total: int, note: str) -> None:
        """Nothing."""

    def finished(self, step: Step, seconds: float) -> None:
        """Nothing."""
