"""Syntax tree to typed statements: words to declarations, values to fields, names to what they stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ltxdsl.compiler.expand import Here, TooMuch, recipes_of
from ltxdsl.compiler.fill import Filler, class_of, nearest_word
from ltxdsl.compiler.library import Library
from ltxdsl.compiler.repair import repaired
from ltxdsl.compiler.scope import Input, Scope, Unknown, Whole
from ltxdsl.diagnostics import Diagnostic, Fix
from ltxdsl.grammar import tree
from ltxdsl.models import ModelSet
from ltxdsl.ops import STATEMENTS, Statement
from ltxdsl.ops.cells import BadValue
from ltxdsl.ops.declare import Field, Role
from ltxdsl.ops.kinds import NodeRef
from ltxdsl.ops.media import MEDIA
from ltxdsl.ops.raw_values import LOADED, MADE, key_of
from ltxdsl.source import Source, Sources, Span


class Bound(msgspec.Struct, frozen=True):
    """What binding makes of a script."""

    statements: tuple[Statement, ...]
    inputs: dict[str, Input]
    sources: Sources
    files: tuple[tuple[Source, tree.Script], ...] = ()  # what it imports
    library: bool = False  # it binds names, and makes nothing by itself
    names: tuple[str, ...] = ()  # that it binds at the top


def bind(
    script: tree.Script, models: ModelSet, given: Mapping[str, str], source: Source
) -> tuple[Bound, list[Diagnostic]]:
    """Typed statements in order. A statement with a mistake is left out and reported.

    `given` are values of inputs, `source` is the text of the script.
    """
    whole = Whole(models, given, source)
    binder = _Binder(whole)
    try:
        statements = binder.script(script.entries)
    except TooMuch:
        statements = []
    for name in given.keys() - whole.inputs.keys():
        near = _did_you_mean(name, whole.inputs)
        whole.main.warn("LTX008", f"the script has no input `{name}`", None, hint=near or "remove it")
    library = not statements and bool(whole.main.values)
    files = tuple(binder.library.files)
    return Bound(
        tuple(statements), whole.inputs, whole.sources, files, library, tuple(whole.main.values)
    ), whole.problems


class _Binder:
    """Binds the entries of a script and of the files that it imports."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.library = Library(whole, self.names_of)

    def script(self, entries: tuple[tree.Entry, ...]) -> list[Statement]:
        """The script itself: recipes and imports first, so that their order does not matter."""
        scope = self.whole.main
        first, rest = _hoisted(entries)
        self.entries(first, scope)
        bound = self.entries(rest, scope)
        self._try_unused(scope, first)
        if bound:
            scope.warn_of_unused()
        return bound

    def names_of(self, entries: tuple[tree.Entry, ...], scope: Scope) -> None:
        """An imported file: what it names. Everything else in it is for its own runs."""
        first, rest = _hoisted(entries)
        self.entries((*first, *(e for e in rest if class_of(e) is None)), scope)
        if others := [e for e in rest if class_of(e) is not None]:
            left = "this statement is" if len(others) == 1 else f"this and {len(others) - 1} more statements are"
            message = f"an import gives names only: {left} left out"
            hint = "put it into a recipe, and `use` that"
            scope.warn("LTX156", message, others[0].span, hint=hint)

    def _try_unused(self, scope: Scope, entries: Sequence[tree.Entry]) -> None:
        recipes = {recipe.span.start: recipe for recipe in recipes_of(scope)}
        for entry in entries:
            recipe = recipes.get(entry.span.start)
            if recipe and recipe.body.span not in self.whole.used:
                here = Here(entry, scope, "", self.library, self.entries)  # type: ignore[arg-type]
                here.try_recipe(recipe)

    def entries(self, entries: Iterable[tree.Entry], scope: Scope, inside: str = "") -> list[Statement]:
        """Typed statements of a file or block. `inside` is the word of a statement whose block holds settings."""
        bound: list[Statement] = []
        for entry in entries:
            if isinstance(entry, tree.Field):
                fixes = (_without_colon(entry),)
                hint = "options are `key value`"
                scope.report("LTX002", "`key: value` has no meaning here", entry.span, hint=hint, fixes=fixes)
                continue
            try:
                bound += self._statement(entry, scope, inside)
            except BadValue as bad:
                bad.extra["fixes"] = repaired(entry, bad, scope)
                scope.report(bad.code, bad.message, bad.span, **bad.extra)
            except Unknown:
                continue
        return bound

    def _statement(self, entry: tree.Statement, scope: Scope, inside: str) -> Sequence[Statement]:
        targets, first, parts = entry.opening()
        cls = _declaration(first, targets)
        _check_place(cls, entry, scope, inside)
        if cls.listed and len(entry.parts) > 1:
            if entry.block is not None:
                raise BadValue(entry.block.span, "several with `|` take no block", "LTX003", hint="write them apart")
            return [self._one_of_several(cls, items, scope) for items in parts]
        filler = Filler(cls, scope, first.span)
        filler.read_all(parts)
        settings = self._block(entry, cls, scope, filler.fields)
        statement: Statement = filler.done(cls, span=_head_span(entry), settings=settings)
        if cls.body == "fields":
            statement = msgspec.structs.replace(statement, fields=self._fields(entry, cls, scope))
        if targets:
            return _named(statement, targets, scope)
        return statement.expand(Here(entry, scope, inside, self.library, self.entries))

    def _one_of_several(self, cls: type[Statement], items: Sequence[tree.Item], scope: Scope) -> Statement:
        """`guide a @ 0 | b @ end` is two guides."""
        span = items[0].span.to(items[-1].span) if items else scope.whole.sources.script.end
        filler = Filler(cls, scope, span)
        filler.read_all([items])
        statement: Statement = filler.done(cls, span=span)
        return statement

    def _fields(self, entry: tree.Statement, cls: type[Statement], scope: Scope) -> tuple[Field, ...]:
        """The `key: value` lines of a block; a line of another form, or a key twice, is reported."""
        found: dict[str, Field] = {}
        for line in entry.block.entries if entry.block else ():
            if not isinstance(line, tree.Field):
                scope.report("LTX002", "in this block stand lines such as `key: value`", line.span)
                continue
            key = key_of(line)
            if key in found:
                scope.report("LTX003", f"`{key}` is given twice", line.key.span)
            found[key] = Field(key, cls.read_field(line, scope), line.span)
        return tuple(found.values())

    def _block(
        self, entry: tree.Statement, cls: type[Statement], scope: Scope, fields: dict[str, Any]
    ) -> tuple[Statement, ...]:
        if entry.block is None:
            if cls.body and not cls.bare:
                hint = f"such as `{cls.word} … {{ … }}`"
                raise BadValue(_head_span(entry), f"`{cls.word}` needs a block", "LTX003", hint=hint)
            return ()
        if cls.body in ("template", "fields"):
            return ()  # bound when it is used
        if cls.body == "script":
            inner = scope.inner()
            inner.shot = str(fields.get("name", ""))
            bound = self.entries(entry.block.entries, inner)
            inner.warn_of_unused()
            return tuple(bound)
        if not cls.block:
            raise BadValue(entry.block.span, f"`{cls.word}` takes no block", "LTX003", hint="remove the braces")
        return tuple(self.entries(entry.block.entries, scope, cls.word))


def _hoisted(entries: tuple[tree.Entry, ...]) -> tuple[list[tree.Entry], list[tree.Entry]]:
    """Entries that bind names, imports first and recipes last: they are known before all others. And the others."""
    ranks = {index: _rank(entry) for index, entry in enumerate(entries)}
    first = sorted((i for i, rank in ranks.items() if rank), key=lambda i: (ranks[i], i))
    return [entries[i] for i in first], [entries[i] for i, rank in ranks.items() if not rank]


def _rank(entry: tree.Entry) -> int:
    """When a name is bound: 1 first, 3 last, 0 not before its turn."""
    cls = class_of(entry)
    if cls is None or cls.role is not Role.NAME or _of_node(entry):
        return 0
    return 2 if not cls.body and not cls.hoisted else 3 if cls.body else 1


def _of_node(entry: tree.Entry) -> bool:
    """Whether it names what a node gives, which must stand before it."""
    parts = entry.opening()[2] if isinstance(entry, tree.Statement) else ()
    return class_of(entry) in MEDIA and bool(parts) and bool(parts[0]) and isinstance(parts[0][0], tree.Name)


NOTHING = "_"  # a name for an output that nobody reads
_IN_BLOCKS = (Role.SETTING, Role.CONDITION, Role.STRUCTURE)


def _check_place(cls: type[Statement], entry: tree.Statement, scope: Scope, inside: str) -> None:
    """Some statements stand at the top of a file only, and a block of settings holds settings only."""
    if cls.top_only and (inside or scope.parent is not None):
        raise BadValue(entry.span, f"`{cls.word}` stands at the top of a file only", "LTX006", hint="move it out")
    if cls.body == "script" and scope.shot:
        raise BadValue(_head_span(entry), f"a `{cls.word}` cannot stand in another", "LTX006", hint="move it out")
    if inside and cls.for_saves and STATEMENTS[inside].holds_saves:
        return
    if inside and (cls.role not in _IN_BLOCKS or not cls.in_block):
        hint = f"write it before or after the `{inside}`"
        raise BadValue(entry.span, f"`{cls.word}` cannot stand inside a `{inside}`", "LTX006", hint=hint)


def _head_span(entry: tree.Statement) -> Span:
    return entry.parts[0][0].span.to(entry.parts[-1][-1].span)


def _without_colon(entry: tree.Field) -> Fix:
    """A setting is written without it; a picture gets its name by `=`."""
    named = isinstance(entry.items[0], tree.Name) and entry.items[0].text in STATEMENTS
    return Fix(Span(entry.key.span.end, entry.items[0].span.start), " = " if named else " ")


def _declaration(first: tree.Item, targets: Sequence[tree.Name]) -> type[Statement]:
    target = targets[-1] if targets else None
    if not isinstance(first, tree.Name):
        if target is not None:
            fix = Fix(Span(target.span.start, target.span.start), "let ")
            if target.text in STATEMENTS:
                fix = Fix(Span(target.span.end, first.span.start), " ")
            raise BadValue(target.span, f"a value is named with `let {target.text} = …`", "LTX002", fixes=(fix,))
        raise BadValue(first.span, "a statement starts with a word", "LTX002", hint="such as prompt, pass, save")
    cls = STATEMENTS.get(first.text)
    if cls is None:
        raise BadValue(first.span, f"there is no statement `{first.text}`", "LTX002", **_nearest(first, STATEMENTS))
    if target is not None and not cls.nameable:
        raise BadValue(target.span, f"`{cls.word}` gives nothing that could have a name", "LTX002")
    if len(targets) > 1 and not cls.gives_outputs:
        raise BadValue(targets[0].span, f"`{cls.word}` gives one thing, which has one name", "LTX002")
    return cls


def _named(statement: Statement, targets: Sequence[tree.Name], scope: Scope) -> tuple[Statement, ...]:
    """`name = image "file"`, or `a, b = node …`, which stays a statement: a name for each output from the first on."""
    if statement.gives_outputs:
        for slot, name in enumerate(targets):
            if name.text not in (NOTHING, *MADE, *LOADED):
                scope.define(name.text, NodeRef(statement.span, slot), name.span)
        return (msgspec.structs.replace(statement, binds=tuple(name.text for name in targets)),)
    (target,) = targets
    scope.define(target.text, statement.named(scope), target.span)  # type: ignore[attr-defined]
    return ()


def _nearest(name: tree.Name, words: Iterable[str]) -> dict[str, Any]:
    return nearest_word(name.text, name.span, list(words))


def _did_you_mean(name: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(words), n=1)
    return f"did you mean `{near[0]}`?" if near else ""
