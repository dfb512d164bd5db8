"""What a node class takes, read from a server's `/object_info`: also where inputs depend on other inputs.

A dynamic combo brings the inputs of the option that is chosen, as `combo.input`; a growing input is a row of
inputs `grow.name`. Both are flattened here, so that a checker sees one list of sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

Info: TypeAlias = Mapping[str, Any]
COMBO, MATCH = "COMBO", "COMFY_MATCHTYPE_V3"
DYNAMIC, GROWING = "COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3"
# Types that only the editor's own widgets give; an interface says it too, by `socketless`.
DRAWN = frozenset({"IMAGECOMPARE", "LOAD_3D", "WEBCAM", "AUDIO_RECORD", "AUDIO_UI"})
WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", COMBO})
MOST_GROWN = 100  # inputs of a growing input that says no maximum


class Socket(msgspec.Struct, frozen=True):
    """One input: `type` as in object_info, `options` of a combo (empty = names of files), limits of a number."""

    name: str
    type: str
    required: bool
    options: tuple[Any, ...] = ()
    min: float | None = None
    max: float | None = None
    drawn: bool = False  # a widget that the editor draws, whose values nobody else knows
    template: str = ""  # matched outputs have the type of what is linked here
    default: Any = msgspec.UNSET

    @property
    def usual(self) -> Any:
        """What an editor puts into the widget: its default, or the first option; None where it is no widget."""
        if self.drawn or not self.types & WIDGETS:
            return None
        first = self.options[0] if self.options else None
        return first if self.default is msgspec.UNSET else self.default

    @property
    def types(self) -> frozenset[str]:
        """Types of links that fit."""
        return frozenset(part.strip() for part in self.type.split(","))


def sockets_of(info: Info, inputs: Mapping[str, Any]) -> dict[str, Socket]:
    """The inputs of a node, given the values of its dynamic combos."""
    return {socket.name: socket for socket in _section(info["input"], inputs, "", True)}


def known_sockets(info: Info, inputs: Mapping[str, Any]) -> dict[str, Socket]:
    """The same; none where a pack says what no interface has."""
    try:
        return sockets_of(info, inputs)
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}


def brought(info: Info, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Widgets that the chosen format of a VideoHelperSuite node brings with it; they have no sockets."""
    yield from (str(widget[0]) for widget in _of_format(info, inputs))


def brought_values(info: Info, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What an editor puts into those."""
    widgets = [(*widget, {})[:3] for widget in _of_format(info, inputs) if len(widget) > 1]
    sockets = (_plain(str(n), type, how if isinstance(how, Mapping) else {}, True) for n, type, how in widgets)
    return {socket.name: socket.usual for socket in sockets if socket.usual is not None}


def _of_format(info: Info, inputs: Mapping[str, Any]) -> Iterator[list[Any]]:
    for specs in info["input"].values():
        for name, spec in specs.items() if isinstance(specs, Mapping) else ():
            options = spec[1] if isinstance(spec, list) and len(spec) > 1 else None
            formats = options.get("formats") if isinstance(options, Mapping) else None
            chosen = inputs.get(name)
            if isinstance(formats, Mapping) and isinstance(chosen, str):
                yield from formats.get(chosen, ())


def output_types(info: Info) -> tuple[Any, ...]:
    """Types by slot; a list stands for a combo of these options."""
    return tuple(info.get("output") or ())


def _section(section: Info, inputs: Mapping[str, Any], prefix: str, needed: bool) -> Iterator[Socket]:
    for kind in ("required", "optional"):
        for name, spec in (section.get(kind) or {}).items():
            yield from _sockets(prefix + name, spec, inputs, needed and kind == "required")


def _sockets(name: str, spec: Any, inputs: Mapping[str, Any], required: bool) -> Iterator[Socket]:
    type, options = spec[0], (spec[1] if len(spec) > 1 else None) or {}
    expand = {DYNAMIC: _dynamic, GROWING: _growing}.get(type) if isinstance(type, str) else None
    yield from expand(name, options, inputs, required) if expand else [_plain(name, type, options, required)]


def _plain(name: str, type: Any, options: Info, required: bool) -> Socket:
    listed = isinstance(type, list)
    matched = options.get("template") or {}
    return Socket(
        name,
        COMBO if listed else matched.get("allowed_types", type),
        required,
        tuple(type if listed else options.get("options") or ()),
        options.get("min"),
        options.get("max"),
        "socketless" in options or (isinstance(type, str) and type in DRAWN),
        matched.get("template_id", ""),
        options.get("default", msgspec.UNSET),
    )


def _dynamic(name: str, options: Info, inputs: Mapping[str, Any], required: bool) -> Iterator[Socket]:
    """The combo, then the inputs of the chosen option."""
    choices = options["options"]
    yield Socket(name, COMBO, required, tuple(choice["key"] for choice in choices))
    chosen = next((choice for choice in choices if choice["key"] == inputs.get(name)), None)
    if chosen is not None:
        yield from _section(chosen["inputs"], inputs, f"{name}.", True)


def _growing(name: str, options: Info, inputs: Mapping[str, Any], required: bool) -> Iterator[Socket]:
    """As many inputs as are allowed; the first `min` are needed."""
    template = options["template"]
    names = template.get("names") or [
        f"{template['prefix']}{index}" for index in range(template.get("max", MOST_GROWN))
    ]
    for kind in ("required", "optional"):
        for spec in (template["input"].get(kind) or {}).values():
            for index, part in enumerate(names):
                needed = required and kind == "required" and index < template.get("min", 0)
                yield from _sockets(f"{name}.{part}", spec, inputs, needed)
