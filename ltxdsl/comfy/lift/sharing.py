"""Equal nodes: which passes have one of their own, and which share one."""

from __future__ import annotations

import re
from collections.abc import Hashable

from ltxdsl.comfy.builder import Place
from ltxdsl.comfy.lift.draft import Draft, Piece, Spelled
from ltxdsl.comfy.lift.prove import Trial, raw_nodes
from ltxdsl.comfy.lift.target import Target


def separated(draft: Draft, target: Target, trial: Trial) -> bool:
    """Give passes nodes of their own, where the target has more equal ones than were made."""
    changed = False
    raws = draft.raws()
    owners = _owners(draft, target)
    for digest, count in target.count.items():
        if not 0 < trial.lowered.count[digest] < count:
            continue
        equal = [id for id in target.order if target.digests[id] == digest]
        made = [id for id in trial.lowered.order if trial.lowered.digests[id] == digest]
        passes = list({id(piece): piece for one in equal if one not in raws and (piece := owners.get(one))}.values())
        for piece in passes if any(one in raws for one in equal) else passes[1:]:
            if (place := _place_in(draft, trial, made, piece)) and not (spelled := _spelled(piece, place)).sharing:
                spelled.sharing, changed = "own", True
    return _united(draft, target, trial) or changed


def _united(draft: Draft, target: Target, trial: Trial) -> bool:
    """Let passes share nodes, where the target has fewer equal ones than were made."""
    changed = False
    made, raw = trial.lowered, set(raw_nodes(trial.lowered.prompt).values())
    for digest, count in made.count.items():
        if not 0 < target.count[digest] < count:
            continue
        equal = [id for id in made.order if made.digests[id] == digest and id not in raw and id not in trial.idle]
        for id in equal[target.count[digest] :]:
            place = trial.places.get(id)
            owner = pass_of(draft, place.op) if place else None
            if place and owner:
                spelled = _spelled(owner, place)
                changed, spelled.sharing = changed or spelled.sharing != "shared", "shared"
    return changed


def _place_in(draft: Draft, trial: Trial, made: list[str], piece: Piece) -> Place | None:
    """Where one of some nodes is in a pass; where one came from first, if none is there; None of raw nodes."""
    there = (place for id in made for op, place in trial.sharers.get(id, {}).items() if pass_of(draft, op) is piece)
    first = (place for id in made if (place := trial.places.get(id)))
    return next(there, None) or next(first, None)


def _spelled(piece: Piece, place: Place) -> Spelled:
    """The spelling of the node at a place."""
    return piece.spell(place.type, "", 0 if place.alone else place.nth)


def pass_of(draft: Draft, op: Hashable) -> Piece | None:
    """The pass that it names."""
    number = re.fullmatch(r"pass (\d+)", str(op))
    passes = [one for one in draft.pieces if one.sampled]
    return passes[int(number[1]) - 1] if number and int(number[1]) <= len(passes) else None


def _owners(draft: Draft, target: Target) -> dict[str, Piece]:
    """The pass that each node of the target stands before, the first of several."""
    found: dict[str, Piece] = {}
    for piece in draft.pieces:
        if piece.sampled:
            for id in target.cone([piece.anchor]):
                found.setdefault(id, piece)
    return found
