"""`ltx check` for ComfyUI's files: findings at nodes, as those of scripts at statements."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.doctor import Found, examine
from ltxdsl.comfy.doctor.places import place_of, places
from ltxdsl.comfy.read import WorkflowError, read_file
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Diagnostic
from ltxdsl.source import Source, Span


def checked_workflow(file: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """What is found in a workflow file, and its text: that of a picture or video is empty."""
    try:
        workflow = read_file(Path(file), catalogue())
    except WorkflowError as error:
        rule = RULES["LTX286"]
        return Source("", file), (Diagnostic(rule.code, rule.severity, str(error), why=rule.why),)
    source = Source(_text(Path(file)), file)
    known = places(source.text)
    return source, tuple(_diagnostic(one, workflow, known) for one in examine(workflow, catalogue()))


def _text(path: Path) -> str:
    if path.suffix.lower() != ".json":
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _diagnostic(found: Found, workflow: Workflow, known: dict[str, Span]) -> Diagnostic:
    rule = RULES[found.code]
    message = f"{_named(found, workflow)}{found.message}"
    span = place_of(found.node, known) if found.node else None
    plain = Diagnostic(rule.code, found.severity or rule.severity, message, span, why=rule.why)
    return msgspec.structs.replace(plain, hint=found.hint)


def _named(found: Found, workflow: Workflow) -> str:
    """`node 267:242 "Load Image" image: `."""
    if not found.node:
        return ""
    node = workflow.prompt[found.node]
    title = (node.get("_meta") or {}).get("title") or node["class_type"]
    shown = f'node {found.node} "{title}"' + (f" ({node['class_type']})" if title != node["class_type"] else "")
    named = f" {found.input}" if found.input and not found.message.startswith(found.input) else ""
    return f"{shown}{named}: "
