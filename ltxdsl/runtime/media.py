"""Frames and sound to files and back, with PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import torch
from torch import Tensor

from ltxdsl.runtime.codecs import OPUS, Coding, even_sized, video_packets, video_stream
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.values import Audio

SOUND_CHUNK = 1024


def frame_rate(fps: float) -> Fraction:
    """An exact rate: 23.976, 29.97 and their like become n·1000/1001."""
    ntsc = fps * 1001 / 1000
    if abs(fps - round(fps)) > 1e-6 and abs(ntsc - round(ntsc)) < 5e-3:
        return Fraction(round(ntsc) * 1000, 1001)
    return Fraction(fps).limit_denominator(1000)


def read_frames(path: str | Path, limit: int = 0) -> Tensor:
    """The frames of a video, F H W 3 uint8; at most `limit` if that is not 0."""
    frames: list[Tensor] = []
    with _explained(path), av.open(str(path)) as container:
        if not container.streams.video:
            raise MediaError(path, "there is no video in it")
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            frames.append(torch.from_numpy(frame.to_ndarray(format="rgb24")))
            if len(frames) == limit:
                break
    if not frames:
        raise MediaError(path, "there are no frames in it")
    return torch.stack(frames)


@contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise MediaError(path, "there is no such file") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"it does not read as a video ({error})") from error


def write_movie(path: Path, frames: Tensor, fps: float, coding: Coding, audio: Audio | None = None) -> None:
    """Write F H W 3 (uint8 or float 0..1), and sound of exactly the video's length; the ending picks the container."""
    rate = frame_rate(fps)
    options = {} if path.suffix.lower() == ".webm" else {"movflags": "+faststart"}
    with _writing(path), av.open(str(path), "w", options=options) as container:
        video = video_stream(container, frames, rate, coding)
        sound = _sound_stream(container, audio, coding.sound) if audio is not None else None
        for packet in video_packets(video, frames, coding):
            container.mux(packet)
        if audio is not None:
            samples = fitted_sound(audio, float(len(frames) / rate))
            for packet in _sound_packets(sound, samples, audio.rate):
                container.mux(packet)


def write_audio(path: Path, audio: Audio) -> None:
    """Write sound as it is, as 24 bits, WAV or FLAC by the ending."""
    with _writing(path), av.open(str(path), "w") as container:
        flac = path.suffix.lower() == ".flac"
        stream = container.add_stream("flac" if flac else "pcm_s24le", rate=audio.rate)
        stream.layout = "mono" if len(audio.samples) == 1 else "stereo"
        stream.format = "s32"
        whole = (audio.samples[:2].double().cpu().clamp(-1, 1) * 8388607).round().to(torch.int32) * 256
        packed = numpy.ascontiguousarray(whole.T.reshape(1, -1).numpy())
        frame = av.AudioFrame.from_ndarray(packed, format="s32", layout=stream.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = audio.rate, 0, Fraction(1, audio.rate)
        for packet in _fed(stream, [frame], SOUND_CHUNK):
            container.mux(packet)


def _fed(stream: Any, frames: Iterable[Any], size: int) -> Iterator[Any]:
    """The packets of sound frames, fed to the encoder in chunks of a size; the last partial one is flushed."""
    fifo = av.AudioFifo()
    for frame in frames:
        fifo.write(frame)
    while (chunk := fifo.read(size) or fifo.read(0, partial=True)) is not None:
        yield from stream.encode(chunk)
    yield from stream.encode(None)


@contextmanager
def _writing(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"it cannot be written ({error})") from error


def recompressed(pixels: Tensor, crf: int) -> Tensor:
    """H W 3 uint8 through one H.264 frame and back, at the same size.

    One frame a second, without colour tags, as the model's authors and ComfyUI do it: the quality of a crf depends on
    how long a frame is shown. Source: ltx-pipelines media_io.py, ComfyUI nodes_lt.py LTXVPreprocess.
    """
    buffer = io.BytesIO()
    rows, columns, _ = pixels.shape
    even = even_sized(pixels.unsqueeze(0))[0]
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1, options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width = even.shape[:2]
        frame = av.VideoFrame.from_ndarray(even.cpu().numpy(), format="rgb24").reformat(format="yuv420p")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    buffer.seek(0)
    with av.open(buffer) as container:
        decoded = torch.from_numpy(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    return decoded[:rows, :columns].contiguous()


def fitted_sound(audio: Audio, seconds: float) -> Tensor:
    """Stereo samples 2 N of exactly that length: cut, or filled up with silence; mono goes to both sides."""
    samples = audio.samples.float().cpu()
    samples = samples.expand(2, -1) if len(samples) == 1 else samples[:2]
    count = round(seconds * audio.rate)
    return torch.nn.functional.pad(samples, (0, max(0, count - samples.shape[1])))[:, :count].contiguous()


def _sound_stream(container: Any, audio: Audio, codec: str) -> Any:
    stream = container.add_stream(codec, rate=48_000 if codec == OPUS else audio.rate)
    stream.layout = "stereo"
    stream.bit_rate = 192_000
    return stream


def _sound_packets(stream: Any, samples: Tensor, rate: int) -> Iterator[Any]:
    """Packets of what the encoder takes; Opus is resampled."""
    frame = av.AudioFrame.from_ndarray(samples.clamp(-1, 1).numpy(), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=stream.rate)
    made = (*resampler.resample(frame), *resampler.resample(None))
    yield from _fed(stream, made, stream.codec_context.frame_size or SOUND_CHUNK)
