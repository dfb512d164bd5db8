"""Where nodes stand: groups from left to right as the work goes, columns by what reads what, nothing overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

GAP, COLUMN_GAP, GROUP_GAP = 40.0, 80.0, 100.0
PADDING, TITLE = 30.0, 60.0  # of a group: at its sides, and above its first node
COLOURS = ("#3f789e", "#8a8", "#a1309b", "#b06634", "#88a", "#b58b2a")


class Box(NamedTuple):
    """Left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


class Group(msgspec.Struct, frozen=True):
    """A titled frame around nodes."""

    title: str
    box: Box
    colour: str


class Layout(msgspec.Struct, frozen=True):
    """A place for every node, and the groups."""

    places: dict[str, tuple[float, float]]
    groups: tuple[Group, ...]


def laid_out(
    sections: Sequence[Sequence[tuple[str, Sequence[str]]]],
    reads: Mapping[str, Iterable[str]],
    sizes: Mapping[str, tuple[float, float]],
) -> Layout:
    """Sections from left to right, each of which holds groups (title, nodes) from top to bottom."""
    places: dict[str, tuple[float, float]] = {}
    groups: list[Group] = []
    left = 0.0
    for section in sections:
        top, widest = 0.0, 0.0
        for title, ids in section:
            corner = (left + PADDING, top + TITLE)
            here, width, height = _columns(ids, reads, sizes, corner, places)
            places |= here
            box = Box(left, top, width + 2 * PADDING, height + TITLE + PADDING)
            groups.append(Group(title, box, COLOURS[len(groups) % len(COLOURS)]))
            top += box.height + GROUP_GAP
            widest = max(widest, box.width)
        left += widest + GROUP_GAP
    return Layout(places, tuple(groups))


def _columns(
    ids: Sequence[str],
    reads: Mapping[str, Iterable[str]],
    sizes: Mapping[str, tuple[float, float]],
    corner: tuple[float, float],
    before: Mapping[str, tuple[float, float]],
) -> tuple[dict[str, tuple[float, float]], float, float]:
    """Nodes of a group in columns: each right of those that it reads, near their height. Places, width and height."""
    depths = _depths(ids, reads)
    columns: dict[int, list[str]] = {}
    for id in ids:
        columns.setdefault(depths[id], []).append(id)
    places: dict[str, tuple[float, float]] = {}
    x, height = corner[0], 0.0
    for depth in sorted(columns):
        known = {**before, **places}
        column = sorted(columns[depth], key=lambda id: _height(id, reads, known))
        y = corner[1]
        for id in column:
            places[id] = (x, y)
            y += sizes[id][1] + GAP
        height = max(height, y - GAP - corner[1])
        x += max(sizes[id][0] for id in column) + COLUMN_GAP
    return places, x - COLUMN_GAP - corner[0], height


def _depths(ids: Sequence[str], reads: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """The longest way to a node through nodes of its group; `ids` has sources first. A source stands by its reader."""
    inside = set(ids)
    depths: dict[str, int] = {}
    for id in ids:
        depths[id] = max(
            (depths[source] + 1 for source in reads.get(id, ()) if source in inside & depths.keys()), default=0
        )
    readers: dict[str, list[str]] = {}
    for id in ids:
        for source in reads.get(id, ()):
            readers.setdefault(source, []).append(id)
    for id in reversed(ids):
        later = [depths[reader] for reader in readers.get(id, []) if reader in inside]
        if later and not any(source in inside for source in reads.get(id, ())):
            depths[id] = max(depths[id], min(later) - 1)
    return depths


def _height(id: str, reads: Mapping[str, Iterable[str]], known: Mapping[str, tuple[float, float]]) -> float:
    """The middle height of what a node reads, so that links cross less."""
    heights = [known[source][1] for source in reads.get(id, ()) if source in known]
    return sum(heights) / len(heights) if heights else 0.0
