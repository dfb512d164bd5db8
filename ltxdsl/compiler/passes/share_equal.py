"""Compute equal things once."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph, Ref


def share_equal(graph: Graph) -> Graph:
    """Let readers of a pure op read an earlier op with the same parameters and inputs instead."""
    first: dict[object, str] = {}
    for node in graph.order():
        node = graph[node.id]  # its inputs may have been rewired
        if not node.op.pure:
            continue
        twin = first.setdefault((node.op, tuple(sorted(node.inputs.items()))), node.id)
        if twin != node.id:
            for port in node.op.outputs:
                graph.rewire(Ref(node.id, port), Ref(twin, port))
            graph.remove(node.id)
    return graph
