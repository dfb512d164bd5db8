"""Reading ComfyUI's files: API prompts, editor graphs, and pictures and videos that carry one."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.api import read_api, says_classes
from ltxdsl.comfy.read.editor import read_editor
from ltxdsl.comfy.read.embedded import carried
from ltxdsl.comfy.read.graph import WorkflowError
from ltxdsl.comfy.workflow import Workflow

__all__ = ["WorkflowError", "read_file", "read_workflow"]

LARGEST = 256 * 1024 * 1024  # bytes of a file
DEEPEST, MOST_INNER = 4, 1000  # objects around a graph, and how many beside each other are looked into
PROMOTED = ("newest", "older")
WRAPPERS = ("workflow", "prompt", "api_graph", "api_prompt", "graph", "output")


def read_file(path: Path, catalogue: Mapping[str, Info], promoted: str = "newest") -> Workflow:
    """The workflow of a file. Raises WorkflowError, with the reason in its text."""
    try:
        if path.stat().st_size > LARGEST:
            raise WorkflowError(f"it is larger than {LARGEST >> 20} MB", "too_large")
        data = path.read_bytes()
    except OSError as error:
        raise WorkflowError(error.strerror or str(error), "not_found") from None
    return read_workflow(data, catalogue, promoted)


def read_workflow(data: bytes | str, catalogue: Mapping[str, Info], promoted: str = "newest") -> Workflow:
    """The workflow of a JSON text, or of a picture or video that carries one.

    `promoted` says which editor's reading of values on subgraph instances holds: that of the newest (1.58), or that
    of an older one (1.45), which ignored values without a list of proxies. Raises WorkflowError.
    """
    if promoted not in PROMOTED:
        raise ValueError(f"promoted is one of {PROMOTED}, not {promoted!r}")
    try:
        texts = carried(data) if isinstance(data, bytes) else None
        return _first(texts or [data], catalogue, promoted)
    except RecursionError:
        raise WorkflowError("its objects stand within each other too deep", "too_deep") from None


def _first(texts: Sequence[bytes | str], catalogue: Mapping[str, Info], promoted: str) -> Workflow:
    """The first of several texts that can be read: a picture has the editor's graph, and the prompt beside it."""
    try:
        return _read(texts[0], catalogue, promoted)
    except WorkflowError:
        if len(texts) == 1:
            raise
        return _first(texts[1:], catalogue, promoted)


def _read(text: bytes | str, catalogue: Mapping[str, Info], promoted: str) -> Workflow:
    raw, whole = _parsed(text)
    raw = _unwrapped(raw)
    editor = isinstance(raw.get("nodes"), list)
    workflow = read_editor(raw, catalogue, promoted == "newest") if editor else read_api(raw, catalogue)
    if not whole:
        _refuse_no_numbers(workflow)
    return workflow


def _refuse_no_numbers(workflow: Workflow) -> None:
    """ComfyUI's own files may have NaN in what it notes beside a prompt; in an input it cannot be queued."""
    for id, node in workflow.prompt.items():
        for name, value in node["inputs"].items():
            try:
                json.dumps(value, allow_nan=False)
            except ValueError:
                message = f"`{name}` of node {id} holds NaN or a number without end"
                raise WorkflowError(message, "not_a_number") from None


def _parsed(data: bytes | str) -> tuple[dict[str, Any], bool]:
    """The outermost object, and whether all its numbers are some.

    msgspec is quick, but takes fewer texts than Python's own reader, which is asked then.
    """
    whole = True
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raw, whole = _parsed_slowly(data), False
    if not isinstance(raw, dict):
        raise WorkflowError("it is JSON, but no workflow: the outermost thing is no object")
    return raw, whole


def _parsed_slowly(data: bytes | str) -> Any:
    if not data.strip():
        raise WorkflowError("it is empty", "not_json")
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data.removeprefix("\ufeff")
        return json.loads(text)
    except UnicodeDecodeError:
        message = "it is neither JSON in UTF-8 nor a picture or video with a workflow in it"
        if isinstance(data, bytes) and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            message = "it is UTF-16, as `>` of older PowerShells writes it: save it as UTF-8, or write it with `-o`"
        raise WorkflowError(message, "not_json") from None
    except ValueError as error:
        raise WorkflowError(f"it is not JSON: {error}", "not_json") from None


def _unwrapped(raw: dict[str, Any]) -> dict[str, Any]:
    """A graph that stands in another object or text: {"prompt": …}, {"workflow": …}, {"api_graph": …}."""
    waiting = [raw]
    for _ in range(DEEPEST):
        found = next((one for one in waiting if isinstance(one.get("nodes"), list) or says_classes(one)), None)
        if found is not None:
            return found
        waiting = [one for outer in waiting for one in _inner(outer)][:MOST_INNER]
    raise WorkflowError("it is JSON, but no workflow: there are neither `nodes` nor entries with a `class_type`")


def _inner(outer: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects in an object, the usual names first; those that stand there as texts, too."""
    named = sorted(outer.items(), key=lambda item: WRAPPERS.index(item[0]) if item[0] in WRAPPERS else len(WRAPPERS))
    return [one for name, value in named if isinstance(one := _opened(name, value), dict)]


def _opened(name: str, value: Any) -> Any:
    return _parsed(value)[0] if name in WRAPPERS and isinstance(value, str) and value.startswith("{") else value
