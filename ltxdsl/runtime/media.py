"""H.264 and AAC with PyAV: frames and sound to a file and back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import torch
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from torch import Tensor

from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.values import Audio

AAC_CHUNK = 1024


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


def write_movie(path: Path, frames: Tensor, fps: float, crf: int, audio: Audio | None = None) -> None:
    """Write F H W 3 uint8 as H.264, and sound as AAC of exactly the video's length. The ending picks MP4 or MOV."""
    rate = frame_rate(fps)
    with _writing(path), av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container, frames, rate, crf)
        sound = _sound_stream(container, audio) if audio is not None else None
        for packet in _video_packets(video, frames):
            container.mux(packet)
        if audio is not None:
            samples = fitted_sound(audio, float(len(frames) / rate))
            for packet in _sound_packets(sound, samples, audio.rate):
                container.mux(packet)


@contextmanager
def _writing(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"it cannot be written ({error})") from error


def recompressed(frames: Tensor, crf: int) -> Tensor:
    """F H W 3 uint8 through one H.264 video and back, at the same size."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = _video_stream(container, frames, Fraction(24), crf)
        for packet in _video_packets(stream, frames):
            container.mux(packet)
    buffer.seek(0)
    with av.open(buffer) as container:
        decoded = [torch.from_numpy(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    return torch.stack(decoded)[:, : frames.shape[1], : frames.shape[2]].contiguous()


def _video_stream(container: Any, frames: Tensor, rate: Fraction, crf: int) -> Any:
    stream = container.add_stream("libx264", rate=rate)
    stream.height, stream.width = (size + size % 2 for size in frames.shape[1:3])
    stream.pix_fmt = "yuv420p"
    # Macroblock trees read memory that was never set: the same frames then give other bits now and then.
    stream.options = {"crf": str(crf), "preset": "veryfast", "x264-params": "no-mbtree=1"}
    stream.color_primaries, stream.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    stream.colorspace, stream.color_range = Colorspace.ITU709, ColorRange.MPEG
    return stream


def _video_packets(stream: Any, frames: Tensor) -> Iterator[Any]:
    for index, pixels in enumerate(even_sized(frames)):
        frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(pixels.numpy()), format="rgb24")
        frame = frame.reformat(
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        frame.pts = index
        yield from stream.encode(frame)
    yield from stream.encode(None)


def even_sized(frames: Tensor) -> Tensor:
    """F H W 3 with the last row or column repeated where the size is odd: 4:2:0 needs even ones."""
    if frames.shape[1] % 2:
        frames = torch.cat([frames, frames[:, -1:]], dim=1)
    if frames.shape[2] % 2:
        frames = torch.cat([frames, frames[:, :, -1:]], dim=2)
    return frames


def fitted_sound(audio: Audio, seconds: float) -> Tensor:
    """Stereo samples 2 N of exactly that length: cut, or filled up with silence; mono goes to both sides."""
    samples = audio.samples.float().cpu()
    samples = samples.expand(2, -1) if len(samples) == 1 else samples[:2]
    count = round(seconds * audio.rate)
    return torch.nn.functional.pad(samples, (0, max(0, count - samples.shape[1])))[:, :count].contiguous()


def _sound_stream(container: Any, audio: Audio) -> Any:
    stream = container.add_stream("aac", rate=audio.rate)
    stream.layout = "stereo"
    stream.bit_rate = 192_000
    return stream


def _sound_packets(stream: Any, samples: Tensor, rate: int) -> Iterator[Any]:
    """AAC packets, fed in chunks of 1024; the last partial one is flushed."""
    fifo = av.AudioFifo()
    frame = av.AudioFrame.from_ndarray(samples.clamp(-1, 1).numpy(), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    fifo.write(frame)
    while (chunk := fifo.read(AAC_CHUNK) or fifo.read(0, partial=True)) is not None:
        yield from stream.encode(chunk)
    yield from stream.encode(None)
