"""Checking one script as `ltx check` does: from what is known, or anew."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ltxdsl.checked import answers
from ltxdsl.checked.fast import options_of
from ltxdsl.checked.looks import looking, settled
from ltxdsl.checked.marks import CONTENT, content_mark, mark
from ltxdsl.cli.common import read_given, read_models, read_script, read_severities
from ltxdsl.cli.workflow_files import holds_workflow, is_workflow, read_workflow_file
from ltxdsl.compiler import Compilation, Request, analyze, compile
from ltxdsl.diagnostics import Diagnostic, Severity, apply_fixes, render
from ltxdsl.models import ModelSet
from ltxdsl.report.findings import FileFindings
from ltxdsl.source import EXPECT, Source
from ltxdsl.source_files import rewrite
from ltxdsl.targets import COMFY, LOCAL

MAX_ROUNDS = 10


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a script is checked for."""

    models: str | None = None
    target: str = LOCAL
    hardware: str | None = None
    given: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """What an answer follows from, besides its script."""
        return options_of(self.models or "", self.target, self.hardware or "", self.given)


class Checked(msgspec.Struct, frozen=True):
    """What was found, and marks of all that it follows from."""

    found: FileFindings
    answer: answers.Answer
    marks: answers.Marks


def check_file(file: str, asked: Asked) -> Checked:
    """What is found in a script or a workflow of ComfyUI; from the answers on disk if nothing has changed."""
    workflow = is_workflow(file)
    data, source = read_workflow_file(file) if workflow else read_script(file)
    name = answers.key(file, asked.options())
    of_script = {(CONTENT, file): content_mark(data)}
    if known := answers.read(name, data):
        answer, marks = known
        return Checked(FileFindings(source, _findings(answer)), answer, marks | of_script)
    with looking() as marks:
        checked = _check_workflow(data, source, asked, marks) if workflow else check_text(source, asked)
    if settled(marks):
        answers.keep(name, data, marks, checked.answer)
    return msgspec.structs.replace(checked, marks=marks | of_script)


def _check_workflow(data: bytes | str, source: Source, asked: Asked, marks: answers.Marks) -> Checked:
    """What is found in a workflow; the interfaces are read once for several, and each follows from them."""
    from ltxdsl.cli.check_workflow import found_in, interfaces  # only where it is one: a check starts fast

    found = found_in(data, source, asked.target)
    marks[CONTENT, interfaces()] = mark(CONTENT, interfaces())
    return Checked(FileFindings(source, found), _answer(source, found), {})


def _findings(answer: answers.Answer) -> tuple[Diagnostic, ...]:
    return msgspec.json.decode(answer.findings, type=tuple[Diagnostic, ...], dec_hook=lambda kind, data: kind(*data))


def _plain(source: object) -> list[str]:
    """A source as its text and name, the one thing in findings that is no struct."""
    if not isinstance(source, Source):
        raise NotImplementedError(type(source).__name__)
    return [source.text, source.name]


def check_text(source: Source, asked: Asked) -> Checked:
    """What is found in a text: a script or a workflow."""
    if holds_workflow(source.text):
        return _check_workflow(source.text, source, asked, {})
    found = _compiled(source, asked)
    return Checked(FileFindings(source, found), _answer(source, found), {})


def _compiled(source: Source, asked: Asked) -> tuple[Diagnostic, ...]:
    request = Request(
        given=read_given(asked.given),
        target=asked.target,
        hardware=asked.hardware or "",
        severities=read_severities(source),
    )
    models = read_models(asked.models, source, asked.target)
    if EXPECT.search(source.text):
        from ltxdsl.expect import Facts, unmet  # only where something is expected: a check starts fast

        compiled = whole(source, models, request)
        return (*compiled.diagnostics, *unmet(Facts(compiled, models)))
    if asked.target.startswith(COMFY):
        return whole(source, models, request).diagnostics
    return analyze(source, models, request).diagnostics


def whole(source: Source, models: ModelSet, request: Request) -> Compilation:
    """A script compiled, with what a check finds: of recipes alone nothing; what ComfyUI's nodes cannot say, for it."""
    compiled = compile(source, models, request)
    if not compiled.stages and (written := analyze(source, models, request)).library:
        return written
    if not request.target.startswith(COMFY):
        return compiled
    from ltxdsl.cli.comfy_export import exported

    return msgspec.structs.replace(compiled, diagnostics=exported(compiled, models)[1])


def _answer(source: Source, found: tuple[Diagnostic, ...]) -> answers.Answer:
    """Findings as they are kept."""
    errors, warnings, notes = (sum(d.severity is s for d in found) for s in Severity)
    drawn, colored = ("".join(render(d, source, color) + "\n\n" for d in found) for color in (False, True))
    return answers.Answer((errors, warnings, notes), drawn, colored, msgspec.json.encode(found, enc_hook=_plain))


def fixed(checked: Checked, asked: Asked) -> Checked:
    """The first fix of each finding applied, and checked again, until nothing changes."""
    for _ in range(MAX_ROUNDS):
        source, found = checked.found.source, checked.found.diagnostics
        text = apply_fixes(source.text, (d.fixes[0] for d in found if d.fixes and d.source is None))
        if text == source.text:
            break
        checked = msgspec.structs.replace(check_text(Source(text, source.name), asked), marks=checked.marks)
    return checked


def write_fixed(before: Checked, after: Checked) -> Checked:
    """Put a changed text into its file; one that has no file goes to standard output."""
    source = after.found.source
    if source.text != before.found.source.text:
        if Path(source.name).is_file():
            rewrite(Path(source.name), source.text)
        else:
            click.echo(source.text.rstrip("\n"))
    return after
