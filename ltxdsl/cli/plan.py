"""`ltx plan`: what a run will do and cost."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.comfy_export import exported
from ltxdsl.cli.common import (
    read_given,
    read_models,
    read_severities,
    read_source,
    script_options,
    shot_option,
    show,
    show_failure,
    show_json,
)
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.plan import Plan
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import has_errors
from ltxdsl.folders import cache_folder
from ltxdsl.ops import Statement
from ltxdsl.report.plan_text import plan_text
from ltxdsl.runtime.execute import outstanding
from ltxdsl.store import Store

STAGES = ("plan", "syntax", "statements", "graph", "comfy")


@click.command()
@script_options
@shot_option
@click.option("-o", "--out", default="", help="The file to write, or a folder for several.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Instead of the script's seed.")
@click.option("--on", "hardware", type=click.Choice(list(HARDWARE)), default="cpu", help="Hardware to estimate for.")
@click.option("--why", is_flag=True, help="What the compiler left out, and what that saved.")
@click.option("--emit", type=click.Choice(STAGES), default="plan", help="Which stage of the script's way.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", help="How the plan is written.")
@click.option("--json", "format", flag_value="json", help="The same as --format json.")
def command(
    file: str | None, expression: str | None, given: tuple[str, ...], models: str | None, **options: Any
) -> int:
    """Show what a run will do: passes with sizes, tokens and sigmas, models, memory, time."""
    source, as_json = read_source(file, expression), options["format"] == "json"
    target = "comfy" if options["emit"] == "comfy" else "local"
    model_set = read_models(models, source, target)
    asked = {"output": options["out"], "seed": options["seed"], "shots": options["shots"]}
    request = Request(given=read_given(given), target=target, severities=read_severities(source), **asked)
    compiled = compile(source, model_set, request)
    export, found = exported(compiled, model_set) if target == "comfy" else (None, compiled.diagnostics)
    if has_errors(found):
        show_failure(found, source, as_json)
        return FOUND_ERRORS
    if options["emit"] != "plan":
        show_json(export.prompt if export else _emitted(compiled, options["emit"]))
        return 0
    planned = plan(compiled.graph, compiled.stages, model_set, options["hardware"])
    if as_json:
        show_json({"ok": True, **msgspec.to_builtins(planned)})
        return 0
    show(compiled.diagnostics, source)
    plan_text(planned, source.name, sys.stdout.isatty(), _states(planned), options["why"])
    return 0


def _states(planned: Plan) -> dict[str, str]:
    """Steps that a run would not compute: their results are stored, or only stored results would read them."""
    todo, reused = outstanding(planned, Store(cache_folder() / "store").manifest)
    states = {step.id: "[dim]not needed[/dim]" for step in planned.steps}
    states |= {step.id: "[green]stored[/green]" for step in reused}
    return {id: state for id, state in states.items() if id not in {step.id for step in todo}}


def _emitted(compiled: Compilation, stage: str) -> Any:
    if stage == "syntax":
        return msgspec.to_builtins(compiled.script, str_keys=True)
    if stage == "statements":
        return [_statement(s) for s in compiled.statements]
    nodes = compiled.graph.order()
    return [{**msgspec.to_builtins(n), "inputs": {p: str(r) for p, r in n.inputs.items()}} for n in nodes]


def _statement(statement: Statement) -> dict[str, Any]:
    """A bound statement: its word, and its values by their names."""
    fields = {f: getattr(statement, f) for f in statement.__struct_fields__ if f not in ("spans", "settings")}
    inner = [_statement(s) for s in statement.settings]
    return {"word": statement.word, **msgspec.to_builtins(fields), **({"settings": inner} if inner else {})}
