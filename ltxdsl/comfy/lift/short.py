"""Raw nodes that a statement says shorter: those that only show something, those that let go of memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ltxdsl.comfy.aside_classes import FREES, RAM, SHOWS, TYPES, VRAM, type_of, usual_view
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.draft import Draft
from ltxdsl.comfy.lift.raw import Names
from ltxdsl.comfy.lift.target import Target
from ltxdsl.comfy.validate import link_of
from ltxdsl.grammar.write import number, quoted
from ltxdsl.ops.aside import KINDS
from ltxdsl.ops.raw_values import LOADED, MADE

LONGEST = 100  # characters of a line
WORD_TYPES = {**KINDS, "model": "model"}


class Shorts:
    """Writes raw nodes of a draft as `show` and `free`; `said` are the nodes that it has written so far.

    What goes by a name may be shown at the end, in one line for all of a class.
    """

    def __init__(self, draft: Draft, target: Target, names: Names, catalogue: Mapping[str, Info]) -> None:
        self.draft, self.target, self.names, self.catalogue = draft, target, names, catalogue
        self.said: set[str] = set()
        self.views: dict[str, list[str]] = {}  # what is shown at the end, by class ("" = the usual one)

    def line(self, id: str) -> str | None:
        """A node in short, "" where another line says it; None where only `node` can."""
        if id in self.said:
            return ""
        found = self._show(id) if self.target.kind(id) in SHOWS else self._free(id)
        if found is not None:
            self.said.add(id)
        return found

    def rest(self) -> Iterator[str]:
        """What is shown at the end."""
        for by, things in self.views.items():
            behind = f" by {quoted(by)}" if by else ""
            while things:
                count = 1
                while count < len(things) and len(" | ".join(things[: count + 1]) + behind) < LONGEST:
                    count += 1
                yield f"show {' | '.join(things[:count])}{behind}"
                things = things[count:]

    def _show(self, id: str) -> str | None:
        kind, inputs = self.target.kind(id), self.target.inputs(id)
        if self.target.readers.get(id) or set(inputs) != {SHOWS[kind]}:
            return None
        thing, type = self._thing(id, SHOWS[kind])
        if thing is None:
            return None
        by = "" if kind == usual_view(type) else kind
        if thing in (*MADE, *LOADED) and not isinstance(inputs[SHOWS[kind]], str):
            return f"show {thing}" + (f" by {quoted(by)}" if by else "")
        self.views.setdefault(by, []).append(thing)
        return ""

    def _thing(self, id: str, name: str) -> tuple[str | None, str]:
        """An input as it is written, and its kind or type."""
        value, word = self.target.inputs(id)[name], self.draft.wires.get(id, {}).get(name)
        link = link_of(value)
        if word and " " in word:
            return None, ""  # a fact of a medium
        if word:
            media = {piece.names for piece in self.draft.pieces}
            return word, WORD_TYPES.get(word, "image" if word in media else "")
        if link:
            there = link[0] in self.target.prompt and 0 <= link[1] < 64
            return (self.names.by_output[link] if there else None), type_of(self.target.prompt, link, self.catalogue)
        if isinstance(value, str):
            said = quoted(value)
            return ("written" if any(piece.head == f"prompt {said}" for piece in self.draft.pieces) else said), ""
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return (number(value) if plain else None), ""

    def _free(self, id: str) -> str | None:
        kind, last, told = self.target.kind(id), id, self._told(id)
        if told is None or not told[1]:  # a server refuses one that waits for nothing
            return None
        what, value = told
        readers = self.target.readers.get(id, [])
        if kind == VRAM and len(readers) == 1 and self.target.kind(readers[0]) == RAM:
            behind = self._told(readers[0]) if readers[0] in self.draft.raws() else None
            what, last = ((*what, *behind[0]), readers[0]) if behind else (what, last)
        thing, type = self._thing(id, value)
        name, slot = FREES[kind].way(TYPES.get(type, type))
        if thing is None or value != name or self.names.used.get(last, {slot}) != {slot}:
            return None
        self.said.add(last)
        head = "".join(f"{name} = " for name in self.names.of_node(last)[slot:])
        by = "" if kind in (VRAM, RAM) else f" by {quoted(kind)}"
        return f"{head}free {' '.join(what)}{by} after {thing}"

    def _told(self, id: str) -> tuple[tuple[str, ...], str] | None:
        """What a node lets go of, and the input with the value that passes ("" = none)."""
        freeing = FREES.get(self.target.kind(id))
        if freeing is None:
            return None
        ways = [name for name, _ in freeing.passes.values()]
        inputs = self.target.inputs(id)
        values = [name for name in inputs if name in ways]
        what = freeing.told({name: value for name, value in inputs.items() if name not in ways})
        return (what, "".join(values)) if what and len(values) < 2 else None
