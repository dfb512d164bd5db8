"""A script while it is guessed: statements in order, with the nodes that they are to give back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ltxdsl.comfy.lift.target import Out
from ltxdsl.grammar.write import LINE_LENGTH, key, quoted, raw_value, rows
from ltxdsl.ops.base import Rename
from ltxdsl.ops.cells import Symbol
from ltxdsl.ops.idioms import IDIOMS
from ltxdsl.ops.raw_values import BESIDE, MEASURED

SAMPLER, LOOPING = "SamplerCustomAdvanced", "LTXVLoopingSampler"
MARK = "§"  # titles of raw nodes in a trial say which node of the target they are


class Spelled:
    """One `spell` statement: lines by input; a value is a literal, an Out of a raw node, or a Word."""

    def __init__(self, type: str, other: str = "", nth: int = 0) -> None:
        self.type, self.other, self.nth, self.sharing = type, other, nth, ""
        self.lines: dict[str, Any] = {}

    @property
    def bare(self) -> bool:
        """Whether it only names another class, for all such nodes."""
        return bool(self.other) and not self.lines and not self.sharing and not self.nth


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
        self.sampler = ""  # of a pass: the class of its node, before any spelling
        self.decodes = False  # no statement: how the frames are decoded that nodes read here
        self.spells: dict[tuple[str, str, int], Spelled] = {}
        self.names = ""  # the medium that it gives a name
        self.common = False  # holds what all passes are spelled with
        self.binds: dict[int, str] = {}  # words that outputs of a raw node take the place of

    @property
    def media(self) -> tuple[str, ...]:
        """The medium that it gives a name, and what may be asked of that."""
        if not self.names:
            return ()
        of_file = self.wire is None and " = video " in self.head
        return (self.names, *(f"{self.names} {fact}" for fact in (*MEASURED, *(BESIDE if of_file else ()))))

    @property
    def sampled(self) -> bool:
        """Whether it is a pass."""
        return self.head.startswith(("pass", "upscale"))

    @property
    def makes(self) -> str:
        """The class of the node that the statement ends in, before any spelling."""
        return self.sampler or "SaveVideo"

    def spell(self, type: str, other: str = "", nth: int = 0) -> Spelled:
        """The spelling of a class, or of the n-th node of it, as it is so far."""
        return self.spells.setdefault((type, other, nth), Spelled(type, other, nth))

    def take_spellings(self, other: Piece) -> None:
        """Those of another piece, but for what raw nodes give."""
        for which, spelled in other.spells.items():
            lines = {name: value for name, value in spelled.lines.items() if not isinstance(value, Out)}
            if lines or spelled.other:
                self.spell(*which).lines.update(lines)


class Draft:
    """Pieces in order. Raw nodes are pieces too; `wires` holds the words that stand for what they read."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self.wires: dict[str, dict[str, Word]] = {}  # raw node, input: the word that is written there
        self.given: dict[str, Out] = {}  # what raw nodes give to the first pass, by the word that it stands for
        self.trials = 0  # how often it was lowered

    def in_passes(self, type: str, line: str, value: Any) -> None:
        """What passes have in common and some do otherwise is said in those that have it."""
        passes = [piece for piece in self.pieces if piece.sampled]
        others = [piece for piece in passes if line in piece.spell(type).lines]
        if others and self.common().spell(type).lines.get(line) == value:
            del self.common().spell(type).lines[line]
            for piece in passes:
                if piece in others:
                    del piece.spell(type).lines[line]
                else:
                    piece.spell(type).lines[line] = value

    def hoist(self) -> None:
        """What all passes are spelled as, without a line, is said once before them."""
        passes = [piece.spells for piece in self.pieces if piece.sampled]
        for which in [which for which, spelled in passes[0].items() if spelled.bare] if len(passes) > 1 else ():
            if all(which in spells and spells[which].bare for spells in passes):
                self.common().spells.setdefault(which, passes[0][which])
                for spells in passes:
                    del spells[which]

    def taken(self, words: Mapping[str, str]) -> dict[tuple[Out, str], list[tuple[dict[str, Any], str]]]:
        """Outputs of raw nodes that spellings take for inputs which have a word, with where they do; most first."""
        found: dict[tuple[Out, str], list[tuple[dict[str, Any], str]]] = {}
        for said in [spelled.lines for piece in self.pieces for spelled in piece.spells.values()]:
            for name, value in said.items():
                if name in words and isinstance(value, Out):
                    found.setdefault((value, words[name]), []).append((said, name))
        return dict(sorted(found.items(), key=lambda one: -len(one[1])))

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
    head += f" {spelled.sharing}" if spelled.sharing else ""
    short = f"{head} {{ {'; '.join(said)} }}" if said else head
    return short if len(short) <= LINE_LENGTH else "\n".join([f"{head} {{", *rows(said, "  "), "}"])


def _value(value: Any, name: Any) -> str:
    if isinstance(value, Word):
        return value
    return str(name(value)) if isinstance(value, Out) else raw_value(value)


def _spells(piece: Piece, name: Any) -> Iterator[str]:
    """The `spell` statements of a piece: those that have names, those of another class alone, then the others."""
    said = [spelled for spelled in piece.spells.values() if spelled.lines or spelled.sharing or spelled.other]
    names, rest = named(said)
    bare = [one for one in rest if not one.lines]
    if names:
        yield f"spell {', '.join(names)}"
    if bare:
        yield "spell " + " | ".join(spell_lines(one, name).removeprefix("spell ") for one in bare)
    yield from (spell_lines(one, name) for one in rest if one.lines)


def named(spells: list[Spelled]) -> tuple[list[str], list[Spelled]]:
    """Names of usual spellings, and the spellings that are left."""
    names = []
    for word, idiom in IDIOMS.items():
        found = [usual for usual in idiom.spellings if _without(spells, *usual) is not None]
        if found and (idiom.apart or len(found) == len(idiom.spellings)):
            names.append(word)
            for usual in found:
                spells = _without(spells, *usual) or []
    return names, spells


def _without(spells: list[Spelled], type: str, other: str, lines: Mapping[str, Any]) -> list[Spelled] | None:
    """The spellings without the lines of a usual one; None if these are not all there."""
    lines = {key: _worded(value) for key, value in lines.items()}
    for index, one in enumerate(spells):
        is_of = (one.type, one.other, one.nth) == (type, other, 0)
        if is_of and (lines.items() <= one.lines.items() if not other else not one.lines and not one.sharing):
            rest = Spelled(type, other)
            rest.sharing, rest.lines = one.sharing, {key: v for key, v in one.lines.items() if key not in lines}
            return [*spells[:index], *([rest] if rest.lines or rest.sharing else []), *spells[index + 1 :]]
    return None


def _worded(value: Any) -> Any:
    """A value of an idiom as a word of a script."""
    match value:
        case Symbol(name):
            return Word(name)
        case Rename(name, slot=slot):
            return Word(name if slot is None else f"{name} {slot}")
    return value


def statement_text(piece: Piece, name: Any) -> Iterator[str]:
    """A statement with its block; spellings of one without a block stand before it."""
    spells = list(_spells(piece, name))
    if piece.sampled:
        lines = [*piece.block, *spells]
        short = f"{piece.head} {{ {'; '.join(lines)} }}" if lines else piece.head
        fits = len(short) <= LINE_LENGTH and "\n" not in short
        yield short if fits else "\n".join([f"{piece.head} {{", *rows(lines, "  "), "}"])
        return
    yield from spells
    if piece.head:
        yield piece.head.replace("{}", name(piece.wire), 1) if piece.wire else piece.head
