"""Every node of a prompt as a `node` statement: the exact file as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import cycle_in, sources_first
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.validate import link_of
from ltxdsl.grammar.write import LINE_LENGTH, identifier, key, quoted, raw_value, rows
from ltxdsl.ops import STATEMENTS
from ltxdsl.ops.raw_values import CONSTANTS, LOADED, MADE

RESERVED = frozenset({*LOADED, *MADE, *CONSTANTS, *STATEMENTS, "json", "_", "start", "end"})
NO_WIRES: dict[str, str] = {}


class Unwritable(ValueError):
    """A prompt that no script can say; `args[0]` says why."""


class Names:
    """The names of outputs in a script, as they are given to nodes."""

    def __init__(self, prompt: Prompt, catalogue: Mapping[str, Info], kept: Mapping[tuple[str, int], str]) -> None:
        self.catalogue = catalogue
        self.prompt = prompt
        self.taken = set(RESERVED) | set(kept.values())
        self.used: dict[str, set[int]] = {}
        for node in prompt.values():
            for value in (node.get("inputs") or {}).values():
                if (link := link_of(value)) and link[0] in prompt:
                    self.used.setdefault(link[0], set()).add(link[1])
        self.by_output: dict[tuple[str, int], str] = dict(kept)

    def of_node(self, id: str) -> list[str]:
        """A name for each output of a node up to the last that is read; `_` for those that are not."""
        slots = self.used.get(id, set())
        return [self._of(id, slot) if slot in slots else "_" for slot in range(max(slots, default=-1) + 1)]

    def _of(self, id: str, slot: int) -> str:
        if (id, slot) not in self.by_output:
            name = identifier(self._words(id, slot), self.taken)
            self.taken.add(name)
            self.by_output[id, slot] = name
        return self.by_output[id, slot]

    def _words(self, id: str, slot: int) -> str:
        node = self.prompt[id]
        shown = title_of(node) or node["class_type"]
        outputs = (self.catalogue.get(node["class_type"]) or {}).get("output_name") or ()
        if len(outputs) < 2 or not 0 <= slot < len(outputs):
            return shown if slot == 0 else f"{shown} {slot}"
        return f"{shown} {outputs[slot]}" if str(outputs[slot]).lower() in RESERVED else str(outputs[slot])


def title_of(node: Mapping[str, Any]) -> str:
    """What a person called it; "" where that is its class, be it with spaces and little pictures."""
    title = (node.get("_meta") or {}).get("title")
    return title if isinstance(title, str) and _letters(title) != _letters(node["class_type"]) else ""


def _letters(name: str) -> str:
    """Letters and numerals of ASCII; all of a name that has none."""
    return "".join(re.findall(r"[a-z0-9]", name.lower())) or name


def node_text(
    id: str, node: Mapping[str, Any], names: Names, wires: Mapping[str, str] = NO_WIRES, own: bool = False
) -> str:
    """One node as a statement; `wires` are words for some of its inputs; `own`: it is no equal one."""
    targets = names.of_node(id)
    head = f"{', '.join(targets)} = " if targets else ""
    head += f"node {_said(node['class_type'], 'class')}"
    if (title := title_of(node)) and (text := quoted(title.replace("\n", " "))):
        head += f" title {text}"
    head += " own" if own else ""
    inputs = (node.get("inputs") or {}).items()
    lines = [f"{_key(name)}: {wires.get(name) or _value(value, names)}" for name, value in inputs]
    short = f"{head} {{ {'; '.join(lines)} }}" if lines else f"{head} {{}}"
    if len(short) <= LINE_LENGTH and "\n" not in short:
        return short
    return "\n".join([f"{head} {{", *rows(lines, "  "), "}"])


def _value(value: Any, names: Names) -> str:
    link = link_of(value)
    if link and link[0] in names.prompt and 0 <= link[1] < 64:
        return names.by_output[link]
    return raw_value([f"lost:{link[0]}", link[1]] if link else value)


def _key(name: str) -> str:
    return key(_said(name, "input") and name)


def _said(text: str, what: str) -> str:
    if (said := quoted(text)) is None:
        raise Unwritable(f"a script cannot hold the name of the {what} {text!r}")
    return said


def statements(prompt: Prompt, names: Names) -> Iterator[tuple[str, str]]:
    """Ids and statements, each node after those that it reads."""
    for id in sources_first(prompt):
        names.of_node(id)
        yield id, node_text(id, prompt[id], names)


def checked(prompt: Prompt) -> Prompt:
    """The prompt, if all of it are nodes with a class that do not wait for each other; else Unwritable."""
    for id, node in prompt.items():
        if not isinstance(node.get("class_type"), str):
            raise Unwritable(f"node {id} has no class")
    if (looped := cycle_in(prompt)) is not None:
        raise Unwritable(f"node {looped} waits for itself, through the nodes that it reads")
    return prompt


def raw_script(prompt: Prompt, catalogue: Mapping[str, Info]) -> str:
    """The whole prompt; nothing is folded, lifted or left out."""
    names = Names(checked(prompt), catalogue, {})
    return "\n".join(text for _, text in statements(prompt, names)) + "\n"
