"""What the command line says over the script: where results go, and the seed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ltxdsl.compiler.bind import Bound
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.ops import Statement
from ltxdsl.ops.declare import Role
from ltxdsl.ops.kinds import ClipRef
from ltxdsl.ops.media import Save
from ltxdsl.ops.structure import Shot
from ltxdsl.ops.time import Seed
from ltxdsl.ops.tools import Node
from ltxdsl.source import Source


def with_outputs(bound: Bound, output: str, source: Source) -> tuple[Bound, list[Diagnostic]]:
    """Add a `save` to a script or shot without one, or give the only one another file.

    With several `save`s an `output` must be a folder: the files keep their names in it.
    """
    if bound.library:
        return bound, []
    statements = _with_saves(bound.statements, output, source)
    bound = msgspec.structs.replace(bound, statements=statements)
    saves = [s for s in _each(statements) if isinstance(s, Save)]
    if not output:
        return bound, []
    folder = os.path.isdir(output) or output.endswith("/")
    if len(saves) > 1 and not folder:
        message = f"the script saves {len(saves)} files, and `{output}` is one name"
        hint = "give a folder (ending in `/`): each file keeps its name in it"
        return bound, [Diagnostic("LTX083", Severity.ERROR, message, saves[1].span, hint=hint)]
    moved = _changed(statements, lambda s: _moved(s, output, folder) if isinstance(s, Save) else s)
    return msgspec.structs.replace(bound, statements=moved), []


def _with_saves(statements: tuple[Statement, ...], output: str, source: Source) -> tuple[Statement, ...]:
    """Every clip ends in a file: that of the script, unless it only has shots, and that of every shot.

    Where a script has raw nodes, they may be what saves it.
    """
    shots = [s for s in statements if isinstance(s, Shot)]
    alone = [s for s in statements if not isinstance(s, Shot)]
    made = {id(s): s if _saves(s.settings) else _with_own_save(s) for s in shots}
    if not _saves(alone) and (not shots or any(s.role is Role.ACTION for s in alone)):
        save = Save(path=default_output(source) if shots else output or default_output(source), span=source.end)
        statements = (*statements, save)
    return tuple(made.get(id(s), s) for s in statements)


def _saves(statements: Iterable[Statement]) -> bool:
    return any(isinstance(s, Save | Node) for s in _each(statements))


def _with_own_save(shot: Shot) -> Shot:
    save = Save(path=f"{shot.name}.mp4", span=shot.span_of("name"))
    return msgspec.structs.replace(shot, settings=(*shot.settings, save))


def _each(statements: Iterable[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        yield from _each(statement.settings)


def _changed(statements: Iterable[Statement], change: Callable[[Statement], Statement]) -> tuple[Statement, ...]:
    """Statements with a change made to each, those in blocks too."""

    def inside(statement: Statement) -> Statement:
        if not statement.settings:
            return statement
        inner = _changed(statement.settings, change)
        same = all(a is b for a, b in zip(inner, statement.settings, strict=True))
        return statement if same else msgspec.structs.replace(statement, settings=inner)

    return tuple(change(inside(statement)) for statement in statements)


def only_shots(bound: Bound, wanted: tuple[str, ...]) -> tuple[Bound, list[Diagnostic]]:
    """The script with these shots alone, and without the files of those that they only start from."""
    if not wanted:
        return bound, []
    shots = {s.name: s for s in bound.statements if isinstance(s, Shot)}
    unknown = [name for name in wanted if name not in shots]
    if unknown:
        near = difflib.get_close_matches(unknown[0], shots, n=1) or sorted(shots)
        hint = f"there is {', '.join(near[:5])}" if near else "the script has no shots"
        return bound, [Diagnostic("LTX158", Severity.ERROR, f"there is no shot `{unknown[0]}`", hint=hint)]
    needed = _with_sources(wanted, shots)
    kept = []
    for statement in bound.statements:
        if not isinstance(statement, Shot) or statement.name in wanted:
            kept.append(statement)
        elif statement.name in needed:
            kept.append(_silent(statement))
    return msgspec.structs.replace(bound, statements=tuple(kept)), []


def _silent(shot: Shot) -> Shot:
    return msgspec.structs.replace(shot, settings=tuple(s for s in shot.settings if not isinstance(s, Save)))


def _with_sources(wanted: Iterable[str], shots: dict[str, Shot]) -> set[str]:
    """Shots and all that they start from."""
    needed: set[str] = set()
    todo = list(wanted)
    while todo:
        name = todo.pop()
        if name in shots and name not in needed:
            needed.add(name)
            todo += [ref.shot for said in _each(shots[name].settings) for ref in _clips(said)]
    return needed


def _clips(statement: Statement) -> Iterator[ClipRef]:
    values = (getattr(statement, field) for field in statement.__struct_fields__)
    return (value for value in values if isinstance(value, ClipRef))


def with_seed(bound: Bound, seed: int | None) -> Bound:
    """The script with this seed in every pass, if one is given."""
    if seed is None:
        return bound
    return msgspec.structs.replace(bound, statements=(Seed(seed=seed), *_without_seeds(bound.statements)))


def _without_seeds(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    kept = (s for s in statements if not isinstance(s, Seed))
    return tuple(msgspec.structs.replace(s, settings=_without_seeds(s.settings)) if s.settings else s for s in kept)


def _moved(save: Save, output: str, folder: bool) -> Save:
    path = str(Path(output) / Path(save.path).name) if folder else output
    return msgspec.structs.replace(save, path=path)


def default_output(source: Source) -> str:
    """`name.mp4` for `name.ltx`, `out.mp4` for a script from the command line."""
    name = Path(source.name)
    return f"{name.stem}.mp4" if name.suffix == ".ltx" else "out.mp4"
