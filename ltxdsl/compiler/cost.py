"""What an op costs: FLOPs and bytes from the models' dimensions and the shapes of its values, seconds on a machine.

FLOPs of transformer, VAE and upsampler are exact; bytes of activations are counts of tensors that live at once,
measured on the embedded models. Seconds divide by what such hardware reaches, and are estimates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ltxdsl import geometry
from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.plan import Estimate
from ltxdsl.models import Architecture, ModelSet
from ltxdsl.models.architecture import TIME_FEATURES, Attention, Convolution, Transformer
from ltxdsl.ops.base import Op, Port
from ltxdsl.ops.facts import Facts, Work

# Tensors of a token's width that live at once in a layer; one noise level a token adds the modulations, which else are
# one row; masks add those between video and sound. Measured on the embedded transformer in 16 bits.
VIDEO_LIVE, AUDIO_LIVE, MODULATED_LIVE, MASKED_LIVE = 18, 19, 19, 8
WRITE_PIXELS = 8e7  # a second, H.264 on a CPU
READ_PIXELS = 3e8


def forward_flops(model: Architecture, video: int, audio: int, per_token: bool = False) -> float:
    """One transformer call on one row: multiply-adds count 2. `per_token`: each video token has its own timestep."""
    t, text = model.transformer, model.text_encoder.tokens
    v, a = t.video_width, t.audio_width
    queries = (video, audio, video, audio, video, audio)
    keys = (video, audio, text, text, audio, video)
    attention = sum(attention_flops(*each) for each in zip(t.attentions(), queries, keys, strict=True))
    forward = 16 * (video * v * v + audio * a * a)
    edges = 4 * (video * v * t.video_channels + audio * a * t.audio_channels)
    return t.layers * (attention + forward) + edges + _modulation_flops(t, video if per_token else 1)


def attention_flops(attention: Attention, queries: int, keys: int) -> float:
    """Projections, gates, scores and what they weigh."""
    a = attention
    projections = 4 * queries * a.query * a.inner + 4 * keys * a.context * a.inner
    return projections + 2 * queries * a.query * a.heads + 4 * queries * keys * a.inner


def _modulation_flops(t: Transformer, timesteps: int) -> float:
    """Timesteps to modulations: the main one for each noise level of the video, the others once."""

    def made(width: int, rows: int) -> int:
        return 2 * width * (TIME_FEATURES + width + rows * width)

    once = sum(made(w, n) for w in (t.video_width, t.audio_width) for n in (4, 1, 2))
    return timesteps * made(t.video_width, 9) + made(t.audio_width, 9) + once


def forward_bytes(model: Architecture, clip: Facts, sound: int, work: Work) -> float:
    """Activations of one transformer call: its rows, biases on attention, and the masks of guides."""
    t, each = model.transformer, model.bytes_per_weight
    video, rows = clip.tokens + clip.guide_tokens, max(work.rows, default=1)
    live = VIDEO_LIVE + (MODULATED_LIVE + MASKED_LIVE) * clip.masked
    tokens = rows * each * (video * t.video_width * live + sound * t.audio_width * AUDIO_LIVE)
    on_text = work.text_bias * (2 * rows * each + 4) * (video + sound) * model.text_encoder.tokens
    on_itself = clip.biased * (2 * each + 4) * video**2
    return tokens + on_text + on_itself


def estimate(op: Op, given: Mapping[str, Facts], models: ModelSet, machine: Hardware) -> Estimate:
    """What an op costs, by the parts that it uses and the kinds of its values."""
    model, uses = models.architecture, op.uses
    latent, out = _of_kind(op, given, Port.LATENT), next(iter(op.facts(given).values()), Facts())
    sound = _of_kind(op, given, Port.AUDIO_LATENT).audio_latents or out.audio_latents
    if work := op.work():
        return sampling(work, latent, sound, models, machine)
    if "text_encoder" in uses:
        return text_encoding(model, machine)
    if "video_vae" in uses and Port.IMAGE in op.outputs.values():
        return decoding(latent, Tiles.of(op), model, machine)
    if "video_vae" in uses:
        image = _of_kind(op, given, Port.IMAGE)
        return encoding(image, model, machine)
    if any("upsampler" in part for part in uses) and latent.width:
        channels, factor = model.video_vae.latent_channels, out.width / latent.width
        return _convolving(list(model.upsampling(factor).convolutions(channels, latent.cells, factor)), model, machine)
    if "audio_vae" in uses:
        return _computing(model.sound.flops_per_second * sound / geometry.AUDIO_LATENTS_PER_SECOND, 1e9, machine)
    pixels = max(out.pixels, _of_kind(op, given, Port.IMAGE).pixels)
    return Estimate(seconds=0.02 + pixels / (READ_PIXELS if op.pure else WRITE_PIXELS))


def _of_kind(op: Op, given: Mapping[str, Facts], kind: Port) -> Facts:
    """The facts of the first input of that kind."""
    return next((given[port] for port, type in op.inputs.items() if type is kind and port in given), Facts())


def sampling(work: Work, clip: Facts, sound: int, models: ModelSet, machine: Hardware) -> Estimate:
    """A whole pass, with its weights in memory."""
    model = models.architecture
    row = forward_flops(model, clip.tokens + clip.guide_tokens, sound, clip.masked)
    fast = machine.fp8_flops if models.precision.get("transformer") == "fp8" else 0
    batches = len(work.rows) * work.evaluations
    overhead = batches * model.transformer.layers * machine.layer_seconds
    return Estimate(
        seconds=work.calls * row / (fast or machine.flops) + overhead,
        flops=work.calls * row,
        bytes=forward_bytes(model, clip, sound, work),
        batches=batches,
    )


class Tiles(NamedTuple):
    """Tiles of decoding in pixels and frames, and what neighbours share; 0 = not tiled."""

    side: int = 0
    overlap: int = 0
    frames: int = 0
    shared: int = 0

    @classmethod
    def of(cls, op: Op) -> Tiles:
        """Those that an op asks for."""
        names = ("tile", "overlap", "tile_frames", "overlap_frames")
        return cls(*(getattr(op, name, 0) for name in names))

    def first(self, clip: Facts) -> tuple[int, int, int]:
        """Latent frames, rows and columns that are decoded at once."""
        latents, rows, columns = clip.cells
        side = max(1, self.side // geometry.SPATIAL) if self.side else max(rows, columns)
        return (min(latents, self.frames // 8 + 1) if self.frames else latents, min(rows, side), min(columns, side))

    def repeated(self, clip: Facts) -> float:
        """How much more is decoded because tiles overlap: 1 without tiles."""
        sides = [_share(length, self.side, self.overlap, 32) for length in (clip.width, clip.height)]
        return math.prod(sides) * _share(clip.frames, self.frames, self.shared, 8)


def _share(length: int, tile: int, overlap: int, least: int) -> float:
    if not tile or tile >= length:
        return 1.0
    step = max(least, tile - overlap)
    return sum(min(tile, length - start) for start in range(0, length, step)) / length


def decoding(clip: Facts, tiles: Tiles, model: Architecture, machine: Hardware) -> Estimate:
    """Video decoding: the tensors of one tile, and the picture, twice while tiles are put together."""
    vae, first = model.video_vae, tiles.first(clip)
    if not clip.tokens:
        return Estimate()
    flops = sum(c.flops for c in vae.decoder(*clip.cells)) * tiles.repeated(clip)
    picture = 3 * clip.pixels * model.bytes_per_weight
    held = _live(vae.decoder(*first), model) + picture * (1 + (first != clip.cells))
    return _computing(flops, held, machine)


def encoding(image: Facts, model: Architecture, machine: Hardware) -> Estimate:
    """Video encoding of so many frames."""
    return _convolving(list(model.video_vae.encoder(max(image.frames, 1), image.width, image.height)), model, machine)


def text_encoding(model: Architecture, machine: Hardware) -> Estimate:
    """One prompt through the text encoder and the connectors; all hidden states are kept, in about four copies."""
    text, t = model.text_encoder, model.transformer
    inner = text.heads * text.head
    layer = 4 * text.width * text.head * (text.heads + text.key_heads) + 6 * text.width * text.hidden
    flops = 1.0 * text.layers * (text.tokens * layer + 4 * text.tokens**2 * inner)
    inputs = text.width * (text.layers + 1)
    for width in (t.video_width, t.audio_width):
        own = attention_flops(Attention(width, width, width, t.heads), text.tokens, text.tokens)
        flops += 2 * text.tokens * inputs * width + model.connectors.layers * (own + 16 * text.tokens * width * width)
    return _computing(flops, 4 * text.tokens * inputs * model.bytes_per_weight, machine)


def _convolving(layers: list[Convolution], model: Architecture, machine: Hardware) -> Estimate:
    return _computing(sum(c.flops for c in layers), _live(layers, model), machine)


def _live(layers: Iterable[Convolution], model: Architecture) -> float:
    """The most bytes at any convolution: its input, padded, and its output; a residual, or the output shuffled."""

    def at(c: Convolution) -> int:
        inside = 3 * c.channels + c.out if c.channels == c.out else max(2 * c.channels + c.out, c.channels + 2 * c.out)
        return math.prod(c.cells) * inside

    return max(map(at, layers), default=0) * model.bytes_per_weight


def _computing(flops: float, held: float, machine: Hardware) -> Estimate:
    return Estimate(seconds=flops / machine.flops + 0.05, flops=flops, bytes=held)
