"""The graph of ops: what a script means. Ops keep their inputs; networkx does the graph algorithms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ltxdsl.ops.base import Op, Port
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


class Graph:
    """A directed graph without cycles; nodes keep the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self.nodes.values()))

    def __getitem__(self, id: str) -> Node:
        return self.nodes[id]

    def add(self, op: Op, inputs: dict[str, Ref], span: Span | None = None, stage: str = "") -> str:
        """Add an op; gives its id. Inputs must be there and fit."""
        for port, ref in inputs.items():
            self._check(op, port, ref)
        if missing := op.inputs.keys() - op.optional - inputs.keys():
            raise ValueError(f"{op.kernel} lacks its input {', '.join(sorted(missing))}")
        self._count += 1
        id = f"{op.kernel}_{self._count}"
        self.nodes[id] = Node(id, op, dict(inputs), span, stage)
        return id

    def _check(self, op: Op, port: str, ref: Ref) -> None:
        if port not in op.inputs:
            raise ValueError(f"{op.kernel} has no input {port}")
        if self.port_type(ref) is not op.inputs[port]:
            raise ValueError(f"{ref} does not fit into {op.kernel}.{port}")

    def port_type(self, ref: Ref) -> Port:
        """The type of an output."""
        return self.nodes[ref.node].op.outputs[ref.port]

    def replace(self, id: str, op: Op, inputs: dict[str, Ref] | None = None) -> None:
        """Give a node another op, and other inputs if given."""
        node = self.nodes[id]
        changed = node.inputs if inputs is None else inputs
        self.nodes[id] = Node(id, op, dict(changed), node.span, node.stage)

    def rewire(self, old: Ref, new: Ref, keep: str = "") -> None:
        """Let every reader of `old`, but for the node `keep`, read `new`."""
        for node in self:
            if node.id != keep and old in node.inputs.values():
                self.replace(node.id, node.op, {p: new if r == old else r for p, r in node.inputs.items()})

    def remove(self, id: str) -> None:
        """Take a node out; nothing may read it."""
        del self.nodes[id]

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
        import networkx

        place = {id: index for index, id in enumerate(self.nodes)}
        ids = networkx.lexicographical_topological_sort(self.networkx(), key=place.__getitem__)
        return [self.nodes[id] for id in ids]

    def needed(self) -> set[str]:
        """The sinks and everything that they depend on."""
        import networkx

        graph = self.networkx()
        sinks = [n.id for n in self.sinks()]
        return set(sinks).union(*(networkx.ancestors(graph, id) for id in sinks))

    def copy(self) -> Graph:
        """A graph that changes on its own."""
        twin = Graph()
        twin.nodes, twin._count = dict(self.nodes), self._count
        return twin

    def picture(self) -> list[tuple[str, Op, tuple[tuple[str, str], ...]]]:
        """A form to compare graphs by: order, ops and wiring, ids replaced by positions."""
        place = {id: str(index) for index, id in enumerate(self.nodes)}
        return [
            (place[n.id], n.op, tuple((p, f"{place[r.node]}.{r.port}") for p, r in sorted(n.inputs.items())))
            for n in self.nodes.values()
        ]
