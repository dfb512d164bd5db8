"""Facts of every value of a graph: one walk, in which each op says what it makes of the facts it is given."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.ops.facts import Facts


def facts_of(graph: Graph) -> dict[Ref, Facts]:
    """The facts of each output of each node."""
    known: dict[Ref, Facts] = {}
    for node in _sources_first(graph):
        made = node.op.facts({port: known[ref] for port, ref in node.inputs.items()})
        known |= {Ref(node.id, port): made.get(port, Facts()) for port in node.op.outputs}
    return known


def _sources_first(graph: Graph) -> Iterator[Node]:
    """Each node after those that it reads, in time linear in nodes and edges."""
    done: set[str] = set()
    for start in graph:
        stack = [start]
        while stack:
            node = stack[-1]
            missing = [graph[ref.node] for ref in node.inputs.values() if ref.node not in done]
            if missing:
                stack += missing
                continue
            stack.pop()
            if node.id not in done:
                done.add(node.id)
                yield node
