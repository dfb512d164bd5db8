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
    """The prompt as it stands there; what is no node is left out and reported. Raises WorkflowError."""
    prompt: Prompt = {id_of(id): _node(one) for id, one in raw.items() if _is_node(one)}
    if not prompt:
        raise WorkflowError("none of its entries is a node: that needs a `class_type` and `inputs`", "bad_node")
    faults = [
        *(fault for id, node in prompt.items() for fault in _faults(id, node, prompt, catalogue)),
        *(Fault(id_of(id), "", "no_node", _why_none(id_of(id), raw[id])) for id in raw if id_of(id) not in prompt),
    ]
    return Workflow(form="api", prompt=prompt, faults=tuple(faults), counts={"read": len(prompt)})


def _is_node(one: Any) -> bool:
    """ComfyUI reads a node without inputs, or with null for them, as one that has none."""
    classed = isinstance(one, dict) and isinstance(one.get("class_type"), str)
    return classed and isinstance(one.get("inputs"), dict | None)


def _why_none(id: str, one: Any) -> str:
    if not isinstance(one, dict) or "class_type" not in one:
        return f"entry {id} is no node, and is left out"
    wrong = "`inputs` are no object" if isinstance(one["class_type"], str) else "`class_type` is no text"
    return f"node {id} is left out: its {wrong}"


def _node(node: dict[str, Any]) -> dict[str, Any]:
    kind, inputs, meta = node["class_type"], node.get("inputs"), node.get("_meta")
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
