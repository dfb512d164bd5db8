"""Source text to syntax tree, with Lark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

import ltxdsl
from ltxdsl.diagnostics import Diagnostic, Fix, Severity
from ltxdsl.folders import cache_folder
from ltxdsl.grammar.repair import repaired
from ltxdsl.grammar.tree import (
    Assign,
    At,
    Binary,
    Block,
    Comment,
    Entry,
    Field,
    Group,
    Item,
    ListOf,
    Literal,
    Name,
    Part,
    Range,
    Script,
    Statement,
    Text,
    moved,
)
from ltxdsl.source import Source, Span

CODE = "LTX001"
DEEPEST = 32  # brackets and braces within each other
LONGEST = 1000  # terms of one sum or product
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def parse(source: Source) -> tuple[Script, list[Diagnostic]]:
    """The tree of a source; with a syntax error, the tree of what stands before it and one diagnostic."""
    if source.parts and (script := _in_parts(source.parts)):
        return script, []
    comments: list[Comment] = []
    _READING.comments, _READING.depth = comments, 0
    try:
        entries = cast("tuple[Entry, ...]", _parser().parse(source.text))
    except TooMuch as error:
        return Script((), tuple(comments)), [_problem(error.message, error.span, "write it in parts")]
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        return Script((), tuple(comments)), [repaired(_explain(error, source), source, _parses)]
    return Script(entries, tuple(comments)), []


def _in_parts(parts: Sequence[str]) -> Script | None:
    """The tree of parts, each parsed once for all sources that have it; None where one is no whole statement."""
    entries: list[Entry] = []
    comments: list[Comment] = []
    start = 0
    for part in parts:
        script = _part(part)
        if script is None:
            return None
        entries += moved(script.entries, start)
        comments += moved(script.comments, start)
        start += len(part) + 1
    return Script(tuple(entries), tuple(comments))


@lru_cache(maxsize=2048)
def _part(text: str) -> Script | None:
    script, problems = parse(Source(text))
    return None if problems else script


def _parses(text: str) -> bool:
    """Whether a text is a script; what is read of it is forgotten."""
    _READING.comments, _READING.depth = [], 0
    try:
        _parser().parse(text)
    except (TooMuch, VisitError, UnexpectedInput):
        return False
    return True


def parse_item(text: str) -> Item | None:
    """The one item that a text holds, or None."""
    script, problems = parse(Source(text))
    match script.entries:
        case (Statement(parts=((item,),), block=None),) if not problems:
            return item
    return None


class TooMuch(Exception):
    """A script that would go deeper than any reader of it can follow."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span, self.message = span, message


class _Reading:
    """What the lexer keeps while it reads: comments, and how many brackets are open."""

    comments: list[Comment]
    depth: int


_READING = _Reading()


def _keep_comment(token: Token) -> Token:
    text = token.value.rstrip()
    start = cast("int", token.start_pos)
    _READING.comments.append(Comment(text, Span(start, start + len(text))))
    return token


def _opened(token: Token) -> Token:
    _READING.depth += 1
    if _READING.depth > DEEPEST:
        raise TooMuch(_span(token), f"more than {DEEPEST} brackets stand within each other here")
    return token


def _closed(token: Token) -> Token:
    _READING.depth -= 1
    return token


_LEXER_CALLBACKS = {
    "COMMENT": _keep_comment,
    "LPAR": _opened,
    "LBRACE": _opened,
    "RPAR": _closed,
    "RBRACE": _closed,
}


@cache
def _parser() -> Lark:
    """The parser. Its tables are kept between runs: making them costs more than everything else that checking does."""
    grammar = (Path(__file__).parent / "ltx.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        transformer=_ToTree(),
        propagate_positions=True,
        maybe_placeholders=False,
        lexer_callbacks=_LEXER_CALLBACKS,
        cache=_table_file(),
    )


def _table_file() -> str | bool:
    """Where the tables are kept (Lark names them by grammar and version); False where nothing can be written."""
    folder = cache_folder() / "grammar"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return str(folder / f"tables-{ltxdsl.__version__}.lark")


def _span(token: Token) -> Span:
    return Span(cast("int", token.start_pos), cast("int", token.end_pos))


def _over(items: Sequence[Any]) -> Span:
    span: Span = items[0].span.to(items[-1].span)
    return span


def _unquoted(raw: str) -> str:
    if raw.startswith('"""'):
        return raw[3:-3]
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), raw[1:-1])


def _folded(items: Sequence[Any]) -> Item:
    if len(items) > 2 * LONGEST:
        raise TooMuch(_over(items[::2]), f"more than {LONGEST} terms stand in one row here")
    result, rest = items[0], items[1:]
    for sign, right in zip(rest[::2], rest[1::2], strict=True):
        result = Binary(str(sign), result, right, result.span.to(right.span))
    return cast("Item", result)


class _ToTree(Transformer):  # type: ignore[type-arg]
    """Bottom-up, while Lark parses."""

    def start(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(entries)

    def statement(self, children: Sequence[Any]) -> Statement:
        block = children[-1] if isinstance(children[-1], Block) else None
        parts = tuple(children[:-1] if block else children)
        end = block.span if block else parts[-1][-1].span
        return Statement(parts, block, parts[0][0].span.to(end))

    def field(self, children: Sequence[Any]) -> Field:
        key, value = children
        if isinstance(value, Block):
            return Field(key, (), key.span.to(value.span), value)
        return Field(key, value, key.span.to(value[-1].span))

    def block(self, children: Sequence[Any]) -> Block:
        opening, *entries, closing = children
        return Block(tuple(entries), _span(opening).to(_span(closing)))

    def group(self, children: Sequence[Any]) -> Item:
        opening, *items, closing = children
        return Group(tuple(items), _span(opening).to(_span(closing)))

    def at(self, children: Sequence[Any]) -> At:
        (value,) = children
        return At(value, value.span)

    def part(self, items: Sequence[Item]) -> Part:
        return tuple(items)

    def list(self, items: Sequence[Item]) -> Item:
        return ListOf(tuple(items), _over(items))

    def range(self, items: Sequence[Item]) -> Item:
        return Range(items[0], items[1], _over(items))

    sum = product = staticmethod(_folded)

    def assign(self, children: Sequence[Any]) -> Assign:
        name, value = children
        return Assign(name, value, name.span.to(value.span))

    def NAME(self, token: Token) -> Name:
        return Name(str(token), _span(token))

    def STRING(self, token: Token) -> Text:
        return Text(_unquoted(str(token)), str(token), _span(token))

    TEXT = STRING

    def _literal(self, token: Token) -> Literal:
        return Literal(token.type, str(token), _span(token))

    SIZE = FACTOR = FPS = FRAMES = SECONDS = PERCENT = NUMBER = SCIENTIFIC = ODD = _literal


def _explain(error: UnexpectedInput, source: Source) -> Diagnostic:
    """What a person needs to know about the place where parsing stopped."""
    position = error.pos_in_stream
    if position is None or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return _problem("the script ends in the middle of a statement", source.end, "close every `{` with a `}`")
    if isinstance(error, UnexpectedCharacters):
        return _explain_character(source, position)
    token = cast("Token", getattr(error, "token", None))
    shown = str(token).strip() or "a line end"
    span = Span(position, position + max(1, len(str(token).rstrip())))
    return _problem(f"`{shown}` cannot stand here" if shown != "a line end" else "the line ends too early", span)


def _explain_character(source: Source, position: int) -> Diagnostic:
    """The common reasons for a character that starts nothing: quotes, file names, numbers without their zero."""
    text, char = source.text, source.text[position]
    if char == '"':
        line_end = text.find("\n", position)
        return _problem("this text is not closed", Span(position, len(text) if line_end < 0 else line_end), 'add `"`')
    if char == "'" and (quoted := _QUOTED.match(text, position)):
        span = Span(*quoted.span())
        return _problem("texts stand in double quotes", span, fixes=(Fix(span, f'"{quoted[1]}"'),))
    if char == "." and (number := _FRACTION.match(text, position)):
        span = Span(*number.span())
        return _problem("a number starts with a digit", span, fixes=(Fix(span, f"0{number[0]}"),))
    if word := next((w for w in _FILE_NAME.finditer(text) if w.start() <= position < w.end() and len(w[0]) > 1), None):
        span = Span(*word.span())
        return _problem(f"`{word[0]}` looks like a file name", span, "quote it", (Fix(span, f'"{word[0]}"'),))
    return _problem(f"`{char}` has no meaning here", Span(position, position + 1), "remove it, or quote it")


_QUOTED = re.compile(r"'([^'\"\n]*)'")
_FRACTION = re.compile(r"\.\d+")
_FILE_NAME = re.compile(r"[\w./\\~-]+")


def _problem(message: str, span: Span, hint: str = "", fixes: tuple[Fix, ...] = ()) -> Diagnostic:
    why = "A statement is a word with values and options after it; `;` or a line end closes it."
    return Diagnostic(CODE, Severity.ERROR, message, span, why=why, hint=hint, fixes=fixes)
