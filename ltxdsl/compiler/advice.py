"""What does not fit a machine, and what would make it fit. Every suggestion has been worked out: with it, it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ltxdsl.compiler import cost
from ltxdsl.compiler.facts import facts_of_nodes
from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.memory import fitted
from ltxdsl.compiler.plan import Advice, Estimate
from ltxdsl.models import ModelSet
from ltxdsl.ops.base import Port
from ltxdsl.quantities import gigabytes, seconds_text

TILES = ((1024, 0), (768, 0), (512, 0), (512, 64), (512, 32), (384, 32), (256, 16))  # side, frames; 0 = all
PRECISIONS = ("fp8", "q6_k", "q4_k_m", "q3_k_m")
SHARES = (7 / 8, 3 / 4, 2 / 3, 1 / 2, 3 / 8, 1 / 4)
SLOWER = 1.25  # how much streaming must cost to be worth a word; up to there it hides behind the computing
STREAMED_PARTS = ("transformer", "text_encoder")


class Case(msgspec.Struct, frozen=True):
    """One step with all that it follows from, on a machine."""

    nodes: dict[str, Node]
    id: str
    models: ModelSet
    machine: Hardware

    @property
    def node(self) -> Node:
        """The step's node."""
        return self.nodes[self.id]

    def alone(self) -> Estimate:
        """What it costs, wherever its weights are."""
        facts = facts_of_nodes(self.nodes)
        given = {port: facts[ref] for port, ref in self.node.inputs.items()}
        return cost.estimate(self.node.op, given, self.models, self.machine)

    def estimate(self) -> Estimate:
        """What it costs, with its weights where they have room."""
        return fitted(self.alone(), self.node.op.uses, self.models, self.machine)

    def edited(self, edit: Callable[[Node], dict[str, Any]]) -> Case:
        """The same with some fields of some ops changed."""
        changed = {
            id: msgspec.structs.replace(node, op=msgspec.structs.replace(node.op, **fields)) if fields else node
            for id, node in self.nodes.items()
            for fields in [edit(node)]
        }
        return msgspec.structs.replace(self, nodes=changed)


def advice_of(graph: Graph, models: ModelSet, machine: Hardware) -> tuple[Advice, ...]:
    """What is wrong with a graph on a machine; equal steps are worked out once, and each has its advice."""
    known: dict[object, Advice | None] = {}
    facts = facts_of_nodes(graph.nodes)
    found = []
    for node in graph.order():
        given = {port: facts[ref] for port, ref in node.inputs.items()}
        alike = (node.op.uses, node.op.work(), cost.Tiles.of(node.op), repr(sorted(given.items())))
        if node.op.uses and alike not in known:
            known[alike] = _advice(Case(_sources(graph, node.id), node.id, models, machine))
        if advice := known.get(alike) if node.op.uses else None:
            found.append(msgspec.structs.replace(advice, node=node.id, stage=node.stage))
    return tuple(found)


def _sources(graph: Graph, id: str) -> dict[str, Node]:
    """A node and all that it follows from."""
    waiting, found = [id], {id: graph[id]}
    while waiting:
        for ref in found[waiting.pop()].inputs.values():
            if ref.node not in found:
                found[ref.node] = graph[ref.node]
                waiting.append(ref.node)
    return found


def _advice(case: Case) -> Advice | None:
    estimate = case.estimate()
    label, on = case.node.op.label(), case.machine.name
    if estimate.missing > 0:
        need = gigabytes(case.machine.memory - case.machine.reserved + estimate.missing)
        room = gigabytes(case.machine.memory - case.machine.reserved)
        kind = "decode" if Port.IMAGE in case.node.op.outputs.values() else "memory"
        what = f"`{label}` needs {need}, and {on} has {room} free"
        return Advice(kind=kind, what=what, remedies=tuple(_remedies(case)))
    computing = case.alone().seconds
    if estimate.seconds > SLOWER * computing:
        calls = f" at each of {estimate.batches} calls" if estimate.batches > 1 else ""
        took, instead = seconds_text(estimate.seconds), seconds_text(computing)
        kind, where = ("stream", "main memory") if _in_main(case) else ("disk", "disk")
        what = f"`{label}` takes {took} instead of {instead}: {gigabytes(estimate.streamed)} come from {where}{calls}"
        return Advice(kind=kind, what=what, remedies=tuple(_lighter(case, lambda e: not e.streamed)))
    return None


def _in_main(case: Case) -> bool:
    """Whether main memory holds the weights that are streamed."""
    return sum(case.models.weight_bytes(part) for part in case.node.op.uses) <= case.machine.main


def _remedies(case: Case) -> Iterator[str]:
    """Changes after which the step fits, one of each kind: the gentlest."""
    for ways in (_tiles, _lighter, _unguided, _smaller, _shorter):
        yield from ways(case)


def _fits(estimate: Estimate) -> bool:
    return estimate.missing <= 0


def _tiles(case: Case) -> Iterator[str]:
    """The largest tiles of decoding that fit."""
    if Port.IMAGE not in case.node.op.outputs.values() or "tile" not in case.node.op.__struct_fields__:
        return
    for side, frames in TILES:
        fields = {"tile": side, "overlap": 64, "tile_frames": frames, "overlap_frames": 8}
        if _fits(case.edited(lambda n, to=fields: to if n.id == case.id else {}).estimate()):  # type: ignore[misc]
            yield f"`decode tile {side} overlap 64{f' frames {frames}f' if frames else ''}`"
            return


def _lighter(case: Case, good: Callable[[Estimate], bool] = _fits) -> Iterator[str]:
    """The most exact weights that fit."""
    for precision in PRECISIONS:
        parts = [part for part in case.node.op.uses if part in STREAMED_PARTS]
        lighter = {**case.models.precision, **dict.fromkeys(parts, precision)}
        models = msgspec.structs.replace(case.models, precision=lighter)
        is_less = any(models.weight_bytes(part) < case.models.weight_bytes(part) for part in parts)
        if is_less and good(msgspec.structs.replace(case, models=models).estimate()):
            weights = sum(models.weight_bytes(part) for part in parts)
            yield f"{precision} weights of the {' and '.join(parts).replace('_', ' ')} ({gigabytes(weights)})"
            return


def _unguided(case: Case) -> Iterator[str]:
    """Without the guides, where there are any."""
    nodes = dict(case.nodes)
    for id, node in case.nodes.items():
        if node.op.guides == "adds":
            latents = [port for port, kind in node.op.inputs.items() if kind is Port.LATENT]
            _bypass(nodes, Ref(id, "latent"), nodes[id].inputs[latents[0]])
    if nodes != case.nodes and _fits(msgspec.structs.replace(case, nodes=nodes).estimate()):
        yield "fewer guides: without any, it fits"


def _bypass(nodes: dict[str, Node], old: Ref, new: Ref) -> None:
    for id, node in nodes.items():
        if old in node.inputs.values():
            inputs = {port: new if ref == old else ref for port, ref in node.inputs.items()}
            nodes[id] = msgspec.structs.replace(node, inputs=inputs)


def _smaller(case: Case) -> Iterator[str]:
    """The largest share of the size that fits."""
    for share in SHARES:
        smaller = case.edited(lambda n, by=share: _scaled(n, by))  # type: ignore[misc]
        if _fits(smaller.estimate()):
            width, height = _size(smaller)
            yield f"a smaller picture: {width}x{height} in this pass"
            return


def _scaled(node: Node, share: float) -> dict[str, Any]:
    """Width and height at a share, on the grid."""
    sides = {name: getattr(node.op, name, 0) for name in ("width", "height")}
    return {name: max(32, int(n * share) // 32 * 32) for name, n in sides.items() if n}


def _size(case: Case) -> tuple[int, int]:
    facts = facts_of_nodes(case.nodes)
    largest: Mapping[Ref, Any] = {ref: facts[ref] for ref in case.node.inputs.values() if facts[ref].width}
    found = next(iter(largest.values()))
    return found.width, found.height


def _shorter(case: Case) -> Iterator[str]:
    """The longest clip that fits."""
    frames = max((getattr(node.op, "frames", 0) for node in case.nodes.values()), default=0)
    low, high = 0, (frames - 1) // 8
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(_cut(case, 8 * middle + 1).estimate()) else (low, middle)
    if 8 * low + 1 >= 9 and _fits(_cut(case, 8 * low + 1).estimate()):
        yield f"a shorter clip: `length {8 * low + 1}f`"


def _cut(case: Case, frames: int) -> Case:
    def edit(node: Node) -> dict[str, Any]:
        there = getattr(node.op, "frames", 0)
        return {"frames": frames} if isinstance(there, int) and there > frames else {}

    return case.edited(edit)
