"""`ltx explain CODE`: a rule in full."""

from __future__ import annotations

import difflib

import click

from ltxdsl.compiler.checks import RULES
from ltxdsl.report.rule_text import text_of


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
