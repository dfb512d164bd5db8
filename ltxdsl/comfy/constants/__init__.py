"""What ComfyUI's nodes of numbers, texts, switches and sizes come to, where the file alone says it.

The meaning of each is that of its class's public source.
"""

from __future__ import annotations

from typing import Any

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants import bundles, numbers, switches, texts, values  # noqa: F401 - they fill the table
from ltxdsl.comfy.constants.known import ROWS, UNKNOWN, Inputs, Known, Outputs
from ltxdsl.comfy.constants.sizes import picture

__all__ = ["UNKNOWN", "Known", "made", "picture"]


def made(kind: Any, inputs: Inputs, known: Known) -> Outputs:
    """What is known of a node's outputs, by slots: literals, or links of what it passes on."""
    try:
        return ROWS[kind](inputs, known) if kind in ROWS else ()
    except (Unknown, AttributeError, TypeError, ValueError, LookupError, ArithmeticError):
        return ()
