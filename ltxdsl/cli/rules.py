"""`ltx rules`: the list."""

from __future__ import annotations

import click

from ltxdsl.cli.common import show_json
from ltxdsl.report.rule_text import record, sorted_rules


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or machines.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(form: str, as_json: bool) -> None:
    """List the rules, family by family."""
    if as_json or form == "json":
        show_json([record(rule) for rule in sorted_rules()])
        return
    family = ""
    for rule in sorted_rules():
        if rule.family != family:
            click.echo(f"\n{rule.family}" if family else rule.family)
            family = rule.family
        only = f" ({rule.targets[0]} only)" if len(rule.targets) == 1 else ""
        click.echo(f"  {rule.code}  {rule.severity:8} {rule.title}{only}")
