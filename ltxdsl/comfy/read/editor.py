"""An editor graph as the prompt that the editor would queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ltxdsl.comfy.aside_classes import SHOWS
from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.graph import BYPASSED, MUTED, Document, Graph, Node, Scope
from ltxdsl.comfy.read.groups import group_nodes, take_group_values
from ltxdsl.comfy.read.notes import Box, boxes, mark_of, note_of
from ltxdsl.comfy.read.promoted import take_values
from ltxdsl.comfy.read.resolve import NOTES, VIRTUAL, Literal, Lost, Resolver, Wire
from ltxdsl.comfy.read.widgets import Values, class_inputs
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.workflow import Fault, Mark, Note, Workflow


def read_editor(raw: dict[str, Any], catalogue: Mapping[str, Info], newest: bool = True) -> Workflow:
    """The prompt, what could not be read, and what a person wrote around it. Raises WorkflowError."""
    document = Document(raw, group_nodes(raw, catalogue))
    for graph in (document.top.graph, *document.subgraphs.values()):
        _complete(graph, catalogue)
    reading = _Reading(document, catalogue)
    for scope in document.scopes():
        take_values(scope, newest)
        take_group_values(scope, catalogue)
    for scope in document.scopes():
        reading.scope(scope)
    return Workflow(
        form=f"editor {'1.0' if raw.get('version') == 1 else '0.4'}",
        prompt=reading.wired(),
        faults=tuple(reading.faults),
        marks=reading.marks,
        notes=tuple(reading.notes),
        counts=dict(reading.counts),
        script=_own(raw, "text"),
        signature=_own(raw, "hash"),
    )


def _complete(graph: Graph, catalogue: Mapping[str, Info]) -> None:
    """Files that other tools made may not list the inputs of nodes; links mean those of the class then."""
    for link in list(graph.astray):
        node = graph.nodes[link.target]
        if not node.raw.get("inputs"):
            node.inputs = class_inputs(catalogue.get(node.type))


class _Reading:
    """Collects the nodes of all scopes."""

    def __init__(self, document: Document, catalogue: Mapping[str, Info]) -> None:
        self.document, self.catalogue = document, catalogue
        self.resolver = Resolver(document, catalogue)
        self.prompt: Prompt = {}
        self.faults: list[Fault] = []
        self.marks: dict[str, Mark] = {}
        self.notes: list[Note] = []
        self.counts: Counter[str] = Counter()
        self._boxes: dict[int, list[Box]] = {}

    def scope(self, scope: Scope) -> None:
        """The nodes of a scope, in their order."""
        around = self._around(scope.graph)
        for node in scope.graph.nodes.values():
            kind = self._kind(node)
            self.counts[kind] += 1
            if kind == "read":
                self._read(scope, node, around)
            elif node.type in NOTES:
                self.notes.append(note_of(node, around))
            elif kind in ("muted", "bypassed") and scope.outer and self.document.is_subgraph(node):
                message = f"it is {kind}, but the editor queues what is in it, as it stands in another subgraph"
                self._fault(scope, node, "runs_inside", message)
        for link in scope.graph.astray:
            node = scope.graph.nodes[link.target]
            message = (
                f"a link from node {link.origin} ends at its input {link.target_slot}, which the file does not list"
            )
            self._fault(scope, node, "lost_link", message)
        for node in scope.graph.repeated:
            self._fault(scope, node, "repeated_id", "its id was taken already: it has another here, and no links to it")

    def _around(self, graph: Graph) -> list[Box]:
        if id(graph) not in self._boxes:
            self._boxes[id(graph)] = boxes(graph)
        return self._boxes[id(graph)]

    def _kind(self, node: Node) -> str:
        if node.mode in (MUTED, BYPASSED):
            return "muted" if node.mode == MUTED else "bypassed"
        if self.document.is_subgraph(node):
            return "subgraphs"
        return "virtual" if node.type in VIRTUAL else "read"

    def _fault(self, scope: Scope, node: Node, code: str, message: str) -> None:
        self.faults.append(Fault(scope.id_of(node), node.title, code, message))

    def _read(self, scope: Scope, node: Node, around: list[Box]) -> None:
        id = scope.id_of(node)
        if node.type not in self.catalogue:
            message = f"nobody here knows the class `{node.type}`: its values are kept by what the file says of them"
            self._fault(scope, node, "unknown_class", message)
        values = self.resolver.values(scope, node)
        self._check_values(scope, node, values)
        inputs: dict[str, Any] = {name: _literal(value) for name, value in values.named.items()}
        for slot, one in enumerate(node.inputs):
            self._wire(scope, node, (slot, str(one.get("name"))), inputs)
        self.prompt[id] = {"class_type": node.type, "inputs": inputs, "_meta": {"title": node.title or node.type}}
        self.marks[id] = mark_of(node, around)

    def _check_values(self, scope: Scope, node: Node, values: Values) -> None:
        for choice in values.strange:
            message = f"`{node.type}` has no choice here `{choice}`: what belongs to it is kept as the file has it"
            self._fault(scope, node, "unknown_choice", message)
        if values.surplus and node.type not in SHOWS:  # such a node keeps what it has shown
            shown = ", ".join(_short(value) for value in values.surplus[:4])
            self._fault(scope, node, "lost_value", f"`{node.type}` has no widget here for: {shown}")

    def _wire(self, scope: Scope, node: Node, at: tuple[int, str], inputs: dict[str, Any]) -> None:
        slot, name = at
        source = self.resolver.source(scope, node, slot)
        if isinstance(source, Wire):
            inputs[name] = [source.id, source.slot]
        elif isinstance(source, Literal):
            inputs[name] = _literal(source.value)
        elif isinstance(source, Lost):
            self._fault(scope, node, source.code, f"`{name}`: {source.reason}")

    def wired(self) -> Prompt:
        """The prompt without links to nodes that are not in it."""
        for id, node in self.prompt.items():
            lost = {n: link for n, v in node["inputs"].items() if (link := link_of(v)) and link[0] not in self.prompt}
            for name, (origin, _) in lost.items():
                del node["inputs"][name]
                message = f"`{name}`: it was linked to node {origin}, which is not there"
                self.faults.append(Fault(id, self.marks[id].title, "lost_link", message))
        return self.prompt


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 40 else text[:37] + "…"


def _literal(value: Any) -> Any:
    """A list is wrapped, so that no server takes it for a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _own(raw: dict[str, Any], key: str) -> str:
    """What an export of ours left in the file."""
    extra = raw.get("extra")
    own = extra.get("ltxdsl") if isinstance(extra, dict) else None
    text = own.get(key) if isinstance(own, dict) else None
    return text if isinstance(text, str) else ""
