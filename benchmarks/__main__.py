"""`python -m benchmarks`: run benchmarks by name, all of them without one."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib import import_module
from typing import Any

from benchmarks.report import Settings, as_json, show
from benchmarks.workspace import ROOT

BENCHMARKS = {
    "startup": "startup",
    "compile": "compile",
    "shots": "shots",
    "length": "length",
    "run": "run",
    "diffusers": "versus_diffusers",
    "memory": "memory",
    "imports": "imports",
}


def main() -> int:
    """Run what is asked for, one after the other; 1 if a goal is missed."""
    asked = _arguments()
    if asked.here:
        settings = Settings(asked.repeat, asked.small)
        print(json.dumps(as_json(import_module(f"benchmarks.{BENCHMARKS[asked.names[0]]}").measure(settings))))
        return 0
    reports = {}
    for name in asked.names or BENCHMARKS:
        reports[name] = _in_its_own_process(name, asked)
        if not asked.json:
            show(name, reports[name])
    if asked.json:
        print(json.dumps(reports, indent=2, ensure_ascii=False))
    return int(not all(goal["kept"] for report in reports.values() for goal in report["goals"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all if none is named")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--repeat", type=int, metavar="N", help="counted rounds; each benchmark has its own number")
    parser.add_argument("--small", action="store_true", help="only the smallest setting: to see that it works")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if unknown := set(asked.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}")
    return asked


def _in_its_own_process(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """A fresh process for each: a child's peak memory counts that of the process which started it."""
    command = [sys.executable, "-m", "benchmarks", name, "--here"]
    command += ["--repeat", str(asked.repeat)] if asked.repeat else []
    command += ["--small"] if asked.small else []
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main())
