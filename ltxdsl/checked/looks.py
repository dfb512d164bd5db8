"""What Python code looks at in the file system while it works.

Rules are free to look at files in whatever way. That an answer is never stale must not hang on each of them saying so:
so the functions of `os` and `open` that every such way goes through are watched while a script is checked.
"""

from __future__ import annotations

import builtins
import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ltxdsl.checked.answers import Marks
from ltxdsl.checked.marks import CONTENT, NAMES, SMALL, STAT, mark
from ltxdsl.folders import cache_path

WATCHED = (
    (os, "stat", STAT),
    (os, "lstat", STAT),
    (os, "scandir", NAMES),
    (os, "listdir", NAMES),
    (io, "open", CONTENT),
    (builtins, "open", CONTENT),
)
FRESH = 2.0  # seconds in which a file can change twice without its times telling


@contextmanager
def looking() -> Iterator[Marks]:
    """Marks of all that is looked at inside, each as it was just before the look. Not for threads."""
    marks: Marks = {}
    own = (_inside(os.path.dirname(__file__), ".."), *(_inside(cache_path(), name) for name in ("grammar", "check")))
    originals = [(place, name, getattr(place, name)) for place, name, _ in WATCHED]
    busy = False

    def note(kind: str, path: object) -> None:
        nonlocal busy
        if busy or not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        if not name.startswith(own) and (kind, name) not in marks:
            busy = True
            marks[kind, name] = mark(kind, name)
            busy = False

    def watched(original: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def look(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            note(kind, path)
            return original(path, *arguments, **options)

        return look

    try:
        for (place, name, original), (_, _, kind) in zip(originals, WATCHED, strict=True):
            setattr(place, name, watched(original, kind))
        yield marks
    finally:
        for place, name, original in originals:
            setattr(place, name, original)


def _inside(*path: str) -> str:
    return os.path.join(os.path.abspath(os.path.join(*path)), "")


def settled(marks: Marks) -> bool:
    """Whether a later change of each large file that was read would show in its mark."""
    return not any(kind == CONTENT and _fresh(path) for kind, path in marks)


def _fresh(path: str) -> bool:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return False
    return found.st_size > SMALL and time.time() - found.st_mtime < FRESH
