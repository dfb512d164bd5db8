"""The trained parts of the embedded model set: one safetensors file each in `ltxdsl/models/weights`.

Kernels and matrices are int8 with one half-precision scale per output channel (`NAME.int8_scale`), the rest
is as it is. The file's metadata holds the class and its configuration, SHA256SUMS the sums of all files.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ltxdsl import models
from ltxdsl.runtime.errors import ModelFileError

FOLDER = Path(models.__file__).parent / "weights"
SUMS = "SHA256SUMS"
SCALE = ".int8_scale"
LORA = "-lora.safetensors"
Weights = dict[str, Tensor]


def file_of(part: str) -> Path:
    """Where the trained weights of a part are, if they are."""
    return FOLDER / f"embedded-{part.replace('_', '-')}.safetensors"


def trained(part: str, kind: Any) -> Any | None:
    """A part of class `kind` with its trained weights in float32, or None if there are none."""
    path = file_of(part)
    if not path.is_file():
        return None
    check_sum(path)
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        config = json.loads(file.metadata()["config"])
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    module = kind.from_config(config)
    module.load_state_dict(unpacked(stored))
    return module


def trained_loras() -> list[str]:
    """The names of the LoRAs that are in the package."""
    return [path.name.removeprefix("embedded-").removesuffix(LORA) for path in sorted(FOLDER.glob(f"embedded-*{LORA}"))]


def write_trained_lora(name: str, path: Path) -> None:
    """A LoRA of the package as a file that any program reads: half precision, with its metadata."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    source = file_of(f"{name}_lora")
    check_sum(source)
    with safe_open(source, "pt") as file:
        stored, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    save_file({key: weight.half().contiguous() for key, weight in unpacked(stored).items()}, path, metadata=metadata)


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
