"""The one-liner on the embedded models: the first run, the same run again, and with another last pass."""

from __future__ import annotations

import json
from statistics import median

from benchmarks import scripts
from benchmarks.measure import MEBI, Child
from benchmarks.report import Goal, Report, Settings
from benchmarks.workspace import Workspace, workspace

RUNS = {
    "first run": (scripts.ONE_LINER, "out.mp4"),
    "again, all stored": (scripts.ONE_LINER, "out.mp4"),
    "another last pass": (scripts.CHANGED_LAST_PASS, "other.mp4"),
}
SECONDS, PEAK, SECONDS_AGAIN = 60.0, 3000.0, 3.0


def measure(settings: Settings) -> Report:
    """Three runs, several times, each time with an empty store; the models are built before."""
    rounds = settings.rounds(3)
    with workspace() as place:
        place.build_models()
        place.ltx("run", "-e", scripts.square(64), "-o", "warm.mp4")
        series = [_series(place) for _ in range(rounds)]
    rows = [_row(name, [one[name] for one in series]) for name in RUNS]
    by_name = {str(row["run"]): row for row in rows}
    first, again = by_name["first run"], by_name["again, all stored"]
    goals = (
        Goal("first run", SECONDS, first["wall s"], "s"),
        Goal("memory of the first run", PEAK, first["peak MB"], "MB"),
        Goal("the same run again", SECONDS_AGAIN, again["wall s"], "s"),
    )
    notes = (f"medians of {rounds} series", "`run s` is what the run says of itself: imports of torch, loading, steps")
    return Report({"one-liner": rows}, goals=goals, notes=notes)


def _series(place: Workspace) -> dict[str, Child]:
    place.empty_store()
    for file in place.folder.glob("*.mp4"):
        file.unlink()
    return {
        name: place.ltx("run", "-e", text, "--set", f"img={scripts.PICTURE}", "-o", out, "--json")
        for name, (text, out) in RUNS.items()
    }


def _row(name: str, children: list[Child]) -> dict[str, object]:
    told = [json.loads(child.output) for child in children]
    return {
        "run": name,
        "wall s": round(median(child.seconds for child in children), 2),
        "least s": round(min(child.seconds for child in children), 2),
        "run s": round(median(result["seconds"] for result in told), 2),
        "peak MB": round(max(child.peak for child in children) / MEBI, 1),
        "computed": len(told[0]["computed"]),
        "reused": len(told[0]["reused"]),
    }
