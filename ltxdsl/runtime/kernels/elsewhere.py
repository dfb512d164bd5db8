"""Kernels of ops that only ComfyUI can compute, and of texts."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.kernels.table import KERNELS, kernel
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import File, Frames

# Rules say so, or statements do without them, before it comes to these.
WITHOUT_FRAMES = ("raw_node", "read_beside", "patch_model", "load_sound", "separate_sound", "show", "free")
OF_FRAMES = ("measure_frames", "polish_frames", "enlarge_frames", "super_resolve")


def refused(session: Session, op: Op) -> NoReturn:
    """Refused: only ComfyUI can do it."""
    raise MediaError(op.label(), "only ComfyUI can do this; `ltx export` writes it for there")


def refused_of_frames(session: Session, op: Op, *, image: Frames) -> NoReturn:
    """Refused: only ComfyUI can do it."""
    refused(session, op)


KERNELS.update(dict.fromkeys(WITHOUT_FRAMES, refused))
KERNELS.update(dict.fromkeys(OF_FRAMES, refused_of_frames))


@kernel
def write_text(session: Session, op: nodes.WriteText) -> dict[str, File]:
    """UTF-8."""
    path = session.scratch(Path(op.path).suffix or ".txt")
    path.write_text(op.text, encoding="utf-8")
    return {"file": File(path)}
