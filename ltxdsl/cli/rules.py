"""`ltx rules`: the list."""

from __future__ import annotations

import click
import msgspec

from ltxdsl.cli.common import show_json
from ltxdsl.compiler.checks import RULES


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(as_json: bool) -> None:
    """List the rules."""
    rules = sorted(RULES.values(), key=lambda r: r.code)
    if as_json:
        shown = [{**{f: getattr(r, f) for f in _FIELDS}, "family": r.family} for r in rules]
        show_json(msgspec.to_builtins(shown))
        return
    family = ""
    for rule in rules:
        if rule.family != family:
            family = rule.family
            click.echo(f"\n{family}" if rule is not rules[0] else family)
        click.echo(f"  {rule.code}  {rule.severity:8} {rule.title}")


_FIELDS = ("code", "title", "severity", "why", "wrong", "right", "source")
