"""A job's files, from the server to where they belong: whole or not at all, and over nothing that is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from ltxdsl.comfy.builder import Saved
from ltxdsl.comfy.server.client import PIECE, Client
from ltxdsl.comfy.server.errors import IN_THE_WAY, UNDELIVERED, ServerError, Trouble
from ltxdsl.comfy.server.job import Job
from ltxdsl.comfy.server.results import Made
from ltxdsl.ops.media import numbered
from ltxdsl.store import beside, digest


class Written(msgspec.Struct, frozen=True):
    """A delivered file; `fresh` is false where it was there already, byte for byte."""

    path: str
    bytes: int
    sha256: str
    fresh: bool


class Delivery(msgspec.Struct, frozen=True):
    """One file of the server, and the path that it gets."""

    made: Made
    path: Path


def in_the_way(job: Job) -> Iterator[Path]:
    """Files that are where results are sure to go."""
    for saved in (saved for all in job.saves.values() for saved in all):
        path = Path(saved.path)
        found = [path] if saved.first is None else sorted(path.parent.glob(numbered(path.name, None)))
        yield from (one for one in found if one.exists())
    if _is_file_name(job.out) and Path(job.out).exists():
        yield Path(job.out)


def _is_file_name(out: str) -> bool:
    """Whether -o names a file, and no folder."""
    return bool(out) and not out.endswith("/") and not Path(out).is_dir()


def refuse_overwriting(job: Job) -> None:
    """Before any work. Raises ServerError."""
    try:
        path = next(in_the_way(job), None)
    except OSError as error:
        raise ServerError(Trouble(UNDELIVERED, f"`{error.filename}`: {error.strerror}")) from None
    if path is not None:
        raise ServerError(_there(path, "name another file, or add `--force`"))


def _there(path: Path, hint: str) -> Trouble:
    return Trouble(IN_THE_WAY, f"`{path}` is there already", hint)


def deliveries(job: Job, files: list[Made]) -> tuple[list[Delivery], list[str], list[Trouble]]:
    """What goes where, what differs from the script, and what the server has no file for."""
    by_node: dict[str, list[Made]] = {}
    for made in files:
        by_node.setdefault(job.node_of(made.node), []).append(made)
    found: list[Delivery] = []
    warnings: list[str] = []
    missing: list[Trouble] = []
    for node, saves in job.saves.items():
        own = by_node.pop(node, [])
        for saved in saves:
            if not own:
                message = f"{job.named(node)}: the server tells of no file for `{saved.path}`"
                missing.append(Trouble(UNDELIVERED, message, "it may lie in the server's own output folder", node))
            found += _named(saved, own, warnings)
    others = [one for made in by_node.values() for one in made]
    return [*found, *_others(job, others, found, warnings)], list(dict.fromkeys(warnings)), missing


def _named(saved: Saved, made: list[Made], warnings: list[str]) -> Iterator[Delivery]:
    """By the name that the script says, with the ending that the server chose."""
    for index, one in enumerate(made if saved.first is not None else made[:1]):
        path = Path(saved.path if saved.first is None else numbered(saved.path, saved.first + index))
        yield Delivery(one, _ending(path, one, saved.path, [] if index else warnings))


def _ending(path: Path, made: Made, asked: str, warnings: list[str]) -> Path:
    """The path with the ending of what the server wrote; a warning where another was asked for."""
    suffix = Path(made.own_name).suffix
    if not suffix or suffix.lower() == path.suffix.lower():
        return path
    warnings.append(f"`{asked}`: the server writes {suffix.lstrip('.')}, and the file ends so")
    return path.with_suffix(suffix)


def _others(job: Job, made: list[Made], taken: list[Delivery], warnings: list[str]) -> Iterator[Delivery]:
    """Files that the script has no name for. Previews are left out, unless there is nothing else."""
    kept = [one for one in made if one.type == "output"] or ([] if job.saves else made)
    paths = {one.path for one in taken}
    given = _is_file_name(job.out)
    for one in kept:
        path = _ending(Path(job.out), one, job.out, warnings) if given else Path(job.out) / one.own_name
        count = 1
        while path in paths:
            count += 1
            name = _ending(Path(job.out), one, job.out, []) if given else Path(job.out) / one.own_name
            path = name.with_stem(f"{name.stem}-{count}")
        paths.add(path)
        yield Delivery(one, path)


class Undelivered(ServerError):
    """Some files came, others did not."""

    def __init__(self, written: list[Written], troubles: list[Trouble]) -> None:
        super().__init__(*troubles)
        self.written = written


def delivered(
    client: Client, wanted: list[Delivery], force: bool, tell: Callable[[str], None]
) -> tuple[list[Written], list[Trouble]]:
    """What was written, and why other files were not: one in the way stops none of the others."""
    written: list[Written] = []
    troubles: list[Trouble] = []
    for one in wanted:
        tell(f"fetching {one.path}")
        try:
            written.append(_delivered(client, one, force))
        except ServerError as error:
            troubles += error.troubles
        except OSError as error:
            troubles.append(Trouble(UNDELIVERED, f"`{one.path}`: {error.strerror or error}"))
    return written, troubles


def _delivered(client: Client, one: Delivery, force: bool) -> Written:
    path = one.path
    with beside(path) as temporary:
        size = _fetch(client, one.made, temporary)
        sha256 = digest(temporary)
        fresh = not (path.is_file() and digest(path) == sha256)
        if fresh and path.exists() and not force:
            raise ServerError(_there(path, "the server has the result: again with `--force`, or with another `-o`"))
        if fresh:
            os.replace(temporary, path)
        return Written(str(path), size, sha256, fresh)


def _put(stream: IO[bytes], piece: bytes, target: Path) -> int:
    """What goes wrong here is no fault of the server."""
    try:
        return stream.write(piece)
    except OSError as error:
        raise ServerError(Trouble(UNDELIVERED, f"`{target.parent}`: {error.strerror or error}")) from None


def _fetch(client: Client, made: Made, target: Path) -> int:
    with target.open("wb") as stream, client.view(made.query) as answer:
        size = 0
        while piece := answer.read(PIECE):
            size += _put(stream, piece, target)
        told = getattr(answer, "headers", {}).get("Content-Length")
    if told is not None and told != str(size):
        raise ServerError(Trouble(UNDELIVERED, f"`{made.name}` breaks off after {size} of {told} bytes", "try again"))
    return size
