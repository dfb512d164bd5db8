"""Remove what no output depends on."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph
from ltxdsl.compiler.passes.words import named


def drop_dead(graph: Graph) -> Graph:
    """Keep the ops that write something, and what they need."""
    needed = graph.needed()
    dead = [(node, named(graph, node)) for node in graph if node.id not in needed]
    for node, _ in dead:
        graph.remove(node.id)
    for node, words in dead:
        graph.record("drop_dead", f"nothing needs to {words}", before=(node,))
    return graph
