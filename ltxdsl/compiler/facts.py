"""Facts of every value of a graph: one walk, in which each op says what it makes of the facts it is given."""

from __future__ import annotations

from collections.abc import Mapping

from ltxdsl.compiler.graph import Graph, Node, Ref, sources_first
from ltxdsl.ops.facts import Facts


def facts_of(graph: Graph) -> dict[Ref, Facts]:
    """The facts of each output of each node."""
    return facts_of_nodes(graph.nodes)


def facts_of_nodes(nodes: Mapping[str, Node]) -> dict[Ref, Facts]:
    """The same for nodes by their ids, whatever they are part of."""
    known: dict[Ref, Facts] = {}
    for node in sources_first(nodes):
        declared = node.op.inputs
        made = node.op.facts({port: known[ref] for port, ref in node.inputs.items() if port in declared})
        known |= {Ref(node.id, port): made.get(port, Facts()) for port in node.op.outputs}
    return known


def with_removed(graph: Graph) -> dict[str, Node]:
    """The nodes of a graph and those that passes took out of it, as they were."""
    gone: dict[str, Node] = {}
    for change in graph.changes:
        for node in change.before:
            gone.setdefault(node.id, node)
    return {**gone, **graph.nodes}
