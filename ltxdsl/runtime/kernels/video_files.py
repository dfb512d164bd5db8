"""Kernels that read and write video files."""

from __future__ import annotations

from pathlib import Path

from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.media import read_frames, write_movie
from ltxdsl.runtime.pixels import as_uint8
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
    """H.264 and AAC in the container that the path's ending names."""
    path = session.scratch(Path(op.path).suffix or ".mp4")
    write_movie(path, as_uint8(image.pixels), op.fps, op.crf, audio)
    return {"file": File(path)}
