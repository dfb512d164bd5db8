"""Pictures that passes begin with: their files, and what is done to them first."""

from __future__ import annotations

import re
from typing import Any

from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.target import Target
from ltxdsl.grammar.write import quoted

MOST = 200  # nodes that a chain is followed over


class Images:
    """Pictures that passes begin with, by the node that gives them: its own loader, or the last that resizes it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.names: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def name(self, id: str | None) -> str:
        """The name of the picture that a chain of nodes ends in."""
        if id is not None and self.target.kind(id) == "LTXVPreprocess":
            id = self._before(id)
        if id is not None and self._fitted(id):
            id = self._before(id)
        last, steps = id, list[dict[str, str]]()
        for _ in range(MOST):
            if id is None or self.target.kind(id) == "LoadImage":
                break
            steps.insert(0, self._resized(id))
            id = self._before(id)
        file = self.target.value(id, "image") if id else None
        if id is None or not isinstance(file, str) or not quoted(file):
            return "img"
        words = _in_order(steps)
        key = id if words is None or last is None else last
        if key not in self.names:
            self.names[key] = f"img_{len(self.names) + 1}" if self.names else "img"
            self.said[key] = f"image {quoted(file)}{words or ''}"
        return self.names[key]

    def _fitted(self, id: str) -> bool:
        """Whether a node fits a picture to the pass, as an export writes it."""
        told = self.target.value(id, "upscale_method"), self.target.value(id, "crop")
        return self.target.kind(id) == "ImageScale" and told == ("bilinear", "center")

    def _before(self, id: str) -> str | None:
        links = self.target.links(id)
        out = next((links[name] for name in ("image", "images", "input", "pixels") if name in links), None)
        return out.node if out else None

    def _resized(self, id: str) -> dict[str, str]:
        """What a node does to a picture, in the options of `image`; nothing if it does anything else."""
        value = self.target.inputs(id).get
        match self.target.kind(id), value("resize_type"):
            case "ResizeImageMaskNode", "scale dimensions" if value("resize_type.crop") == "center":
                size = f"{value('resize_type.width')}x{value('resize_type.height')}"
                return {"size": size, "by": _method(value("scale_method"))}
            case "ResizeImageMaskNode", "scale longer dimension":
                return {"longer": str(value("resize_type.longer_size")), "longer_by": _method(value("scale_method"))}
            case "ResizeImagesByLongerEdge", _:
                return {"longer": str(value("longer_edge")), "longer_by": "lanczos"}
            case "ImageScale", _ if value("crop") == "center":
                return {"size": f"{value('width')}x{value('height')}", "by": _method(value("upscale_method"))}
        return {}

    def pieces(self) -> list[Piece]:
        """A statement for each."""
        return [Piece(f"{self.names[id]} = {said}") for id, said in self.said.items()]


def _method(name: Any) -> str:
    return "nearest" if name == "nearest-exact" else str(name)


def _in_order(steps: list[dict[str, str]]) -> str | None:
    """The options of `image`; None where a step is another, or they stand in another order."""
    kinds = [next(iter(step), "") for step in steps]
    if kinds not in ([], ["size"], ["longer"], ["size", "longer"]):
        return None
    words = {key: value for step in steps for key, value in step.items()}
    if not re.fullmatch(r"(\d+x\d+)?", words.get("size", "")) or not re.fullmatch(r"\d*", words.get("longer", "")):
        return None
    shown = {key: value for key, value in words.items() if not (key in ("by", "longer_by") and value == "lanczos")}
    return "".join(f" {key} {value}" for key, value in shown.items())
