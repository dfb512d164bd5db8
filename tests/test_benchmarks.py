"""The benchmarks run and say what they measured. Nothing here judges a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
KEYS = {
    "startup": {"command", "ratio", "ms", "least ms"},
    "compile": {"stage", "one line"},
    "length": {"statements", "ratio", "ms", "bare ms", "growth"},
    "shots": {"stage", "10", "100", "growth"},
    "run": {"run", "wall s", "least s", "run s", "peak MB", "computed", "reused"},
    "diffusers": {"work", "ours / diffusers", "of medians", "of least", "ours s", "diffusers s"},
    "memory": {"what", "peak MB", "wall s"},
    "imports": {"nodes", "ratio", "ms", "growth"},
}


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def report(name: str) -> dict[str, Any]:
    done = benchmark(name, "--small", "--repeat", "1", "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)[name]


@pytest.mark.parametrize(
    "name",
    [
        "startup",
        "compile",
        "length",
        "shots",
        "imports",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("run", "diffusers", "memory")),
    ],
)
def test_smallest_setting(name: str) -> None:
    found = report(name)
    rows = next(iter(found["tables"].values()))
    assert rows
    assert all(row.keys() == KEYS[name] for row in rows)
    assert all({"what", "limit", "reached", "unit", "kept"} == goal.keys() for goal in found["goals"])


def test_all_benchmarks_are_tested() -> None:
    from benchmarks.__main__ import BENCHMARKS

    assert BENCHMARKS.keys() == KEYS.keys()


def test_tables_for_people() -> None:
    printed = benchmark("compile", "--small", "--repeat", "1").stdout
    assert "milliseconds in process" in printed
    assert "transform" in printed


def test_unknown_name() -> None:
    done = benchmark("speed")
    assert done.returncode == 2
    assert "there is no benchmark speed" in done.stderr
