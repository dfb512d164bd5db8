"""The parts of a node as the editor has them: sockets, widgets with their values, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from ltxdsl.comfy.interface import GROWING, Info, output_types
from ltxdsl.comfy.read.widgets import SEEDS, Widget, marked_text, ordered, widget_of
from ltxdsl.comfy.validate import link_of

UPLOADS = {"image_upload": "picture", "video_upload": "picture", "audio_upload": "sound"}
SHOWN = {"IMAGE": "picture", "VIDEO": "picture", "AUDIO": "sound", "*": "text"}


class Socket(NamedTuple):
    """An input that is linked, or could be; `widget`: it has a widget, too."""

    name: str
    type: str
    widget: bool


class Parts(msgspec.Struct, frozen=True):
    """Inputs, values of widgets in the editor's order, outputs (name, type).

    `panels` are the widgets as they are seen: a name, and the text of one with several lines. `shows` are a
    `picture`, a `sound` or a `text` that the editor draws below them, `takes` whether the node holds such a file.
    """

    inputs: tuple[Socket, ...]
    values: tuple[Any, ...] | dict[str, Any]
    outputs: tuple[tuple[str, str], ...]
    panels: tuple[tuple[str, str | None], ...] = ()
    shows: tuple[str, ...] = ()
    takes: bool = False


def parts_of(node: Mapping[str, Any], info: Info | None, used: int) -> Parts:
    """The parts of a node; `used` is how many of its outputs are read, which may be more than is known."""
    return _unknown(node["inputs"], used) if info is None else _known(node["inputs"], info, used)


def _unknown(given: Mapping[str, Any], used: int) -> Parts:
    """In the order of the prompt, the names kept in the file; after a seed comes what most nodes have there."""
    wired = tuple(Socket(name, "*", False) for name, value in given.items() if link_of(value))
    literals = {name: _plain(value) for name, value in given.items() if not link_of(value)}
    inputs = (*wired, *(Socket(name, "*", True) for name in literals))
    values = [one for name, value in literals.items() for one in (value, *(["fixed"] if name in SEEDS else []))]
    panels = tuple((name, None) for name in literals)
    return Parts(inputs, tuple(values), tuple((f"output {slot}", "*") for slot in range(used)), panels)


def _known(given: Mapping[str, Any], info: Info, used: int) -> Parts:
    inputs: list[Socket] = []
    values: list[Any] = []
    said: dict[str, Any] = {}
    panels: list[tuple[str, str | None]] = []
    shows = [SHOWN[kind] for kind in _kinds(info) if kind in SHOWN] if info.get("output_node") else []
    takes = [UPLOADS[option] for option in _options(info) if option in UPLOADS]
    for name, kind, widget in _walk(info["input"], info, given, ""):
        linked = link_of(given.get(name)) is not None
        if widget is None or linked:
            inputs.append(Socket(name, kind, widget is not None))
        if widget is not None:
            value = widget.default if linked else _plain(given.get(name, widget.default))
            said[name] = _as_shown(value, widget)
            values += [said[name], *(["fixed"] if widget.controlled else [])]
            panels += [(name, _text(value, widget)), *([("control", None)] if widget.controlled else [])]
    # A class may take inputs of any name, which its own scripts show: only by name can they be told apart.
    free = {name: value for name, value in given.items() if link_of(value) is None and name not in said}
    sockets = {one.name for one in inputs}
    inputs += [Socket(name, "*", False) for name in given if link_of(given[name]) and name not in sockets]
    panels += [(name, None) for name in free] + [("upload", None) for _ in takes]
    held = {**said, **free} if free else tuple(values)
    return Parts(tuple(inputs), held, _outputs(info, used), tuple(panels), (*takes, *shows[:1]), bool(takes))


def homeless(given: Mapping[str, Any], info: Info) -> list[str]:
    """Inputs that have a value, and in the editor only a socket: it keeps no value there."""
    sockets = [name for name, _, widget in _walk(info["input"], info, given, "") if widget is None]
    return [name for name in sockets if name in given and link_of(given[name]) is None]


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


def _outputs(info: Info, used: int) -> tuple[tuple[str, str], ...]:
    names = info.get("output_name") or ()
    kinds = ["COMBO" if isinstance(kind, list) else str(kind) for kind in output_types(info)]
    kinds += ["*"] * (used - len(kinds))
    return tuple((str(names[slot]) if slot < len(names) else kind, kind) for slot, kind in enumerate(kinds))


def _kinds(info: Info) -> list[str]:
    return [part for _, spec in ordered(info["input"], info) for part in _kind(spec).split(",")]


def _options(info: Info) -> list[str]:
    specs = [spec for _, spec in ordered(info["input"], info) if isinstance(spec, list)]
    return [
        name for spec in specs if len(spec) > 1 and isinstance(spec[1], Mapping) for name in spec[1] if spec[1][name]
    ]


def _kind(spec: Any) -> str:
    kind = spec[0] if isinstance(spec, list) and spec else "*"
    return kind if isinstance(kind, str) else "COMBO"


def _as_shown(value: Any, widget: Widget) -> Any:
    """A text is marked, where the editor would read braces and comments in it."""
    return marked_text(value) if isinstance(value, str) and widget.options.get("dynamicPrompts") else value


def _text(value: Any, widget: Widget) -> str | None:
    return str(value or "") if widget.options.get("multiline") else None


def _plain(value: Any) -> Any:
    """A wrapped list as the list: the editor wraps it itself."""
    return value["__value__"] if isinstance(value, dict) and value.keys() == {"__value__"} else value
