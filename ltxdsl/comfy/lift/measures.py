"""Sizes, lengths and rates that a workflow measures when it runs: the clip is like a picture or video."""

from __future__ import annotations

from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.pictures import Images
from ltxdsl.comfy.lift.stage import Stage
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.ops.step_nodes import KJ
from ltxdsl.values import plain

HALVES = ("a/2", "a / 2")


def measured(target: Target, first: Stage, growth: float, images: Images) -> list[Piece]:
    """What the clip is like, a statement for each picture or video."""
    found: dict[str, dict[str, str]] = {}
    if size := _size(target, first):
        times = growth * size[1]
        found.setdefault(images.name(size[0]), {})["size"] = "size" + (f" {plain(times)}x" if times != 1 else "")
    if length := _counted(target, target.link(first.empty, "length") if first.empty else None, 2):
        found.setdefault(images.name(length), {})["length"] = "length"
    rate = target.link(first.rated, "frame_rate") if first.rated else None
    read = rate and rate.slot == 2 and target.kind(rate.node) == "GetVideoComponents"
    if rate and read and (name := images.of_video(rate.node)):
        found.setdefault(name, {})["fps"] = "fps"
    pieces = []
    for name, said in found.items():
        if "size" in said and "length" in said and _apart(target, first):
            pieces.append(Piece(f"like {name} {said.pop('length')}"))
        pieces.append(Piece(f"like {name} {' '.join(said.values())}"))
    return pieces


def _apart(target: Target, first: Stage) -> bool:
    """Whether one node measures the size and another one the length."""
    sides = [target.link(first.empty, name) if first.empty else None for name in ("width", "length")]
    return len({side.node for side in sides if side}) > 1


def _size(target: Target, first: Stage) -> tuple[Out, float] | None:
    """The picture that both sides are measured of, and the share that is taken."""
    if first.empty is None:
        return None
    sides = [target.link(first.empty, name) for name in ("width", "height")]
    shares = [_halved(target, side) for side in sides]
    if None not in shares:
        sides = shares
    pictures = {_counted(target, side, slot) for slot, side in enumerate(sides)}
    (picture,) = pictures if len(pictures) == 1 else (None,)
    return (picture, 1.0 if None in shares else 0.5) if picture else None


def _halved(target: Target, out: Out | None) -> Out | None:
    """What an expression takes half of."""
    if out is None or out.slot != 1 or target.kind(out.node) != "ComfyMathExpression":
        return None
    return target.link(out.node, "values.a") if target.value(out.node, "expression") in HALVES else None


def _counted(target: Target, out: Out | None, slot: int) -> Out | None:
    """The picture whose width (slot 0), height (1) or frames (2) it is."""
    if out and target.kind(out.node) == KJ and out.slot == slot + 1 < 3:
        return Out(out.node, 0)
    if out is None or target.kind(out.node) != "GetImageSize" or out.slot != slot:
        return None
    return target.link(out.node, "image")
