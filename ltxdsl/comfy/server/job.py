"""What is handed to a server: a prompt, the files that it reads and writes, and how its nodes are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ltxdsl.comfy.builder import Export, Prompt, Saved
from ltxdsl.comfy.doctor.places import places
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.compiler import Compilation
from ltxdsl.diagnostics import Diagnostic, located
from ltxdsl.source import Source, Sources, Span


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`files` are paths by their names in the prompt, `saves` what its nodes write, `spans` where nodes come from.

    Other files that it names are looked for in `folder`; what has no name of ours goes to `out`.
    """

    prompt: Prompt
    sources: Sources
    files: Mapping[str, str] = {}
    saves: Mapping[str, tuple[Saved, ...]] = {}
    spans: Mapping[str, Span] = {}
    folder: Path = Path()
    out: str = ""
    lines: bool = True  # whether a line of the source says something to a person

    def node_of(self, id: str) -> str:
        """The node of the prompt that an id at run time means: those that it grows have its id before theirs."""
        return id if id in self.prompt else id.partition(".")[0]

    def title(self, id: str) -> str:
        """What a person knows a node by."""
        node = self.prompt.get(self.node_of(id))
        return str((node.get("_meta") or {}).get("title") or node["class_type"]) if node else f"node {id}"

    def label(self, id: str) -> str:
        """The title, with the line of its statement."""
        span = self.spans.get(self.node_of(id)) if self.lines else None
        if span is None:
            return self.title(id)
        spot = self.sources.spot(span)
        line, _ = spot.source.line_column(spot.span.start)
        where = f"line {line}" if spot.source is self.sources.script else f"{spot.source.name}:{line}"
        return f"{self.title(id)} ({where})"

    def named(self, id: str) -> str:
        """A node as a message names it."""
        node, title = self.prompt.get(self.node_of(id)), self.title(id)
        kind = node["class_type"] if node else ""
        return f'node {id} "{title}"' + (f" ({kind})" if kind and kind != title else "")

    def diagnostic(self, found: Diagnostic, id: str) -> Diagnostic:
        """A finding at the statement that made a node, where that is known."""
        span = self.spans.get(self.node_of(id))
        return located(msgspec.structs.replace(found, span=span), self.sources)


def job_of_script(compiled: Compilation, export: Export) -> Job:
    """The export of a script."""
    return Job(
        prompt=export.prompt,
        sources=compiled.sources,
        files=export.files,
        saves=export.saves,
        spans=export.spans,
        folder=Path(compiled.source.name).parent,
    )


def job_of_workflow(workflow: Workflow, source: Source, out: str) -> Job:
    """A workflow file as it is."""
    known = places(source.text)
    spans = {id: span for id in workflow.prompt if (span := known.of(id)) is not None}
    folder = Path(source.name).parent
    return Job(prompt=workflow.prompt, sources=Sources(source), spans=spans, folder=folder, out=out, lines=False)
