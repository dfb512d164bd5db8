"""What a benchmark gives: tables of numbers, goals with what was reached, notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A limit that a number should stay under."""

    what: str
    limit: float
    reached: float
    unit: str

    @property
    def kept(self) -> bool:
        """Whether it does."""
        return self.reached <= self.limit


@dataclass(frozen=True)
class Report:
    """Rows of equal keys under a title; the first key names the row."""

    tables: dict[str, list[dict[str, Any]]]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Settings:
    """How often to measure (None = the benchmark's own choice), and whether to do only the smallest piece."""

    repeat: int | None = None
    small: bool = False

    def rounds(self, usual: int) -> int:
        """Counted repetitions."""
        return self.repeat or (1 if self.small else usual)


def as_json(report: Report) -> dict[str, Any]:
    """A report as plain values."""
    goals = [{**vars(goal), "kept": goal.kept} for goal in report.goals]
    return {"tables": report.tables, "goals": goals, "notes": list(report.notes)}


def show(name: str, report: dict[str, Any]) -> None:
    """Draw a report that came as plain values."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for title, rows in report["tables"].items():
        table = Table(title=f"{name}: {title}", title_justify="left")
        for index, column in enumerate(rows[0] if rows else ()):
            table.add_column(column, justify="right" if index else "left")
        for row in rows:
            table.add_row(*map(_shown, row.values()))
        console.print(table)
    for goal in report["goals"]:
        verdict = "[green]kept[/]" if goal["kept"] else "[red]missed[/]"
        reached, limit = _shown(goal["reached"]), _shown(goal["limit"])
        console.print(f"goal {verdict}: {goal['what']} ≤ {limit} {goal['unit']}, reached {reached}")
    for note in report["notes"]:
        console.print(f"[dim]{note}[/]")
    console.print()


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
