"""A prompt as a graph for ComfyUI's editor, laid out, with the script in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ltxdsl.comfy.builder import Export, Prompt, renumbered
from ltxdsl.comfy.compare import sources_first
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.editor import read_editor
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.write.grouping import MEDIA, MODELS, OUTPUT, PROMPTS, grouped, in_columns, is_output
from ltxdsl.comfy.write.layout import Box, Wire, laid_out
from ltxdsl.comfy.write.notes import Said, by_group
from ltxdsl.comfy.write.own import signature
from ltxdsl.comfy.write.parts import Parts, homeless, parts_of
from ltxdsl.comfy.write.sizes import Size, size_of

SCHEMA = 0.4
COLOURS = {MODELS: "#3f789e", PROMPTS: "#88AA88", MEDIA: "#b58b2a", OUTPUT: "#8A8A8A"}
PASSES = ("#a1309b", "#b06634", "#8888AA", "#3f9e8a")  # in turn


def editor_graph(export: Export, catalogue: Mapping[str, Info], said: Said = Said()) -> dict[str, Any]:  # noqa: B008 - frozen
    """The workflow of an export, in the form that the editor saves (schema 0.4)."""
    export = _numbered(export)
    prompt = export.prompt
    order = sources_first(prompt)
    wires = list(_wires(prompt))
    used: dict[str, int] = {}
    for wire in wires:
        used[wire.origin] = max(used.get(wire.origin, 0), wire.slot + 1)
    parts = {id: parts_of(prompt[id], catalogue.get(prompt[id]["class_type"]), used.get(id, 0)) for id in order}
    sizes = {id: size_of(one, title_of(prompt[id])) for id, one in parts.items()}
    reads: dict[str, list[str]] = {id: [] for id in order}
    for wire in wires:
        reads[wire.target].append(wire.origin)
    groups = grouped(prompt, reads, parts, export.places)
    columns = in_columns(reads, groups)
    members = {title: [id for id in order if groups[id] == title] for column in columns for title in column}
    notes = by_group(said, columns[0][0], groups, export.places) if columns else {}
    layout = laid_out(columns, members, wires, sizes, notes)
    links = _Links(wires, parts)
    nodes = [_node(prompt[id], id, parts[id], (sizes[id], layout.places[id]), links) for id in order]
    last = max((node["id"] for node in nodes), default=0)
    for number, (title, text) in enumerate(notes.items(), last + 1):
        nodes.append(_note(number, text, layout.notes[title]))
    for place, node in enumerate(nodes):
        node["order"] = place
    graph: dict[str, Any] = {
        "last_node_id": last + len(notes),
        "last_link_id": len(links.made),
        "nodes": nodes,
        "links": links.made,
        "groups": list(_groups(layout.groups, said)),
        "config": {},
        "extra": {},
        "version": SCHEMA,
    }
    # What the editor queues has the defaults of widgets that the export leaves out.
    graph["extra"]["ltxdsl"] = {
        "text": said.text,
        "hash": signature(read_editor({**graph, "groups": []}, catalogue).prompt),
    }
    return graph


def _numbered(export: Export) -> Export:
    """The same with whole numbers as ids, which is what the editor's form has."""
    if all(id.isascii() and id.isdigit() and str(int(id)) == id for id in export.prompt):
        return export
    ids = {id: str(number) for number, id in enumerate(export.prompt, 1)}
    places = {ids[id]: place for id, place in export.places.items()}
    return msgspec.structs.replace(export, prompt=renumbered(export.prompt, ids), places=places)


def title_of(node: Mapping[str, Any]) -> str:
    """What a node's box says."""
    return str((node.get("_meta") or {}).get("title") or node["class_type"])


def cautions(prompt: Prompt, catalogue: Mapping[str, Info]) -> list[str]:
    """What the editor may read otherwise: classes that the catalogue does not hold, values where it has sockets."""
    unknown = sorted({node["class_type"] for node in prompt.values()} - set(catalogue))
    order = "is not in the catalogue: its values are in the prompt's order (`ltx nodes refresh`)"
    lost = [
        f"{title_of(node)}: the editor has no place for the value of {name}, and leaves it out"
        for node in prompt.values()
        if node["class_type"] in catalogue
        for name in homeless(node["inputs"], catalogue[node["class_type"]])
    ]
    return [*(f"{name} {order}" for name in unknown), *lost]


def _wires(prompt: Prompt) -> Iterator[Wire]:
    for id, node in prompt.items():
        for name, value in node["inputs"].items():
            link = link_of(value)
            if link is not None and link[0] in prompt:
                yield Wire(link[0], link[1], id, name)


class _Links:
    """Links with their numbers, and where they begin and end."""

    def __init__(self, wires: list[Wire], parts: Mapping[str, Parts]) -> None:
        self.made: list[list[Any]] = []
        self.into: dict[tuple[str, str], int] = {}
        self.out: dict[tuple[str, int], list[int]] = {}
        for number, wire in enumerate(wires, 1):
            slot = [socket.name for socket in parts[wire.target].inputs].index(wire.input)
            kind = parts[wire.origin].outputs[wire.slot][1]
            self.made.append([number, int(wire.origin), wire.slot, int(wire.target), slot, kind])
            self.into[wire.target, wire.input] = number
            self.out.setdefault((wire.origin, wire.slot), []).append(number)


def _node(
    written: Mapping[str, Any], id: str, parts: Parts, at: tuple[Size, tuple[float, float]], links: _Links
) -> dict[str, Any]:
    size, place = at
    inputs = [
        {"name": one.name, "type": one.type, "link": links.into.get((id, one.name))}
        | ({"widget": {"name": one.name}} if one.widget else {})
        for one in parts.inputs
    ]
    outputs = [
        {"name": name, "type": kind, "links": links.out.get((id, slot), []), "slot_index": slot}
        for slot, (name, kind) in enumerate(parts.outputs)
    ]
    return {
        "id": int(id),
        "type": written["class_type"],
        "title": title_of(written),
        "pos": list(place),
        "size": [size.width, size.height],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": inputs,
        "outputs": outputs,
        "properties": {"Node name for S&R": written["class_type"]},
        "widgets_values": parts.values if isinstance(parts.values, dict) else list(parts.values),
    }


def _groups(boxes: Mapping[str, Box], said: Said) -> Iterator[dict[str, Any]]:
    passes = [title for title in boxes if title not in COLOURS and not is_output(title)]
    colours = COLOURS | {title: PASSES[index % len(PASSES)] for index, title in enumerate(passes)}
    for number, (title, box) in enumerate(boxes.items(), 1):
        words = said.titles.get(title, title)
        shown = {"title": words, "bounding": list(box), "color": colours.get(title, COLOURS[OUTPUT]), "font_size": 24}
        yield {"id": number, **shown, "flags": {}}


def _note(id: int, text: str, box: Box) -> dict[str, Any]:
    """A comment of the script, above the group that it speaks of."""
    return {
        "id": id,
        "type": "Note",
        "title": "from the script",
        "pos": [box.x, box.y],
        "size": [box.width, box.height],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [text],
    }
