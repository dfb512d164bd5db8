"""Planning many shots: optimizing, ordering and estimating should cost the same for each, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import scripts
from benchmarks.measure import interleaved, milliseconds
from benchmarks.report import Goal, Report, Settings
from benchmarks.workspace import inside, workspace

FEW, MANY = 100, 1000
LIMIT = 3.0  # of the cost of a shot among many to that among few: caches and garbage take some, a square gives 10


def measure(settings: Settings) -> Report:
    """Least processor time of each stage, of independent shots and of passes that go on from each other."""
    import time

    rounds = settings.rounds(5)
    counts = (10, FEW) if settings.small else (FEW, MANY)
    rows, worst = [], 0.0
    with workspace() as place, inside(place):
        for name, script in {"shots": scripts.shots, "passes of one clip": scripts.chain}.items():
            times = [interleaved(_work(script(count)), rounds, time.process_time) for count in counts]
            for stage in times[0]:
                few, many = (min(found[stage]) for found in times)
                growth = many / few / (counts[1] / counts[0])
                worst = max(worst, growth) if stage != "analyze" else worst
                row = {f"{count}": milliseconds(least) for count, least in zip(counts, (few, many), strict=True)}
                rows.append({"stage": f"{name}: {stage}", **row, "growth": round(growth, 2)})
    goal = Goal(f"a shot among {counts[1]} to one among {counts[0]}, to plan", LIMIT, worst, "x")
    return Report({"milliseconds in process": rows}, goals=(goal,), notes=("growth 1 is linear",))


def _work(text: str) -> dict[str, Callable[[], Any]]:
    from ltxdsl.compiler import analyze, transform
    from ltxdsl.compiler.planner import plan
    from ltxdsl.models import load_model_set
    from ltxdsl.source import Source

    models, source = load_model_set("ltx-2.3", Path()), Source(text, "script.ltx")
    found = analyze(source, models)
    assert found.ok, found.diagnostics
    graph = transform(found.graph)
    return {
        "analyze": partial(analyze, source, models),
        "transform": partial(transform, found.graph),
        "plan": partial(plan, graph, found.stages, models, "rtx4090"),
    }
