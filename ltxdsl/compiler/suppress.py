"""Comments that allow a finding: `# ltx: allow LTX012 because the shot is a test`.

Such a comment holds for its own line, or for the next one if it stands alone; with `in this file` before `because`,
at the top of the script, it holds everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from ltxdsl.diagnostics import Diagnostic, Fix, Severity
from ltxdsl.grammar import tree
from ltxdsl.source import Source, Span

_MARK = re.compile(r"#+\s*ltx\s*:\s*(?P<words>.*)")
_ALLOW = re.compile(
    r"allow\s+(?P<codes>LTX\d+(?:\s*,\s*LTX\d+)*)(?P<file>\s+in\s+this\s+file)?(?:\s+because\s+(?P<reason>\S.*))?$",
    re.I,
)
FORM = "`# ltx: allow LTX012 because …`"


class Allowance(msgspec.Struct, frozen=True):
    """One code that a comment allows. `lines` is empty where it holds for the whole file."""

    code: str
    span: Span  # of the code
    comment: Span
    reason: str
    whole_file: bool
    line: int = 0


class Known(msgspec.Struct, frozen=True):
    """What suppression must know of the rules: their codes, which are needed, which hold for this target."""

    codes: frozenset[str]
    needed: frozenset[str]
    here: frozenset[str]


def suppressed(
    found: Iterable[Diagnostic], script: tree.Script, source: Source, known: Known, complete: bool = True
) -> list[Diagnostic]:
    """The findings that no comment allows, and what is wrong with the comments.

    In a script that could not be read whole (`complete` is False) some rules did not look: then a comment that
    allows nothing says nothing.
    """
    allowances, problems = _allowances(script, source, known)
    if not allowances:
        return [*found, *problems]
    by_line, by_file = _tables(allowances)
    starts = _statement_starts(script, source)
    used: set[Allowance] = set()
    kept = []
    for diagnostic in found:
        allowing = None if diagnostic.code in known.needed else _allowing(diagnostic, source, starts, by_line, by_file)
        if allowing is None:
            kept.append(diagnostic)
        else:
            used.add(allowing)
    if complete:
        problems += [_useless(a, source) for a in allowances if a not in used and a.code in known.here]
    return [*kept, *problems]


def _allowing(
    diagnostic: Diagnostic,
    source: Source,
    starts: Mapping[int, int],
    by_line: Mapping[tuple[int, str], Allowance],
    by_file: Mapping[str, Allowance],
) -> Allowance | None:
    if diagnostic.span is not None:
        line = source.line_column(diagnostic.span.start)[0]
        for at in (line, starts.get(line, line)):
            if near := by_line.get((at, diagnostic.code)):
                return near
    return by_file.get(diagnostic.code)


def _tables(allowances: Iterable[Allowance]) -> tuple[dict[tuple[int, str], Allowance], dict[str, Allowance]]:
    by_line = {(a.line, a.code): a for a in allowances if not a.whole_file}
    return by_line, {a.code: a for a in allowances if a.whole_file}


def _allowances(script: tree.Script, source: Source, known: Known) -> tuple[list[Allowance], list[Diagnostic]]:
    """What the comments allow, and the comments that allow nothing because of their form."""
    allowances: list[Allowance] = []
    problems: list[Diagnostic] = []
    marked = [(c, m) for c in script.comments if (m := _MARK.match(c.text))]
    lines = _comment_lines(script, source) if marked else set()
    for comment, mark in marked:
        form = _ALLOW.match(mark["words"].strip())
        if form is None:
            problems.append(_malformed(comment, mark["words"]))
            continue
        offset = comment.span.start + mark.start("words") + _leading(mark["words"])
        for code in re.finditer(r"LTX\d+", form["codes"], re.I):
            start = offset + form.start("codes") + code.start()
            span = Span(start, start + len(code[0]))
            whole = form["file"] is not None
            line = 0 if whole else _line_held(comment, source, lines)
            allowance = Allowance(code[0].upper(), span, comment.span, form["reason"] or "", whole, line)
            wrong = list(_problems(allowance, script, known))
            problems += wrong
            allowances += [] if wrong else [allowance]
    return allowances, problems


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip())


def _problems(allowance: Allowance, script: tree.Script, known: Known) -> Iterator[Diagnostic]:
    code = allowance.code
    if code not in known.codes:
        yield _finding("LTX181", f"there is no rule {code}", allowance.span, "`ltx rules` lists them")
    elif code in known.needed:
        yield _finding("LTX183", f"{code} cannot be allowed", allowance.span)
    if not allowance.reason:
        yield _finding("LTX180", f"no reason is given for allowing {code}", allowance.comment, f"write {FORM}")
    if allowance.whole_file and script.entries and script.entries[0].span.start < allowance.comment.start:
        yield _finding("LTX184", "`in this file` stands after the first statement", allowance.comment, "move it up")


def _malformed(comment: tree.Comment, words: str) -> Diagnostic:
    """A comment that starts as a suppression and is none; a misspelt `allow` can be mended."""
    first = words.split()[0] if words.split() else ""
    start = comment.span.start + comment.text.index(words) + _leading(words)
    fixes: tuple[Fix, ...] = ()
    if first.lower() in _MISSPELT:
        fixes = (Fix(Span(start, start + len(first)), "allow"),)
    message = f"`{comment.text}` allows nothing"
    return Diagnostic("LTX186", Severity.WARNING, message, comment.span, hint=f"write {FORM}", fixes=fixes)


_MISSPELT = frozenset(("alow", "allows", "allowed", "alllow", "ignore", "disable", "noqa", "skip", "suppress", "off"))


def _useless(allowance: Allowance, source: Source) -> Diagnostic:
    where = "in this file" if allowance.whole_file else f"in line {allowance.line}"
    message = f"{allowance.code} is not found {where}"
    return _finding("LTX182", message, allowance.comment, "remove the comment")


def _finding(code: str, message: str, span: Span, hint: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.WARNING, message, span, hint=hint)


def _comment_lines(script: tree.Script, source: Source) -> set[int]:
    """The lines that hold nothing but a comment."""
    lines = ((source.line_column(c.span.start), c) for c in script.comments)
    return {line for (line, column), c in lines if not source.text[c.span.start - column + 1 : c.span.start].strip()}


def _line_held(comment: tree.Comment, source: Source, alone: Container[int]) -> int:
    """The line that a comment speaks of: its own, or the first one after it that is no comment."""
    line = source.line_column(comment.span.start)[0]
    while line in alone:
        line += 1
    return line


def _statement_starts(script: tree.Script, source: Source) -> dict[int, int]:
    """For each line on which a statement goes on, the line where it starts; a block's lines are their own."""
    starts: dict[int, int] = {}
    waiting: list[tree.Entry] = list(script.entries)
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, tree.Statement):
            continue
        waiting += entry.block.entries if entry.block else ()
        first = source.line_column(entry.span.start)[0]
        last = source.line_column(entry.parts[-1][-1].span.end if entry.parts[-1] else entry.span.start)[0]
        starts |= dict.fromkeys(range(first + 1, last + 1), first)
    return starts
