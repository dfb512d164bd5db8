"""Sound from files, at the rate that the audio VAE hears."""

from __future__ import annotations

from pathlib import Path

import av
import torch
from torch import Tensor

from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.mel import RATE
from ltxdsl.runtime.values import Audio


def read_sound(path: str | Path, start: float, seconds: float, rate: int = RATE) -> Audio:
    """Stereo at `rate` from `start` on, at most `seconds` of it; mono goes to both sides, more sides are mixed down."""
    try:
        samples = _decoded(path, start + seconds, rate)
    except FileNotFoundError:
        raise MediaError(path, "there is no such file") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"it does not read as sound ({error})") from error
    first = round(start * rate)
    return Audio(samples[:, first : first + round(seconds * rate)].contiguous(), rate)


def at_rate(sound: Audio, rate: int) -> Audio:
    """The same sound at another rate, by FFmpeg's resampler."""
    if sound.rate == rate:
        return sound
    count = len(sound.samples)
    layout = "stereo" if count == 2 else "mono"
    frame = av.AudioFrame.from_ndarray(sound.samples.float().contiguous().numpy(), format="fltp", layout=layout)
    frame.sample_rate = sound.rate
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    made = (*resampler.resample(frame), *resampler.resample(None))
    return Audio(torch.cat([torch.from_numpy(part.to_ndarray()) for part in made], dim=1), rate)


def _decoded(path: str | Path, seconds: float, rate: int) -> Tensor:
    """Samples 2 N until so many seconds."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise MediaError(path, "there is no sound in it")
        mono = container.streams.audio[0].channels == 1
        resampler = av.AudioResampler(format="fltp", layout="mono" if mono else "stereo", rate=rate)
        parts: list[Tensor] = []
        for frame in container.decode(audio=0):
            parts += (torch.from_numpy(made.to_ndarray()) for made in resampler.resample(frame))
            if sum(part.shape[1] for part in parts) >= seconds * rate:
                break
        else:
            parts += (torch.from_numpy(made.to_ndarray()) for made in resampler.resample(None))
    if not parts:
        raise MediaError(path, "there is no sound in it")
    return torch.cat(parts, dim=1).expand(2, -1)


def as_long(samples: Tensor, count: int) -> Tensor:
    """Samples ... count: cut, or with silence behind them."""
    return torch.nn.functional.pad(samples, (0, max(0, count - samples.shape[-1])))[..., :count]


def pink_noise(count: int, level: float) -> Tensor:
    """2 count samples whose power falls as 1 / frequency, with a root mean square of `level`; always the same."""
    white = torch.randn(2, count, generator=torch.Generator().manual_seed(0))
    spectrum = torch.fft.rfft(white)
    frequency = torch.arange(spectrum.shape[1]).clamp(min=1)
    spectrum = spectrum / frequency.sqrt()
    spectrum[:, 0] = 0
    pink = torch.fft.irfft(spectrum, n=count)
    scaled: Tensor = pink * (level / pink.square().mean(dim=1, keepdim=True).sqrt())
    return scaled
