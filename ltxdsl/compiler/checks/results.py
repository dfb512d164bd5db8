"""Rules of results, and of statements that come to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from ltxdsl.compiler.checks.rules import Finding, Program, known_elsewhere, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Decode, Save
from ltxdsl.ops.sampling import Pass


@rule(
    "LTX070",
    "statement without effect",
    Severity.WARNING,
    why="A statement at the top holds for the passes after it; after the last pass nothing is left to hold for.",
    wrong='prompt "a lake"\npass dev 30\nguide "a.png" @ end',
    right='prompt "a lake"\nguide "a.png" @ end\npass dev 30',
)
def without_effect(program: Program) -> Iterator[Finding]:
    """`decode` belongs to the save after it."""
    for said in program.scene.leftover if program.stages else ():
        if not isinstance(said, Decode):
            yield Finding(f"`{said.word}` stands after the last pass: nothing uses it", said.span, "move it up")


@rule(
    "LTX071",
    "unknown kind of file",
    Severity.ERROR,
    why="The ending of the file says what is written.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.avi"',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4"',
)
def unknown_file_kind(program: Program) -> Iterator[Finding]:
    """Videos and stills."""
    for said in program.each(Save):
        suffix = PurePath(said.path).suffix.lower()
        if suffix not in (*VIDEO_SUFFIXES, *IMAGE_SUFFIXES):
            known = ", ".join((*VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
            yield Finding(f"`{said.path}` has no ending that can be written", said.span_of("path"), f"one of {known}")


known_elsewhere(
    "LTX083",
    "one name for several files",
    why="Every `save` writes a file of its own; `-o` names one file, or a folder for all of them.",
    wrong='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "b.mp4"',
    right='prompt "a lake"\npass dev 30\nsave "a.mp4"',
)


@rule(
    "LTX072",
    "save before any pass",
    Severity.ERROR,
    why="`save` writes what the last pass made.",
    wrong='prompt "a lake"\nsave "lake.mp4"\npass dev 30',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4"',
)
def save_first(program: Program) -> Iterator[Finding]:
    """Statements run in order."""
    for statement in () if program.broken else program.bound.statements:
        if isinstance(statement, Pass):
            return
        if isinstance(statement, Save) and any(program.each(Pass)):
            yield Finding("there is nothing to save yet", statement.span, "put it after a pass")


@rule(
    "LTX073",
    "one file saved twice",
    Severity.ERROR,
    why="The second would replace the first.",
    wrong='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "a.mp4" crf 30',
    right='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "b.mp4" crf 30',
)
def saved_twice(program: Program) -> Iterator[Finding]:
    """By name, as written."""
    seen = set()
    for said in program.each(Save):
        if said.path in seen:
            yield Finding(f"`{said.path}` is saved twice", said.span_of("path"))
        seen.add(said.path)
