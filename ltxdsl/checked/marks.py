"""Marks of files: short texts that change when what was looked at changes."""

from __future__ import annotations

import os
import stat

try:
    from _blake2 import blake2b  # hashlib loads OpenSSL first
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False  # typing costs a tenth of Python's start
if TYPE_CHECKING:
    from collections.abc import Iterable

SMALL = 1 << 16
STAT, CONTENT, NAMES = "stat", "content", "names"


def digest(parts: Iterable[bytes]) -> str:
    """A name for some bytes."""
    found = blake2b(digest_size=20)
    for part in parts:
        found.update(b"%d " % len(part))
        found.update(part)
    return found.hexdigest()


def mark(kind: str, path: str) -> str:
    """What a path shows now: `stat` what kind of file, `content` its bytes, `names` what is in a folder."""
    try:
        if kind == NAMES:
            return digest(sorted(map(os.fsencode, os.listdir(path))))
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            return "folder"
        if kind == CONTENT and found.st_size <= SMALL:
            return content_mark(_bytes(path))
    except (OSError, ValueError) as error:
        return type(error).__name__
    return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size} {found.st_ino} {found.st_mode}"


def content_mark(data: bytes) -> str:
    """The mark of a file's bytes."""
    return "is " + digest([data])


def _bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.read()
