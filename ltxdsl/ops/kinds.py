"""The kinds of value that statements take, each with the way it is read from the cells of a statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple, Protocol

import msgspec

from ltxdsl.models import DISTILL, ModelSet
from ltxdsl.ops.cells import Assigned, BadValue, Cell, Hidden, Symbol, position
from ltxdsl.sampling.samplers import SAMPLERS
from ltxdsl.sampling.schedules import SCHEDULES
from ltxdsl.source import Span
from ltxdsl.values import Factor, Fps, Frames, Percent, Position, Seconds, Size, TimeSpan


class NodeRef(Hidden, frozen=True):
    """An output of a raw node, by the place of its statement."""

    node: Span
    slot: int = 0

    @property
    def described(self) -> str:
        """What it is, in a sentence."""
        return "a node"


class MediaRef(Hidden, frozen=True):
    """A picture, video or sound: a file, what a node gives, or an input of the script that has no file yet.

    `steps` are done to it first. `as_is`: no pass fits it to its size before a node of ComfyUI takes it.
    """

    kind: str  # image | video | audio
    path: str
    span: Span
    input: str = ""
    steps: tuple[Any, ...] = ()
    as_is: bool = False
    node: NodeRef | None = None
    fact: str = ""  # what is asked of it, in the place of its frames

    @property
    def described(self) -> str:
        """What it is, in a sentence."""
        return _article(self.kind)

    @property
    def origin(self) -> tuple[str, NodeRef | None]:
        """The file, or the node."""
        return self.path, self.node

    @property
    def known(self) -> bool:
        """Whether the file is named, and taken as it is in the file."""
        return bool(self.path) and not self.steps


class ClipRef(Hidden, frozen=True):
    """What a shot has made, by the shot's name; the scene knows its latents, length and size."""

    shot: str
    span: Span

    @property
    def described(self) -> str:
        """What it is, in a sentence."""
        return "a shot"


class RoleUse(msgspec.Struct, frozen=True):
    """A base model, or a LoRA on the first base model with its strength."""

    base: str
    lora: str = ""
    strength: float = 1.0

    def __str__(self) -> str:
        return f"{self.lora} {self.strength:g}" if self.lora else self.base


def fast_role(models: ModelSet) -> RoleUse:
    """The first base model made fast: with the distilled LoRA, where there is one and it is not distilled itself."""
    distill = None if models.distilled else models.loras.get(DISTILL)
    return RoleUse(models.bases[0], DISTILL, distill.strength) if distill else RoleUse(models.bases[0])


class PerStep(msgspec.Struct, frozen=True):
    """A number for each step: `3`, or `2 for 2 then 1`."""

    runs: tuple[tuple[float, int], ...]  # value, steps
    last: float

    def over(self, steps: int) -> tuple[float, ...]:
        """One number a step."""
        values = [value for value, count in self.runs for _ in range(min(count, steps))]
        return tuple((values + [self.last] * steps)[:steps])

    @property
    def values(self) -> tuple[float, ...]:
        """Every number that is written, once for its steps."""
        return (*(value for value, _ in self.runs), self.last)

    def __str__(self) -> str:
        return "".join(f"{value:g} for {count} then " for value, count in self.runs) + f"{self.last:g}"


class Taken(NamedTuple):
    """A value that a kind read, and the index after it."""

    value: Any
    next: int


class Names(Protocol):
    """What kinds may ask about the script around a statement."""

    models: ModelSet

    def media(self, name: str) -> MediaRef | None:
        """The picture, video or sound that a name is bound to."""

    def clip(self, name: str) -> ClipRef | None:
        """The shot that a name is bound to."""

    def node(self, name: str) -> NodeRef | None:
        """The output of a raw node that a name is bound to."""

    def lookup(self, name: str) -> Any:
        """What a name is bound to, or None."""

    def locate(self, path: str) -> str:
        """The file that a path in the script means."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of value: its name in a sentence, how it is read, the words it allows, and the kind of input it can be."""

    name: str
    take: Callable[[Sequence[Cell], int, Names], Taken | None]
    words: Callable[[Names], Iterable[str]] = lambda names: ()
    input: str = ""  # "" = a name here is never an input of the script
    media: tuple[str, ...] = ()  # the kinds of file that are allowed


def single(name: str, read: Callable[[Any], Any], input: str = "") -> Kind:
    """A kind that reads one cell; `read` gives None for what it does not take."""

    def take(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
        value = read(cells[at].value)
        return None if value is None else Taken(value, at + 1)

    return Kind(name, take, input=input)


def choice(name: str, words: Callable[[Names], Iterable[str]]) -> Kind:
    """A kind that reads one of some words."""

    def take(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
        value = cells[at].value
        return Taken(value.name, at + 1) if isinstance(value, Symbol) and value.name in words(names) else None

    return Kind(name, take, words)


def _of(*types: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, types) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


NUMBER = single("a number", _number, "number")
INTEGER = single("a whole number", _of(int), "number")
FACTOR = single("a factor such as 0.25x", _of(Factor))
SIZE = single("a size such as 1920x1024", _of(Size), "size")
TIME = single("a length such as 121f or 5s", _of(Frames, Seconds), "length")
TIME_IN_FRAMES = single("a number of frames such as 121f", _of(Frames), "length")
FPS = single("a frame rate such as 24fps", _of(Fps), "fps")
TEXT = single("a quoted text", _of(str), "text")
FILE = single("a quoted file name", _of(str), "text")
SPAN = single("a stretch of time such as 0s..2s", _of(TimeSpan))
ASSIGNMENT = single("name = value", _of(Assigned))


def words(name: str, meanings: Mapping[str, Any]) -> Kind:
    """A kind that reads one of some words, each with its meaning."""

    def take(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
        value = cells[at].value
        known = isinstance(value, Symbol) and value.name in meanings
        return Taken(meanings[value.name], at + 1) if known else None

    return Kind(name, take, lambda names: meanings)


SWITCH = words("on or off", {"on": True, "off": False})
IN_TIME = words("time", {"time": True})
BY_FRAME = words("by_frame", {"by_frame": True})
RESIZING = words(
    "a way to resize",
    {**{word: word for word in ("lanczos", "bicubic", "bilinear", "area")}, "nearest": "nearest-exact"},
)
SOLVER = words("a solver", {word: word for word in ("phi_1", "phi_2", "midpoint", "heun")})
EQUATIONS = {"er": "ER-SDE", "reverse": "Reverse-time SDE", "ode": "ODE"}
EQUATION = words("an equation", EQUATIONS)

SAMPLER = choice("a sampler", lambda names: SAMPLERS)
SCHEDULE = choice("a schedule", lambda names: SCHEDULES)


def _take_place(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    timed = isinstance(value, Position | Frames | Seconds | Percent | int | float)
    named = isinstance(value, Symbol) and value.name in ("start", "end")
    return Taken(position(cells[at]), at + 1) if timed or named else None


PLACE = Kind("a place in time such as 0, 48f, 2.5s, end", _take_place, lambda names: ("start", "end"))


class Sigmas(tuple[float, ...]):
    """Sigmas that a script lists, and their digits as they are written there; "" of one that is computed."""

    digits: tuple[str, ...]

    def __new__(cls, values: Iterable[Any], digits: Iterable[str]) -> Sigmas:
        """The numbers."""
        self = super().__new__(cls, values)
        self.digits = tuple(digits)
        return self


def _take_sigmas(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    if isinstance(value, Symbol):
        return Taken(value.name, at + 1) if value.name in SCHEDULES else None
    listed = value if isinstance(value, list) else [cells[at]]
    numbers = [_number(cell.value) for cell in listed]
    return None if None in numbers else Taken(Sigmas(numbers, [cell.digits for cell in listed]), at + 1)


SIGMAS = Kind("sigmas such as 1, 0.85, 0.725, 0, or the name of a schedule", _take_sigmas, lambda n: SCHEDULES)


def _take_per_step(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    runs: list[tuple[float, int]] = []
    while (value := _number(cells[at].value)) is not None:
        if not _is_word(cells, at + 1, "for"):
            return Taken(PerStep(tuple(runs), value), at + 1)
        if at + 2 >= len(cells) or not isinstance(cells[at + 2].value, int):
            raise BadValue(cells[at + 1].span, "`for` needs a number of steps", hint="such as `2 for 2 then 1`")
        runs.append((value, cells[at + 2].value))
        if not _is_word(cells, at + 3, "then") or at + 4 >= len(cells):
            raise BadValue(cells[at + 2].span, "and after these steps?", hint="such as `2 for 2 then 1`")
        at += 4
    return None


def _is_word(cells: Sequence[Cell], at: int, word: str) -> bool:
    return at < len(cells) and cells[at].value == Symbol(word)


PER_STEP = Kind("a number, or numbers by step such as `2 for 2 then 1`", _take_per_step, input="number")


def _take_integers(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    listed = [cell.value for cell in value] if isinstance(value, list) else [value]
    whole = all(isinstance(number, int) and number >= 0 for number in listed)
    return Taken(tuple(listed), at + 1) if whole and listed else None


def _take_numbers(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    numbers = [_number(cell.value) for cell in value] if isinstance(value, list) else [_number(value)]
    return None if None in numbers or not numbers else Taken(tuple(numbers), at + 1)


def _take_texts(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    end = at
    while end < len(cells) and isinstance(cells[end].value, str):
        end += 1
    return Taken(tuple(cell.value for cell in cells[at:end]), end) if end > at else None


PERCENT = single("a share such as 15%", lambda value: value if isinstance(value, Percent) else None)
NUMBERS = Kind("numbers with commas between them", _take_numbers)
TEXTS = Kind("quoted texts, one after the other", _take_texts)
INTEGERS = Kind("whole numbers such as 28 or 14, 19", _take_integers)


RTX = "rtx"


def _take_enlarger(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    known = isinstance(value, str) or value == Symbol(RTX)
    return Taken(value if isinstance(value, str) else RTX, at + 1) if known else None


ENLARGER = Kind("a quoted file name, or `rtx`", _take_enlarger, lambda names: (RTX,))


def roles(names: Names) -> list[str]:
    """The words that name a model in a pass."""
    return [*names.models.bases, *names.models.loras]


def _take_role(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    if not isinstance(value, Symbol) or value.name not in roles(names):
        return None
    if value.name in names.models.bases:
        return Taken(RoleUse(value.name), at + 1)
    strength = cells[at + 1].value if at + 1 < len(cells) else None
    if isinstance(strength, float) or (isinstance(strength, int) and strength in (0, 1)):
        return Taken(RoleUse(names.models.bases[0], value.name, float(strength)), at + 2)
    return Taken(RoleUse(names.models.bases[0], value.name, names.models.loras[value.name].strength), at + 1)


# The number right after a LoRA's role is its strength, unless it is a whole number over 1 (then it counts steps).
ROLE = Kind("a model role", _take_role, roles)


def _take_lora(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    if isinstance(value, str):
        return Taken(names.locate(value), at + 1)
    return Taken(value.name, at + 1) if isinstance(value, Symbol) and value.name in names.models.loras else None


LORA = Kind("a LoRA's role or quoted file name", _take_lora, lambda names: names.models.loras)

_SUFFIXES = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"),
    "video": (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif"),
    "audio": (".wav", ".mp3", ".flac", ".m4a", ".ogg"),
}


def kind_of_file(path: str) -> str:
    """image, video or audio by the file name's ending; image if it says nothing."""
    suffix = PurePath(path).suffix.lower()
    return next((kind for kind, suffixes in _SUFFIXES.items() if suffix in suffixes), "image")


def media(*allowed: str) -> Kind:
    """A picture, video or sound: a bound name, `image "file"`, or a quoted file name."""

    def take(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
        value, span = cells[at]
        if isinstance(value, str):
            return _checked(MediaRef(kind_of_file(value), names.locate(value), span), at + 1)
        if not isinstance(value, Symbol):
            return None
        after = cells[at + 1] if at + 1 < len(cells) else None
        if value.name in _SUFFIXES and after is not None and isinstance(after.value, str):
            whole = span.to(after.span)
            return _checked(MediaRef(value.name, names.locate(after.value), whole), at + 2)
        bound = names.media(value.name)
        return None if bound is None else _checked(msgspec.structs.replace(bound, span=span), at + 1)

    def _checked(found: MediaRef, next: int) -> Taken:
        if found.kind not in allowed:
            raise BadValue(found.span, f"this is {_article(found.kind)}, and {wanted} is needed here")
        return Taken(found, next)

    wanted = " or ".join(_article(kind) for kind in allowed)
    return Kind(wanted, take, input=allowed[0], media=allowed)


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


PICTURE = media("image")
PICTURE_OR_VIDEO = media("image", "video")


def _take_clip(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    name = cells[at].name
    found = names.clip(name) if name else None
    if found is not None:
        return Taken(msgspec.structs.replace(found, span=cells[at].span), at + 1)
    return _VIDEO.take(cells, at, names)


_VIDEO = media("video")
CLIP = msgspec.structs.replace(_VIDEO, name="a shot's name or a video", take=_take_clip)


def _take_node(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    found = names.node(cells[at].name) if cells[at].name else None
    return None if found is None else Taken(found, at + 1)


NODE = Kind("the name of a node", _take_node)


class NodeText(str):
    """A text that a raw node writes; as a string it is what people are told of it."""

    ref: NodeRef


def _take_text(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    if (found := _take_node(cells, at, names)) is None:
        return TEXT.take(cells, at, names)
    text = NodeText("(what a node writes)")
    text.ref = found.value
    return Taken(text, found.next)


TEXT_OR_NODE = msgspec.structs.replace(TEXT, name="a quoted text, or the name of a node", take=_take_text)


class Located(str):
    """A file, from where `ltx` runs; `said` is its name in the script."""

    said: str


def _take_located(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    found = FILE.take(cells, at, names)
    if found is None:
        return None
    path = Located(names.locate(found.value))
    path.said = found.value
    return Taken(path, found.next)


LOCATED = msgspec.structs.replace(FILE, take=_take_located)


# What statements of structure take.


def _take_name(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    return Taken(cells[at].name, at + 1) if cells[at].name else None


def _take_names(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    listed = cells[at].value if isinstance(cells[at].value, list) else [cells[at]]
    return Taken(tuple(listed), at + 1) if listed and all(cell.name for cell in listed) else None


def _take_rest(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    return Taken(tuple(cells[at:]), len(cells))


def _take_parameters(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    if not isinstance(value, list):
        return None
    for cell in value:
        if not cell.name and not isinstance(cell.value, Assigned):
            raise BadValue(cell.span, "a parameter is a name, or `name = value`")
    return Taken(tuple(value), at + 1)


def any_value(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    """Anything; the name of a file or shot stands for it."""
    value = cells[at].value
    if isinstance(value, Symbol):
        value = names.media(value.name) or names.clip(value.name) or value
    return Taken(value, at + 1)


def _any_number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


NAME = Kind("a name", _take_name)
NAMES = Kind("names with commas between them", _take_names)
RECIPE = Kind("the name of a recipe", _take_name)
NAME_OR_TEXT = Kind("a name or a quoted text", lambda c, a, n: _take_name(c, a, n) or TEXT.take(c, a, n))
FILE_OR_STD = Kind(
    "a quoted file name, or `std`",
    lambda c, a, n: Taken(Symbol(c[a].name), a + 1) if c[a].name else TEXT.take(c, a, n),
)
PARAMETERS = Kind("parameters in brackets such as (first = 0.25x, face)", _take_parameters)
VALUES = Kind("values with commas between them", _take_rest)
ARGUMENTS = Kind("values for the parameters", _take_rest)
DECLARED = Kind("a name, or name = default", lambda c, a, n: _take_name(c, a, n) or ASSIGNMENT.take(c, a, n))

ANY = Kind("a value", any_value, input="")
ANY_NUMBER = single("a number", _any_number, "number")
ANY_TIME = single("a time such as 48f, 2.5s, 50%", _of(Frames, Seconds, Percent))

# What a declared input can be: the word for it, the kind of value, and what stands in while there is none.
INPUT_TYPES = {
    "image": (media("image"), ""),
    "video": (media("video"), ""),
    "audio": (media("audio"), ""),
    "text": (TEXT, '""'),
    "number": (ANY_NUMBER, "1"),
    "size": (SIZE, "768x512"),
    "length": (TIME, "121f"),
    "fps": (FPS, "24fps"),
    "factor": (FACTOR, "1x"),
}
INPUT_TYPE = choice("what kind of value it is", lambda names: INPUT_TYPES)


def kind_of_value(value: Any) -> Kind:
    """The kind that a value is an example of; what has none takes anything."""
    kinds: tuple[tuple[tuple[type, ...], Kind], ...] = (
        ((int, float), ANY_NUMBER),
        ((Factor,), FACTOR),
        ((Size,), SIZE),
        ((Frames, Seconds, Percent), ANY_TIME),
        ((Fps,), FPS),
    )
    return next((kind for types, kind in kinds if isinstance(value, types)), ANY)
