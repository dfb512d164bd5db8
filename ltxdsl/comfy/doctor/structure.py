"""Faults of the graph: what a server refuses, and what it passes over without a word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.fold import alive, read_in
from ltxdsl.comfy.interface import Info, Socket, sockets_of
from ltxdsl.comfy.validate import Problem, is_node, link_of, validate_prompt
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
SLIP, SHOWN = 0.94, 3  # likeness of a name that is a known one with a slip; names that a hint shows
MOST_HINTS, MOST_COUNTED = 100, 1000  # findings that are looked up, nodes of a dead branch: files may be hostile
# Values that releases after the catalogue's take.
NEWER = {("CreateVideo", "bit_depth"): ("auto",)}
# What a server takes as it is: inputs that it does not know, and a value where a link would be usual.
BORNE = frozenset({"unknown_input", "needs_link"})


def structure(
    prompt: Prompt, catalogue: Mapping[str, Info], files: Mapping[str, Collection[str]] | None = None
) -> Iterator[Found]:
    """Node by node; then what no output needs."""
    nodes = {id: node for id, node in prompt.items() if is_node(node)}
    read, needed = read_in(nodes), alive(nodes, catalogue)
    strange = any(node["class_type"] not in catalogue and id not in read for id, node in nodes.items())
    for count, problem in enumerate(validate_prompt(prompt, catalogue, files)):
        if problem.code == "no_output":
            if not strange:  # a class that nobody knows may be the output
                yield Found("LTX285", "", "", "no node writes or shows a result, so that a server refuses it")
        else:
            severity, hint = _hinted(problem, prompt, catalogue) if count < MOST_HINTS else (None, "")
            yield _found(problem, severity, hint, problem.node in needed)
    for id in nodes:
        if id not in needed and id not in read and nodes[id]["class_type"] in catalogue:
            message = f"no output needs this node{_branch(id, nodes, needed)}, so it is not run"
            yield Found("LTX285", id, "", message, "link it, or take it out")


def _branch(id: str, nodes: Prompt, needed: Prompt) -> str:
    """How many more stand before it for nothing."""
    waiting, found = [id], {id}
    while waiting and len(found) < MOST_COUNTED:
        for value in nodes[waiting.pop()]["inputs"].values():
            link = link_of(value)
            if link and link[0] in nodes and link[0] not in needed and link[0] not in found:
                found.add(link[0])
                waiting.append(link[0])
    return f", nor the {len(found) - 1} before it" if len(found) > 1 else ""


def _found(problem: Problem, severity: Severity | None, hint: str, needed: bool) -> Found:
    code = CODES.get(problem.code, "LTX286")
    if not needed and problem.node and problem.code != "unknown_class" and code != "LTX286":
        severity = Severity.WARNING  # a server looks only at what an output needs
    return Found(code, problem.node, problem.input, problem.message, hint, severity)


def _hinted(problem: Problem, prompt: Prompt, catalogue: Mapping[str, Info]) -> tuple[Severity | None, str]:
    """How bad it is where that differs from the rule, and what was perhaps meant."""
    if problem.code == "unknown_class":
        near = next(iter(get_close_matches(prompt[problem.node]["class_type"], catalogue, 1, SLIP)), "")
        return (Severity.ERROR, f"did you mean `{near}`?") if near else (None, "which pack is it from?")
    if problem.input and prompt[problem.node]["inputs"].get(problem.input) in NEWER.get(
        (prompt[problem.node]["class_type"], problem.input), ()
    ):
        return Severity.WARNING, "releases after 0.27 take it"
    borne = Severity.WARNING if problem.code in BORNE or _read_as(problem, prompt, catalogue) else None
    if problem.code == "unknown_input":
        near = nearest(problem.input, _sockets(problem.node, prompt, catalogue))
        return borne, f"did you mean `{near}`?" if near else "a server ignores it"
    if problem.code == "not_in_list":
        socket = _sockets(problem.node, prompt, catalogue)[problem.input]
        value = prompt[problem.node]["inputs"][problem.input]
        near = nearest(str(value), [str(one) for one in socket.options])
        listed = ", ".join(str(one) for one in socket.options[:SHOWN])
        begins = f"the list begins with {listed}; `ltx nodes refresh` gets that of a newer server" if listed else ""
        return borne, f"did you mean `{near}`?" if near else begins
    return borne, ""


def _sockets(id: str, prompt: Prompt, catalogue: Mapping[str, Info]) -> dict[str, Socket]:
    return sockets_of(catalogue[prompt[id]["class_type"]], prompt[id]["inputs"])


def _read_as(problem: Problem, prompt: Prompt, catalogue: Mapping[str, Info]) -> bool:
    """Whether a server makes the number of it that is meant: "128", or 0 for false. What else is no number fails."""
    if problem.code != "bad_value":
        return False
    value: Any = prompt[problem.node]["inputs"][problem.input]
    types = _sockets(problem.node, prompt, catalogue)[problem.input].types
    try:
        if "BOOLEAN" in types:
            return not isinstance(value, str) and value is not None
        return "STRING" in types or ("INT" in types and int(value) is not None) or float(value) is not None
    except (TypeError, ValueError, OverflowError):
        return False
