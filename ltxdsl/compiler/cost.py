"""What steps cost: FLOPs from the architecture's real dimensions, seconds on named hardware, bytes.

The transformer's share is exact but for small terms; seconds divide by a measured efficiency and are estimates.
"""

from __future__ import annotations

import msgspec

from ltxdsl import geometry
from ltxdsl.compiler.plan import Estimate
from ltxdsl.compiler.stage import Stage
from ltxdsl.models import Architecture
from ltxdsl.sampling.samplers import SAMPLERS


class Hardware(msgspec.Struct, frozen=True):
    """A machine: FLOP/s that large matrix products reach in practice, seconds a layer costs however small it is."""

    name: str
    flops: float
    layer_seconds: float
    read_bytes: float  # bytes/s when weights are loaded
    start_seconds: float  # until the libraries are loaded


HARDWARE = {
    h.name: h
    for h in (
        Hardware("cpu", 6e10, 1e-2, 1.0e9, 5.0),
        Hardware("rtx4090", 8.0e13, 1e-3, 3.0e9, 6.0),
        Hardware("rtx5090", 1.1e14, 1e-3, 3.0e9, 6.0),
        Hardware("h100", 3.5e14, 1e-3, 4.0e9, 6.0),
    )
}


def forward_flops(model: Architecture, video: int, audio: int) -> float:
    """One transformer call on one row: multiply-adds count 2.

    Per layer and modality: self attention, text attention, attention to the other modality, feed-forward (x4).
    """
    text = model.text_tokens
    d, a = model.video_width, model.audio_width

    def attention(queries: int, keys: int, width: int, key_width: int) -> float:
        projections = 2 * queries * width * width * 2 + 2 * keys * key_width * width * 2
        return projections + 4 * queries * keys * width

    own = attention(video, video, d, d) + attention(audio, audio, a, a)
    words = attention(video, text, d, d) + attention(audio, text, a, a)
    across = attention(video, audio, a, a) + attention(audio, video, a, a)
    forward = 16 * (video * d * d + audio * a * a)
    return model.layers * (own + words + across + forward)


def model_calls(stage: Stage) -> int:
    """Rows that the transformer evaluates in a pass: one a step, two where the negative counts."""
    sampler = SAMPLERS[stage.sampler]
    guided = [sampler.needs_negative or v != 1 or s != 1 for v, s in zip(stage.cfg, stage.audio_cfg, strict=True)]
    rows = sum(1 + pair for pair in guided) * sampler.evaluations
    last_is_single = sampler.evaluations > 1 and guided
    return rows - (sampler.evaluations - 1) * (1 + guided[-1]) if last_is_single else rows


def sampling(stage: Stage, model: Architecture, hardware: Hardware) -> Estimate:
    """A whole pass."""
    rows, columns = geometry.cells(stage.width, stage.height)
    video = (geometry.latent_frames(stage.frames) + stage.guide_latents) * rows * columns
    audio = geometry.audio_latents(stage.frames, stage.fps)
    calls = model_calls(stage)
    flops = calls * forward_flops(model, video, audio)
    overhead = stage.steps * SAMPLERS[stage.sampler].evaluations * model.layers * hardware.layer_seconds
    activations = (video * model.video_width + audio * model.audio_width) * 24 * model.bytes_per_weight
    return Estimate(seconds=flops / hardware.flops + overhead, flops=flops, bytes=activations)


def decoding(stage: Stage, model: Architecture, hardware: Hardware, tile: int) -> Estimate:
    """Video decoding: about two thirds of the VAE's parameters, each used once per pixel block of its level."""
    pixels = stage.width * stage.height * stage.frames
    flops = 2 * model.video_vae_parameters * 0.56 * pixels / 1024 * 1.5
    width, height = min(stage.width, tile or stage.width), min(stage.height, tile or stage.height)
    held = width * height * stage.frames * 64 * model.bytes_per_weight / 4
    return Estimate(seconds=flops / hardware.flops + 0.05, flops=flops, bytes=held)


def text_encoding(model: Architecture, hardware: Hardware) -> Estimate:
    """One prompt through the text encoder and the connectors."""
    parameters = model.text_encoder_parameters + model.connectors_parameters
    flops = 2 * parameters * model.text_tokens
    return Estimate(seconds=flops / hardware.flops + 0.05, flops=flops, bytes=model.text_tokens * 4096 * 400.0)


def part_bytes(model: Architecture, part: str) -> float:
    """Memory of a part's weights."""
    parameters = {
        "transformer": model.transformer_parameters,
        "text_encoder": model.text_encoder_parameters,
        "connectors": model.connectors_parameters,
        "video_vae": model.video_vae_parameters,
        "audio_vae": model.audio_vae_parameters,
        "upsampler": model.upsampler_parameters,
    }
    return parameters.get(part, 0.0) * model.bytes_per_weight
