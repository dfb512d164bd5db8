"""Where nodes stand: groups from left to right as the work goes, columns by what reads what, nothing overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ltxdsl.comfy.write.sizes import HEAD, Size, note_height

GAP, COLUMN_GAP, GROUP_GAP = 60.0, 80.0, 100.0  # between nodes, titles and all; between columns; between groups
PADDING, TOP = 30.0, 80.0  # of a group: at its sides, and above its first node
SWEEPS = 4


class Wire(NamedTuple):
    """From an output to an input."""

    origin: str
    slot: int
    target: str
    input: str


class Box(NamedTuple):
    """Left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


class Layout(msgspec.Struct, frozen=True):
    """A place for every node, a box for every group and for every note."""

    places: dict[str, tuple[float, float]]
    groups: dict[str, Box]
    notes: dict[str, Box]


def laid_out(
    columns: Sequence[Sequence[str]],
    members: Mapping[str, Sequence[str]],
    wires: Sequence[Wire],
    sizes: Mapping[str, Size],
    notes: Mapping[str, str],
) -> Layout:
    """Columns of groups, each from top to bottom; notes stand above their groups, and the first groups are level."""
    layout = Layout({}, {}, {})
    near = _touching(members, wires)
    left = 0.0
    for column in columns:
        top = 0.0
        for title in column:
            box = _group(members[title], (left, top), near[title], sizes, layout.places)
            if title in notes:
                height = note_height(notes[title], box.width)
                if top:
                    top += height + GAP
                    box = _group(members[title], (left, top), near[title], sizes, layout.places)
                layout.notes[title] = Box(left, top - height - GAP + HEAD, box.width, height)
            layout.groups[title] = box
            top += box.height + GROUP_GAP
        left = max(layout.groups[title].x + layout.groups[title].width for title in column) + GROUP_GAP
    return layout


def _touching(members: Mapping[str, Sequence[str]], wires: Iterable[Wire]) -> dict[str, list[Wire]]:
    """The wires that begin or end in each group."""
    home = {id: title for title, ids in members.items() for id in ids}
    found: dict[str, list[Wire]] = {title: [] for title in members}
    for wire in wires:
        for title in {home[wire.origin]: None, home[wire.target]: None}:
            found[title].append(wire)
    return found


def _group(
    ids: Sequence[str],
    corner: tuple[float, float],
    wires: Sequence[Wire],
    sizes: Mapping[str, Size],
    places: dict[str, tuple[float, float]],
) -> Box:
    """Puts nodes of a group into `places`; gives the group's box."""
    inside = set(ids)
    known = {
        id: places[id][1] for wire in wires for id in (wire.origin, wire.target) if id in places and id not in inside
    }
    columns = _columns(ids, wires)
    left, top = corner[0] + PADDING, corner[1] + TOP
    orders = _orders(columns, wires, sizes, (top, known))
    best = min(orders, key=lambda order: _climb(order, wires, sizes, (top, known)))
    for column in best:
        places |= {id: (left, y) for id, y in _stacked(column, sizes, top).items()}
        left += max(sizes[id].width for id in column) + COLUMN_GAP
    height = max(_stacked(column, sizes, top)[column[-1]] + sizes[column[-1]].height for column in best) - corner[1]
    return Box(*corner, left - COLUMN_GAP + PADDING - corner[0], height + PADDING)


def _columns(ids: Sequence[str], wires: Sequence[Wire]) -> list[list[str]]:
    """Each node right of those that it reads; one that reads nothing here stands by its first reader."""
    inside = set(ids)
    sources: dict[str, list[str]] = {id: [] for id in ids}
    readers: dict[str, list[str]] = {id: [] for id in ids}
    for wire in wires:
        if wire.origin in inside and wire.target in inside:
            sources[wire.target].append(wire.origin)
            readers[wire.origin].append(wire.target)
    depths: dict[str, int] = {}
    for id in ids:
        depths[id] = max((depths[source] + 1 for source in sources[id] if source in depths), default=0)
    for id in reversed(ids):
        if readers[id] and not sources[id]:
            depths[id] = max(depths[id], min(depths[reader] for reader in readers[id]) - 1)
    return [[id for id in ids if depths[id] == depth] for depth in sorted(set(depths.values()))]


def _orders(
    columns: list[list[str]],
    wires: Sequence[Wire],
    sizes: Mapping[str, Size],
    around: tuple[float, Mapping[str, float]],
) -> Iterable[list[list[str]]]:
    """Orders of rows to choose from: as written, then swept towards sources and towards readers in turn."""
    yield columns
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        heights = _heights(columns, sizes, around)
        columns = list(columns)
        for index in range(len(columns)) if forward else reversed(range(len(columns))):
            wanted = _wanted(columns[index], wires, sizes, heights, forward)
            columns[index] = sorted(columns[index], key=lambda id: wanted[id])
            heights |= _stacked(columns[index], sizes, around[0])
        yield columns


def _wanted(
    column: Sequence[str],
    wires: Sequence[Wire],
    sizes: Mapping[str, Size],
    heights: Mapping[str, float],
    forward: bool,
) -> dict[str, float]:
    """The height at which a node's links to one side would be level; its own where it has none."""
    ends: dict[str, list[float]] = {id: [] for id in column}
    for wire in wires:
        out, into = sizes[wire.origin].outputs[wire.slot], sizes[wire.target].inputs[wire.input]
        if forward and wire.target in ends and wire.origin in heights:
            ends[wire.target].append(heights[wire.origin] + out - into)
        if not forward and wire.origin in ends and wire.target in heights:
            ends[wire.origin].append(heights[wire.target] + into - out)
    return {id: sum(found) / len(found) if found else heights[id] for id, found in ends.items()}


def _climb(
    columns: list[list[str]],
    wires: Sequence[Wire],
    sizes: Mapping[str, Size],
    around: tuple[float, Mapping[str, float]],
) -> float:
    """How far links go up and down in all."""
    heights = _heights(columns, sizes, around)
    known = [wire for wire in wires if wire.origin in heights and wire.target in heights]
    return sum(
        abs(
            heights[wire.origin]
            + sizes[wire.origin].outputs[wire.slot]
            - heights[wire.target]
            - sizes[wire.target].inputs[wire.input]
        )
        for wire in known
    )


def _heights(
    columns: list[list[str]], sizes: Mapping[str, Size], around: tuple[float, Mapping[str, float]]
) -> dict[str, float]:
    top, known = around
    heights = dict(known)
    for column in columns:
        heights |= _stacked(column, sizes, top)
    return heights


def _stacked(column: Iterable[str], sizes: Mapping[str, Size], top: float) -> dict[str, float]:
    """Rows from the top, one below the other."""
    found: dict[str, float] = {}
    for id in column:
        found[id] = top
        top += sizes[id].height + GAP
    return found
