"""Checking long scripts: time in process against Lark's bare parse of the same text, and growth with length."""

from __future__ import annotations

import gc
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import interleaved, milliseconds, ratio
from benchmarks.report import Goal, Report, Settings
from benchmarks.workspace import inside, workspace
from ltxdsl.cli.common import without_cycle_collection

LENGTHS = (100, 1_000, 10_000, 100_000)
JUDGED = 10_000  # statements that the ratio is judged at
GOAL, GOAL_GROWTH = 3.0, 1.5
FEW = 3  # rounds of the longest script


def takes(statements: int) -> str:
    """A film in takes of five statements: names, texts, guidance, passes with conditions of their own, files."""
    return "size 256x256\nlength 241f\n" + "".join(map(_take, range(statements // 5)))


def _take(number: int) -> str:
    return f"""let weak{number} = 0.5 / 2
prompt "a queen in garden {number}, morning light"
cfg 2 for {number % 3 + 1} then 1
pass dev er_sde sigmas 0.9, 0.6, 0 {{ guide img @ {8 * (number % 20) + 9}f strength weak{number} }}
save "take{number}.mp4"
"""


def measure(settings: Settings) -> Report:
    """Least time of each for each length, and the time for one statement against that in the shortest script."""
    lengths = LENGTHS[:2] if settings.small else LENGTHS
    with workspace() as place, inside(place):
        rows = [_row(n, settings.rounds(FEW if n == LENGTHS[-1] else 7)) for n in lengths]
    for row in rows:
        row["growth"] = row["ms"] / rows[0]["ms"] / (row["statements"] / rows[0]["statements"])
    judged = next((row for row in rows if row["statements"] == JUDGED), rows[-1])
    what = f"ltx check of {judged['statements']} statements, in process"
    goals = (
        Goal(what, GOAL, judged["ratio"], "times Lark's bare parse"),
        Goal("time for a statement in the longest script", GOAL_GROWTH, rows[-1]["growth"], "times the shortest's"),
    )
    return Report({"analyze against bare parse": rows}, goals=goals, notes=("processor time; medians of ratios",))


def _row(statements: int, rounds: int) -> dict[str, Any]:
    work = _work(takes(statements))
    interleaved(work, 1)
    with without_cycle_collection():  # as `ltx check` does
        times = interleaved(work, rounds, time.process_time)
    gc.collect()
    bare, ours = times["bare"], times["analyze"]
    return {
        "statements": statements,
        "ratio": ratio(ours, bare),
        "ms": milliseconds(min(ours)),
        "bare ms": milliseconds(min(bare)),
    }


def _work(text: str) -> dict[str, Any]:
    """Lark's parse to its own trees with the same grammar, and all of our way."""
    import lark

    from ltxdsl import grammar
    from ltxdsl.compiler import analyze
    from ltxdsl.models import load_model_set
    from ltxdsl.source import Source

    rules = (Path(grammar.__file__).parent / "ltx.lark").read_text(encoding="utf-8")
    bare = lark.Lark(rules, parser="lalr", lexer="basic")
    models = load_model_set("embedded", Path())
    return {"bare": partial(bare.parse, text), "analyze": lambda: analyze(Source(text), models)}
