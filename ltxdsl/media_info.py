"""What can be known of a media file without decoding it."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def count_frames(path: str) -> int:
    """Frames of a video, from its header or by counting packets; 0 where that cannot be told."""
    if not path or not Path(path).is_file():
        return 0
    import av

    try:
        with av.open(path) as container:
            stream = container.streams.video[0]
            return int(stream.frames) or sum(packet.size > 0 for packet in container.demux(stream))
    except (av.FFmpegError, OSError, IndexError):
        return 0
