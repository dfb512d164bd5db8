#!/usr/bin/env python3
"""Set up a checkout and use it: `python3 bootstrap.py run FILE …`, `… test [ARGS]`, or any `ltx` command.

Makes a virtual environment in `.venv`, installs the package with the tested versions of constraints.txt, and goes
on there. Needs Python 3.11 or newer and nothing else. A second call installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = Path(os.environ.get("LTX_VENV", ROOT / ".venv"))
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")  # of all tests: each process holds torch


def main(arguments: list[str]) -> int:
    """Install what is missing, then run the command."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python may be asked to run
        print("ltxdsl needs Python 3.11 or newer; this is", sys.version.split()[0], file=sys.stderr)
        return 2
    testing = arguments[:1] == ["test"]
    install(".[dev]" if testing else ".")
    command = ["-m", "pytest", *(arguments[1:] or PARALLEL)] if testing else ["-m", "ltxdsl", *arguments]
    return subprocess.call([str(PYTHON), *command], cwd=ROOT if testing else None)


def install(what: str) -> None:
    """Make the environment and install into it, unless that was done with the same files."""
    stamp = HOME / f"installed-{'dev' if 'dev' in what else 'run'}"
    wanted = fingerprint()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        print(f"making {HOME}", file=sys.stderr)
        venv.create(HOME, with_pip=True)
    print("installing (torch is large: this takes some minutes the first time)", file=sys.stderr)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # torch first and by itself: pip then keeps that build when the package's own range is resolved
    subprocess.check_call([*pip, *(line for line in constraints() if line.startswith("torch=="))])
    subprocess.check_call([*pip, "--constraint", "constraints.txt", "--editable", what], cwd=ROOT)
    stamp.write_text(wanted)


def constraints() -> list[str]:
    """The tested versions."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def fingerprint() -> str:
    """What an installation depends on."""
    content = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
