"""Where nodes that stay as they are stand in a draft: as early as what they read is there."""

from __future__ import annotations

import msgspec

from ltxdsl.comfy.lift.draft import Draft, Piece, Word
from ltxdsl.comfy.lift.prove import Trial
from ltxdsl.comfy.lift.target import Out, Target


def kept_before(draft: Draft, target: Target, trial: Trial, needed: list[tuple[str, Piece]]) -> None:
    """Write nodes as they are, each before its piece, where what it reads is there by a word."""
    for id, owner in needed:
        last = draft.pieces.index(owner)
        if id not in {piece.raw for piece in draft.pieces[:last]}:  # nowhere, or too late
            if id in draft.raws():
                keep(draft, target, trial, last, [id])
                trial = _with_room(draft, trial, last)
            else:
                trial = kept_early(draft, target, trial, id, last)


def kept_early(draft: Draft, target: Target, trial: Trial, id: str, last: int | None = None) -> Trial:
    """Write a node as it is, and what it lacks, each as early as the fewest are written; the trial with room for them.

    What a pass has given is there by a word only up to the next one: what is needed after that is written before.
    """
    count = len(draft.pieces)
    for index, one in _places(draft, target, trial, id, count if last is None else last):
        at = index + len(draft.pieces) - count
        keep(draft, target, trial, at, [one])
        trial = _with_room(draft, trial, at)
    return trial


def _with_room(draft: Draft, trial: Trial, index: int) -> Trial:
    """The words before each piece, after some pieces were put in at a place."""
    added = len(draft.pieces) + 1 - len(trial.words)
    words = [*trial.words[: index + 1], *[trial.words[index]] * added, *trial.words[index + 1 :]]
    return msgspec.structs.replace(trial, words=words)


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


def _places(draft: Draft, target: Target, trial: Trial, id: str, last: int) -> list[tuple[int, str]]:
    """Where a node is written, and what it lacks there: the cheapest way, and of equal ones the earliest."""
    raws = {piece.raw: at for at, piece in enumerate(draft.pieces) if piece.raw}
    lacking = _Lacking(target, trial, raws, last)
    best: dict[str, list[tuple[frozenset[str], int]]] = {}  # up to each index: what is written, and where the node is
    for one in lacking.in_order(id):
        found: list[tuple[frozenset[str], int]] = []
        for index in range(last + 1):
            written = frozenset([one]).union(*(best[behind][index][0] for behind in lacking.at(one, index)))
            better = not found or len(written) < len(found[-1][0])
            found.append((written, index) if better else found[-1])
        best[one] = found
    places: dict[str, int] = {}
    waiting = [(id, last)]
    while waiting:
        one, latest = waiting.pop()
        index = best[one][latest][1]
        if places.get(one, index + 1) > index:
            places[one] = index
            waiting += [(behind, index) for behind in lacking.at(one, index)]
    order = {one: at for at, one in enumerate(target.order)}
    return sorted(((index, one) for one, index in places.items()), key=lambda place: (place[0], order[place[1]]))


class _Lacking:
    """What nodes read that neither a word nor a node before a place gives there."""

    def __init__(self, target: Target, trial: Trial, raws: dict[str, int], last: int) -> None:
        self.target, self.raws, self.last = target, raws, last
        self.words = [*trial.words, *[{}] * (last + 1 - len(trial.words))]

    def at(self, id: str, index: int) -> list[str]:
        """The nodes that are lacking at an index."""
        links = dict.fromkeys(self.target.links(id).values())
        return list(dict.fromkeys(out.node for out in links if not self._is_there(out, index)))

    def _is_there(self, out: Out, index: int) -> bool:
        if out.node in self.raws:
            return self.raws[out.node] < index
        return (self.target.digests[out.node], out.slot) in self.words[index]

    def in_order(self, id: str) -> list[str]:
        """The node and all that may have to be written with it, sources first."""
        waiting, found = [id], {id}
        while waiting:
            for out in self.target.links(waiting.pop()).values():
                if out.node not in found and not all(self._is_there(out, index) for index in range(self.last + 1)):
                    found.add(out.node)
                    waiting.append(out.node)
        return [one for one in self.target.order if one in found]
