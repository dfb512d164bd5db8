"""Constants of a prompt: outputs that are known from the file, switches that are set, nodes that nothing needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ltxdsl.comfy.aside_classes import SHOWS
from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import SHOWN_ONLY, sources_first
from ltxdsl.comfy.constants import UNKNOWN, Known, made, picture
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.validate import is_node, link_of

# What "Use everywhere" has for its links: nodes that do nothing.
IDLE = frozenset(("Anything Everywhere", "Anything Everywhere3", "Anything Everywhere?", "Prompts Everywhere"))


def fold(prompt: Prompt, catalogue: Mapping[str, Info]) -> Prompt:
    """The same work with every known value as a literal, set switches replaced by their branch, and no dead nodes.

    A node is alive if an output node needs it; a prompt without output nodes is kept whole.
    """
    prompt = {id: node for id, node in prompt.items() if is_node(node)}
    outputs: dict[tuple[str, int], Any] = {}
    sizes: dict[str, tuple[int, int]] = {}
    folded: Prompt = {}
    settled: set[str] = set()  # all that they give is known
    known = Known(sizes, folded, outputs, catalogue)
    for id in sources_first(prompt):
        node = prompt[id]
        inputs = {name: _through(value, outputs) for name, value in _meant(node)}
        folded[id] = {**node, "inputs": inputs}
        values = made(node["class_type"], inputs, known)
        outputs |= {(id, slot): value for slot, value in enumerate(values) if value is not UNKNOWN}
        if values and UNKNOWN not in values:
            settled.add(id)
        if size := picture(node["class_type"], inputs, known):
            sizes[id] = size
    return alive(folded, catalogue, read_in(prompt), settled)


def _meant(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The inputs that a server reads; what a node has shown before is none."""
    shows = SHOWS.get(node["class_type"])
    for name, value in node["inputs"].items():
        if name not in SHOWN_ONLY and (shows in (None, name) or link_of(value)):
            yield name, value


def read_in(prompt: Prompt) -> set[str]:
    """The nodes that some node reads."""
    return {link[0] for node in prompt.values() for value in node["inputs"].values() if (link := link_of(value))}


def alive(
    prompt: Prompt, catalogue: Mapping[str, Info], read: set[str] | None = None, settled: Collection[str] = ()
) -> Prompt:
    """The nodes that an output node needs, in the order of the prompt.

    A class that nobody knows may be an output if nothing reads it, or did before constants were put in: `read`. One
    that only shows what it has computed is none, once that is `settled`.
    """
    prompt = {id: node for id, node in prompt.items() if is_node(node)}
    read = read_in(prompt) if read is None else read
    shown = (id for id, node in prompt.items() if (catalogue.get(node["class_type"]) or {}).get("output_node"))
    ends = [id for id in shown if id not in settled]
    strange = {id for id, node in prompt.items() if node["class_type"] not in catalogue} - read
    unknown = [id for id in prompt if id in strange and prompt[id]["class_type"] not in IDLE]
    waiting = [*ends, *unknown] or [id for id in prompt if id not in read] or list(prompt)
    needed = set(waiting)
    while waiting:
        for value in prompt[waiting.pop()]["inputs"].values():
            link = link_of(value)
            if link and link[0] in prompt and link[0] not in needed:
                needed.add(link[0])
                waiting.append(link[0])
    return {id: node for id, node in prompt.items() if id in needed}


def _through(value: Any, outputs: Mapping[tuple[str, int], Any]) -> Any:
    """A link to a known value is that value; one through a switch is the branch's own link."""
    link = link_of(value)
    return outputs.get(link, value) if link else value
