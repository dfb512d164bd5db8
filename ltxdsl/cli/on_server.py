"""`ltx run --on comfy[@URL]`: the script, or a workflow file as it is, on a ComfyUI server."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import click
import msgspec

from ltxdsl.cli import FOUND_ERRORS, RUN_FAILED
from ltxdsl.cli.comfy_export import exported
from ltxdsl.cli.common import findings, read_given, read_models, read_severities, read_text, show, show_json
from ltxdsl.cli.workflow_files import holds_workflow, is_workflow, read_workflow_file, unreadable
from ltxdsl.comfy.server import BadAddress, Client, Done, Job, Manner, ServerError, Undelivered, address, run_on
from ltxdsl.comfy.server.errors import CLASS, FILE, REFUSED, Trouble
from ltxdsl.comfy.server.job import job_of_script, job_of_workflow
from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.checks import RULES
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.near import nearest
from ltxdsl.source import Source
from ltxdsl.targets import COMFY, LOCAL

NOT_RUN = (CLASS, FILE, REFUSED)


def server_of(on: str) -> str | None:
    """What `--on` says of a server, "" for the usual one; None if it says this machine."""
    name, _, rest = on.partition("@")
    if name == COMFY:
        return rest
    if on in ("", LOCAL):
        return None
    if on in HARDWARE:
        hint = "a run takes this machine as it is; `ltx plan --on` and `ltx check --on` reckon with hardware"
        raise click.UsageError(f"`{on}` is hardware, and no place to run: {hint}")
    near = f"; did you mean `{found}`?" if (found := nearest(on, (COMFY, LOCAL))) else ""
    raise click.UsageError(f"--on is `local`, `comfy` or `comfy@URL`, not `{on}`{near}")


def run(file: str | None, expression: str | None, options: dict[str, Any]) -> int:
    """Make the job, run it, tell of it."""
    try:
        client = Client(address(server_of(options["on"]) or "", os.environ))
    except BadAddress as error:
        raise click.UsageError(f"--on: {error}") from None
    source, job, found = _job(file, expression, options)
    talk = _Talk(source, options)
    talk.found(found)
    if job is None:
        return talk.failed((), FOUND_ERRORS)
    try:
        done = _run(client, job, options)
    except Undelivered as error:
        talk.wrote(error.written)
        return talk.failed(_diagnostics(error.troubles, job, options["verbose"]), RUN_FAILED)
    except ServerError as error:
        refused = all(one.code in NOT_RUN for one in error.troubles)
        drawn = _diagnostics(error.troubles, job, options["verbose"])
        return talk.failed(drawn, FOUND_ERRORS if refused else RUN_FAILED)
    talk.done(done)
    return 0


def _job(
    file: str | None, expression: str | None, options: dict[str, Any]
) -> tuple[Source, Job | None, tuple[Diagnostic, ...]]:
    """That of a workflow or of a script; standard input may hold either."""
    if file is not None and expression is None and is_workflow(file):
        return _of_workflow(*read_workflow_file(file), options)
    source = read_text(file, expression)
    if expression is None and holds_workflow(source.text):
        return _of_workflow(source.text, source, options)
    return _of_script(source, options)


def _of_script(source: Source, options: dict[str, Any]) -> tuple[Source, Job | None, tuple[Diagnostic, ...]]:
    from ltxdsl.cli.run import with_all_inputs

    models = read_models(options["models"], source, COMFY)
    asked = {"output": options["out"], "seed": options["seed"], "shots": options["shots"]}
    severities = read_severities(source)
    request = Request(given=read_given(options["given"]), target=COMFY, severities=severities, **asked)
    compiled = with_all_inputs(compile(source, models, request))
    export, found = exported(compiled, models, options["style"])
    if export is None:
        return source, None, found
    if not options["quiet"] and not options["as_json"]:
        for note in export.notes:
            click.echo(f"note: {note}", err=True)
    return source, job_of_script(compiled, export), found


def _of_workflow(
    data: bytes | str, source: Source, options: dict[str, Any]
) -> tuple[Source, Job | None, tuple[Diagnostic, ...]]:
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.read import WorkflowError, read_workflow

    for option, value in (("--set", options["given"]), ("--seed", options["seed"]), ("--shot", options["shots"])):
        if value not in ((), None):
            raise click.UsageError(f"{option} is for scripts: a workflow is run as it is")
    try:
        return source, job_of_workflow(read_workflow(data, catalogue()), source, options["out"]), ()
    except WorkflowError as error:
        return source, None, (unreadable(str(error)),)


def _run(client: Client, job: Job, options: dict[str, Any]) -> Done:
    from ltxdsl.cli.server_progress import Quiet, listener
    from ltxdsl.comfy.catalogue import catalogue

    previews = options["previews"]
    silent = options["quiet"] or options["as_json"]
    around = nullcontext(Quiet(previews)) if silent else listener(sys.stderr.isatty(), job, previews)
    with around as hearing:
        return run_on(client, job, catalogue(), hearing, Manner(options["force"], bool(previews)))


def _diagnostics(troubles: Iterable[Trouble], job: Job, verbose: bool) -> list[Diagnostic]:
    found = []
    for one in troubles:
        message = f"{one.message}\n{one.details.rstrip()}" if verbose and one.details else one.message
        drawn = Diagnostic(one.code, Severity.ERROR, message, why=RULES[one.code].why, hint=one.hint)
        found.append(job.diagnostic(drawn, one.node) if one.node else drawn)
    return found


class _Talk:
    """What is said of a run, in words or as one JSON document."""

    def __init__(self, source: Source, options: dict[str, Any]) -> None:
        self.source = source
        self.as_json, self.quiet = options["as_json"], options["quiet"]
        self.seen: list[Diagnostic] = []
        self.written: list[Any] = []

    def found(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Before the run: what the script itself gives."""
        self.seen += diagnostics
        errors = [d for d in self.seen if d.severity is Severity.ERROR]
        if not self.as_json:
            show(errors if self.quiet else self.seen, self.source)

    def wrote(self, written: Iterable[Any]) -> None:
        """Files that came."""
        self.written = list(written)
        if not self.as_json and not self.quiet:
            tell_written(self.written)

    def failed(self, diagnostics: Iterable[Diagnostic], code: int) -> int:
        """Why there is no result, or not all of it."""
        more = list(diagnostics)
        if self.as_json:
            told = {"written": msgspec.to_builtins(self.written)} if self.written else {}
            show_json({"ok": False, "diagnostics": findings([*self.seen, *more], self.source), **told})
        else:
            show(more, self.source)
        return code

    def done(self, done: Done) -> None:
        """The last lines."""
        if self.as_json:
            show_json({"ok": True, "diagnostics": findings(self.seen, self.source), **msgspec.to_builtins(done)})
            return
        self.wrote(done.written)
        if self.quiet:
            return
        for title, text in done.texts:
            click.echo(f"{title}: {text}")
        stored = f", {len(done.reused)} nodes from the server's cache" if done.reused else ""
        click.echo(f"{done.seconds:.1f} s on {done.server}{stored}" + ("" if done.written else "; no file came of it"))


def tell_written(written: Iterable[Any]) -> None:
    """A line a file."""
    from ltxdsl.cli.run import size_text

    for one in written:
        click.echo(f"{'wrote' if one.fresh else 'unchanged'} {one.path}  {size_text(one.bytes)}")
