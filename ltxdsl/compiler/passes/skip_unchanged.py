"""Read a value where it was made, not behind ops that hand it on as it is."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph, Ref
from ltxdsl.compiler.passes.words import where


def skip_unchanged(graph: Graph) -> Graph:
    """Let readers of an output that equals an input read that input, such as the sound of a pass that keeps it.

    So the sound is decoded once, whatever later passes there are, and a changed later pass leaves it alone.
    """
    for node in graph:
        for output, source in node.op.unchanged().items():
            skipped = Ref(node.id, output)
            made = graph[node.id].inputs[source]
            if graph.readers(skipped):
                graph.rewire(skipped, made)
                graph.record("skip_unchanged", f"{where(node)} keeps its {source}: it is read where it was made")
    return graph
