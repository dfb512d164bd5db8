"""Progress of a run, for people: a live line on a terminal, a line a step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ltxdsl.compiler.plan import Plan, Step
from ltxdsl.runtime.report import Reporter

WORTH_A_LINE = 0.1  # seconds


@contextmanager
def reporter(live: bool) -> Iterator[Reporter]:
    """A reporter on standard error."""
    console = Console(stderr=True, highlight=False)
    if not live:
        yield Lines(console)
        return
    progress = Progress(
        TextColumn("{task.description}", justify="left"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[amount]}"),
        _Rate(),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )
    with progress:
        yield Live(progress)


class _Rate(ProgressColumn):
    """Steps a second, or seconds a step where that reads better."""

    def render(self, task: Task) -> Text:
        speed = task.speed
        if not speed or not task.fields.get("rated"):
            return Text("")
        return Text(f"{speed:.1f} it/s" if speed >= 1 else f"{1 / speed:.1f} s/it", style="dim")


class Lines:
    """One line a step that took a while."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def planned(self, plan: Plan, todo: list[Step]) -> None:
        """How much there is to do."""
        stored = len(plan.steps) - len(todo)
        if todo and stored:
            self.console.print(f"{len(todo)} of {len(plan.steps)} steps to compute", style="dim")

    def noted(self, text: str) -> None:
        """Nothing."""

    def warned(self, text: str) -> None:
        """A line of its own."""
        self.console.print(f"[yellow]warning:[/yellow] {text}")

    def started(self, step: Step) -> None:
        """Nothing."""

    def progressed(self, step: Step, done: int, total: int, note: str) -> None:
        """Nothing."""

    def finished(self, step: Step, seconds: float) -> None:
        """The step and its time."""
        if seconds >= WORTH_A_LINE:
            where = f"{step.stage:8}" if step.stage else " " * 8
            self.console.print(f"[dim]{where}[/dim] {step.label}  [dim]{seconds:.1f} s[/dim]")


class Live(Lines):
    """A bar for the whole run and one for the pass that is under way."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(progress.console)
        self.progress = progress
        self.whole = progress.add_task("run", total=1.0, amount="", rated=False)
        self.step = progress.add_task("", total=None, amount="", rated=False, visible=False)
        self.done = 0.0

    def planned(self, plan: Plan, todo: list[Step]) -> None:
        """The whole run counts in estimated seconds."""
        super().planned(plan, todo)
        total = sum(s.estimate.seconds for s in todo)
        self.progress.update(self.whole, total=total or 1.0, amount=f"0/{len(todo)} steps")
        self.count, self.number = len(todo), 0

    def noted(self, text: str) -> None:
        """In the place of a step."""
        self._show(text)

    def started(self, step: Step) -> None:
        """A fresh second bar."""
        self._show(f"{step.stage}: {step.label}" if step.stage else step.label)

    def _show(self, text: str) -> None:
        self.progress.reset(self.step, total=None, description=text, visible=True, amount="", rated=False)

    def progressed(self, step: Step, done: int, total: int, note: str) -> None:
        """Sampler steps."""
        self.progress.update(self.step, completed=done, total=total, amount=f"{done}/{total}", rated=True)
        share = step.estimate.seconds * done / max(total, 1)
        self.progress.update(self.whole, completed=self.done + share)

    def finished(self, step: Step, seconds: float) -> None:
        """The line above, the whole bar on."""
        super().finished(step, seconds)
        self.done += step.estimate.seconds
        self.number += 1
        self.progress.update(self.whole, completed=self.done, amount=f"{self.number}/{self.count} steps")
        self.progress.update(self.step, visible=False)
