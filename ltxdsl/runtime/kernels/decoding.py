"""Kernels that turn latents into pictures and sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.layout import audio_from_tokens, audio_tokens
from ltxdsl.runtime.pixels import float_from_vae, from_vae
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import Audio, AudioLatent, Frames, VideoLatent


@kernel
def decode_video(session: Session, op: nodes.DecodeVideo, *, latent: VideoLatent) -> dict[str, Frames]:
    """Frames as uint8, or float 0..1; guides are not decoded."""
    vae, statistics = session.part("video_vae"), session.part("latent_statistics")
    raw = statistics.denormalised(latent.samples).to(vae.dtype)
    with _tiled(vae, op):
        decoded = vae.decode(raw, None, return_dict=False)[0]
    return {"image": Frames(from_vae(decoded) if op.bits == 8 else float_from_vae(decoded))}


@contextmanager
def _tiled(vae: Any, op: nodes.DecodeVideo) -> Iterator[None]:
    """Tiles of the VAE while inside; sizes not tiled are as large as can be."""
    names = [name for name in vars(vae) if name.startswith(("use_", "tile_sample_"))]
    before = {name: getattr(vae, name) for name in names}
    if op.tile > 0 or op.tile_frames > 0:
        vae.enable_tiling(**_tile_sizes(op))
        vae.use_framewise_decoding = op.tile_frames > 0
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(vae, name, value)


UNLIMITED = 1 << 20


def _tile_sizes(op: nodes.DecodeVideo) -> dict[str, int]:
    """The arguments of diffusers' `enable_tiling`: sizes, and strides of size minus overlap."""
    side = op.tile or UNLIMITED
    step = max(32, side - op.overlap)
    frames = op.tile_frames or UNLIMITED
    return {
        "tile_sample_min_height": side,
        "tile_sample_min_width": side,
        "tile_sample_min_num_frames": frames,
        "tile_sample_stride_height": step,
        "tile_sample_stride_width": step,
        "tile_sample_stride_num_frames": max(8, frames - op.overlap_frames),
    }


@kernel
def decode_audio(session: Session, op: nodes.DecodeAudio, *, audio: AudioLatent) -> dict[str, Audio]:
    """Latent to mel spectrogram to waveform, at the vocoder's rate."""
    vae, vocoder = session.part("audio_vae"), session.part("vocoder")
    tokens = audio_tokens(audio.samples)
    raw = tokens * vae.latents_std.to(tokens) + vae.latents_mean.to(tokens)
    mel = vae.decode(audio_from_tokens(raw, audio.samples.shape).to(vae.dtype), return_dict=False)[0]
    waveform = vocoder(mel.to(vocoder.dtype))[0]
    return {"audio": Audio(waveform.float().cpu(), int(vocoder.config.output_sampling_rate))}
