"""What the passes did to a graph, with what it saved on a machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ltxdsl.compiler import cost
from ltxdsl.compiler.facts import facts_of_nodes, with_removed
from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.order import count_loads
from ltxdsl.compiler.plan import Reason, Saved
from ltxdsl.models import Architecture, ModelSet
from ltxdsl.ops.base import Port
from ltxdsl.ops.facts import Facts


def reasons_of(graph: Graph, order: Iterable[Node], models: ModelSet, machine: Hardware) -> tuple[Reason, ...]:
    """A reason for each change of a graph, and one for the order of its steps."""
    facts = facts_of_nodes(with_removed(graph))
    found = [
        Reason(by=change.by, what=change.what, saved=_saved(change.before, change.after, facts, models, machine))
        for change in graph.changes
    ]
    return (*found, *_by_order(graph, order))


def _saved(
    before: Iterable[Node], after: Iterable[Node], facts: Mapping[Ref, Facts], models: ModelSet, machine: Hardware
) -> Saved:
    """What is not paid for any more."""
    steps = encodes = 0
    held = seconds = flops = 0.0
    for nodes, sign in ((before, 1), (after, -1)):
        for node in nodes:
            given = {port: facts[ref] for port, ref in node.inputs.items()}
            estimate = cost.estimate(node.op, given, models, machine)
            steps += sign
            encodes += sign * _encodes(node)
            seconds += sign * estimate.seconds
            flops += sign * estimate.flops
            ports = node.op.outputs.items()
            held += sign * sum(
                value_bytes(kind, facts[Ref(node.id, port)], models.architecture) for port, kind in ports
            )
    return Saved(steps=steps, encodes=encodes, bytes=held, seconds=seconds, flops=flops)


def _encodes(node: Node) -> bool:
    """Whether it encodes a text or a picture."""
    kinds = set(node.op.outputs.values())
    return bool(node.op.uses) and (
        Port.TEXT in kinds or (Port.LATENT in kinds and Port.IMAGE in node.op.inputs.values())
    )


def value_bytes(kind: Port, facts: Facts, model: Architecture) -> float:
    """The size of a value between steps: pictures as 8-bit frames, the others as 32-bit numbers."""
    t = model.transformer
    match kind:
        case Port.IMAGE:
            return 3.0 * facts.pixels
        case Port.LATENT:
            return 4.0 * (facts.tokens + facts.guide_tokens) * t.video_channels
        case Port.AUDIO_LATENT:
            return 4.0 * facts.audio_latents * t.audio_channels
        case Port.TEXT:
            return 4.0 * model.text_encoder.tokens * (t.video_width + t.audio_width)
    return 0.0


def _by_order(graph: Graph, order: Iterable[Node]) -> list[Reason]:
    written, found = (count_loads(n.op.uses for n in nodes) for nodes in (graph.order(), order))
    if written <= found:
        return []
    what = f"{found} model parts loaded one after the other instead of {written} in the order of the script"
    return [Reason(by="order_by_residency", what=what, saved=Saved(loads=written - found))]
