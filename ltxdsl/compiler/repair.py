"""Fixes by trial: small edits of a statement that is wrong, of which the first that binds is offered.

An edit is a guess at a slip that people make: a unit left out, `:` or `=` after an option, a word of another
language. None of them is believed before the statement that it makes has been parsed and bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ltxdsl.compiler.expand import recipes_of
from ltxdsl.compiler.fill import Filler, class_of
from ltxdsl.compiler.scope import Scope, Unknown
from ltxdsl.diagnostics import Fix, apply_fixes
from ltxdsl.grammar import parse, tree
from ltxdsl.near import difference, nearest
from ltxdsl.ops import STATEMENTS, Statement
from ltxdsl.ops.cells import BadValue
from ltxdsl.source import Source, Span

CODES = ("LTX002", "LTX003", "LTX004", "LTX005")  # of statements whose form is wrong
KEYWORDS = ("start", "end", "for", "then", "in")
LONGEST = 400  # characters of a statement that is looked at
MOST = 20  # statements of a script that are
UNITS = ("f", "x", "fps", "s")
NOISE = r"(?:steps|sampler|scheduler|schedule|model|with|using|by|to|of|the|as|is|file|path|value)"
WORDS = {  # of other languages, of ComfyUI, and what people say
    "for": "sweep",
    "foreach": "sweep",
    "def": "recipe",
    "function": "recipe",
    "macro": "recipe",
    "include": "import",
    "var": "let",
    "const": "let",
    "set": "let",
    "call": "use",
    "sample": "pass",
    "render": "save",
    "export": "save",
    "write": "save",
    "output": "save",
    "frames": "length",
    "duration": "length",
    "resolution": "size",
    "dimensions": "size",
    "keyframe": "guide",
    "scene": "shot",
    "text": "prompt",
    "positive": "prompt",
}


def repaired(entry: tree.Statement, bad: BadValue, scope: Scope) -> tuple[Fix, ...]:
    """The first edit of a statement's head that binds, as a fix: the error's own, or a guess; its own if none does."""
    own: tuple[Fix, ...] = tuple(bad.extra.get("fixes", ()))
    if bad.code not in CODES:
        return own
    head = entry.parts[0][0].span.to(entry.parts[-1][-1].span)
    spot = scope.whole.sources.spot(head)
    text = spot.source.text[spot.span.start : spot.span.end]
    scope.whole.repairs += 1
    if len(text) > LONGEST or scope.whole.repairs > MOST:
        return own
    block = entry.block is not None
    if any(_binds(apply_fixes(text, [Fix(fix.span.moved(-head.start), fix.text)]), block, scope) for fix in own[:1]):
        return own
    at = (max(0, bad.span.start - head.start), max(0, min(bad.span.end - head.start, len(text))))
    tried = set()
    for better in _edits(text, *at, scope):
        if better not in tried and better != text and _binds(better, block, scope):
            return (difference(text, better, head.start),)
        tried.add(better)
    return own


def _binds(text: str, block: bool, scope: Scope) -> bool:
    """Whether a text is one statement whose values fit, and that asks for no input that the script had not."""
    script, problems = parse(Source(text))
    if problems or len(script.entries) != 1:
        return False
    (entry,) = script.entries
    cls = class_of(entry)
    if cls is None or not isinstance(entry, tree.Statement):
        return False
    named = bool(entry.opening()[0])
    if (named and not cls.nameable) or (entry.block and (block or not cls.block)):
        return False
    inputs = dict(scope.inputs)
    try:
        _fill(cls, entry, scope)
        settings = [e for e in entry.block.entries if isinstance(e, tree.Statement)] if entry.block else []
        return scope.inputs == inputs and all(_is_setting(one, scope) for one in settings)
    except (BadValue, Unknown):
        return False
    finally:
        scope.inputs.clear()
        scope.inputs.update(inputs)


def _fill(cls: type[Statement], entry: tree.Statement, scope: Scope) -> None:
    """Raises BadValue or Unknown where a value does not fit."""
    filler = Filler(cls, scope, Span(0, 0))
    filler.read_all(entry.opening()[2])
    filler.done(cls)


def _is_setting(entry: tree.Statement, scope: Scope) -> bool:
    cls = class_of(entry)
    if cls is None or not cls.in_block or entry.opening()[0]:
        return False
    _fill(cls, entry, scope)
    return True


def _edits(text: str, start: int, end: int, scope: Scope) -> Iterator[str]:
    """Guesses, the likeliest first. `start` and `end` are where the value stands that is wrong."""
    before, wrong, after = text[:start], text[start:end], text[end:]
    yield from _of_the_value(before, wrong, after)
    yield from _of_the_list(text, before, wrong, after)
    yield from _of_the_word(text, before, wrong, after, scope)
    yield from _of_the_form(text)


def _of_the_value(before: str, wrong: str, after: str) -> Iterator[str]:
    """Units, places, decimals, signs."""
    if re.fullmatch(r"\d+(\.\d+)?", wrong):
        yield from (f"{before}{wrong}{unit}{after}" for unit in UNITS)
        yield f"{before}{round(float(wrong))}{after}"
        if joined := re.match(r"(\s*[x*×, ]\s*)(\d+)(?![\d.])", after):
            yield f"{before}{wrong}x{joined[2]}{after[joined.end() :]}"
        if unit := re.match(r"\s+(fps|f|s|x|%)\b", after):
            yield f"{before}{wrong}{unit[1]}{after[unit.end() :]}"
        if earlier := re.search(r"(\d+)\s+$", before):
            yield from (f"{before.rstrip()}{unit} {wrong}{after}" for unit in UNITS)
            yield f"{before.rstrip()}, {wrong}{after.replace(' ', ', ')}"
            yield f"{before[: earlier.start(1)]}{earlier[1]}x{wrong}{after}"
        for number in re.finditer(r"(?<=\s)\d+(?:\.\d+)?(?=\s)", before):
            rest = f"{before[number.end() :]}{wrong}{after}"
            yield from (f"{before[: number.start()]}{number[0]}{unit}{rest}" for unit in UNITS)
    if sizes := re.fullmatch(r"(\d+)\s*[*,x×]\s*(\d+)", wrong):
        yield f"{before}{sizes[1]}x{sizes[2]}{after}"
        yield f"{before}{sizes[1]}.{sizes[2]}{after}"
    if share := re.fullmatch(r"(\d+(?:\.\d+)?)%", wrong):
        yield f"{before}{float(share[1]) / 100:g}{after}"
        yield f"{before}{float(share[1]) / 100:g}x{after}"
    if signed := re.fullmatch(r"(-?)(\d+(?:\.\d+)?)", wrong):
        if signed[1]:
            yield f"{before}{signed[2]}{after}"
        yield f"{before}{float(signed[2]) / 10:g}{after}"
    if united := re.match(r"(-?\.?\d+(?:\.\d+)?)[a-zA-Z]+$", wrong):
        yield from (f"{before}{united[1]}{unit}{after}" for unit in (*_like_unit(wrong), ""))
    yield f"{before}@ {wrong}{after}"
    for said, meant in (("last", "end"), ("first", "start"), ("beginning", "start"), ("than", "then")):
        if wrong == said or re.match(rf"\s*{said}\b", after):
            yield re.sub(rf"\b{said}\b", meant, before + wrong + after, count=1)


def _like_unit(text: str) -> Iterator[str]:
    unit = re.sub(r"^[-.\d]+", "", text)
    if near := nearest(unit, ("fps", "f", "s", "x")):
        yield near
    yield from (known for known in UNITS if unit.startswith(known))


def _of_the_list(text: str, before: str, wrong: str, after: str) -> Iterator[str]:
    """What stands between values."""
    yield f"{before.rstrip()} | {wrong}{after}"
    yield f"{before.rstrip()}, {wrong}{after}"
    yield re.sub(r"(?<=[\d\"s]) (?=\d)", ", ", text)
    yield text.replace(", ", " | ")
    yield text.replace(",", " ").replace("  ", " ")
    yield text.replace(", ", " then ", 1)
    yield re.sub(r"(\d[\w.]*)\s*-\s*(\d)", r"\1..\2", text)


def _of_the_word(text: str, before: str, wrong: str, after: str, scope: Scope) -> Iterator[str]:
    """Words too many, missing, or in the wrong place."""
    yield re.sub(rf"\s{NOISE}\s+(?=[\w\"@])", " ", text, count=1)
    if wrong in STATEMENTS and "{" not in after:
        yield f"{before}{{ {wrong}{after} }}"
    yield f"{before}= {wrong}{after}"
    yield re.sub(r"\bat\s+(?=[\d-]|start|end)", "@ ", text)
    word, _, rest = text.partition(" ")
    if word in WORDS:
        yield f"{WORDS[word]} {rest}"
    if word in {recipe.name for recipe in recipes_of(scope)}:
        yield f"use {text}"
    for name in sorted({*scope.names(), *KEYWORDS}):
        if nearest(wrong, [name]):
            yield f"{before}{name}{after}"


def _of_the_form(text: str) -> Iterator[str]:
    """Signs of other languages, quotes left out."""
    yield re.sub(r"(?<=\w)\s*[:=]\s*(?=\S)", " ", text)
    word, _, rest = text.partition(" ")
    if re.fullmatch(r"[A-Za-z][A-Za-z ,.'!?-]* [A-Za-z ,.'!?-]+", rest):
        yield f'{word} "{rest}"'
