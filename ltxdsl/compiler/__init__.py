"""The compiler: text to graph to plan. `compile` is the whole way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ltxdsl.compiler.bind import bind
from ltxdsl.compiler.checks import RULES, Program, check_all, known_rules
from ltxdsl.compiler.graph import Graph
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.compiler.lower import Scene
from ltxdsl.compiler.outputs import only_shots, with_outputs, with_seed
from ltxdsl.compiler.passes import (
    drop_dead,
    drop_unneeded_inputs,
    fold_constants,
    insert_crops,
    share_equal,
    skip_unchanged,
)
from ltxdsl.compiler.scope import Input
from ltxdsl.compiler.severities import weighed
from ltxdsl.compiler.stage import Stage
from ltxdsl.compiler.suppress import suppressed
from ltxdsl.diagnostics import Diagnostic, Severity, has_errors, located
from ltxdsl.grammar import parse
from ltxdsl.grammar.tree import Script
from ltxdsl.models import ModelSet
from ltxdsl.ops import Statement
from ltxdsl.ops.declare import NOWHERE
from ltxdsl.source import Source, Sources, Span, Spot
from ltxdsl.targets import COMFY, LOCAL, Target, UnknownTarget, target_named

# Crops are part of the meaning: without them later stages would see guide tokens as frames.
LEGALIZE = (insert_crops,)
# Constants are folded first: what is neutral may make more inputs unneeded and more ops equal. What comes out as it
# went in is skipped before dead ops go. Equal ops are shared last, when nothing stands between them any more.
OPTIMIZE = (fold_constants, skip_unchanged, drop_unneeded_inputs, drop_dead, share_equal)

LONGEST_MESSAGE = 300  # a message may quote what was written


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a script from outside.

    Values of its inputs; the target, such as `comfy@0.27`; severities of rules, by their codes; the output file; the
    seed; the shots; the hardware that it must fit on.
    """

    given: dict[str, str] = {}
    target: str = LOCAL
    severities: dict[str, str] = {}
    output: str = ""
    seed: int | None = None
    shots: tuple[str, ...] = ()  # only these; all if empty
    hardware: str = ""  # a name of HARDWARE; nothing is held against it if empty


class Compilation(msgspec.Struct, frozen=True, kw_only=True):
    """Every stage of a script on its way. Spans of statements, stages and graph are those of `sources`."""

    source: Source
    sources: Sources
    script: Script
    statements: tuple[Statement, ...]
    inputs: dict[str, Input]
    stages: tuple[Stage, ...]
    graph: Graph
    diagnostics: tuple[Diagnostic, ...]
    shown: tuple[str, ...] = ()  # texts that a run here prints

    @property
    def ok(self) -> bool:
        """Whether it can be planned, run and exported."""
        return not has_errors(self.diagnostics)

    @property
    def library(self) -> bool:
        """Whether it is right, and only gives names to others: nothing comes of it by itself."""
        return self.ok and not self.stages and all(node.op.pure for node in self.graph)


def analyze(source: Source, models: ModelSet, request: Request = Request()) -> Compilation:  # noqa: B008 - frozen
    """Text to graph as written, with everything that was found on the way. It is all that `ltx check` needs."""
    script, unparsed = parse(source)
    bound, unbound = bind(script, models, request.given, source)
    bound, missing = only_shots(with_seed(bound, request.seed), request.shots)
    bound, misplaced = with_outputs(bound, request.output, source)
    target, unknown = _target(request.target)
    scene = Scene(models, target.name)
    scene.run(bound.statements)
    broken = has_errors(unbound)
    machine = HARDWARE.get(request.hardware)
    program = Program(source=source, broken=broken, bound=bound, scene=scene, models=models, on=target, machine=machine)
    found = [*unparsed, *unknown, *unbound, *missing, *misplaced, *(() if unparsed else check_all(program))]
    files = [(source, script), *bound.files]
    kept = _allowed(_placed(found, bound.sources), files, target, complete=not (unparsed or broken or bound.library))
    diagnostics = [_with_reason(d) for d in weighed(kept, request.severities, RULES)]
    return Compilation(
        source=source,
        sources=bound.sources,
        script=script,
        statements=bound.statements,
        inputs=bound.inputs,
        stages=tuple(scene.all_stages),
        graph=scene.graph,
        diagnostics=tuple(sorted(diagnostics, key=_order)),
        shown=tuple(scene.shown),
    )


def _target(name: str) -> tuple[Target, list[Diagnostic]]:
    """The target of that name, or the nearest to it and what is wrong with it."""
    try:
        return target_named(name), []
    except UnknownTarget as error:
        found = Diagnostic("LTX092", Severity.ERROR, str(error), hint=error.hint)
        return Target(COMFY if name.startswith(COMFY) else LOCAL), [found]


def _placed(found: Iterable[Diagnostic], sources: Sources) -> list[Diagnostic]:
    """Findings at the places that they mean. What one text gives in several uses or rounds is shown for the first."""
    first: dict[object, tuple[Spot, ...]] = {}
    kept: dict[object, Diagnostic] = {}
    for d in (located(d, sources) for d in found):
        if first.setdefault((d.code, d.span, id(d.source)), d.trail) == d.trail:
            kept.setdefault((d.code, d.message, d.span, id(d.source)), d)
    return list(kept.values())


def _allowed(
    found: list[Diagnostic], files: list[tuple[Source, Script]], target: Target, complete: bool
) -> Iterator[Diagnostic]:
    """What no comment in its own file allows."""
    known = known_rules(target)
    for index, (source, script) in enumerate(files):
        own = None if index == 0 else source
        here = [d for d in found if d.source is own]
        kept = suppressed(here, script, source, known, complete=complete and index == 0)
        yield from (msgspec.structs.replace(d, source=own) for d in kept)


def _order(found: Diagnostic) -> tuple[str, bool, Span, str]:
    """The script's own findings first, then file by file."""
    return (found.source.name if found.source else "", found.span is None, found.span or NOWHERE, found.code)


def _with_reason(found: Diagnostic) -> Diagnostic:
    """What the parser and the binder find is explained where its rule is declared."""
    return msgspec.structs.replace(found, message=_short(found.message), why=found.why or RULES[found.code].why)


def _short(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"


def transform(graph: Graph, optimize: bool = True) -> Graph:
    """The graph as it will run: legal, and without needless work."""
    graph = graph.copy()
    for step in (*LEGALIZE, *(OPTIMIZE if optimize else ())):
        graph = step(graph)
    return graph


def compile(
    source: Source,
    models: ModelSet,
    request: Request = Request(),  # noqa: B008 - frozen
    optimize: bool = True,
) -> Compilation:
    """The whole way from text to the graph that will run; with errors, the graph stays as written."""
    found = analyze(source, models, request)
    if found.library:
        nothing = Diagnostic("LTX040", Severity.ERROR, "the file gives recipes, and makes nothing by itself")
        hint = 'import it, and `use` one: `import "' + source.name + '"`'
        nothing = msgspec.structs.replace(_with_reason(nothing), hint=hint)
        found = msgspec.structs.replace(found, diagnostics=(*found.diagnostics, nothing))
    if not found.ok:
        return found
    return msgspec.structs.replace(found, graph=transform(found.graph, optimize))
