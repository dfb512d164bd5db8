"""What holds for every plan, told by its steps alone."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.plan import Plan, Step


def misread(plan: Plan) -> Iterator[str]:
    """Values that are read before anything has made them, or after they were let go of; parts that are not loaded."""
    made: set[str] = set()
    loaded: set[str] = set()
    for step in plan.steps:
        for value in sorted(set(step.inputs.values()) - made):
            yield f"step `{step.label}` reads `{value}`, which is not there"
        loaded |= set(step.loads)
        for part in sorted(set(step.parts) - loaded):
            yield f"step `{step.label}` needs `{part}`, which is not loaded"
        made = (made | set(_made(step))) - set(step.frees)
        loaded -= set(step.unloads)


def kept_too_long(plan: Plan) -> Iterator[str]:
    """Values and parts that stay in memory after their last use."""
    last_value: dict[str, int] = {}
    last_part: dict[str, int] = {}
    for index, step in enumerate(plan.steps):
        last_value |= dict.fromkeys([*step.inputs.values(), *_made(step)], index)
        last_part |= dict.fromkeys(step.parts, index)
    for value, index in last_value.items():
        if value not in plan.steps[index].frees:
            yield f"`{value}` is kept after step `{plan.steps[index].label}`, the last that touches it"
    for part, index in last_part.items():
        if part not in plan.steps[index].unloads:
            yield f"`{part}` is kept after step `{plan.steps[index].label}`, the last that needs it"


def changes(first: Plan, second: Plan) -> Iterator[str]:
    """How a plan differs from another of the same script, by the keys of its steps if it can be."""
    for one, other in zip(first.steps, second.steps, strict=False):
        if one.key != other.key:
            yield f"step `{one.label}` has the key {one.key} once, and {other.key} then"
    if first != second:
        yield "two plans of the script differ"


def _made(step: Step) -> list[str]:
    return [f"{step.id}.{port}" for port in step.outputs]
