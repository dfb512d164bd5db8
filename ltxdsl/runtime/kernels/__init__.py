"""The kernels by name: `KERNELS[op.kernel](session, op, **inputs)` gives a value for each output port.

To add one, write a function under `@kernel` in a module of this package and import it here.
"""

from __future__ import annotations

from ltxdsl.runtime.kernels.table import KERNELS

from ltxdsl.runtime.kernels import decoding, latents, pictures, sampling, text, video_files  # noqa: F401, I001

__all__ = ["KERNELS"]
