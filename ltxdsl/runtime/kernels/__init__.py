"""The kernels by name: `KERNELS[op.kernel](session, op, **inputs)` gives a value for each output port.

To add one, write a function under `@kernel` in a module of this package and import the module here.
"""

from ltxdsl.runtime.kernels import (
    decoding,
    elsewhere,
    finishing,
    latents,
    pictures,
    sampling,
    sounds,
    text,
    video_files,
)
from ltxdsl.runtime.kernels.table import KERNELS

__all__ = [
    "KERNELS",
    "decoding",
    "elsewhere",
    "finishing",
    "latents",
    "pictures",
    "sampling",
    "sounds",
    "text",
    "video_files",
]
