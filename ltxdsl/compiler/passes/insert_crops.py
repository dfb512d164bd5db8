"""Crop guide tokens off after each pass that used them."""

from __future__ import annotations

from ltxdsl.compiler.graph import Graph, Ref
from ltxdsl.compiler.passes.words import where
from ltxdsl.ops.base import Port
from ltxdsl.ops.nodes import CropGuides


def insert_crops(graph: Graph) -> Graph:
    """Put one crop behind every op that used guides, before anything reads its latent.

    Guides are counted by following them, never by node: so upscalers, decoders and the next pass's own guides
    always get the bare clip.
    """
    guided: dict[Ref, bool] = {}
    for node in graph.order():
        incoming = any(guided.get(ref, False) for ref in node.inputs.values())
        carries = node.op.guides == "adds" or (incoming and node.op.guides != "removes")
        latents = [Ref(node.id, port) for port, kind in node.op.outputs.items() if kind is Port.LATENT]
        for latent in latents:
            guided[latent] = carries
            if carries and node.op.guides == "uses":
                crop = graph.add(CropGuides(), {"latent": latent}, node.span, node.stage)
                graph.rewire(latent, Ref(crop, "latent"), keep=crop)
                graph.record("insert_crops", f"the guides of {where(node)} are cropped off after it")
                guided[latent] = False
    return graph
