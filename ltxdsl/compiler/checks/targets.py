"""Rules of targets: what cannot be done where."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, known_at_run, known_elsewhere, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops import Statement
from ltxdsl.targets import TITLES

known_at_run("LTX091", "beyond ComfyUI's nodes", "A node has limits of its own.")

known_elsewhere(
    "LTX092",
    "unknown target",
    why="Nodes differ by version; what is not known of a version cannot be promised for it.",
    wrong='prompt "a lake"\npass dev 30',
    right='prompt "a lake"\npass dev 30',
    asked={"target": "comfy@0.3"},
    asked_right={"target": "comfy@0.27"},
)


@rule(
    "LTX090",
    "statement that the target cannot do",
    Severity.ERROR,
    why="Every statement declares where it can run.",
    wrong='prompt "a lake"\nchunk 2\npass dev 30',
    right='prompt "a lake"\npass dev 30',
)
def target_cannot(program: Program) -> Iterator[Finding]:
    """The message names the target that can."""
    for said in program.each(Statement):
        if program.target not in said.targets:
            able = " and ".join(TITLES[t] for t in said.targets)
            hint = "use `ltx export`" if "comfy" in said.targets else ""
            yield Finding(f"{TITLES[program.target]} cannot do `{said.word}`; {able} can", said.span, hint)
