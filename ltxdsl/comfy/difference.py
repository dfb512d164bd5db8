"""What differs between two prompts, as a person would say it: node by node, blind to ids, places and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import digests, sources_first
from ltxdsl.comfy.validate import link_of

LONGEST = 70  # characters of a value


class Difference(msgspec.Struct, frozen=True):
    """One node that is only on one side, or differs in some inputs (name, before, after)."""

    kind: str  # added | removed | changed
    node: str
    title: str
    inputs: tuple[tuple[str, str, str], ...] = ()


def differences(old: Prompt, new: Prompt) -> list[Difference]:
    """Nodes that were added, removed or changed; one that only reads something changed is the same."""
    before, after = _unmatched(old, new), _unmatched(new, old)
    found, taken = [], set[str]()
    for id in before:
        twin = _twin(old, new, id, [other for other in after if other not in taken])
        if twin is None:
            found.append(Difference("removed", old[id]["class_type"], _title(old[id]), tuple(_said(old[id], 1))))
            continue
        taken.add(twin)
        if changed := tuple(_changed(old, new, id, twin)):
            found.append(Difference("changed", old[id]["class_type"], _title(new[twin]), changed))
    for id in after:
        if id not in taken:
            found.append(Difference("added", new[id]["class_type"], _title(new[id]), tuple(_said(new[id], 2))))
    return found


def _unmatched(mine: Prompt, other: Prompt) -> list[str]:
    """Nodes without a node of the same digest on the other side, sources first."""
    there = Counter(digests(other).values())
    found = []
    own = digests(mine)
    for id in sources_first(mine):
        if there[own[id]] > 0:
            there[own[id]] -= 1
        else:
            found.append(id)
    return found


def _twin(old: Prompt, new: Prompt, id: str, others: list[str]) -> str | None:
    """The node on the other side that is most like it: of its class, with the most equal inputs, then its title."""
    node = old[id]
    alike = [other for other in others if new[other]["class_type"] == node["class_type"]]
    return max(alike, key=lambda other: _likeness(node, new[other]), default=None)


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, float]:
    mine, theirs = one["inputs"], other["inputs"]
    equal = sum(1 for name, value in mine.items() if name in theirs and (link_of(value) or value == theirs[name]))
    return equal, SequenceMatcher(None, _title(one), _title(other)).ratio()


def _changed(old: Prompt, new: Prompt, id: str, twin: str) -> Iterator[tuple[str, str, str]]:
    mine, theirs = old[id]["inputs"], new[twin]["inputs"]
    for name in dict.fromkeys((*mine, *theirs)):
        before, after = _shown(old, mine.get(name, _NOTHING)), _shown(new, theirs.get(name, _NOTHING))
        if before != after:
            yield name, before, after


_NOTHING = object()


def _shown(prompt: Prompt, value: Any) -> str:
    """A literal, or for a link the class and output that it comes from."""
    if value is _NOTHING:
        return ""
    link = link_of(value)
    if link is not None:
        source = prompt.get(link[0])
        return f"<- {source['class_type']} {link[1]}" if source else "<- nothing"
    text = repr(float(value)).removesuffix(".0") if type(value) in (int, float) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _said(node: Mapping[str, Any], side: int) -> Iterator[tuple[str, str, str]]:
    for name, value in node["inputs"].items():
        if link_of(value) is None:
            shown = _shown({}, value)
            yield (name, shown, "") if side == 1 else (name, "", shown)


def _title(node: Mapping[str, Any]) -> str:
    title = (node.get("_meta") or {}).get("title")
    return title if isinstance(title, str) else str(node["class_type"])


def as_text(found: list[Difference]) -> Iterator[str]:
    """Lines for people: `+`, `-` and `~` before the node, its inputs below."""
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for one in found:
        yield f"{signs[one.kind]} {one.node}" + (f" ({one.title})" if one.title != one.node else "")
        for name, before, after in one.inputs:
            if one.kind == "changed":
                yield f"    {name}: {before or 'nothing'} -> {after or 'nothing'}"
            else:
                yield f"    {name}: {before or after}"
