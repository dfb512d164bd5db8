"""Where a node stands in the text of a workflow file, so that editors and reviews can point at it."""

from __future__ import annotations

import json
import re

from ltxdsl.source import Span


def places(text: str) -> dict[str, Span]:
    """The line of each node's id: `"242": {` in a prompt, `"id": 242` beside a `type` in a graph (the innermost id)."""
    found: dict[str, Span] = {}
    for match in re.finditer(r'"([^"\\\n]+)"\s*:\s*\{\s*"(?:inputs|class_type|_meta)"', text):
        found.setdefault(match[1], Span(match.start(), match.start() + len(match[1]) + 2))
    for match in re.finditer(r'"id"\s*:\s*("?[\w-]+"?)\s*,\s*"type"\s*:', text):
        found.setdefault(match[1].strip('"'), Span(match.start(), match.end(1)))
    return found


def place_of(node: str, known: dict[str, Span]) -> Span | None:
    """That of the whole id, or of its last part inside a subgraph."""
    return known.get(node) or known.get(node.rpartition(":")[2])


def is_text(data: bytes) -> bool:
    """Whether a file is JSON as such, not a picture that carries some."""
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
