"""Time in process from text to plan and to ComfyUI, by stage and by length of the script."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import scripts
from benchmarks.measure import interleaved, milliseconds
from benchmarks.report import Report, Settings
from benchmarks.workspace import inside, workspace

SCRIPTS = {"one line": scripts.ONE_LINER, "10 lines": scripts.TEN_LINES, "200 lines": scripts.two_hundred_lines()}


def measure(settings: Settings) -> Report:
    """Least time of each stage for each script, and growth from 10 to 200 lines."""
    rounds = settings.rounds(25)
    with workspace() as place, inside(place):
        times = {name: _stages(text, rounds) for name, text in list(SCRIPTS.items())[: 1 if settings.small else None]}
    rows = [{"stage": stage, **{name: milliseconds(found[stage]) for name, found in times.items()}} for stage in STAGES]
    if not settings.small:
        for row in rows:
            row["growth"] = round(row["200 lines"] / row["10 lines"] / 20, 2)
    rows.append({"stage": "ops in the graph", **{n: _count(n) for n in times}, **({} if settings.small else _growth())})
    return Report({"milliseconds in process": rows}, notes=(f"least processor time of {rounds} rounds", GROWTH))


GROWTH = "growth = time for 200 lines / time for 10 lines / 20: 1 is linear, under 1 is less than linear"
STAGES = ("parse", "analyze", "of it bind, lower, check", "transform", "plan", "export")


def _stages(text: str, rounds: int) -> dict[str, float]:
    """Seconds by stage; analyze holds parse."""
    work = _work(text)
    interleaved(work, 1)
    found = {stage: min(times) for stage, times in interleaved(work, rounds, time.process_time).items()}
    found["of it bind, lower, check"] = found["analyze"] - found["parse"]
    return found


def _work(text: str) -> dict[str, Callable[[], Any]]:
    from ltxdsl.comfy.export import export_prompt
    from ltxdsl.compiler import Request, analyze, compile, transform
    from ltxdsl.compiler.planner import plan
    from ltxdsl.grammar import parse
    from ltxdsl.models import load_model_set
    from ltxdsl.source import Source

    models, source = load_model_set("embedded", Path()), Source(text, "script.ltx")
    request = Request(given={} if "image" in text else {"img": scripts.PICTURE})
    compiled = compile(source, models, request)
    assert compiled.ok, compiled.diagnostics
    return {
        "parse": partial(parse, source),
        "analyze": partial(analyze, source, models, request),
        "transform": partial(transform, analyze(source, models, request).graph),
        "plan": partial(plan, compiled.graph, compiled.stages, models),
        "export": partial(export_prompt, compiled, models),
    }


def _count(name: str) -> int:
    from ltxdsl.compiler import analyze
    from ltxdsl.models import load_model_set
    from ltxdsl.source import Source

    return len(analyze(Source(SCRIPTS[name]), load_model_set("embedded", Path())).graph)


def _growth() -> dict[str, float]:
    return {"growth": round(_count("200 lines") / _count("10 lines") / 20, 2)}
