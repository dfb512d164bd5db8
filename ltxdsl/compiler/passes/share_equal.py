"""Compute equal things once."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph, Ref


def share_equal(graph: Graph) -> Graph:
    """Let readers of a pure op read an earlier op with the same parameters and inputs instead."""
    first: dict[object, str] = {}
    shared: dict[Ref, Ref] = {}
    for node in graph.order():
        inputs = {port: shared.get(ref, ref) for port, ref in node.inputs.items()}
        if inputs != node.inputs:
            graph.replace(node.id, node.op, inputs)
        if not node.op.pure:
            continue
        twin = first.setdefault((node.op, tuple(sorted(inputs.items()))), node.id)
        if twin != node.id:
            shared |= {Ref(node.id, port): Ref(twin, port) for port in node.op.outputs}
            graph.remove(node.id)
    return graph
