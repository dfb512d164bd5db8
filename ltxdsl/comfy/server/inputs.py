"""Files that a prompt reads, on their way to the server: each lies there in a folder named after its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.server.check import choices, listed, listed_options, spelled, uploads
from ltxdsl.comfy.server.client import Client
from ltxdsl.comfy.server.errors import FILE, ServerError, Trouble
from ltxdsl.comfy.server.job import Job
from ltxdsl.store import digest

FOLDER, LETTERS = "ltxdsl", 16  # of the content's hash: enough to tell files apart
# Of files that a workflow names and that lie beside it: nothing else of this machine leaves it.
PICTURES = ".png .jpg .jpeg .webp .gif .bmp .tif .tiff .exr"
MEDIA = frozenset(f"{PICTURES} .mp4 .mov .m4v .webm .mkv .avi .wav .flac .mp3 .ogg .opus .m4a".split())
LATEST = re.compile(r" \[(input|output|temp)\]$")


def inputs_of(job: Job, info: Mapping[str, Info]) -> tuple[dict[tuple[str, str], Path], list[Trouble]]:
    """Local files by node and input; and those that neither this machine nor the server has."""
    found: dict[tuple[str, str], Path] = {}
    missing = []
    for id, name, value in _named(job.prompt, info):
        if value in job.files and Path(job.files[value]).is_file():
            found[id, name] = Path(job.files[value])
        elif value in job.files:
            if value not in _held(id, name, job.prompt, info):
                message = f"{job.named(id)}: there is no file `{job.files[value]}`"
                missing.append(Trouble(FILE, message, "nor has the server's input folder one of that name", id))
        elif uploads(info[job.prompt[id]["class_type"]], name):
            path = _beside(job.folder, value)
            if path is not None:
                found[id, name] = path
            elif not _there(value, id, name, job.prompt, info):
                message = f"{job.named(id)}: neither the server nor this folder has `{value}`"
                missing.append(Trouble(FILE, message, f"put it beside `{job.sources.script.name}`", id))
    return found, missing


def _named(prompt: Prompt, info: Mapping[str, Info]) -> Iterator[tuple[str, str, str]]:
    """Node, input and value of everything that is chosen from a list."""
    for id, node in prompt.items():
        for socket in choices(node["class_type"], node["inputs"], info):
            value = node["inputs"].get(socket.name)
            if isinstance(value, str):
                yield id, socket.name, value


def _beside(folder: Path, value: str) -> Path | None:
    """A file of the workflow's own folder, or of one in it."""
    name = PurePosixPath(value.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or name.suffix.lower() not in MEDIA:
        return None
    path = folder / name
    return path if path.is_file() else None


def _there(value: str, id: str, name: str, prompt: Prompt, info: Mapping[str, Info]) -> bool:
    """Whether the server's list has it; lists do not hold what lies in folders, which is then for the server to say."""
    if "/" in value or "\\" in value or LATEST.search(value):
        return True
    held = _held(id, name, prompt, info)
    return value in held or (not held and listed_options(info[prompt[id]["class_type"]], name) is None)


def _held(id: str, name: str, prompt: Prompt, info: Mapping[str, Info]) -> Collection[Any]:
    """What the server's list for an input holds."""
    sockets = choices(prompt[id]["class_type"], prompt[id]["inputs"], info)
    return next((one.options for one in sockets if one.name == name), ())


def placed(
    job: Job, info: Mapping[str, Info], catalogue: Mapping[str, Info], names: Mapping[tuple[str, str], str]
) -> Prompt:
    """The prompt with the server's names of what was sent, and of models as its system writes them."""
    values: dict[tuple[str, str], Any] = dict(names)
    for slot, value, held in listed(job.prompt, info, catalogue):
        if slot not in values and (own := spelled(value, held)) not in (None, value):
            values[slot] = own
    return {
        id: {**node, "inputs": {n: values.get((id, n), v) for n, v in node["inputs"].items()}}
        for id, node in job.prompt.items()
    }


def sent(
    client: Client, files: Mapping[tuple[str, str], Path], tell: Callable[[str], None]
) -> dict[tuple[str, str], str]:
    """What the server calls each file; one that it has already is not sent again."""
    known: dict[Path, str] = {}
    for path in dict.fromkeys(files.values()):
        try:
            known[path] = _sent(client, path, tell)
        except OSError as error:
            raise ServerError(Trouble(FILE, f"`{path}`: {error.strerror or error}")) from None
    return {slot: known[path] for slot, path in files.items()}


def _sent(client: Client, path: Path, tell: Callable[[str], None]) -> str:
    subfolder, name = f"{FOLDER}/{digest(path)[:LETTERS]}", plain(path.name)
    query = {"filename": name, "subfolder": subfolder, "type": "input"}
    if client.holds(query, path.stat().st_size):
        return f"{subfolder}/{name}"
    tell(f"sending {path}")
    answer = client.upload(path, name, subfolder)
    folder = str(answer.get("subfolder") or "").replace("\\", "/").strip("/")
    return f"{folder}/{answer['name']}" if folder else str(answer["name"])


def plain(name: str) -> str:
    """A name that any server and any system takes."""
    path = PurePosixPath(name)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", path.stem).strip("._") or "file"
    return stem[:80] + re.sub(r"[^A-Za-z0-9.]+", "", path.suffix)
