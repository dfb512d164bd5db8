"""Rules of memory: what a machine that is named (`--on`) can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.media import Decode
from ltxdsl.source import Span

NAMED = {"hardware": "rtx3060"}


def _advised(program: Program, kind: str) -> Iterator[Finding]:
    """A finding for each different step with advice of that kind, at its first statement."""
    found = [] if program.broken else [a for a in program.advice if a.kind == kind]
    times = Counter(advice.what for advice in found)
    for advice in {a.what: a for a in found}.values():
        count = times[advice.what] - 1
        more = f", and {count} more such step{'s' if count > 1 else ''}" if count else ""
        hint = "with any of: " + "; ".join(advice.remedies) if advice.remedies else ""
        span = program.scene.graph[advice.node].span
        yield Finding(f"{advice.stage}: {advice.what}{more}", span, hint, _tiling(program, span, advice.remedies))


def _tiling(program: Program, span: Span | None, remedies: tuple[str, ...]) -> tuple[Fix, ...]:
    """The `decode` that helps, on a line before the statement, where none is said yet."""
    decode = next((r.strip("`") for r in remedies if r.startswith("`decode")), "")
    if not decode or span is None or span.end > len(program.source.text) or any(program.each(Decode)):
        return ()
    before = program.source.text[: span.start].rpartition("\n")[2]
    line_end = "" if not before.strip() else "\n"
    return (Fix(Span(span.start, span.start), f"{line_end}{decode}\n{before if not before.strip() else ''}"),)


@rule(
    "LTX210",
    "pass too large for the memory",
    Severity.ERROR,
    optional=True,
    why="A call of the transformer holds 18 and more tensors as wide as the model for every token of clip and guides.",
    wrong='size 8192x8192\nlength 121f\nprompt "a lake"\npass dev 30',
    right='size 512x512\nlength 121f\nprompt "a lake"\npass dev 30',
    source="counted on the embedded transformer; docs/running.md says how",
    asked=NAMED,
)
def pass_too_large(program: Program) -> Iterator[Finding]:
    """Only where a machine is named; weights may be streamed, activations have to fit."""
    yield from _advised(program, "memory")


@rule(
    "LTX211",
    "decoding too large for the memory",
    Severity.ERROR,
    optional=True,
    why="The VAE's last levels hold four tensors of 128 channels at a quarter of the size, for all frames at once.",
    wrong='size 2048x2048\nlength 81f\nprompt "a lake"\npass dev 30',
    right='size 2048x2048\nlength 81f\nprompt "a lake"\npass dev 30\ndecode tile 512 overlap 64',
    source="counted on the embedded video VAE; docs/running.md says how",
    asked=NAMED,
)
def decoding_too_large(program: Program) -> Iterator[Finding]:
    """Only where a machine is named. Tiles that have been worked out to fit are offered."""
    yield from _advised(program, "decode")


@rule(
    "LTX212",
    "weights slow a step down",
    Severity.NOTE,
    why="Weights that do not fit beside the activations cross the bus at every call; long computing hides that.",
    wrong="",  # the embedded models fit everywhere
    right="",
    asked=NAMED,
)
def weights_streamed(program: Program) -> Iterator[Finding]:
    """Only where a machine is named: from its main memory, which holds them."""
    yield from _advised(program, "stream")


@rule(
    "LTX213",
    "weights are read from disk at every call",
    Severity.WARNING,
    why="Weights that fit neither the card nor main memory come from disk again at every call of the model.",
    wrong="",  # the embedded models fit everywhere
    right="",
    asked=NAMED,
)
def weights_from_disk(program: Program) -> Iterator[Finding]:
    """Only where a machine is named."""
    yield from _advised(program, "disk")


@rule(
    "LTX214",
    "fp8 weights without 8-bit arithmetic",
    Severity.NOTE,
    why="Cards before Ada and Hopper compute 8-bit weights in 16 bits: they save memory there, not time.",
    wrong="",  # the embedded models are in 32 bits
    right="",
    asked=NAMED,
)
def eight_bits_without_arithmetic(program: Program) -> Iterator[Finding]:
    """Only where a machine is named."""
    machine = program.machine
    if machine is None or "fp8" not in program.models.precision.values():
        return
    for stage in program.stages[:1]:
        if not machine.fp8_flops:
            message = f"{machine.name} computes the fp8 weights of `{program.models.name}` in 16 bits"
            yield Finding(message, stage.statement.span)
