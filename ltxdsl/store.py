"""The content-addressed store: results by key, written whole or not at all, checked when read.

An entry is a folder `ab/abcdef…` with its files and a `manifest.json`. It is made under another name and renamed,
so that a killed run leaves no half entry behind.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

MANIFEST = "manifest.json"


class StoredFile(msgspec.Struct, frozen=True):
    """A file of an entry, with what proves it whole."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry holds. `meta` is JSON that belongs to the files; `seconds` is what making them took."""

    key: str
    label: str
    files: dict[str, StoredFile]
    meta: dict[str, Any] = {}
    seconds: float = 0.0
    made: float = 0.0


class Store:
    """Entries under one folder. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entry(self, key: str) -> Path:
        """The folder of a key, whether or not it is there."""
        return self.folder / key[:2] / key

    def manifest(self, key: str) -> Manifest | None:
        """The manifest, if the entry is there with all its files at their full size."""
        folder = self.entry(key)
        try:
            found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
            whole = all((folder / name).stat().st_size == file.size for name, file in found.files.items())
        except (OSError, msgspec.DecodeError):
            return None
        return found if whole else None

    def verified(self, key: str) -> Manifest | None:
        """As `manifest`, with every byte checked; a damaged entry is removed."""
        found = self.manifest(key)
        if found is None:
            return None
        if all(digest(self.entry(key) / name) == file.sha256 for name, file in found.files.items()):
            return found
        shutil.rmtree(self.entry(key), ignore_errors=True)
        return None

    def put(self, key: str, label: str, write: Callable[[Path], dict[str, Any]], seconds: float = 0.0) -> Manifest:
        """Make an entry: `write` puts files into the folder that it is given and returns the meta data."""
        target = self.entry(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.parent / f".{key[:16]}-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        try:
            meta = write(folder)
            files = {p.name: StoredFile(p.stat().st_size, digest(p)) for p in sorted(folder.iterdir())}
            found = Manifest(key=key, label=label, files=files, meta=meta, seconds=seconds, made=time.time())
            (folder / MANIFEST).write_bytes(msgspec.json.encode(found))
            self._rename(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return found

    def _rename(self, folder: Path, target: Path) -> None:
        if target.exists() and self.manifest(target.name) is None:
            shutil.rmtree(target, ignore_errors=True)
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():  # else another process made the same entry: equal keys, equal content
                raise

    def scratch(self, name: str) -> Path:
        """A folder for work that is not finished; it stays until `discard`, over crashes too."""
        folder = self.folder / "unfinished" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def discard(self, name: str) -> None:
        """Remove a scratch folder."""
        shutil.rmtree(self.folder / "unfinished" / name, ignore_errors=True)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A temporary name beside the target, to be written and then renamed; what is left under it goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}"
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def copy_into_place(source: Path, target: Path) -> None:
    """Copy under a temporary name beside the target, then rename: the target is whole or not there."""
    with beside(target) as temporary:
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)


def write_into_place(target: Path, text: str) -> None:
    """Write a text under a temporary name beside the target, then rename."""
    write_bytes_into_place(target, text.encode())


def write_bytes_into_place(target: Path, data: bytes) -> None:
    """The same for bytes."""
    with beside(target) as temporary:
        temporary.write_bytes(data)
        os.replace(temporary, target)
