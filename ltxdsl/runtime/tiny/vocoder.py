"""A vocoder that is computed, not trained: tones on a grid of 100 Hz, as loud as the spectrogram says.

The real class is a stack of convolutions with rectifiers between them, and that is enough to write a synthesiser
in its weights. Per channel of the stereo:

1. the first layer and a rectifier: RAMPS ramps of every mel band's logarithm,
2. their sum is the band's magnitude (an exponential in straight pieces), summed over the bands of one grid tone,
3. a tone takes a part of its neighbours' sums away (what leaks from a tone into the next band),
4. the last upsampler adds a Hann-windowed sine of every tone, as loud as its sum: windows of two hops overlap to 1,
   and a hop of 10 ms is a whole number of cycles of every tone on the grid, so that the sines go on in phase.

Silence is under every ramp, so it gives exact zeros. The rectifiers are leaky ones with slope 0; the last one, whose
slope cannot be set, sees every wave twice, with both signs. The bandwidth extension has zeros for weights: what comes
out at 48 kHz is the 16 kHz wave, resampled by the class itself.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ltxdsl.runtime.mel import BANDS, HOP, RATE, band_centres, log_mel, mel_bands

STEREO = 2
GRID = 100.0  # Hz
RAMPS = (-4.0, -2.5, -1.0, 0.5)  # where they begin, in nats; a full-scale tone reaches about 1.7
LOUDEST = 2.0  # nats; the exponential is met at the ramps' beginnings and here
NEIGHBOUR = 0.15  # share of the neighbours' sums that is taken away
HIDDEN = 4 * 128  # units of the first layer; every upsampler halves them
LEAK = 0.01  # of the class's last rectifier


def vocoder() -> Any:
    """The vocoder with bandwidth extension, 64 mel bands in stereo to 48 kHz."""
    from diffusers.pipelines.ltx2.vocoder import LTX2VocoderWithBWE

    model = LTX2VocoderWithBWE(
        in_channels=STEREO * BANDS,
        hidden_channels=HIDDEN,
        upsample_kernel_sizes=[1, 1, 2 * HOP],
        upsample_factors=[1, 1, HOP],
        resnet_kernel_sizes=[1],
        resnet_dilations=[[1]],
        act_fn="leaky_relu",
        leaky_relu_negative_slope=0.0,
        antialias=False,
        bwe_in_channels=STEREO * BANDS,
        bwe_hidden_channels=32,
        bwe_resnet_kernel_sizes=[3],
        bwe_resnet_dilations=[[1]],
        num_mel_channels=BANDS,
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        _write_synthesiser(model.vocoder)
        set_mel_analysis(model.mel_stft, RATE)
    return model


def tones() -> Tensor:
    """The grid's tones in Hz that have a band, rising."""
    found: Tensor = torch.unique(_tone_of_band())
    return found


def _tone_of_band() -> Tensor:
    return (band_centres() / GRID).round().clamp(min=1) * GRID


def _write_synthesiser(model: Any) -> None:
    ramps, slopes = len(RAMPS), _slopes()
    sums = (_tone_of_band()[None] == tones()[:, None]).float()
    spread = _take_neighbours() @ torch.diag(1 / _loudness(sums, slopes))
    for channel in range(STEREO):
        units = torch.arange(BANDS * ramps) + channel * BANDS * ramps
        bands = torch.arange(BANDS).repeat_interleave(ramps)
        model.conv_in.weight[units, channel * BANDS + bands, 3] = 1.0
        model.conv_in.bias[units] = -torch.tensor(RAMPS).repeat(BANDS)
        first, last = channel * len(sums), (channel + 1) * len(sums)
        model.upsamplers[0].weight[units, first:last, 0] = (sums[:, bands] * slopes.repeat(BANDS)).T
        model.upsamplers[1].weight[first:last, first:last, 0] = spread.T
        waves = _waves()
        model.upsamplers[2].weight[first:last, 2 * channel] = waves
        model.upsamplers[2].weight[first:last, 2 * channel + 1] = -waves
        model.conv_out.weight[channel, 2 * channel, 3] = 1 / (1 + LEAK)
        model.conv_out.weight[channel, 2 * channel + 1, 3] = -1 / (1 + LEAK)


def _slopes() -> Tensor:
    """What each ramp adds to the slope, so that the sum of ramps is exp(x) - exp(RAMPS[0]) at every beginning."""
    at = torch.tensor([*RAMPS, LOUDEST])
    chords = at.exp().diff() / at.diff()
    return torch.cat([chords[:1], chords.diff()])


def _magnitudes(mel: Tensor, slopes: Tensor) -> Tensor:
    return ((mel[..., None] - torch.tensor(RAMPS)).clamp(min=0) * slopes).sum(-1)


def _loudness(sums: Tensor, slopes: Tensor) -> Tensor:
    """What a tone of amplitude 1/2 gives in its own sum, for 1: what a sum has to be divided by."""
    time = torch.arange(4 * 1024, dtype=torch.float64) / RATE
    steady = log_mel(0.5 * torch.sin(2 * math.pi * tones()[:, None] * time))[:, 12]
    return 2 * (_magnitudes(steady, slopes) @ sums.T).diagonal()


def _take_neighbours() -> Tensor:
    count = len(tones())
    beside = torch.diag(torch.ones(count - 1), 1) + torch.diag(torch.ones(count - 1), -1)
    return torch.eye(count) - NEIGHBOUR * beside


def _waves() -> Tensor:
    """Two hops of every tone under a window; the phases differ, so that tones do not all peak at once."""
    time = torch.arange(2 * HOP, dtype=torch.float64) / RATE
    phases = torch.arange(len(tones()), dtype=torch.float64) ** 2 * math.pi / len(tones())
    window = torch.hann_window(2 * HOP, dtype=torch.float64)
    return (window * torch.sin(2 * math.pi * tones()[:, None] * time + phases[:, None])).float()


def set_mel_analysis(stft: Any, rate: int) -> None:
    """Fill the buffers of the class's own analysis: a Hann-windowed DFT and the mel bands."""
    rows, _, window = stft.stft_fn.forward_basis.shape
    bins = rows // 2
    phase = torch.outer(torch.arange(bins), torch.arange(window)) * (2 * math.pi / window)
    basis = torch.cat([phase.cos(), -phase.sin()]) * torch.hann_window(window)
    stft.stft_fn.forward_basis.copy_(basis.unsqueeze(1))
    stft.mel_basis.copy_(mel_bands(stft.mel_basis.shape[0], bins, rate))
