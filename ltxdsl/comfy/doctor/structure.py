"""Faults of the graph: what a server refuses, and what it passes over without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.fold import alive
from ltxdsl.comfy.interface import Info, sockets_of
from ltxdsl.comfy.validate import Problem, validate_prompt
from ltxdsl.diagnostics import Severity
from ltxdsl.near import nearest

CODES = {
    "unknown_class": "LTX280",
    "missing_input": "LTX281",
    "unknown_input": "LTX281",
    "bad_link": "LTX282",
    "missing_node": "LTX282",
    "bad_slot": "LTX282",
    "wrong_type": "LTX282",
    "needs_link": "LTX282",
    "bad_value": "LTX283",
    "too_small": "LTX283",
    "too_large": "LTX283",
    "not_in_list": "LTX283",
    "cycle": "LTX284",
    "no_output": "LTX285",
}
SLIP = 0.94  # likeness of a name that is a known one with a slip
# What a server takes as it is: inputs that it does not know, numbers as text, a value where a link would be usual.
BORNE = frozenset({"unknown_input", "bad_value", "needs_link"})


def structure(prompt: Prompt, catalogue: Mapping[str, Info]) -> Iterator[Found]:
    """Node by node; then what no output needs."""
    for problem in validate_prompt(prompt, catalogue):
        if not _shown_only(problem, prompt, catalogue):
            yield _found(problem, prompt, catalogue)
    needed = alive(prompt, catalogue)
    read = {link[0] for node in prompt.values() for v in node["inputs"].values() if isinstance(v, list) and (link := v)}
    for id in prompt:
        if id not in needed and id not in read and prompt[id]["class_type"] in catalogue:
            yield Found("LTX285", id, "", "no output needs this node, so it is not run", "link it, or take it out")


def _shown_only(problem: Problem, prompt: Prompt, catalogue: Mapping[str, Info]) -> bool:
    """Inputs without a meaning for a server: of the editor's own widgets, and of editor-only kinds."""
    if problem.code != "unknown_input" or not problem.node:
        return False
    return not sockets_of(catalogue[prompt[problem.node]["class_type"]], {})


def _found(problem: Problem, prompt: Prompt, catalogue: Mapping[str, Info]) -> Found:
    severity = Severity.WARNING if problem.code in BORNE else None
    hint = ""
    if problem.code == "unknown_class":
        near = next(iter(get_close_matches(prompt[problem.node]["class_type"], catalogue, 1, SLIP)), "")
        severity, hint = (Severity.ERROR, f"did you mean `{near}`?") if near else (None, "which pack is it from?")
    elif problem.code == "unknown_input":
        known = sockets_of(catalogue[prompt[problem.node]["class_type"]], prompt[problem.node]["inputs"])
        near = nearest(problem.input, known)
        hint = f"did you mean `{near}`?" if near else "a server ignores it"
    elif problem.code == "not_in_list":
        socket = sockets_of(catalogue[prompt[problem.node]["class_type"]], prompt[problem.node]["inputs"])[
            problem.input
        ]
        near = nearest(str(prompt[problem.node]["inputs"][problem.input]), [str(one) for one in socket.options])
        hint = f"did you mean `{near}`?" if near else ""
    return Found(CODES.get(problem.code, "LTX286"), problem.node, problem.input, problem.message, hint, severity)
