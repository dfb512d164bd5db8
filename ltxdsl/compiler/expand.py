"""Statements that stand for others: recipes and their uses, sweeps, imports, declared inputs.

What a body stands for is bound anew for every use and every round, with what its parameters are there; its spans
are moved to a place of their own, so that a finding knows by which uses it came about.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.compiler.fill import Filler, nearest_word
from ltxdsl.compiler.library import Deferred, Library
from ltxdsl.compiler.scope import UNKNOWN, Input, Scope
from ltxdsl.diagnostics import Fix
from ltxdsl.grammar import parse_item, tree
from ltxdsl.ops import Statement
from ltxdsl.ops.cells import Assigned, BadValue, Cell, FilePath, Hidden, Symbol, evaluate, shown
from ltxdsl.ops.declare import Param
from ltxdsl.ops.kinds import ANY, INPUT_TYPES, ClipRef, MediaRef, kind_of_file, kind_of_value
from ltxdsl.source import Span, Via

MAX_DEPTH = 50  # blocks and uses in each other
_FORBIDDEN = set('/\\:*?"<>|') | {chr(code) for code in range(32)}


class Recipe(Hidden, frozen=True):
    """A named body with parameters, and the scope of the file that it stands in."""

    name: str
    parameters: dict[str, Param]
    defaults: dict[str, Any]
    spans: dict[str, Span]
    body: tree.Block
    home: Scope
    span: Span

    @property
    def described(self) -> str:
        """What it is, in a sentence."""
        return "a recipe"


BindEntries = Callable[[Iterable[tree.Entry], Scope, str], list[Statement]]


class Here(msgspec.Struct, frozen=True):
    """Where a statement stands while it is bound, and what it may ask for."""

    entry: tree.Statement
    scope: Scope
    inside: str
    library: Library
    bind: BindEntries

    # --- recipes

    def define_recipe(self, statement: Any) -> None:
        """Bind the name of a recipe; its body waits for its uses."""
        body = self.entry.block or tree.Block((), self.entry.span)
        spans, defaults = {}, {}
        for cell in statement.parameters:
            name = cell.value.name if isinstance(cell.value, Assigned) else cell.name
            if name in spans:
                raise BadValue(cell.span, f"the parameter `{name}` is there twice", "LTX007")
            spans[name] = Span(cell.span.start, cell.span.start + len(name))
            if isinstance(cell.value, Assigned):
                defaults[name] = cell.value.cell.value
        kinds = {n: kind_of_value(defaults[n]) if n in defaults else ANY for n in spans}
        parameters = {n: Param(kind=k, doc=f"the parameter `{n}`", how="either") for n, k in kinds.items()}
        used = set(tree.names_in(body))
        for name in spans.keys() - used:
            self.scope.warn("LTX152", f"the body of `{statement.name}` never uses `{name}`", spans[name])
        recipe = Recipe(statement.name, parameters, defaults, spans, body, self.scope, statement.span)
        self.scope.define(statement.name, recipe, statement.span_of("name"))
        self.scope.unused.pop(statement.name)

    def use(self, statement: Any) -> list[Statement]:
        """The body of a recipe, with the arguments for its parameters."""
        recipe = self._recipe(statement.recipe, statement.span_of("recipe"))
        if recipe.body.span in self.scope.whole.open:
            message = f"`{recipe.name}` uses itself"
            raise BadValue(statement.span, message, "LTX151", hint="a recipe ends; write the repetition as a `sweep`")
        values = self._arguments(recipe, statement)
        via = Via(f"`use {recipe.name}`", statement.span)
        return self._expanded(recipe.body, recipe.home, values, via)

    def _recipe(self, name: str, span: Span) -> Recipe:
        found = self.scope.lookup(name)
        if isinstance(found, Deferred):
            found = self.library.resolve(found, span)
        if isinstance(found, Recipe):
            return found
        known = [n for n in self.scope.names() if isinstance(self.scope.lookup(n), Recipe | Deferred)]
        if found is None and name in self.library.standard():
            start = Span(0, 0)
            fixes = (Fix(start, f"import std {name}\n", "from the standard library"),)
            raise BadValue(span, f"there is no recipe `{name}` here", "LTX150", fixes=fixes)
        what = f"`{name}` is no recipe" if found is not None else f"there is no recipe `{name}`"
        near = nearest_word(name, span, known) or {"hint": "write it as `recipe NAME(…) { … }`, or import it"}
        raise BadValue(span, what, "LTX150", **near)

    def _arguments(self, recipe: Recipe, statement: Any) -> dict[str, Any]:
        filler = Filler(
            Statement, self.scope, statement.span_of("recipe"), recipe.name, (recipe.parameters, recipe.defaults)
        )
        filler.read(statement.arguments, 0)
        for name in recipe.parameters.keys() - recipe.defaults.keys() - filler.fields.keys():
            raise BadValue(statement.span, f"`{recipe.name}` needs `{name}`", hint=f"such as `{name} …`")
        return {name: filler.fields.get(name, recipe.defaults.get(name)) for name in recipe.parameters}

    def try_recipe(self, recipe: Recipe) -> None:
        """Look for mistakes in a body that nothing uses: with defaults where there are some."""
        inner = recipe.home.inner()
        inner.values.update({name: recipe.defaults.get(name, UNKNOWN) for name in recipe.parameters})
        inner.trial = True
        before = dict(self.scope.inputs)
        self.scope.whole.open.append(recipe.body.span)
        self.bind(recipe.body.entries, inner, "")
        self.scope.whole.open.pop()
        self.scope.inputs.clear()
        self.scope.inputs.update(before)

    # --- sweeps

    def sweep(self, statement: Any) -> list[Statement]:
        """The body once for every combination of values, the last variable changing fastest."""
        axes = [_rows(axis, self.scope) for axis in statement.axes]
        bound: list[Statement] = []
        assert self.entry.block is not None
        for rows in product(*axes):
            values = {name: value for row in rows for name, value in row.items()}
            words = ", ".join(f"{name} = {shown(value)}" for name, value in values.items())
            bound += self._expanded(self.entry.block, self.scope, values, Via(f"`sweep` with {words}", statement.span))
        return bound

    def _expanded(self, body: tree.Block, home: Scope, values: dict[str, Any], via: Via) -> list[Statement]:
        whole = self.scope.whole
        inner = home.inner()
        inner.depth, inner.shot, inner.trial = self.scope.depth + 1, self.scope.shot, self.scope.trial
        whole.expansions += 1
        _within_limits(inner, via.span)
        inner.values.update(values)
        by = whole.sources.repeat(body.span, via)
        whole.open.append(body.span)
        whole.used.add(body.span)
        try:
            bound = self.bind(tree.moved(body.entries, by), inner, self.inside)
        finally:
            whole.open.pop()
        inner.warn_of_unused()
        return bound

    # --- shots

    def name_shot(self, name: str, span: Span) -> None:
        """Let later statements use what the shot makes by its name."""
        if not name or name.startswith(".") or _FORBIDDEN & set(name):
            bad = next((char for char in name if char in _FORBIDDEN), ".")
            message = f"`{bad}` cannot be in the name of a shot" if name else "the name of a shot is empty"
            raise BadValue(span, message, "LTX158")
        whole = self.scope.whole
        if self.scope.trial:
            return
        if name in whole.shots:
            hint = 'let its name tell the rounds apart, such as "shot-{s}"' if self.scope.depth else ""
            raise BadValue(span, f"there are two shots `{name}`", "LTX158", hint=hint)
        whole.shots[name] = span
        if name.isidentifier():
            whole.main.define(name, ClipRef(name, span), span)
            whole.main.unused.pop(name, None)

    # --- inputs

    def declare_input(self, statement: Any) -> None:
        """Bind a declared input to what was given for it, its default, or what stands in for it."""
        binding = statement.binding
        name = binding.name if isinstance(binding, Assigned) else binding
        default = binding.cell if isinstance(binding, Assigned) else None
        kind = statement.type or (_input_type(default) if default else "")
        if not kind:
            hint = f"one of {', '.join(INPUT_TYPES)}"
            raise BadValue(statement.span_of("binding"), f"what kind of value is `{name}`?", hint=hint)
        given = self.scope.given.get(name)
        span = statement.span_of("binding")
        text = _as_written(default) if default else ""
        self.scope.inputs[name] = Input(name, kind, span, given is not None, text, statement.doc, True)
        try:
            self.scope.define(name, self._input_value(name, kind, default, span), span)
        except BadValue:
            self.scope.values[name] = _stand_in(name, kind, span)
            raise

    def _input_value(self, name: str, kind: str, default: Cell | None, span: Span) -> Any:
        given = self.scope.given.get(name)
        reader, _ = INPUT_TYPES[kind]
        if reader.media:
            path = given or (default.value if default else "")
            if default and not isinstance(default.value, str):
                raise BadValue(default.span, "the default of a file is its quoted name")
            if path and kind_of_file(path) not in reader.media:
                shown_path = f"the input `{name}` was set to `{path}`" if given else f"`{path}` is the default"
                raise BadValue(span, f"{shown_path}: {reader.name} is needed", "LTX009")
            return MediaRef(kind, path if given else self.scope.locate(path) if path else "", span, input=name)
        if given is not None:
            item = tree.Text(given, given, span) if kind == "text" else parse_item(given)
            cell = evaluate(item, lambda n: None) if item else None
            wrong = f"the input `{name}` was set to `{given}`: {reader.name} is needed"
        else:
            if default is None:
                return _stand_in(name, kind, span)
            cell = default
            wrong = f"the default of `{name}` is not {reader.name}"
        taken = reader.take([cell], 0, self.scope) if cell else None
        if taken is None:
            raise BadValue(span, wrong, "LTX009" if given is not None else "LTX004")
        return taken.value

    # --- imports

    def import_names(self, statement: Any) -> None:
        """Let the names that another file gives be known here."""
        span = statement.span_of("file")
        named = isinstance(statement.file, Symbol)
        shown_name = "the standard library" if named else f"`{statement.file}`"
        if named and statement.file.name == "std":
            offered: dict[str, Any] = {name: Deferred(path) for name, path in self.library.standard().items()}
        elif not named:
            offered = self.library.open(statement.file, self.scope, span)
        else:
            word = statement.file.name
            fixes = (Fix(span, f'"{word}.ltx"'),)
            raise BadValue(span, f"there is no library `{word}`", "LTX153", hint="`std` is one", fixes=fixes)
        for cell in statement.names:
            if cell.name not in offered:
                message = f"{shown_name} has no `{cell.name}`"
                raise BadValue(cell.span, message, "LTX155", **nearest_word(cell.name, cell.span, list(offered)))
        wanted = {cell.name for cell in statement.names} or offered.keys()
        for name in wanted:
            if self.scope.imported.setdefault(name, offered[name]) != offered[name]:
                hint = 'import only the names that you need: `import "file.ltx" name, name`'
                self.scope.report("LTX007", f"`{name}` comes from two imports", statement.span, hint=hint)


def _stand_in(name: str, kind: str, span: Span) -> Any:
    """What an input is while nothing says its value, so that the script can be checked."""
    reader, text = INPUT_TYPES[kind]
    if reader.media:
        return MediaRef(kind, "", span, input=name)
    return evaluate(parse_item(text), lambda n: None).value  # type: ignore[arg-type]


def _rows(axis: Any, scope: Scope) -> list[dict[str, Any]]:
    """What the names of an axis are in each of its rounds."""
    names = [cell.name for cell in axis.names]
    cells = list(axis.values)
    if not cells or cells[0].name != "in":
        hint = "such as `sweep s in 0.3, 0.4 { … }`"
        raise BadValue(axis.span, "a sweep is written `name in value, value`", hint=hint)
    values = _listed(cells[1:], axis.span, scope)
    if len(names) == len(values) > 1 and not any(isinstance(cell.value, list) for cell in values):
        values = [Cell(values, cells[1].span)]  # one row
    if len(names) == 1:
        return [{names[0]: _swept(cell, scope)} for cell in values]
    rows = []
    for cell in values:
        row = cell.value if isinstance(cell.value, list) else [cell]
        if len(row) != len(names):
            message = f"a row for {', '.join(names)} has {len(names)} values, not {len(row)}"
            raise BadValue(cell.span, message, hint=f"such as ({', '.join(['…'] * len(names))})")
        rows.append({name: _swept(value, scope) for name, value in zip(names, row, strict=True)})
    return rows


def _listed(cells: Sequence[Cell], span: Span, scope: Scope) -> list[Cell]:
    match [cell.value for cell in cells]:
        case [Symbol("files"), str(pattern)]:
            return _files(pattern, cells[1].span, scope)
        case [list(values)] if values:
            return values
        case [value] if value != []:
            return list(cells)
    at = cells[1].span if len(cells) > 1 else span
    raise BadValue(at, "a sweep needs values with commas between them", hint="two variables: `a in 1, 2 | b in 3, 4`")


def _files(pattern: str, span: Span, scope: Scope) -> list[Cell]:
    base = Path(pattern) if Path(pattern).is_absolute() else scope.folder / pattern
    parts = [i for i, part in enumerate(base.parts) if set(part) & set("*?[")]
    if parts:
        root = Path(*base.parts[: parts[0]])
        try:
            found = sorted(root.glob(str(Path(*base.parts[parts[0] :]))))
        except ValueError:
            found = []
    else:
        found = [base] if os.path.isfile(base) else []
    if not found:
        raise BadValue(span, f"no file is like `{pattern}`", "LTX080", hint="`*` stands for any characters")
    return [Cell(FilePath(path), span) for path in found]


def _swept(cell: Cell, scope: Scope) -> Any:
    """A value of a sweep; a named file or shot keeps its name, for texts."""
    value = ANY.take([cell], 0, scope).value  # type: ignore[union-attr]
    return msgspec.structs.replace(value, label=cell.name) if isinstance(value, Hidden) else value


def _within_limits(scope: Scope, span: Span) -> None:
    whole = scope.whole
    if scope.depth > MAX_DEPTH:
        raise BadValue(span, f"blocks and recipes nest deeper than {MAX_DEPTH}", "LTX157")
    if whole.expansions > whole.max_expansions:
        limit = f"{whole.max_expansions:,}"
        hint = "fewer values, or a higher `expansions` under `[limits]` in ltx.toml"
        if whole.expansions > whole.max_expansions + 1:
            raise TooMuch
        raise BadValue(span, f"the script comes to more than {limit} uses and rounds", "LTX157", hint=hint)


class TooMuch(Exception):
    """The limit is passed, and has been reported."""


def _input_type(default: Cell) -> str:
    """The type of input that a default is an example of."""
    if isinstance(default.value, str):
        return "text"
    found = kind_of_value(default.value)
    names = {kind.name: word for word, (kind, _) in INPUT_TYPES.items()}
    return "length" if found.name.startswith("a time") else names.get(found.name, "")


def _as_written(cell: Cell) -> str:
    return f'"{cell.value}"' if isinstance(cell.value, str) else shown(cell.value)


def recipes_of(scope: Scope) -> Iterator[Recipe]:
    """The recipes that stand in a file."""
    return (value for value in scope.values.values() if isinstance(value, Recipe))
