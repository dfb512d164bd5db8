"""Where the value of an input comes from: through reroutes, Set and Get, primitives, bypassed nodes and subgraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.graph import BYPASSED, INSIDE_IN, MUTED, Document, Link, Node, Scope
from ltxdsl.comfy.read.widgets import named_values

REROUTES = ("Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss")
SETTERS, GETTERS = ("SetNode", "easy setNode"), ("GetNode", "easy getNode")
NOTES = ("Note", "MarkdownNote", "Note Plus (mtb)", "Label (rgthree)", "Bookmark (rgthree)")
PANELS = (
    "Fast Groups Muter (rgthree)",
    "Fast Groups Bypasser (rgthree)",
    "Fast Muter (rgthree)",
    "Fast Bypasser (rgthree)",
    "Fast Actions Button (rgthree)",
    "Mute / Bypass Relay (rgthree)",
    "Mute / Bypass Repeater (rgthree)",
    "Node Collector (rgthree)",
    "Random Unmuter (rgthree)",
)
VIRTUAL = frozenset((*REROUTES, *SETTERS, *GETTERS, *NOTES, *PANELS, "PrimitiveNode"))


class Wire(NamedTuple):
    """An output of a node of the prompt."""

    id: str
    slot: int


class Literal(NamedTuple):
    """A value that takes the place of a link."""

    value: Any


Source: TypeAlias = Wire | Literal | None


class _At(NamedTuple):
    """A place on the way back: an input of a node, or an output of one."""

    scope: Scope
    node: Node
    slot: int
    output: bool


class Resolver:
    """Follows links back to their sources. A circle of virtual nodes leads nowhere."""

    def __init__(self, document: Document, catalogue: Mapping[str, Info]) -> None:
        self.document, self.catalogue = document, catalogue
        self._values: dict[tuple[str, str], dict[str, Any]] = {}
        self._setters: dict[int, dict[str, Node]] = {}
        self._implicit = _implicit_links(document)

    def values(self, scope: Scope, node: Node) -> dict[str, Any]:
        """The values of a node's widgets, with what the instance around it says of them."""
        key = (scope.prefix, node.id)
        if key not in self._values:
            found = named_values(node, self.catalogue.get(node.type))
            said = {name: value for (id, name), value in scope.values.items() if id == node.id}
            self._values[key] = found | said
        return self._values[key]

    def source(self, scope: Scope, node: Node, slot: int) -> Source:
        """What an input of a node is given."""
        at: _At | Source = _At(scope, node, slot, False)
        seen: set[tuple[str, str, int, bool]] = set()
        while isinstance(at, _At):
            key = (at.scope.prefix, at.node.id, at.slot, at.output)
            if key in seen:
                return None
            seen.add(key)
            at = self._output(at) if at.output else self._input(at)
        return at

    def _input(self, at: _At) -> _At | Source:
        link = (
            at.scope.graph.links.get(str(at.node.inputs[at.slot].get("link")))
            if at.slot < len(at.node.inputs)
            else None
        )
        if link is None:
            return self._implied(at)
        if link.origin == str(INSIDE_IN):
            return self._from_panel(at.scope, link.origin_slot)
        origin = at.scope.graph.nodes.get(link.origin)
        return None if origin is None else _At(at.scope, origin, link.origin_slot, True)

    def _implied(self, at: _At) -> _At | None:
        """A link that Use Everywhere makes, which stands in no list of links."""
        found = self._implicit.get((at.node.id, at.slot)) if at.scope.outer is None else None
        origin = at.scope.graph.nodes.get(found.origin) if found else None
        return _At(at.scope, origin, found.origin_slot, True) if origin and found else None

    def _from_panel(self, scope: Scope, slot: int) -> _At | Source:
        """An input of the subgraph: what the instance is given there, or the value that it shows."""
        outer, instance = scope.outer, scope.instance
        if outer is None or instance is None or slot >= len(scope.graph.inputs):
            return None
        name = str(scope.graph.inputs[slot].get("name"))
        index = instance.input_index(name)
        if index is not None and self._linked(outer, instance, index):
            return _At(outer, instance, index, False)
        return self.panel_value(scope, slot)

    def _linked(self, scope: Scope, node: Node, index: int) -> bool:
        return str(node.inputs[index].get("link")) in scope.graph.links

    def panel_value(self, scope: Scope, slot: int) -> Literal | None:
        """What an unlinked input of a subgraph says: the instance's value, or that of the first widget behind it."""
        name = str(scope.graph.inputs[slot].get("name"))
        said = scope.values.get((str(INSIDE_IN), name))
        if said is not None:
            return Literal(said)
        for link in scope.graph.from_panel.get(slot, []):
            found = self._widget_behind(scope, link)
            if found is not None:
                return found
        return None

    def _widget_behind(self, scope: Scope, link: Link) -> Literal | None:
        node = scope.graph.nodes.get(link.target)
        if node is None or link.target_slot >= len(node.inputs):
            return None
        one = node.inputs[link.target_slot]
        name = one["widget"].get("name") if isinstance(one.get("widget"), dict) else None
        if name is None:
            return None
        if self.document.is_subgraph(node):
            inner = self.document.open(scope, node)
            slot = inner.graph.input_named(str(one.get("name")))
            return None if slot is None else self.panel_value(inner, slot)
        value = self.values(scope, node).get(str(name))
        return None if value is None else Literal(value)

    def _output(self, at: _At) -> _At | Source:
        node = at.node
        if node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            index = passed_through(node, at.slot)
            return None if index is None else _At(at.scope, node, index, False)
        if self.document.is_subgraph(node):
            inner = self.document.open(at.scope, node)
            link = inner.graph.to_panel.get(at.slot)
            if link is None:
                return None
            if link.origin == str(INSIDE_IN):
                return self._from_panel(inner, link.origin_slot)
            origin = inner.graph.nodes.get(link.origin)
            return None if origin is None else _At(inner, origin, link.origin_slot, True)
        return self._virtual(at) if node.type in VIRTUAL else Wire(at.scope.id_of(node), at.slot)

    def _virtual(self, at: _At) -> _At | Source:
        kind = at.node.type
        if kind in (*REROUTES, *SETTERS):
            return _At(at.scope, at.node, 0, False)
        if kind == "PrimitiveNode":
            values = at.node.values
            return Literal(values[0]) if isinstance(values, list) and values else None
        if kind in GETTERS:
            return self._set(at)
        return None

    def _set(self, at: _At) -> _At | None:
        """The SetNode of a name: in the same graph, then outwards."""
        name = first_value(at.node)
        scope: Scope | None = at.scope
        while scope is not None:
            if id(scope.graph) not in self._setters:
                found = [n for n in scope.graph.nodes.values() if n.type in SETTERS]
                self._setters[id(scope.graph)] = {first_value(n): n for n in reversed(found)}
            setter = self._setters[id(scope.graph)].get(name)
            if setter is not None:
                return _At(scope, setter, 0, False)
            scope = scope.outer
        return None


def first_value(node: Node) -> str:
    """The first value of a node, which names a Set or Get."""
    values = node.values
    found = next(iter(values.values() if isinstance(values, dict) else values or ()), "") if values else ""
    return str(found)


def passed_through(node: Node, slot: int) -> int | None:
    """The input that a bypassed node passes on for an output: that of the same index, if it fits, else the first."""
    kind = node.outputs[slot].get("type") if slot < len(node.outputs) else None
    if slot < len(node.inputs) and fits(kind, node.inputs[slot].get("type")):
        return slot
    exact = (i for i, one in enumerate(node.inputs) if one.get("type") == kind)
    loose = (i for i, one in enumerate(node.inputs) if fits(kind, one.get("type")))
    return next(exact, next(loose, None))


def fits(one: Any, other: Any) -> bool:
    """Whether two types of sockets can be wired, as the editor has it."""
    if one in (0, "", "*") or other in (0, "", "*") or one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return bool(set(one.lower().split(",")) & set(other.lower().split(",")))


def _implicit_links(document: Document) -> dict[tuple[str, int], Link]:
    """Links of cg-use-everywhere, by target and slot."""
    extra = document.raw.get("extra")
    found = extra.get("ue_links") if isinstance(extra, dict) else None
    links = {}
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and isinstance(one.get("downstream_slot"), int):
            slot = one.get("upstream_slot")
            made = Link(
                str(one.get("upstream")),
                slot if isinstance(slot, int) else 0,
                str(one.get("downstream")),
                one["downstream_slot"],
            )
            links[made.target, made.target_slot] = made
    return links


def promoted(document: Document, scope: Scope, newest: bool) -> Iterator[tuple[tuple[str, str], Any]]:
    """What the instance of a scope says of the widgets inside, by (node, widget); -10 stands for an input of its own.

    Three generations of files: a list of proxies beside the values; values in the order of the definition's inputs
    that have widgets, which older editors ignore; and none, where the widgets inside hold what they say.
    """
    instance = scope.instance
    values = instance.values if instance else None
    if instance is None or not isinstance(values, list | dict):
        return
    proxies = instance.properties.get("proxyWidgets")
    if isinstance(values, dict):
        yield from (((str(INSIDE_IN), str(name)), value) for name, value in values.items() if value is not None)
    elif isinstance(proxies, list) and proxies:
        for proxy, value in zip(proxies, values, strict=False):
            if isinstance(proxy, list) and len(proxy) >= 2 and value is not None:
                id = str(INSIDE_IN) if str(proxy[0]) == "-1" else str(proxy[0])
                yield (id, str(proxy[1])), value
    elif newest:
        names = [
            str(one.get("name")) for slot, one in enumerate(scope.graph.inputs) if _has_widget(document, scope, slot)
        ]
        for name, value in zip(names, values, strict=False):
            if value is not None:
                yield (str(INSIDE_IN), name), value


def _has_widget(document: Document, scope: Scope, slot: int) -> bool:
    for link in scope.graph.from_panel.get(slot, []):
        node = scope.graph.nodes.get(link.target)
        if (
            node
            and link.target_slot < len(node.inputs)
            and isinstance(node.inputs[link.target_slot].get("widget"), dict)
        ):
            return True
    return False
