"""What a server says over a websocket: JSON with a type, or bytes that begin with the number of theirs."""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
SIGNATURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp"}
HEAD = struct.Struct(">II")


class Said(NamedTuple):
    """A message in JSON."""

    type: str
    data: dict[str, Any]


class Picture(NamedTuple):
    """A preview; "" for an ending that is not known."""

    data: bytes
    suffix: str


def message(raw: str | bytes) -> Said | Picture | None:
    """What was said; None if it is nothing that is known here."""
    return _said(raw) if isinstance(raw, str) else _picture(raw)


def _said(raw: str) -> Said | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    data = value.get("data")
    return Said(value["type"], data if isinstance(data, dict) else {})


def _picture(raw: bytes) -> Picture | None:
    if len(raw) < HEAD.size:
        return None
    kind, second = HEAD.unpack_from(raw)
    if kind not in (PREVIEW, PREVIEW_WITH_METADATA):
        return None
    data = raw[HEAD.size + (second if kind == PREVIEW_WITH_METADATA else 0) :]
    suffix = next((suffix for begin, suffix in SIGNATURES.items() if data.startswith(begin)), "")
    return Picture(data, suffix) if data else None
