"""Raw nodes that a statement says shorter: those that show or let go of memory, LoRAs, sounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ltxdsl.comfy.aside import SEPARATES, SEPARATING, SOUND_LOADERS
from ltxdsl.comfy.aside_classes import FREES, RAM, SHOWS, TYPES, VRAM, type_of, usual_view
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.draft import Draft
from ltxdsl.comfy.lift.raw import Names
from ltxdsl.comfy.lift.target import Target, is_number
from ltxdsl.comfy.validate import link_of
from ltxdsl.grammar.write import number, quoted
from ltxdsl.ops.aside import KINDS
from ltxdsl.ops.raw_values import LOADED, MADE

CUT = "TrimAudioDuration"
IN_CONTEXT = "LTXICLoRALoaderModelOnly"
LOADERS = ("LoraLoaderModelOnly", IN_CONTEXT)
LONGEST = 100  # characters of a line
WORD_TYPES = {**KINDS, "model": "model"}


class Shorts:
    """Writes raw nodes of a draft as `show` and `free`; `said` are the nodes that it has written so far.

    What goes by a name may be shown at the end, in one line for all of a class.
    """

    def __init__(self, draft: Draft, target: Target, names: Names, catalogue: Mapping[str, Info]) -> None:
        self.draft, self.target, self.names, self.catalogue = draft, target, names, catalogue
        self.said: set[str] = set()
        self.ways = {
            **dict.fromkeys(SHOWS, self._show),
            **dict.fromkeys(LOADERS, self._loras),
            **dict.fromkeys(("LoadAudio", CUT, *SOUND_LOADERS), self._track),
            **dict.fromkeys((SEPARATES, SEPARATING), self._separate),
            **dict.fromkeys(FREES, self._free),
        }
        self.views: dict[str, list[str]] = {}  # what is shown at the end, by class ("" = the usual one)

    def line(self, id: str) -> str | None:
        """A node in short, "" where another line says it; None where only `node` can."""
        if id in self.said:
            return ""
        way = self.ways.get(self.target.kind(id)) if id not in self.target.marks else None
        found = way(id) if way else None
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
            there = link[0] in self.target.prompt and 0 <= link[1] < 64 and self.names.of_node(link[0])
            return (self.names.by_output[link] if there else None), type_of(self.target.prompt, link, self.catalogue)
        if isinstance(value, str):
            said = quoted(value)
            return ("written" if any(piece.head == f"prompt {said}" for piece in self.draft.pieces) else said), ""
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return (number(value) if plain else None), ""

    def _loras(self, id: str) -> str | None:
        """A LoRA on a model, with those before it that only this one reads."""
        chain, raws = [id], self.draft.raws()
        if self._lora(id) is None or not self.target.readers.get(id):
            return None
        if self._goes_on(id, raws):
            return ""
        while (at := self.target.link(chain[0], "model")) and at.node in raws and self._goes_on(at.node, raws):
            chain.insert(0, at.node)
        on, said = self._thing(chain[0], "model")[0], [self._lora(one) for one in chain]
        if on is None:
            return None
        loras = " | ".join(one for one in said if one)
        return f"{', '.join(self.names.of_node(id))} = loras {loras}" + (f" on {on}" if on != "model" else "")

    def _track(self, id: str) -> str | None:
        """A sound file; the stretch of it that only this one reads stands in the same line."""
        kind, inputs = self.target.kind(id), self.target.inputs(id)
        if kind == "LoadAudio" and self._cut_by(id):
            return ""
        before = self.target.link(id, "audio") if kind == CUT else None
        if kind == CUT and (before is None or self._cut_by(before.node) != id):
            return None
        file, start = {"LoadAudio": ("audio", ""), CUT: ("audio", "start_index"), **SOUND_LOADERS}[kind]
        path = self.target.value(before.node if before else id, file)
        said = quoted(path) if isinstance(path, str) else None
        told = {name: inputs.get(name, 0) for name in ((start, "duration") if start else ())}
        if said is None or not _times(told.values()) or inputs.keys() - told.keys() != {file}:
            return None
        words = f"{', '.join(self.names.of_node(id))} = track {said}"
        words += f" from {_seconds(told[start])}s" if told.get(start) else ""
        words += f" first {_seconds(told['duration'])}s" if told.get("duration") else ""
        return words + (f" as {quoted(kind)}" if kind in SOUND_LOADERS else "")

    def _cut_by(self, id: str) -> str | None:
        """The raw node that takes a stretch of a sound file, if nothing else reads that."""
        readers, raws = self.target.readers.get(id, []), self.draft.raws()
        alone = id in raws and self.target.kind(id) == "LoadAudio" and len(readers) == 1 and readers[0] in raws
        told = self.target.inputs(readers[0]) if alone and self.target.kind(readers[0]) == CUT else {}
        is_cut = told.get("duration") and _times([told["duration"], told.get("start_index")])
        return readers[0] if is_cut else None

    def _separate(self, id: str) -> str | None:
        """A sound's voices; the loader that only this one reads says nothing of its own."""
        readers = self.target.readers.get(id, [])
        if self.target.kind(id) == SEPARATING:
            return "" if len(readers) == 1 and self._separated(readers[0]) else None
        return self._separated(id)

    def _separated(self, id: str) -> str | None:
        """The statement of such a node, where the loader is only for it, and something reads the voices."""
        raws, model, inputs = self.draft.raws(), self.target.link(id, "model"), self.target.inputs(id)
        loaded = self.target.inputs(model.node) if model and self.target.kind(model.node) == SEPARATING else {}
        alone = model is not None and self.target.readers[model.node] == [id] and {id, model.node} <= raws
        file = quoted(loaded["model_name"]) if isinstance(loaded.get("model_name"), str) else None
        usual = self.target.kind(id) == SEPARATES and inputs.keys() == {"model", "audio"} and len(loaded) == 1
        if not (alone and file and usual):
            return None
        thing, names = self._thing(id, "audio")[0], self.names.of_node(id)
        return f"{', '.join(names)} = separate {thing} {file}" if thing and names else None

    def _goes_on(self, id: str, raws: set[str]) -> bool:
        """Whether it is a LoRA that only another one reads."""
        readers = self.target.readers.get(id, [])
        alone = len(readers) == 1 and readers[0] in raws and self.names.used.get(id) == {0}
        return alone and bool(self._lora(id) and self._lora(readers[0]))

    def _lora(self, id: str) -> str | None:
        """A LoRA as `loras` has it."""
        inputs = self.target.inputs(id)
        name, strength = inputs.get("lora_name"), inputs.get("strength_model")
        if set(inputs) != {"model", "lora_name", "strength_model"} or self.target.kind(id) not in LOADERS:
            return None
        said = quoted(name) if isinstance(name, str) else None
        if said is None or not isinstance(strength, int | float) or abs(strength) > 100 or isinstance(strength, bool):
            return None
        return f"{said} {number(strength)}" + (" in_context" if self.target.kind(id) == IN_CONTEXT else "")

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


def _times(values: Iterable[Any]) -> bool:
    """Whether all are seconds."""
    return all(is_number(one) and 0 <= one < 1e6 for one in values)


def _seconds(value: float) -> str:
    """Without a point, where nothing stands behind it."""
    return number(int(value) if value == int(value) else value) or "0"
