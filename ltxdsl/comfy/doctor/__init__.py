"""What is wrong with a workflow file: as a server sees it, and as people who know LTX do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import msgspec

from ltxdsl import targets
from ltxdsl.comfy.doctor.case import Case
from ltxdsl.comfy.doctor.clip import CLIP
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.doctor.models import MODELS
from ltxdsl.comfy.doctor.passes import PASSES
from ltxdsl.comfy.doctor.placed import PLACED
from ltxdsl.comfy.doctor.prompts import PROMPTS
from ltxdsl.comfy.doctor.structure import structure
from ltxdsl.comfy.fold import fold
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.target import Target
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.diagnostics import Severity

__all__ = ["Found", "examine"]

RULES = (*CLIP, *PLACED, *PASSES, *MODELS, *PROMPTS)
NEWEST = targets.Target(targets.COMFY)


def examine(
    workflow: Workflow,
    catalogue: Mapping[str, Info],
    on: targets.Target = NEWEST,
    files: Mapping[str, Collection[str]] | None = None,
) -> list[Found]:
    """All findings, those of the structure first.

    `on` is the release that it is to run on; `files` are the names in a server's lists, by `Class.input`, where they
    are known. In a circle no values can be followed, so that rules of LTX are not looked at.
    """
    return list(_findings(workflow, catalogue, on, files))


def _findings(
    workflow: Workflow,
    catalogue: Mapping[str, Info],
    on: targets.Target,
    files: Mapping[str, Collection[str]] | None,
) -> Iterator[Found]:
    found = list(structure(workflow.prompt, catalogue, files))
    yield from _shifted(found) if workflow.form.startswith("editor") else found
    yield from _lost(workflow)
    if any(one.code == "LTX284" for one in found):
        return
    case = Case(Target(fold(workflow.prompt, catalogue)), on)
    for rule in RULES:
        yield from (_traced(one, workflow) for one in rule(case))


def _traced(found: Found, workflow: Workflow) -> Found:
    """With the node that a value comes from, where it is not written at the input itself."""
    written = workflow.prompt[found.node]["inputs"].get(found.input) if found.node else None
    link = link_of(written)
    if link is None or link[0] not in workflow.prompt or not found.hint:
        return found
    source = workflow.prompt[link[0]]
    title = (source.get("_meta") or {}).get("title") or source["class_type"]
    return msgspec.structs.replace(found, hint=f'{found.hint}; it comes from node {link[0]} "{title}"')


def _shifted(found: list[Found]) -> Iterator[Found]:
    """In an editor's file values have places, not names: several that do not fit are of another release of a node."""
    counts = Counter(one.node for one in found if one.code == "LTX283")
    told: set[str] = set()
    for one in found:
        if one.code != "LTX283" or counts[one.node] == 1:
            yield one
        elif one.node not in told:
            told.add(one.node)
            message = f"{counts[one.node]} values do not fit, such as {one.message}"
            hint = "was it saved with another release of the node? `ltx nodes refresh` gets that of your server"
            yield Found(one.code, one.node, one.input, message, hint, Severity.WARNING)


def _lost(workflow: Workflow) -> Iterator[Found]:
    """What the reader could not read as it is written; classes that nobody knows are found in the prompt itself.

    A value without a widget is a note: the file is of another release of the node, and this one does not ask for it.
    """
    for fault in workflow.faults:
        if fault.code != "unknown_class":
            code = "LTX282" if fault.code == "lost_link" else "LTX286"
            severity = Severity.NOTE if fault.code == "lost_value" else Severity.WARNING
            node = fault.node if fault.node in workflow.prompt else ""
            yield Found(code, node, "", fault.message, "", severity)
