"""Names and what they stand for, while a script is bound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.models import ModelSet
from ltxdsl.ops.kinds import MediaRef
from ltxdsl.source import Span


class Input(msgspec.Struct, frozen=True):
    """A name that the script uses and never binds."""

    name: str
    kind: str
    span: Span
    given: bool


class Scope:
    """Names and what they stand for, while a script is bound."""

    def __init__(self, models: ModelSet, given: Mapping[str, str], folder: Path) -> None:
        self.models = models
        self.given = given
        self.folder = folder
        self.values: dict[str, Any] = {}
        self.unused: dict[str, Span] = {}
        self.inputs: dict[str, Input] = {}
        self.problems: list[Diagnostic] = []

    def lookup(self, name: str) -> Any:
        """The value that `let` gave a name, or None."""
        self.unused.pop(name, None)
        value = self.values.get(name)
        return None if isinstance(value, MediaRef) else value

    def media(self, name: str) -> MediaRef | None:
        """The media that a name is bound to, or None."""
        self.unused.pop(name, None)
        value = self.values.get(name)
        return value if isinstance(value, MediaRef) else None

    def locate(self, path: str) -> str:
        """A path in the script is relative to the script, or else to where `ltx` runs."""
        beside = self.folder / path
        return str(beside) if not Path(path).is_absolute() and beside.exists() else path

    def define(self, name: str, value: Any, span: Span) -> None:
        """Bind a name once."""
        if name in self.values:
            self.report("LTX007", f"`{name}` is bound twice", span, hint="give the second one another name")
        self.values.setdefault(name, value)
        self.unused[name] = span

    def report(self, code: str, message: str, span: Span, **extra: Any) -> None:
        """Add an error."""
        self.problems.append(Diagnostic(code, Severity.ERROR, message, span, **extra))
