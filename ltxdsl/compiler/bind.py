"""Syntax tree to typed statements: words to declarations, values to fields, names to what they stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.compiler.fill import Filler, nearest_word
from ltxdsl.compiler.scope import Input, Scope
from ltxdsl.diagnostics import Diagnostic, Fix, Severity
from ltxdsl.grammar import tree
from ltxdsl.models import ModelSet
from ltxdsl.ops import STATEMENTS, Statement
from ltxdsl.ops.cells import BadValue, evaluate
from ltxdsl.ops.declare import Role
from ltxdsl.ops.kinds import MediaRef
from ltxdsl.source import Span


class Bound(msgspec.Struct, frozen=True):
    """What binding makes of a script."""

    statements: tuple[Statement, ...]
    inputs: dict[str, Input]


def bind(
    script: tree.Script, models: ModelSet, given: Mapping[str, str], folder: Path
) -> tuple[Bound, list[Diagnostic]]:
    """Typed statements in order. A statement with a mistake is left out and reported.

    `given` are values of inputs, `folder` is where the script lies.
    """
    scope = Scope(models, given, folder)
    statements = _bind_entries(script.entries, scope, inside="")
    for name in given.keys() - scope.inputs.keys():
        near = _did_you_mean(name, scope.inputs)
        scope.problems.append(
            Diagnostic("LTX008", Severity.WARNING, f"the script has no input `{name}`", hint=near or "remove it")
        )
    for name, span in scope.unused.items():
        scope.problems.append(Diagnostic("LTX076", Severity.WARNING, f"nothing uses `{name}`", span))
    return Bound(tuple(statements), scope.inputs), scope.problems


def _bind_entries(entries: Iterable[tree.Entry], scope: Scope, inside: str) -> list[Statement]:
    bound = []
    for entry in entries:
        if isinstance(entry, tree.Field):
            scope.report("LTX002", "`key: value` has no meaning here", entry.span, hint="options are `key value`")
            continue
        try:
            statement = _bind_statement(entry, scope, inside)
        except BadValue as bad:
            scope.report(bad.code, bad.message, bad.span, **bad.extra)
            continue
        if statement is not None:
            bound.append(statement)
    return bound


def _bind_statement(entry: tree.Statement, scope: Scope, inside: str) -> Statement | None:
    first, *rest = entry.parts[0]
    target = None
    if isinstance(first, tree.Assign):
        target, first = first.name, first.value
    cls = _declaration(first, target, scope)
    if inside and (cls.role in (Role.ACTION, Role.NAME) or not cls.in_block):
        hint = f"write it before or after the `{inside}`"
        raise BadValue(entry.span, f"`{cls.word}` cannot stand inside a `{inside}`", "LTX006", hint=hint)
    filler = Filler(cls, scope, first.span)
    for index, items in enumerate([rest, *entry.parts[1:]]):
        filler.read([evaluate(item, scope.lookup) for item in items], index)
    settings = _block(entry, cls, scope)
    statement = filler.done(cls, span=_head_span(entry), settings=settings)
    return _named(statement, target, scope, entry)


def _head_span(entry: tree.Statement) -> Span:
    return entry.parts[0][0].span.to(entry.parts[-1][-1].span)


def _declaration(first: tree.Item, target: tree.Name | None, scope: Scope) -> type[Statement]:
    if not isinstance(first, tree.Name):
        if target is not None:
            fix = Fix(Span(target.span.start, target.span.start), "let ")
            raise BadValue(target.span, f"a value is named with `let {target.text} = …`", "LTX002", fixes=(fix,))
        raise BadValue(first.span, "a statement starts with a word", "LTX002", hint="such as prompt, pass, save")
    cls = STATEMENTS.get(first.text)
    if cls is None:
        raise BadValue(first.span, f"there is no statement `{first.text}`", "LTX002", **_nearest(first, STATEMENTS))
    if target is not None and cls.role is not Role.NAME:
        raise BadValue(target.span, f"`{cls.word}` gives nothing that could have a name", "LTX002")
    return cls


def _block(entry: tree.Statement, cls: type[Statement], scope: Scope) -> tuple[Statement, ...]:
    if entry.block is None:
        return ()
    if not cls.block:
        raise BadValue(entry.block.span, f"`{cls.word}` takes no block", "LTX003", hint="remove the braces")
    return tuple(_bind_entries(entry.block.entries, scope, inside=cls.word))


def _named(statement: Statement, target: tree.Name | None, scope: Scope, entry: tree.Statement) -> Statement | None:
    if statement.role is not Role.NAME:
        return statement
    if (binding := getattr(statement, "binding", None)) is not None:
        scope.define(binding.name, binding.cell.value, statement.span_of("binding"))
        return None
    if target is None:
        raise BadValue(statement.span, "this file has no name", "LTX002", hint=f"such as `img = {statement.word} …`")
    span = statement.span_of("path")
    path = scope.locate(statement.path)  # type: ignore[attr-defined]
    scope.define(target.text, MediaRef(statement.word, path, span), target.span)
    return None


def _nearest(name: tree.Name, words: Iterable[str]) -> dict[str, Any]:
    return nearest_word(name.text, name.span, list(words))


def _did_you_mean(name: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(words), n=1)
    return f"did you mean `{near[0]}`?" if near else ""
