"""Rules of what a script costs, on the hardware that is named."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.graph import Node
from ltxdsl.compiler.plan import Estimate
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.base import Port


def _estimates(program: Program) -> Iterator[tuple[Node, Estimate]]:
    """What each step that loads a model costs on the machine that is named."""
    machine = program.machine
    if machine is None:
        return
    from ltxdsl.compiler import cost, memory  # only where a machine is named: a check starts fast

    for node in program.scene.graph:
        if node.op.uses:
            given = {port: program.facts[ref] for port, ref in node.inputs.items()}
            whole = cost.estimate(node.op, given, program.models, machine)
            yield node, memory.fitted(whole, node.op.uses, program.models, machine)


def _larger(program: Program, node: Node) -> str:
    """The advice for a step that needs too much."""
    if Port.IMAGE in node.op.outputs.values():
        return "decode in tiles: `decode tile 512 overlap 64 frames 40f`"
    advice = "a smaller `size`, fewer frames, or weights in fp8"
    return advice if node.op.work() is None else f"{advice}; guides are part of it"


@rule(
    "LTX093",
    "does not fit into memory",
    Severity.ERROR,
    why="A step needs its tensors and at least two layers of its weights at once; what is over the memory stops it.",
    wrong='size 1920x1024\nlength 241f\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    right='size 1024x1024\nlength 121f\nprompt "a lake"\npass 0.5x dev 30\nupscale 2x',
    source="sums over the architecture's tensors, as `ltx plan --on` shows them",
    optional=True,
    asked={"hardware": "rtx3060"},
)
def does_not_fit(program: Program) -> Iterator[Finding]:
    """With `--on`; the largest step of each statement is told."""
    worst: dict[object, tuple[float, Node]] = {}
    for node, estimate in _estimates(program):
        if estimate.missing > worst.get(node.span, (0.0, node))[0]:
            worst[node.span] = (estimate.missing, node)
    for missing, node in worst.values():
        assert program.machine
        over = f"{missing / 1e9:.1f} GB more than `{program.machine.name}` has"
        yield Finding(f"{node.op.label()} needs about {over}", node.span, _larger(program, node))
