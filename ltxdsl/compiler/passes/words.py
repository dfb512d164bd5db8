"""Nodes in words, for the records of the passes."""

from __future__ import annotations

from pathlib import PurePath

from ltxdsl.compiler.graph import Graph, Node


def named(graph: Graph, node: Node) -> str:
    """What a node does, and to which file if it comes from one: `encode frames of "queen.png"`."""
    label = node.op.label()
    files = source_files(graph, node)
    return f"{label} of {', '.join(files)}" if files and not node.op.reads() else label


def source_files(graph: Graph, node: Node) -> list[str]:
    """The files at the start of a chain of ops with one input each."""
    while len(node.inputs) == 1:
        node = graph[next(iter(node.inputs.values())).node]
    return [f'"{PurePath(path).name or "an input"}"' for path in node.op.reads()]


def where(node: Node) -> str:
    """The pass that a node belongs to, or what it does."""
    return node.stage or node.op.label()
