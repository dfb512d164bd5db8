"""Reading ComfyUI's files: API prompts, editor graphs, and pictures and videos that carry one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.editor import read_editor
from ltxdsl.comfy.read.embedded import carried
from ltxdsl.comfy.read.graph import WorkflowError
from ltxdsl.comfy.workflow import Fault, Workflow

__all__ = ["WorkflowError", "read_file", "read_workflow"]

LARGEST = 256 * 1024 * 1024  # bytes of a file
DEEPEST = 200  # objects within each other
PROMOTED = ("newest", "older")


def read_file(path: Path, catalogue: Mapping[str, Info], promoted: str = "newest") -> Workflow:
    """The workflow of a file. Raises WorkflowError, with the reason in its text."""
    try:
        if path.stat().st_size > LARGEST:
            raise WorkflowError(f"it is larger than {LARGEST >> 20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise WorkflowError(error.strerror or str(error)) from None
    return read_workflow(data, catalogue, promoted)


def read_workflow(data: bytes | str, catalogue: Mapping[str, Info], promoted: str = "newest") -> Workflow:
    """The workflow of a JSON text, or of a picture or video that carries one.

    `promoted` says which editor's reading of values on subgraph instances holds: that of the newest (1.58), or that
    of an older one (1.45), which ignored values without a list of proxies. Raises WorkflowError.
    """
    if isinstance(data, bytes) and (found := carried(data)) is not None:
        data = found
    raw = _parsed(data)
    if isinstance(raw.get("nodes"), list):
        return read_editor(raw, catalogue, promoted == "newest")
    return _read_api(raw, catalogue)


def _parsed(data: bytes | str) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        raw = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise WorkflowError("it is neither JSON in UTF-8 nor a picture or video with a workflow in it") from None
    except RecursionError:
        raise WorkflowError("its objects stand within each other too deep") from None
    except ValueError as error:
        raise WorkflowError(f"it is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise WorkflowError("it is JSON, but no workflow: the outermost thing is no object")
    return _unwrapped(raw)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _unwrapped(raw: dict[str, Any]) -> dict[str, Any]:
    """A graph that stands in another object: {"prompt": …}, {"workflow": …}, {"api_graph": …}."""
    for _ in range(4):
        if isinstance(raw.get("nodes"), list) or _nodes(raw):
            return raw
        inner = [value for value in raw.values() if isinstance(value, dict)]
        found = [one for one in inner if isinstance(one.get("nodes"), list) or _nodes(one)] or inner[:1]
        if not found:
            break
        raw = found[0]
    raise WorkflowError("it is JSON, but no workflow: there are neither `nodes` nor entries with a `class_type`")


def _nodes(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(id): one for id, one in raw.items() if isinstance(one, dict) and "class_type" in one}


def _read_api(raw: dict[str, Any], catalogue: Mapping[str, Info]) -> Workflow:
    faults, prompt = [], {}
    for id, node in _nodes(raw).items():
        kind, inputs, meta = node.get("class_type"), node.get("inputs"), node.get("_meta")
        title = meta.get("title") if isinstance(meta, dict) else None
        shown = title if isinstance(title, str) else ""
        if not isinstance(kind, str) or not isinstance(inputs, dict | None):
            raise WorkflowError(f"node {id} is none: it needs a `class_type` and `inputs`")
        if kind not in catalogue:
            faults.append(
                Fault(id, shown, "unknown_class", f"nobody here knows the class `{kind}`: it is kept as it is")
            )
        prompt[id] = {"class_type": kind, "inputs": dict(inputs or {}), "_meta": {"title": shown or kind}}
    for id in raw.keys() - prompt.keys():
        faults.append(Fault(str(id), "", "no_node", "this entry is no node, and is left out"))
    return Workflow(form="api", prompt=prompt, faults=tuple(faults), counts={"read": len(prompt)})
