"""`ltx check` for ComfyUI's files: findings at nodes, as those of scripts at statements."""

from __future__ import annotations

import click
import msgspec

from ltxdsl.cli.common import read_severities
from ltxdsl.cli.workflow_files import unreadable
from ltxdsl.comfy.catalogue import REFRESHED, catalogue
from ltxdsl.comfy.doctor import NEWEST, Found, examine
from ltxdsl.comfy.doctor.places import Places, places
from ltxdsl.comfy.read import WorkflowError, read_workflow
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler.checks import RULES
from ltxdsl.compiler.severities import weighed
from ltxdsl.diagnostics import Diagnostic
from ltxdsl.folders import data_folder
from ltxdsl.source import Source
from ltxdsl.targets import LOCAL, Target, UnknownTarget, target_named


class _Free(msgspec.Struct, frozen=True):
    """A rule that a project may weigh: nothing here is made from a workflow, so that nothing relies on it."""

    needed: bool = False


def found_in(data: bytes | str, source: Source, target: str) -> tuple[Diagnostic, ...]:
    """What is found in a workflow, for the release of ComfyUI that is asked for, with the project's severities."""
    on = _release(target)
    try:
        workflow = read_workflow(data, catalogue())
    except WorkflowError as error:
        return (unreadable(_whole(str(error))),)
    found = examine(workflow, catalogue(), on)
    known = places(source.text) if found else Places({}, {})
    diagnostics = [_diagnostic(one, workflow, known) for one in found]
    return tuple(weighed(diagnostics, read_severities(source), dict.fromkeys(RULES, _Free())))


def interfaces() -> str:
    """The file of interfaces that was refreshed from a server, which an answer follows from, too."""
    return str(data_folder() / REFRESHED)


def _release(target: str) -> Target:
    """The release of ComfyUI that is asked for; the newest if none is."""
    if target == LOCAL:
        return NEWEST
    try:
        return target_named(target)
    except UnknownTarget as error:
        raise click.UsageError(f"{error}; {error.hint}") from None


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
