"""Values as text that reads back as the same values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

LINE_LENGTH = 120
_NAME = re.compile(r"[^\W\d]\w*")
_PLAIN = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u2028\u2029\x85]*")  # what a source holds as it is
LONGEST_NAME = 24  # of a node's output, if it has several words
_FOLDED_FROM = 60  # characters from which a text of several lines is written over several lines
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def is_name(text: str) -> bool:
    """Whether a text can stand as a word."""
    return _NAME.fullmatch(text) is not None


def quoted(text: str) -> str | None:
    """A text in quotes, over several lines if it has some; None where a source cannot hold it."""
    if not _PLAIN.fullmatch(text):
        return None
    if "\n" in text and len(text) >= _FOLDED_FROM and '"""' not in text and not text.endswith('"'):
        return f'"""{text}"""'
    return '"' + re.sub(r'[\\"\n\t]', lambda found: _ESCAPES[found[0]], text) + '"'


def number(value: float) -> str | None:
    """A number as the same number, whole ones without a point; None for what is none."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return None
    text = repr(value)
    return text if "e" not in text or value > 0 else _without_exponent(value)


def _without_exponent(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else f"{text}.0"


def raw_value(value: Any, indent: str = "") -> str:
    """A value of a workflow file, as a line of a `node` block has it."""
    plain = _plain(value)
    if plain is not None:
        return plain
    if isinstance(value, dict) and all(isinstance(key, str) and quoted(key) for key in value):
        inner = [f"{key(name)}: {raw_value(v, indent)}" for name, v in value.items()]
        return "{ " + "; ".join(inner) + " }" if inner else "{}"
    text = json.dumps(value)  # ASCII, so that a source can hold it
    return f"json {quoted(text)}"


def _plain(value: Any) -> str | None:
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
            return number(value)
        case str():
            return quoted(value)
    return None


def key(name: str) -> str:
    """The name of a line."""
    return name if is_name(name) else str(quoted(name))


def identifier(words: str, taken: Collection[str]) -> str:
    """A short name made of the last words, that is not taken: `empty_latent`, `empty_latent_2`."""
    words = re.sub(r"([a-z])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", words.replace("LoRA", "Lora"))
    parts = re.findall(r"[^\W_]+", words.lower()) or ["node"]
    while len(parts) > 1 and len("_".join(parts)) > LONGEST_NAME:
        del parts[0]
    name = "_".join(parts)
    name = name if is_name(name) else f"n_{name}"
    if name not in taken:
        return name
    count = 2
    while f"{name}_{count}" in taken:
        count += 1
    return f"{name}_{count}"


def rows(entries: Iterable[str], indent: str) -> Iterator[str]:
    """Entries of a block, as many in a row as a line holds; one of several lines stands alone."""
    row = ""
    for entry in entries:
        longer = f"{row}; {entry}"
        if row and "\n" not in longer and len(indent + longer) <= LINE_LENGTH:
            row = longer
            continue
        if row:
            yield indent + row
        row = entry
    if row:
        yield indent + row
