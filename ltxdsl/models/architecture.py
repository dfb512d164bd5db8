"""The dimensions of the models, and what follows from them: parameters and convolutions. Defaults are LTX-2.3 22B's.

Sources: diffusers' LTX-2 modules at the configuration of its conversion script for 2.3; Gemma 3 12B's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import msgspec

TIME_FEATURES = 256  # sinusoids that a timestep is embedded from
SPATIAL, TEMPORAL = "spatial", "temporal"
STRIDES = {SPATIAL: (1, 2, 2), TEMPORAL: (2, 1, 1), "spatiotemporal": (2, 2, 2)}


class Dimensions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the model set by its sizes."""


class Attention(NamedTuple):
    """One attention with gates a head: widths of queries, of keys and values as they come in, and inside."""

    query: int
    context: int
    inner: int
    heads: int

    @property
    def parameters(self) -> int:
        """Projections with biases, the two norms, and the gates."""
        projections = (self.query + 1) * self.inner + 2 * (self.context + 1) * self.inner
        return projections + (self.inner + 1) * self.query + 2 * self.inner + (self.query + 1) * self.heads


class Transformer(Dimensions, frozen=True):
    """The audio-video transformer."""

    layers: int = 48
    heads: int = 32
    video_width: int = 4096
    audio_width: int = 2048
    video_channels: int = 128
    audio_channels: int = 128

    def attentions(self) -> tuple[Attention, ...]:
        """Those of a layer: video and sound to themselves, to the text, and to each other."""
        v, a, h = self.video_width, self.audio_width, self.heads
        own = (Attention(v, v, v, h), Attention(a, a, a, h))
        return (*own, *own, Attention(v, a, a, h), Attention(a, v, a, h))

    @property
    def layer_parameters(self) -> int:
        """Attentions, feed-forward (x4), and the tables of modulation: 9, 2 and 5 rows for each modality."""
        widths = (self.video_width, self.audio_width)
        forward = sum(8 * w * w + 5 * w for w in widths)
        return sum(a.parameters for a in self.attentions()) + forward + 16 * sum(widths)

    @property
    def parameters(self) -> int:
        """All of it."""
        return self.layers * self.layer_parameters + sum(
            (channels + 1) * width
            + (width + 1) * channels
            + 2 * width
            + sum(modulation(width, n) for n in (9, 4, 1, 2))
            for channels, width in (
                (self.video_channels, self.video_width),
                (self.audio_channels, self.audio_width),
            )
        )


def modulation(width: int, rows: int) -> int:
    """Parameters that make `rows` modulations out of a timestep: two layers, then one."""
    return (TIME_FEATURES + 1) * width + (width + 1) * width + (width + 1) * rows * width


class TextEncoder(Dimensions, frozen=True):
    """Gemma 3; `other` are its parameters that a text does not use (pictures)."""

    layers: int = 48
    width: int = 3840
    heads: int = 16
    key_heads: int = 8
    head: int = 256
    hidden: int = 15360
    vocabulary: int = 262_208
    tokens: int = 1024  # a prompt is padded to these
    other: int = 421_290_864

    @property
    def layer_parameters(self) -> int:
        """Attention without biases, gated feed-forward, norms."""
        attention = 2 * self.width * self.head * (self.heads + self.key_heads)
        return attention + 3 * self.width * self.hidden + 4 * self.width + 2 * self.head

    @property
    def parameters(self) -> int:
        """All of it; the embedding is also the output."""
        return self.vocabulary * self.width + self.layers * self.layer_parameters + self.width + self.other


class Connectors(Dimensions, frozen=True):
    """What turns Gemma's hidden states into the transformer's contexts: a projection and a small transformer each."""

    layers: int = 8
    registers: int = 128

    def parameters(self, text: TextEncoder, transformer: Transformer) -> int:
        """Both of them."""
        inputs = text.width * (text.layers + 1)
        widths = (transformer.video_width, transformer.audio_width)
        return sum(
            (inputs + 1) * w + self.registers * w + self.layers * self.layer_parameters(w, transformer.heads)
            for w in widths
        )

    def layer_parameters(self, width: int, heads: int) -> int:
        """Self-attention and feed-forward (x4)."""
        return Attention(width, width, width, heads).parameters + 8 * width * width + 5 * width


class Convolution(NamedTuple):
    """One convolution at one resolution: channels in and out, taps of its kernel, cells (frames, rows, columns).

    A `fixed` one has no weights, such as a blur.
    """

    channels: int
    out: int
    taps: int
    cells: tuple[int, int, int]
    fixed: bool = False

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return 0 if self.fixed else (self.taps * self.channels + 1) * self.out

    @property
    def flops(self) -> float:
        """A multiply-add counts 2."""
        return 2.0 * self.taps * self.channels * self.out * prod(self.cells)


class VideoVae(Dimensions, frozen=True):
    """The video VAE. Channels and layers are listed from the pixels to the latents, `up` from the latents on."""

    latent_channels: int = 128
    patch: int = 4
    encoder_channels: tuple[int, ...] = (256, 512, 1024, 1024)
    encoder_layers: tuple[int, ...] = (4, 6, 4, 2, 2)
    down: tuple[str, ...] = (SPATIAL, TEMPORAL, "spatiotemporal", "spatiotemporal")
    decoder_channels: tuple[int, ...] = (256, 512, 512, 1024)
    decoder_layers: tuple[int, ...] = (4, 6, 4, 2, 2)
    up: tuple[str, ...] = ("spatiotemporal", "spatiotemporal", TEMPORAL, SPATIAL)
    factors: tuple[int, ...] = (2, 2, 1, 2)

    @property
    def parameters(self) -> int:
        """Both halves, and mean and deviation of the latent's channels."""
        both = (*self.encoder(9, 256, 256), *self.decoder(2, 8, 8))
        return sum(c.parameters for c in both) + 2 * self.latent_channels

    def encoder(self, frames: int, width: int, height: int) -> Iterator[Convolution]:
        """The convolutions of encoding so many pixels, in order."""
        cells = (frames, height // self.patch, width // self.patch)
        channels = self.latent_channels
        yield Convolution(3 * self.patch**2, channels, 27, cells)
        for out, layers, kind in zip(self.encoder_channels, self.encoder_layers, self.down, strict=False):
            yield from 2 * layers * [Convolution(channels, channels, 27, cells)]
            stride = STRIDES[kind]
            padded = (cells[0] + stride[0] - 1, *cells[1:])
            yield Convolution(channels, out // prod(stride), 27, padded)
            cells = (padded[0] // stride[0], cells[1] // stride[1], cells[2] // stride[2])
            channels = out
        yield from 2 * self.encoder_layers[-1] * [Convolution(channels, channels, 27, cells)]
        yield Convolution(channels, self.latent_channels + 1, 27, cells)

    def decoder(self, latents: int, rows: int, columns: int) -> Iterator[Convolution]:
        """The convolutions of decoding so many latent cells, in order."""
        cells = (latents, rows, columns)
        channels = self.decoder_channels[-1]
        yield Convolution(self.latent_channels, channels, 27, cells)
        layers = self.decoder_layers[::-1]
        yield from 2 * layers[0] * [Convolution(channels, channels, 27, cells)]
        blocks = zip(self.decoder_channels[::-1], layers[1:], self.up, self.factors[::-1], strict=True)
        for width, count, kind, factor in blocks:
            stride = STRIDES[kind]
            yield Convolution(channels, width // factor * prod(stride), 27, cells)
            cells = (cells[0] * stride[0] - (stride[0] - 1), cells[1] * stride[1], cells[2] * stride[2])
            channels = width // factor
            yield from 2 * count * [Convolution(channels, channels, 27, cells)]
        yield Convolution(channels, 3 * self.patch**2, 27, cells)


class Upsampler(Dimensions, frozen=True):
    """The latent upsampler: blocks before and after a pixel shuffle, of kernels of `dims` dimensions."""

    width: int = 1024
    blocks: int = 4
    dims: int = 3

    def convolutions(self, channels: int, cells: tuple[int, int, int], factor: float) -> Iterator[Convolution]:
        """Those of upsampling a latent of so many channels and cells in space, in order."""
        larger = (cells[0], round(cells[1] * factor), round(cells[2] * factor))
        shuffled, kernel = {1.5: 9}.get(factor, round(factor * factor)), 3**self.dims
        yield Convolution(channels, self.width, kernel, cells)
        yield from 2 * self.blocks * [Convolution(self.width, self.width, kernel, cells)]
        yield Convolution(self.width, shuffled * self.width, 9, cells)
        if factor == 1.5:  # three times larger, blurred to half of that
            yield Convolution(1, self.width, 25, larger, fixed=True)
        yield from 2 * self.blocks * [Convolution(self.width, self.width, kernel, larger)]
        yield Convolution(self.width, channels, kernel, larger)

    def parameters(self, channels: int, factor: float = 2.0) -> int:
        """Convolutions and the two numbers a channel of each norm."""
        norms = 2 * self.width * (4 * self.blocks + 1)
        return sum(c.parameters for c in self.convolutions(channels, (1, 1, 1), factor)) + norms


class Sound(Dimensions, frozen=True):
    """Audio VAE and vocoder, by totals: both are small.

    The operations a second of sound follow from the vocoder's upsampling: a block's convolutions at each rate.
    """

    parameters: int = 182_333_434
    flops_per_second: float = 2.2e11


class Architecture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model set by its parts. `bytes_per_weight` is that of activations, and of weights if nothing else is said."""

    transformer: Transformer = Transformer()
    text_encoder: TextEncoder = TextEncoder()
    connectors: Connectors = Connectors()
    video_vae: VideoVae = VideoVae()
    upsampler: Upsampler = Upsampler()
    upsampler_x1_5: Upsampler | None = None
    sound: Sound = Sound()
    bytes_per_weight: float = 2.0

    def upsampling(self, factor: float) -> Upsampler:
        """The upsampler of a factor: most sets have them of one size."""
        return (factor == 1.5 and self.upsampler_x1_5) or self.upsampler

    def parameters(self, part: str) -> int:
        """How many a part has; 0 for a part without weights. Audio VAE and vocoder count as one part, the VAE."""
        match part:
            case "transformer":
                return self.transformer.parameters
            case "text_encoder":
                return self.text_encoder.parameters
            case "connectors":
                return self.connectors.parameters(self.text_encoder, self.transformer)
            case "video_vae":
                return self.video_vae.parameters
            case "upsampler 1.5x":
                return self.upsampling(1.5).parameters(self.video_vae.latent_channels, 1.5)
            case "upsampler 2x" | "temporal_upsampler":
                return self.upsampler.parameters(self.video_vae.latent_channels)
            case "audio_vae":
                return self.sound.parameters
        return 0
