"""The workflow that ComfyUI writes into its pictures, videos and sounds."""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from ltxdsl.comfy.read.graph import WorkflowError

KEYS = ("workflow", "prompt")
PNG = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"comf")  # the last is ComfyUI's own, in animated pictures
SOUNDS = (b"fLaC", b"ID3", b"OggS", b"\x1aE\xdf\xa3")
LARGEST_TEXT = 64 * 1024 * 1024  # bytes, unpacked
NONE = "there is no workflow in it: the picture or video carries none"


def carried(data: bytes) -> list[str] | None:
    """The JSON texts in a picture, video or sound, the editor's graph first; None for another kind of file."""
    reader = _reader(data)
    if reader is None:
        return None
    try:
        found = reader(data)
    except WorkflowError:
        raise
    except Exception:  # Pillow and PyAV raise many kinds for broken files
        raise WorkflowError("the picture or video is damaged", "damaged") from None
    texts = [found[key] for key in KEYS if found.get(key)]
    if not texts:
        raise WorkflowError(NONE)
    return texts


def _reader(data: bytes) -> Any:
    if data.startswith(PNG):
        return _of_png
    if data.startswith(b"\xff\xd8\xff") or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return _of_picture
    if data[4:8] == b"ftyp" or data.startswith(SOUNDS) or data.startswith(b"RIFF"):
        return _of_media
    return None


def _of_png(data: bytes) -> dict[str, str]:
    """Text chunks, read without decoding the picture."""
    found: dict[str, str] = {}
    for kind, body in _chunks(data):
        key, _, rest = body.partition(b"\0")
        name = key.decode("latin-1").lower()
        if kind in TEXTS and name in KEYS:
            found.setdefault(name, _text(kind, rest))
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _text(kind: bytes, rest: bytes) -> str:
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    elif packed:
        rest = rest[1:]
    if packed:
        unpacker = zlib.decompressobj()
        rest = unpacker.decompress(rest, LARGEST_TEXT)
        if unpacker.unconsumed_tail:
            raise WorkflowError(f"the workflow in it is larger than {LARGEST_TEXT >> 20} MB", "too_large")
    return _decoded(rest)


def _decoded(text: bytes) -> str:
    """Written as Latin-1 by the book, as UTF-8 by many."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _of_picture(data: bytes) -> dict[str, str]:
    """EXIF texts such as `workflow:{…}`."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        texts = [value for value in picture.getexif().values() if isinstance(value, str | bytes)]
    return dict(_named([_decoded(t if isinstance(t, bytes) else t.encode("latin-1", "replace")) for t in texts]))


def _named(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        if found := re.match(r"(workflow|prompt):\s*(?=\{)", text, re.IGNORECASE):
            yield found[1].lower(), text[found.end() :]


def _of_media(data: bytes) -> dict[str, str]:
    """Metadata of the container or of its streams: `workflow` and `prompt`, or a `comment` that holds both."""
    import av

    with av.open(io.BytesIO(data)) as media:
        tags: dict[str, str] = {}
        for one in (*media.streams, media):
            tags |= {key.lower(): value for key, value in one.metadata.items()}
    return _of_comment(tags.get("comment", "")) | {key: tags[key] for key in KEYS if key in tags}


def _of_comment(text: str) -> dict[str, str]:
    """As VideoHelperSuite writes it: one JSON object, whose values may be JSON texts again."""
    try:
        inner: Mapping[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(inner, dict):
        return {}
    return {key: v if isinstance(v, str) else json.dumps(v) for key, v in inner.items() if key in KEYS}
