"""`ltx explain CODE`: a rule in full."""

from __future__ import annotations

import difflib

import click

from ltxdsl.compiler.checks import RULES, Rule


@click.command()
@click.argument("code")
def command(code: str) -> None:
    """Teach a rule: what it finds, why, a script that breaks it and one that keeps it."""
    rule = RULES.get(code.upper())
    if rule is None:
        near = difflib.get_close_matches(code.upper(), RULES, n=1)
        hint = f"did you mean {near[0]}?" if near else "`ltx rules` lists them"
        raise click.UsageError(f"there is no rule `{code}`; {hint}")
    click.echo(text_of(rule))


def text_of(rule: Rule) -> str:
    """A rule as people read it."""
    lines = [f"{rule.code}: {rule.title} ({rule.severity}, {rule.family})", "", rule.why]
    if rule.check and rule.check.__doc__:
        lines.append(rule.check.__doc__)
    if rule.wrong:
        lines += ["", "breaks it:", *_indented(rule.wrong), "", "keeps it:", *_indented(rule.right)]
    if rule.source:
        lines += ["", f"source: {rule.source}"]
    return "\n".join(lines)


def _indented(script: str) -> list[str]:
    return [f"    {line}" for line in script.splitlines()]
