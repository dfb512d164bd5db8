"""Lifting: guess, lower, compare, spell what differs; what cannot be proved stays a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from ltxdsl.comfy.aside_classes import FREES, SHOWS
from ltxdsl.comfy.builder import Export, Prompt
from ltxdsl.comfy.compare import same, twins
from ltxdsl.comfy.fold import alive
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.draft import Draft, Piece, Word
from ltxdsl.comfy.lift.guess import guess, may_be_handed
from ltxdsl.comfy.lift.placing import keep, kept_before, kept_early
from ltxdsl.comfy.lift.prove import Failed, Trial, Writer, attempt, lowered, raw_nodes, script_of
from ltxdsl.comfy.lift.raw import Unwritable, checked, raw_script
from ltxdsl.comfy.lift.repair import Differs, Edit, Repairer
from ltxdsl.comfy.lift.rewrite import gives_back, save_by_name, take_over
from ltxdsl.comfy.lift.same import in_common
from ltxdsl.comfy.lift.sharing import pass_of, separated
from ltxdsl.comfy.lift.stage import SAMPLERS_SEEN
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.ops.raw_values import LOADED, of_clip

ROUNDS = 48
MOST = 120  # trials of a file: about 30 ms each for one of 50 nodes
Owned = tuple[Edit, Piece]  # and the piece that its node was written for
AHEAD = 3  # nodes that a second try may well save
TOO_EARLY = "LTX223"  # a node that takes what is not there yet


class Lifted(msgspec.Struct, frozen=True):
    """A script that gives a prompt back. `kept` are the nodes that it has as they are; `why` says what was given up."""

    text: str
    kept: frozenset[str]
    why: tuple[str, ...] = ()


UNEXPECTED = "lifting failed"


def lift(prompt: Prompt, catalogue: Mapping[str, Info], groups: Mapping[str, str] | None = None) -> Lifted:
    """The script of a prompt in which constants are folded. Raises Unwritable.

    `groups` of nodes, by id, become comments.
    """
    target, groups = Target(checked(prompt)), groups or {}
    why: list[str] = []
    best: Lifted | None = None
    for view, handed in _views(target):
        if best and not best.kept:
            break
        said = [] if best else why
        best = _better(best, _lifted(view, catalogue, groups, said, handed, rival=best))
    return msgspec.structs.replace(best, why=tuple(why)) if best else _unlifted(target, catalogue, why)


def _views(target: Target) -> Iterator[tuple[Target, bool]]:
    """Ways to look at a prompt, and whether its first pass is handed a latent: the usual one, and two for odd files."""
    yield target, False
    if marks := twins(target.prompt, _in_passes(target)):
        yield Target(target.prompt, marks), False
    if may_be_handed(target):
        yield target, True


def _better(one: Lifted | None, other: Lifted | None) -> Lifted | None:
    """The script with fewer nodes, and of equal ones the shorter one."""
    found = [script for script in (one, other) if script]
    return min(found, key=lambda one: (len(one.kept), one.text.count("\n"), len(one.text)), default=None)


def _in_passes(target: Target) -> set[str]:
    """Nodes that each pass has one of, whether they are equal or not: those are spelled."""
    readers: dict[str, set[str]] = {}
    for id in target.order:
        readers.setdefault(target.digests[id], set()).update(map(target.kind, target.readers.get(id, [""])))
    return {id for id in target.order if readers[target.digests[id]] <= {*SAMPLERS_SEEN}}


def _lifted(
    target: Target,
    catalogue: Mapping[str, Info],
    groups: Mapping[str, str],
    why: list[str],
    handed: bool,
    rival: Lifted | None,
) -> Lifted | None:
    """A script with passes, if one can be proved; it is tried again unless a rival is ahead."""
    try:
        draft = guess(target, handed=handed)
        if draft and (found := _proved(draft, target, catalogue, why, groups)):
            behind = rival is not None and len(found.kept) > len(rival.kept) + AHEAD
            return found if behind else _tried_again(found, draft, target, catalogue, groups, handed)
    except (Failed, Differs, Unwritable) as error:
        why.append(str(error))
    except Exception as error:  # a guess may fail in ways nobody thought of: the file comes in all the same
        why.append(f"{UNEXPECTED}: {error!r}")
    return None


def _unlifted(target: Target, catalogue: Mapping[str, Info], why: list[str]) -> Lifted:
    """The nodes as they are, but for those that a statement says shorter."""
    beside = any(target.kind(id) in (*SHOWS, *FREES) for id in target.order)
    draft = Draft([Piece("", raw=id) for id in target.order])
    found: Lifted | None = None
    try:
        found = _brief(draft, target, catalogue, {}) if beside else None
    except Exception as error:  # as in a guess
        why.append(f"{UNEXPECTED}: {error!r}")
    found = found or Lifted(raw_script(target.prompt, catalogue), frozenset(target.prompt))
    return msgspec.structs.replace(found, why=tuple(why))


def _tried_again(
    found: Lifted,
    draft: Draft,
    target: Target,
    catalogue: Mapping[str, Info],
    groups: Mapping[str, str],
    handed: bool,
) -> Lifted:
    """The better of two scripts: with all spellings known from the start, fewer nodes need to be written out."""
    if not found.kept or (again := guess(target, found.kept, handed)) is None:
        return found
    said = {(piece.head, piece.anchor): piece for piece in draft.pieces if not piece.raw}
    for piece in again.pieces:
        if (piece.head, piece.anchor) in said:
            piece.take_spellings(said[piece.head, piece.anchor])
    try:
        better = _proved(again, target, catalogue, [], groups)
    except (Failed, Differs, Unwritable):
        return found
    return msgspec.structs.replace(better, why=found.why) if better and len(better.kept) < len(found.kept) else found


def _proved(
    draft: Draft, target: Target, catalogue: Mapping[str, Info], why: list[str], groups: Mapping[str, str]
) -> Lifted | None:
    """Rounds of lowering and spelling, what is left as raw nodes, then the proof; a statement that fails it goes."""
    _wired(draft, target, catalogue)
    while draft.anchors():
        trial = _settled(draft, target, catalogue, why)
        draft.hoist()
        draft.in_passes("LTXVSeparateAVLatent", "av_latent", Word("av_latent 1"))
        take_over(draft, target, catalogue)
        save_by_name(draft, target, catalogue)
        if brief := _brief(draft, target, catalogue, groups):
            return msgspec.structs.replace(brief, why=tuple(why))
        parts = Writer(draft, target, catalogue, groups).parts(trial=False)
        export = lowered(parts)
        made = Target(export.prompt)
        if same(alive(made.prompt, catalogue), target.prompt):
            return Lifted(script_of(parts).text, draft.kept(), tuple(why))
        wrong = made.count - target.count
        extra = [id for id in made.order if wrong[made.digests[id]] > 0]
        lost = target.count - made.count
        lacking = [target.kind(id) for id in target.order if lost[target.digests[id]] > 0]
        counts = {"too many": [made.kind(id) for id in extra], "lacking": lacking}
        why.append("; ".join(f"{word}: {', '.join(kinds)}" for word, kinds in counts.items() if kinds))
        _drop(draft, target, trial, _guilty(draft, export, extra))
    return None


def _wired(draft: Draft, target: Target, catalogue: Mapping[str, Info]) -> None:
    """Write the nodes that statements and the first pass take something of, with words for what stands before them."""
    wired = [piece for piece in draft.pieces if piece.wire]
    plain = [piece for piece in draft.pieces if not piece.wire and not piece.sampled and not piece.anchor]
    if not wired and not draft.given:
        return
    anywhere = {*LOADED, *(word for piece in plain for word in piece.media)}
    try:
        found = attempt(Draft(plain), target, catalogue).words[-1]
    except Failed:
        found = {}
    words = {out: word for out, word in found.items() if word in anywhere}
    for piece in wired:
        _written(draft, target, words, piece, piece.wire)
    first = next((piece for piece in draft.pieces if piece.sampled), None) or draft.anchors()[0]
    for word, out in draft.given.items():
        _written(draft, target, found, first, out)  # which stands after all prompts
        raw = next(piece for piece in draft.pieces if piece.raw == out.node)
        raw.binds[out.slot] = word
        if word == "latent" and target.kind(out.node) == "LTXVSeparateAVLatent":
            raw.binds = {0: "latent", 1: "audio_latent"}


def _written(draft: Draft, target: Target, words: dict[tuple[str, int], Word], piece: Piece, out: Out | None) -> None:
    """Write a node as it is before a piece; `words` stand for what may be there."""
    trial = msgspec.structs.replace(Trial.empty(0), words=[words] * (len(draft.pieces) + 1))
    keep(draft, target, trial, draft.pieces.index(piece), [out.node] if out else [])


def _brief(draft: Draft, target: Target, catalogue: Mapping[str, Info], groups: Mapping[str, str]) -> Lifted | None:
    """The script with statements for raw nodes that have one, if it gives the same back."""
    writer = Writer(draft, target, catalogue, groups)
    parts = writer.parts(trial=False, brief=True)
    kept = draft.kept() - writer.shorts.said
    return Lifted(script_of(parts).text, kept) if gives_back(parts, target, catalogue) else None


def _settled(draft: Draft, target: Target, catalogue: Mapping[str, Info], why: list[str]) -> Trial:
    """Lower, spell what differs, and add what is left as raw nodes, until nothing changes; the last trial."""
    for _ in range(ROUNDS):
        if not _repaired(draft, target, _attempt(draft, target, catalogue, why), why):
            break
    for _ in range(3):
        trial = _attempt(draft, target, catalogue, why)
        for _ in range(3):  # where nodes are in a pass is seen once one is its own
            if not separated(draft, target, trial):
                break
            trial = _attempt(draft, target, catalogue, why)
        if not _completed(draft, target, trial):
            break
    return trial


def _attempt(draft: Draft, target: Target, catalogue: Mapping[str, Info], why: list[str]) -> Trial:
    """A trial; what cannot be there is given up. Raises Failed after MOST of them."""
    while draft.anchors():
        draft.trials += 1
        if draft.trials > MOST:
            raise Failed("it takes too long to prove")
        try:
            return attempt(draft, target, catalogue)
        except Failed as error:
            early = str(error).startswith(TOO_EARLY) and _brought(draft, target)
            if not early and not _given_up(draft, target, catalogue, error.at):
                raise
            why += [] if early else [str(error)]
    raise Failed("no statement is left")


def _given_up(draft: Draft, target: Target, catalogue: Mapping[str, Info], at: int) -> bool:
    """Give up the statement that was refused: one of a block alone, if it is to be seen; whether it could be."""
    piece, text = Writer(draft, target, catalogue).blamed(at) or (None, "")
    if piece is None or piece.raw or piece.common:
        return False
    line = next((line for line in piece.block if text.startswith(line)), None)
    if line is not None:
        piece.block.remove(line)
        return True
    index = draft.pieces.index(piece)
    before = Draft(draft.pieces[:index])
    before.wires = draft.wires
    known = attempt(before, target, catalogue) if any(one.sampled for one in before.pieces) else Trial.empty(index)
    _drop(draft, target, known, piece)
    return True


def _brought(draft: Draft, target: Target) -> bool:
    """Write out what nodes before the first latent read by a word; whether there were some."""
    early = []
    for piece in draft.pieces:
        if piece.sampled or "latent" in piece.binds.values():
            break
        words = draft.wires.get(piece.raw, {}).values()
        if any(map(of_clip, words)):
            early.append(piece.raw)
    for id in early:
        draft.wires.pop(id, None)
        index = next(at for at, piece in enumerate(draft.pieces) if piece.raw == id)
        keep(draft, target, Trial.empty(len(draft.pieces)), index, [id])
    return bool(early)


def _guilty(draft: Draft, export: Export, extra: list[str]) -> Piece:
    """The statement that has made what should not be there; the last one, if that is not to be seen."""
    for id in reversed(extra):
        place = export.places.get(id)
        if place and (owner := pass_of(draft, place.op)):
            return owner
    return (draft.anchors() or draft.pieces)[-1]


def _repaired(draft: Draft, target: Target, trial: Trial, why: list[str]) -> bool:
    """Spell the first differences that there are, or give the statement up; whether there were some."""
    for index, piece in enumerate(draft.pieces):
        made = trial.made.get(piece.anchor)
        if piece.anchor and made and trial.lowered.digests[made] != target.digests[piece.anchor]:
            try:
                _respell(draft, target, trial, index)
            except Differs as error:
                if not piece.decodes:
                    why.append(f"{piece.head.split()[0]} of {target.kind(piece.anchor)} {piece.anchor}: {error}")
                _drop(draft, target, trial, piece)
            return True
    return False


def _respell(draft: Draft, target: Target, trial: Trial, index: int) -> None:
    """Raises Differs where nothing is left to spell."""
    piece = draft.pieces[index]
    repairer = Repairer(target, trial, trial.words[index])
    edits = list(repairer.edits(trial.made[piece.anchor], piece.anchor))
    owned = [_at_home(draft, target, trial, edit, _owner(draft, edit, piece)) for edit in edits]
    fresh = [(edit, owner) for edit, owner in owned if not edit.is_said(owner)]
    if not fresh or (piece.decodes and any(owner is not piece for _, owner in fresh)):
        raise Differs("no other spelling is left")
    fresh = _first(fresh, target, set(repairer.partner))
    for edit, owner in fresh:
        edit.say(owner)
    kept_before(draft, target, trial, [(edit.raw, owner) for edit, owner in fresh if edit.raw])


def _at_home(draft: Draft, target: Target, trial: Trial, edit: Edit, owner: Piece) -> Owned:
    """An edit as it is said where it stands: a word there may be another one, or none."""
    if edit.out is None:
        return edit, owner
    word = trial.words[draft.pieces.index(owner)].get((target.digests[edit.out.node], edit.out.slot))
    if word:
        return edit._replace(value=word), owner
    return edit._replace(value=edit.out, raw=edit.out.node), owner


def _first(fresh: list[Owned], target: Target, differing: set[str]) -> list[Owned]:
    """The edits of a round: raw nodes come last, and those that read what is still to be repaired last of all.

    What they read is known by a word once it is repaired; before that it would be written a second time.
    """
    if plain := [one for one in fresh if not one[0].raw]:
        return plain
    early = [one for one in fresh if not (target.cone([one[0].raw]) - {one[0].raw}) & differing]
    return early or fresh


def _owner(draft: Draft, edit: Edit, piece: Piece) -> Piece:
    """The piece that a node was written for: a pass by its number, else the one at hand.

    What passes have in common is said before them all, as long as it is the same for all.
    """
    own = pass_of(draft, edit.which.op) or piece
    of_pass = edit.input == "clip" and isinstance(edit.value, Word) and edit.out is None  # a node of the pass itself
    if not own.sampled or of_pass or not in_common(edit.which.type, edit.input):
        return own
    said = draft.common().spells.get(edit.which[1:])
    return own if said and said.lines.get(edit.input, edit.value) != edit.value else draft.common()


def _drop(draft: Draft, target: Target, trial: Trial, piece: Piece) -> None:
    """Give a statement up. What a pass would have made comes from raw nodes then, and later passes go on from that."""
    index = draft.pieces.index(piece)
    draft.pieces.remove(piece)
    if not piece.sampled:
        return
    parts = [id for id in target.readers.get(piece.anchor, []) if target.kind(id) == "LTXVSeparateAVLatent"]
    words = [trial.words[index] if index < len(trial.words) else {}] * (len(draft.pieces) + 1)
    keep(draft, target, msgspec.structs.replace(trial, words=words), index, parts[:1])
    for raw in draft.pieces:
        if parts and raw.raw == parts[0]:
            raw.binds = {0: "latent", 1: "audio_latent"}


def _completed(draft: Draft, target: Target, trial: Trial) -> bool:
    """Write what no statement makes as raw nodes, each as early as what it reads is there."""
    made, raw = trial.lowered, raw_nodes(trial.lowered.prompt)
    have = made.count - Counter(made.digests[id] for id in {*raw.values(), *trial.idle})
    missing = []
    for id in target.order:
        if have[target.digests[id]] > 0 and id not in raw:
            have[target.digests[id]] -= 1
        elif id not in raw:
            missing.append(id)
    for id in missing:
        if id not in draft.raws():
            trial = kept_early(draft, target, trial, id)
    return bool(missing)
