"""An editor graph with its links and subgraphs in one form, whatever the schema: the view that resolving works on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

INSIDE_IN, INSIDE_OUT = -10, -20  # the panels of a subgraph's inputs and outputs
MUTED, BYPASSED = 2, 4
DEEPEST = 60  # subgraphs in subgraphs
MOST_NODES = 200_000  # after all subgraphs are opened


class WorkflowError(ValueError):
    """A file that is no workflow, or one that nobody could run; `args[0]` says it in the user's words."""


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
        self.id = str(raw.get("id"))
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
    """Nodes and links of a graph or of a subgraph's definition."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        found = [Node(one) for one in as_list(raw.get("nodes")) if isinstance(one, dict)]
        self.nodes = {node.id: node for node in found}
        self.links = {id: link for one in as_list(raw.get("links")) if (pair := _link(one)) for id, link in [pair]}
        self.inputs = [one for one in as_list(raw.get("inputs")) if isinstance(one, dict)]
        self.outputs = [one for one in as_list(raw.get("outputs")) if isinstance(one, dict)]
        self.from_panel: dict[int, list[Link]] = {}
        self.to_panel: dict[int, Link] = {}
        listed = {str(id): n for n, id in enumerate(id for one in self.inputs for id in as_list(one.get("linkIds")))}
        # An input lists its links; others that start there are left over from an earlier shape of the panel.
        ids = sorted(self.links, key=lambda id: listed.get(id, len(listed)))
        for link in (self.links[id] for id in ids):
            if link.origin == str(INSIDE_IN):
                self.from_panel.setdefault(link.origin_slot, []).append(link)
            if link.target == str(INSIDE_OUT):
                self.to_panel[link.target_slot] = link

    def input_named(self, name: str) -> int | None:
        """The slot of a subgraph's input."""
        return next((slot for slot, one in enumerate(self.inputs) if one.get("name") == name), None)


class Scope:
    """A graph as it stands in the whole: at the top, or opened for one instance of a subgraph.

    `values` are what the instance says of the widgets inside, by (node, widget).
    """

    def __init__(self, graph: Graph, outer: Scope | None = None, instance: Node | None = None) -> None:
        self.graph, self.outer, self.instance = graph, outer, instance
        self.prefix: str = f"{outer.prefix}{instance.id}:" if outer and instance else ""
        self.depth: int = outer.depth + 1 if outer else 0
        self.inner: dict[str, Scope] = {}
        self.values: dict[tuple[str, str], Any] = {}

    def id_of(self, node: Node) -> str:
        """The id of a node in the prompt."""
        return f"{self.prefix}{node.id}"


class Document:
    """A whole file: the graph at the top, and the definitions of subgraphs by their ids."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        definitions = raw.get("definitions")
        found = as_list(definitions.get("subgraphs")) if isinstance(definitions, dict) else []
        self.subgraphs = {str(one.get("id")): Graph(one) for one in found if isinstance(one, dict)}
        self.top = Scope(Graph(raw))
        self.opened = 0

    def open(self, scope: Scope, node: Node) -> Scope:
        """The inside of an instance. Raises WorkflowError where subgraphs never end."""
        if node.id not in scope.inner:
            graph = self.subgraphs[node.type]
            self.opened += len(graph.nodes) + 1
            if scope.depth >= DEEPEST or self.opened > MOST_NODES:
                raise WorkflowError("its subgraphs stand within each other without end")
            scope.inner[node.id] = Scope(graph, scope, node)
        return scope.inner[node.id]

    def is_subgraph(self, node: Node) -> bool:
        """Whether a node stands for a subgraph."""
        return node.type in self.subgraphs

    def scopes(self) -> Iterator[Scope]:
        """The top and the insides of all instances that run."""
        waiting = [self.top]
        while waiting:
            scope = waiting.pop()
            yield scope
            inner = [n for n in scope.graph.nodes.values() if self.is_subgraph(n) and n.runs]
            waiting += [self.open(scope, node) for node in reversed(inner)]


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
    slots = [_slot(origin_slot), _slot(target_slot)]
    if slots[0] is None or slots[1] is None:
        return None
    return str(id), Link(str(origin), slots[0], str(target), slots[1])


def _slot(value: Any) -> int | None:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
