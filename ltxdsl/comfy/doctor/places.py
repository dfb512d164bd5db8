"""Where a node stands in the text of a workflow file, so that editors and reviews can point at it."""

from __future__ import annotations

import re

import msgspec

from ltxdsl.source import Span

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|-?\d[\d.eE+-]*')
SUBGRAPHS, NODES = "subgraphs", "nodes"


class Node(msgspec.Struct, frozen=True):
    """A node of a graph: its class, or the subgraph that it stands for, and the place of its id."""

    kind: str
    span: Span


class _Open(msgspec.Struct):
    """An object or list that is being read, and what was seen of it."""

    key: str  # its name in the object around it
    span: Span
    name: str = ""  # of the value that comes next
    at: Span = Span(0, 0)
    values: dict[str, str] = {}
    id: Span = Span(0, 0)
    nodes: dict[str, Node] = {}


class Places(msgspec.Struct, frozen=True):
    """Nodes of a prompt by their ids; of an editor's file by graph ("" = the outermost) and id."""

    prompt: dict[str, Span]
    graphs: dict[str, dict[str, Node]]

    def of(self, node: str) -> Span | None:
        """That of a node of the prompt. `267:242` is node 242 in the subgraph that node 267 stands for."""
        if node in self.prompt:
            return self.prompt[node]
        graph, found = "", None
        for part in node.split(":"):
            inner = self.graphs.get(graph, {}).get(part)
            if inner is None:
                break
            graph, found = inner.kind, inner.span
        return found


def places(text: str) -> Places:
    """One walk over the text; what is no JSON has no places, and a node that is written twice the first."""
    found = Places({}, {})
    open: list[_Open] = []
    before: tuple[str, Span] | None = None  # a text that may turn out to be a name
    for match in TOKEN.finditer(text):
        token, span = match[0], Span(match.start(), match.end())
        here = open[-1] if open else None
        if token in "{[":
            open.append(_Open(here.name if here else "", here.at if here else span, values={}, nodes={}))
        elif token in "}]":
            if open:
                _close(open, found)
        elif token == ":":
            if here and before:
                here.name, here.at = before[0].strip('"'), before[1]
        elif token == ",":
            if here:
                here.name = ""
        elif here and here.name in ("id", "type", "class_type"):
            here.values.setdefault(here.name, token.strip('"'))
            here.id = here.at.to(span) if here.name == "id" else here.id
        before = (token, span) if token[0] == '"' else None
    return found


def _close(open: list[_Open], found: Places) -> None:
    """What the thing that ends was: a node of a prompt, a node of a graph, or a graph."""
    here = open.pop()
    if "class_type" in here.values:
        found.prompt.setdefault(here.key, here.span)
    around = open[-2] if len(open) > 1 and open[-1].key == NODES else None
    if around and "id" in here.values:
        around.nodes.setdefault(here.values["id"], Node(here.values.get("type", ""), here.id))
    if here.nodes:
        inside = len(open) > 1 and open[-1].key == SUBGRAPHS
        found.graphs.setdefault(here.values.get("id", "") if inside else "", here.nodes)
