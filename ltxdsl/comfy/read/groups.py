"""Group nodes, the editors' first form of subgraphs (`workflow/NAME`, `workflow>NAME`), as subgraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.graph import INSIDE_IN, INSIDE_OUT, Graph, Node, Scope, as_list
from ltxdsl.comfy.read.widgets import controlled_widgets, named_values

PREFIXES = ("workflow/", "workflow>")


def group_nodes(raw: dict[str, Any], catalogue: Mapping[str, Info]) -> dict[str, Graph]:
    """A graph for each group of the file, by the types of its instances."""
    extra = raw.get("extra")
    found = extra.get("groupNodes") if isinstance(extra, dict) else None
    groups = found.items() if isinstance(found, dict) else ()
    made = {name: _graph(one, catalogue) for name, one in groups if isinstance(one, dict)}
    return {prefix + name: graph for name, graph in made.items() for prefix in PREFIXES}


def _graph(group: dict[str, Any], catalogue: Mapping[str, Info]) -> Graph:
    """Nodes by their places; links are `[place, slot, place, slot, …]`, and null for a place outside."""
    nodes = [one for one in as_list(group.get("nodes")) if isinstance(one, dict)]
    inside = [one for one in as_list(group.get("links")) if _is_inside(one, len(nodes))]
    taken = {(link[2], link[3]): number for number, link in enumerate(inside)}
    plain = [{**node, "id": place, "inputs": list(_inputs(node, place, taken))} for place, node in enumerate(nodes)]
    links: list[Any] = [[number, *link[:4]] for number, link in enumerate(inside)]
    free = [(place, slot) for place, node in enumerate(plain) for slot in _free(node["inputs"])]
    panel = [_named(plain, place, slot) for place, slot in free]
    for index, (place, slot) in enumerate(free):
        plain[place]["inputs"][slot]["link"] = f"in{index}"
        links.append([f"in{index}", INSIDE_IN, index, place, slot])
    outputs = list(_outputs(plain, group.get("external"), inside, catalogue))
    links += [[f"out{index}", place, slot, INSIDE_OUT, index] for index, (place, slot) in enumerate(outputs)]
    return Graph({"nodes": plain, "links": links, "inputs": _distinct(panel), "outputs": [{} for _ in outputs]})


def _is_inside(link: Any, count: int) -> bool:
    whole = isinstance(link, list) and len(link) >= 4 and all(type(one) is int for one in link[:4])
    return whole and 0 <= link[0] < count and 0 <= link[2] < count


def _inputs(node: dict[str, Any], place: int, taken: Mapping[tuple[int, int], int]) -> Iterator[dict[str, Any]]:
    for slot, one in enumerate(as_list(node.get("inputs"))):
        yield {**(one if isinstance(one, dict) else {}), "link": taken.get((place, slot))}


def _free(inputs: list[dict[str, Any]]) -> list[int]:
    """Sockets first, then widgets that were made sockets, as the group shows them."""
    slots = [slot for slot, one in enumerate(inputs) if one["link"] is None]
    return [s for s in slots if "widget" not in inputs[s]] + [s for s in slots if "widget" in inputs[s]]


def _named(nodes: list[dict[str, Any]], place: int, slot: int) -> tuple[str, str]:
    """The name of an input of the group, and what stands before it where the name is taken."""
    one = nodes[place]["inputs"][slot]
    title = nodes[place].get("title") or nodes[place].get("type")
    return str(one.get("label") or one.get("name")), str(title)


def _distinct(panel: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Names as the editor makes them: `x`, `Title x`, `Title 2 x`, …"""
    seen: dict[str, int] = {}
    made = []
    for name, title in panel:
        key = shown = name if name not in seen else f"{title} {name}"
        if key in seen:
            shown = f"{title} {seen[key]} {name}"
        seen[key] = seen.get(key, 1) + 1
        made.append({"name": shown})
    return made


def _outputs(
    nodes: list[dict[str, Any]], external: Any, inside: list[list[Any]], catalogue: Mapping[str, Info]
) -> Iterator[tuple[int, int]]:
    """Outputs that something outside reads, and those that nothing inside does."""
    wanted = {(one[0], one[1]) for one in as_list(external) if isinstance(one, list) and len(one) >= 2 and _ints(one)}
    used = {(link[0], link[1]) for link in inside}
    for place, node in enumerate(nodes):
        info = catalogue.get(str(node.get("type")))
        count = len(info.get("output") or ()) if info else len(as_list(node.get("outputs")))
        for slot in range(count):
            if (place, slot) in wanted or (place, slot) not in used:
                yield place, slot


def _ints(one: list[Any]) -> bool:
    return type(one[0]) is int and type(one[1]) is int


def take_group_values(scope: Scope, catalogue: Mapping[str, Info]) -> None:
    """The values of a group are those of the widgets inside, node by node, but for those that are sockets there."""
    instance = scope.instance
    if instance is None or not instance.type.startswith(PREFIXES) or not isinstance(instance.values, list):
        return
    waiting = list(instance.values)
    for node in scope.graph.nodes.values():
        waiting = _hand_out(scope, node, waiting, catalogue.get(node.type))


def _hand_out(scope: Scope, node: Node, waiting: list[Any], info: Info | None) -> list[Any]:
    sockets = {str(one.get("name")) for one in node.inputs if isinstance(one.get("widget"), dict)}
    controlled = controlled_widgets(info)
    for name in named_values(node, info).named:
        if name not in sockets and waiting:
            value, *waiting = waiting
            scope.say(node.id, name, value)
            waiting = waiting[1:] if name in controlled else waiting
    return waiting
