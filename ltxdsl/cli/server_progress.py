"""Progress of a job on a server: a live line on a terminal, a line a node elsewhere; previews into a folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ltxdsl.comfy.server.job import Job
from ltxdsl.comfy.server.messages import Picture
from ltxdsl.comfy.server.watch import Listener
from ltxdsl.store import write_bytes_into_place

WORTH_A_LINE = 0.1  # seconds


class Quiet(Listener):
    """Says nothing, and keeps previews if there is a folder for them."""

    def __init__(self, previews: str | None) -> None:
        self.folder = Path(previews) if previews else None
        self.run = uuid4().hex[:8]
        self.pictures = 0

    def pictured(self, picture: Picture) -> None:
        """Counted, and kept; a full disk stops no job."""
        self.pictures += 1
        if self.folder is None or not picture.suffix:
            return
        try:
            write_bytes_into_place(self.folder / f"{self.run}-{self.pictures:04d}{picture.suffix}", picture.data)
        except OSError as error:
            self.folder = None
            self.warned(f"no more previews are kept: {error}")


class Lines(Quiet):
    """One line a node that took a while."""

    def __init__(self, console: Console, job: Job, previews: str | None) -> None:
        super().__init__(previews)
        self.console, self.job = console, job
        self.node, self.began = "", 0.0
        self.before = -1

    def warned(self, text: str) -> None:
        """A line of its own."""
        self.console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)

    def waiting(self, before: int) -> None:
        """Once for each place."""
        if before and before != self.before:
            self.before = before
            self._say(f"waiting: {before} job{'s' if before > 1 else ''} before this one")

    def reused(self, nodes: list[str]) -> None:
        """How many."""
        if nodes:
            self._say(f"{len(nodes)} of {len(self.job.prompt)} nodes from the server's cache")

    def started(self, node: str) -> None:
        """The one before is done."""
        self.ended()
        self.node, self.began = node, time.monotonic()

    def ended(self) -> None:
        """The node and its time."""
        seconds = time.monotonic() - self.began
        if self.node and seconds >= WORTH_A_LINE:
            self.console.print(f"{escape(self.job.label(self.node))}  [dim]{seconds:.1f} s[/dim]", soft_wrap=True)
        self.node = ""

    def _say(self, text: str) -> None:
        self.console.print(escape(text), style="dim", soft_wrap=True)


class Live(Lines):
    """The lines, and below them a bar for the node that runs."""

    def __init__(self, progress: Progress, job: Job, previews: str | None) -> None:
        super().__init__(progress.console, job, previews)
        self.progress = progress
        self.bar = progress.add_task("", total=None, amount="", visible=False)

    def noted(self, text: str) -> None:
        """In the place of a node."""
        self._show(text)

    def waiting(self, before: int) -> None:
        """In the place of a node."""
        self._show(f"waiting: {before} before this one" if before else "about to begin")

    def started(self, node: str) -> None:
        """A fresh bar."""
        super().started(node)
        self._show(self.job.label(node))

    def progressed(self, node: str, done: float, total: float) -> None:
        """Steps of a sampler, tiles, frames."""
        shown = f"{self.pictures} previews" if self.pictures else ""
        self.progress.update(self.bar, completed=done, total=total, amount=f"{done:g}/{total:g} {shown}")

    def ended(self) -> None:
        """No bar."""
        super().ended()
        self.progress.update(self.bar, visible=False)

    def _show(self, text: str) -> None:
        self.progress.reset(self.bar, total=None, description=escape(text), visible=True, amount="")


@contextmanager
def listener(live: bool, job: Job, previews: str | None) -> Iterator[Lines]:
    """A listener that writes to standard error."""
    console = Console(stderr=True, highlight=False)
    if not live:
        yield Lines(console, job, previews)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=28), TextColumn("{task.fields[amount]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        yield Live(progress, job, previews)
