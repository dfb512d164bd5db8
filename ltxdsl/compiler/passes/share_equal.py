"""Compute equal things once."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.compiler.passes.words import named


def share_equal(graph: Graph) -> Graph:
    """Let readers of a pure op read an earlier op with the same parameters and inputs instead."""
    first: dict[object, str] = {}
    twins: dict[str, list[Node]] = {}
    for node in graph.order():
        if not node.op.pure:
            continue
        inputs = graph[node.id].inputs
        twin = first.setdefault((node.op, tuple(sorted(inputs.items())), repr(node.spellings)), node.id)
        if twin != node.id:
            twins.setdefault(twin, []).append(node)
            for port in node.op.outputs:
                graph.rewire(Ref(node.id, port), Ref(twin, port))
            graph.remove(node.id)
    for id, gone in twins.items():
        what = f"{named(graph, graph[id])} once instead of {len(gone) + 1} times"
        graph.record("share_equal", what, before=tuple(gone))
    return graph
