"""Names for the values of a node's widgets, which an editor file keeps by their order alone."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ltxdsl.comfy.interface import DYNAMIC, Info
from ltxdsl.comfy.read.graph import Node

TYPES = frozenset(
    {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "MARKDOWN", "IMAGECOMPARE", "CURVE", "LOAD_3D"}
)
SEEDS = ("seed", "noise_seed")
# Widgets of the editor alone: buttons, players, and what they say of themselves.
NOT_SENT = frozenset(
    {"videopreview", "audiopreview", "audioUI", "upload", "choose video to upload", "choose audio to upload"}
)
BUTTONS = ("upload3dmodel", "uploadExtraResources", "clear", "refresh")
CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
CONTROL_NAMES = frozenset({"control_after_generate", "control_before_generate", "control_filter_list"})


# What a widget without a default shows. The comparison of pictures needs a value, though it means nothing.
EMPTY: Mapping[str, Any] = {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False, "IMAGECOMPARE": ["", ""]}


ABSENT = object()  # neither in the file nor a default


class Values(NamedTuple):
    """The values of a node's widgets by their names in the prompt, those that no widget takes, and choices that the
    class does not have: `combo: key`.
    """

    named: dict[str, Any]
    surplus: tuple[Any, ...] = ()
    strange: tuple[str, ...] = ()


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
    drawn = "socketless" in options or options.get("widgetType")  # packs bring widgets for types of their own
    if not (isinstance(kind, list) or kind in TYPES or drawn):
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
    return EMPTY.get(kind if isinstance(kind, str) else "")


def named_values(node: Node, info: Info | None) -> Values:
    """The values of a node's widgets, by the names that the file gives them or by the order of the class."""
    values = node.values
    if isinstance(values, dict):
        return Values({str(k): v for k, v in values.items() if k not in NOT_SENT})
    given = list(values) if isinstance(values, list) else []
    said = _said(node, given)
    if info is None:
        return Values(_unknown(node, given, said))
    taken = _ByName(said) if said else _ByOrder(given)
    listed = {name: place for place, name in enumerate(said or _linkable(node))}
    named = dict(_taken(_input(info), info, taken, "", listed))
    left = [one for one in taken.left() if not _is_decoration(one)]
    rows = [one for one in left if isinstance(one, dict) and "lora" in one]
    named |= {f"lora_{number}": row for number, row in enumerate(rows, 1)}
    return Values(named, tuple(one for one in left if one not in rows), tuple(taken.strange))


def _is_decoration(value: Any) -> bool:
    """Headers and buttons, which packs draw as widgets without a value."""
    return value == {} or (isinstance(value, dict) and (value.get("name") in NOT_SENT or value.keys() == {"type"}))


def controlled_widgets(info: Info | None) -> frozenset[str]:
    """The widgets of a class that an extra value follows, which says how they change from run to run."""
    widgets = (widget_of(name, spec) for name, spec in ordered(_input(info or {})))
    return frozenset(widget.name for widget in widgets if widget and widget.controlled)


def class_inputs(info: Info | None) -> list[dict[str, Any]]:
    """The inputs of a node as the editor makes them for a new one: sockets, then widgets."""
    found = [(name, spec, widget_of(name, spec)) for name, spec in ordered(_input(info or {}), info)]
    found = [one for one in found if isinstance(one[1], list) and one[1]]
    sockets = [{"name": name, "type": spec[0], "link": None} for name, spec, widget in found if widget is None]
    widgets = [
        {"name": name, "type": spec[0], "link": None, "widget": {"name": name}}
        for name, spec, widget in found
        if widget
    ]
    return [*sockets, *widgets]


def _said(node: Node, given: list[Any]) -> dict[str, Any]:
    """Newer files name their values too. Where the two lists differ, somebody changed one: the order holds then."""
    said = node.raw.get("widgets_values_named")
    return said if isinstance(said, dict) and list(said.values()) == given else {}


def _linkable(node: Node) -> list[str]:
    """The widgets that the file lists among the inputs, in their order."""
    widgets = (one["widget"].get("name") for one in node.inputs if isinstance(one.get("widget"), dict))
    return [name for name in widgets if isinstance(name, str)]


def _input(info: Info) -> Mapping[str, Any]:
    found = info.get("input")
    return found if isinstance(found, Mapping) else {}


class _ByOrder:
    """Hands out values from the front."""

    def __init__(self, given: list[Any]) -> None:
        self.waiting = deque(one for one in given if one not in BUTTONS) if _has_buttons(given) else deque(given)
        self.strange: list[str] = []

    def take(self, widget: Widget) -> Any:
        """The value of a widget; the class's default where the file is too old to have one."""
        if not self.waiting:
            return ABSENT if widget.default is None else widget.default
        value = self.waiting.popleft()
        if widget.controlled and self.waiting:
            self.waiting.popleft()
        return value

    def below(self, name: str, after: int) -> Iterator[tuple[str, Any]]:
        """The values of a choice that nobody knows: what is there beyond the values of the widgets after it."""
        for index in range(len(self.waiting) - after):
            yield f"{name}.widget_{index}", self.waiting.popleft()

    def left(self) -> Iterator[Any]:
        """What nobody took, but for what an upload button leaves behind."""
        return (one for one in self.waiting if one not in ("image", "video", "audio", "", None, *CONTROLS))


def _has_buttons(given: list[Any]) -> bool:
    return BUTTONS[0] in given


class _ByName:
    """Hands out values by the names that the file gives them."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.taken: set[str] = set()
        self.strange: list[str] = []

    def take(self, widget: Widget) -> Any:
        """The value of a widget, or its default."""
        self.taken.add(widget.name)
        return self.said.get(widget.name, ABSENT if widget.default is None else widget.default)

    def below(self, name: str, after: int) -> Iterator[tuple[str, Any]]:
        """The values of a choice that nobody knows, by the names in the file."""
        found = {key: value for key, value in self.said.items() if key.startswith(f"{name}.")}
        self.taken.update(found)
        yield from found.items()

    def left(self) -> Iterator[Any]:
        """What nobody took, but for the editor's own."""
        own = self.taken | CONTROL_NAMES | NOT_SENT
        left = {name: v for name, v in self.said.items() if name not in own and v != "" and name not in CONTROLS}
        return (v if isinstance(v, dict) else f"{name}: {v}" for name, v in left.items())


def _taken(
    section: Mapping[str, Any], info: Info | None, taken: _ByOrder | _ByName, prefix: str, listed: Mapping[str, int]
) -> Iterator[tuple[str, Any]]:
    """Names and values in the order of the editor. `listed` is the order in which the file itself names widgets."""
    found = list(ordered(section, info))
    if prefix and all(prefix + name in listed for name, spec in found if widget_of(name, spec, prefix)):
        found.sort(key=lambda one: listed.get(prefix + one[0], -1))
    widgets = [widget for name, spec in found if (widget := widget_of(name, spec, prefix)) is not None]
    for place, widget in enumerate(widgets):
        value = taken.take(widget)
        if widget.dynamic:
            known, value = _choice(widget, None if value is ABSENT else value)
            yield widget.name, value
            if known is not None:
                yield from _taken(known.get("inputs") or {}, None, taken, f"{widget.name}.", listed)
            elif not prefix and value is not None:
                taken.strange.append(f"{widget.name}: {value}")
                yield from taken.below(widget.name, sum(1 + one.controlled for one in widgets[place + 1 :]))
        elif value is not ABSENT:
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


def _choice(widget: Widget, value: Any) -> tuple[Mapping[str, Any] | None, Any]:
    """What a dynamic combo offers under a key, and the key: the first one where the file has none."""
    choices = [one for one in widget.options.get("options") or () if isinstance(one, dict)]
    value = choices[0].get("key") if value is None and choices else value
    return next((one for one in choices if one.get("key") == value), None), value


def _unknown(node: Node, given: list[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Of a class that nobody knows: names from the file where their number fits, else by position."""
    if said:
        return {name: value for name, value in said.items() if name not in CONTROL_NAMES}
    names = _linkable(node)
    plain = [v for index, v in enumerate(given) if not (index and v in CONTROLS and _is_whole(given[index - 1]))]
    for values in (given, plain):
        if len(names) == len(values):
            return dict(zip(names, values, strict=True))
    return {f"widget_{index}": value for index, value in enumerate(given)}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
