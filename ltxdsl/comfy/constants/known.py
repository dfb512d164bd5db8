"""What rows of constants are given and give back, and short ways to ask for a number or a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.aside_classes import type_of
from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.packs import CUSTOM
from ltxdsl.comfy.validate import link_of

Inputs: TypeAlias = dict[str, Any]
Outputs: TypeAlias = tuple[Any, ...]
UNKNOWN = object()
MAY_BE_EMPTY = ("Any Switch (rgthree)", "Context (rgthree)", "Context Big (rgthree)")


class Known(NamedTuple):
    """What is known of the nodes before: sizes of their pictures, what they are, what they give, their interfaces."""

    sizes: dict[str, tuple[int, int]]
    nodes: Prompt
    outputs: dict[tuple[str, int], Any]
    catalogue: Mapping[str, Info]

    def info(self, value: Any) -> Info:
        """The interface of the node that a link comes from; nothing is known of some."""
        link = link_of(value)
        node = self.nodes.get(link[0]) if link else None
        return (self.catalogue.get(node["class_type"]) if node else None) or {}

    def type(self, value: Any) -> str:
        """The type of what a link gives; "" where nobody knows."""
        link = link_of(value)
        return type_of(self.nodes, link, self.catalogue) if link else ""

    def size(self, value: Any) -> tuple[int, int]:
        """Width and height of the pictures that a link gives. Raises Unknown."""
        link = link_of(value)
        if link is None or link[0] not in self.sizes or link[1] != 0:
            raise Unknown("not said in the file")
        return self.sizes[link[0]]


Row: TypeAlias = Callable[[Inputs, Known], Outputs]
Declared = TypeVar("Declared", bound=Row)
ROWS: dict[str, Row] = {}


def node(*classes: str) -> Callable[[Declared], Declared]:
    """Enter what nodes of these classes come to."""

    def enter(row: Declared) -> Declared:
        ROWS.update(dict.fromkeys(classes, row))
        return row

    return enter


def number(value: Any) -> Any:
    """A number or a truth. Raises Unknown."""
    if isinstance(value, bool | int | float):
        return value
    raise Unknown("no number")


def text(value: Any) -> str:
    """A text. Raises Unknown."""
    if isinstance(value, str):
        return value
    raise Unknown("no text")


def truth(value: Any) -> bool:
    """True or false; 1 is neither. Raises Unknown."""
    if isinstance(value, bool):
        return value
    raise Unknown("not set")


def literal(value: Any) -> Any:
    """A number, a truth or a text. Raises Unknown."""
    if isinstance(value, bool | int | float | str):
        return value
    raise Unknown("no literal")


def is_nothing(value: Any, known: Known) -> bool:
    """Whether nothing is given: by no link, or by a switch or a bundle of rgthree's that has nothing itself."""
    link = link_of(value)
    node = known.nodes.get(link[0], {}) if link else {}
    given = (one for one in node.get("inputs", {}).values() if one is not None)
    return value is None or (node.get("class_type") in MAY_BE_EMPTY and not any(True for _ in given))


def is_certain(value: Any, known: Known) -> bool:
    """Whether a link gives something for sure; a video may have no sound."""
    module = str(known.info(value).get("python_module", CUSTOM))
    return not module.startswith(CUSTOM) and known.type(value) not in ("", "AUDIO", "*")
