"""Kernels of ops that only ComfyUI can compute, and of texts."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import File, Frames


def _refused(op: Op) -> NoReturn:
    raise MediaError(op.label(), "only ComfyUI can do this; `ltx export` writes it for there")


@kernel
def raw_node(session: Session, op: nodes.RawNode) -> dict[str, Frames]:
    """Refused: a rule says so before it comes to this."""
    _refused(op)


@kernel
def read_beside(session: Session, op: nodes.ReadBeside) -> dict[str, Frames]:
    """Refused: here a file is asked before it comes to this."""
    _refused(op)


@kernel
def patch_model(session: Session, op: nodes.PatchModel) -> dict[str, Frames]:
    """Refused: only raw nodes ask for a model."""
    _refused(op)


@kernel
def load_sound(session: Session, op: nodes.LoadSound) -> dict[str, Frames]:
    """Refused: only raw nodes ask for it."""
    _refused(op)


@kernel
def show(session: Session, op: nodes.Show) -> dict[str, Frames]:
    """Refused: here texts are printed, and nothing else is shown."""
    _refused(op)


@kernel
def measure_frames(session: Session, op: nodes.MeasureFrames, *, image: Frames) -> dict[str, Frames]:
    """Refused: here a file is asked before it comes to this."""
    _refused(op)


@kernel
def free(session: Session, op: nodes.Free) -> dict[str, Frames]:
    """Refused: a script that runs here does without."""
    _refused(op)


@kernel
def polish_frames(session: Session, op: nodes.PolishFrames, *, image: Frames) -> dict[str, Frames]:
    """Refused: a rule says so before it comes to this."""
    _refused(op)


@kernel
def enlarge_frames(session: Session, op: nodes.EnlargeFrames, *, image: Frames) -> dict[str, Frames]:
    """Refused: a rule says so before it comes to this."""
    _refused(op)


@kernel
def super_resolve(session: Session, op: nodes.SuperResolve, *, image: Frames) -> dict[str, Frames]:
    """Refused: a rule says so before it comes to this."""
    _refused(op)


@kernel
def write_text(session: Session, op: nodes.WriteText) -> dict[str, File]:
    """UTF-8."""
    path = session.scratch(Path(op.path).suffix or ".txt")
    path.write_text(op.text, encoding="utf-8")
    return {"file": File(path)}
