"""Remove what no output depends on."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph


def drop_dead(graph: Graph) -> Graph:
    """Keep the ops that write something, and what they need."""
    needed = graph.needed()
    for node in reversed(list(graph)):
        if node.id not in needed:
            graph.remove(node.id)
    return graph
