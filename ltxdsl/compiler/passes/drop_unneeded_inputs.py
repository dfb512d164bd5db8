"""Cut inputs that make no difference."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph
from ltxdsl.compiler.passes.words import where


def drop_unneeded_inputs(graph: Graph) -> Graph:
    """Cut the inputs that an op declares unneeded, such as the negative prompt of a pass at cfg 1."""
    for node in graph:
        if useless := node.op.unneeded() & node.inputs.keys():
            graph.replace(node.id, node.op, {p: r for p, r in node.inputs.items() if p not in useless})
            what = f"{where(node)} never looks at its {' and '.join(sorted(useless))}"
            graph.record("drop_unneeded_inputs", what)
    return graph
