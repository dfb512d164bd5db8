"""Guiders and samplers: the terms of guidance in one number, by modality, and by step.

Which form says a cfg that changes from step to step exactly:
- CFGOverride on the model goes by sigma. Exact where every model call of a step is at the step's own sigma, and
  the only form that keeps noise masks and the memory of multistep samplers.
- SplitSigmas with a sampler for each stretch. Exact for samplers without memory or noise of their own, as long as
  nothing is masked: between the samplers the kept parts are noisy, and the second would keep them so.
MultimodalGuider, which has all terms of guidance and tells video from sound, takes no override. It perturbs picture
and sound in the same blocks, as the local runtime does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import msgspec

from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.percents import percent_between
from ltxdsl.comfy.samplers import sampler_node
from ltxdsl.comfy.table import Conditioning
from ltxdsl.ops.base import ORDERED
from ltxdsl.ops.nodes import Sample
from ltxdsl.ops.patches import NORMALIZING
from ltxdsl.sampling.samplers import SAMPLERS, Sampler

SEEDS = 2**64
STILL = ",".join(["1"] * 8)  # factors that change nothing, as LTXVideo has them


class Scales(NamedTuple):
    """The terms of guidance for one modality, as GuiderParameters has them."""

    cfg: float
    stg: float = 0.0
    modality_scale: float = 1.0
    rescale: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether cfg is all there is."""
        return self[1:] == Scales(1.0)[1:]


class Stretch(NamedTuple):
    """Steps from `start` on with the same scales."""

    start: int
    video: Scales
    audio: Scales

    @property
    def plain(self) -> bool:
        """Whether one cfg for picture and sound is all there is."""
        return self.video == self.audio and self.video.plain


class Pass(msgspec.Struct, frozen=True):
    """What a sampler needs besides its guider. `masked`: part of the latent is kept."""

    op: Sample
    model: Link
    conditioning: Conditioning
    latent: Link
    sigmas: Link
    masked: bool

    @property
    def sampler(self) -> Sampler:
        """The sampler's declaration."""
        return SAMPLERS[self.op.sampler]

    @property
    def normalized(self) -> dict[str, Any]:
        """What a sampler that scales the sound takes besides."""
        found = [dict(patch.values) for patch in self.op.patches if patch.kind == NORMALIZING]
        return {"video_normalization_factors": STILL, **found[-1]} if found else {}


def run_pass(builder: PromptBuilder, parts: Pass) -> Link:
    """The sampled latent."""
    unfinished = parts.op.sigmas[-1] > 0 or not parts.op.new_noise
    if parts.masked and unfinished:
        raise ExportError(
            f"{builder.stage}: a pass that is cut in two cannot be exported with guides, pictures in place or kept "
            "sound: the second sampler would keep the noise in them"
        )
    stretches = stretches_of(parts.op)
    if parts.normalized and len(stretches) > 1:
        raise ExportError(f"{builder.stage}: {NORMALIZING} takes one guidance for all steps")
    if len(stretches) == 1:
        return _sampled(builder, parts, guider_of(builder, parts, stretches[0]))
    sigmas = parts.op.sigmas
    can_override = all(s.plain for s in stretches) and all(a > b for a, b in pairwise(sigmas))
    if can_override and (parts.sampler.evaluations == 1 or parts.masked):
        return _overridden(builder, parts, stretches)
    if parts.masked:
        raise ExportError(
            f"{builder.stage}: guidance that differs by step and is more than one cfg cannot be exported for a "
            "pass with guides, pictures in place or kept sound; give one cfg for both, or one for all steps"
        )
    return _split(builder, parts, stretches)


def stretches_of(op: Sample) -> list[Stretch]:
    """The steps, cut where a scale changes."""
    groups = (next(group) for _, group in groupby(enumerate(_by_step(op)), key=lambda step: step[1]))
    return [Stretch(start, video, audio) for start, (video, audio) in groups]


def _by_step(op: Sample) -> Iterator[tuple[Scales, Scales]]:
    deltas = op.deltas
    for step, (video, audio) in enumerate(zip(op.cfg, op.audio_cfg, strict=True)):
        if deltas is None:
            yield Scales(video), Scales(audio)
            continue
        yield (
            Scales(video, deltas.stg[step], deltas.modality[step], deltas.rescale[step]),
            Scales(audio, deltas.audio_stg[step], deltas.audio_modality[step], deltas.audio_rescale[step]),
        )


def guider_of(builder: PromptBuilder, parts: Pass, scales: Stretch, model: Link | None = None) -> Link:
    """A guider with the scales of a stretch."""
    shared = {"model": model or parts.model, **parts.conditioning._asdict()}
    if scales.plain:
        title = builder.titled(f"cfg {scales.video.cfg:g}")
        return builder.add("CFGGuider", title, **shared, cfg=scales.video.cfg)
    if parts.op.relay:
        builder.note(f"{builder.stage}: under MultimodalGuider Prompt Relay holds back the negative prompt too")
    modalities = [("VIDEO", scales.video), ("AUDIO", scales.audio)]
    both: Link | None = None
    for modality, said in modalities[::-1] if builder.told(ORDERED, "sound") == "first" else modalities:
        both = _parameters(builder, modality, said, both)
    title = builder.titled(f"video {_words(scales.video)}, sound {_words(scales.audio)}")
    blocks = ", ".join(map(str, parts.op.deltas.blocks)) if parts.op.deltas else ""
    return builder.add("MultimodalGuider", title, **shared, parameters=both, skip_blocks=blocks)


def _words(scales: Scales) -> str:
    terms = (("cfg", 1.0), ("stg", 0.0), ("modality", 1.0), ("rescale", 0.0))
    said = [f"{word} {value:g}" for (word, off), value in zip(terms, scales, strict=True) if value != off]
    return " ".join(said) or "cfg 1"


def _parameters(builder: PromptBuilder, modality: str, scales: Scales, before: Link | None = None) -> Link:
    """The terms of one modality. The scale between modalities is off at 1; the node's own default, 0, is not off."""
    return builder.add(
        "GuiderParameters",
        f"{modality.lower()} {_words(scales)}",
        modality=modality,
        **scales._asdict(),
        perturb_attn=True,
        skip_step=0,
        cross_attn=True,
        parameters=before,
    )


def _sampled(builder: PromptBuilder, parts: Pass, guider: Link) -> Link:
    """One sampler over all steps."""
    noise = noise_of(builder, parts.op)
    return _run(builder, parts, guider, (noise, parts.sigmas, parts.latent), "sampler")


def noise_of(builder: PromptBuilder, op: Sample) -> Link:
    """The noise of a pass."""
    if not op.new_noise:
        return builder.add("DisableNoise", "no new noise")
    return builder.add("RandomNoise", builder.titled("noise"), noise_seed=op.seed % SEEDS)


def _run(builder: PromptBuilder, parts: Pass, guider: Link, start: tuple[Link, Link, Link], words: str) -> Link:
    noise, sigmas, latent = start
    return builder.add(
        NORMALIZING if parts.normalized else "SamplerCustomAdvanced",
        builder.titled(words),
        noise=noise,
        guider=guider,
        sampler=sampler_node(builder, parts.op),
        sigmas=sigmas,
        latent_image=latent,
        **parts.normalized,
    )


def _overridden(builder: PromptBuilder, parts: Pass, stretches: list[Stretch]) -> Link:
    """A guider with the first cfg, and an override from each later stretch to the next."""
    if parts.sampler.evaluations > 1:
        builder.note(
            f"{builder.stage}: {parts.op.sampler} calls the model twice a step; the last call before cfg changes "
            "already has the next cfg"
        )
    percents = [percent_between(*parts.op.sigmas[s.start - 1 : s.start + 1]) for s in stretches[1:]]
    model = parts.model
    for stretch, (start, end) in zip(stretches[1:], pairwise([*percents, 1.0]), strict=True):
        cfg = stretch.video.cfg
        title = builder.titled(f"cfg {cfg:g} from step {stretch.start + 1}")
        model = builder.add("CFGOverride", title, model=model, cfg=cfg, start_percent=start, end_percent=end)
    return _sampled(builder, parts, guider_of(builder, parts, stretches[0], model))


def _split(builder: PromptBuilder, parts: Pass, stretches: list[Stretch]) -> Link:
    """A sampler for each stretch, the later ones without noise of their own."""
    if parts.sampler.multistep:
        builder.note(f"{builder.stage}: {parts.op.sampler} forgets earlier steps where cfg changes")
    if parts.sampler.stochastic:
        builder.note(f"{builder.stage}: the noise of {parts.op.sampler} starts anew where cfg changes")
    noise = noise_of(builder, parts.op)
    rest, latent = parts.sigmas, parts.latent
    for stretch, after in pairwise([*stretches, None]):
        assert stretch is not None
        here, rest = _cut(builder, rest, stretch, after)
        guider = guider_of(builder, parts, stretch)
        words = f"sampler from step {stretch.start + 1}"
        latent = _run(builder, parts, guider, (noise, here, latent), words)
        noise = builder.add("DisableNoise", "no new noise")
    return latent


def _cut(builder: PromptBuilder, sigmas: Link, stretch: Stretch, after: Stretch | None) -> tuple[Link, Link]:
    """The sigmas of this stretch and those that follow."""
    if after is None:
        return sigmas, sigmas
    title = builder.titled(f"cut before step {after.start + 1}")
    cut = builder.add("SplitSigmas", title, sigmas=sigmas, step=after.start - stretch.start)
    return cut, cut.output(1)
