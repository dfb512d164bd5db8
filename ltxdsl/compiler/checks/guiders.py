"""Rules of guidance beside cfg (stg, modality, rescale), and of the options of samplers and schedules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.compiler.stage import Stage
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops import nodes
from ltxdsl.ops.guidance import Modality, Rescale, Stg
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.patches import SDPA, Attention, Cache
from ltxdsl.ops.sampling import SamplerSetting, ScheduleSetting
from ltxdsl.ops.text import Timed
from ltxdsl.sampling.samplers import SAMPLERS
from ltxdsl.sampling.schedules import SCHEDULES

FEW_STEPS = 10
TIME = re.compile(r"\s*\[\d+(\.\d+)?\s*-\s*\d+(\.\d+)?s?\]")


@rule(
    "LTX140",
    "STG in a block that does not exist",
    Severity.ERROR,
    why="Blocks count from 0. One that does not exist is passed over: STG then costs a call a step and does nothing.",
    wrong='prompt "a lake"\npass dev 30 { stg 1 blocks 48 }',
    right='prompt "a lake"\npass dev 30 { stg 1 }',
    source="diffusers transformer_ltx2.py; LTX-2.3 has 48 blocks, 28 is perturbed",
)
def missing_block(program: Program) -> Iterator[Finding]:
    """By the model set's number of layers; the fix is the set's own block."""
    layers = program.models.architecture.transformer.layers
    usual = ", ".join(map(str, program.models.defaults.stg_blocks))
    for said in program.each(Stg):
        missing = [block for block in said.blocks if block >= layers]
        if missing:
            span = said.span_of("blocks")
            message = f"block {missing[0]} does not exist: the model has {layers}, from 0 to {layers - 1}"
            yield Finding(message, span, fixes=(Fix(span, usual),))


@rule(
    "LTX141",
    "modality scale below 1",
    Severity.WARNING,
    why="1 is off. 0 is not: it makes the extra call and takes the picture that does not hear its sound.",
    wrong='prompt "a lake"\npass dev 30 { modality 0 }',
    right='prompt "a lake"\npass dev 30 { modality 3 }',
    source="ComfyUI-LTXVideo GuiderParameters, whose default of 0 is no off",
)
def modality_below_one(program: Program) -> Iterator[Finding]:
    """For picture or sound."""
    for said in program.each(Modality):
        for field in ("video", "audio"):
            scales = getattr(said, field)
            if scales and (low := [value for value in scales.values if value < 1]):
                span = said.span_of(field)
                fixes = () if scales.runs else (Fix(span, "1"),)
                yield Finding(f"modality {low[0]:g} takes picture and sound apart; off is 1", span, fixes=fixes)


@rule(
    "LTX142",
    "rescale without guidance",
    Severity.WARNING,
    why="Rescaling compares the guided prediction with the plain one; without guidance they are the same.",
    wrong='prompt "a lake"\npass distill 8 { rescale 0.7 }',
    right='prompt "a lake"\npass dev 30 { cfg 3; rescale 0.7 }',
    source="LTX-2 MultiModalGuider",
)
def rescale_without_guidance(program: Program) -> Iterator[Finding]:
    """Where no pass that it holds for has cfg, stg or modality."""
    useless: dict[int, bool] = {}
    for stage, said in program.held(Rescale):
        deltas, steps = stage.deltas, range(stage.steps)
        terms = deltas is not None and any(deltas.perturbs(step) or deltas.isolates(step) for step in steps)
        plain = not terms and all(scale == 1 for scale in (*stage.cfg, *stage.audio_cfg))
        useless[id(said)] = useless.get(id(said), True) and plain
    for said in program.each(Rescale):
        if useless.get(id(said)):
            yield Finding("there is no guidance here to rescale", said.span, "remove it")


@rule(
    "LTX143",
    "cfg++ sampler under ComfyUI's guider of many terms",
    Severity.ERROR,
    why="MultimodalGuider makes no negative prediction at cfg 1, and a `_cfg_pp` sampler needs it: the node crashes.",
    wrong='prompt "a lake"\nnegative "people"\npass distill 8 euler_cfg_pp { modality 2.5 }',
    right='prompt "a lake"\npass distill 8 euler { modality 2.5 }',
    source="ComfyUI-LTXVideo guiders/multimodal_guider.py predict_noise",
    targets=("comfy",),
    optional=True,
)
def cfg_pp_without_negative(program: Program) -> Iterator[Finding]:
    """At cfg 1 for picture and sound, in any step."""
    for stage in program.stages:
        unguided = any(v == 1 and a == 1 for v, a in zip(stage.cfg, stage.audio_cfg, strict=True))
        if stage.deltas and SAMPLERS[stage.sampler].needs_negative and unguided:
            span = stage.statement.span_of("sampler")
            plain = stage.sampler.removesuffix("_cfg_pp")
            yield Finding(f"`{stage.sampler}` with stg, modality or rescale at cfg 1", span, fixes=(Fix(span, plain),))


@rule(
    "LTX144",
    "STG with a guide that is weighed in ComfyUI",
    Severity.ERROR,
    why="A guide whose strength or attention is not 1 splits self-attention in two, and STG's patch counts calls.",
    wrong='prompt "a lake"\nguide "face.png" @ end strength 0.5\npass dev 30 { stg 1 }',
    right='prompt "a lake"\nguide "face.png" @ end\npass dev 30 { stg 1 }',
    source="ComfyUI-LTXVideo stg.py PatchAttention",
    targets=("comfy",),
    optional=True,
)
def stg_with_weighed_guides(program: Program) -> Iterator[Finding]:
    """The node raises an error in the middle of the pass."""
    perturbed = {stage.name: stage.deltas for stage in program.stages if stage.deltas and stage.deltas.blocks}
    for node in program.ops(nodes.AppendGuide):
        if node.stage in perturbed and node.op.attention != 1:  # type: ignore[attr-defined]
            yield Finding("stg in a pass with this guide", node.span, "give it `attention 1`, or leave `stg` out")


@rule(
    "LTX145",
    "option that the sampler or schedule does not have",
    Severity.ERROR,
    why="Each sampler and schedule declares its options; the rest would be ignored without a word.",
    wrong='prompt "a lake"\nsampler euler eta 0.5\npass dev 30',
    right='prompt "a lake"\nsampler euler_ancestral eta 0.5\npass dev 30',
    source="ComfyUI comfy_extras/nodes_custom_sampler.py: a node for each sampler with options",
)
def unknown_option(program: Program) -> Iterator[Finding]:
    """The hint lists what there is."""
    for kind, table in ((SamplerSetting, SAMPLERS), (ScheduleSetting, SCHEDULES)):
        for said in program.each(kind):
            known = table[said.name].options
            for option in said.options():
                if option not in known:
                    hint = f"its options: {', '.join(known)}" if known else "it has no options"
                    yield Finding(f"`{said.name}` has no `{option}`", said.span_of(option), hint)


@rule(
    "LTX146",
    "options for another sampler or schedule",
    Severity.WARNING,
    why="What a pass names itself counts; options for another sampler or schedule have nothing to act on.",
    wrong='prompt "a lake"\npass dev 30 euler { sampler er_sde kind ode }',
    right='prompt "a lake"\npass dev 30 er_sde { sampler er_sde kind ode }',
)
def options_for_another(program: Program) -> Iterator[Finding]:
    """In the block of a pass."""
    for stage in program.stages:
        for said in stage.statement.settings:
            used = _used(stage, said.word)
            if used and said.name != used:  # type: ignore[attr-defined]
                span = said.span_of("name")
                yield Finding(f"this pass runs `{used}`", span, fixes=(Fix(span, used),))


def _used(stage: Stage, word: str) -> str | None:
    """What the pass itself names, of the kind that a statement sets."""
    said = stage.statement
    if word == "sampler":
        return said.sampler
    if word == "schedule":
        return said.schedule or (said.sigmas if isinstance(said.sigmas, str) else None)
    return None


@rule(
    "LTX147",
    "relay with an attention backend that has no masks",
    Severity.ERROR,
    why="Prompt Relay is a mask on attention to the text. Sage drops masks; kijai's nodes have to turn back to sdpa.",
    wrong='prompt "a lake"\nattention sage\nrelay "she dives" | "she surfaces"\npass dev 30',
    right='prompt "a lake"\nattention sdpa\nrelay "she dives" | "she surfaces"\npass dev 30',
    source="community notes on LTX 2.3; ComfyUI-PromptRelay patches.py",
    asked={"target": "comfy"},
    optional=True,
)
def relay_without_masks(program: Program) -> Iterator[Finding]:
    """In the same pass."""
    told = set()
    for stage, said in program.held(Attention):
        if said.backend != SDPA and stage.relay and id(said) not in told:
            told.add(id(said))
            span = said.span_of("backend")
            yield Finding("this backend would drop the relay's mask", span, fixes=(Fix(span, SDPA),))


@rule(
    "LTX148",
    "attention backend that this runtime does not have",
    Severity.ERROR,
    why="This runtime computes attention with torch's own kernels, which are exact and the same on every machine.",
    wrong='prompt "a lake"\nattention sage\npass dev 30',
    right='prompt "a lake"\nattention sdpa\npass dev 30',
    targets=("local",),
)
def missing_backend(program: Program) -> Iterator[Finding]:
    """ComfyUI can."""
    for said in program.each(Attention):
        if said.backend != SDPA:
            span = said.span_of("backend")
            hint = "use `ltx export`, or write `sdpa`"
            yield Finding("this runtime has `sdpa` only; ComfyUI can do the others", span, hint, (Fix(span, SDPA),))


@rule(
    "LTX149",
    "cache on a short schedule",
    Severity.WARNING,
    why="Caches leave out calls between steps that are alike. In 8 steps none are: it saves nothing or harms.",
    wrong='prompt "a lake"\ncache easy\npass distill 8',
    right='prompt "a lake"\npass distill 8',
    source="ComfyUI comfy_extras/nodes_easycache.py; ComfyUI-CacheDiT",
    targets=("comfy",),
)
def cache_on_few_steps(program: Program) -> Iterator[Finding]:
    """Where no pass that it holds for has more than 10 steps."""
    longest: dict[int, int] = {}
    for stage, said in program.held(Cache):
        longest[id(said)] = max(longest.get(id(said), 0), stage.steps)
    for said in program.each(Cache):
        if 0 < longest.get(id(said), 0) <= FEW_STEPS:
            yield Finding(f"{longest[id(said)]} steps are too few for a cache", said.span, "leave it out")


@rule(
    "LTX039",
    "timed lines that nothing follows",
    Severity.WARNING,
    why="Times in a prompt are plain text to the model. ID-LoRA (talkvid) was trained on them; a relay is not.",
    wrong='prompt "a kitchen"\ntimed "[0-2s] she cuts bread"\npass dev 30',
    right='prompt "a kitchen"\nrelay "she cuts bread" | "she looks up"\npass dev 30',
    source="ID-LoRA README; community notes on LTX 2.3",
)
def timed_without_lora(program: Program) -> Iterator[Finding]:
    """No LoRA that is named after ID-LoRA or talkvid; a relay beside them; a line without its time."""
    for stage, said in program.held(Timed, once=True):
        names = " ".join(use.name.lower() for use in stage.loras)
        if not any(word in names for word in ("id-lora", "id_lora", "idlora", "talkvid")):
            yield Finding("no LoRA here reads timed lines", said.span, "add the ID-LoRA, or use `relay`")
        elif stage.relay:
            yield Finding("timed lines and a relay work against each other", said.span, "keep one of them")
        for line in said.lines:
            if not TIME.match(line):
                yield Finding(
                    f"`{line[:20]}` does not begin with its time", said.span_of("lines"), "such as `[0-2s] …`"
                )


@rule(
    "LTX230",
    "LoRA in a stretch of time without a relay there",
    Severity.ERROR,
    why="A LoRA acts in time through the segments of Prompt Relay: each has its own LoRAs, blended as its text is.",
    wrong='length 5s\nprompt "a street"\nlora "rain.safetensors" 0.8 2s..4s\npass dev 30',
    right='length 5s\nrelay "sun" 0s..2s | "rain" 2s..5s\nlora "rain.safetensors" 0.8 2s..5s\npass dev 30',
    source="siraxe/ComfyUI-PromptRelay lora_schedule.py",
    targets=("comfy",),
)
def lora_without_segment(program: Program) -> Iterator[Finding]:
    """No segment of the relay has its middle in the stretch."""
    told = set()
    for stage in program.stages:
        lost = {use.name for use in stage.loras if use.segments == (-1,)}
        for said in stage.settings.all(LoraStatement):
            if said.when and said.name in lost and id(said) not in told:
                told.add(id(said))
                yield Finding("no segment of a `relay` lies here", said.span_of("when"), "say these times in `relay`")


@rule(
    "LTX231",
    "LoRA in a stretch of time on this runtime",
    Severity.ERROR,
    why="This runtime fuses LoRAs into the weights, which are the same for all frames.",
    wrong='length 5s\nprompt "a street"\nlora distill 0.8 2s..4s\npass dev 8 distilled { cfg 1 }',
    right='length 5s\nprompt "a street"\nlora distill 0.8\npass dev 8 distilled { cfg 1 }',
    targets=("local",),
)
def lora_in_time(program: Program) -> Iterator[Finding]:
    """ComfyUI can."""
    for said in program.each(LoraStatement):
        if said.when:
            yield Finding("this runtime has LoRAs for the whole clip only; ComfyUI can", said.span_of("when"))
