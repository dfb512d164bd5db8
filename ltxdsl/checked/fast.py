"""`ltx check` where every answer is known: options read, answers printed, nothing else loaded."""

from __future__ import annotations

import os
import sys

from ltxdsl.checked import answers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VALUED = {"--set": [], "--models": [""], "--target": ["local"], "--on": [""]}


def answered(arguments: Sequence[str]) -> int | None:
    """The exit code after printing what is known; None where the whole command must be loaded."""
    read = _options(arguments)
    if read is None:
        return None
    files, options, flags = read
    found = []
    for file in files:
        try:
            with open(file, "rb", buffering=0) as stream:
                known = answers.read(answers.key(file, options), stream.read())
        except (OSError, ValueError):
            return None
        if known is None:
            return None
        found.append((file, known[0]))
    strict, quiet = "--strict" in flags, bool({"-q", "--quiet"} & flags)
    return max([tell(file, answer, strict, quiet) for file, answer in found])


def _options(arguments: Sequence[str]) -> tuple[list[str], list[str], set[str]] | None:
    """Files, options that answers follow from, flags; None for anything that is not plain."""
    files: list[str] = []
    values = {name: list(usual) for name, usual in VALUED.items()}
    flags = set()
    rest = iter(arguments)
    for argument in rest:
        if argument in VALUED:
            values[argument].append(next(rest, ""))
        elif argument in ("--strict", "-q", "--quiet"):
            flags.add(argument)
        elif argument.startswith("-") or not argument:
            return None
        else:
            files += scripts_in(argument) if os.path.isdir(argument) else [argument]
    options = options_of(values["--models"][-1], values["--target"][-1], values["--on"][-1], values["--set"])
    return (files, options, flags) if files else None


def options_of(models: str, target: str, hardware: str, given: Sequence[str]) -> list[str]:
    """What an answer follows from, besides its script."""
    return [models, target, hardware, *given]


def scripts_in(folder: str) -> list[str]:
    """The `.ltx` files under a folder, in order; hidden folders are left out."""
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [os.path.join(path, name) for name in sorted(names) if name.endswith(".ltx")]
    return found


def tell(file: str, answer: answers.Answer, strict: bool, quiet: bool) -> int:
    """Print one answer: findings on standard error, the count where it belongs. Gives the exit code."""
    failed = answer.fails(strict)
    sys.stderr.write(answer.colored if sys.stderr.isatty() else answer.drawn)
    if not quiet:
        (sys.stderr if failed else sys.stdout).write(f"{file}: {counted(answer.counts)}\n")
    return int(failed)


def counted(counts: tuple[int, int, int]) -> str:
    """`2 errors, 1 warning`."""
    named = zip(counts, ("error", "warning", "note"), strict=True)
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in named if n) or "no problems"
