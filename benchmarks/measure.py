"""Timing: child processes with the operating system's own account of them, and functions in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

K = TypeVar("K")
MEBI = 1 << 20


@dataclass(frozen=True)
class Child:
    """A finished process. `peak` is its largest resident memory in bytes."""

    seconds: float
    peak: int
    output: str


def run_child(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Child:
    """Run Python with these arguments to its end; a failure is an error with what it printed."""
    out, errors = folder / ".stdout", folder / ".stderr"
    command = [sys.executable, *arguments]
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=stdout, stderr=stderr)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{errors.read_text()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Child(seconds, used.ru_maxrss * unit, out.read_text() or errors.read_text())


def interleaved(
    work: Mapping[K, Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[K, list[float]]:
    """Seconds of each function, all of them called in turn, round by round, so that a slow moment hits all.

    For work on one thread in this process, `time.process_time` as the clock leaves the neighbours out.
    """
    times: dict[K, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, function in work.items():
            began = clock()
            function()
            times[name].append(clock() - began)
    return times


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def milliseconds(seconds: float) -> float:
    """Milliseconds with three decimals."""
    return round(seconds * 1000, 3)
