"""`ltx run`: make the video."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from ltxdsl.cli import FOUND_ERRORS, RUN_FAILED
from ltxdsl.cli.common import (
    findings,
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
from ltxdsl.cli.on_server import run as run_on_server
from ltxdsl.cli.on_server import server_of
from ltxdsl.comfy.packs import STYLES
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.folders import cache_folder
from ltxdsl.models import ModelSet
from ltxdsl.runtime.execute import Result, RunError, execute
from ltxdsl.store import Store


@click.command()
@script_options
@shot_option
@click.option("-o", "--out", default="", help="The file to write, or a folder for several.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Instead of the script's seed.")
@click.option("--on", default="local", show_default=True, metavar="local|comfy[@URL]",
              help="Here, or on a ComfyUI server: `comfy` is the one at http://127.0.0.1:8188.")  # fmt: skip
@click.option("--style", type=click.Choice(STYLES), default=STYLES[0], help="With --on comfy: as for `ltx export`.")
@click.option("--previews", metavar="FOLDER", help="With --on comfy: keep the previews that the server sends.")
@click.option("--verbose", is_flag=True, help="With --on comfy: show where in its code a node failed.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    file: str | None, expression: str | None, given: tuple[str, ...], models: str | None, **options: Any
) -> int:
    """Make the video. What a run before it made is reused; a killed run goes on where it stopped.

    With --on comfy[@URL] it is made on a ComfyUI server; FILE may then be a workflow of ComfyUI, too.
    """
    if server_of(options["on"]) is not None:
        return run_on_server(file, expression, {**options, "given": given, "models": models})
    if options["previews"] or options["verbose"]:
        raise click.UsageError("--previews and --verbose are for `--on comfy`")
    source = read_source(file, expression)
    model_set = read_models(models, source)
    asked = {"output": options["out"], "seed": options["seed"], "shots": options["shots"]}
    request = Request(given=read_given(given), severities=read_severities(source), **asked)
    compiled = with_all_inputs(compile(source, model_set, request))
    as_json: bool = options["as_json"]
    if not compiled.ok:
        show_failure(compiled.diagnostics, source, as_json)
        return FOUND_ERRORS
    if not as_json and not options["quiet"]:
        show(compiled.diagnostics, source)
    try:
        result = _run(compiled, model_set, options)
    except RunError as error:
        problem = Diagnostic(error.code, Severity.ERROR, error.message, hint=error.hint)
        also = compiled.diagnostics if as_json else ()
        show_failure((*also, problem), source, as_json)
        return RUN_FAILED
    if as_json:
        told = {"texts": list(compiled.shown), **msgspec.to_builtins(result)}
        show_json({"ok": True, "diagnostics": findings(compiled.diagnostics, source), **told})
    elif not options["quiet"]:
        for text in compiled.shown:
            click.echo(text)
        _tell(result)
    return 0


def with_all_inputs(compiled: Compilation) -> Compilation:
    """A run needs a value for every input."""
    missing = [
        Diagnostic(
            "LTX009",
            Severity.ERROR,
            f"the input `{i.name}` ({i.kind}) has no value",
            i.span,
            why="A name that is used and never bound is an input of the script.",
            hint=f"give one with `--set {i.name}=…`",
        )
        for i in compiled.inputs.values()
        if i.missing
    ]
    return msgspec.structs.replace(compiled, diagnostics=(*compiled.diagnostics, *missing))


def _run(compiled: Compilation, models: ModelSet, options: dict[str, Any]) -> Result:
    planned = plan(compiled.graph, compiled.stages, models)
    store = Store(cache_folder() / "store")
    if options["quiet"] or options["as_json"]:
        return execute(planned, models, store, force=options["force"])
    from ltxdsl.cli.progress import reporter

    with reporter(sys.stderr.isatty()) as live:
        return execute(planned, models, store, reporter=live, force=options["force"])


def _tell(result: Result) -> None:
    """The last lines: what was written, how long it took, what was there already."""
    for written in result.written:
        verb = "wrote" if written.fresh else "unchanged"
        click.echo(f"{verb} {written.path}  {size_text(written.bytes)}")
    steps = len(result.computed) + len(result.reused)
    stored = f", {len(result.reused)} of {steps} from the store" if result.reused and result.computed else ""
    everything = ", everything was in the store" if not result.computed else ""
    saved = f", which took {result.saved_seconds:.1f} s to make" if result.saved_seconds >= 1 else ""
    click.echo(f"{result.seconds:.1f} s{stored}{everything}{saved}")


def size_text(count: int) -> str:
    """Bytes, for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
