"""The word that somebody probably meant, and how little has to change for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ltxdsl.diagnostics import Fix
from ltxdsl.source import Span

CUTOFF = 0.7
SHORT = 4  # letters of words in which one slip is much


def nearest(name: str, words: Iterable[str]) -> str:
    """The word most like a name: but for case, with a slip in a short word, or by difflib's ratio; "" = none."""
    known = sorted(words)
    plain = name.lower().replace("-", "_")
    for word in known:
        if word.lower() == plain:
            return word
    for word in known:
        if len(word) <= SHORT and one_slip(plain, word.lower()):
            return word
    near = difflib.get_close_matches(plain, known, n=1, cutoff=CUTOFF)
    if near:
        return near[0]
    begun = [word for word in known if len(word) >= 3 and plain.startswith(word.lower())]
    return max(begun, key=len, default="")


def one_slip(first: str, second: str) -> bool:
    """Whether words of two letters or more differ by one letter more, less or other, or two that changed places."""
    if min(len(first), len(second)) < 2 or abs(len(first) - len(second)) > 1 or first == second:
        return False
    start = common(first, second)
    left, right = first[start:], second[start:]
    if len(left) == len(right):
        return left[1:] == right[1:] or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    return left[1:] == right if len(left) > len(right) else left == right[1:]


def common(first: str, second: str) -> int:
    """How many letters two texts begin with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(first), len(second)))


def difference(before: str, after: str, base: int = 0) -> Fix:
    """The least that has to be replaced to make one text of another; `base` is where it stands in its source."""
    start = common(before, after)
    end = common(before[start:][::-1], after[start:][::-1])
    return Fix(Span(base + start, base + len(before) - end), after[start : len(after) - end])
