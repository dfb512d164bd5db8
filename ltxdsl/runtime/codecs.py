"""How frames become the packets of a video: codecs, pixel formats, colour tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy
import torch
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from torch import Tensor

from ltxdsl.runtime.pixels import as_float, as_uint8

AAC, OPUS = "aac", "libopus"
WHITE = 255 * 256


@dataclass(frozen=True)
class Coding:
    """How a video is coded; `bitrate` in kbit a second stands in the place of `crf` if it is not 0."""

    codec: str = "h264"
    crf: int = 19
    bitrate: int = 0
    tags: str = "srgb"

    @property
    def encoder(self) -> str:
        """FFmpeg's encoder."""
        return {"h264": "libx264", "h265": "libx265", "prores4444": "prores_ks", "vp9": "libvpx-vp9"}[self.codec]

    @property
    def pixels(self) -> str:
        """FFmpeg's pixel format. Its ProRes encoder takes 10 bits; what decodes it says 12."""
        formats = {"h265": "yuv420p10le", "prores4444": "yuv444p10le"}
        return formats.get(self.codec, "yuv420p")

    @property
    def deep(self) -> bool:
        """Whether it is fed more than 8 bits."""
        return "10" in self.pixels

    @property
    def sound(self) -> str:
        """FFmpeg's encoder of the sound beside it."""
        return OPUS if self.codec == "vp9" else AAC

    @property
    def options(self) -> dict[str, str]:
        """Of the encoder."""
        quality = {"b": f"{self.bitrate}k"} if self.bitrate else {"crf": str(self.crf)}
        # Macroblock trees read memory that was never set: the same frames then give other bits now and then.
        return {
            "h264": {**quality, "preset": "veryfast", "x264-params": "no-mbtree=1"},
            "h265": {**quality, "preset": "fast", "x265-params": "log-level=error:pools=1:frame-threads=1"},
            "prores4444": {"profile": "4444", "vendor": "apl0"},
            "vp9": {"b": "0", **quality, "row-mt": "0", "deadline": "good", "cpu-used": "4"},
        }[self.codec]

    def tag(self, target: Any) -> None:
        """Colour tags on a stream or frame: Rec.709; the transfer of log codes has no number."""
        logged = self.tags != "srgb"
        target.color_primaries = ColorPrimaries.BT709
        target.color_trc = ColorTrc.UNSPECIFIED if logged else ColorTrc.BT709
        target.colorspace, target.color_range = Colorspace.ITU709, ColorRange.MPEG


def video_stream(container: Any, frames: Tensor, rate: Fraction, coding: Coding) -> Any:
    """A stream for frames F H W 3; odd sizes grow by a pixel where colour is stored at half size."""
    stream = container.add_stream(coding.encoder, rate=rate)
    halved = "420" in coding.pixels
    stream.height, stream.width = (size + size % 2 * halved for size in frames.shape[1:3])
    stream.pix_fmt = coding.pixels
    stream.options = coding.options
    if coding.codec == "h265":
        stream.codec_context.codec_tag = "hvc1"
    coding.tag(stream)
    return stream


def video_packets(stream: Any, frames: Tensor, coding: Coding) -> Iterator[Any]:
    """The packets of all frames. Tags stand on every frame: encoders drop those of the stream."""
    sized = even_sized(frames) if "420" in coding.pixels else frames
    for index, pixels in enumerate(sized):
        array, form = (_words(pixels), "rgb48le") if coding.deep else (as_uint8(pixels).numpy(), "rgb24")
        frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(array), format=form)
        frame = frame.reformat(
            format=coding.pixels,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )
        coding.tag(frame)
        frame.pts = index
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _words(pixels: Tensor) -> numpy.ndarray:
    """H W 3 as 16 bits, of which FFmpeg takes 255 * 256 for white, not 65535."""
    return (as_float(pixels).clamp(0, 1) * WHITE).round().to(torch.int32).cpu().numpy().astype(numpy.uint16)


def even_sized(frames: Tensor) -> Tensor:
    """F H W 3 with the last row or column repeated where the size is odd: 4:2:0 needs even ones."""
    if frames.shape[1] % 2:
        frames = torch.cat([frames, frames[:, -1:]], dim=1)
    if frames.shape[2] % 2:
        frames = torch.cat([frames, frames[:, :, -1:]], dim=2)
    return frames
