"""Kernels that read and write video files."""

from __future__ import annotations

from pathlib import Path

from ltxdsl.ops import nodes
from ltxdsl.runtime.codecs import Coding
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.media import read_frames, write_audio, write_movie
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import Audio, File, Frames


@kernel
def read_video(session: Session, op: nodes.ReadVideo) -> dict[str, Frames]:
    """The first `frames` frames, or all."""
    return {"image": Frames(read_frames(op.path, op.frames))}


@kernel
def write_video(
    session: Session, op: nodes.WriteVideo, *, image: Frames, audio: Audio | None = None
) -> dict[str, File]:
    """In the container that the path's ending names."""
    path = session.scratch(Path(op.path).suffix or ".mp4")
    write_movie(path, image.pixels, op.fps, Coding(op.codec, op.crf, op.bitrate, op.tags), audio)
    return {"file": File(path)}


@kernel
def write_sound(session: Session, op: nodes.WriteSound, *, audio: Audio) -> dict[str, File]:
    """WAV or FLAC, 24 bits."""
    path = session.scratch(Path(op.path).suffix)
    write_audio(path, audio)
    return {"file": File(path)}
