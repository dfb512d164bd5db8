"""Other files of a script: where they are looked for, and what they give."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.compiler.scope import Scope, Whole
from ltxdsl.grammar import parse, tree
from ltxdsl.ops.cells import BadValue, Hidden
from ltxdsl.source import Source, Span

STANDARD = Path(__file__).parents[1] / "std"

BindFile = Callable[[tuple[tree.Entry, ...], Scope], None]


class Deferred(Hidden, frozen=True):
    """A recipe of the standard library whose file has not been read yet."""

    path: Path


class Library:
    """The files that a script has read, each once."""

    def __init__(self, whole: Whole, bind_file: BindFile) -> None:
        self.whole = whole
        self._bind_file = bind_file
        self.files: list[tuple[Source, tree.Script]] = []
        self._scopes: dict[Path, Scope] = {}
        self._open: list[Path] = []
        if os.path.isfile(script := Path(whole.sources.script.name)):
            self._open.append(script.resolve())

    @staticmethod
    @cache
    def standard() -> dict[str, Path]:
        """The recipes of the standard library, each in a file of its name."""
        return {path.stem: path for path in sorted(STANDARD.glob("*.ltx"))}

    def resolve(self, deferred: Deferred, span: Span) -> Any:
        """The recipe of the standard library, read now."""
        return self._read(deferred.path, f"std/{deferred.path.name}", span).values.get(deferred.path.stem)

    def open(self, name: str, scope: Scope, span: Span) -> dict[str, Any]:
        """The names that a file gives."""
        return self._read(self._find(name, scope, span), name, span).values

    def _find(self, name: str, scope: Scope, span: Span) -> Path:
        folders = list(dict.fromkeys(self._folders(scope)))
        for folder in folders:
            if os.path.isfile(path := folder / name):
                return path
        there = sorted({path.name for folder in folders for path in folder.glob("*.ltx")})
        near = difflib.get_close_matches(name, there, n=3, cutoff=0.6) or there[:3]
        looked = ", ".join(str(folder) for folder in folders)
        hint = f"there is {', '.join(near)}" if near else f"looked in {looked}"
        raise BadValue(span, f"there is no file `{name}` to import", "LTX153", hint=hint)

    def _folders(self, scope: Scope) -> Iterator[Path]:
        """Beside the file that imports; then `[paths] import` of ltx.toml; then LTX_PATH."""
        yield scope.folder
        path, settings = self.whole.settings
        listed = settings.get("paths", {}).get("import", [])
        for folder in [listed] if isinstance(listed, str) else listed:
            yield path.parent / Path(str(folder)).expanduser()
        yield from (Path(folder) for folder in os.environ.get("LTX_PATH", "").split(os.pathsep) if folder)

    def _read(self, path: Path, name: str, span: Span) -> Scope:
        place = path.resolve()
        if place in self._open:
            circle = " -> ".join(p.name for p in [*self._open[self._open.index(place) :], place])
            raise BadValue(span, f"files import each other in a circle: {circle}", "LTX154")
        if place not in self._scopes:
            self._open.append(place)
            try:
                self._scopes[place] = self._bound(path, name, span)
            finally:
                self._open.pop()
        return self._scopes[place]

    def _bound(self, path: Path, name: str, span: Span) -> Scope:
        try:
            source = Source(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise BadValue(span, f"`{name}` cannot be read: {reason}", "LTX153") from None
        script, problems = parse(source)
        self.files.append((source, script))
        by = self.whole.sources.add(source)
        scope = Scope(self.whole, path.parent)
        self.whole.problems += [msgspec.structs.replace(p, source=source) for p in problems]
        self._bind_file(tree.moved(script.entries, by), scope)
        return scope
