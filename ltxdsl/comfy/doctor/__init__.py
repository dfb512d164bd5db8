"""What is wrong with a workflow file: as a server sees it, and as people who know LTX do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.doctor.models import MODELS
from ltxdsl.comfy.doctor.passes import PASSES
from ltxdsl.comfy.doctor.structure import structure
from ltxdsl.comfy.fold import fold
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.target import Target
from ltxdsl.comfy.workflow import Workflow

__all__ = ["Found", "examine"]

RULES = (*PASSES, *MODELS)


def examine(workflow: Workflow, catalogue: Mapping[str, Info]) -> list[Found]:
    """All findings, those of the structure first. What follows from a broken structure is not looked for."""
    return list(_findings(workflow, catalogue))


def _findings(workflow: Workflow, catalogue: Mapping[str, Info]) -> Iterator[Found]:
    found = list(structure(workflow.prompt, catalogue))
    yield from found
    if any(one.code == "LTX284" for one in found):
        return
    target = Target(fold(workflow.prompt, catalogue))
    for rule in RULES:
        yield from rule(target)
