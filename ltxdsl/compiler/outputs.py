"""What the command line says over the script: where results go, and the seed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ltxdsl.compiler.bind import Bound
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.ops import Statement
from ltxdsl.ops.media import Save
from ltxdsl.ops.time import Seed
from ltxdsl.source import Source


def with_outputs(bound: Bound, output: str, source: Source) -> tuple[Bound, list[Diagnostic]]:
    """Add a `save` to a script without one, or give the only one another file.

    With several `save`s an `output` must be a folder: the files keep their names in it.
    """
    saves = [s for s in bound.statements if isinstance(s, Save)]
    if not saves:
        save = Save(path=output or default_output(source), span=source.end)
        return msgspec.structs.replace(bound, statements=(*bound.statements, save)), []
    if not output:
        return bound, []
    folder = Path(output).is_dir() or output.endswith("/")
    if len(saves) > 1 and not folder:
        message = f"the script saves {len(saves)} files, and `{output}` is one name"
        hint = "give a folder (ending in `/`): each file keeps its name in it"
        return bound, [Diagnostic("LTX083", Severity.ERROR, message, saves[1].span, hint=hint)]
    moved = tuple(_moved(s, output, folder) if isinstance(s, Save) else s for s in bound.statements)
    return msgspec.structs.replace(bound, statements=moved), []


def with_seed(bound: Bound, seed: int | None) -> Bound:
    """The script with this seed in every pass, if one is given."""
    if seed is None:
        return bound

    def seeded(statement: Statement) -> Statement:
        inner = tuple(s for s in statement.settings if not isinstance(s, Seed))
        return statement if inner == statement.settings else msgspec.structs.replace(statement, settings=inner)

    kept = (seeded(s) for s in bound.statements if not isinstance(s, Seed))
    return msgspec.structs.replace(bound, statements=(Seed(seed=seed), *kept))


def _moved(save: Save, output: str, folder: bool) -> Save:
    path = str(Path(output) / Path(save.path).name) if folder else output
    return msgspec.structs.replace(save, path=path)


def default_output(source: Source) -> str:
    """`name.mp4` for `name.ltx`, `out.mp4` for a script from the command line."""
    name = Path(source.name)
    return f"{name.stem}.mp4" if name.suffix == ".ltx" else "out.mp4"
