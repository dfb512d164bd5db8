"""The prompt that a lift is to give back, and short ways to ask about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeGuard

from ltxdsl.comfy.aside_classes import passed
from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import NO_MARKS, digests, sources_first
from ltxdsl.comfy.validate import link_of
from ltxdsl.grammar.write import quoted

MOST = 200  # nodes that a chain is followed over
PLACEHOLDER = re.compile(r"\W*[A-Za-z_]\w*\W*")  # WIDTH, {{width}}, $width


class Out(NamedTuple):
    """An output of a node."""

    node: str
    slot: int


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number that a script can hold, and no truth."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def is_placeholder(value: Any) -> bool:
    """Whether a word stands where a number does: a file that a program fills in before it is run."""
    return isinstance(value, str) and bool(PLACEHOLDER.fullmatch(value))


class Target:
    """A prompt with its digests."""

    def __init__(self, prompt: Prompt, marks: Mapping[str, int] = NO_MARKS) -> None:
        self.prompt = prompt
        self.marks = marks  # of nodes that would be equal to another one
        self.order = sources_first(prompt)

    @cached_property
    def digests(self) -> dict[str, str]:
        """Of every node."""
        return digests(self.prompt, self.marks)

    @cached_property
    def count(self) -> Counter[str]:
        """How often each digest stands there."""
        return Counter(self.digests.values())

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """The nodes that read a node."""
        found: dict[str, list[str]] = {}
        for id in self.order:
            for out in self.links(id).values():
                found.setdefault(out.node, []).append(id)
        return found

    def is_first(self, id: str) -> bool:
        """Whether no node before it is equal to it."""
        return id not in self.marks and self._first[self.digests[id]] == id

    @cached_property
    def _first(self) -> dict[str, str]:
        return {self.digests[id]: id for id in reversed(self.order)}

    def kind(self, id: str | None) -> str:
        """The class of a node; "" of none."""
        return str(self.prompt[id]["class_type"]) if id in self.prompt else ""

    def inputs(self, id: str) -> dict[str, Any]:
        """The inputs of a node."""
        return self.prompt[id].get("inputs") or {}

    def links(self, id: str) -> dict[str, Out]:
        """The inputs that are links to nodes which are there."""
        found = ((name, link_of(value)) for name, value in self.inputs(id).items())
        return {name: Out(*link) for name, link in found if link and link[0] in self.prompt}

    def link(self, id: str, name: str) -> Out | None:
        """The link of an input."""
        return self.links(id).get(name)

    def behind(self, out: Out | None) -> Out | None:
        """What an output is, past nodes that only make one thing wait for another, or free memory."""
        for _ in range(MOST):
            name = passed(self.kind(out.node), out.slot) if out else None
            if out is None or name is None:
                break
            out = self.link(out.node, name)
        return out

    def value(self, id: str, name: str, default: Any = None) -> Any:
        """The literal of an input; the default where it is a link, or not there."""
        value = self.inputs(id).get(name, default)
        return default if link_of(value) else value

    def number(self, id: str, name: str, default: float) -> float:
        """A number as it is written; the default in place of anything else, which proof then finds to differ."""
        value = self.value(id, name, default)
        return value if is_number(value) else default

    def of_class(self, *classes: str) -> Iterator[str]:
        """Nodes of these classes, sources first."""
        return (id for id in self.order if self.kind(id) in classes)

    def after(self, id: str) -> set[str]:
        """Nodes that read a node, by way of others."""
        waiting, found = [id], set[str]()
        while waiting:
            new = [one for one in self.readers.get(waiting.pop(), []) if one not in found]
            found.update(new)
            waiting += new
        return found

    def cone(self, ids: Iterator[str] | list[str]) -> set[str]:
        """Nodes and all that they read."""
        waiting, found = list(ids), set(ids)
        while waiting:
            for out in self.links(waiting.pop()).values():
                if out.node not in found:
                    found.add(out.node)
                    waiting.append(out.node)
        return found


def sound_behind(target: Target, id: str | None, usual: str) -> str:
    """A sound file that a node's sound comes from, quoted; the usual one where none is to be seen."""
    behind = target.cone([id]) if id else ()
    files = (target.value(one, "audio") for one in behind if target.kind(one) == "LoadAudio")
    found = (quoted(file) for file in files if isinstance(file, str) and file)
    return next(filter(None, found), f'"{usual}"')
