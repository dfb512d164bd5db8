"""Names for the values of a node's widgets, which an editor file keeps by their order alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ltxdsl.comfy.interface import DYNAMIC, GROWING, Info
from ltxdsl.comfy.read.graph import Node

TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "MARKDOWN", "IMAGECOMPARE", "CURVE"})
SEEDS = ("seed", "noise_seed")
NOT_SENT = frozenset(
    {"videopreview", "audiopreview", "audioUI", "upload", "choose video to upload", "choose audio to upload"}
)
CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")


class Widget(NamedTuple):
    """A widget of a class: its name in the prompt, whether an extra value follows it, its default."""

    name: str
    controlled: bool = False
    default: Any = None
    options: Mapping[str, Any] = {}
    dynamic: bool = False
    number: bool = False  # a truth value in it becomes 0 or 1, as the editor has it


def ordered(section: Mapping[str, Any], info: Info | None = None) -> Iterator[tuple[str, Any]]:
    """Inputs in the order of the editor: required, then optional."""
    order = (info or {}).get("input_order") or {}
    for kind in ("required", "optional"):
        specs = section.get(kind) or {}
        names = [name for name in order.get(kind) or () if name in specs]
        for name in (*names, *(name for name in specs if name not in names)):
            yield name, specs[name]


def widget_of(name: str, spec: Any, prefix: str = "") -> Widget | None:
    """The widget of an input; None for a socket."""
    if not isinstance(spec, list) or not spec:
        return None
    kind, options = spec[0], spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    if options.get("forceInput"):
        return None
    if kind == DYNAMIC:
        return Widget(prefix + name, False, None, options, True)
    if not (isinstance(kind, list) or kind in TYPES or options.get("widgetType")):
        return None
    control = options.get("control_after_generate")
    controlled = bool(control) if control is not None else kind == "INT" and name in SEEDS and not prefix
    return Widget(prefix + name, controlled, _default(kind, options), options, number=kind in ("INT", "FLOAT"))


def _default(kind: Any, options: Mapping[str, Any]) -> Any:
    if "default" in options:
        return options["default"]
    choices = kind if isinstance(kind, list) else options.get("options")
    if choices:
        return choices[0]
    return {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}.get(kind if isinstance(kind, str) else "")


def named_values(node: Node, info: Info | None) -> dict[str, Any]:
    """The values of a node's widgets by their names in the prompt."""
    values = node.values
    if isinstance(values, dict):
        return {str(k): v for k, v in values.items() if k not in NOT_SENT}
    given = list(values) if isinstance(values, list) else []
    if info is None:
        return _unknown(node, given)
    listed = [str(one["widget"]["name"]) for one in node.inputs if _has_name(one.get("widget"))]
    return dict(_by_order(info["input"], info, given, "", {name: place for place, name in enumerate(listed)}))


def _has_name(widget: Any) -> bool:
    return isinstance(widget, dict) and isinstance(widget.get("name"), str)


def _by_order(
    section: Mapping[str, Any], info: Info | None, given: list[Any], prefix: str, listed: Mapping[str, int]
) -> Iterator[tuple[str, Any]]:
    """Takes values from the front of `given`. `listed` is the order in which the file itself names widgets."""
    found = list(ordered(section, info))
    if prefix and all(prefix + name in listed for name, spec in found if widget_of(name, spec, prefix)):
        found.sort(key=lambda one: listed.get(prefix + one[0], -1))
    for name, spec in found:
        widget = widget_of(name, spec, prefix)
        if widget is None:
            continue
        missing = not given
        value = widget.default if missing else given.pop(0)
        if widget.dynamic:
            yield from _chosen(widget, value, given, listed)
            continue
        if widget.controlled and given:
            given.pop(0)
        if value is not None or not missing:
            yield widget.name, _as_sent(value, widget)


def _as_sent(value: Any, widget: Widget) -> Any:
    """What the editor makes of a value when it queues it: a truth value a number, a marked brace a brace."""
    if widget.number and isinstance(value, bool):
        return int(value)
    return plain_text(value) if isinstance(value, str) and widget.options.get("dynamicPrompts") else value


_MARKED = re.compile(r"\\([{}|])|\{([/*])\}")


def plain_text(text: str) -> str:
    """A text with marked braces, and choices of one sign, as the editor queues it."""
    return _MARKED.sub(lambda found: found[1] or found[2], text)


def marked_text(text: str) -> str:
    """A text that the editor queues as it is: no choice is drawn from its braces, no comment cut at `//` or `/*`.

    Braces are marked; the second sign of a comment is a choice of one. Source: ComfyUI's processDynamicPrompt.
    """
    return re.sub(r"(?<=/)[/*]", r"{\g<0>}", re.sub(r"[{}]", r"\\\g<0>", text))


def _chosen(widget: Widget, value: Any, given: list[Any], listed: Mapping[str, int]) -> Iterator[tuple[str, Any]]:
    """A dynamic combo: its own value, then the widgets of that choice."""
    choices = [one for one in widget.options.get("options") or () if isinstance(one, dict)]
    value = choices[0].get("key") if value is None and choices else value
    yield widget.name, value
    chosen = next((one for one in choices if one.get("key") == value), None)
    if chosen is not None:
        yield from _by_order(chosen.get("inputs") or {}, None, given, f"{widget.name}.", listed)


def _unknown(node: Node, given: list[Any]) -> dict[str, Any]:
    """Of a class that nobody knows: names from the file's own inputs where their number fits, else by position."""
    names = [
        one["widget"]["name"] for one in node.inputs if isinstance(one.get("widget"), dict) and "name" in one["widget"]
    ]
    plain = [
        value for index, value in enumerate(given) if not (index and value in CONTROLS and _is_whole(given[index - 1]))
    ]
    for values in (given, plain):
        if len(names) == len(values):
            return dict(zip(map(str, names), values, strict=True))
    return {f"widget_{index}": value for index, value in enumerate(given)}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_growing(name: str, info: Info | None) -> bool:
    """Whether a dotted input belongs to a row of inputs that grows."""
    first = name.partition(".")[0]
    for section in ((info or {}).get("input") or {}).values():
        spec = (section or {}).get(first)
        if isinstance(spec, list) and spec and spec[0] == GROWING:
            return True
    return False
