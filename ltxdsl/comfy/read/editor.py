"""An editor graph as the prompt that the editor would queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.graph import BYPASSED, INSIDE_IN, MUTED, Document, Node, Scope, as_list
from ltxdsl.comfy.read.resolve import NOTES, VIRTUAL, Literal, Resolver, Wire, promoted
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.workflow import Fault, Mark, Note, Workflow


def read_editor(raw: dict[str, Any], catalogue: Mapping[str, Info], newest: bool = True) -> Workflow:
    """The prompt, what could not be read, and what a person wrote around it. Raises WorkflowError."""
    document = Document(raw)
    for scope in document.scopes():
        _take_values(document, scope, newest)
    reading = _Reading(document, catalogue)
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


def _take_values(document: Document, scope: Scope, newest: bool) -> None:
    """Hand what an instance says to the nodes behind its panel, those of instances further in too."""
    scope.values.update(promoted(document, scope, newest))
    outer, instance = scope.outer, scope.instance
    if outer is not None and instance is not None:
        for (id, name), value in outer.values.items():
            if id == instance.id:
                scope.values[str(INSIDE_IN), name] = value


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

    def scope(self, scope: Scope) -> None:
        """The nodes of a scope, in their order."""
        groups = [one for one in as_list(scope.graph.raw.get("groups")) if isinstance(one, dict)]
        for node in scope.graph.nodes.values():
            kind = self._kind(node)
            self.counts[kind] += 1
            if kind == "read":
                self._read(scope, node, groups)
            elif node.type in NOTES:
                self._note(node, groups)

    def _kind(self, node: Node) -> str:
        if node.mode in (MUTED, BYPASSED):
            return "muted" if node.mode == MUTED else "bypassed"
        if self.document.is_subgraph(node):
            return "subgraphs"
        return "virtual" if node.type in VIRTUAL else "read"

    def _read(self, scope: Scope, node: Node, groups: list[dict[str, Any]]) -> None:
        id = scope.id_of(node)
        if node.type not in self.catalogue:
            message = f"nobody here knows the class `{node.type}`: its values are kept by what the file says of them"
            self.faults.append(Fault(id, node.title, "unknown_class", message))
        inputs: dict[str, Any] = {name: _literal(v) for name, v in self.resolver.values(scope, node).items()}
        for slot, one in enumerate(node.inputs):
            self._wire(scope, node, (slot, one), inputs)
        self.prompt[id] = {"class_type": node.type, "inputs": inputs, "_meta": {"title": node.title or node.type}}
        self.marks[id] = Mark(
            node.title, _pair(node.raw.get("pos")), _pair(node.raw.get("size")), _around(node, groups)
        )

    def _wire(self, scope: Scope, node: Node, at: tuple[int, dict[str, Any]], inputs: dict[str, Any]) -> None:
        slot, one = at
        name = str(one.get("name"))
        source = self.resolver.source(scope, node, slot)
        if isinstance(source, Wire):
            inputs[name] = [source.id, source.slot]
        elif isinstance(source, Literal):
            inputs[name] = _literal(source.value)

    def _note(self, node: Node, groups: list[dict[str, Any]]) -> None:
        values = node.values
        text = next((v for v in as_list(values) if isinstance(v, str)), "")
        self.notes.append(Note(text, node.title, _pair(node.raw.get("pos")), _around(node, groups)))

    def wired(self) -> Prompt:
        """The prompt without links to nodes that are not in it."""
        for id, node in self.prompt.items():
            lost = [n for n, v in node["inputs"].items() if (link := link_of(v)) and link[0] not in self.prompt]
            for name in lost:
                del node["inputs"][name]
                message = f"`{name}` was linked to a node that is not there"
                self.faults.append(Fault(id, node["_meta"]["title"], "lost_link", message))
        return self.prompt


def _literal(value: Any) -> Any:
    """A list is wrapped, so that no server takes it for a link."""
    return {"__value__": value} if isinstance(value, list) else value


def _pair(value: Any) -> tuple[float, float]:
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if isinstance(value, list) and len(value) >= 2 and all(isinstance(v, int | float) for v in value[:2]):
        return float(value[0]), float(value[1])
    return 0.0, 0.0


def _around(node: Node, groups: list[dict[str, Any]]) -> tuple[str, ...]:
    """The groups that a node's corner lies in."""
    x, y = _pair(node.raw.get("pos"))
    found = []
    for group in groups:
        box = group.get("bounding")
        if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box):
            left, top, width, height = box
            if left <= x < left + width and top <= y < top + height:
                found.append(str(group.get("title", "")))
    return tuple(found)


def _own(raw: dict[str, Any], key: str) -> str:
    """What an export of ours left in the file."""
    extra = raw.get("extra")
    own = extra.get("ltxdsl") if isinstance(extra, dict) else None
    text = own.get(key) if isinstance(own, dict) else None
    return text if isinstance(text, str) else ""
