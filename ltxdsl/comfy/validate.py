"""Whether a server would take a prompt, without a server: the rules of ComfyUI's own validation, and stricter.

Stricter: all nodes are checked, not only those that an output needs; unknown inputs, numbers as text, truth values
as text and literals where only a link makes sense are problems, though the server lets them through.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec

from ltxdsl.comfy.interface import COMBO, MATCH, Info, Socket, brought, output_types, sockets_of

ANY = "*"
LONGEST_SHOWN, LONGEST_CIRCLE = 80, 12  # letters of a value, nodes of a circle in a message
# Inputs that the editor's previews leave behind.
EDITOR_ONLY = frozenset({"video-preview", "audioUI", "preview_markdown", "preview_text", "previewMode", "upload"})
# Nodes that take inputs of any name, which /object_info cannot say.
FREE_INPUTS = frozenset({"RelayLoraSelector", "Power Lora Loader (rgthree)"})
LITERALS: dict[str, type | tuple[type, ...]] = {
    "INT": int,
    "FLOAT": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
}


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and where; `node` and `input` are empty where it is the whole prompt or the whole node.

    Codes: bad_node, unknown_class, missing_input, unknown_input, bad_link, missing_node, bad_slot, wrong_type,
    needs_link, bad_value, too_small, too_large, not_in_list, cycle, no_output.
    """

    node: str
    input: str
    code: str
    message: str


def validate_prompt(
    prompt: Mapping[str, Any],
    object_info: Mapping[str, Info],
    files: Mapping[str, Collection[str]] | None = None,
) -> list[Problem]:
    """All problems of a prompt.

    `files` are the names that a file list holds, by `Class.input`; a list that it leaves out takes any name.
    """
    return list(_Checker(prompt, object_info, files or {}).problems())


def link_of(value: Any) -> tuple[str, int] | None:
    """The link that a value is, if it has the exact form of one."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int:
        return value[0], value[1]
    return None


class _Checker:
    def __init__(
        self,
        prompt: Mapping[str, Any],
        object_info: Mapping[str, Info],
        files: Mapping[str, Collection[str]],
    ) -> None:
        self.prompt = prompt
        self.object_info = object_info
        self.files = files
        self._types: dict[tuple[str, int], frozenset[str]] = {}

    def problems(self) -> Iterator[Problem]:
        for id, node in self.prompt.items():
            yield from self._node(id, node)
        yield from self._cycles()
        if not any((self._info(id) or {}).get("output_node") for id in self.prompt):
            yield Problem("", "", "no_output", "the prompt has no output node")

    def _node(self, id: str, node: Any) -> Iterator[Problem]:
        if not is_node(node):
            yield Problem(id, "", "bad_node", "a node is an object with class_type and inputs")
        elif (info := self._info(id)) is None:
            yield Problem(id, "", "unknown_class", f"there is no node class {node['class_type']}")
        else:
            yield from self._inputs(id, node["inputs"], sockets_of(info, node["inputs"]))

    def _inputs(self, id: str, inputs: Info, sockets: Mapping[str, Socket]) -> Iterator[Problem]:
        for name, socket in sockets.items():
            if name in inputs:
                yield from self._value(id, socket, inputs[name])
            elif socket.required and not socket.drawn:
                yield Problem(id, name, "missing_input", f"{name} is required")
        if self.prompt[id]["class_type"] in FREE_INPUTS:
            return
        more = {*EDITOR_ONLY, *brought(self._info(id) or {}, inputs)}
        for name in inputs:
            if name not in sockets and name not in more and not self._below_unknown(name, inputs, sockets):
                yield Problem(id, name, "unknown_input", f"there is no input {name}")

    def _below_unknown(self, name: str, inputs: Info, sockets: Mapping[str, Socket]) -> bool:
        """Whether the input belongs to a dynamic combo whose choice comes by a link, or is none that is known."""
        parts = name.split(".")
        for above in (".".join(parts[:end]) for end in range(1, len(parts))):
            socket, value = sockets.get(above), inputs.get(above)
            listed = socket is not None and bool(socket.options) and value not in socket.options
            if link_of(value) or (listed and above in inputs):
                return True
        return False

    def _value(self, id: str, socket: Socket, value: Any) -> Iterator[Problem]:
        if isinstance(value, dict) and value.keys() == {"__value__"}:
            yield from self._literal(id, socket, value["__value__"])
        elif not isinstance(value, list) or len(value) != 2:
            yield from self._literal(id, socket, value)
        elif link := link_of(value):
            yield from self._link(id, socket, *link)
        else:
            message = f'{socket.name}: a link is ["node id", slot], not {_shown(value)}'
            yield Problem(id, socket.name, "bad_link", message)

    def _link(self, id: str, socket: Socket, source: str, slot: int) -> Iterator[Problem]:
        if source not in self.prompt:
            yield Problem(id, socket.name, "missing_node", f"{socket.name}: there is no node {source}")
        elif info := self._info(source):
            if not 0 <= slot < len(output_types(info)):
                yield Problem(id, socket.name, "bad_slot", f"{socket.name}: node {source} has no output {slot}")
            elif not _fits(given := self._type(source, slot), socket):
                shown = ",".join(sorted(given))
                message = f"{socket.name} takes {socket.type}, node {source} gives {shown}"
                yield Problem(id, socket.name, "wrong_type", message)

    def _literal(self, id: str, socket: Socket, value: Any) -> Iterator[Problem]:
        if socket.drawn:
            return
        if socket.type == COMBO:
            yield from self._choice(id, socket, value)
            return
        known = socket.types & LITERALS.keys()
        if not known and ANY not in socket.types:
            message = f"{socket.name} needs a link to {socket.type}, not a value"
            yield Problem(id, socket.name, "needs_link", message)
        elif known and not any(_is_literal(value, type) for type in known):
            shown = " or ".join(sorted(known))
            yield Problem(id, socket.name, "bad_value", f"{socket.name}: {_shown(value)} is no {shown}")
        elif type(value) in (int, float):
            yield from _limits(id, socket, value)

    def _choice(self, id: str, socket: Socket, value: Any) -> Iterator[Problem]:
        allowed: Collection[Any] | None = socket.options or None
        if allowed is None:
            allowed = self.files.get(f"{self.prompt[id]['class_type']}.{socket.name}")
            if not isinstance(value, str):
                yield Problem(id, socket.name, "bad_value", f"{socket.name}: {_shown(value)} is no file name")
                return
        if allowed is not None and value not in allowed:
            message = f"{socket.name}: {_shown(value)} is not in the list"
            yield Problem(id, socket.name, "not_in_list", message)

    def _cycles(self) -> Iterator[Problem]:
        graph = {id: self._sources(node) for id, node in self.prompt.items() if is_node(node)}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = error.args[1]
            shown = cycle if len(cycle) <= LONGEST_CIRCLE else [*cycle[: LONGEST_CIRCLE - 2], "…", cycle[-1]]
            yield Problem(cycle[0], "", "cycle", f"nodes {' → '.join(shown)} go in a circle")

    def _sources(self, node: Info) -> list[str]:
        return [link[0] for value in node["inputs"].values() if (link := link_of(value))]

    def _info(self, id: str) -> Info | None:
        node = self.prompt[id]
        return self.object_info.get(node["class_type"]) if is_node(node) else None

    def _type(self, source: str, slot: int) -> frozenset[str]:
        """The type of an output; one that is matched to an input is what is linked there."""
        seen: list[tuple[str, int]] = []
        here: tuple[str, int] | None = (source, slot)
        found = frozenset({ANY})
        while here is not None and here not in self._types:
            self._types[here] = found  # where a circle comes back to, anything fits
            seen.append(here)
            type, here = self._matched(*here)
            if here is None:
                found = type
        found = self._types[here] if here is not None else found
        self._types.update(dict.fromkeys(seen, found))
        return found

    def _matched(self, source: str, slot: int) -> tuple[frozenset[str], tuple[str, int] | None]:
        """The type that an output says, or the link that it has it from."""
        info = self._info(source) if source in self.prompt else None
        if info is None or not 0 <= slot < len(output_types(info)):
            return frozenset({ANY}), None
        type = output_types(info)[slot]
        if type != MATCH:
            return frozenset({COMBO}) if isinstance(type, list) else frozenset(type.split(",")), None
        inputs = self.prompt[source]["inputs"]
        links = (link_of(inputs.get(name)) for name, socket in sockets_of(info, inputs).items() if socket.template)
        return frozenset({ANY}), next((link for link in links if link and link[0] in self.prompt), None)


def _shown(value: Any) -> str:
    """A value as a message shows it: its beginning."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def is_node(node: Any) -> bool:
    """Whether something has the form of a node: a class and inputs."""
    return (
        isinstance(node, Mapping)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), Mapping)
    )


def _fits(given: frozenset[str], socket: Socket) -> bool:
    return ANY in given or ANY in socket.types or bool(given & socket.types)


def _is_literal(value: Any, type: str) -> bool:
    if isinstance(value, bool):
        return type == "BOOLEAN"
    return isinstance(value, LITERALS[type]) and (not isinstance(value, float) or math.isfinite(value))


def _limits(id: str, socket: Socket, value: float) -> Iterator[Problem]:
    if socket.min is not None and value < socket.min:
        yield Problem(id, socket.name, "too_small", f"{socket.name}: {value} is under {socket.min}")
    if socket.max is not None and value > socket.max:
        yield Problem(id, socket.name, "too_large", f"{socket.name}: {value} is over {socket.max}")
