"""The severities that a project gives to rules: `[rules]` in `ltx.toml`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from ltxdsl.diagnostics import Diagnostic, Severity

OFF = "off"
WORDS = {OFF: None, "info": Severity.NOTE, "warning": Severity.WARNING, "error": Severity.ERROR}
_ALSO = {"note": "info", "warn": "warning"}


class _Weighable(Protocol):
    @property
    def needed(self) -> bool: ...


def weighed(
    found: Iterable[Diagnostic], wanted: Mapping[str, str], rules: Mapping[str, _Weighable]
) -> list[Diagnostic]:
    """Findings with the severities that a project wants, and what is wrong with its wishes."""
    if not wanted:
        return list(found)
    severities = {c.upper(): WORDS[_word(w)] for c, w in wanted.items() if _problem(c, w, rules) is None}
    kept = [*_with_severities(found, severities)]
    problems = (p for code, word in wanted.items() if (p := _problem(code, word, rules)))
    return [*kept, *_with_severities(problems, severities)]


def _with_severities(found: Iterable[Diagnostic], severities: Mapping[str, Severity | None]) -> Iterator[Diagnostic]:
    for diagnostic in found:
        severity = severities.get(diagnostic.code, diagnostic.severity)
        if severity is not None:
            yield msgspec.structs.replace(diagnostic, severity=severity)


def _word(text: str) -> str:
    return _ALSO.get(text.lower(), text.lower())


def _problem(code: str, word: str, rules: Mapping[str, _Weighable]) -> Diagnostic | None:
    """What is wrong with one line of `[rules]`."""
    if code.upper() not in rules:
        near = difflib.get_close_matches(code.upper(), rules, n=1)
        hint = f"did you mean {near[0]}?" if near else "`ltx rules` lists them"
        return _finding(f"[rules] sets {code}, and there is no such rule", hint)
    if _word(word) not in WORDS:
        return _finding(f"[rules] sets {code} to `{word}`", f"known are {', '.join(WORDS)}")
    if rules[code.upper()].needed and _word(word) != "error":
        return _finding(f"[rules] sets {code} to `{word}`: it is always an error", "what comes after relies on it")
    return None


def _finding(message: str, hint: str) -> Diagnostic:
    return Diagnostic("LTX185", Severity.WARNING, message, hint=hint)
