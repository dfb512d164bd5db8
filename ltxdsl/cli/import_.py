"""`ltx import`: a ComfyUI workflow as a script."""

from __future__ import annotations

from pathlib import Path

import click

from ltxdsl.cli import FOUND_ERRORS
from ltxdsl.cli.common import refuse_overwriting, show_json
from ltxdsl.store import write_into_place


@click.command()
@click.argument("file")
@click.option("-o", "--out", default="-", help="The script to write; standard output if not said.")
@click.option("--raw", is_flag=True, help="Every node as a `node`: nothing is folded or lifted.")
@click.option("--report", type=click.Choice(("text", "json")), default="text", help="How to say what became of nodes.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def command(file: str, out: str, raw: bool, report: str, force: bool) -> int:
    """Read a ComfyUI workflow (API prompt, editor graph, picture or video with one in it) into a script.

    Nodes become statements where those give the very same nodes back; all others stay as they are.
    """
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.importing import imported
    from ltxdsl.comfy.lift import Unwritable
    from ltxdsl.comfy.read import WorkflowError, read_file
    from ltxdsl.comfy.write import unedited

    known = catalogue()
    try:
        workflow = read_file(Path(file), known)
        found = imported(workflow, known, file, raw)
    except (WorkflowError, Unwritable) as error:
        click.echo(f"{file}: {error}", err=True)
        return FOUND_ERRORS
    whole = not raw and unedited(workflow)
    text = workflow.script if whole else found.text
    if out != "-":
        refuse_overwriting(Path(out), text, force)
        write_into_place(Path(out), text)
    if report == "json":
        faults = [{"node": f.node, "title": f.title, "code": f.code, "message": f.message} for f in workflow.faults]
        show_json(
            {
                "ok": True,
                "written": out,
                "read": len(found.fate),
                "counts": {**workflow.counts, **found.counts},
                "nodes": found.fate,
                "unknown": list(found.unknown),
                "faults": faults,
                "notes": list(found.notes),
            }
        )
        return 0
    if out == "-":
        click.echo(text, nl=False)
    if workflow.script:
        said = (
            "this is it, as it was written" if whole else "the graph was edited since, so this is made from the graph"
        )
        click.echo(f"note: the file holds the script that it was exported from: {said}", err=True)
    for fault in workflow.faults:
        click.echo(f"note: node {fault.node} {fault.title}: {fault.message}", err=True)
    said = ", ".join(f"{count} {what}" for what, count in found.counts.items())
    click.echo(
        f"read {len(found.fate)} nodes: {said}" + (f"; {len(found.unknown)} unknown" if found.unknown else ""), err=True
    )
    return 0
