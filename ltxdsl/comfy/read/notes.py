"""What a person wrote and arranged around the nodes: places, groups, notes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ltxdsl.comfy.read.graph import Graph, Node, as_list
from ltxdsl.comfy.workflow import Mark, Note

MOST_GROUPS = 500  # of a graph that are looked at: nobody draws more


class Box(NamedTuple):
    """A group of the editor: its title, and what it covers."""

    title: str
    left: float
    top: float
    width: float
    height: float

    def holds(self, place: tuple[float, float]) -> bool:
        """Whether a place lies in it."""
        x, y = place
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


def boxes(graph: Graph) -> list[Box]:
    """The groups of a graph."""
    found = []
    for group in as_list(graph.raw.get("groups"))[:MOST_GROUPS]:
        box = group.get("bounding") if isinstance(group, dict) else None
        if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box):
            found.append(Box(str(group.get("title", "")), *(_number(v) for v in box)))
    return found


def mark_of(node: Node, around: list[Box]) -> Mark:
    """Title, place, size and groups of a node."""
    place = pair(node.raw.get("pos"))
    return Mark(node.title, place, pair(node.raw.get("size")), _titles(place, around))


def note_of(node: Node, around: list[Box]) -> Note:
    """The text of a note, with its place."""
    values = node.values
    texts = list(values.values()) if isinstance(values, dict) else as_list(values)
    text = next((v for v in texts if isinstance(v, str)), "")
    place = pair(node.raw.get("pos"))
    return Note(text, node.title, place, _titles(place, around))


def pair(value: Any) -> tuple[float, float]:
    """A place or size, from a list or from an object with the keys 0 and 1."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if isinstance(value, list) and len(value) >= 2 and all(isinstance(v, int | float) for v in value[:2]):
        return _number(value[0]), _number(value[1])
    return 0.0, 0.0


def _number(value: float) -> float:
    """Whole numbers of JSON may be larger than any float."""
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _titles(place: tuple[float, float], around: list[Box]) -> tuple[str, ...]:
    return tuple(box.title for box in around if box.holds(place))
