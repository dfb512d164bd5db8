"""Export as the commands use it: what ComfyUI's nodes cannot say is a finding, not an exception."""

from __future__ import annotations

from ltxdsl.comfy.export import Export, ExportError, export_prompt
from ltxdsl.compiler import Compilation
from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Diagnostic, Severity
from ltxdsl.models import ModelSet


def exported(
    compiled: Compilation, models: ModelSet, style: str = "packs"
) -> tuple[Export | None, tuple[Diagnostic, ...]]:
    """The export with everything found so far, or no export and one finding more."""
    if not compiled.ok:
        return None, compiled.diagnostics
    try:
        return export_prompt(compiled, models, style), compiled.diagnostics
    except ExportError as error:
        hint = "`--style packs` takes them" if style == "native" else "`ltx run` can do it here"
        problem = Diagnostic("LTX091", Severity.ERROR, str(error), why=RULES["LTX091"].why, hint=hint)
        return None, (*compiled.diagnostics, problem)
