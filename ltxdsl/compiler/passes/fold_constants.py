"""Leave out parameters that make no difference."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph
from ltxdsl.compiler.passes.words import where


def fold_constants(graph: Graph) -> Graph:
    """Replace ops by what they declare as their simpler equals, such as a pass without its LoRAs of strength 0."""
    for node in graph:
        simple, left_out = node.op.simplified()
        if left_out:
            graph.replace(node.id, simple)
            what = f"{where(node)}: {left_out} makes no difference"
            graph.record("fold_constants", what, before=(node,), after=(graph[node.id],))
    return graph
