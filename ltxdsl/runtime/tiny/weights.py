"""The trained parts of the embedded model set: one safetensors file each in `ltxdsl/models/weights`, gzipped.

Kernels and matrices are int8 with one half-precision scale per output channel (`NAME.int8_scale`), the rest
is as it is. The file's metadata holds the class and its configuration, SHA256SUMS the sums of all files.
Only the package's own files are compressed, and unpacked once, into the cache: what users give stays plain.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ltxdsl import models
from ltxdsl.runtime.errors import ModelFileError

FOLDER = Path(models.__file__).parent / "weights"
SUMS = "SHA256SUMS"
SCALE = ".int8_scale"
ENDING = ".safetensors.gz"
LORA = f"-lora{ENDING}"
Weights = dict[str, Tensor]


class Stored(NamedTuple):
    """What a file of the package holds."""

    weights: Weights
    metadata: dict[str, str]


def file_of(part: str) -> Path:
    """Where the trained weights of a part are, if they are."""
    return FOLDER / f"embedded-{part.replace('_', '-')}{ENDING}"


def trained(part: str, kind: Any) -> Any | None:
    """A part of class `kind` with its trained weights in float32, or None if there are none."""
    path = file_of(part)
    if not path.is_file():
        return None
    stored = read_stored(path)
    module = kind.from_config(json.loads(stored.metadata["config"]))
    module.load_state_dict(unpacked(stored.weights))
    return module


def trained_loras() -> list[str]:
    """The names of the LoRAs that are in the package."""
    return [path.name.removeprefix("embedded-").removesuffix(LORA) for path in sorted(FOLDER.glob(f"embedded-*{LORA}"))]


def write_trained_lora(name: str, path: Path) -> None:
    """A LoRA of the package as a file that any program reads: half precision, with its metadata."""
    from safetensors.torch import save_file

    stored = read_stored(file_of(f"{name}_lora"))
    halves = {key: weight.half().contiguous() for key, weight in unpacked(stored.weights).items()}
    save_file(halves, path, metadata=stored.metadata or None)


def read_stored(path: Path) -> Stored:
    """A file of the package, if it is the one that was packed."""
    from safetensors.torch import load

    check_sum(path)
    content = gzip.decompress(path.read_bytes())
    header, _ = _header(content)
    return Stored(load(content), header.get("__metadata__", {}))


def write_stored(stored: Stored, path: Path) -> None:
    """The same bytes whenever it is written: gzip tells the time otherwise, and metadata come in any order."""
    from safetensors.torch import save

    header, weights = _header(save(stored.weights, stored.metadata or None))
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(len(text).to_bytes(8, "little") + text + weights, 9, mtime=0))


def _header(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The head of a safetensors file, and what follows it."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def check_sum(path: Path) -> None:
    """Say so if a file is not the one that was packed."""
    known = read_sums(path.parent)
    if known.get(path.name) != sum_of(path):
        raise ModelFileError(path, f"it is not the file that {SUMS} names; install the package again")


def read_sums(folder: Path) -> dict[str, str]:
    """The SHA-256 sums of a folder's files by their names, in the form of `sha256sum`."""
    path = folder / SUMS
    lines = path.read_text().splitlines() if path.is_file() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def sum_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpacked(small: Weights) -> Weights:
    """Float32 weights of int8 ones and their scales."""
    weights: Weights = {}
    for name, weight in small.items():
        scale = small.get(name + SCALE)
        if scale is not None:
            weights[name] = (weight.flatten(1).float() * scale.float()[:, None]).view(weight.shape)
        elif not name.endswith(SCALE):
            weights[name] = weight.float() if weight.is_floating_point() else weight
    return weights
