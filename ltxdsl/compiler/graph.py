"""The graph of ops: what a script means. Ops keep their inputs; who reads an output is kept beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ltxdsl.ops.base import Op, Port, Spelling
from ltxdsl.source import Span

if TYPE_CHECKING:
    import networkx


class Ref(NamedTuple):
    """One output of one node."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


class Node(msgspec.Struct, frozen=True):
    """An op in a graph: its inputs, the statement that it came from, and the pass that it belongs to."""

    id: str
    op: Op
    inputs: dict[str, Ref]
    span: Span | None = None
    stage: str = ""
    spellings: tuple[Spelling, ...] = ()  # how ComfyUI's nodes are written for it


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass did at one place: the nodes that it took the place of, and what stands there now.

    `before` and `after` are what is paid for without and with it; `what` says it in words.
    """

    by: str
    what: str
    before: tuple[Node, ...] = ()
    after: tuple[Node, ...] = ()


class Graph:
    """A directed graph without cycles; nodes keep the order in which they were added.

    `changes` is what passes did to it, in order.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.changes: list[Change] = []
        self._readers: dict[Ref, dict[str, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self.nodes.values()))

    def __getitem__(self, id: str) -> Node:
        return self.nodes[id]

    def add(
        self,
        op: Op,
        inputs: dict[str, Ref],
        span: Span | None = None,
        stage: str = "",
        spellings: tuple[Spelling, ...] = (),
    ) -> str:
        """Add an op; gives its id. Inputs must be there and fit."""
        for port, ref in inputs.items():
            self._check(op, port, ref)
        if missing := op.inputs.keys() - op.optional - inputs.keys():
            raise ValueError(f"{op.kernel} lacks its input {', '.join(sorted(missing))}")
        self._count += 1
        id = f"{op.kernel}_{self._count}"
        self._put(Node(id, op, dict(inputs), span, stage, spellings))
        return id

    def _put(self, node: Node) -> None:
        self.nodes[node.id] = node
        for ref in node.inputs.values():
            self._readers.setdefault(ref, {})[node.id] = None

    def _forget(self, node: Node) -> None:
        for ref in set(node.inputs.values()):
            del self._readers[ref][node.id]

    def _check(self, op: Op, port: str, ref: Ref) -> None:
        free = op.takes_part(port) or "." in port
        expected = Port.WIRE if free else op.inputs.get(port)
        if expected is None:
            raise ValueError(f"{op.kernel} has no input {port}")
        if expected is not Port.WIRE and self.port_type(ref) not in (expected, Port.WIRE):
            raise ValueError(f"{ref} does not fit into {op.kernel}.{port}")

    def port_type(self, ref: Ref) -> Port:
        """The type of an output."""
        return self.nodes[ref.node].op.outputs[ref.port]

    def readers(self, ref: Ref) -> list[Node]:
        """The nodes that read an output."""
        return [self.nodes[id] for id in self._readers.get(ref, ())]

    def replace(self, id: str, op: Op, inputs: dict[str, Ref] | None = None) -> None:
        """Give a node another op, and other inputs if given."""
        node = self.nodes[id]
        changed = node.inputs if inputs is None else inputs
        self._forget(node)
        self._put(Node(id, op, dict(changed), node.span, node.stage, node.spellings))

    def rewire(self, old: Ref, new: Ref, keep: str = "") -> None:
        """Let every reader of `old`, but for the node `keep`, read `new`."""
        for node in self.readers(old):
            if node.id != keep:
                self.replace(node.id, node.op, {p: new if r == old else r for p, r in node.inputs.items()})

    def remove(self, id: str) -> None:
        """Take a node out; nothing may read it."""
        self._forget(self.nodes.pop(id))

    def record(self, by: str, what: str, before: tuple[Node, ...] = (), after: tuple[Node, ...] = ()) -> None:
        """Note what the pass `by` did."""
        self.changes.append(Change(by=by, what=what, before=before, after=after))

    def sinks(self) -> list[Node]:
        """The nodes that act on the world outside."""
        return [n for n in self.nodes.values() if not n.op.pure]

    def networkx(self) -> networkx.MultiDiGraph:
        """The same graph for networkx: node data `op`, edge key the input port, edge data `output`."""
        import networkx

        graph = networkx.MultiDiGraph()
        graph.add_nodes_from((n.id, {"op": n.op, "stage": n.stage}) for n in self.nodes.values())
        for node in self.nodes.values():
            for port, ref in node.inputs.items():
                graph.add_edge(ref.node, node.id, key=port, output=ref.port)
        return graph

    def order(self) -> list[Node]:
        """Sources first; among equals the order of adding."""
        return sources_first(self.nodes)

    def needed(self) -> set[str]:
        """The sinks and everything that they depend on."""
        waiting = [n.id for n in self.sinks()]
        found = set(waiting)
        while waiting:
            for ref in self.nodes[waiting.pop()].inputs.values():
                if ref.node not in found:
                    found.add(ref.node)
                    waiting.append(ref.node)
        return found

    def copy(self) -> Graph:
        """A graph that changes on its own."""
        twin = Graph()
        twin.nodes, twin.changes, twin._count = dict(self.nodes), list(self.changes), self._count
        twin._readers = {ref: dict(ids) for ref, ids in self._readers.items()}
        return twin

    def picture(self) -> list[tuple[str, Op, tuple[tuple[str, str], ...]]]:
        """A form to compare graphs by: order, ops and wiring, ids replaced by positions."""
        place = {id: str(index) for index, id in enumerate(self.nodes)}
        return [
            (place[n.id], n.op, tuple((p, f"{place[r.node]}.{r.port}") for p, r in sorted(n.inputs.items())))
            for n in self.nodes.values()
        ]


def sources_first(nodes: Mapping[str, Node]) -> list[Node]:
    """Nodes after all that they read; of those that are ready, the first in the mapping. ValueError on a cycle."""
    names = list(nodes)
    place = {id: index for index, id in enumerate(names)}
    readers: list[list[int]] = [[] for _ in names]
    open_inputs = []
    for index, node in enumerate(nodes.values()):
        sources = {ref.node for ref in node.inputs.values()}
        open_inputs.append(len(sources))
        for source in sources:
            readers[place[source]].append(index)
    ready = [index for index, count in enumerate(open_inputs) if not count]
    heapify(ready)
    ordered = []
    while ready:
        index = heappop(ready)
        ordered.append(nodes[names[index]])
        for reader in readers[index]:
            open_inputs[reader] -= 1
            if not open_inputs[reader]:
                heappush(ready, reader)
    if len(ordered) < len(names):
        raise ValueError("the graph has a cycle")
    return ordered
