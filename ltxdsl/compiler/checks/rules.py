"""What a rule is: its code, its docs and its check, declared together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

from ltxdsl.compiler.bind import Bound
from ltxdsl.compiler.facts import facts_of
from ltxdsl.compiler.graph import Node, Ref
from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.lower import Scene
from ltxdsl.compiler.plan import Advice
from ltxdsl.compiler.stage import Stage
from ltxdsl.compiler.suppress import Known
from ltxdsl.diagnostics import Diagnostic, Fix, Severity
from ltxdsl.models import ModelSet
from ltxdsl.ops.base import Op
from ltxdsl.ops.declare import Role, S, Statement
from ltxdsl.ops.facts import Facts
from ltxdsl.ops.structure import Shot
from ltxdsl.source import Source, Span
from ltxdsl.targets import COMFY, LOCAL, Target

T = TypeVar("T", bound=Statement)


class Program(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What rules look at: typed statements, the passes, the graph with its facts, the models, the target."""

    source: Source
    broken: bool  # some statements could not be bound, and are not among the bound ones
    bound: Bound
    scene: Scene
    models: ModelSet
    on: Target
    machine: Hardware | None = None  # what it must fit on, if that is asked

    @property
    def target(self) -> str:
        """The target's name, `local` or `comfy`; `on` knows its version and its facts."""
        return self.on.name

    @property
    def stages(self) -> list[Stage]:
        """The sampled passes in order."""
        return self.scene.stages

    def written(self, span: Span) -> str:
        """What stands at a span, in whichever file it lies."""
        spot = self.bound.sources.spot(span)
        return spot.source[spot.span]

    def each(self, cls: S) -> Iterator[Any]:
        """Every statement of a kind, those in blocks too."""
        kinds = [kind for kind in self._by_kind if issubclass(kind, cls)]
        if len(kinds) == 1:
            return iter(self._by_kind[kinds[0]])
        return (s for s in self._statements if isinstance(s, cls)) if kinds else iter(())

    def held(self, kind: type[T], once: bool = False) -> Iterator[tuple[Stage, T]]:
        """Each pass with the setting of a kind that holds for it; `once`: a setting in its first pass alone."""
        seen: set[int] = set()
        for stage in self.stages:
            said = stage.settings.get(kind)
            if said is not None and not (once and id(said) in seen):
                seen.add(id(said))
                yield stage, said

    @cached_property
    def _statements(self) -> list[Statement]:
        return list(_with_blocks(self.bound.statements))

    @cached_property
    def _by_kind(self) -> dict[type[Statement], list[Statement]]:
        kinds: dict[type[Statement], list[Statement]] = {}
        for statement in self._statements:
            kinds.setdefault(type(statement), []).append(statement)
        return kinds

    @cached_property
    def facts(self) -> dict[Ref, Facts]:
        """What is known of every value of the graph."""
        return facts_of(self.scene.graph)

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """What does not fit the machine that is asked for."""
        if self.machine is None:
            return ()
        from ltxdsl.compiler.advice import advice_of  # only where a machine is named: a check starts fast

        return advice_of(self.scene.graph, self.models, self.machine)

    def ops(self, cls: type[Op]) -> Iterator[Node]:
        """Every node of an op, in the graph as it was written."""
        return iter(self._by_op.get(cls, ()))

    @cached_property
    def _by_op(self) -> dict[type[Op], list[Node]]:
        return _nodes_by_op(self.scene.graph)

    def share(self, facts: dict[Ref, Facts], nodes: Iterable[Node]) -> None:
        """Take what is known of the whole graph, and look at these nodes only: a shot's own."""
        self.__dict__.update(facts=facts, _by_op=_nodes_by_op(nodes))


def _nodes_by_op(nodes: Iterable[Node]) -> dict[type[Op], list[Node]]:
    kinds: dict[type[Op], list[Node]] = {}
    for node in nodes:
        kinds.setdefault(type(node.op), []).append(node)
    return kinds


def _with_blocks(statements: Iterable[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        yield from _with_blocks(statement.settings)


class Finding(NamedTuple):
    """One place where a rule is broken."""

    message: str
    span: Span | None = None
    hint: str = ""
    fixes: tuple[Fix, ...] = ()


Check = Callable[[Program], Iterator[Finding]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule: `why` is the knowledge behind it, `wrong` and `right` are scripts that break and keep it.

    `asked` is what the two scripts are given from outside, as fields of a `Request`; `asked_right` if the right one
    is given something else.
    """

    code: str
    title: str
    severity: Severity
    why: str
    wrong: str
    right: str
    source: str = "the language itself, docs/language.md"
    check: Check | None = None  # None: the parser or the binder finds it
    whole: bool = False  # looks at all shots together, too
    targets: tuple[str, ...] = (LOCAL, COMFY)  # where it can find something
    optional: bool = False  # an error that a script or a project may turn down
    asked: dict[str, Any] = {}
    asked_right: dict[str, Any] = {}

    @property
    def needed(self) -> bool:
        """Whether what comes after relies on it: such an error cannot be allowed, turned down or turned off."""
        return self.severity is Severity.ERROR and not self.optional

    @property
    def request(self) -> dict[str, Any]:
        """What its wrong script is checked with."""
        return {**({} if LOCAL in self.targets else {"target": self.targets[0]}), **self.asked}

    @property
    def family(self) -> str:
        """The subject, by the tens of the code."""
        return FAMILIES[self.code[:-1]]


FAMILIES = {
    "LTX00": "the script",
    "LTX01": "size and time",
    "LTX02": "pictures and guides",
    "LTX03": "prompts in time",
    "LTX04": "passes and schedules",
    "LTX05": "guidance",
    "LTX06": "models",
    "LTX07": "results",
    "LTX08": "files",
    "LTX09": "targets",
    "LTX10": "sound",
    "LTX11": "the timeline",
    "LTX12": "colour and frames",
    "LTX13": "references and controls",
    "LTX14": "samplers and guiders",
    "LTX15": "structure",
    "LTX16": "source files",
    "LTX17": "ComfyUI's nodes",
    "LTX18": "suppressions and settings",
    "LTX19": "model files",
    "LTX20": "prompt texts",
    "LTX21": "memory",
    "LTX22": "other passes and tools",
    "LTX23": "LoRAs in time",
    "LTX24": "long takes and voices",
    "LTX25": "slips",
    "LTX26": "expectations",
    "LTX27": "upscales",
    "LTX28": "workflow files",
    "LTX29": "workflow files: the clip",
    "LTX30": "ComfyUI servers",
}

RULES: dict[str, Rule] = {}


def rule(code: str, title: str, severity: Severity, **docs: Any) -> Callable[[Check], Check]:
    """Declare the rule that a check enforces."""

    def declare(check: Check) -> Check:
        assert code not in RULES, code
        RULES[code] = Rule(code=code, title=title, severity=severity, check=check, **docs)
        return check

    return declare


def known_elsewhere(code: str, title: str, severity: Severity = Severity.ERROR, **docs: Any) -> None:
    """Declare a rule that the parser or the binder enforces."""
    RULES[code] = Rule(code=code, title=title, severity=severity, **docs)


def known_at_run(code: str, title: str, why: str) -> None:
    """Declare what only a run can find; no script breaks it by itself."""
    known_elsewhere(code, title, why=why, wrong="", right="", source="the runtime, docs/running.md")


def known_rules(target: Target) -> Known:
    """What the comments that allow findings are held against."""
    needed = frozenset(code for code, rule in RULES.items() if rule.needed)
    here = frozenset(code for code, rule in RULES.items() if target.name in rule.targets and (rule.wrong or rule.check))
    return Known(frozenset(RULES), needed, here)


def check_all(program: Program) -> Iterator[Diagnostic]:
    """Everything that the rules find. A shot is checked as the script that it would be by itself.

    What is no error and speaks of a statement outside the shots must hold for all of them.
    """
    if not program.scene.shots:
        yield from check(program)
        return
    parts = _parts(program)
    seen: dict[object, int] = {}
    for part, outside in parts:
        for found in check(part):
            if found.span is None or not any(s.start <= found.span.start < s.end for s in outside):
                yield found
                continue
            key = (found.code, found.span)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] == (1 if found.severity is Severity.ERROR else len(parts)):
                yield found
    yield from check(program, whole=True)


def _parts(program: Program) -> list[tuple[Program, list[Span]]]:
    """The clips of a script, each as a program of its own, and the statements that hold in it from outside."""
    statements = tuple(s for s in program.bound.statements if s.body != "script")
    own = msgspec.structs.replace(program.bound, statements=statements)
    parts: list[tuple[Program, list[Span]]] = []
    if any(s.role is Role.ACTION for s in statements):
        parts.append((msgspec.structs.replace(program, bound=own), []))
    said = {s.name: s for s in program.bound.statements if isinstance(s, Shot)}
    for name, scene in program.scene.shots.items():
        bound = msgspec.structs.replace(own, statements=(*scene.outside, *said[name].settings))
        parts.append((msgspec.structs.replace(program, bound=bound, scene=scene), [s.span for s in scene.outside]))
    nodes = _nodes_by_shot(program)
    for part, _ in parts:
        part.share(program.facts, nodes.get(part.scene.shot, []))
    return parts


def _nodes_by_shot(program: Program) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in program.scene.graph:
        found.setdefault(node.stage.rpartition(": ")[0], []).append(node)
    return found


def check(program: Program, whole: bool = False) -> Iterator[Diagnostic]:
    """What the rules find in one clip; or those that look at all, in all.

    Where statements could not be bound, what is not an error may only follow.
    """
    for found in RULES.values():
        if program.target not in found.targets or (program.broken and found.severity is not Severity.ERROR):
            continue
        if whole and not found.whole:
            continue
        for message, span, hint, fixes in found.check(program) if found.check else ():
            yield Diagnostic(found.code, found.severity, message, span, found.why, hint, fixes)
