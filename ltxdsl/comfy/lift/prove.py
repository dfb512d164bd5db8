"""What a drafted script is lowered to, and how that differs from the prompt that it is to give back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from ltxdsl.comfy.builder import Export, ExportError, Place, Prompt
from ltxdsl.comfy.export import export_prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.draft import LOOPING, MARK, Draft, Piece, Word, statement_text
from ltxdsl.comfy.lift.raw import Names, node_text
from ltxdsl.comfy.lift.short import Shorts
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.compiler import Request, compile
from ltxdsl.grammar.write import rows
from ltxdsl.models import LTX_23, ModelSet, load_model_set
from ltxdsl.ops.raw_values import LOADED, MADE, SAMPLED, WRITTEN, of_clip
from ltxdsl.source import Source

PROBE = "§probe"
READER = "§reader"  # of frames, in the place of the nodes that read them
WORDS = (*LOADED, *MADE)
SILENT = tuple(word for word in WORDS if word not in (*SAMPLED, "audio"))  # after a pass without sound
WITHOUT_PASS = tuple(word for word in WORDS if not of_clip(word))


class Trial(msgspec.Struct, frozen=True):
    """A lowered draft: its prompt, the node that each anchored piece became, what the words stood for at each piece."""

    lowered: Target
    places: dict[str, Place]  # of its nodes
    made: dict[str, str]  # anchor of the target: node here
    words: list[dict[tuple[str, int], Word]]  # before each piece: (digest, slot): word
    sharers: dict[str, dict[Hashable, Place]] = {}  # where each of its nodes is in all passes and saves that have it
    idle: frozenset[str] = frozenset()  # nodes that only probes read: without them they are not there

    @classmethod
    def empty(cls, pieces: int) -> Trial:
        """What is known before anything was lowered."""
        return cls(Target({}), {}, {}, [{}] * (pieces + 1))


class Failed(Exception):
    """A draft that cannot be lowered; `at` is the place in its text, if there is one."""

    def __init__(self, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.at = at


@cache
def models() -> ModelSet:
    """What names of files are taken from, where a script says none."""
    return load_model_set(LTX_23)


def script_of(parts: Sequence[str]) -> Source:
    """A script of statements."""
    return Source.of_parts(parts, "lift.ltx")


def lowered(parts: Sequence[str]) -> Export:
    """What a script is exported as. Raises Failed."""
    found = compile(script_of(parts), models(), Request(target="comfy"))
    if not found.ok:
        wrong = next(d for d in found.diagnostics if d.severity == "error")
        raise Failed(f"{wrong.code} {wrong.message}", wrong.span.start if wrong.span else -1)
    try:
        return export_prompt(found, models())
    except ExportError as error:
        raise Failed(str(error)) from error


class Writer:
    """The text of a draft: with marks and probes for a trial, or as people read it."""

    def __init__(
        self, draft: Draft, target: Target, catalogue: Mapping[str, Info], groups: Mapping[str, str] | None = None
    ) -> None:
        self.draft, self.target = draft, target
        self.groups = groups or {}  # of nodes, by id: what a person has drawn around them
        binds = {(piece.raw, slot): word for piece in draft.pieces for slot, word in piece.binds.items()}
        self.names = Names(target.prompt, catalogue, binds)
        self.shorts = Shorts(draft, target, self.names, catalogue)

    def parts(self, trial: bool, brief: bool = False) -> list[str]:
        """The script, statement by statement; `brief`: with statements in the place of raw nodes that have one."""
        lines = [line for _, line in self._lines(trial, brief)]
        return [*(lines if trial else in_rows(lines)), *self.shorts.rest()]

    def blamed(self, at: int) -> tuple[Piece, str] | None:
        """The piece of a trial that has written a place in its text, and the line or the statement there."""
        start = 0
        for piece, text in self._lines(True, False):
            if start <= at <= start + len(text):
                before = max(text.rfind(sign, 0, at - start) for sign in "\n;{")
                return (piece, text[before + 1 :].lstrip()) if piece else None
            start += len(text) + 1
        return None

    def _lines(self, trial: bool, brief: bool) -> Iterator[tuple[Piece | None, str]]:
        words = WITHOUT_PASS
        media = [word for piece in self.draft.pieces if piece.wire is None for word in piece.media]
        has_pass = any(piece.sampled for piece in self.draft.pieces)
        told, gone = {""}, set[str]()  # words that stand for nothing after some nodes
        for index, piece in enumerate(self.draft.pieces):
            group = "" if trial else self.groups.get(piece.raw or piece.anchor, "")
            if group not in told:
                told.add(group)
                yield None, f"# {group}"
            if trial and (piece.anchor or piece.raw or piece.common):
                yield None, probe(index, [word for word in words if word not in gone], media)
            short = self.shorts.line(piece.raw) if brief and piece.raw else None
            if short is not None:
                yield from ((piece, line) for line in [short] if line)
            else:
                said = [self._raw(piece.raw, trial)] if piece.raw else statement_text(piece, self.name)
                yield from ((piece, line) for line in said)
            if trial and piece.decodes:
                yield None, f'node "{READER}{index}" {{ frames: frames }}'
            if piece.wire is not None:
                media += piece.media  # a file has its name from the start, what a node gives from there on
            if piece.sampled:
                words, gone = SILENT if piece.sampler == LOOPING else WORDS, gone - {*SAMPLED}
            elif "latent" in piece.binds.values():
                words, gone = words if has_pass else WORDS, gone | {*SAMPLED}
            gone |= {WRITTEN} if "positive" in piece.binds.values() else set()
        if trial:
            yield None, probe(len(self.draft.pieces), [word for word in words if word not in gone], media)

    def name(self, out: Out) -> str:
        """The name of an output of a raw node."""
        self.names.of_node(out.node)
        return self.names.by_output[out]

    def _raw(self, id: str, trial: bool) -> str:
        wires = self.draft.wires.get(id, {})
        node = self.target.prompt[id]
        meta = {"title": f"{MARK}{id}"} if trial else node.get("_meta") or {}
        return node_text(id, {**node, "_meta": meta}, self.names, wires, own=id in self.target.marks)


IN_ROWS = ("like", "size", "length", "fps", "decode", "spell", "cfg", "lora", "chunk", "attention", "preview", "stack")


def in_rows(lines: Iterable[str]) -> Iterator[str]:
    """Short settings one after the other stand in a row, as people write them."""
    row: list[str] = []
    for line in lines:
        if line.split(" ", 1)[0] in IN_ROWS and "{" not in line and "\n" not in line:
            row.append(line)
            continue
        yield from rows(row, "")
        row = []
        yield line
    yield from rows(row, "")


def probe(index: int, words: Iterable[str], media: Iterable[str]) -> str:
    """A node that reads what each word and name of a medium stands for here."""
    said = "; ".join(f'"{word}": {word}' for word in (*media, *words))
    return f'node "{PROBE}{index}" {{ {said} }}'


def attempt(draft: Draft, target: Target, catalogue: Mapping[str, Info]) -> Trial:
    """Lower a draft. Raises Failed."""
    export = lowered(Writer(draft, target, catalogue).parts(trial=True))
    marks = {id: target.marks[raw] for raw, id in raw_nodes(export.prompt).items() if raw in target.marks}
    made = Target(export.prompt, marks)
    probes = {made.kind(id): id for id in made.order}
    words = [_words(made, probes.get(f"{PROBE}{index}")) for index in range(len(draft.pieces) + 1)]
    pieces = [piece for piece in draft.pieces if piece.anchor and not piece.decodes]
    anchors = dict(zip((p.anchor for p in pieces), _anchored(export, pieces), strict=False))
    for index, piece in enumerate(draft.pieces):
        read = made.link(probes[f"{READER}{index}"], "frames") if piece.decodes else None
        anchors[piece.anchor] = read.node if read else anchors.get(piece.anchor)
    saved = any(piece.anchor and not piece.sampled for piece in pieces)
    idle = _idle(made, set(probes.values())) if saved else frozenset[str]()
    return Trial(made, export.places, {anchor: id for anchor, id in anchors.items() if id}, words, export.sharers, idle)


def _idle(made: Target, probes: set[str]) -> frozenset[str]:
    """Nodes that only probes read, by way of others."""
    found = {id for id in probes if made.kind(id).startswith(PROBE)}
    for id in reversed(made.order):
        if readers := made.readers.get(id):
            found |= {id} if found.issuperset(readers) else set()
    return frozenset(found)


def _words(made: Target, probe: str | None) -> dict[tuple[str, int], Word]:
    found = made.links(probe).items() if probe else ()
    return {(made.digests[out.node], out.slot): Word(word) for word, out in reversed(list(found))}


def _anchored(export: Export, pieces: list[Piece]) -> Iterator[str | None]:
    """The nodes here that stand for anchors: in order, by what each statement ends in."""
    waiting: dict[str, list[str]] = {}
    for id in sorted(export.places, key=int):
        waiting.setdefault(export.places[id].type, []).append(id)
    for piece in pieces:
        of_kind = waiting.get(piece.makes, [])
        yield of_kind.pop(0) if of_kind else None


def raw_nodes(made: Prompt) -> dict[str, str]:
    """Raw nodes of the target, and what they are here."""
    titles: dict[str, Any] = {id: node["_meta"]["title"] for id, node in made.items()}
    return {title[len(MARK) :]: id for id, title in titles.items() if title.startswith(MARK)}
