"""The sound that LTX-2.x sees: log-mel spectrograms of 16 kHz, 100 frames a second, 64 bands.

Constants and scale are those of Lightricks' audio VAE: windows of 1024 samples every 160, centred, with mirrored
ends; magnitudes; bands on Slaney's scale with Slaney's norm; the natural logarithm of at least 1e-5.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

RATE = 16000
WINDOW, HOP = 1024, 160
BANDS = 64
FLOOR = 1e-5
SILENCE = math.log(FLOOR)  # the value of every band of silence

LINEAR_TO, HERTZ_PER_MEL = 1000.0, 200 / 3  # Slaney: even steps up to 1 kHz, then even ratios
RATIO_PER_MEL = math.log(6.4) / 27


def log_mel(samples: Tensor, bands: int = BANDS) -> Tensor:
    """The log-mel spectrogram ... T bands of samples ... N at 16 kHz in -1..1; T = N // 160 + 1, N at least 513."""
    flat = samples.reshape(-1, samples.shape[-1]).float()
    window = torch.hann_window(WINDOW, device=flat.device)
    spectrum = torch.stft(flat, WINDOW, HOP, window=window, center=True, pad_mode="reflect", return_complex=True).abs()
    mel = mel_bands(bands, WINDOW // 2 + 1, RATE).to(flat.device) @ spectrum
    return mel.clamp(min=FLOOR).log().transpose(1, 2).reshape(*samples.shape[:-1], -1, bands)


def mel_frames(samples: int) -> int:
    """Spectra of so many samples at 16 kHz."""
    return samples // HOP + 1


def latent_mel_frames(latents: int) -> int:
    """Spectra that so many audio latents stand for: the first for one, each later one for four."""
    return 4 * latents - 3


@cache
def mel_bands(bands: int, bins: int, rate: int) -> Tensor:
    """Weights bands x bins of the DFT's bins from 0 to rate / 2: triangles of one area, each from centre to centre."""
    edges = band_edges(bands, rate)
    frequency = torch.linspace(0, rate / 2, bins, dtype=torch.float64)
    rise = (frequency - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - frequency) / (edges[2:] - edges[1:-1])[:, None]
    norm = 2 / (edges[2:] - edges[:-2])
    return (torch.minimum(rise, fall).clamp(min=0) * norm[:, None]).float()


def band_centres(bands: int = BANDS, rate: int = RATE) -> Tensor:
    """The bands' centres in Hz."""
    return band_edges(bands, rate)[1:-1]


def band_edges(bands: int, rate: int) -> Tensor:
    """The bands + 2 frequencies in Hz, float64, that the triangles begin, stand and end at."""
    return _hertz(torch.linspace(0, _mel(rate / 2), bands + 2, dtype=torch.float64))


def _mel(hertz: float) -> float:
    if hertz <= LINEAR_TO:
        return hertz / HERTZ_PER_MEL
    return LINEAR_TO / HERTZ_PER_MEL + math.log(hertz / LINEAR_TO) / RATIO_PER_MEL


def _hertz(mel: Tensor) -> Tensor:
    above = LINEAR_TO * ((mel - LINEAR_TO / HERTZ_PER_MEL) * RATIO_PER_MEL).exp()
    return torch.where(mel * HERTZ_PER_MEL <= LINEAR_TO, mel * HERTZ_PER_MEL, above)
