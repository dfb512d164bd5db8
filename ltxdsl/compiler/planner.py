"""Graph to plan: an order that loads each model once where it can, keys for the store, lifetimes, estimates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from ltxdsl import geometry
from ltxdsl.compiler import cost
from ltxdsl.compiler.cost import HARDWARE, Hardware
from ltxdsl.compiler.graph import Graph, Node
from ltxdsl.compiler.order import order_by_residency
from ltxdsl.compiler.plan import Estimate, Plan, Step
from ltxdsl.compiler.plan import Stage as PlannedStage
from ltxdsl.compiler.stage import Stage
from ltxdsl.models import ModelSet

STORE_FORMAT = "1"


def plan(graph: Graph, stages: Iterable[Stage], models: ModelSet, hardware: str = "cpu") -> Plan:
    """The steps of a compiled graph, in order."""
    machine = HARDWARE[hardware]
    by_name = {s.name: s for s in stages}
    order = order_by_residency(graph)
    keys: dict[str, str] = {}
    parts = {part: models.fingerprint(part) for part in sorted({part for n in order for part in n.op.uses})}
    steps = []
    for node in order:
        keys[node.id] = step_key(node, keys, parts, models)
        steps.append(_step(node, keys[node.id], _estimate(node, by_name, models, machine)))
    placed = _with_lifetimes(steps)
    return Plan(
        models=models.name,
        hardware=hardware,
        stages=tuple(_stage(s, models, machine, _peak(placed, models, s.name)) for s in by_name.values()),
        steps=placed,
        outputs=tuple(_path(s) for s in placed if "file" in s.outputs),
        peak_bytes=_peak(placed, models),
        estimate=_total(placed, models, machine),
    )


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
    if not path or not file.is_file():
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


def _with_lifetimes(steps: list[Step]) -> tuple[Step, ...]:
    """Say at each step what it loads, and what nothing after it needs."""
    later_parts: set[str] = set()
    later_values: set[str] = set()
    backwards = []
    for step in reversed(steps):
        made = {f"{step.id}.{port}" for port in step.outputs}
        read = set(step.inputs.values()) | made
        backwards.append((step, tuple(sorted(set(step.parts) - later_parts)), tuple(sorted(read - later_values))))
        later_parts |= set(step.parts)
        later_values |= set(step.inputs.values())
    loaded: set[str] = set()
    placed = []
    for step, unloads, frees in reversed(backwards):
        loads = tuple(part for part in step.parts if part not in loaded)
        loaded = (loaded | set(step.parts)) - set(unloads)
        placed.append(msgspec.structs.replace(step, loads=loads, unloads=unloads, frees=frees))
    return tuple(placed)


def _estimate(node: Node, stages: dict[str, Stage], models: ModelSet, machine: Hardware) -> Estimate:
    """By what the op uses: the transformer, the text encoder, the decoder; the rest is small."""
    model = models.architecture
    stage = stages.get(node.stage) or _last_of_shot(node.stage, stages)
    if stage is None:
        return Estimate()
    if "transformer" in node.op.uses:
        return cost.sampling(stage, model, machine)
    if "text_encoder" in node.op.uses:
        return cost.text_encoding(model, machine)
    if "video_vae" in node.op.uses:
        if "image" in node.op.outputs:
            return cost.decoding(stage, model, machine, getattr(node.op, "tile", 0))
        return Estimate(seconds=0.05)
    return Estimate(seconds=0.02)


def _last_of_shot(name: str, stages: dict[str, Stage]) -> Stage | None:
    """The last pass of the shot whose output this is; of the script, outside shots."""
    shot = name.rpartition(": ")[0]
    of_shot = [s for s in stages.values() if s.name.rpartition(": ")[0] == shot]
    return of_shot[-1] if of_shot else next(reversed(stages.values()), None)


def _stage(stage: Stage, models: ModelSet, machine: Hardware, peak: float) -> PlannedStage:
    rows, columns = geometry.cells(stage.width, stage.height)
    latent = geometry.latent_frames(stage.frames)
    loras = tuple(f"{use.name} {use.strength:g}" for use in stage.loras)
    return PlannedStage(
        name=stage.name,
        width=stage.width,
        height=stage.height,
        frames=stage.frames,
        fps=stage.fps,
        latent=(latent, rows, columns),
        tokens=latent * rows * columns,
        guide_tokens=stage.guide_latents * rows * columns,
        audio_tokens=geometry.audio_latents(stage.frames, stage.fps),
        sampler=stage.sampler,
        sigmas=stage.sigmas,
        cfg=stage.cfg,
        calls=cost.model_calls(stage),
        models=(stage.role.base, *loras),
        peak_bytes=peak,
        estimate=cost.sampling(stage, models.architecture, machine),
    )


def _peak(steps: Iterable[Step], models: ModelSet, stage: str = "") -> float:
    """The most memory at any step, or at any of a stage: loaded weights and the step's own tensors."""
    loaded: set[str] = set()
    peak = 0.0
    for step in steps:
        loaded |= set(step.loads)
        weights = sum(cost.part_bytes(models.architecture, part) for part in loaded)
        if not stage or (step.stage == stage and "transformer" in step.parts):
            peak = max(peak, weights + step.estimate.bytes)
        loaded -= set(step.unloads)
    return peak


def _total(steps: Iterable[Step], models: ModelSet, machine: Hardware) -> Estimate:
    loads = [part for step in steps for part in step.loads]
    loading = sum(cost.part_bytes(models.architecture, part) for part in loads) / machine.read_bytes
    return Estimate(
        seconds=machine.start_seconds + loading + sum(s.estimate.seconds for s in steps),
        flops=sum(s.estimate.flops for s in steps),
    )


def _path(step: Step) -> str:
    return str(step.op.get("path", ""))
