"""Model sets: which files play the roles that a script names, and what the models like by default.

Nothing here loads a weight; `check`, `plan` and `export` read it.
"""

from ltxdsl.models.architecture import Architecture
from ltxdsl.models.modelset import DISTILL, ComfyFiles, Defaults, LoraFile, ModelSet, upsampler_part
from ltxdsl.models.settings import EMBEDDED, LTX_23, ModelSetError, load_model_set, load_severities

__all__ = [
    "DISTILL",
    "EMBEDDED",
    "LTX_23",
    "Architecture",
    "ComfyFiles",
    "Defaults",
    "LoraFile",
    "ModelSet",
    "ModelSetError",
    "load_model_set",
    "load_severities",
    "upsampler_part",
]
