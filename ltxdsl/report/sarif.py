"""Findings as SARIF 2.1.0 (OASIS): what code scanning services and editors read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import ltxdsl
from ltxdsl.compiler.checks import RULES, Rule
from ltxdsl.diagnostics import Diagnostic, Fix, Severity, visible
from ltxdsl.report.findings import FileFindings, named
from ltxdsl.source import Source, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def as_sarif(files: Sequence[FileFindings], strict: bool) -> str:
    """One run with the rules that were broken and a result for each finding."""
    codes = sorted({d.code for f in files for d in f.diagnostics})
    driver = {"name": "ltxdsl", "version": ltxdsl.__version__, "rules": [_rule(RULES[code]) for code in codes]}
    results = [_result(f, d, codes, name) for f in files for d, name in named(f)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, object]:
    shown = [f"Wrong:\n\n```\n{rule.wrong}\n```", f"Right:\n\n```\n{rule.right}\n```"] if rule.wrong else []
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.title.split() if word.isalnum()),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why} See `ltx explain {rule.code}`.", "markdown": "\n\n".join([rule.why, *shown])},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }


def _result(file: FileFindings, found: Diagnostic, codes: list[str], name: str) -> dict[str, object]:
    where = {"artifactLocation": {"uri": _uri(file.path_of(found))}, "region": _region(file.text(found), found.span)}
    result: dict[str, object] = {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": _LEVELS[found.severity],
        "message": {"text": visible(f"{found.message} ({found.hint})" if found.hint else found.message)},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"ltxLine/v1": name},
    }
    if found.fixes:
        result["fixes"] = [_fix(file, found, fix) for fix in found.fixes]
    return result


def _region(source: Source, span: Span | None) -> dict[str, int]:
    (line, column), (end_line, end_column) = (
        source.line_column(offset) for offset in ((span.start, span.end) if span else (0, 0))
    )
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fix(file: FileFindings, found: Diagnostic, fix: Fix) -> dict[str, object]:
    replacement = {"deletedRegion": _region(file.text(found), fix.span), "insertedContent": {"text": fix.text}}
    change = {"artifactLocation": {"uri": _uri(file.path_of(found))}, "replacements": [replacement]}
    return {"description": {"text": fix.title or f"write `{fix.text}`"}, "artifactChanges": [change]}


def _uri(path: str) -> str:
    return Path(path).as_uri() if os.path.isabs(path) else quote(path)
