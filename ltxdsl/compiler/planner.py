"""Graph to plan: an order that loads each model once where it can, keys for the store, lifetimes, estimates."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from ltxdsl.compiler import cost
from ltxdsl.compiler.advice import advice_of
from ltxdsl.compiler.facts import facts_of
from ltxdsl.compiler.graph import Graph, Node, Ref
from ltxdsl.compiler.hardware import HARDWARE, Hardware
from ltxdsl.compiler.memory import fitted, main_peak, peaks, with_lifetimes
from ltxdsl.compiler.order import order_by_residency
from ltxdsl.compiler.plan import Estimate, Plan, Step
from ltxdsl.compiler.plan import Stage as PlannedStage
from ltxdsl.compiler.reasons import reasons_of, value_bytes
from ltxdsl.compiler.stage import Stage
from ltxdsl.models import ModelSet
from ltxdsl.ops.base import Port
from ltxdsl.ops.facts import Facts

STORE_FORMAT = "1"


def plan(graph: Graph, stages: Iterable[Stage], models: ModelSet, hardware: str = "cpu") -> Plan:
    """The steps of a compiled graph, in order."""
    machine = HARDWARE[hardware]
    order, facts = order_by_residency(graph), facts_of(graph)
    keys: dict[str, str] = {}
    parts = {part: models.fingerprint(part) for part in sorted({part for n in order for part in n.op.uses})}
    steps = []
    for node in order:
        keys[node.id] = step_key(node, keys, parts, models)
        steps.append(_step(node, keys[node.id], step_estimate(node, facts, models, machine)))
    placed = with_lifetimes(steps, models, machine)
    by_id, peak = {step.id: step for step in placed}, peaks(placed, models)
    sampled = [stage for stage in stages if stage.node in by_id]
    return Plan(
        models=models.name,
        hardware=hardware,
        stages=tuple(_stage(s, graph[s.node], facts, by_id[s.node], peak[s.node]) for s in sampled),
        steps=placed,
        outputs=tuple(_path(s) for s in placed if "file" in s.outputs),
        memory=machine.memory - machine.reserved,
        peak_bytes=max(peak.values(), default=0.0),
        main_memory=machine.main,
        main_bytes=main_peak(placed, _pictures(graph, facts, models), models, machine),
        reasons=reasons_of(graph, order, models, machine),
        advice=advice_of(graph, models, machine),
        estimate=_total(placed, models, machine),
    )


def step_estimate(node: Node, facts: Mapping[Ref, Facts], models: ModelSet, machine: Hardware) -> Estimate:
    """What a node costs, with its weights where they have room."""
    given = {port: facts[ref] for port, ref in node.inputs.items()}
    return fitted(cost.estimate(node.op, given, models, machine), node.op.uses, models, machine)


def _pictures(graph: Graph, facts: Mapping[Ref, Facts], models: ModelSet) -> dict[str, float]:
    """The bytes of the pictures that wait between steps."""
    refs = (Ref(n.id, port) for n in graph for port, kind in n.op.outputs.items() if kind is Port.IMAGE)
    return {str(ref): value_bytes(Port.IMAGE, facts[ref], models.architecture) for ref in refs}


def step_key(node: Node, keys: dict[str, str], parts: dict[str, str], models: ModelSet) -> str:
    """A name for the result: what it is made of, all the way down. `parts` are fingerprints of the models."""
    op = node.op
    made_of = {
        "format": STORE_FORMAT,
        "op": [op.kernel, op.version, op.identity()],
        "inputs": {port: f"{keys[ref.node]}.{ref.port}" for port, ref in sorted(node.inputs.items())},
        "parts": {part: parts[part] for part in op.uses},
        "loras": {use.name: models.lora_fingerprint(use.name) for use in getattr(op, "loras", ())},
        "files": [file_digest(path) for path in op.reads()],
    }
    return hashlib.sha256(msgspec.json.encode(made_of, order="sorted")).hexdigest()


def file_digest(path: str) -> str:
    """The digest of a file's content; `missing` if it is not there."""
    file = Path(path)
    if not path or not os.path.isfile(file):
        return "missing"
    stat = file.stat()
    return _digest(str(file), stat.st_size, stat.st_mtime_ns)


@cache
def _digest(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _step(node: Node, key: str, estimate: Estimate) -> Step:
    return Step(
        id=node.id,
        kernel=node.op.kernel,
        op=msgspec.json.decode(msgspec.json.encode(node.op)),
        inputs={port: str(ref) for port, ref in node.inputs.items()},
        outputs=tuple(node.op.outputs),
        key=key,
        label=node.op.label(),
        stage=node.stage,
        pure=node.op.pure,
        stored=node.op.stored,
        parts=node.op.uses,
        estimate=estimate,
    )


def _stage(stage: Stage, node: Node, facts: Mapping[Ref, Facts], step: Step, peak: float) -> PlannedStage:
    work = node.op.work()
    given = {kind: facts[node.inputs[port]] for port, kind in node.op.inputs.items() if port in node.inputs}
    clip, sound = given.get(Port.LATENT, Facts()), given.get(Port.AUDIO_LATENT, Facts())
    loras = tuple(map(str, getattr(node.op, "loras", ())))
    return PlannedStage(
        name=stage.name,
        width=clip.width,
        height=clip.height,
        frames=clip.frames,
        fps=stage.fps,
        latent=clip.cells,
        tokens=clip.tokens,
        guide_tokens=clip.guide_tokens,
        audio_tokens=sound.audio_latents,
        sampler=stage.sampler,
        sigmas=stage.sigmas,
        cfg=stage.cfg,
        calls=work.calls if work else 0,
        models=(stage.role.base, *loras),
        peak_bytes=peak,
        estimate=step.estimate,
    )


def _total(steps: Iterable[Step], models: ModelSet, machine: Hardware) -> Estimate:
    loads = [part for step in steps for part in step.loads]
    loading = sum(models.weight_bytes(part) for part in loads) / machine.disk
    return Estimate(
        seconds=machine.start_seconds + loading + sum(s.estimate.seconds for s in steps),
        flops=sum(s.estimate.flops for s in steps),
        missing=max((s.estimate.missing for s in steps), default=0.0),
    )


def _path(step: Step) -> str:
    return str(step.op.get("path", ""))
