"""The answers on disk: one file for a script as it was asked for."""

from __future__ import annotations

import os
import sys

from ltxdsl.checked.marks import content_mark, digest, mark
from ltxdsl.folders import cache_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = b"ltx check 1\n"
LARGEST = 1 << 18  # bytes of an answer that is worth keeping
CROWD = 24  # answers in each of 256 folders; the oldest go first
ENVIRONMENT = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")

Marks = dict[tuple[str, str], str]  # kind and path, mark


class Answer:
    """What was found in a script: how many of each severity, drawn for paper and for terminals, and as JSON."""

    def __init__(self, counts: tuple[int, int, int], drawn: str, colored: str, findings: bytes) -> None:
        self.counts, self.drawn, self.colored, self.findings = counts, drawn, colored, findings

    def fails(self, strict: bool) -> bool:
        """Whether there are errors; with `strict`, or warnings."""
        return self.counts[0] > 0 or (strict and self.counts[1] > 0)


def key(file: str, options: Iterable[str]) -> str:
    """The name of an answer: all that it follows from, but for files."""
    env = sorted((k, v) for k, v in os.environ.items() if k in ENVIRONMENT or k.startswith("LTX_"))
    parts = [sys.version, _package(), _here(), file, *options, *(f"{k}={v}" for k, v in env)]
    return digest(part.encode("utf-8", "surrogateescape") for part in parts)


def read(name: str, script: bytes) -> tuple[Answer, Marks] | None:
    """The answer of that name, if it is whole and nothing that it follows from has changed."""
    try:
        with open(_path(name), "rb", buffering=0) as stream:
            data = stream.read()
        start = len(FORMAT) + 41
        if not data.startswith(FORMAT) or data[len(FORMAT) : start] != digest([data[start:]]).encode() + b"\n":
            return None
        answer, marks, of_script = _decoded(data[start:])
    except (OSError, ValueError):
        return None
    holds = of_script == content_mark(script) and all(mark(*looked) == seen for looked, seen in marks.items())
    return (answer, marks) if holds else None


def keep(name: str, script: bytes, marks: Mapping[tuple[str, str], str], answer: Answer) -> None:
    """Write an answer for the next time. Where that cannot be, the next time takes longer."""
    path = _path(name)
    try:
        data = _encoded(answer, marks, content_mark(script))
        if len(data) > LARGEST:
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write(path, FORMAT + digest([data]).encode() + b"\n" + data)
        _thin(os.path.dirname(path))
    except (OSError, ValueError):
        return


def _encoded(answer: Answer, marks: Mapping[tuple[str, str], str], of_script: str) -> bytes:
    rows = [f"{kind}\t{seen}\t{path}" for (kind, path), seen in marks.items()]
    if any("\n" in row for row in rows):
        raise ValueError("a path with a line end")
    sections = [answer.drawn.encode(), answer.colored.encode(), answer.findings]
    head = [of_script, " ".join(map(str, answer.counts)), " ".join(str(len(s)) for s in sections), *rows, "", ""]
    return b"".join(["\n".join(head).encode("utf-8", "surrogateescape"), *sections])


def _decoded(data: bytes) -> tuple[Answer, Marks, str]:
    head, _, rest = data.partition(b"\n\n")
    of_script, counts, lengths, *rows = head.decode("utf-8", "surrogateescape").split("\n")
    errors, warnings, notes = map(int, counts.split())
    drawn, colored, _ = map(int, lengths.split())
    marks = {(kind, path): seen for kind, seen, path in (row.split("\t", 2) for row in rows)}
    sections = rest[:drawn].decode(), rest[drawn : drawn + colored].decode(), rest[drawn + colored :]
    return Answer((errors, warnings, notes), *sections), marks, of_script


def _path(name: str) -> str:
    return os.path.join(cache_path(), "check", name[:2], name)


def _write(path: str, data: bytes) -> None:
    """Under another name first: readers see the old answer or the new one, whole."""
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _thin(folder: str) -> None:
    """Remove the oldest answers of a folder that holds too many."""
    with os.scandir(folder) as entries:
        found = sorted((e.stat().st_mtime_ns, e.path) for e in entries)
    for _, path in found[: max(0, len(found) - CROWD)]:
        os.unlink(path)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _package() -> str:
    """The package as it is on disk: who changes a rule gets new answers."""
    stack, found = [os.path.dirname(os.path.dirname(__file__))], []
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    stack += [entry.path] * (entry.name != "__pycache__")
                else:
                    known = entry.stat()
                    found.append(f"{entry.path} {known.st_mtime_ns} {known.st_size}")
    return "\n".join(sorted(found))
