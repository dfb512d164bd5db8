"""A script while it is guessed: statements in order, with the nodes that they are to give back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ltxdsl.comfy.lift.target import Out
from ltxdsl.grammar.write import key, quoted, raw_value

MARK = "§"  # titles of raw nodes in a trial say which node of the target they are


class Spelled:
    """One `spell` statement: lines by input; a value is a literal, an Out of a raw node, or a Word."""

    def __init__(self, type: str, other: str = "", nth: int = 0) -> None:
        self.type, self.other, self.nth, self.own = type, other, nth, False
        self.lines: dict[str, Any] = {}


class Word(str):
    """A word of the language as a value."""


class Piece:
    """A statement. `anchor` is the node of the target that it makes; `raw` the node that it is, as it stands there."""

    def __init__(
        self,
        head: str,
        *,
        anchor: str = "",
        raw: str = "",
        block: list[str] | None = None,
        wire: Out | None = None,
        kept: Iterable[str] = (),
    ) -> None:
        self.head, self.anchor, self.raw = head, anchor, raw
        self.wire = wire  # an output of a raw node whose name stands for `{}` in the head
        self.kept = frozenset(kept)  # nodes that its statements write as they are
        self.block = block if block is not None else []
        self.loops = False  # a pass in windows
        self.spells: dict[tuple[str, str, int], Spelled] = {}
        self.common = False  # holds what all passes are spelled with
        self.binds: dict[int, str] = {}  # words that outputs of a raw node take the place of

    @property
    def sampled(self) -> bool:
        """Whether it is a pass."""
        return self.head.startswith(("pass", "upscale"))

    @property
    def makes(self) -> str:
        """The class of the node that the statement ends in, before any spelling."""
        return ("LTXVLoopingSampler" if self.loops else "SamplerCustomAdvanced") if self.sampled else "SaveVideo"

    def spell(self, type: str, other: str = "", nth: int = 0) -> Spelled:
        """The spelling of a class, or of the n-th node of it, as it is so far."""
        return self.spells.setdefault((type, other, nth), Spelled(type, other, nth))

    def take_spellings(self, other: Piece) -> None:
        """Those of another piece, but for what raw nodes give."""
        for which, spelled in other.spells.items():
            lines = {name: value for name, value in spelled.lines.items() if not isinstance(value, Out)}
            if lines:
                self.spell(*which).lines.update(lines)


class Draft:
    """Pieces in order. Raw nodes are pieces too; `wires` holds the words that stand for what they read."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self.wires: dict[str, dict[str, Word]] = {}  # raw node, input: the word that is written there
        self.files: tuple[str, ...] = ()  # names of pictures
        self.begins: Out | None = None  # a latent that is there before the first pass
        self.trials = 0  # how often it was lowered

    def common(self) -> Piece:
        """The piece before all passes, for what they have in common."""
        return next(piece for piece in self.pieces if piece.common)

    def raws(self) -> set[str]:
        """Nodes that are written as they are."""
        return {piece.raw for piece in self.pieces if piece.raw}

    def kept(self) -> frozenset[str]:
        """Nodes that no statement has a word for."""
        return frozenset(self.raws()).union(*(piece.kept for piece in self.pieces))

    def anchors(self) -> list[Piece]:
        """Pieces that make a node of the target, in order."""
        return [piece for piece in self.pieces if piece.anchor]


def spell_lines(spelled: Spelled, name: Any) -> str:
    """A `spell` statement; `name` gives the name of an Out."""
    said = [f"{key(line)}: {_value(value, name)}" for line, value in spelled.lines.items()]
    other = f" as {quoted(spelled.other)}" if spelled.other else ""
    head = f"spell {quoted(spelled.type)}" + (f" nth {spelled.nth}" if spelled.nth else "") + other
    head += " own" if spelled.own else ""
    return f"{head} {{ {'; '.join(said)} }}" if said else f"{head} {{}}"


def _value(value: Any, name: Any) -> str:
    if isinstance(value, Word):
        return value
    return str(name(value)) if isinstance(value, Out) else raw_value(value)


def statement_text(piece: Piece, name: Any) -> Iterator[str]:
    """A statement with its block, one line each; spellings of one without a block stand before it."""
    said = (spelled for spelled in piece.spells.values() if spelled.lines or spelled.own or spelled.other)
    spells = [spell_lines(spelled, name) for spelled in said]
    if piece.sampled:
        lines = [*piece.block, *spells]
        short = f"{piece.head} {{ {'; '.join(lines)} }}" if lines else piece.head
        if len(short) <= 110 and "\n" not in short:
            yield short
            return
        yield f"{piece.head} {{"
        yield from (f"  {line}" for line in lines)
        yield "}"
        return
    yield from spells
    if piece.head:
        yield piece.head.replace("{}", name(piece.wire)) if piece.wire else piece.head
