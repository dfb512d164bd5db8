"""Rules of targets: what cannot be done where."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, known_at_run, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops import Statement

known_at_run("LTX091", "beyond ComfyUI's nodes", "A node has limits of its own.")

NAMES = {"local": "this runtime", "comfy": "ComfyUI"}


@rule(
    "LTX090",
    "statement that the target cannot do",
    Severity.ERROR,
    why="Every statement declares where it can run.",
    wrong='prompt "a lake"\nnag "people"\npass distill 8',
    right='prompt "a lake"\nnegative "people"\npass dev 30',
)
def target_cannot(program: Program) -> Iterator[Finding]:
    """The message names the target that can."""
    for said in program.each(Statement):
        if program.target not in said.targets:
            able = " and ".join(NAMES[t] for t in said.targets)
            hint = "use `ltx export`" if "comfy" in said.targets else ""
            yield Finding(f"{NAMES[program.target]} cannot do `{said.word}`; {able} can", said.span, hint)
