"""Which group a node belongs to: models, prompts, media, its pass, or the output; which groups stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ltxdsl.comfy.builder import Place, Prompt
from ltxdsl.comfy.write.parts import Parts

MODELS, PROMPTS, MEDIA, OUTPUT = "models", "prompts", "media", "output"
LOADED = frozenset({"MODEL", "VAE", "CLIP", "LATENT_UPSCALE_MODEL", "UPSCALE_MODEL"})
TOLD = frozenset({"CONDITIONING", "STRING"})
SEEN = frozenset({"IMAGE", "MASK", "AUDIO", "VIDEO"})
FIRST = {MODELS: 0, PROMPTS: 1, MEDIA: 1}  # their columns; passes begin after them


def grouped(
    prompt: Prompt, reads: Mapping[str, Sequence[str]], parts: Mapping[str, Parts], places: Mapping[str, Place]
) -> dict[str, str]:
    """The group of every node; `reads` has sources first."""
    found: dict[str, str] = {}
    for id in reads:
        own = _pass_of(id, places)
        kinds = {kind for _, kind in parts[id].outputs}
        before = {found.get(source, "") for source in reads[id]}
        early = "" if own and _title(prompt, id).startswith(f"{own}:") else _early(kinds, before, parts[id])
        found[id] = early or (own if reads[id] else "")
    readers = _readers(reads)
    for id in reversed(list(reads)):
        found[id] = found[id] or _by_neighbours(id, reads, readers, found)
    return found | _outputs(prompt, reads, [id for id in reads if found[id] == OUTPUT])


def _outputs(prompt: Prompt, reads: Mapping[str, Sequence[str]], ids: Sequence[str]) -> dict[str, str]:
    """Files that share nothing are groups of their own, named after their last node."""
    joined: dict[str, list[str]] = {}  # by the last node of each
    leader: dict[str, str] = {}
    for id in ids:
        before = dict.fromkeys(leader[source] for source in reads[id] if source in leader)
        joined[id] = [id, *(other for last in before for other in joined.pop(last))]
        leader |= dict.fromkeys(joined[id], id)
    if len(joined) < 2:
        return dict.fromkeys(ids, OUTPUT)
    names = {id: f"{OUTPUT} {number}: {_title(prompt, id)}" for number, id in enumerate(joined, 1)}
    return {id: names[leader[id]] for id in ids}


def _title(prompt: Prompt, id: str) -> str:
    return str((prompt[id].get("_meta") or {}).get("title", ""))


def is_output(title: str) -> bool:
    """Whether a group is of files that are written."""
    return title.partition(" ")[0] == OUTPUT


def _pass_of(id: str, places: Mapping[str, Place]) -> str:
    place = places.get(id)
    return place.op if place is not None and isinstance(place.op, str) else ""


def _early(kinds: set[str], before: set[str], parts: Parts) -> str:
    """The group of what passes share; nothing for others."""
    if kinds and kinds <= LOADED and before <= {MODELS}:
        return MODELS
    if kinds & TOLD and before and before <= FIRST.keys():
        return PROMPTS
    if kinds & SEEN and before <= {MEDIA} and (before or parts.takes):
        return MEDIA
    return ""


def _by_neighbours(
    id: str, reads: Mapping[str, Sequence[str]], readers: Mapping[str, Sequence[str]], found: Mapping[str, str]
) -> str:
    """What a pass still reads stays with what it is made of, a constant stands by who reads it; the rest goes out."""
    after = [found[reader] for reader in readers.get(id, ())]
    if all(group == OUTPUT for group in after):
        return OUTPUT
    before = [found[source] for source in reads[id] if found.get(source) and found[source] not in FIRST]
    return before[-1] if before else next(group for group in after if group != OUTPUT)


def _readers(reads: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id, sources in reads.items():
        for source in sources:
            found.setdefault(source, []).append(id)
    return found


def in_columns(reads: Mapping[str, Sequence[str]], groups: Mapping[str, str]) -> list[list[str]]:
    """Titles of groups from left to right: each after those that it reads, shots that need no other side by side."""
    found = [title for title in dict.fromkeys(groups[id] for id in reads) if title not in FIRST]
    titles = [*FIRST, *sorted(found, key=is_output)]  # nothing reads what is written
    rank = {title: index for index, title in enumerate(titles)}
    needs: dict[str, set[str]] = {title: set() for title in titles}
    for id, sources in reads.items():
        # A constant that two shots share makes neither wait for the other.
        needs[groups[id]] |= {groups[s] for s in sources if reads[s] or groups[s] in FIRST}
    columns = dict(FIRST)
    for title in titles:
        earlier = [columns[other] for other in needs[title] if rank[other] < rank[title]]
        columns.setdefault(title, max(2, 1 + max(earlier, default=0)))
    used = [title for title in titles if title in set(groups.values())]
    return [[t for t in used if columns[t] == c] for c in sorted({columns[title] for title in used})]
