"""The node of a sampler: KSamplerSelect, or one that takes options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.ops.nodes import Sample
from ltxdsl.sampling.samplers import SAMPLERS

Options: TypeAlias = Mapping[str, Any]

# Node class and inputs, from all options of a sampler.
NODES: dict[str, tuple[str, Callable[[Options], dict[str, Any]]]] = {
    "euler_ancestral": ("SamplerEulerAncestral", dict),
    "euler_ancestral_cfg_pp": ("SamplerEulerAncestralCFGPP", dict),
    "dpmpp_2s_ancestral": ("SamplerDPMPP_2S_Ancestral", dict),
    "dpmpp_2m_sde": ("SamplerDPMPP_2M_SDE", lambda o: {**o, "noise_device": "cpu"}),
    "dpmpp_2m_sde_heun": ("SamplerDPMPP_2M_SDE", lambda o: {**o, "solver_type": "heun", "noise_device": "cpu"}),
    "dpmpp_sde": ("SamplerDPMPP_SDE", lambda o: {**o, "noise_device": "cpu"}),
    "seeds_2": ("SamplerSEEDS2", dict),
    "exp_heun_2_x0": ("SamplerSEEDS2", lambda o: {**o, "eta": 0.0, "s_noise": 0.0, "r": 1.0}),
    "exp_heun_2_x0_sde": ("SamplerSEEDS2", lambda o: {**o, "r": 1.0}),
    "lcm": ("SamplerLCM", lambda o: {**o, "s_noise_end": o["s_noise"], "noise_clip_std": 0.0}),
    "er_sde": (
        "SamplerER_SDE",
        lambda o: {"solver_type": o["kind"], **{name: o[name] for name in ("max_stage", "eta", "s_noise")}},
    ),
    "res_2s": (
        "ClownSampler_Beta",
        lambda o: {"eta": o["eta"], "sampler_name": "exponential/res_2s", "seed": -1, "bongmath": bool(o["bong"])},
    ),
}
BROWNIAN = ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun")  # whose noise is that of a Brownian tree in time
ALWAYS = ("res_2s",)  # with their node also where no option is said


def sampler_node(builder: PromptBuilder, op: Sample) -> Link:
    """The sampler of a pass."""
    entry, given = SAMPLERS[op.sampler], dict(op.options)
    if not given and op.sampler not in ALWAYS:
        return builder.add("KSamplerSelect", builder.titled(f"sampler {entry.comfy}"), sampler_name=entry.comfy)
    if op.sampler not in NODES:
        said = ", ".join(given)
        raise ExportError(f"{builder.stage}: ComfyUI has no node that gives {op.sampler} its {said}")
    if op.sampler == "res_2s":
        builder.note(f"{builder.stage}: res_2s is RES4LYF's in ComfyUI: the same steps, with noise of another kind")
    name, inputs = NODES[op.sampler]
    shown = " ".join(f"{key} {value}" for key, value in given.items())
    return builder.add(name, f"sampler {op.sampler} {shown}".strip(), **inputs({**entry.options, **given}))
