"""The row of a pass: prompts, guides, sound, and one or more samplers between concat and separate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.chain import Chain
from ltxdsl.comfy.equal import numbers
from ltxdsl.comfy.guidance import Pass, guider_of, noise_of, run_pass, stretches_of
from ltxdsl.comfy.guides import add_guides
from ltxdsl.comfy.latents import unmasked
from ltxdsl.comfy.samplers import BROWNIAN, sampler_node
from ltxdsl.comfy.table import Audio, Conditioning, Text, Video, row
from ltxdsl.ops import nodes
from ltxdsl.ops.base import SIGMAS_WRITTEN, Loop
from ltxdsl.ops.time import ClipSize
from ltxdsl.sampling.samplers import SAMPLERS


@row(nodes.Sample)
def sample(
    builder: PromptBuilder,
    op: nodes.Sample,
    *,
    latent: Video,
    audio: Audio,
    positive: Text,
    negative: Text | None = None,
    nag: Text | None = None,
    nag_audio: Text | None = None,
    speaker: Link | None = None,
    voice_latent: Audio | None = None,
) -> dict[str, Video | Audio]:
    """A pass as people wire it."""
    latent = unmasked(builder, latent)
    if negative is None and op.negative_said is not None:
        negative = Text(op.negative_said, clip=positive.clip)
    chain = Chain(builder, op, (positive, negative), latent, speaker)
    model, plain = chain.model(), chain.conditioning()
    if voice_latent is not None:
        plain = _hearing(builder, plain, voice_latent)
    if op.loop:
        return {"latent": _looped(builder, op, op.loop, (model, plain), latent, positive), "audio": audio}
    conditioning, video = add_guides(builder, plain, latent)
    conditioning = loaders.hooked(builder, chain.rated(conditioning), op.loras, op.sigmas)
    sound = _sound(builder, audio, op.keep_audio)
    av = builder.add("LTXVConcatAVLatent", builder.titled("video + sound"), video_latent=video, audio_latent=sound.link)
    masked = latent.masked or sound.kept or sound.masked or bool(latent.guides)
    _note_noise(builder, op, bool(latent.guides))
    sampled = run_pass(builder, Pass(op, model, conditioning, av, _sigmas(builder, op), masked))
    parts = builder.add("LTXVSeparateAVLatent", builder.titled("video | sound"), av_latent=sampled)
    return {
        "latent": _sampled_video(latent, parts, conditioning, plain if chain.spoken else None),
        "audio": Audio(parts.output(1), sound.kept or sound.masked, latents=audio.latents, still=sound.still),
    }


def _hearing(builder: PromptBuilder, plain: Conditioning, voice: Audio) -> Conditioning:
    """The voice's tokens, clean, at times before the clip."""
    both = {"positive": plain.positive, "negative": plain.negative}
    link = builder.add("LTXVSetAudioRefTokens", builder.titled("voice"), **both, audio_latent=voice.link)
    return Conditioning(link, link.output(1))


def _looped(
    builder: PromptBuilder, op: nodes.Sample, loop: Loop, told: tuple[Link, Conditioning], latent: Video, text: Text
) -> Video:
    """The picture alone, by LTXVideo's sampler, which takes tiles in frames and a prompt for each of them."""
    model, conditioning = told
    prompts: Link | None = None
    if loop.prompts:
        lines = "|".join(" ".join(filter(None, (text.text, said))) for said in loop.prompts)
        clip = loaders.text_encoder(builder)
        prompts = builder.add("MultiPromptProvider", builder.titled("prompts of the windows"), clip=clip, prompts=lines)
    link = builder.add(
        "LTXVLoopingSampler",
        builder.titled("loop"),
        model=model,
        vae=loaders.vae(builder),
        **_looped_parts(builder, op, model, conditioning),
        latents=latent.link,
        temporal_tile_size=loop.window,
        temporal_overlap=loop.overlap,
        temporal_overlap_cond_strength=loop.strength,
        guiding_strength=loop.guiding,
        cond_image_strength=loop.images,
        horizontal_tiles=1,
        vertical_tiles=1,
        spatial_overlap=1,
        adain_factor=loop.adain,
        optional_positive_conditionings=prompts,
    )
    return Video(link, latent.frames)


def _looped_parts(builder: PromptBuilder, op: nodes.Sample, model: Link, conditioning: Conditioning) -> dict[str, Link]:
    """Noise, guider, sampler and sigmas, for a sampler of another pack."""
    (first, *others) = stretches_of(op)
    if others:
        raise ExportError(f"{builder.stage}: LTXVLoopingSampler takes one cfg for all steps")
    sigmas = _sigmas(builder, op)
    parts = Pass(op, model, conditioning, sigmas, sigmas, masked=False)
    return {
        "noise": noise_of(builder, op),
        "guider": guider_of(builder, parts, first),
        "sampler": sampler_node(builder, op),
        "sigmas": sigmas,
    }


def _sampled_video(latent: Video, parts: Link, conditioning: Conditioning, spoken: Conditioning | None) -> Video:
    known = {"held": (), "under": None, "keyframes": conditioning if latent.guides else None, "spoken": spoken}
    return msgspec.structs.replace(
        latent, link=parts, guides=(), masked=False, stale=latent.masked, flat=False, **known
    )


def _sound(builder: PromptBuilder, audio: Audio, keep: bool) -> Audio:
    """The sound, masked by 0 if it is kept, by 1 if an earlier pass kept it and this one does not; a mask lasts."""
    if audio.still if keep else audio.masked or not audio.kept:
        return audio
    title = "keep the sound" if keep else "make the sound anew"
    said = builder.stages[builder.stage].settings.get(ClipSize)
    size = said.size if said else builder.models.defaults  # any would do
    mask = builder.add("SolidMask", f"{title}: mask", value=0.0 if keep else 1.0, width=size.width, height=size.height)
    link = builder.add("SetLatentNoiseMask", title, samples=audio.link, mask=mask)
    return Audio(link, keep, latents=audio.latents, still=keep)


def _sigmas(builder: PromptBuilder, op: nodes.Sample) -> Link:
    text = sigma_text(op.sigmas, builder.told(SIGMAS_WRITTEN, "digits") or ())
    return builder.add("ManualSigmas", builder.titled(f"{len(op.sigmas) - 1} steps"), sigmas=text)


def sigma_text(sigmas: tuple[float, ...], digits: Sequence[str] = ()) -> str:
    """Plain decimals that read back as the same numbers, with their digits in a script where it lists just these.

    ManualSigmas knows no exponents.
    """
    listed = [format(Decimal(repr(float(sigma))), "f") for sigma in sigmas]
    said = [own or plain for own, plain in zip(digits, listed, strict=True)] if len(digits) == len(listed) else []
    text = ", ".join(said)
    return text if numbers(text) == list(sigmas) else ", ".join(listed)


def _note_noise(builder: PromptBuilder, op: nodes.Sample, guided: bool) -> None:
    if guided:
        builder.note("guides are part of ComfyUI's noise: from the same seed it draws other noise than `ltx run`")
    if op.sampler in BROWNIAN:
        builder.note(f"{op.sampler} draws fresh noise at every step: ComfyUI from a tree of its own, other than here")
    elif SAMPLERS[op.sampler].stochastic:
        builder.note(f"{op.sampler} draws fresh noise at every step: on a GPU ComfyUI draws it there")
