"""A workflow file to a script: read, fold, lift, and a count of what became of every node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from ltxdsl.comfy.fold import alive, fold
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift import lift, raw_script
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.grammar import parse
from ltxdsl.grammar.format import format_script
from ltxdsl.source import Source

KEPT, LIFTED, FOLDED, LEFT_OUT = "kept as node", "lifted", "folded", "left out"


class Imported(msgspec.Struct, frozen=True):
    """A script, and what became of each node of the prompt (by id): lifted, folded, kept as node, left out.

    `unknown` are the ids of those whose class nobody knows; `notes` say what a lift gave up.
    """

    text: str
    fate: dict[str, str]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes had each fate."""
        return dict(Counter(self.fate.values()))


def imported(workflow: Workflow, catalogue: Mapping[str, Info], name: str, raw: bool = False) -> Imported:
    """The script of a workflow; `raw` folds and lifts nothing. Raises Unwritable."""
    prompt = workflow.prompt
    unknown = tuple(id for id, node in prompt.items() if node.get("class_type") not in catalogue)
    head = f"# From {_line(PurePath(name).name)}.\n"
    if raw:
        return Imported(head + _tidy(raw_script(prompt, catalogue)), dict.fromkeys(prompt, KEPT), unknown)
    folded = fold(prompt, catalogue)
    groups = {id: _line(mark.groups[-1]) for id, mark in workflow.marks.items() if mark.groups}
    lifted = lift(folded, catalogue, groups)
    needed = alive(prompt, catalogue)
    made = dict.fromkeys(prompt, LEFT_OUT) | dict.fromkeys(needed, FOLDED) | dict.fromkeys(folded, LIFTED)
    fate = made | dict.fromkeys(lifted.kept, KEPT)
    return Imported(head + _tidy(lifted.text + _notes(workflow)), fate, unknown, lifted.why)


def _line(text: str) -> str:
    """A text in one line, as a comment can hold it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _notes(workflow: Workflow) -> str:
    """What a person wrote beside the nodes, as comments behind the script."""
    lines: list[str] = []
    for note in workflow.notes:
        said = [f"# {_line(line)}".rstrip() for line in note.text.splitlines()]
        lines += ["", *said] if note.text.strip() else []
    return "\n".join([*lines, ""]) if lines else ""


def _tidy(text: str) -> str:
    """In the layout of `ltx fmt`."""
    source = Source(text, "import.ltx")
    script, problems = parse(source)
    return text if problems else format_script(script, source)
