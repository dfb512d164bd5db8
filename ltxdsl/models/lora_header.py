"""What a LoRA file says about itself, read from its header: no weight is loaded."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePath

import msgspec

LARGEST_HEADER = 1 << 26
LIGHTRICKS_BLOCK = re.compile(r"transformer_blocks[._]\d+[._](attn1|attn2|ff|audio_|video_to_audio|scale_shift)")
_FACTOR = "reference_downscale_factor"


class LoraHeader(msgspec.Struct, frozen=True):
    """The names of a LoRA's tensors and its metadata."""

    keys: tuple[str, ...]
    metadata: dict[str, str] = {}

    @property
    def fits_ltx(self) -> bool:
        """Whether any of its tensors is named after a block of LTX 2.x."""
        return any(LIGHTRICKS_BLOCK.search(key) for key in self.keys)

    @property
    def reference_factor(self) -> int:
        """How many times smaller than the clip the guide of an IC-LoRA is; 0 for a LoRA that needs no guide.

        Source: ComfyUI comfy_extras/nodes_lt.py GetICLoRAParameters: the value is rounded, and at least 1.
        """
        text = next((value for key, value in self.metadata.items() if key.endswith(_FACTOR)), "")
        try:
            return max(1, round(float(text))) if text else 0
        except (ValueError, OverflowError):
            return 1

    @property
    def hdr(self) -> bool:
        """Whether its clips hold log codes. Source: Lightricks ltx-pipelines hdr_ic_lora.py read_hdr_lora_config."""
        wanted = self.metadata.get("hdr_transform") or self.metadata.get("use_hdr_transform", "")
        return wanted.lower() not in ("", "false", "0", "none")


def lora_header(path: Path) -> LoraHeader | None:
    """The header of a safetensors file; None if there is none to read."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return _read(path, stat.st_mtime_ns, stat.st_size)


@cache
def _read(path: Path, changed: int, size: int) -> LoraHeader | None:
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size - 8, LARGEST_HEADER):
                return None
            table = msgspec.json.decode(stream.read(length), type=dict[str, dict[str, object]])
    except (OSError, msgspec.DecodeError):
        return None
    metadata = {key: str(value) for key, value in table.pop("__metadata__", {}).items()}
    return LoraHeader(tuple(table), metadata)


# Words in the names of files, and the generation of models that they belong to.
_NAMED = (
    (re.compile(r"ltx-?2\.5|ltxv?-?25"), "2.5"),
    (re.compile(r"ltx-?2\.3|ltx-?23|ltx2-3"), "2.3"),
    (re.compile(r"ltx-?2-19b|ltx-?2\.0|ltx2_19b"), "2.0"),
    (re.compile(r"ltxv|ltx-?video|ltx-?0\.9"), "0.9"),
    (re.compile(r"wan[-_]?2|lightx2v|\bwan\b"), "WAN"),
    (re.compile(r"hunyuan"), "Hunyuan"),
    (re.compile(r"flux"), "FLUX"),
    (re.compile(r"sdxl|pony|illustrious"), "SDXL"),
)


def generation_named(file: str) -> str:
    """The generation of LTX, or the other model, that a file's name tells of; empty if it tells nothing."""
    name = PurePath(file.replace("\\", "/")).name.lower()
    return next((generation for pattern, generation in _NAMED if pattern.search(name)), "")
