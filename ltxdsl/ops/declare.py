"""How a statement is declared: a frozen struct whose annotated fields say what it takes.

The binder, the checks, the docs and the tests read these declarations; nothing else lists statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from ltxdsl.ops.cells import BadValue
from ltxdsl.ops.kinds import Kind, Names
from ltxdsl.source import Span
from ltxdsl.targets import COMFY, LOCAL

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output
    from ltxdsl.compiler.stage import Stage
    from ltxdsl.grammar import tree
    from ltxdsl.ops.base import Spelling

NOWHERE = Span(0, 0)


class Role(StrEnum):
    """What a statement does with the passes after it."""

    SETTING = "setting"  # holds for later passes; a later one, or one in a pass's block, replaces it
    CONDITION = "condition"  # as a setting, but several add up
    ACTION = "action"  # adds ops to the graph
    NAME = "name"  # binds a name
    STRUCTURE = "structure"  # stands for other statements


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a statement takes."""

    kind: Kind
    doc: str
    how: str = "word"  # word | option | either of these | place | parts | steps
    key: str = ""  # an option's keyword; the field's name if empty
    low: float | None = None
    high: float | None = None
    part: Any = None  # the struct that each `|` part fills
    verbs: Mapping[str, type] = {}  # those of steps, by their first words
    targets: tuple[str, ...] = (LOCAL, COMFY)  # where it can be done


def word(kind: Kind, doc: str, *, low: float | None = None, high: float | None = None) -> Param:
    """A value that is known by its kind, wherever it stands."""
    return Param(kind=kind, doc=doc, low=low, high=high)


def option(kind: Kind, doc: str, *, key: str = "", low: float | None = None, high: float | None = None) -> Param:
    """A value after its keyword."""
    return Param(kind=kind, doc=doc, how="option", key=key, low=low, high=high)


def only_on(target: str, param: Param) -> Param:
    """A parameter that one target alone can do."""
    return msgspec.structs.replace(param, targets=(target,))


def place(kind: Kind, doc: str) -> Param:
    """A value after `@`."""
    return Param(kind=kind, doc=doc, how="place")


def parts(struct: type, kind: Kind, doc: str) -> Param:
    """Values repeated with `|` between them."""
    return Param(kind=kind, doc=doc, how="parts", part=struct)


def chain(verbs: Mapping[str, type], doc: str) -> Param:
    """What stands after each further `|`: a verb, and what the struct of that verb takes."""
    return Param(kind=Kind("steps", lambda cells, at, names: None), doc=doc, how="steps", verbs=verbs)


class Field(msgspec.Struct, frozen=True):
    """A `key: value` line: what the statement made of the value, and where it stands."""

    key: str
    value: Any
    span: Span


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A bound statement. `spans` tells where each field was written."""

    word: ClassVar[str]
    role: ClassVar[Role] = Role.SETTING
    example: ClassVar[str] = ""
    block: ClassVar[bool] = False  # takes a block of settings and conditions
    in_block: ClassVar[bool] = True  # may stand in a pass's block
    holds_saves: ClassVar[bool] = False  # saves, and what holds for them, may stand in its block
    for_saves: ClassVar[bool] = False  # holds for the saves after it, not for passes
    before_passes: ClassVar[bool] = False  # is fixed when the first pass starts
    joins: ClassVar[bool] = False  # puts other clips to what is saved
    listed: ClassVar[bool] = False  # several of the same word may stand with `|` between them
    rank: ClassVar[int] = 0  # among the statements that change a pass's latents: low ones first
    nameable: ClassVar[bool] = False  # may stand after `name =`
    gives_outputs: ClassVar[bool] = False  # such names stand for its outputs, and it stays a statement
    top_only: ClassVar[bool] = False  # stands at the top of a file only
    hoisted: ClassVar[bool] = False  # is read before everything else in its file
    body: ClassVar[str] = ""  # its block: a "script" of its own, a "template" bound when used, "fields" (`key: value`)
    bare: ClassVar[bool] = False  # its block may be left out
    targets: ClassVar[tuple[str, ...]] = (LOCAL, COMFY)

    span: Span = NOWHERE
    spans: dict[str, Span] = {}
    fields: tuple[Field, ...] = ()  # the `key: value` lines of its block
    settings: tuple[Statement, ...] = ()  # the statements of its block
    binds: tuple[str, ...] = ()  # the names before its `=`, of a statement that stays one

    def span_of(self, field: str) -> Span:
        """Where a field was written; the whole statement if it was not."""
        return self.spans.get(field, self.span)

    def left_out(self, target: str) -> bool:
        """Whether a target that cannot do it may go without: nothing of the clip changes."""
        return False

    def gives(self, field: str) -> bool:
        """Whether the script says this field, rather than its default."""
        return field in self.spans

    def overrides(self, other: Statement) -> bool:
        """Whether a condition in a pass's block stands for one from outside, in that pass."""
        return False

    @property
    def off(self) -> bool:
        """Whether it says that the condition which it overrides does not hold."""
        return False

    def apply(self, scene: Scene) -> None:
        """The meaning of an action: what it adds to the graph."""
        raise NotImplementedError(self.word)

    def shape_pass(self, draft: Draft) -> None:
        """What a setting or condition changes about a pass that it holds for."""

    def shape_latent(self, scene: Scene, stage: Stage, latent: Ref) -> Ref:
        """What it puts into the pass's video latent, or onto it."""
        return latent

    def pass_inputs(self, scene: Scene, stage: Stage) -> dict[str, Ref]:
        """Further inputs of the op that samples, by its ports."""
        return {}

    def shape_sound(self, scene: Scene, stage: Stage, audio: Ref) -> Ref:
        """What it puts into the pass's audio latent, or onto it."""
        return audio

    def clip_frames(self, scene: Scene, fps: float) -> int:
        """How many frames it makes the clip have; 0 leaves that to `length`."""
        return 0

    def shape_output(self, scene: Scene, output: Output) -> None:
        """What it does to the frames and sound that a save after it writes."""

    def spellings(self, scene: Scene) -> tuple[tuple[Spelling, ...], dict[str, Ref]]:
        """How ComfyUI's nodes are written because of it, and what raw nodes give to that, by ports."""
        return (), {}

    @classmethod
    def read_field(cls, line: tree.Field, names: Names) -> Any:
        """The value of a `key: value` line of its block."""
        raise BadValue(line.span, f"`{cls.word}` has no such lines", "LTX002")

    def expand(self, here: Here) -> Sequence[Statement]:
        """The statements that it stands for: itself, but for those that bind names or repeat a body."""
        return (self,)


STATEMENTS: dict[str, type[Statement]] = {}
S = TypeVar("S", bound=type[Statement])


def statement(word: str, role: Role, example: str) -> Callable[[S], S]:
    """Declare a statement by its first word."""

    def declare(cls: S) -> S:
        cls.word, cls.role, cls.example = word, role, example
        STATEMENTS[word] = cls
        return cls

    return declare


@cache
def params(cls: type[msgspec.Struct]) -> dict[str, Param]:
    """The declared parameters of a statement or part, by field."""
    return {
        field: annotation.__metadata__[0]
        for field, annotation in cls.__annotations__.items()
        if hasattr(annotation, "__metadata__")
    }


@cache
def defaults(cls: type[msgspec.Struct]) -> dict[str, Any]:
    """The default of each field that has one."""
    fields = msgspec.structs.fields(cls)
    return {f.name: f.default for f in fields if f.default is not msgspec.NODEFAULT}
