"""Node interfaces of ComfyUI and of the packs that LTX people use: inputs with types, order and limits, and outputs.

They ship as data (from a ComfyUI 0.27 with these packs) and are refreshed from a server by `ltx nodes refresh`; what
was refreshed lies in the user's data folder and comes first, small nodes noted by hand last. Each class is decoded when
it is asked for.
"""

from __future__ import annotations

import gzip
import warnings
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ltxdsl.comfy.catalogue.multigpu import derived
from ltxdsl.comfy.catalogue.noted import noted
from ltxdsl.folders import data_folder

SHIPPED = Path(__file__).parent / "interfaces.json.gz"
REFRESHED = "nodes.json.gz"
# What a server says beside a node's interface.
DROPPED = frozenset({"description", "deprecated", "experimental", "search_aliases", "display_name", "output_tooltips"})
HELD = frozenset({"tooltip", "default_input", "placeholder"})


class Catalogue(Mapping[str, Any]):
    """Interfaces by class, in the form of a server's `/object_info`."""

    def __init__(self, *sources: dict[str, msgspec.Raw]) -> None:
        self._raw: dict[str, msgspec.Raw] = {}
        for source in reversed(sources):
            self._raw.update(source)
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = msgspec.json.decode(self._raw[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, name: object) -> bool:
        return name in self._raw


@cache
def catalogue() -> Catalogue:
    """What was refreshed, what ships, and what was noted."""
    shipped = _read(SHIPPED)
    return Catalogue(_refreshed(data_folder() / REFRESHED), shipped, noted(), derived(shipped))


def _refreshed(path: Path) -> dict[str, msgspec.Raw]:
    """What a server said; nothing, with a warning, where the file is damaged."""
    try:
        return _read(path) if path.is_file() else {}
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, ValueError) as error:
        warnings.warn(f"{path} cannot be read ({error}): `ltx nodes refresh` writes it anew", stacklevel=2)
        return {}


def _read(path: Path) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(gzip.decompress(path.read_bytes()), type=dict[str, msgspec.Raw])


def packed(object_info: Mapping[str, Any]) -> bytes:
    """A server's answer as it is kept: without texts for people, and without lists of files."""
    kept = {name: _bare(info) for name, info in object_info.items()}
    return gzip.compress(msgspec.json.encode(kept), 9, mtime=0)


def _bare(info: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {
        section: {name: _plain(spec) for name, spec in (specs or {}).items()}
        for section, specs in (info.get("input") or {}).items()
        if isinstance(specs, Mapping)
    }
    return {**{key: value for key, value in info.items() if key not in DROPPED}, "input": inputs}


def _plain(spec: Any) -> Any:
    if not isinstance(spec, list) or not spec:
        return spec
    kind, options = spec[0], dict(spec[1]) if len(spec) > 1 and isinstance(spec[1], Mapping) else {}
    uploads = any(key.endswith("_upload") for key in options)
    if isinstance(kind, list) and (uploads or _are_files(kind)):
        kind = []
    if _are_files(options.get("options")):
        options["options"] = []
    return [kind, {key: value for key, value in options.items() if key not in HELD}]


def _are_files(options: Any) -> bool:
    """Whether a list of choices names files of one machine."""
    endings = (".safetensors", ".gguf", ".pt", ".pth", ".ckpt", ".bin", ".png", ".jpg", ".mp4", ".wav", ".mp3", ".onnx")
    return isinstance(options, list) and any(isinstance(one, str) and one.lower().endswith(endings) for one in options)
