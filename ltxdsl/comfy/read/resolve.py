"""Where the value of an input comes from: through reroutes, Set and Get, primitives, bypassed nodes and subgraphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.everywhere import implied_links
from ltxdsl.comfy.read.graph import BYPASSED, INSIDE_IN, MUTED, Document, Link, Node, Scope, type_of
from ltxdsl.comfy.read.widgets import Values, named_values

REROUTES = ("Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss")
SETTERS, GETTERS = ("SetNode", "easy setNode"), ("GetNode", "easy getNode")
PRIMITIVE = "PrimitiveNode"
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
VIRTUAL = frozenset((*REROUTES, *SETTERS, *GETTERS, *NOTES, *PANELS, PRIMITIVE))


class Wire(NamedTuple):
    """An output of a node of the prompt."""

    id: str
    slot: int


class Literal(NamedTuple):
    """A value that takes the place of a link."""

    value: Any


class Lost(NamedTuple):
    """A link that leads nowhere, and why."""

    code: str
    reason: str


Source: TypeAlias = Wire | Literal | Lost | None


class At(NamedTuple):
    """A place on the way back: an input or output of a node, and the type that is wanted there ("" = its own)."""

    scope: Scope
    node: Node
    slot: int
    output: bool
    type: str = ""

    @property
    def key(self) -> tuple[int, str, int, bool, str]:
        """Tells places apart."""
        return self.scope.number, self.node.id, self.slot, self.output, self.type


class Resolver:
    """Follows links back to their sources, each way once. A circle of virtual nodes leads nowhere."""

    def __init__(self, document: Document, catalogue: Mapping[str, Info]) -> None:
        self.document, self.catalogue = document, catalogue
        self._values: dict[tuple[int, str], Values] = {}
        self._setters: dict[int, dict[str, Node]] = {}
        self._panels: dict[tuple[int, int], Literal | None] = {}
        self._sources: dict[tuple[int, str, int, bool, str], Source] = {}
        self._implied = implied_links(document.raw, document.top.graph)

    def values(self, scope: Scope, node: Node) -> Values:
        """The values of a node's widgets, with what the instance around it says of them."""
        key = (scope.number, node.id)
        if key not in self._values:
            found = named_values(node, self.catalogue.get(node.type))
            said = scope.values.get(node.id)
            self._values[key] = found._replace(named=found.named | said) if said else found
        return self._values[key]

    def source(self, scope: Scope, node: Node, slot: int) -> Source:
        """What an input of a node is given."""
        at: At | Source = self._of_primitive(scope, node, slot) or At(scope, node, slot, False)
        passed: dict[tuple[int, str, int, bool, str], None] = {}
        while isinstance(at, At):
            key = at.key
            if key in self._sources:
                at = self._sources[key]
                break
            if key in passed:
                at = Lost("cycle", f"its link leads in a circle, by node {at.node.id}")
                break
            passed[key] = None
            at = self._output(at) if at.output else self._input(at)
        self._sources.update(dict.fromkeys(passed, at))
        return at

    def _of_primitive(self, scope: Scope, node: Node, slot: int) -> Literal | None:
        """The value of a primitive node, which goes into widgets that are linked to it without a way round."""
        one = node.inputs[slot]
        link = scope.graph.links.get(str(one.get("link"))) if isinstance(one.get("widget"), dict) else None
        origin = scope.graph.nodes.get(link.origin) if link else None
        if origin is None or origin.type != PRIMITIVE or not origin.runs:
            return None
        values = origin.values
        return Literal(values[0]) if isinstance(values, list) and values else None

    def _link(self, at: At, one: dict[str, Any]) -> Link | None:
        """The link of an input: that which it names, or if there is none such, the one that says it ends here."""
        graph = at.scope.graph
        link = graph.links.get(str(one.get("link")))
        if link is None:
            link = graph.ending_at.get((at.node.id, at.slot))
        if link is None and at.scope.outer is None:
            link = self._implied.get((at.node.id, at.slot))
        return link

    def _input(self, at: At) -> At | Source:
        if at.slot >= len(at.node.inputs):
            return None
        one = at.node.inputs[at.slot]
        link = self._link(at, one)
        if link is None:
            return None if one.get("link") is None else Lost("lost_link", f"there is no link {one.get('link')}")
        if link.origin == INSIDE_IN:
            return self._from_panel(at.scope, link.origin_slot)
        origin = at.scope.graph.nodes.get(link.origin)
        if origin is None:
            return Lost("lost_link", f"it was linked to node {link.origin}, which is not there")
        return At(at.scope, origin, link.origin_slot, True, at.type or type_of(one))

    def _from_panel(self, scope: Scope, slot: int) -> At | Source:
        """An input of the subgraph: what the instance is given there, or the value that it shows."""
        outer, instance = scope.outer, scope.instance
        if outer is None or instance is None or slot >= len(scope.graph.inputs):
            return Lost("lost_link", f"the subgraph has no input {slot}")
        index = instance.input_index(str(scope.graph.inputs[slot].get("name")))
        if index is not None and str(instance.inputs[index].get("link")) in outer.graph.links:
            return At(outer, instance, index, False)
        return self.panel_value(scope, slot)

    def panel_value(self, scope: Scope, slot: int) -> Literal | None:
        """What an unlinked input of a subgraph says: the instance's value, or that of the first widget behind it."""
        key = (scope.number, slot)
        if key not in self._panels:
            self._panels[key] = None  # a subgraph that feeds itself says nothing
            said = scope.values.get(INSIDE_IN, {}).get(str(scope.graph.inputs[slot].get("name")))
            links = scope.graph.from_panel.get(slot, ())
            behind = (self._widget_behind(scope, link) for link in links)
            found = next((one for one in behind if one is not None), None)
            self._panels[key] = found if said is None else Literal(said)
        return self._panels[key]

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
        value = self.values(scope, node).named.get(str(name))
        return None if value is None else Literal(value)

    def _output(self, at: At) -> At | Source:
        node = at.node
        if node.mode == MUTED:
            return Lost("lost_link", f"it was linked to node {node.id}, which is muted")
        if node.mode == BYPASSED:
            index = passed_through(node, at.slot, at.type)
            if index is None:
                return Lost("lost_link", f"node {node.id} is bypassed and has nothing of that type to pass on")
            return At(at.scope, node, index, False)
        if node.type in VIRTUAL:
            return self._virtual(at)
        if self.document.is_subgraph(node):
            return self._inside(at)
        return Wire(at.scope.id_of(node), at.slot)

    def _inside(self, at: At) -> At | Source:
        inner = self.document.open(at.scope, at.node)
        link = inner.graph.to_panel.get(at.slot)
        if link is None:
            return Lost("lost_link", f"output {at.slot} of subgraph {at.node.id} is wired to nothing inside")
        if link.origin == INSIDE_IN:
            return self._from_panel(inner, link.origin_slot)
        origin = inner.graph.nodes.get(link.origin)
        if origin is None:
            return Lost("lost_link", f"inside subgraph {at.node.id}, node {link.origin} is not there")
        return At(inner, origin, link.origin_slot, True, at.type)

    def _virtual(self, at: At) -> At | Source:
        kind = at.node.type
        if kind in REROUTES or kind in SETTERS:
            return At(at.scope, at.node, 0, False, at.type)
        if kind == PRIMITIVE:
            return Lost("lost_value", f"the value of primitive {at.node.id} does not reach it: its own holds")
        if kind in GETTERS:
            return self._set(at)
        return Lost("virtual_node", f"{kind} gives nothing that runs")

    def _set(self, at: At) -> At | Source:
        """The Set of a name: in the same graph, then outwards."""
        name = first_value(at.node)
        scope: Scope | None = at.scope
        while scope is not None:
            if scope.number not in self._setters:
                found = [n for n in scope.graph.nodes.values() if n.type in SETTERS]
                self._setters[scope.number] = {first_value(n): n for n in reversed(found)}
            setter = self._setters[scope.number].get(name)
            if setter is not None:
                return At(scope, setter, 0, False, at.type)
            scope = scope.outer
        return Lost("lost_link", f"there is no Set of `{name}`")


def first_value(node: Node) -> str:
    """The first value of a node, which names a Set or Get."""
    values = node.values
    found = list(values.values()) if isinstance(values, dict) else values
    return str(found[0]) if isinstance(found, list) and found else ""


def passed_through(node: Node, slot: int, wanted: str) -> int | None:
    """The input that a bypassed node passes on for an output: that of the same index if it fits, else the first.

    It must fit both the output and the type that is wanted at the end (ComfyUI_frontend, ExecutableNodeDTO).
    """
    kinds = [type_of(one) for one in node.inputs]
    if not kinds:
        return None
    given = type_of(node.outputs[slot]) if slot < len(node.outputs) else "*"
    wanted = given if wanted == "*" else wanted
    fitting = [index for index, kind in enumerate(kinds) if fits(kind, given) and fits(kind, wanted)]
    if slot in fitting:
        return slot
    return kinds.index(wanted) if wanted in kinds else next(iter(fitting), None)


def fits(one: str, other: str) -> bool:
    """Whether two types of sockets can be wired, as the editor has it."""
    if one == other or "*" in (one, other):
        return True
    return bool(set(one.lower().split(",")) & set(other.lower().split(",")))
