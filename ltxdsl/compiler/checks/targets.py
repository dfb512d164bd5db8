"""Rules of targets: what cannot be done where."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ltxdsl.compiler.checks.rules import Finding, Program, known_at_run, known_elsewhere, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops import Statement
from ltxdsl.ops.declare import Param, params
from ltxdsl.source import Span
from ltxdsl.targets import LOCAL, TITLES

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
    wrong='prompt "a lake"\ntune sound 0.5\npass dev 30',
    right='prompt "a lake"\npass dev 30',
)
def target_cannot(program: Program) -> Iterator[Finding]:
    """The message names the target that can."""
    for said in program.each(Statement):
        if program.target not in said.targets and not said.left_out(program.target):
            yield _refused(program.target, said.word, said.targets, said.span)


@rule(
    "LTX094",
    "statement that this runtime leaves out",
    Severity.WARNING,
    why="Nothing of the clip comes of a node without a name, `show` or `preview`, which show or save something in "
    "ComfyUI; nor of `chunk`, whose numbers are the same.",
    wrong='prompt "a lake"\npass dev 30\nnode "PreviewImage" { images: frames }',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4"',
    targets=(LOCAL,),
)
def left_out(program: Program) -> Iterator[Finding]:
    """A script of ComfyUI's runs here all the same."""
    for said in program.each(Statement):
        if said.left_out(program.target):
            yield Finding(
                f"`{said.word}` is left out here", said.span, "`ltx export` writes it; `save` writes files here"
            )


@rule(
    "LTX093",
    "option that the target cannot do",
    Severity.ERROR,
    why="Every option declares where it can run.",
    wrong='prompt "a lake"\npass 0.5x dev 30\nupscale 2x enlarge "4x-UltraSharp.pth"',
    right='prompt "a lake"\npass 0.5x dev 30\nupscale 2x by lanczos',
)
def target_cannot_so(program: Program) -> Iterator[Finding]:
    """What is written of a statement that the target can do otherwise."""
    for said in program.each(Statement):
        for field, param in _limited(said.__class__).items():
            if said.gives(field) and program.target not in param.targets:
                yield _refused(program.target, param.key or field, param.targets, said.span_of(field))


@cache
def _limited(cls: type[Statement]) -> dict[str, Param]:
    """The parameters that not every target of the statement can do."""
    return {field: param for field, param in params(cls).items() if set(cls.targets) - set(param.targets)}


def _refused(target: str, word: str, targets: tuple[str, ...], span: Span) -> Finding:
    able = " and ".join(TITLES[t] for t in targets)
    hint = "use `ltx export`" if "comfy" in targets else "use `ltx run`"
    return Finding(f"{TITLES[target]} cannot do `{word}`; {able} can", span, hint)
