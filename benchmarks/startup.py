"""Cold wall time of what only looks, as a ratio to starting Python at all; and what `check` spends it on."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from functools import partial
from statistics import median

from benchmarks.measure import interleaved, milliseconds, ratio
from benchmarks.report import Goal, Report, Settings
from benchmarks.workspace import LTX, Workspace, workspace

COMMANDS = {
    "ltx check": ("check", "ten.ltx"),
    "ltx fmt": ("fmt", "--check", "ten.ltx"),
    "ltx plan": ("plan", "ten.ltx"),
    "ltx export": ("export", "ten.ltx"),
    "ltx rules": ("rules",),
}
UNCHANGED = "ltx check, unchanged"
GOAL, GOAL_UNCHANGED = 22.0, 4.0
PLAIN = "times `python -c pass`"
SHOWN = 12
PHASES = """
import json, time
marks = [("start", time.perf_counter())]
def mark(name): marks.append((name, time.perf_counter()))
import ltxdsl.cli; mark("import click and ltxdsl.cli")
import ltxdsl.grammar; mark("import the grammar (lark)")
import ltxdsl.cli.check; mark("import the rest of check")
from ltxdsl.grammar.parse import _parser; _parser(); mark("build the parser")
from pathlib import Path
from ltxdsl.models import load_model_set; models = load_model_set(None, Path(".")); mark("read the model set")
from ltxdsl.compiler import analyze
from ltxdsl.source import Source
source = Source(Path("ten.ltx").read_text(), "ten.ltx")
analyze(source, models); mark("analyze, first time")
analyze(source, models); mark("analyze, second time")
print(json.dumps({name: at - before for (_, before), (name, at) in zip(marks, marks[1:])}))
"""


def measure(settings: Settings) -> Report:
    """Every command in turn with `python -c pass`, then imports by package, then the phases of check."""
    rounds = settings.rounds(15)
    with workspace() as place:
        commands = _commands(place, settings.small)
        interleaved(commands, 1)  # files into the page cache
        times = interleaved(commands, rounds)
        imports = _imports(place, 1 if settings.small else 5)
        phases = _phases(place, rounds)
    plain = times["python -c pass"]
    rows = [
        {"command": name, "ratio": ratio(found, plain), "ms": _ms(median(found)), "least ms": _ms(min(found))}
        for name, found in times.items()
    ]
    goals = [Goal("ltx check on 10 lines", GOAL, ratio(times["ltx check"], plain), PLAIN)]
    goals.append(Goal("ltx check of an unchanged file", GOAL_UNCHANGED, ratio(times[UNCHANGED], plain), PLAIN))
    return Report(
        {"cold start": rows, f"imports of check, top {SHOWN}": imports, "phases of check": phases},
        goals=tuple(goals),
        notes=(f"medians of {rounds} rounds, every command once a round; bytecode is compiled before, as pip does",),
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _commands(place: Workspace, small: bool) -> dict[str, partial[object]]:
    plain = {"python -c pass": partial(place.python, "-c", "pass")}
    shown = list(COMMANDS.items())[: 1 if small else None]
    found = plain | {name: partial(place.ltx, *arguments) for name, arguments in shown}
    return found | {"ltx check": partial(_forgotten, place), UNCHANGED: found["ltx check"]}


def _forgotten(place: Workspace) -> None:
    """`ltx check` where no answer is known."""
    place.empty_answers()
    place.ltx(*COMMANDS["ltx check"])


def _imports(place: Workspace, rounds: int) -> list[dict[str, object]]:
    """Time that the modules of each package take themselves; what plain Python imports anyway is left out."""
    usual = set(_self_times(place, "-c", "pass"))
    sums: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, int] = {}
    for _ in range(rounds):
        place.empty_answers()
        found = {m: t for m, t in _self_times(place, *LTX, *COMMANDS["ltx check"]).items() if m not in usual}
        for name in {_package(module) for module in found}:
            members = [t for module, t in found.items() if _package(module) == name]
            sums[name].append(sum(members))
            counts[name] = len(members)
    times = {name: median(found) for name, found in sums.items()}
    total = sum(times.values())
    largest = sorted(times, key=lambda n: -times[n])
    rows = [_import_row(name, counts[name], times[name], total) for name in largest[:SHOWN]]
    others = largest[SHOWN:]
    rest = _import_row("all others", sum(counts[n] for n in others), sum(times[n] for n in others), total)
    return [*rows, rest, _import_row("together", sum(counts.values()), total, total)]


def _import_row(name: str, modules: int, seconds: float, total: float) -> dict[str, object]:
    return {"package": name, "modules": modules, "ms": milliseconds(seconds), "share": f"{seconds / total:.0%}"}


def _self_times(place: Workspace, *arguments: str) -> dict[str, float]:
    """Seconds by module, as `-X importtime` gives them."""
    place.python("-X", "importtime", *arguments)
    lines = re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", (place.folder / ".stderr").read_text())
    return {module: int(micros) / 1e6 for micros, module in lines}


def _package(module: str) -> str:
    """Our packages one by one, others by their first name, the standard library by its modules' first name."""
    first, _, rest = module.partition(".")
    if first == "ltxdsl":
        return f"ltxdsl.{rest.partition('.')[0]}" if rest else first
    return f"{first} (stdlib)" if first.lstrip("_") in _STANDARD or first in _STANDARD else first


_STANDARD = sys.stdlib_module_names


def _phases(place: Workspace, rounds: int) -> list[dict[str, object]]:
    found = [json.loads(place.python("-c", PHASES).output) for _ in range(rounds)]
    return [
        {"phase": name, "ms": _ms(median(f[name] for f in found)), "least ms": _ms(min(f[name] for f in found))}
        for name in found[0]
    ]
