"""The plan: steps in order, flat and printable. The executor and `ltx plan` read nothing else."""

from __future__ import annotations

from typing import Any

import msgspec


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a step is expected to cost on the chosen hardware.

    `bytes` are activations and outputs; `weights` lie in memory beside them, `streamed` ones come over the bus at
    each of the `batches` calls; `missing` is what is too much for the memory.
    """

    seconds: float = 0.0
    flops: float = 0.0
    bytes: float = 0.0
    weights: float = 0.0
    streamed: float = 0.0
    missing: float = 0.0
    batches: int = 1


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What an optimization saved: steps, of them encodes (text and pictures), model loads, bytes, seconds, FLOPs."""

    steps: int = 0
    encodes: int = 0
    loads: int = 0
    bytes: float = 0.0
    seconds: float = 0.0
    flops: float = 0.0


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a pass of the compiler did, in words, and what it saved."""

    by: str
    what: str
    saved: Saved = Saved()


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What does not fit the hardware at one step, and changes that have been worked out to help.

    `kind`: memory or decode, which stop a run; stream or disk, which slow it down.
    """

    kind: str
    what: str
    remedies: tuple[str, ...] = ()
    node: str = ""
    stage: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call of one kernel.

    `inputs` maps ports to `step.port`; `parts` are what must be loaded, `loads` those not yet loaded at this
    point, `unloads` those that no later step needs; `frees` are values that no later step reads. `key` names the
    result in the store.
    """

    id: str
    kernel: str
    op: dict[str, Any]  # the op's parameters, tagged with its type
    inputs: dict[str, str]
    outputs: tuple[str, ...]
    key: str
    label: str
    stage: str = ""
    pure: bool = True
    stored: bool = False
    parts: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    unloads: tuple[str, ...] = ()
    frees: tuple[str, ...] = ()
    estimate: Estimate = Estimate()


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to know about one pass."""

    name: str
    width: int
    height: int
    frames: int
    fps: float
    latent: tuple[int, int, int]  # frames, rows, columns
    tokens: int
    guide_tokens: int
    audio_tokens: int
    sampler: str = ""
    sigmas: tuple[float, ...] = ()
    cfg: tuple[float, ...] = ()
    calls: int = 0  # transformer evaluations, counting each row of a batch
    models: tuple[str, ...] = ()
    peak_bytes: float = 0.0  # while it samples
    estimate: Estimate = Estimate()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that will happen, in order."""

    models: str
    hardware: str
    stages: tuple[Stage, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    memory: float = 0.0  # what the hardware has
    peak_bytes: float = 0.0
    main_memory: float = 0.0
    main_bytes: float = 0.0  # in main memory: streamed weights, what LoRAs put aside, pictures between steps
    reasons: tuple[Reason, ...] = ()
    advice: tuple[Advice, ...] = ()
    estimate: Estimate = Estimate()
