"""How large a node is in the editor, and where on it its sockets are.

The numbers are those of ComfyUI's frontend 1.58: 20 pixels a socket, 24 a widget, 54 and more a text of several lines.
"""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

from ltxdsl.comfy.write.parts import Parts

SOCKET, WIDGET, LINE = 20.0, 24.0, 16.0
HEAD = 30.0  # the title stands above a node's place
BARE, BELOW = 6.0, 14.0  # below the last socket, and below the last widget
NARROW, WIDE = 270.0, 420.0
LETTER, AROUND = 7.7, 44.0  # of a title
COLUMNS, MOST_LINES = 52, 18  # of a text in a wide node
NOTE_LETTER = 8.0
SHOWN = {"picture": 240.0, "sound": 54.0, "text": 110.0}


class Size(NamedTuple):
    """Width and height, without the title; how far below the place each input and output is."""

    width: float
    height: float
    inputs: dict[str, float]
    outputs: tuple[float, ...]


def size_of(parts: Parts, title: str) -> Size:
    """Large enough that the editor need not make it larger."""
    plain = [socket.name for socket in parts.inputs if not socket.widget]
    rows = max(len(plain), len(parts.outputs))
    inputs = {name: _row(index) for index, name in enumerate(plain)}
    y = SOCKET * rows + BARE
    for name, text in parts.panels:
        inputs[name] = y + WIDGET / 2
        y += WIDGET if text is None else text_height(text, COLUMNS)
    below = sum(SHOWN[kind] for kind in parts.shows) + (BELOW - BARE if parts.panels else 0)
    wide = any(text is not None for _, text in parts.panels)
    sides = (plain, [name for name, _ in parts.outputs])
    named = sum(max(map(len, names), default=0) for names in sides)
    width = max(WIDE if wide else NARROW, AROUND + LETTER * max(len(title), named))
    return Size(_even(width), _even(y + below), inputs, tuple(_row(slot) for slot in range(len(parts.outputs))))


def text_height(text: str, columns: int) -> float:
    """A box of text: at least two lines, at most so many that it can be scrolled."""
    lines = sum(max(1, len(wrap(line, columns))) for line in text.splitlines())
    return 24 + LINE * min(max(2, lines), MOST_LINES)


def note_height(text: str, width: float) -> float:
    """A note that shows all of its text at that width."""
    return _even(HEAD + text_height(text, int(width / NOTE_LETTER)))


def _row(index: int) -> float:
    return 14 + SOCKET * index


def _even(length: float) -> float:
    """To whole tens, as the editor's grid has them."""
    return float(-(-length // 10) * 10)
