"""What a server's history says of a job: files, texts, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ltxdsl.comfy.builder import base_name
from ltxdsl.comfy.server.errors import FAILED, LOST, REFUSED, Trouble
from ltxdsl.comfy.server.job import Job

OUT_OF_MEMORY = ("OutOfMemory", "out of memory")


class Made(NamedTuple):
    """A file of a node, by its name on the server."""

    node: str
    name: str
    subfolder: str
    type: str

    @property
    def query(self) -> dict[str, str]:
        """How `/view` is asked for it."""
        return {"filename": self.name, "subfolder": self.subfolder, "type": self.type}

    @property
    def own_name(self) -> str:
        """A name that is safe here: without folders, and nothing that a system reads otherwise."""
        return re.sub(r'[\x00-\x1f<>:"|?*]', "_", base_name(self.name)).strip(". ") or "file"


def files_of(entry: Mapping[str, Any]) -> list[Made]:
    """All files, under whatever word a node tells them: images, gifs, videos, audio, …"""
    found = []
    for node, _, value in _told(entry):
        if isinstance(value, dict) and isinstance(value.get("filename"), str) and value["filename"]:
            where = str(value.get("subfolder") or ""), str(value.get("type") or "output")
            found.append(Made(node, value["filename"], *where))
    return list(dict.fromkeys(found))


def texts_of(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Node and text."""
    return [(node, value) for node, word, value in _told(entry) if word == "text" and isinstance(value, str)]


def _told(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    outputs = entry.get("outputs")
    for node, told in outputs.items() if isinstance(outputs, dict) else ():
        for word, values in told.items() if isinstance(told, dict) else ():
            for value in values if isinstance(values, list) else [values]:
                yield str(node), word, value


def failure_of(entry: Mapping[str, Any], job: Job) -> Trouble | None:
    """Why a job failed; None if it did not."""
    status = entry.get("status")
    if not isinstance(status, dict) or status.get("status_str", "success") == "success":
        return None
    said = {m[0]: m[1] for m in status.get("messages") or () if isinstance(m, list) and len(m) > 1}
    if isinstance(error := said.get("execution_error"), dict):
        return failed(error, job)
    if "execution_interrupted" in said:
        return Trouble(LOST, "somebody stopped the job on the server", "the same command hands it in again")
    return Trouble(FAILED, "the server says that the job failed, and not why", "its own log may know")


def failed(error: Mapping[str, Any], job: Job) -> Trouble:
    """An `execution_error` at its node."""
    node, kind = str(error.get("node_id", "")), str(error.get("exception_type", ""))
    what = str(error.get("exception_message", "")).strip() or kind or "no reason given"
    full = any(word in f"{kind} {what}" for word in OUT_OF_MEMORY)
    hint = "a smaller size, fewer frames, or `decode tile`; `ltx plan --on` knows what fits" if full else ""
    trace = error.get("traceback")
    details = "".join(str(line) for line in trace) if isinstance(trace, list) else ""
    return Trouble(FAILED, f"{job.named(node)}: {what}", hint, node, details)


def refusals(answer: Mapping[str, Any], job: Job) -> list[Trouble]:
    """What `POST /prompt` did not like, node by node; nothing if it took all."""
    found = []
    errors = answer.get("node_errors")
    for node, told in errors.items() if isinstance(errors, dict) else ():
        listed = told.get("errors") if isinstance(told, dict) else None
        for one in listed if isinstance(listed, list) and listed else [{}]:
            found.append(_refusal(str(node), one if isinstance(one, dict) else {}, job))
    whole = answer.get("error")
    if whole and not found:
        found.append(Trouble(REFUSED, f"the server refuses the job: {_words(whole)}"))
    return found


def _refusal(node: str, one: Mapping[str, Any], job: Job) -> Trouble:
    return Trouble(REFUSED, f"{job.named(node)}: {_words(one)}", node=node)


def _words(error: Any) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    parts = [str(error.get(name) or "").strip() for name in ("message", "details")]
    return ": ".join(dict.fromkeys(part for part in parts if part)) or "no reason given"
