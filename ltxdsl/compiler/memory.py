"""Where weights are while a step runs: in the machine's memory, or streamed from main memory layer by layer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.plan import Estimate, Step
from ltxdsl.models import ModelSet

AHEAD = 2  # layers in memory at once while weights are streamed: one computes, one arrives


def fitted(estimate: Estimate, parts: Iterable[str], models: ModelSet, machine: Hardware) -> Estimate:
    """An estimate with its weights: all in memory, or as many as fit and the others streamed at every call.

    `missing` is what is still over the memory. Streaming and computing overlap.
    """
    weights = {part: models.weight_bytes(part) for part in parts}
    total, room = sum(weights.values()), machine.memory - machine.reserved - estimate.bytes
    if total <= room:
        return msgspec.structs.replace(estimate, weights=total)
    layers = {part: layer_bytes(models, part) for part in parts}
    least = sum(AHEAD * layers[part] if layers[part] else weights[part] for part in weights)
    can_stream = not machine.shared and any(layers.values())
    if not can_stream or least > room:
        return msgspec.structs.replace(estimate, weights=total, missing=(least if can_stream else total) - room)
    streamed = total - room + AHEAD * max(layers.values())
    rate = machine.bus if total <= machine.main else machine.disk
    seconds = max(estimate.seconds, estimate.batches * streamed / rate)
    return msgspec.structs.replace(estimate, weights=total - streamed, streamed=streamed, seconds=seconds)


def with_lifetimes(steps: Sequence[Step], models: ModelSet, machine: Hardware) -> tuple[Step, ...]:
    """Say at each step what it loads, and what it lets go of.

    A part stays until its last use, or until there is no room for it: then those go first that are needed last. Parts
    that are streamed never go for others: they keep what room there is.
    """
    streamed = streamed_parts(steps, models)
    uses: dict[str, list[int]] = {}
    for index in range(len(steps) - 1, -1, -1):
        for part in steps[index].parts:
            uses.setdefault(part, []).append(index)  # the next use is at the end
    frees = _frees(steps)
    loaded: set[str] = set()
    placed: list[Step] = []
    for index, step in enumerate(steps):
        evicted = _evicted(step, loaded - streamed, uses, models, machine)
        if evicted and placed:
            before = placed[-1]
            placed[-1] = msgspec.structs.replace(before, unloads=tuple(sorted({*before.unloads, *evicted})))
        loaded -= evicted
        loads = tuple(part for part in step.parts if part not in loaded)
        for part in step.parts:
            uses[part].pop()
        loaded |= set(step.parts)
        unloads = tuple(sorted(part for part in loaded if not uses[part]))
        loaded -= set(unloads)
        placed.append(msgspec.structs.replace(step, loads=loads, unloads=unloads, frees=frees[index]))
    return tuple(placed)


def _evicted(step: Step, loaded: set[str], uses: dict[str, list[int]], models: ModelSet, machine: Hardware) -> set[str]:
    """Parts that have to go before a step so that it fits."""
    others = sorted(loaded - set(step.parts), key=lambda part: uses[part][-1])
    room = machine.memory - machine.reserved - step.estimate.bytes - step.estimate.weights
    kept = sum(models.weight_bytes(part) for part in others)
    evicted = set()
    while others and kept > room and step.parts:
        part = others.pop()
        kept -= models.weight_bytes(part)
        if models.weight_bytes(part):
            evicted.add(part)
    return evicted


def _frees(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    """At each step, the values that no later step reads."""
    later: set[str] = set()
    frees = []
    for step in reversed(steps):
        touched = {*step.inputs.values(), *(f"{step.id}.{port}" for port in step.outputs)}
        frees.append(tuple(sorted(touched - later)))
        later |= touched
    return frees[::-1]


def main_peak(steps: Iterable[Step], pictures: Mapping[str, float], models: ModelSet, machine: Hardware) -> float:
    """The most main memory at any step: pictures between steps, and where weights pass through it or are changed, they.

    `pictures` are the bytes of the values that wait there, by their names.
    """
    alive: set[str] = set()
    peak = 0.0
    for step in steps:
        alive |= {name for name in (f"{step.id}.{port}" for port in step.outputs) if name in pictures}
        passing = sum(models.weight_bytes(part) for part in step.parts) if step.estimate.streamed else 0.0
        own = step.estimate.weights + step.estimate.bytes if machine.shared else passing
        loras = lora_bytes(models, [lora["name"] for lora in step.op.get("loras", ())])
        peak = max(peak, own + loras + sum(pictures[name] for name in alive))
        alive -= set(step.frees)
    return peak


def streamed_parts(steps: Iterable[Step], models: ModelSet) -> set[str]:
    """The parts that some step has no room for."""
    return {part for step in steps if step.estimate.streamed for part in step.parts if layer_bytes(models, part)}


def peaks(steps: Sequence[Step], models: ModelSet) -> dict[str, float]:
    """The most memory in use at each step, by its id: loaded weights and the step's own tensors."""
    loaded: set[str] = set()
    streamed = streamed_parts(steps, models)
    found = {}
    for step in steps:
        loaded |= set(step.loads)
        others = sum(models.weight_bytes(part) for part in sorted(loaded - set(step.parts) - streamed))
        found[step.id] = others + step.estimate.weights + step.estimate.bytes
        loaded -= set(step.unloads)
    return found


def layer_bytes(models: ModelSet, part: str) -> float:
    """The weights of one layer of a part that can be streamed layer by layer; 0 for the others."""
    model = models.architecture
    layers = {"transformer": model.transformer.layers, "text_encoder": model.text_encoder.layers}
    return models.weight_bytes(part) / layers[part] if part in layers else 0.0


def lora_bytes(models: ModelSet, names: Iterable[str]) -> float:
    """Main memory that the LoRAs of a pass take: their files, and the weights that they change, to be put back."""
    read = [_lora_file_bytes(models, name) for name in names]
    t = models.architecture.transformer
    return sum(read) + (bool(read) * t.layers * t.layer_parameters * models.architecture.bytes_per_weight)


def _lora_file_bytes(models: ModelSet, name: str) -> float:
    """The file's size, or that of a LoRA of its rank (32 if nothing is known) on every product of the layers."""
    path = models.lora_path(name)
    if os.path.isfile(path):
        return float(path.stat().st_size)
    known = models.loras.get(name)
    rank = known.rank if known and known.rank else 32
    t = models.architecture.transformer
    pairs = sum(2 * (a.query + a.inner) + 2 * (a.context + a.inner) + a.query + a.heads for a in t.attentions())
    pairs += 2 * 5 * (t.video_width + t.audio_width)
    return 2.0 * rank * pairs * t.layers
