"""API prompts: nodes by their ids, each with its class and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.read.graph import WorkflowError, id_of
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.workflow import Fault, Workflow


def says_classes(raw: Mapping[str, Any]) -> bool:
    """Whether an object holds nodes of an API prompt."""
    return any(isinstance(one, dict) and "class_type" in one for one in raw.values())


def read_api(raw: dict[str, Any], catalogue: Mapping[str, Info]) -> Workflow:
    """The prompt as it stands there. Raises WorkflowError for a node that is none."""
    entries = {id_of(id): one for id, one in raw.items() if isinstance(one, dict) and "class_type" in one}
    prompt: Prompt = {id: _node(id, node) for id, node in entries.items()}
    faults = [
        *(fault for id, node in prompt.items() for fault in _faults(id, node, prompt, catalogue)),
        *(Fault(id_of(id), "", "no_node", "this entry is no node, and is left out") for id in raw if id not in prompt),
    ]
    return Workflow(form="api", prompt=prompt, faults=tuple(faults), counts={"read": len(prompt)})


def _node(id: str, node: dict[str, Any]) -> dict[str, Any]:
    kind, inputs, meta = node.get("class_type"), node.get("inputs"), node.get("_meta")
    if not isinstance(kind, str) or not isinstance(inputs, dict | None):
        raise WorkflowError(f"node {id} is none: it needs a `class_type` and `inputs`", "bad_node")
    title = meta.get("title") if isinstance(meta, dict) else None
    shown = title if isinstance(title, str) and title else kind
    return {"class_type": kind, "inputs": {n: _value(v) for n, v in (inputs or {}).items()}, "_meta": {"title": shown}}


def _value(value: Any) -> Any:
    """A link whose id is a number, as people write it by hand, is meant as one."""
    if isinstance(value, list) and len(value) == 2 and type(value[0]) is int and type(value[1]) is int:
        return [str(value[0]), value[1]]
    return value


def _faults(id: str, node: dict[str, Any], prompt: Prompt, catalogue: Mapping[str, Info]) -> Iterator[Fault]:
    title, kind = node["_meta"]["title"], node["class_type"]
    if kind not in catalogue:
        yield Fault(id, title, "unknown_class", f"nobody here knows the class `{kind}`: it is kept as it is")
    for name, value in node["inputs"].items():
        link = link_of(value)
        if link is not None and link[0] not in prompt:
            yield Fault(id, title, "lost_link", f"`{name}`: it is linked to node {link[0]}, which is not there")
