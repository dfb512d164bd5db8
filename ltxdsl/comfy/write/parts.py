"""The parts of a node as the editor has them: sockets, widgets with their values, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ltxdsl.comfy.interface import GROWING, Info, output_types
from ltxdsl.comfy.read.widgets import Widget, ordered, widget_of
from ltxdsl.comfy.validate import link_of

MULTILINE = 90  # characters from which a text takes several lines


class Parts(msgspec.Struct, frozen=True):
    """Inputs that can be linked (name, type, and whether a widget has them too), values, and outputs (name, type)."""

    inputs: tuple[tuple[str, str, bool], ...]
    values: tuple[Any, ...] | dict[str, Any]
    outputs: tuple[tuple[str, str], ...]
    lines: int = 0  # of text in its widgets


def parts_of(node: Mapping[str, Any], info: Info | None, used: int) -> Parts:
    """The parts of a node; `used` is how many outputs are read of a class that nobody knows."""
    given = node["inputs"]
    if info is None:
        literals = [name for name, value in given.items() if link_of(value) is None]
        wired = [(name, "*", False) for name in given if name not in literals]
        inputs = (*wired, *((name, "*", True) for name in literals))
        return Parts(inputs, tuple(given[n] for n in literals), tuple((f"output {i}", "*") for i in range(used)))
    sockets: list[tuple[str, str, bool]] = []
    values: list[Any] = []
    said: dict[str, Any] = {}
    for name, kind, widget in _walk(info["input"], info, given, ""):
        linked = link_of(given.get(name)) is not None
        if widget is None or linked:
            sockets.append((name, kind, widget is not None))
        if widget is not None:
            value = widget.default if linked else given.get(name, widget.default)
            values.append(_plain(value))
            said[name] = _plain(value)
            values += ["fixed"] if widget.controlled else []
    names = info.get("output_name") or ()
    kinds = ["COMBO" if isinstance(kind, list) else str(kind) for kind in output_types(info)]
    outputs = tuple((str(names[slot]) if slot < len(names) else kind, kind) for slot, kind in enumerate(kinds))
    texts = [v for v in values if isinstance(v, str) and (len(v) > MULTILINE or "\n" in v)]
    # A class may take inputs of any name, which its own scripts show: only by name can they be told apart.
    free = {name: v for name, v in given.items() if link_of(v) is None and name not in said}
    held = {**said, **free} if free else tuple(values)
    return Parts(tuple(sockets), held, outputs, sum(2 + len(text) // 45 + text.count("\n") for text in texts))


def _walk(
    section: Mapping[str, Any], info: Info | None, given: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str, Widget | None]]:
    """Inputs in the editor's order, with those that a choice or a growing row brings."""
    for name, spec in ordered(section, info):
        whole = prefix + name
        widget = widget_of(name, spec, prefix)
        if widget is None and isinstance(spec, list) and spec and spec[0] == GROWING:
            yield from ((key, "*", None) for key in given if key.startswith(f"{whole}."))
            continue
        yield whole, _kind(spec), widget
        if widget is not None and widget.dynamic:
            chosen = [one for one in widget.options.get("options") or () if one.get("key") == given.get(whole)]
            for choice in chosen[:1]:
                yield from _walk(choice.get("inputs") or {}, None, given, f"{whole}.")


def _kind(spec: Any) -> str:
    kind = spec[0] if isinstance(spec, list) and spec else "*"
    return kind if isinstance(kind, str) else "COMBO"


def _plain(value: Any) -> Any:
    """A wrapped list as the list: the editor wraps it itself."""
    return value["__value__"] if isinstance(value, dict) and value.keys() == {"__value__"} else value
