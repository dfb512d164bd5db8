"""Which nodes are ComfyUI's own, and which are of packs that a person must have installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ltxdsl.comfy.builder import Export, ExportError, Place
from ltxdsl.comfy.interface import Info
from ltxdsl.compiler import Compilation
from ltxdsl.source import Span

STYLES = ("packs", "native")
CUSTOM = "custom_nodes"
MOST_SAID = 3


def pack_of(class_type: str, catalogue: Mapping[str, Info]) -> str:
    """The pack that a class is of; nothing if it is ComfyUI's own."""
    if class_type not in catalogue:
        return "a pack that the catalogue does not know"
    first, _, rest = str(catalogue[class_type].get("python_module", "")).partition(".")
    return rest.partition(".")[0] if first == CUSTOM else ""


def only_native(export: Export, compilation: Compilation, catalogue: Mapping[str, Info]) -> Export:
    """The same export; what is not of ComfyUI's own nodes is an ExportError that names the statements."""
    found: dict[str, dict[str, None]] = {}
    for where, what in _foreign(export, compilation, catalogue):
        found.setdefault(where, {})[what] = None
    if not found:
        return export
    said = [f"{where} needs {', '.join(what)}" for where, what in found.items()]
    more = f"; and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    raise ExportError(f"ComfyUI's own nodes have no equal: {'; '.join(said[:MOST_SAID])}{more}")


def _foreign(export: Export, compilation: Compilation, catalogue: Mapping[str, Info]) -> Iterator[tuple[str, str]]:
    """The statement, or else the node's title, and the class with its pack."""
    for id, node in export.prompt.items():
        if pack := pack_of(node["class_type"], catalogue):
            where = _statement(export.places.get(id), compilation)
            yield where or node["_meta"]["title"], f"{node['class_type']} ({pack})"


def _statement(place: Place | None, compilation: Compilation) -> str:
    """The statement that a node was written for, as the script has it; of a pass with its name."""
    source, op = compilation.source, place.op if place else None
    spans = {stage.name: stage.statement.span for stage in compilation.stages}
    span = op if isinstance(op, Span) else spans.get(str(op))
    if span is None:
        return ""
    if span.end > len(source.text):  # of a recipe, or of another file
        return str(op) if isinstance(op, str) else ""
    line, _ = source.line_column(span.start)
    words = source[span].splitlines()[0].rstrip(" {")
    return f"line {line}, `{words}`{f' ({op})' if isinstance(op, str) else ''}"
