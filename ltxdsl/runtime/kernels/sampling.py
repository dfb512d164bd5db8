"""The kernel of a pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from torch import Tensor

from ltxdsl.ops import nodes
from ltxdsl.runtime import conditioning
from ltxdsl.runtime.denoise import Denoiser, Guidance, Journal, run_pass
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.model_call import Modality, Prompt, TokenModel
from ltxdsl.runtime.nag import NagTexts
from ltxdsl.runtime.relay import audio_relay_bias, video_relay_bias
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import Audio, AudioLatent, Guide, Text, VideoLatent, unmasked
from ltxdsl.sampling.samplers import SAMPLERS


@kernel
def sample(
    session: Session,
    op: nodes.Sample,
    *,
    latent: VideoLatent,
    audio: AudioLatent,
    positive: Text,
    negative: Text | None = None,
    nag: Text | None = None,
    nag_audio: Text | None = None,
    speaker: Audio | None = None,
    voice_latent: AudioLatent | None = None,
) -> dict[str, VideoLatent | AudioLatent]:
    """Denoise both latents; guides come back as the pass left them, and the mask has done its work."""
    if speaker or voice_latent or op.loop or op.patches:
        raise ValueError(f"{op.label()}: only ComfyUI can do what the pass asks for")
    layout = conditioning.layout_of(latent, audio)
    texts = _nag_texts(op, nag, nag_audio)
    mask = layout.flat(conditioning.denoise_masks(latent, audio, op.keep_audio))
    denoiser = Denoiser(
        model=dataclasses.replace(_model(session, op, latent, audio, mask), nag=texts),
        layout=layout,
        clean=layout.flat(conditioning.clean_latents(latent, audio)),
        mask=mask,
        prompts=(_positive(op, positive, latent, audio), Prompt(negative) if negative else None),
        guidance=Guidance.of_cfg(op.cfg, op.audio_cfg).with_deltas(op.deltas),
        sigmas=op.sigmas,
        sampler=SAMPLERS[op.sampler],
        options=dict(op.options),
        prepare=_loras_by_step(session, op),
        journal=Journal(session.recall, session.remember, session.progress),
    )
    clip, sound, *guides = layout.parts(run_pass(denoiser, op.seed, op.new_noise, session.noise_order))
    kept = tuple(
        Guide(sampled, guide.frame, guide.strength, guide.attention, guide.whole)
        for guide, sampled in zip(latent.guides, guides, strict=True)
    )
    return {"latent": dataclasses.replace(unmasked(clip), guides=kept), "audio": AudioLatent(sound)}


def _model(session: Session, op: nodes.Sample, latent: VideoLatent, audio: AudioLatent, mask: Tensor) -> TokenModel:
    transformer = session.transformer(tuple(lora.at(0) for lora in op.loras))
    video_mask, audio_mask = (m[..., 0] for m in conditioning.layout_of(latent, audio).tokens(mask))
    audio_coords = transformer.audio_rope.prepare_audio_coords(1, audio.samples.shape[2], audio.samples.device)
    return TokenModel(
        transformer,
        video=Modality(conditioning.video_coords(transformer.rope, latent, op.fps), video_mask),
        audio=Modality(audio_coords, audio_mask),
        self_bias=conditioning.guide_bias(latent),
        cross_modulation=session.cross_modulation,
        stg_blocks=op.deltas.blocks if op.deltas else (),
    )


def _positive(op: nodes.Sample, text: Text, latent: VideoLatent, audio: AudioLatent) -> Prompt:
    """The positive prompt, with the relay's biases if there is one; the negative never has any."""
    if op.relay is None:
        return Prompt(text, pushed=op.nag is not None)
    frames, tokens = latent.samples.shape[2], audio.samples.shape[2]
    return Prompt(
        text,
        video_relay_bias(latent, text, op.relay),
        audio_relay_bias(tokens, frames, text, op.relay),
        pushed=op.nag is not None,
    )


def _loras_by_step(session: Session, op: nodes.Sample) -> Callable[[int], object]:
    """What makes the model ready for a step: its LoRAs at their strengths there, if they change at all."""
    if not any(lora.by_step for lora in op.loras):
        return lambda step: None
    return lambda step: session.transformer(tuple(lora.at(step) for lora in op.loras))


def _nag_texts(op: nodes.Sample, video: Text | None, audio: Text | None) -> NagTexts | None:
    if op.nag is None:
        return None
    return NagTexts(op.nag, video.video if video else None, audio.audio if audio else None)
