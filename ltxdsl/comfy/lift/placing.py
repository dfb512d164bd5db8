"""Where nodes that stay as they are stand in a draft: as early as what they read is there."""

from __future__ import annotations

import msgspec

from ltxdsl.comfy.lift.draft import Draft, Piece, Word
from ltxdsl.comfy.lift.prove import Trial
from ltxdsl.comfy.lift.target import Target


def kept_before(draft: Draft, target: Target, trial: Trial, needed: list[tuple[str, Piece]]) -> None:
    """Write nodes as they are, each before its piece, where what it reads is there by a word."""
    for id, owner in needed:
        last = draft.pieces.index(owner)
        if id not in {piece.raw for piece in draft.pieces[:last]}:  # nowhere, or too late
            index = last if id in draft.raws() else earliest(draft, target, trial, id, last)
            keep(draft, target, trial, index, [id])
            trial = msgspec.structs.replace(trial, words=shifted(trial.words, index, len(draft.pieces)))


def keep(draft: Draft, target: Target, trial: Trial, index: int, needed: list[str]) -> None:
    """Write nodes as they are before a piece, with what they read: words where those stand for it."""
    words = trial.words[index]
    there = {piece.raw: at for at, piece in enumerate(draft.pieces) if piece.raw}
    waiting, found = list(needed), dict.fromkeys(needed)
    while waiting:
        id = waiting.pop()
        for name, out in target.links(id).items():
            word = words.get((target.digests[out.node], out.slot))
            if out.node in there and there[out.node] < index:
                continue
            if word and out.node not in there:
                draft.wires.setdefault(id, {})[name] = Word(word)
            elif out.node not in found:
                found[out.node] = None
                draft.wires.pop(out.node, None)
                waiting.append(out.node)
    place = {id: at for at, id in enumerate(target.order)}
    new = [Piece("", raw=id) for id in sorted(found, key=place.__getitem__) if there.get(id, index) >= index]
    moved = [piece for piece in draft.pieces[index:] if piece.raw not in found or not piece.raw]
    draft.pieces[index:] = [*new, *moved]


def shifted(words: list[dict[tuple[str, int], Word]], index: int, length: int) -> list[dict[tuple[str, int], Word]]:
    """The words before each piece, after some pieces were put in at a place."""
    added = length + 1 - len(words)
    return [*words[: index + 1], *[words[index]] * added, *words[index + 1 :]]


def earliest(draft: Draft, target: Target, trial: Trial, id: str, last: int | None = None) -> int:
    """The first place, up to the last one, at which a node can be written with the fewest other nodes."""
    raws = {piece.raw: at for at, piece in enumerate(draft.pieces) if piece.raw}
    last = len(draft.pieces) if last is None else last
    best, cost = last, -1
    for index in range(last, -1, -1):
        words = trial.words[index] if index < len(trial.words) else {}
        lacking = _lacking(target, id, index, raws, words)
        if lacking is not None and (cost < 0 or lacking <= cost):
            best, cost = index, lacking
    return best


def _lacking(
    target: Target, id: str, index: int, raws: dict[str, int], words: dict[tuple[str, int], Word]
) -> int | None:
    """How many other nodes must be written with a node at a place; None where one of them stands later."""
    waiting, found = [id], {id}
    while waiting:
        for out in target.links(waiting.pop()).values():
            if out.node in raws:
                if raws[out.node] >= index:
                    return None
            elif (target.digests[out.node], out.slot) not in words and out.node not in found:
                found.add(out.node)
                waiting.append(out.node)
    return len(found) - 1
