"""Rules of files that a script reads and writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ltxdsl.compiler.checks.rules import Finding, Program, known_at_run, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.near import nearest
from ltxdsl.ops.declare import Statement, params
from ltxdsl.ops.kinds import MediaRef, kind_of_file
from ltxdsl.ops.media import Save


def _media(program: Program) -> Iterator[MediaRef]:
    """Every file that a statement names, once."""
    seen = set()
    for said in program.each(Statement):
        for source in (getattr(said, field) for field in params(said.__class__)):
            if isinstance(source, MediaRef) and source.path and source.path not in seen:
                seen.add(source.path)
                yield source


@rule(
    "LTX080",
    "file not found",
    Severity.ERROR,
    why="Pictures are looked for beside the script, then where `ltx` runs.",
    wrong='prompt "a lake"\nguide "no-such-picture.png" @ end\npass dev 30',
    right='prompt "a lake"\nguide img @ end\npass dev 30',
    targets=("local",),
)
def file_missing(program: Program) -> Iterator[Finding]:
    """Not for exports: ComfyUI has an input folder of its own."""
    for source in _media(program):
        if not os.path.exists(source.path):
            near = sorted(p.name for p in Path(source.path).parent.glob(f"*{Path(source.path).suffix}"))[:3]
            hint = f"there is {', '.join(near)}" if near else ""
            shown = f"input `{source.input}`: " if source.input else ""
            yield Finding(f"{shown}there is no file `{source.path}`", source.span, hint, _likely_file(program, source))


def _likely_file(program: Program, source: MediaRef) -> tuple[Fix, ...]:
    """A file beside it that is called nearly the same, and is of its kind."""
    path = Path(source.path)
    if not program.written(source.span).startswith('"') or not os.path.isdir(path.parent):
        return ()
    there = [p.name for p in path.parent.iterdir() if kind_of_file(p.name) == source.kind]
    same = [name for name in there if Path(name).stem == path.stem]
    near = same[0] if len(same) == 1 else nearest(path.name, there)
    return (Fix(source.span, f'"{path.with_name(near)}"'),) if near else ()


@rule(
    "LTX081",
    "folder in the place of a file",
    Severity.ERROR,
    why="A picture or video is one file.",
    wrong='prompt "a lake"\nguide "." @ end\npass dev 30',
    right='prompt "a lake"\nguide img @ end\npass dev 30',
)
def folder_for_file(program: Program) -> Iterator[Finding]:
    """For what is read and what is written."""
    for source in _media(program):
        if os.path.isdir(source.path):
            yield Finding(f"`{source.path}` is a folder", source.span)
    for said in program.each(Save):
        if os.path.isdir(said.path):
            yield Finding(f"`{said.path}` is a folder", said.span_of("path"), "name a file in it")


@rule(
    "LTX082",
    "file that is no picture",
    Severity.ERROR,
    why="The first bytes of a file say what it is, whatever it is called.",
    wrong='prompt "a lake"\nguide "notes.png" @ end\npass dev 30',
    right='prompt "a lake"\nguide img @ end\npass dev 30',
)
def not_a_picture(program: Program) -> Iterator[Finding]:
    """Reads a few bytes; a picture that breaks off later is found when it is read."""
    for source in _media(program):
        path = Path(source.path)
        if source.kind == "image" and os.path.isfile(path) and not _looks_like_picture(path):
            yield Finding(f"`{source.path}` is not a picture that can be read", source.span)


_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"II*\x00", b"MM\x00*", b"GIF8")


def _looks_like_picture(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(16).startswith(_SIGNATURES)
    except OSError:
        return False


known_at_run("LTX084", "file in the way", "Files that are there are never replaced unless `--force` asks for it.")
known_at_run("LTX085", "media that cannot be read", "A picture, video or sound breaks off, or is in no known format.")
known_at_run(
    "LTX086", "model that cannot be read", "Weights are read from whole safetensors files only, never from pickles."
)
known_at_run("LTX087", "disk full", "Finished steps stay in the store; nothing is left half written.")
known_at_run("LTX089", "pass ends in NaN", "Values grew past what numbers hold: it would decode to black frames.")
known_at_run("LTX088", "file system refuses", "The operating system's own words stand in the message.")
