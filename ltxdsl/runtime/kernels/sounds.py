"""Kernels of sound that goes into a clip."""

from __future__ import annotations

import torch

from ltxdsl.geometry import audio_latents
from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.layout import audio_from_tokens, audio_tokens
from ltxdsl.runtime.mel import HOP, WINDOW, latent_mel_frames, log_mel
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.sound import as_long, pink_noise
from ltxdsl.runtime.sound import read_sound as sound_of
from ltxdsl.runtime.values import Audio, AudioLatent


@kernel
def read_sound(session: Session, op: nodes.ReadSound) -> dict[str, Audio]:
    """As long as asked, and as loud."""
    sound = sound_of(op.path, op.start, op.seconds, op.rate)
    samples = as_long(sound.samples, round(op.seconds * sound.rate))
    return {"audio": Audio(samples * 10 ** (op.volume / 20), sound.rate)}


@kernel
def add_ambience(session: Session, op: nodes.AddAmbience, *, audio: Audio) -> dict[str, Audio]:
    """Over its whole length."""
    return {"audio": Audio(audio.samples + pink_noise(audio.samples.shape[1], op.level), audio.rate)}


@kernel
def encode_audio(session: Session, op: nodes.EncodeAudio, *, audio: Audio) -> dict[str, AudioLatent]:
    """Log-mel spectrogram to latent: the posterior's mode, normalised by feature.

    The last spectra still hear what comes behind them, as where a whole song is encoded and cut afterwards.
    """
    vae = session.part("audio_vae")
    spectra = latent_mel_frames(audio_latents(op.frames, op.fps))
    samples = as_long(audio.samples, spectra * HOP + WINDOW)
    mel = log_mel(samples, session.config("audio_vae")["mel_bins"])[:, :spectra]
    latent = vae.encode(mel.unsqueeze(0).to(session.device, vae.dtype)).latent_dist.mode().float()
    tokens = audio_tokens(latent)
    normalised = (tokens - vae.latents_mean.to(tokens)) / vae.latents_std.to(tokens)
    return {"audio": AudioLatent(audio_from_tokens(normalised, latent.shape).contiguous())}


@kernel
def mask_sound(session: Session, op: nodes.MaskSound, *, audio: AudioLatent) -> dict[str, AudioLatent]:
    """The samples as they are."""
    mask = torch.full((1, 1, audio.samples.shape[2], 1), op.anew, device=audio.samples.device)
    mask[:, :, slice(*op.kept)] = 0.0
    mask[:, :, slice(*op.again)] = 1.0
    return {"audio": AudioLatent(audio.samples, mask)}
