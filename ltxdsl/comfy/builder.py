"""A prompt while it is written: nodes, notes, and the names of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ltxdsl.comfy.equal import as_other
from ltxdsl.comfy.validate import link_of
from ltxdsl.compiler.stage import Stage
from ltxdsl.models import ModelSet
from ltxdsl.ops.base import PARTS_ALONE, PATCHED, STACKED, TOGETHER, Rename, Spelling
from ltxdsl.source import Span

Prompt: TypeAlias = dict[str, dict[str, Any]]
OMITTED = object()
EXACT = 2**53  # whole numbers below are floats without loss


class ExportError(ValueError):
    """What ComfyUI's nodes cannot do; `args[0]` says it in the user's words."""


class Link(NamedTuple):
    """One output of a node in a prompt."""

    node: str
    slot: int = 0

    def output(self, slot: int) -> Link:
        """Another output of the same node."""
        return Link(self.node, slot)


class Place(NamedTuple):
    """Where a node was written: for which pass or save, of which class before any spelling, the how manieth of it."""

    op: Hashable
    type: str
    nth: int
    alone: bool = True  # the only node of its class there, those that are shared with another pass counted


class Saved(NamedTuple):
    """What a node's file is to be called; `first` is the number of the first one of a sequence."""

    path: str
    first: int | None = None


class Export(msgspec.Struct, frozen=True):
    """An API prompt; what it does not say exactly; and the files it reads, by their names in ComfyUI's input folder.

    `places` tells of nodes that are not raw where they come from first, `sharers` of all passes and saves that have
    them, `spans` of all nodes by which statement they are there, `saves` what the files of nodes that write are to be
    called.
    """

    prompt: Prompt
    notes: tuple[str, ...]
    files: dict[str, str]
    places: dict[str, Place] = {}
    sharers: dict[str, dict[Hashable, Place]] = {}
    spans: dict[str, Span] = {}
    saves: dict[str, tuple[Saved, ...]] = {}


class PromptBuilder:
    """Adds nodes in reading order, with ids 1, 2, 3, …

    Nodes with equal class, title and inputs are one node: that is how loaders, prompts and the common beginnings
    of LoRA chains are shared. `stage` names the part of the script that is being written.
    """

    def __init__(self, models: ModelSet, stages: Mapping[str, Stage]) -> None:
        self.models = models
        self.stages = stages
        self.stage = ""
        self.native = False  # whether ComfyUI's own nodes are taken where they do the same
        self.parts: Mapping[str, Link] = {}  # of the model set, that raw nodes give to the op that is written
        self.spellings: Sequence[Spelling] = ()  # how its nodes are written
        self.wires: Mapping[str, Any] = {}  # what raw nodes give to that, and words stand for
        self.fps = 0.0
        self.word: Callable[[PromptBuilder, str, str, float], Link | str] | None = None  # the link of a word at a port
        self._prompt: Prompt = {}
        self._op: Hashable = None  # the pass or save that is written
        self._nth: dict[tuple[Hashable, str], dict[str, int]] = {}  # in each, the nodes of each class by what they take
        self._last: dict[str, Link] = {}  # the last node of each class for the op that is written
        self._places: dict[str, Place] = {}
        self._of_class: dict[tuple[Hashable, str], dict[str, int]] = {}  # for each pass or save, with their numbers
        self.span: Span | None = None  # the statement that is written
        self._spans: dict[str, Span] = {}
        self._saves: dict[str, dict[Saved, None]] = {}
        self._latest = ""  # the node that was added last, or was there already
        self._sinks: list[str] = []
        self._known: dict[str, Link] = {}
        self._raw: dict[str, Link] = {}  # nodes that the script writes itself, by class and inputs
        self._added: dict[str, Link] = {}  # the first of each that a row wrote
        self._notes: dict[str, None] = {}
        self._files: dict[str, str] = {}

    def add(self, class_type: str, title: str, **inputs: Any) -> Link:
        """A node, or the one that is there already; gives its first output. Links and literals are inputs."""
        given = {name: value for name, value in inputs.items() if value is not None}
        key = _key(class_type, given)
        numbers = self._nth.setdefault((self._op, class_type), {})
        nth = numbers.setdefault(key, len(numbers) + 1)  # one that is asked for again is no further one
        said = [one for one in self.spellings if one.type == class_type and one.nth in (0, nth)]
        sharing, first = {spelling.sharing for spelling in said}, class_type
        own = "own" in sharing
        if said:
            class_type, given = self._spelled(said, class_type, given)
            key = _key(class_type, given)
        known = repr((key, title, self.stage if own else ""))
        link = self._known.get(known) or (None if own else self._raw.get(key))
        link = link or (self._added.get(key) if "shared" in sharing else None)
        if link is None:
            link = self._known[known] = self._new(class_type, title, given)
            if not own:
                self._added.setdefault(key, link)
        self._last[first] = link
        self._touched(link)
        self._places.setdefault(link.node, Place(self._op, first, nth))
        self._of_class.setdefault((self._op, first), {}).setdefault(link.node, nth)
        return link

    @property
    def stack(self) -> tuple[tuple[str, Any], ...]:
        """What stands on the model, as the script orders it, each with a number; () leaves it to the export."""
        return next((said.lines for said in reversed(self.spellings) if said.type == STACKED), ())

    def together(self, what: str) -> bool:
        """Whether pictures in place, or guides, are to be one node."""
        return any(name == what for said in self.spellings if said.type == TOGETHER for name, _ in said.lines)

    @property
    def patches(self) -> list[tuple[str, dict[str, Any], int]]:
        """Nodes on the model that the language has no word for: class, inputs, output."""
        found = [said for said in self.spellings if said.type == PATCHED]
        return [(one.other, {name: self._line(value, {}) for name, value in one.lines}, one.nth) for one in found]

    def file_alone(self, part: str) -> str:
        """The file that the script has for a part of the model set alone; "" = it is in the checkpoint."""
        return str(self.told(PARTS_ALONE, part) or "")

    def told(self, type: str, line: str) -> Any:
        """A line that the script has of something that is no class; None if there is none."""
        lines = [value for said in self.spellings if said.type == type for name, value in said.lines if name == line]
        return lines[-1] if lines else None

    def begin(self, op: Hashable) -> None:
        """What is added from here on belongs to this pass or save."""
        if op != self._op:
            self._last.clear()
        self._op = op
        self._latest = ""

    def _spelled(self, said: Sequence[Spelling], class_type: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """A node as the script wants it written."""
        for spelling in said:
            lines = {name: self._line(value, inputs) for name, value in spelling.lines}
            kept = inputs
            if spelling.other and spelling.other != class_type:
                taken = {value.name for _, value in spelling.lines if isinstance(value, Rename) and not value.node}
                reach = partial(self._reached, inputs)
                kept = as_other(class_type, spelling.other, inputs, lines, reach)
                kept = {name: value for name, value in kept.items() if name not in taken}
                class_type = spelling.other
            inputs = {name: value for name, value in {**kept, **lines}.items() if value is not OMITTED}
        return class_type, inputs

    def _reached(self, inputs: Mapping[str, Any], path: str) -> Any:
        """An input; what the node that is linked there has; or the last node of a class."""
        if path in inputs:
            return inputs[path]
        first, _, rest = path.partition(".")
        found = inputs.get(first, self._last.get(first))
        if not rest or not isinstance(found, Link):
            return None if rest else found
        value = self.literal(found, rest)
        behind = link_of(value)
        return Link(*behind) if behind else value

    def _line(self, value: Any, inputs: Mapping[str, Any]) -> Any:
        if not isinstance(value, Rename):
            return value
        if value.node and self.word:
            return self.word(self, value.name, value.word, self.fps)
        found = inputs.get(value.name, self._last.get(value.name, OMITTED))
        if value.of and isinstance(found, Link):
            behind = link_of(self.literal(found, value.of))
            return Link(*behind) if behind else OMITTED
        return found if value.slot is None or found is OMITTED else Link(found.node, value.slot)

    def put(self, class_type: str, title: str, inputs: Mapping[str, Any], own: bool = False) -> Link:
        """A node as a script writes it; gives its first output. One that a row wrote just so is that node.

        `own`: it is none that is there already, and no row takes it for its own.
        """
        key = _key(class_type, inputs)
        link = (None if own else self._added.pop(key, None)) or self._new(class_type, title, inputs)
        if not own:
            self._raw.setdefault(key, link)
        self._touched(link)
        return link

    def _touched(self, link: Link) -> None:
        self._latest = link.node
        if self.span is not None:
            self._spans.setdefault(link.node, self.span)

    def _new(self, class_type: str, title: str, inputs: Mapping[str, Any]) -> Link:
        id = str(len(self._prompt) + 1)
        literals = {name: _literal(value) for name, value in inputs.items()}
        self._prompt[id] = {"class_type": class_type, "inputs": literals, "_meta": {"title": title}}
        return Link(id)

    def literal(self, link: Link, name: str) -> Any:
        """An input of a node that was added; None if there is none of that name."""
        node = self._prompt.get(link.node)
        return node["inputs"].get(name) if node else None

    @property
    def prompt(self) -> Prompt:
        """What was added so far."""
        return self._prompt

    def comes_from(self, link: Link, class_type: str) -> bool:
        """Whether what a link gives was a picture of such a node, resized or not."""
        node = self._prompt.get(link.node, {})
        before = link_of(node.get("inputs", {}).get("image"))
        return node.get("class_type") == class_type or (
            before is not None and self.comes_from(Link(*before), class_type)
        )

    def titled(self, words: str) -> str:
        """A title that begins with the pass: such nodes are not shared between passes."""
        return f"{self.stage}: {words}"

    def note(self, text: str) -> None:
        """Say once what the prompt does not say exactly."""
        self._notes[text] = None

    def file(self, path: str) -> str:
        """The name of a file in ComfyUI's input folder; two files of one name are told apart."""
        name = base_name(path)
        stem, suffix = PurePath(name).stem, PurePath(name).suffix
        count = 1
        while self._files.setdefault(name, path) != path:
            count += 1
            name = f"{stem}-{count}{suffix}"
        return name

    def keep(self) -> None:
        """The last node of this op acts on the world outside: with what it reads it stays."""
        self._sinks += [self._latest] if self._latest else []

    def saved(self, path: str, first: int | None) -> None:
        """The node that was added last writes this file."""
        self._saves.setdefault(self._latest, {})[Saved(path, first)] = None

    def finished(self) -> Export:
        """All that was added and is of use: another spelling may have left a node without readers."""
        needed = set(self._sinks or self._prompt)
        for id in reversed(self._prompt):
            if id in needed:
                needed |= {value[0] for value in self._prompt[id]["inputs"].values() if link_of(value)}
        kept = {id: node for id, node in self._prompt.items() if id in needed}
        ids = {id: str(number) for number, id in enumerate(kept, 1)}
        places = {ids[id]: self._counted(place, kept) for id, place in self._places.items() if id in kept}
        spans = {ids[id]: span for id, span in self._spans.items() if id in kept}
        saves = {ids[id]: tuple(saved) for id, saved in self._saves.items() if id in kept}
        sharers: dict[str, dict[Hashable, Place]] = {}
        for (op, type), made in self._of_class.items():
            for id in made.keys() & kept.keys():
                sharers.setdefault(ids[id], {})[op] = self._counted(Place(op, type, made[id]), kept)
        return Export(renumbered(kept, ids), tuple(self._notes), self._files, places, sharers, spans, saves)

    def _counted(self, place: Place, kept: Prompt) -> Place:
        return place._replace(alone=len(self._of_class[place.op, place.type].keys() & kept.keys()) == 1)


def output_prefix(path: str) -> str:
    """What a file is called in ComfyUI's output folder, without its ending: a relative path keeps its folders there."""
    *folders, name = re.split(r"[\\/]", path)
    inside = folders and folders[0] != "" and ":" not in path and ".." not in folders
    return "/".join([*(folder for folder in folders if inside and folder != "."), PurePath(name).stem])


def inside(path: str, folder: str) -> str:
    """What a file is called in one of ComfyUI's folders of models: a relative path keeps its folders, as it is written.

    What stands before that folder's own name, and the name, go; of a path from elsewhere the file's name is left.
    """
    parts = re.split(r"([\\/])", path)
    names = parts[::2]
    if folder in names[:-1]:
        return "".join(parts[2 * (len(names) - 1 - names[:-1][::-1].index(folder)) :])
    is_relative = names[0] and ":" not in path and not {".", ".."} & {*names}
    return path if is_relative else names[-1]


def base_name(path: str) -> str:
    """The last part of a path, written for Windows or not."""
    return re.split(r"[\\/]", path)[-1]


def _key(class_type: str, inputs: Mapping[str, Any]) -> str:
    """A whole number is the same with a point."""
    same = {name: float(v) if type(v) is int and abs(v) < EXACT else v for name, v in inputs.items()}
    return repr((class_type, sorted(same.items(), key=lambda item: item[0])))


def renumbered(prompt: Prompt, ids: Mapping[str, str]) -> Prompt:
    """The same nodes with other ids."""
    moved = {id: {name: _moved(value, ids) for name, value in node["inputs"].items()} for id, node in prompt.items()}
    return {ids[id]: {**node, "inputs": moved[id]} for id, node in prompt.items()}


def _moved(value: Any, ids: Mapping[str, str]) -> Any:
    link = link_of(value)
    return [ids[link[0]], link[1]] if link and link[0] in ids else value


def _literal(value: Any) -> Any:
    return [value.node, value.slot] if isinstance(value, Link) else value
