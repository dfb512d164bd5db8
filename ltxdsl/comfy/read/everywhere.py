"""Links that stand in no list of links: those of cg-use-everywhere, which sends a value to all inputs that want it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ltxdsl.comfy.read.graph import Graph, Link, Node, id_of, type_of

# Which inputs a node of the pack sends to, by the place of its own input; None = all of the type.
Wanted = tuple[str | None, ...]
SENDERS: dict[str, Wanted] = {
    "Anything Everywhere": (None,),
    "Anything Everywhere3": (None, None, None),
    "Anything Everywhere?": (None,),
    "Prompts Everywhere": (r"(_|\b)pos(itive|_|\b)|^prompt", r"(_|\b)neg(ative|_|\b)"),
}
LONGEST = 60  # letters of a name that patterns look at
MOST_REPEATS = 2  # `*`, `+` and the like in a pattern
SEEDS = ("Seed Everywhere", r"seed")


class Sent(NamedTuple):
    """An output, the type that it gives, and which inputs it goes to."""

    origin: str
    slot: int
    type: str
    wants: Callable[[Node, dict[str, Any]], bool]


def implied_links(raw: dict[str, Any], graph: Graph) -> dict[tuple[str, int], Link]:
    """By target and slot: as the file lists them, or where it has no list by the rules of the pack's nodes."""
    extra = raw.get("extra")
    found = extra.get("ue_links") if isinstance(extra, dict) else None
    made = _listed(found) if isinstance(found, list) else _by_rule(graph)
    return {(link.target, link.target_slot): link for link in made}


def _listed(found: list[Any]) -> Iterator[Link]:
    for one in found:
        slot = one.get("downstream_slot") if isinstance(one, dict) else None
        if isinstance(slot, int):
            start = one.get("upstream_slot")
            yield Link(
                id_of(one.get("upstream")), start if type(start) is int else 0, id_of(one.get("downstream")), slot
            )


def _by_rule(graph: Graph) -> Iterator[Link]:
    """An input without a link takes what the first sender of its type has."""
    senders: dict[str, list[Sent]] = {}
    for node in graph.nodes.values():
        if node.runs and (node.type in SENDERS or node.type == SEEDS[0]):
            for sent in _sent(graph, node):
                senders.setdefault(sent.type, []).append(sent)
    if not senders:
        return
    for node in graph.nodes.values():
        for slot, one in enumerate(node.inputs):
            if one.get("link") is None and node.type not in SENDERS:
                fitting = (sent for sent in senders.get(type_of(one), ()) if sent.wants(node, one))
                if (first := next(fitting, None)) is not None:
                    yield Link(first.origin, first.slot, node.id, slot)


def _sent(graph: Graph, node: Node) -> Iterator[Sent]:
    if node.type == SEEDS[0]:
        yield Sent(node.id, 0, "INT", lambda _, one: bool(re.search(SEEDS[1], str(one.get("name")))))
        return
    for place, pattern in enumerate(SENDERS[node.type]):
        link = graph.links.get(str(node.inputs[place].get("link"))) if place < len(node.inputs) else None
        origin = graph.nodes.get(link.origin) if link else None
        if link and origin and link.origin_slot < len(origin.outputs):
            yield Sent(origin.id, link.origin_slot, type_of(origin.outputs[link.origin_slot]), _wants(node, pattern))


def _wants(sender: Node, pattern: str | None) -> Callable[[Node, dict[str, Any]], bool]:
    """Sockets alone, never widgets; by a pattern on the input's name, and on the node's title for the one with `?`."""
    values = sender.values if isinstance(sender.values, list) else []
    asked = [v if isinstance(v, str) else "" for v in (*values, "", "")[:2]] if sender.type.endswith("?") else ["", ""]
    title = _pattern(asked[0])
    name = re.compile(pattern) if pattern else _pattern(asked[1])

    def wants(node: Node, one: dict[str, Any]) -> bool:
        fits = name.search(str(one.get("name"))[:LONGEST]) and title.search((node.title or node.type)[:LONGEST])
        return bool(fits) and one.get("widget") is None

    return wants


def _pattern(text: str) -> re.Pattern[str]:
    """A file's own pattern, unless matching it could take for ever; then it fits all."""
    plain = len(text) < 100 and sum(text.count(one) for one in "*+?{") <= MOST_REPEATS
    plain = plain and not re.search(r"\)[*+?{]", text)  # a repeated group that repeats has no end
    try:
        return re.compile(text if plain else "")
    except (re.error, RecursionError, OverflowError):
        return re.compile("")
