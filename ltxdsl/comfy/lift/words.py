"""Samplers, schedules and sigmas of nodes, as a script has them."""

from __future__ import annotations

import re
from typing import Any

from ltxdsl.comfy.lift.target import Target, is_number
from ltxdsl.comfy.samplers import NODES
from ltxdsl.comfy.sampling import sigma_text
from ltxdsl.ops.kinds import EQUATIONS
from ltxdsl.sampling.samplers import SAMPLERS
from ltxdsl.sampling.schedules import SCHEDULES
from ltxdsl.values import plain


def listed(text: str, sigmas: list[float]) -> str:
    """Sigmas with their own digits, where a script can have them."""
    own = text.split(", ")
    can = all(re.fullmatch(r"\d+(\.\d*)?", one) for one in own) and [float(one) for one in own] == sigmas
    return text if can else sigma_text(tuple(sigmas))


def sampler_words(target: Target, id: str | None) -> list[str]:
    """The sampler's name here."""
    if id is None:
        return []
    if target.kind(id) in ("KSamplerSelect", "KSampler"):
        name = target.value(id, "sampler_name")
        return [next((ours for ours, entry in SAMPLERS.items() if entry.comfy == name), "euler")]
    return [next((ours for ours, (kind, _) in NODES.items() if kind == target.kind(id)), "euler")]


def sampler_options(target: Target, id: str | None) -> list[str]:
    """A `sampler` statement with the options of the sampler's node."""
    name = next(iter(sampler_words(target, id)), "")
    if id is None or not name or target.kind(id) in ("KSamplerSelect", "KSampler"):
        return []
    inputs = {"kind" if key == "solver_type" and name == "er_sde" else key: v for key, v in target.inputs(id).items()}
    usual, equations = SAMPLERS[name].options, {equation: word for word, equation in EQUATIONS.items()}
    said = []
    for key, value in inputs.items():
        word = equations.get(value, value) if isinstance(value, str) else value
        if key in usual and usual[key] != value and (is_number(word) or str(word).isidentifier()):
            said.append(f"{key} {plain(word) if is_number(word) else word}")
    return [f"sampler {name} {' '.join(said)}"] if said else []


def schedule_word(name: Any) -> str:
    """A schedule's name here."""
    return next((ours for ours, entry in SCHEDULES.items() if entry.comfy == name), "ltxv")
