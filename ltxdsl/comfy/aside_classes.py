"""Classes of ComfyUI that stand beside the work: those that only display, and those that let go of memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ltxdsl.comfy.interface import Info, output_types

# Classes that only display, each with the input that they show.
SHOWS = {
    "PreviewAny": "source",
    "PreviewImage": "images",
    "PreviewAudio": "audio",
    "MaskPreview": "mask",
    "ShowText|pysssss": "text",
    "easy showAnything": "anything",
    "Display Any (rgthree)": "source",
    "Display Int (rgthree)": "input",
    "VRGDG_ShowText": "text",
    "VRGDG_ShowAny": "value",
    "VRGDG_ShowImage": "image",
}
# By what is shown: a kind of the language, or a type of ComfyUI.
USUAL = {"image": "PreviewImage", "IMAGE": "PreviewImage", "audio": "PreviewAudio", "AUDIO": "PreviewAudio"}
ANY = "PreviewAny"


class Freeing(NamedTuple):
    """A class that lets go of memory: the inputs that say what, those that are always so, and where a value passes."""

    flags: Mapping[str, tuple[str, ...]]  # inputs that are true for cache, models, ram
    fixed: Mapping[str, Any] = {}
    passes: Mapping[str, tuple[str, int]] = {"": ("anything", 0)}  # by type: input and output

    def inputs(self, what: tuple[str, ...]) -> dict[str, Any]:
        """All but the value that passes."""
        return {**{name: part in what for part, names in self.flags.items() for name in names}, **self.fixed}

    def way(self, type: str) -> tuple[str, int]:
        """The input and the output for a value of a type."""
        return self.passes.get(type, self.passes[""])

    def told(self, inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
        """What it lets go of with these inputs; None where they say something else."""
        what = tuple(part for part, names in self.flags.items() if all(inputs.get(name) is True for name in names))
        return what if what and self.inputs(what) == dict(inputs) else None


VRAM, RAM = "VRAMCleanup", "RAMCleanup"
PURGE = {"cache": ("purge_cache",), "models": ("purge_models",)}
FREES = {
    VRAM: Freeing({"cache": ("offload_cache",), "models": ("offload_model",)}),
    RAM: Freeing({"ram": ("clean_file_cache", "clean_processes", "clean_dlls")}, {"retry_times": 3}),
    "LayerUtility: PurgeVRAM": Freeing(PURGE),
    "LayerUtility: PurgeVRAM V2": Freeing(PURGE),
    "VRAM_Debug": Freeing(
        {"cache": ("empty_cache", "gc_collect"), "models": ("unload_all_models",)},
        passes={"": ("any_input", 0), "IMAGE": ("image_pass", 1), "MODEL": ("model_pass", 2)},
    ),
}
PLAIN = {"easy cleanGpuUsed": ("cache", "models"), "easy clearCacheAll": ("cache",)}  # they say nothing of what
FREES |= {kind: Freeing(dict.fromkeys(what, ())) for kind, what in PLAIN.items()}
TYPES = {"image": "IMAGE", "model": "MODEL"}
# Classes that only make one thing wait for another: the input that each output is.
WAITS = {"ImpactExecutionOrderController": ("signal", "value")}


def passed(kind: str, slot: int) -> str | None:
    """The input that an output is, of a node that changes nothing; None of any other."""
    if kind in FREES:
        return next((name for name, output in FREES[kind].passes.values() if output == slot), None)
    waits = WAITS.get(kind, ())
    return waits[slot] if 0 <= slot < len(waits) else None


def usual_view(kind: str) -> str:
    """The class that shows things of a kind or type."""
    return USUAL.get(kind, ANY)


def type_of(prompt: Mapping[str, Mapping[str, Any]], link: tuple[str, int], known: Mapping[str, Info]) -> str:
    """The type of a node's output; "" where nobody knows."""
    info = known.get(prompt[link[0]]["class_type"]) if link[0] in prompt else None
    types = output_types(info or {})
    found = types[link[1]] if 0 <= link[1] < len(types) else ""
    return found if isinstance(found, str) else ""
