"""A rule as people and machines read it."""

from __future__ import annotations

from functools import cache
from typing import Any

from ltxdsl.compiler import Request, analyze
from ltxdsl.compiler.checks import RULES, Rule
from ltxdsl.diagnostics import Diagnostic, apply_fixes
from ltxdsl.models import load_model_set
from ltxdsl.source import Source


def sorted_rules() -> list[Rule]:
    """All rules by their codes."""
    return sorted(RULES.values(), key=lambda rule: rule.code)


def finds(rule: Rule) -> str:
    """What its check adds to the reason."""
    return " ".join((rule.check.__doc__ or "").split()) if rule.check else ""


def of_workflows(rule: Rule) -> bool:
    """Whether it is a rule of ComfyUI's files alone."""
    return rule.family.startswith("workflow files")


def where_found(rule: Rule) -> str:
    """Who finds a rule that no script breaks by itself."""
    return f"Found {'in workflows, by `ltx check`' if of_workflows(rule) else 'by a run or an export'} only."


def asked_for(rule: Rule, right: bool = False) -> str:
    """What its wrong (or right) script is given from outside, as it is written."""
    asked = {**rule.request, **(rule.asked_right if right else {})}
    words = [f"--set {name}={_quoted(value)}" for name, value in asked.get("given", {}).items()]
    words += [f"--target {asked['target']}"] if "target" in asked else []
    words += [f"--on {asked['hardware']}"] if "hardware" in asked else []
    words += [f"-o {asked['output']}"] if "output" in asked else []
    words += [f'{code} = "{word}" in ltx.toml' for code, word in asked.get("severities", {}).items()]
    return " ".join(words)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def record(rule: Rule) -> dict[str, Any]:
    """A rule for machines."""
    plain = {f: getattr(rule, f) for f in ("code", "family", "severity", "title", "why", "source", "wrong", "right")}
    outside = {"wrong_with": asked_for(rule), "right_with": asked_for(rule, right=True)}
    facts = {"targets": list(rule.targets), "fixable": fixable(rule), "needed": rule.needed}
    return {**plain, "finds": finds(rule), **outside, **facts}


def fixable(rule: Rule) -> bool:
    """Whether a machine can mend its wrong script."""
    return any(found.fixes for found in _found(rule))


def mended(rule: Rule) -> str:
    """Its wrong script after its first fixes; empty if there are none."""
    fixes = [found.fixes[0] for found in _found(rule) if found.fixes]
    return apply_fixes(rule.wrong, fixes) if fixes else ""


@cache
def _found_in(code: str) -> tuple[Diagnostic, ...]:
    rule = RULES[code]
    analysis = analyze(Source(rule.wrong), load_model_set("embedded"), Request(**rule.request))
    return tuple(d for d in analysis.diagnostics if d.code == code)


def _found(rule: Rule) -> tuple[Diagnostic, ...]:
    return _found_in(rule.code) if rule.wrong else ()


def text_of(rule: Rule) -> str:
    """A rule in full, as `ltx explain` prints it."""
    lines = [f"{rule.code}: {rule.title} ({rule.severity}, {rule.family})", "", rule.why]
    if also := finds(rule):
        lines.append(also)
    if rule.wrong:
        lines += ["", f"breaks it{_with(asked_for(rule))}:", *_indented(rule.wrong)]
        if (script := mended(rule)) and script != rule.right:
            lines += ["", "`ltx check --fix` makes of it:", *_indented(script)]
        lines += ["", f"keeps it{_with(asked_for(rule, right=True))}:", *_indented(rule.right)]
    else:
        lines += ["", where_found(rule)]
    if len(rule.targets) == 1:
        lines += ["", f"only for --target {rule.targets[0]}"]
    if rule.source:
        lines += ["", f"source: {rule.source}"]
    return "\n".join([*lines, "", _allowing(rule)])


def _allowing(rule: Rule) -> str:
    if rule.needed:
        return "What comes after relies on it: it cannot be allowed or turned down."
    comment = "" if of_workflows(rule) else f"`# ltx: allow {rule.code} because …`, or "  # a workflow has no comments
    return f'to allow it: {comment}`[rules] {rule.code} = "off"` in ltx.toml'


def _with(outside: str) -> str:
    return f" (with {outside})" if outside else ""


def _indented(script: str) -> list[str]:
    return [f"    {line}" for line in script.splitlines()]
