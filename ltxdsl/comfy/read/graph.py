"""An editor graph with its links and subgraphs in one form, whatever the schema: the view that resolving works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

INSIDE_IN, INSIDE_OUT = "-10", "-20"  # the panels of a subgraph's inputs and outputs
MUTED, BYPASSED = 2, 4
DEEPEST = 60  # subgraphs in subgraphs
MOST_NODES = 200_000  # in opened subgraphs
LONGEST_ID = 200  # letters


class WorkflowError(ValueError):
    """A file that is no workflow, or one that nobody could run; its text is in the user's words.

    Codes: not_found, too_large, not_json, not_a_number, too_deep, no_workflow, bad_node, endless, damaged.
    """

    def __init__(self, message: str, code: str = "no_workflow") -> None:
        super().__init__(message)
        self.code = code


class Link(NamedTuple):
    """From an output to an input; ids as texts."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


class Node:
    """A node of an editor graph."""

    __slots__ = ("id", "inputs", "mode", "outputs", "raw", "type")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.id = id_of(raw.get("id"))
        self.type = raw["type"] if isinstance(raw.get("type"), str) else ""
        self.mode = raw.get("mode") if isinstance(raw.get("mode"), int) else 0
        self.inputs = [one for one in as_list(raw.get("inputs")) if isinstance(one, dict)]
        self.outputs = [one for one in as_list(raw.get("outputs")) if isinstance(one, dict)]

    @property
    def runs(self) -> bool:
        """Whether it is neither muted nor bypassed."""
        return self.mode not in (MUTED, BYPASSED)

    @property
    def title(self) -> str:
        """What its box says."""
        title = self.raw.get("title")
        return title if isinstance(title, str) else ""

    @property
    def properties(self) -> dict[str, Any]:
        """What extensions keep in it."""
        found = self.raw.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def values(self) -> Any:
        """The values of its widgets: a list, an object, or nothing."""
        return self.raw.get("widgets_values")

    def input_index(self, name: str) -> int | None:
        """Where an input stands."""
        return next((index for index, one in enumerate(self.inputs) if one.get("name") == name), None)


class Graph:
    """Nodes and links of a graph or of a subgraph's definition; `repeated` are nodes whose id was taken already."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.nodes: dict[str, Node] = {}
        self.repeated: list[Node] = []
        for one in as_list(raw.get("nodes")):
            if isinstance(one, dict):
                self._add(Node(one))
        links = raw.get("links")
        listed = list(links.values()) if isinstance(links, dict) else as_list(links)
        self.links = {id: link for one in listed if (pair := _link(one)) for id, link in [pair]}
        self.inputs = [one for one in as_list(raw.get("inputs")) if isinstance(one, dict)]
        self.outputs = [one for one in as_list(raw.get("outputs")) if isinstance(one, dict)]
        self.from_panel: dict[int, list[Link]] = {}
        self.to_panel: dict[int, Link] = {}
        if self.inputs or self.outputs:
            self._find_panels()

    def _add(self, node: Node) -> None:
        """A node whose id is taken gets another, as in the editor; links mean the first."""
        if node.id in self.nodes:
            self.repeated.append(node)
            node.id = f"{node.id}_{len(self.repeated)}"
        if node.id not in self.nodes:
            self.nodes[node.id] = node

    def _find_panels(self) -> None:
        order = {str(id): n for n, id in enumerate(id for one in self.inputs for id in as_list(one.get("linkIds")))}
        # An input lists its links; others that start there are left over from an earlier shape of the panel.
        ids = [id for id, link in self.links.items() if link.origin == INSIDE_IN]
        for id in sorted(ids, key=lambda id: order.get(id, len(order))):
            self.from_panel.setdefault(self.links[id].origin_slot, []).append(self.links[id])
        for link in self.links.values():
            if link.target == INSIDE_OUT:
                self.to_panel.setdefault(link.target_slot, link)

    @cached_property
    def ending_at(self) -> dict[tuple[str, int], Link]:
        """Links by the input that they say they end at."""
        return {(link.target, link.target_slot): link for link in self.links.values()}

    @property
    def astray(self) -> Iterator[Link]:
        """Links to inputs that a node does not have."""
        for link in self.links.values():
            node = self.nodes.get(link.target)
            if node is not None and link.target_slot >= len(node.inputs):
                yield link

    def input_named(self, name: str) -> int | None:
        """The slot of a subgraph's input."""
        return next((slot for slot, one in enumerate(self.inputs) if one.get("name") == name), None)


class Scope:
    """A graph as it stands in the whole: at the top, or opened for one instance of a subgraph.

    `values` are what the instance says of the widgets inside: by node, then by widget.
    """

    def __init__(self, graph: Graph, number: int = 0, outer: Scope | None = None, instance: Node | None = None) -> None:
        self.graph, self.number, self.outer, self.instance = graph, number, outer, instance
        self.prefix: str = f"{outer.prefix}{instance.id}:" if outer and instance else ""
        self.depth: int = outer.depth + 1 if outer else 0
        self.inner: dict[str, Scope] = {}
        self.values: dict[str, dict[str, Any]] = {}

    def id_of(self, node: Node) -> str:
        """The id of a node in the prompt."""
        return f"{self.prefix}{node.id}"

    def say(self, id: str, name: str, value: Any) -> None:
        """Give a widget inside another value."""
        self.values.setdefault(id, {})[name] = value


class Document:
    """A whole file: the graph at the top, and the definitions of subgraphs by their ids."""

    def __init__(self, raw: dict[str, Any], groups: Mapping[str, Graph] = {}) -> None:
        self.raw = raw
        definitions = raw.get("definitions")
        found = as_list(definitions.get("subgraphs")) if isinstance(definitions, dict) else []
        self.subgraphs = {str(one.get("id")): Graph(one) for one in found if isinstance(one, dict)}
        self.groups = groups
        self.top = Scope(Graph(raw))
        self.opened, self.number = 0, 0

    def open(self, scope: Scope, node: Node) -> Scope:
        """The inside of an instance. Raises WorkflowError where subgraphs never end."""
        if node.id not in scope.inner:
            graph = self.subgraphs.get(node.type) or self.groups[node.type]
            self.opened += len(graph.nodes) + 1
            self.number += 1
            if scope.depth >= DEEPEST or self.opened > MOST_NODES:
                raise WorkflowError("its subgraphs stand within each other without end", "endless")
            scope.inner[node.id] = Scope(graph, self.number, scope, node)
        return scope.inner[node.id]

    def is_subgraph(self, node: Node) -> bool:
        """Whether a node stands for a subgraph, or for a group of nodes, as older editors had it."""
        return node.type in self.subgraphs or node.type in self.groups

    def scopes(self) -> Iterator[Scope]:
        """The top and the insides of all instances; one that is muted or bypassed closes its inside at the top alone.

        Within subgraphs the editor (1.58) opens those, too: what is in them is queued, though nothing reads it.
        """
        waiting = [self.top]
        while waiting:
            scope = waiting.pop()
            yield scope
            inner = [n for n in scope.graph.nodes.values() if self.is_subgraph(n) and (n.runs or scope.outer)]
            waiting += [self.open(scope, node) for node in reversed(inner)]


def id_of(value: Any) -> str:
    """An id as a text; 3.0 is 3."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(text) > LONGEST_ID:
        raise WorkflowError(f"the id of a node has {len(text)} letters", "bad_node")
    return text


def type_of(slot: Mapping[str, Any]) -> str:
    """The type of an input or output; "*" takes anything."""
    kind = slot.get("type")
    return kind if isinstance(kind, str) and kind else "*"


def as_list(value: Any) -> list[Any]:
    """A list, or none of it."""
    return value if isinstance(value, list) else []


def _link(raw: Any) -> tuple[str, Link] | None:
    """Id and link, from an array or an object."""
    if isinstance(raw, dict):
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
        raw = [raw.get(key) for key in keys]
    if not isinstance(raw, list) or len(raw) < 5:
        return None
    id, origin, origin_slot, target, target_slot = raw[:5]
    start, end = _slot(origin_slot), _slot(target_slot)
    if start is None or end is None:
        return None
    return id_of(id), Link(id_of(origin), start, id_of(target), end)


def _slot(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9:
        return int(value)
    return value if type(value) is int and value >= 0 else None
