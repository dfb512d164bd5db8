"""What an op costs: FLOPs and bytes from the models' dimensions and the shapes of its values, seconds on a machine.

FLOPs of transformer, VAE and upsampler are exact; bytes of activations are counts of tensors that live at once,
measured on the embedded models. Seconds divide by what such hardware reaches, and are estimates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ltxdsl.compiler.hardware import Hardware
from ltxdsl.compiler.plan import Estimate
from ltxdsl.models import Architecture, ModelSet
from ltxdsl.models.architecture import TIME_FEATURES, Attention, Convolution, Transformer
from ltxdsl.ops.base import Op, Port
from ltxdsl.ops.shape import Shape, Work, merged

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


def forward_bytes(model: Architecture, shape: Shape, work: Work) -> float:
    """Activations of one transformer call: its rows, biases on attention, and the masks of guides."""
    t, each = model.transformer, model.bytes_per_weight
    video, rows = shape.tokens + shape.guides, max(work.rows, default=1)
    live = VIDEO_LIVE + (MODULATED_LIVE + MASKED_LIVE) * shape.masked
    tokens = rows * each * (video * t.video_width * live + shape.sound * t.audio_width * AUDIO_LIVE)
    on_text = work.text_bias * (2 * rows * each + 4) * (video + shape.sound) * model.text_encoder.tokens
    on_itself = shape.biased * (2 * each + 4) * video**2
    return tokens + on_text + on_itself


def estimate(op: Op, given: Mapping[str, Shape], out: Shape, models: ModelSet, machine: Hardware) -> Estimate:
    """What an op costs, by the parts that it uses and the kinds of its values."""
    model, uses = models.architecture, op.uses
    if work := op.work():
        return sampling(work, merged((*given.values(), out)), models, machine)
    if "text_encoder" in uses:
        return text_encoding(model, machine)
    if "video_vae" in uses and Port.IMAGE in op.outputs.values():
        tile = _tile(out, getattr(op, "tile", 0), getattr(op, "tile_frames", 0))
        return decoding(out, tile, _repeated(op, out), model, machine)
    if "video_vae" in uses:
        return encoding(out, model, machine)
    if "upsampler" in uses:
        cells = merged(given.values()).cells
        factor = out.width / max(merged(given.values()).width, 1) or 1.0
        layers = list(model.upsampler.convolutions(model.video_vae.latent_channels, cells, factor))
        return _convolving(layers, model, machine)
    if "audio_vae" in uses:
        return _computing(model.sound.flops_per_second * merged(given.values()).sound / 25, 1e9, machine)
    pixels = max(out.pixels, merged(given.values()).pixels)
    return Estimate(seconds=0.02 + pixels / (READ_PIXELS if op.pure else WRITE_PIXELS) * (Port.IMAGE in _kinds(op)))


def _kinds(op: Op) -> set[Port]:
    return {*op.inputs.values(), *op.outputs.values()}


def sampling(work: Work, shape: Shape, models: ModelSet, machine: Hardware) -> Estimate:
    """A whole pass. `weights` that do not fit beside the activations are streamed, again at every call."""
    model = models.architecture
    video = shape.tokens + shape.guides
    row = forward_flops(model, video, shape.sound, shape.masked)
    fast = machine.fp8_flops if models.precision.get("transformer") == "fp8" else 0
    calls = len(work.rows) * work.evaluations
    overhead = calls * model.transformer.layers * machine.layer_seconds
    return Estimate(
        seconds=work.calls * row / (fast or machine.flops) + overhead,
        flops=work.calls * row,
        bytes=forward_bytes(model, shape, work),
        calls=calls,
    )


def decoding(out: Shape, tile: Shape, repeated: float, model: Architecture, machine: Hardware) -> Estimate:
    """Video decoding: the tensors of one tile, and the picture twice while tiles are put together."""
    vae = model.video_vae
    whole = sum(c.flops for c in vae.decoder(*out.cells)) if out.latents else 0.0
    held = _live(list(vae.decoder(*tile.cells)), model) if tile.latents else 0.0
    picture = 3 * out.pixels * model.bytes_per_weight
    return _computing(whole * repeated, held + picture * (1 + (tile != out)), machine)


def encoding(out: Shape, model: Architecture, machine: Hardware) -> Estimate:
    """Video encoding of so many frames."""
    frames = 8 * (out.latents - 1) + 1 if out.latents else 0
    layers = list(model.video_vae.encoder(frames, out.width, out.height))
    return _convolving(layers, model, machine)


def _tile(out: Shape, side: int, frames: int) -> Shape:
    """The part of a picture that is decoded at once."""
    latents = min(out.latents, frames // 8 + 1) if frames else out.latents
    width, height = (min(n, side) if side else n for n in (out.width, out.height))
    return Shape(width=width, height=height, frames=8 * latents - 7, latents=latents)


def _repeated(op: Op, out: Shape) -> float:
    """How much more is decoded because tiles overlap."""

    def share(length: int, tile: int, overlap: int, least: int) -> float:
        if not tile or tile >= length:
            return 1.0
        step = max(least, tile - overlap)
        return sum(min(tile, length - start) for start in range(0, length, step)) / length

    side, overlap = getattr(op, "tile", 0), getattr(op, "overlap", 0)
    frames, shared = getattr(op, "tile_frames", 0), getattr(op, "overlap_frames", 0)
    sides = share(out.width, side, overlap, 32) * share(out.height, side, overlap, 32)
    return sides * share(out.frames, frames, shared, 8)


def text_encoding(model: Architecture, machine: Hardware) -> Estimate:
    """One prompt through the text encoder and the connectors; all hidden states are kept, in about four copies."""
    text, t = model.text_encoder, model.transformer
    inner = text.heads * text.head
    layer = 4 * text.width * text.head * (text.heads + text.key_heads) + 6 * text.width * text.hidden
    flops = text.layers * (text.tokens * layer + 4 * text.tokens**2 * inner)
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


def layer_bytes(models: ModelSet, part: str) -> float:
    """The weights of one layer of a part that can be streamed layer by layer; 0 for the others."""
    model = models.architecture
    layers = {"transformer": model.transformer.layers, "text_encoder": model.text_encoder.layers}
    return models.weight_bytes(part) / layers[part] if part in layers else 0.0


def lora_bytes(models: ModelSet, names: Iterable[str]) -> float:
    """Main memory that the LoRAs of a pass take: their files, and the weights that they change, to be put back."""
    read = [_lora_file_bytes(models, name) for name in names]
    t = models.architecture.transformer
    return sum(read) + (bool(read) * t.layers * t.layer_parameters * models.architecture.bytes_per_weight)


def _lora_file_bytes(models: ModelSet, name: str) -> float:
    """The file's size, or that of a LoRA of its rank (32 if nothing is known) on every product of the layers."""
    path = models.lora_path(name)
    if path.is_file():
        return float(path.stat().st_size)
    known = models.loras.get(name)
    rank = known.rank if known and known.rank else 32
    t = models.architecture.transformer
    pairs = sum(2 * (a.query + a.inner) + 2 * (a.context + a.inner) for a in t.attentions())
    pairs += 2 * 5 * (t.video_width + t.audio_width)
    return 2.0 * rank * pairs * t.layers
