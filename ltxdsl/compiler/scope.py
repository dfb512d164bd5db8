"""Names and what they stand for, while a script is bound."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.models import ModelSet
from ltxdsl.models.settings import ModelSetError, find_settings
from ltxdsl.ops.kinds import ClipRef, MediaRef, NodeRef
from ltxdsl.source import Source, Sources, Span

MAX_EXPANSIONS = 10_000  # uses of recipes and rounds of sweeps in a script; `[limits] expansions` in ltx.toml


class Input(msgspec.Struct, frozen=True):
    """A value that a script takes from outside: declared by `input`, or a name that it uses and never binds."""

    name: str
    kind: str
    span: Span
    given: bool
    default: str = ""  # as it would be written; "" = there is none
    doc: str = ""
    declared: bool = False

    @property
    def missing(self) -> bool:
        """Whether a run still needs a value for it."""
        return not self.given and not self.default


class Unknown(Exception):
    """A parameter is asked for that has no value, because its recipe is looked at without a use."""


UNKNOWN = object()


class Whole:
    """What all scopes of a script share: inputs, findings, texts, and how much has been expanded."""

    def __init__(self, models: ModelSet, given: Mapping[str, str], source: Source) -> None:
        self.models = models
        self.given = given
        self.folder = Path(source.name).parent
        self.sources = Sources(source)
        self.inputs: dict[str, Input] = {}
        self.problems: list[Diagnostic] = []
        self.expansions = 0
        self.open: list[Span] = []  # the bodies that are being expanded, the innermost last
        self.used: set[Span] = set()  # the bodies that have been expanded
        self.shots: dict[str, Span] = {}
        self.repairs = 0  # statements for which a fix was looked for
        self.main = Scope(self, self.folder)

    @cached_property
    def settings(self) -> tuple[Path, dict[str, Any]]:
        """`ltx.toml` as it is found from the script's folder upwards; read when something asks."""
        try:
            return find_settings(self.folder)
        except ModelSetError:
            return self.folder, {}  # who reads the model set says what is wrong with it

    @cached_property
    def max_expansions(self) -> int:
        """How many uses and rounds a script may come to."""
        limit = self.settings[1].get("limits", {}).get("expansions", MAX_EXPANSIONS)
        return limit if isinstance(limit, int) else MAX_EXPANSIONS


class Scope:
    """Names and what they stand for, in a file or in a block of it."""

    def __init__(self, whole: Whole, folder: Path, parent: Scope | None = None) -> None:
        self.whole = whole
        self.folder = folder
        self.parent = parent
        self.root: Scope = parent.root if parent else self
        self.depth: int = parent.depth + 1 if parent else 0
        self.shot: str = parent.shot if parent else ""  # the shot that this is a part of
        self.trial: bool = parent.trial if parent else False  # a body is looked at without a use
        self.values: dict[str, Any] = {}
        self.imported: dict[str, Any] = {}
        self.unused: dict[str, Span] = {}
        self.models = whole.models
        self.given = whole.given
        self.inputs = whole.inputs
        self.problems = whole.problems

    def inner(self) -> Scope:
        """A scope for a block: what it binds shadows names outside, and is gone after it."""
        return Scope(self.whole, self.folder, self)

    def lookup(self, name: str) -> Any:
        """What a name is bound to here or further out, or None."""
        scope: Scope | None = self
        while scope is not None:
            scope.unused.pop(name, None)
            if (value := scope.values.get(name, scope.imported.get(name))) is not None:
                if value is UNKNOWN:
                    raise Unknown
                return value
            scope = scope.parent
        return None

    def media(self, name: str) -> MediaRef | None:
        """The media that a name is bound to, or None."""
        value = self.lookup(name)
        return value if isinstance(value, MediaRef) else None

    def clip(self, name: str) -> ClipRef | None:
        """The shot that a name is bound to, or None."""
        value = self.lookup(name)
        return value if isinstance(value, ClipRef) else None

    def node(self, name: str) -> NodeRef | None:
        """The raw node that a name is bound to, or None."""
        value = self.lookup(name)
        return value if isinstance(value, NodeRef) else None

    def locate(self, path: str) -> str:
        """A path is relative to the file that says it, then to the script, or else to where `ltx` runs."""
        if not Path(path).is_absolute():
            for folder in dict.fromkeys((self.folder, self.whole.folder)):
                if os.path.exists(beside := folder / path):
                    return str(beside)
        return path

    def names(self) -> Iterator[str]:
        """Every name that can be seen from here."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.values
            yield from scope.imported
            scope = scope.parent

    def define(self, name: str, value: Any, span: Span) -> None:
        """Bind a name once in this scope."""
        if name in self.values:
            self.report("LTX007", f"`{name}` is bound twice", span, hint="give the second one another name")
        self.values.setdefault(name, value)
        self.unused[name] = span

    def report(self, code: str, message: str, span: Span, **extra: Any) -> None:
        """Add an error."""
        self.problems.append(Diagnostic(code, Severity.ERROR, message, span, **extra))

    def warn(self, code: str, message: str, span: Span | None, **extra: Any) -> None:
        """Add a warning."""
        self.problems.append(Diagnostic(code, Severity.WARNING, message, span, **extra))

    def warn_of_unused(self) -> None:
        """Say which names of this scope nothing has used."""
        for name, span in self.unused.items():
            self.warn("LTX076", f"nothing uses `{name}`", span)
