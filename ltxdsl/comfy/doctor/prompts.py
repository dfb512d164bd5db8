"""Rules of LTX for the texts of a workflow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ltxdsl.comfy.doctor.case import LONGEST, NAG, Case, Pass
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.lift.target import Out
from ltxdsl.diagnostics import Severity

POSITIVE, NEGATIVE = "positive", "negative"
# Nodes that change one conditioning, by the input that it comes in at.
ONE = {"PromptRelayEncode": None, "ConditioningZeroOut": None, "ReferenceLatent": "conditioning"}
WEIGHT = re.compile(r"\(([^():|\"]+):\s*\d+(?:\.\d+)?\)")


def encoder_of(case: Case, id: str, role: str) -> str | None:
    """The CLIPTextEncode behind an input; None if it is another node, or a conditioning that is emptied."""
    out = case.target.link(id, role)
    seen: set[Out] = set()
    while out is not None and out not in seen and len(seen) < LONGEST:
        seen.add(out)
        kind, links = case.target.kind(out.node), case.target.links(out.node)
        if kind == "CLIPTextEncode":
            return out.node
        if POSITIVE in links and NEGATIVE in links:
            out = links[(POSITIVE, NEGATIVE)[out.slot]] if out.slot < 2 else None
        else:
            name = ONE.get(kind)
            out = links.get(name) if name else None
    return None


def negative_without_guidance(case: Case) -> Iterator[Found]:
    """Where every pass that has it runs at cfg 1. ComfyUI's nodes must be given one, so that it is a note."""
    held: dict[str, list[Pass]] = {}
    for run in case.passes:
        if encoder := encoder_of(case, run.guider, NEGATIVE):
            held.setdefault(encoder, []).append(run)
    for encoder, runs in held.items():
        text = case.target.value(encoder, "text")
        needed = any(run.guided is not False or "cfg_pp" in run.sampler for run in runs)
        if isinstance(text, str) and text.strip() and not needed and not _elsewhere(case, encoder):
            message = "this negative prompt does nothing: every pass runs at cfg 1"
            yield Found("LTX050", encoder, "text", message, "give a pass a cfg over 1, or use NAG", Severity.NOTE)


def _elsewhere(case: Case, encoder: str) -> bool:
    """Whether something else than a negative of a pass reads it: NAG, a pass's positive."""
    for id in case.target.of_class(NAG):
        if any(out.node == encoder for out in case.target.links(id).values()):
            return True
    return any(encoder_of(case, run.guider, POSITIVE) == encoder for run in case.passes)


def prompts(case: Case) -> Iterator[Found]:
    """Empty prompts, weights that are only text, a negative prompt that is the prompt again.

    An empty one is a note: texts may be put in when the workflow is sent.
    """
    told: set[str] = set()
    for run in case.passes:
        encoder, other = (encoder_of(case, run.guider, role) for role in (POSITIVE, NEGATIVE))
        if encoder is None or encoder in told:
            continue
        told.add(encoder)
        text = case.target.value(encoder, "text")
        if not isinstance(text, str):
            continue
        if not text.strip():
            yield Found("LTX200", encoder, "text", "this prompt is empty", severity=Severity.NOTE)
        if weight := WEIGHT.search(text):
            yield Found("LTX202", encoder, "text", f"`{weight[0]}` weighs nothing here", f"write `{weight[1].strip()}`")
        same = other is not None and text.strip() and case.target.value(other, "text") == text
        if other is not None and same and run.guided:
            yield Found("LTX207", run.guider, NEGATIVE, "the negative prompt is the prompt again")


PROMPTS: tuple[Callable[[Case], Iterator[Found]], ...] = (negative_without_guidance, prompts)
