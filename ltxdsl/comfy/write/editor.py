"""A prompt as a graph for ComfyUI's editor, laid out, with the script in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ltxdsl.comfy.builder import Export, Place, Prompt
from ltxdsl.comfy.compare import sources_first
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.editor import read_editor
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.write.layout import Layout, laid_out
from ltxdsl.comfy.write.own import signature
from ltxdsl.comfy.write.parts import Parts, parts_of

SCHEMA = 0.4
WIDTH, WIDE = 320.0, 440.0
HEAD, ROW, LINE = 40.0, 24.0, 16.0
LOADED = frozenset({"MODEL", "VAE", "CLIP", "LATENT_UPSCALE_MODEL", "UPSCALE_MODEL"})
TOLD = frozenset({"CONDITIONING", "IMAGE", "MASK", "AUDIO", "VIDEO", "STRING"})
MODELS, MATERIAL, OUTPUT = "models", "prompts and files", "output"


def editor_graph(export: Export, catalogue: Mapping[str, Info], source: str, comments: str = "") -> dict[str, Any]:
    """The workflow of an export, in the form that the editor saves (schema 0.4)."""
    prompt = export.prompt
    order = sources_first(prompt)
    used = _used(prompt)
    parts = {id: parts_of(prompt[id], catalogue.get(prompt[id]["class_type"]), used.get(id, 0)) for id in order}
    sizes = {id: _size(one) for id, one in parts.items()}
    reads = {id: _sources(prompt, id) for id in order}
    sections = _sections(order, prompt, parts, export.places)
    layout = laid_out(sections, reads, sizes)
    links = _Links(prompt, parts)
    nodes = [_node(id, index, prompt, parts[id], layout, sizes[id], links) for index, id in enumerate(order)]
    if comments:
        nodes.append(_note(len(order), comments, max(map(int, order), default=0) + 1))
    graph: dict[str, Any] = {
        "last_node_id": max((node["id"] for node in nodes), default=0),
        "last_link_id": len(links.made),
        "nodes": nodes,
        "links": links.made,
        "groups": [
            {"title": group.title, "bounding": list(group.box), "color": group.colour, "font_size": 24}
            for group in layout.groups
        ],
        "config": {},
        "extra": {},
        "version": SCHEMA,
    }
    # What the editor queues has the defaults of widgets that the export leaves out.
    graph["extra"]["ltxdsl"] = {"text": source, "hash": signature(read_editor(graph, catalogue).prompt)}
    return graph


def _used(prompt: Prompt) -> dict[str, int]:
    """How many outputs of each node are read."""
    found: dict[str, int] = {}
    for node in prompt.values():
        for value in node["inputs"].values():
            if link := link_of(value):
                found[link[0]] = max(found.get(link[0], 0), link[1] + 1)
    return found


def _sources(prompt: Prompt, id: str) -> list[str]:
    links = (link_of(value) for value in prompt[id]["inputs"].values())
    return [link[0] for link in links if link and link[0] in prompt]


def _size(parts: Parts) -> tuple[float, float]:
    rows = max(len([one for one in parts.inputs if not one[2]]), len(parts.outputs)) + len(parts.values)
    return (WIDE if parts.lines else WIDTH), HEAD + ROW * rows + LINE * parts.lines


def _sections(
    order: list[str], prompt: Prompt, parts: Mapping[str, Parts], places: Mapping[str, Place]
) -> list[list[tuple[str, list[str]]]]:
    """Groups from left to right: models and material, a group a pass, what is written."""
    groups: dict[str, list[str]] = {}
    for id in order:
        groups.setdefault(_group(id, prompt, parts[id], places, groups), []).append(id)
    first = [(title, groups.pop(title)) for title in (MODELS, MATERIAL) if title in groups]
    last = [(OUTPUT, groups.pop(OUTPUT))] if OUTPUT in groups else []
    return [section for section in (first, *([(title, ids)] for title, ids in groups.items()), last) if section]


def _group(id: str, prompt: Prompt, parts: Parts, places: Mapping[str, Place], groups: Mapping[str, list[str]]) -> str:
    kinds = {kind for _, kind in parts.outputs}
    before = {title for title, ids in groups.items() for source in _sources(prompt, id) if source in ids}
    early = before <= {MODELS, MATERIAL}
    if kinds and kinds <= LOADED and before <= {MODELS} and not any(s for s in _sources(prompt, id)):
        return MODELS
    if kinds and kinds <= (LOADED | TOLD) and kinds & TOLD and early:
        return MATERIAL
    place = places.get(id)
    if place is not None and isinstance(place.op, str):
        return place.op
    return OUTPUT if place is not None or before else MATERIAL


class _Links:
    """Links with their numbers, and where they begin and end."""

    def __init__(self, prompt: Prompt, parts: Mapping[str, Parts]) -> None:
        self.made: list[list[Any]] = []
        self.into: dict[tuple[str, str], int] = {}
        self.out: dict[tuple[str, int], list[int]] = {}
        for id, node in prompt.items():
            for slot, (name, kind, _) in enumerate(parts[id].inputs):
                link = link_of(node["inputs"].get(name))
                if link is None or link[0] not in prompt:
                    continue
                outputs = parts[link[0]].outputs
                shown = outputs[link[1]][1] if link[1] < len(outputs) else kind
                number = len(self.made) + 1
                self.made.append([number, int(link[0]), link[1], int(id), slot, shown])
                self.into[id, name] = number
                self.out.setdefault(link, []).append(number)


def _node(
    id: str, order: int, prompt: Prompt, parts: Parts, layout: Layout, size: tuple[float, float], links: _Links
) -> dict[str, Any]:
    kind = prompt[id]["class_type"]
    inputs = []
    for name, socket, widget in parts.inputs:
        one: dict[str, Any] = {"name": name, "type": socket, "link": links.into.get((id, name))}
        inputs.append(one | ({"widget": {"name": name}} if widget else {}))
    outputs = [
        {"name": name, "type": socket, "links": links.out.get((id, slot), []), "slot_index": slot}
        for slot, (name, socket) in enumerate(parts.outputs)
    ]
    return {
        "id": int(id),
        "type": kind,
        "title": (prompt[id].get("_meta") or {}).get("title", kind),
        "pos": list(layout.places[id]),
        "size": list(size),
        "flags": {},
        "order": order,
        "mode": 0,
        "inputs": inputs,
        "outputs": outputs,
        "properties": {"Node name for S&R": kind},
        "widgets_values": parts.values if isinstance(parts.values, dict) else list(parts.values),
    }


def _note(order: int, text: str, id: int) -> dict[str, Any]:
    """The script's comments, above everything."""
    height = HEAD + LINE * (2 + text.count("\n") + len(text) // 60)
    return {
        "id": id,
        "type": "Note",
        "title": "from the script",
        "pos": [0.0, -height - 60],
        "size": [WIDE, height],
        "flags": {},
        "order": order,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [text],
    }
