"""`ltx import`: a ComfyUI workflow as a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.common import findings, show_json, write_out
from ltxdsl.cli.workflow_files import STDIN, read_workflow_file, unreadable

if TYPE_CHECKING:
    from ltxdsl.comfy.importing import Imported
    from ltxdsl.comfy.workflow import Fault, Workflow
    from ltxdsl.source import Source

WRITTEN = "in the script that the file holds"


@click.command()
@click.argument("file")
@click.option("-o", "--out", default="-", help="The script to write; standard output if not said.")
@click.option("--raw", is_flag=True, help="Every node as a `node`: nothing is folded or lifted.")
@click.option("--report", type=click.Choice(("text", "json")), default="text", help="How to say what became of nodes.")
@click.option("--json", "report", flag_value="json", help="The same as --report json.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def command(file: str, out: str, raw: bool, report: str, force: bool) -> int:
    """Read a ComfyUI workflow (API prompt, editor graph, picture or video with one in it) into a script.

    FILE may be `-` for standard input. Nodes become statements where those give the very same nodes back; all others
    stay as they are.

    Exit codes: 0 read, 1 no workflow, 2 a file that cannot be read or written.
    """
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.read import WorkflowError, read_workflow

    data, source = read_workflow_file(file)
    try:
        workflow = read_workflow(data, catalogue())
        found = _script(workflow, "standard input" if file == STDIN else file, raw)
    except (WorkflowError, Unwritable) as error:
        return _failed(source, str(error), report == "json")
    if out != "-":
        write_out(out, found.text, force, file)
    if report == "json":
        show_json(_as_data(workflow, found, out))
        return 0
    click.echo(found.text if out == "-" else f"wrote {out}", nl=out != "-")
    for line in _said(workflow, found):
        click.echo(line, err=True)
    return 0


def _script(workflow: Workflow, name: str, raw: bool) -> Imported:
    """The script that an export left in the file, if the graph still is what it says; else one made from the graph."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import Imported, imported
    from ltxdsl.comfy.write import unedited

    if not raw and unedited(workflow):
        return Imported(workflow.script, dict.fromkeys(workflow.prompt, WRITTEN))
    return imported(workflow, catalogue(), name, raw)


def _failed(source: Source, why: str, as_json: bool) -> int:
    if source.name.endswith(".ltx"):
        why = "it is a script already; `ltx export` makes a workflow of one"
    if as_json:
        show_json({"ok": False, "diagnostics": findings([unreadable(why)], source)})
    else:
        click.echo(f"{source.name}: {why}", err=True)
    return FOUND_ERRORS


def _as_data(workflow: Workflow, found: Imported, out: str) -> dict[str, object]:
    """What became of every node; with the script where it is written nowhere else."""
    faults = [{"node": f.node, "title": f.title, "code": f.code, "message": f.message} for f in workflow.faults]
    return {
        "ok": True,
        "written": out,
        "read": len(found.fate),
        "counts": {**workflow.counts, **found.counts},
        "nodes": found.fate,
        "unknown": list(found.unknown),
        "faults": faults,
        "notes": list(found.notes),
        **({"script": found.text} if out == "-" else {}),
    }


def _said(workflow: Workflow, found: Imported) -> list[str]:
    """Notes, and the count at the end."""
    from ltxdsl.comfy.importing import LEFT_OUT

    counts = Counter(found.fate.values())
    lines = []
    if workflow.script:
        what = (
            "this is it, as it was written"
            if counts[WRITTEN]
            else "the graph was edited since, so this is made from the graph"
        )
        lines.append(f"note: the file holds the script that it was exported from: {what}")
    lines += [f"note: {said}" for said in _faults(workflow.faults)]
    if left := [id for id, what in found.fate.items() if what == LEFT_OUT]:
        lines.append(f"note: nodes that no output needs are left out (`--raw` keeps them): {_listed(left)}")
    said = ", ".join(f"{count} {what}" for what, count in counts.items()) or "there is nothing in it"
    return [*lines, f"read {_nodes(len(found.fate))}: {said}" + _unknown(len(found.unknown))]


def _faults(faults: Iterable[Fault]) -> Iterator[str]:
    """A line for each class that nobody knows, with its nodes; else for each node and kind of fault."""
    alike: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        alike.setdefault((fault.code, fault.message if fault.code == "unknown_class" else fault.node), []).append(fault)
    for (code, _), (first, *more) in alike.items():
        if not more or code != "unknown_class":
            yield f"{_place(first)}{first.message}" + (f" (and {len(more)} more such)" if more else "")
        else:
            yield f"{_nodes(1 + len(more))} ({_listed([one.node for one in (first, *more)])}): {first.message}"


def _place(fault: Fault) -> str:
    named = " ".join(filter(None, (fault.node, fault.title)))
    return f"node {named}: " if named else ""


def _listed(ids: list[str], most: int = 8) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return f"{', '.join(ids[:most])}{more}"


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def _unknown(count: int) -> str:
    return f"; {count} of classes that are not known here" if count else ""
