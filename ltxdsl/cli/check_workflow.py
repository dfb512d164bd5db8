"""`ltx check` for ComfyUI's files: findings at nodes, as those of scripts at statements."""

from __future__ import annotations

from pathlib import Path

import click

from ltxdsl.cli.common import read_severities
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.doctor import NEWEST, Found, examine
from ltxdsl.comfy.doctor.places import Places, places
from ltxdsl.comfy.read import WorkflowError, read_file, read_workflow
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler.checks import RULES
from ltxdsl.compiler.severities import weighed
from ltxdsl.diagnostics import Diagnostic
from ltxdsl.source import Source
from ltxdsl.targets import LOCAL, Target, UnknownTarget, target_named


def checked_workflow(file: str, target: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """What is found in a workflow file, and its text: that of a picture or video is empty."""
    path, on = Path(file), _release(target)
    if not path.is_file():
        raise click.UsageError(f"there is no file `{file}`")
    source = Source(_text(path), file)
    try:
        return source, _weighed(read_file(path, catalogue()), source, on)
    except WorkflowError as error:
        return source, _unreadable(error)


def checked_prompt(source: Source, target: str) -> tuple[Diagnostic, ...]:
    """What is found in a workflow that came as a text."""
    on = _release(target)
    try:
        return _weighed(read_workflow(source.text, catalogue()), source, on)
    except WorkflowError as error:
        return _unreadable(error)


def _release(target: str) -> Target:
    """The release of ComfyUI that is asked for; the newest if none is."""
    if target == LOCAL:
        return NEWEST
    try:
        return target_named(target)
    except UnknownTarget as error:
        raise click.UsageError(f"{error}; {error.hint}") from None


def _unreadable(error: WorkflowError) -> tuple[Diagnostic, ...]:
    rule = RULES["LTX286"]
    return (Diagnostic(rule.code, rule.severity, _whole(str(error)), why=rule.why),)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace") if path.suffix.lower() == ".json" else ""


def _weighed(workflow: Workflow, source: Source, on: Target) -> tuple[Diagnostic, ...]:
    found = examine(workflow, catalogue(), on)
    known = places(source.text) if found else Places({}, {})
    diagnostics = [_diagnostic(one, workflow, known) for one in found]
    return tuple(weighed(diagnostics, read_severities(source), RULES))


def _diagnostic(found: Found, workflow: Workflow, known: Places) -> Diagnostic:
    rule = RULES[found.code]
    message = f"{_named(found, workflow)}{found.message}"
    span = known.of(found.node) if found.node else None
    severity = found.severity or rule.severity
    return Diagnostic(rule.code, severity, _whole(message), span, rule.why, _whole(found.hint))


def _whole(text: str) -> str:
    """Without halves of characters, which JSON may hold and no output can."""
    return text.encode("utf-8", "replace").decode()


def _named(found: Found, workflow: Workflow) -> str:
    """`node 267:242 "Load Image" image: `."""
    if not found.node:
        return ""
    node = workflow.prompt[found.node]
    title = (node.get("_meta") or {}).get("title") or node["class_type"]
    shown = f'node {found.node} "{title}"' + (f" ({node['class_type']})" if title != node["class_type"] else "")
    named = f" {found.input}" if found.input and not found.message.startswith(found.input) else ""
    return f"{shown}{named}: "
