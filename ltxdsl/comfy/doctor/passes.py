"""Rules of LTX for the passes of a workflow: sigmas, steps, guidance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from ltxdsl.comfy.doctor.case import MEANT, NAG, RELAYS, Case, Pass
from ltxdsl.comfy.doctor.finding import Found
from ltxdsl.comfy.doctor.flow import SAMPLERS, number, sigmas_in
from ltxdsl.diagnostics import Severity
from ltxdsl.values import plain

# As in the rules for scripts.
HIGH, VERY_HIGH, FEW, FEW_AFTER_UPSCALE, MANY_DISTILLED, IDLE = 1.5, 10, 15, 6, 15, 0.0005
FULL = 0.95  # a first sigma that is as good as 1


def sigmas_that_rise(case: Case) -> Iterator[Found]:
    """ManualSigmas that do not fall, or hardly; a last pass that does not end in 0."""
    for id in case.target.of_class("ManualSigmas"):
        sigmas = sigmas_in(case.target.value(id, "sigmas"))
        rise = next((later for earlier, later in pairwise(sigmas) if later >= earlier), None)
        idle = next((pair for pair in pairwise(sigmas) if 0 < pair[0] - pair[1] < IDLE), None)
        if rise is not None:
            yield Found("LTX043", id, "sigmas", f"sigma {plain(rise)} is not below the one before it", "let them fall")
        elif sigmas and sigmas[-1] > 0 and not _goes_on(case, id):
            yield Found("LTX042", id, "sigmas", f"the last sigma is {plain(sigmas[-1])}: noise is left", "end in 0")
        if idle:
            yield Found("LTX049", id, "sigmas", f"the step from {plain(idle[0])} to {plain(idle[1])} does nothing")


def _goes_on(case: Case, id: str) -> bool:
    """Whether other nodes cut these sigmas, or a sampler that takes them is followed by another."""
    samplers = [one for one in case.target.readers.get(id, []) if case.target.kind(one) in SAMPLERS]
    return not samplers or any(one in case.followed for one in samplers)


def first_sigmas(case: Case) -> Iterator[Found]:
    """A first pass below full noise, and a later one that leaves nothing of the video before."""
    for run in case.passes:
        video = run.latent.video
        if video is None or video.masked or not run.sigmas:
            continue
        first = run.sigmas[0]
        if video.made and not video.sampled and first < FULL:
            message = f"the first pass starts at sigma {plain(first)}, from an empty latent"
            yield Found("LTX046", run.schedule, "sigmas", message, "start at 1")
        elif video.sampled and first >= 1:
            message = "this later pass starts at sigma 1: nothing of the video before is kept"
            yield Found("LTX047", run.schedule, "sigmas", message)


def numbers_of_steps(case: Case) -> Iterator[Found]:
    """Against what the model was trained for, where the names of files say which it is."""
    for run in case.passes:
        name = "sigmas" if run.sigmas else "steps"
        ends = not run.sigmas or run.sigmas[-1] == 0
        video = run.latent.video
        if run.steps is None or video is None or not ends:
            continue
        from_noise = not video.sampled and (not run.sigmas or run.sigmas[0] >= 1)
        if run.steps > MANY_DISTILLED and run.chain.distilled >= MEANT:
            yield Found("LTX063", run.schedule, name, f"{run.steps} steps on a model for 8", "use 8, or the dev model")
        elif case.is_dev(run) and from_noise and run.steps < FEW:
            message = f"{run.steps} steps on the dev model"
            yield Found("LTX048", run.schedule, name, message, "use 20 or more, or the distilled LoRA with 8")
        elif case.is_dev(run) and video.upscaled and 0 < run.steps <= FEW_AFTER_UPSCALE:
            message = f"{run.steps} steps on the dev model after an upscale"
            yield Found("LTX069", run.schedule, name, message, "put the distilled LoRA on it")


def guided_distilled(case: Case) -> Iterator[Found]:
    """A cfg over 1.5 on a model that was distilled, or has the distilled LoRA at 0.4 or more."""
    for run in case.passes:
        scale = next((one for one in run.cfg if one.value > HIGH), None)
        if scale and run.chain.distilled >= MEANT and not _by_step(case, run):
            message = f"cfg {plain(scale.value)} on the distilled model burns colours"
            yield Found("LTX051", scale.node, scale.input, message, "write 1")


def _by_step(case: Case, run: Pass) -> bool:
    """Whether a node changes the cfg along the way, or other samplers do the rest of the steps."""
    kinds = {case.target.kind(id) for id in (*run.chain.nodes, run.schedule)}
    return bool(run.sigmas and run.sigmas[-1] > 0) or any(
        "CFG" in kind or kind.startswith("SplitSigmas") for kind in kinds
    )


def odd_guidance(case: Case) -> Iterator[Found]:
    """A cfg under 1 or over 10, and the dev model at 1."""
    told: set[str] = set()
    for run in case.passes:
        for scale in run.cfg:
            shown = f"cfg {plain(scale.value)}"
            if scale.node in told:
                continue
            if scale.value < 1:
                yield Found("LTX053", scale.node, scale.input, f"{shown} turns away from the prompt", "write 1")
            elif scale.value > VERY_HIGH:
                yield Found("LTX054", scale.node, scale.input, f"{shown} is far over what the model is used at")
            elif _unguided_dev(case, run):
                yield Found("LTX057", scale.node, scale.input, "the dev model runs at cfg 1", "write 3")
            told.add(scale.node)


def _unguided_dev(case: Case, run: Pass) -> bool:
    nag = any(case.target.kind(id) == NAG for id in run.chain.nodes)
    from_noise = bool(run.latent.video and not run.latent.video.sampled) and (not run.sigmas or run.sigmas[0] >= 1)
    return run.guided is False and case.is_dev(run) and from_noise and not nag


def attention_patches(case: Case) -> Iterator[Found]:
    """NAG with Prompt Relay, with guidance, and without effect."""
    told: set[str] = set()
    for run in case.passes:
        kinds = {case.target.kind(id): id for id in reversed(run.chain.nodes)}
        nag, relay = kinds.get(NAG), next((kinds[kind] for kind in RELAYS if kind in kinds), None)
        if nag is None or nag in told:
            continue
        told.add(nag)
        scale, alpha = case.target.value(nag, "nag_scale"), case.target.value(nag, "nag_alpha")
        if relay is not None:
            yield Found("LTX030", relay, "model", "NAG and Prompt Relay patch the same attention of one model")
        if run.guided:
            yield Found("LTX052", nag, "model", "NAG holds in a pass with guidance", "run that pass at cfg 1")
        if number(scale) and scale <= 1:
            yield Found("LTX058", nag, "nag_scale", f"scale {plain(scale)} pushes nothing away", "write 11")
        elif number(alpha) and alpha == 0:
            yield Found("LTX058", nag, "nag_alpha", "alpha 0 takes nothing of the guided result", "write 0.25")


def relays(case: Case) -> Iterator[Found]:
    """One local prompt alone, neighbours that say the same, and a relay beside guidance or guides."""
    for id in case.target.of_class(*RELAYS):
        text = case.target.value(id, "local_prompts")
        parts = [part.strip() for part in text.split("|")] if isinstance(text, str) else []
        if len(parts) == 1 and parts[0]:
            yield Found("LTX035", id, "local_prompts", "there is one local prompt", "part several with `|`")
        elif any(part and part == later for part, later in pairwise(parts)):
            yield Found("LTX038", id, "local_prompts", "two local prompts that follow each other say the same")
    told: set[tuple[str, str]] = set()
    for run in case.passes:
        relay = next((id for id in run.chain.nodes if case.target.kind(id) in RELAYS), None)
        if relay is None:
            continue
        if run.guided and (relay, "cfg") not in told:
            told.add((relay, "cfg"))
            yield Found("LTX178", relay, "model", "guidance with a relay masks the negative prompt in time, too")
        if run.latent.video and run.latent.video.guides and (relay, "guides") not in told:
            told.add((relay, "guides"))
            yield Found(
                "LTX177", relay, "latent", "with guides behind the clip each local prompt ends later than it says"
            )


def terms_that_clash(case: Case) -> Iterator[Found]:
    """Under MultimodalGuider: cfg++ samplers, and blocks for STG that the model does not have."""
    for run in case.passes:
        if case.target.kind(run.guider) != "MultimodalGuider":
            continue
        if "cfg_pp" in run.sampler:
            message = f"`{run.sampler}` steps by a prediction that MultimodalGuider does not give"
            yield Found("LTX143", run.node, "sampler", message, "take the sampler without `_cfg_pp`")
        blocks = [int(one) for one in sigmas_in(case.target.value(run.guider, "skip_blocks")) if one >= BLOCKS]
        if blocks:
            message = f"block {blocks[0]} does not exist: the model has {BLOCKS}"
            yield Found("LTX140", run.guider, "skip_blocks", message, "28 and 29 are usual")


BLOCKS = 48


def large_seeds(case: Case) -> Iterator[Found]:
    """Seeds over 2^53, which the editor rounds."""
    for kind, name in (("RandomNoise", "noise_seed"), ("KSampler", "seed"), ("SamplerCustom", "noise_seed")):
        for id in case.target.of_class(kind):
            seed = case.target.value(id, name)
            if isinstance(seed, int) and seed > 1 << 53:
                message = f"seed {seed} changes when the workflow is opened"
                yield Found("LTX174", id, name, message, f"write {seed % (1 << 53)}", Severity.NOTE)


PASSES: tuple[Callable[[Case], Iterator[Found]], ...] = (
    sigmas_that_rise,
    first_sigmas,
    numbers_of_steps,
    guided_distilled,
    odd_guidance,
    attention_patches,
    relays,
    terms_that_clash,
    large_seeds,
)
