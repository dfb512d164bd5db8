"""What the instance of a subgraph says of the widgets inside it: three generations of files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ltxdsl.comfy.read.graph import INSIDE_IN, Scope, as_list


def take_values(scope: Scope, newest: bool) -> None:
    """Hand what an instance says to the nodes behind its panel, those of instances further in too."""
    for id, name, value in promoted(scope, newest):
        scope.say(id, name, value)
    outer, instance = scope.outer, scope.instance
    if outer is not None and instance is not None:
        for name, value in outer.values.get(instance.id, {}).items():
            scope.say(INSIDE_IN, name, value)


def promoted(scope: Scope, newest: bool) -> Iterator[tuple[str, str, Any]]:
    """Node, widget and value; -10 stands for an input of the subgraph itself, and null for the value inside.

    A list of proxies beside the values; or values in the order of the definition's inputs that have widgets, which
    older editors ignore; or none, where the widgets inside hold what they say.
    """
    instance = scope.instance
    values = instance.values if instance else None
    if instance is None or not isinstance(values, list | dict):
        return
    proxies = instance.properties.get("proxyWidgets")
    if isinstance(values, dict):
        said = [(INSIDE_IN, str(name), value) for name, value in values.items()]
    elif isinstance(proxies, list) and proxies:
        said = _of_proxies(proxies, values)
    else:
        names = [str(one.get("name")) for slot, one in enumerate(scope.graph.inputs) if has_widget(scope, slot)]
        said = [(INSIDE_IN, *pair) for pair in zip(names, values, strict=False)] if newest else []
    yield from (one for one in said if one[2] is not None)
    yield from _kept_apart(instance.properties.get("proxyWidgetErrorQuarantine"))


def _of_proxies(proxies: list[Any], values: list[Any]) -> list[tuple[str, str, Any]]:
    pairs = zip(proxies, values, strict=False)
    return [
        (INSIDE_IN if str(proxy[0]) == "-1" else str(proxy[0]), str(proxy[1]), value)
        for proxy, value in pairs
        if isinstance(proxy, list) and len(proxy) >= 2
    ]


def _kept_apart(entries: Any) -> Iterator[tuple[str, str, Any]]:
    """Values that an editor could not place when it brought the file up to date, and set aside in it."""
    for one in as_list(entries):
        proxy = one.get("originalEntry") if isinstance(one, dict) else None
        if isinstance(proxy, list) and len(proxy) >= 2 and str(proxy[0]) == "-1" and one.get("hostValue") is not None:
            yield INSIDE_IN, str(proxy[1]), one["hostValue"]


def has_widget(scope: Scope, slot: int) -> bool:
    """Whether a widget stands behind an input of the subgraph."""
    for link in scope.graph.from_panel.get(slot, []):
        node = scope.graph.nodes.get(link.target)
        if node and link.target_slot < len(node.inputs):
            widget = node.inputs[link.target_slot].get("widget")
            if isinstance(widget, dict):
                return True
    return False
