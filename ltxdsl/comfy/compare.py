"""Whether two prompts say the same: blind to ids, to the order of nodes, and to titles."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info, known_sockets
from ltxdsl.comfy.validate import link_of

# Inputs that mean nothing to a server: the editor's previews and headers of packs.
SHOWN_ONLY = frozenset({"video-preview", "audioUI", "timeline_ui", "PowerLoraLoaderHeaderWidget", "➕ Add Lora"})
NO_MARKS: Mapping[str, int] = {}


def digests(prompt: Prompt, marks: Mapping[str, int] = NO_MARKS) -> dict[str, str]:
    """A digest of every node: its class, its inputs, and all that stands before it. A node in a cycle has its id.

    `marks` tell nodes apart that would be equal.
    """
    made: dict[str, str] = {}
    for id in sources_first(prompt):
        made[id] = _digest(prompt[id], made, marks.get(id, 0))
    return made


def twins(prompt: Prompt, apart: Collection[str]) -> dict[str, int]:
    """Marks for nodes that are equal to one before them, but for those that need no mark."""
    made: dict[str, str] = {}
    seen: Counter[str] = Counter()
    marks: dict[str, int] = {}
    for id in sources_first(prompt):
        plain = made[id] = _digest(prompt[id], made, 0)
        if seen[plain] and id not in apart:
            marks[id] = seen[plain]
            made[id] = _digest(prompt[id], made, marks[id])
        seen[plain] += 1
    return marks


def _digest(node: Mapping[str, Any], made: Mapping[str, str], mark: int) -> str:
    inputs = {
        name: _plain(value, made)
        for name, value in sorted((node.get("inputs") or {}).items())
        if name not in SHOWN_ONLY
    }
    said = [node.get("class_type"), inputs, *([mark] if mark else [])]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: Prompt, other: Prompt) -> bool:
    """Whether the same nodes are wired in the same way, as often."""
    return Counter(digests(one).values()) == Counter(digests(other).values())


def without_defaults(prompt: Prompt, catalogue: Mapping[str, Info]) -> Prompt:
    """The same without optional widgets at their defaults, which editors write out and hands leave out."""
    return {id: {**node, "inputs": dict(_said(node, catalogue.get(node["class_type"])))} for id, node in prompt.items()}


def _said(node: Mapping[str, Any], info: Info | None) -> Iterator[tuple[str, Any]]:
    sockets = known_sockets(info, node["inputs"]) if info else {}
    for name, value in node["inputs"].items():
        socket = sockets.get(name)
        if socket is None or socket.required or not _is_usual(value, socket.default):
            yield name, value


def _is_usual(value: Any, default: Any) -> bool:
    return default is not UNSET and json.dumps(_even(value)) == json.dumps(_even(default))


def _plain(value: Any, made: Mapping[str, str]) -> Any:
    link = link_of(value)
    if link is not None and link[0] in made:
        return ["link", made[link[0]], link[1]]
    if link is not None:
        return ["lost", link[1]]
    return _even(value)


def _even(value: Any) -> Any:
    """1 and 1.0 are one number to a server, within lists too; true is not 1."""
    if isinstance(value, list):
        return [_even(one) for one in value]
    if isinstance(value, dict):
        return {name: _even(one) for name, one in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value


def sources_first(prompt: Prompt) -> list[str]:
    """Ids, each after those it reads; without recursion, so that long chains are no matter. Cycles are cut."""
    done: dict[str, None] = {}
    for start in prompt:
        stack, open = [(start, False)], set()
        while stack:
            id, left = stack.pop()
            if left:
                done[id] = None
                open.discard(id)
            elif id in prompt and id not in done and id not in open:
                open.add(id)
                stack.append((id, True))
                stack += [(link[0], False) for v in _inputs(prompt, id) if (link := link_of(v))]
    return list(done)


def cycle_in(prompt: Prompt) -> str | None:
    """A node that reads itself, by way of others; None if there is none."""
    place = {id: index for index, id in enumerate(sources_first(prompt))}
    for id in prompt:
        links = [link[0] for value in _inputs(prompt, id) if (link := link_of(value))]
        if any(place.get(source, -1) >= place[id] for source in links):
            return id
    return None


def _inputs(prompt: Prompt, id: str) -> list[Any]:
    return list((prompt[id].get("inputs") or {}).values())
