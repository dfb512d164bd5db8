"""The workflow that ComfyUI writes into its pictures and videos."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ltxdsl.comfy.read.graph import WorkflowError

KEYS = ("workflow", "prompt")
PICTURES = (b"\x89PNG\r\n", b"RIFF", b"\xff\xd8\xff")
NONE = "there is no workflow in it: the picture or video carries none"


def carried(data: bytes) -> str | None:
    """The JSON text in a picture or video, or a WorkflowError if there is none; None for another kind of file."""
    if data.startswith(PICTURES) and not data.startswith(b"RIFF....AVI "):
        return _chosen(_of_picture(data))
    if data[4:8] == b"ftyp" or data.startswith(b"\x1aE\xdf\xa3"):
        return _chosen(_of_video(data))
    return None


def _chosen(found: Mapping[str, str]) -> str:
    for key in KEYS:
        if text := found.get(key):
            return text
    raise WorkflowError(NONE)


def _of_picture(data: bytes) -> dict[str, str]:
    """PNG text chunks, or EXIF texts such as `workflow:{…}`."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            texts: dict[Any, Any] = {**picture.info, **getattr(picture, "text", {})}
            exif = [value for value in picture.getexif().values() if isinstance(value, str)]
    except Exception:  # Pillow raises many kinds for broken files
        raise WorkflowError("the picture is damaged") from None
    return dict(_named(exif)) | {key: value for key, value in texts.items() if key in KEYS and isinstance(value, str)}


def _named(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        if found := re.match(r"(workflow|prompt):\s*(?=\{)", text, re.IGNORECASE):
            yield found[1].lower(), text[found.end() :]


def _of_video(data: bytes) -> dict[str, str]:
    """Metadata of the container: `workflow` and `prompt`, or a `comment` that holds both."""
    import av

    try:
        with av.open(io.BytesIO(data)) as video:
            tags = {key.lower(): value for key, value in video.metadata.items()}
    except Exception:  # PyAV raises many kinds for broken files
        raise WorkflowError("the video is damaged") from None
    found = {key: tags[key] for key in KEYS if key in tags}
    return found or _of_comment(tags.get("comment", ""))


def _of_comment(text: str) -> dict[str, str]:
    """As VideoHelperSuite writes it: one JSON object, whose values may be JSON texts again."""
    try:
        inner = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(inner, dict):
        return {}
    return {key: v if isinstance(v, str) else json.dumps(v) for key, v in inner.items() if key in KEYS}
