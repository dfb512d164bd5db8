"""The pages of the rules: one each, and all of them by subject."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from ltxdsl.compiler.checks import RULES, Rule
from ltxdsl.ops import STATEMENTS
from ltxdsl.report.markdown import fenced, table
from ltxdsl.report.rule_text import asked_for, finds, of_workflows, sorted_rules, where_found

INDEX = "rules.md"
FOLDER = "rules"


def rule_pages() -> dict[str, str]:
    """A page for every rule, and the list of them."""
    made = {f"{FOLDER}/{rule.code}.md": rule_page(rule) for rule in sorted_rules()}
    return {INDEX: rules_page(), **made}


def rules_page() -> str:
    """Every rule in a line, by subject."""
    rules = sorted_rules()
    lines = [
        "# Rules",
        "",
        "What `ltx check` finds, and `run`, `plan` and `export` before they start. An *error* stops the way to a",
        "video; a *warning* is most likely a mistake; a *note* is worth knowing. `ltx explain LTX010` prints one.",
        f"There are {len(rules)}. How to allow a finding, and how a project sets severities:",
        "[validation](validation.md).",
    ]
    for family in dict.fromkeys(rule.family for rule in rules):
        rows = [(_anchored(r), r.severity, r.title) for r in rules if r.family == family]
        lines += ["", f"## {_headline(family)}", "", *table(("rule", "severity", "what it finds"), rows)]
    return "\n".join(lines)


def _anchored(rule: Rule) -> str:
    return f'<a id="{rule.code.lower()}"></a>[{rule.code}]({FOLDER}/{rule.code}.md)'


def _headline(family: str) -> str:
    return f"{family[0].upper()}{family[1:]}"


def rule_page(rule: Rule) -> str:
    """One rule in full: what it finds and why, a script that breaks it, one that keeps it."""
    statements = [word for word in STATEMENTS if speaks_of(rule, word)]
    lines = [f"# {rule.code}: {rule.title}", "", f"*{_headline(rule.severity)}*, {rule.family}. {_where(rule)}".strip()]
    lines += ["", rule.why, *([finds(rule)] if finds(rule) else [])]
    lines += _examples(rule) if rule.wrong else ["", where_found(rule)]
    lines += ["", f"Source: {rule.source}.", "", _allowing(rule)]
    if statements:
        links = ", ".join(f"[`{word}`](../reference/{word}.md)" for word in statements)
        lines += ["", f"Statements: {links}. All rules: [by subject](../{INDEX})."]
    return "\n".join(lines)


def _where(rule: Rule) -> str:
    return f"Only for `--target {rule.targets[0]}`." if len(rule.targets) == 1 else ""


def _examples(rule: Rule) -> list[str]:
    lines = ["", f"Breaks it{_with(asked_for(rule))}:", "", *fenced("ltx-wrong", rule.wrong)]
    return [*lines, "", f"Keeps it{_with(asked_for(rule, right=True))}:", "", *fenced("ltx", rule.right)]


def _allowing(rule: Rule) -> str:
    if rule.needed:
        return "What comes after relies on it: it cannot be allowed or turned down."
    comment = "" if of_workflows(rule) else f"`# ltx: allow {rule.code} because …`, or "
    return f'To allow it: {comment}`{rule.code} = "off"` under `[rules]` in `ltx.toml`.'


def _with(outside: str) -> str:
    return f", with `{outside}`" if outside else ""


def rules_of(word: str) -> list[Rule]:
    """The rules that speak of a statement: in their title, their reason, or what their two examples differ in."""
    return [rule for rule in sorted_rules() if speaks_of(rule, word)]


def speaks_of(rule: Rule, word: str) -> bool:
    """Whether a rule is about a statement; those of the script's form are about all."""
    return not rule.code.startswith("LTX00") and word in words_of(rule.code)


@cache
def words_of(code: str) -> frozenset[str]:
    """The statements that a rule speaks of."""
    rule = RULES[code]
    quoted = re.findall(r"`(\w+)", " ".join((rule.why, finds(rule))))
    lines = [Counter(script.splitlines()) for script in (rule.wrong, rule.right)]
    differing = [*(lines[0] - lines[1]), *(lines[1] - lines[0])]
    bare = " ".join(re.sub(r'"[^"]*"', "", line) for line in (*differing, rule.title.lower()))
    return frozenset({*quoted, *re.findall(r"\w+", bare)} & STATEMENTS.keys())
