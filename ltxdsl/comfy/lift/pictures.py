"""Pictures and videos that passes begin with: their files, and what is done to them first."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ltxdsl.comfy.lift.draft import Piece
from ltxdsl.comfy.lift.target import MOST, Out, Target, is_number
from ltxdsl.grammar.write import quoted
from ltxdsl.values import plain

METHODS = ("lanczos", "bicubic", "bilinear", "area", "nearest-exact")
SOURCES = ("image", "images", "input", "pixels")  # what nodes call the picture that they change


class Images:
    """Pictures and videos that passes begin with, by the output that gives them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.names: dict[Out, str] = {}
        self.made: list[Piece] = []

    def name_all(self, kept: Collection[str], passes: Collection[str]) -> None:
        """Name what nodes take of files and of steps, where the nodes that give it would stay nodes.

        What comes of a pass has no name: names stand before all passes.
        """
        for id in self.target.order:
            for out in self.target.links(id).values() if self._step(Out(id, 0)) is None else ():
                asked = out.slot == 0 and out.node in kept and out not in self.names
                made = asked and (self._file(out) or self._step(out))
                if made and self.target.cone([out.node]).isdisjoint(passes):
                    self._name(out, self._said(out))

    def name(self, out: Out | None) -> str:
        """The name of what an input is linked to, before it is compressed; `img` of nothing."""
        out = self._plain(self._compressed(out)[0])
        if out is None:
            return "img"
        if out not in self.names:
            piece = self._said(out)
            if piece.head.startswith("video") and "|" not in piece.head and not piece.head.endswith("as_is"):
                return piece.head
            self._name(out, piece)
        return self.names[out]

    def _name(self, out: Out, piece: Piece) -> None:
        stem = "img" if piece.head.startswith("image") else "footage"
        taken = set(self.names.values())
        names = (f"{stem}_{number}" if number > 1 else stem for number in range(1, MOST))
        piece.names = self.names[out] = next(name for name in names if name not in taken)
        piece.head = f"{piece.names} = {piece.head}"
        self.made.append(piece)

    def crf(self, out: Out | None) -> str:
        """How it is compressed before that, as the option of a condition."""
        out, crf = self._compressed(out)
        usual = None if self._plain(out) == out else 0  # of what is fitted, a model set's own is meant
        crf = usual if crf is None else crf
        return f" crf {crf}" if crf is not None else ""

    def _compressed(self, out: Out | None) -> tuple[Out | None, int | None]:
        """What stands before the compression, and its crf; None without one."""
        if out is None or self.target.kind(out.node) != "LTXVPreprocess":
            return out, None
        crf = self.target.value(out.node, "img_compression", 0)
        return self.target.link(out.node, "image"), crf if isinstance(crf, int) else None

    def _plain(self, out: Out | None) -> Out | None:
        """The file itself, where an export has fitted it to its pass."""
        fitted = out
        if out and self.target.kind(out.node) == "RepeatImageBatch":
            out = self.target.link(out.node, "image")
        if out is None or self.target.kind(out.node) != "ImageScale":
            return fitted
        told = self.target.value(out.node, "upscale_method"), self.target.value(out.node, "crop")
        file = self.target.link(out.node, "image")
        if file and self.target.kind(file.node) == "ImageFromBatch":
            file = self.target.link(file.node, "image")
        return file if told == ("bilinear", "center") and file and self._file(file) else fitted

    def _said(self, out: Out) -> Piece:
        """The statement for it: a file or a node, then steps."""
        steps, last = list[str](), out
        for _ in range(MOST):
            said, before = self._step(last), self._before(last)
            if said is None or before is None:
                break
            steps.insert(0, said)
            last = before
        chain = "".join(f" | {step}" for step in steps)
        if (file := self._file(last)) is None:
            return Piece(f"image {{}}{chain}", wire=last)
        return Piece(f"{file}{chain}" if chain or self._fits(out) else f"{file} as_is")

    def _fits(self, out: Out) -> bool:
        """Whether all that reads a file fits it to a pass first."""
        readers = self.target.readers.get(out.node, [])
        return bool(readers) and all(self.target.kind(id) in ("ImageScale", "ImageFromBatch") for id in readers)

    def _file(self, out: Out) -> str | None:
        """What is loaded; None where it is no file, or one that another node has loaded already."""
        kind, value = self.target.kind(out.node), self.target.value
        if kind == "LoadImage" and out.slot == 0:
            file, first = value(out.node, "image"), self.target.is_first(out.node)
            said = quoted(file) if first and isinstance(file, str) else None
            return f"image {said}" if said else None
        video = self.target.link(out.node, "video") if kind == "GetVideoComponents" and out.slot == 0 else None
        if video is None or self.target.kind(video.node) != "LoadVideo":
            return None
        file = value(video.node, "file")
        return f"video {said}" if isinstance(file, str) and (said := quoted(file)) else None

    def _before(self, out: Out) -> Out | None:
        links = self.target.links(self._created(out.node) or out.node)
        before = next((links[name] for name in SOURCES if name in links), None) if out.slot == 0 else None
        return self.target.behind(before)

    def _created(self, node: str) -> str | None:
        """The node that makes a video whose frames a node reads, where no file is made of it."""
        video = self.target.link(node, "video") if self.target.kind(node) == "GetVideoComponents" else None
        made = video.node if video and self.target.kind(video.node) == "CreateVideo" else None
        return made if made and self.target.inputs(made).keys() <= {"images", "fps", "bit_depth"} else None

    def _step(self, out: Out) -> str | None:
        """What a node does to a picture, as a step; None if it is none."""
        value = self.target.inputs(out.node).get
        match self.target.kind(out.node):
            case "ResizeImageMaskNode":
                return self._resized(value)
            case "ResizeImagesByLongerEdge":
                return _numbered("longer", value("longer_edge"))
            case "ImageScale":
                said = _sized(value("width"), value("height"), value("crop"), value("upscale_method"))
                return said and f'{said} as "ImageScale"'
            case "ImageScaleToMaxDimension":
                said = _numbered("longer", value("largest_size"), value("upscale_method"), always=True)
                return said and f'{said} as "ImageScaleToMaxDimension"'
            case "ImageResizeKJv2":
                said = _by_kj(value)
                return said and said + (" sides" if self._asked(out.node) else "")
            case "ResizeAndPadImage":
                size = _sized(value("target_width"), value("target_height"), "center", value("interpolation"))
                border = {"black": "", "white": " white"}.get(str(value("padding_color")))
                return f"pad{size[4:]}{border}" if size and border is not None else None
            case "ImageScaleBy":
                said = _scaled(value("scale_by"), value("upscale_method"))
                return said and f'{said} as "ImageScaleBy"'
            case "ImageFromBatch":
                return _taken(value("length"), value("batch_index"))
            case "RepeatImageBatch" if isinstance(value("amount"), int):
                return f"repeat {value('amount')}f"
            case "GetVideoComponents":
                video = self._created(out.node)
                fps, bits = (self.target.value(video, name) if video else None for name in ("fps", "bit_depth"))
                return f"as_video {plain(fps)}fps" if isinstance(fps, int | float) and fps >= 1 and bits == 8 else None
            case "ImageInvert":
                return "invert"
            case "Canny":
                return _edges(value("low_threshold"), value("high_threshold"))
        return None

    def _asked(self, node: str) -> bool:
        """Whether other nodes take the size from this one, which has resized."""
        read = (link for id in self.target.readers.get(node, []) for link in self.target.links(id).values())
        return any(link.node == node and link.slot in (1, 2) for link in read)

    def _resized(self, value: Any) -> str | None:
        """Of the node for all ways to resize."""
        by, kind = value("scale_method"), value("resize_type")
        match kind:
            case "scale dimensions":
                return _sized(value("resize_type.width"), value("resize_type.height"), value("resize_type.crop"), by)
            case "scale by multiplier":
                return _scaled(value("resize_type.multiplier"), by)
            case "scale longer dimension" | "scale shorter dimension":
                side = kind.split()[1]
                return _numbered(side, value(f"resize_type.{side}_size"), by, always=side == "longer")
            case "scale width" | "scale height":
                side = kind.split()[1]
                return _numbered(side, value(f"resize_type.{side}"), by)
            case "scale total pixels":
                return _numbered("megapixels", value("resize_type.megapixels"), by)
            case "scale to multiple":
                return _numbered("multiple", value("resize_type.multiple"), by)
        return None

    def of_video(self, node: str) -> str | None:
        """A name of what comes of a video file, by the node that reads its frames."""
        if self._file(Out(node, 0)) is None:
            return None
        known = (name for out, name in self.names.items() if self._root(out).node == node)
        return next(known, None) or self.name(Out(node, 0))

    def _root(self, out: Out) -> Out:
        """What a chain of steps begins with."""
        for _ in range(MOST):
            before = self._before(out)
            if before is None or self._step(out) is None:
                break
            out = before
        return out

    def pieces(self) -> list[Piece]:
        """A statement for each."""
        return self.made


KEPT = {"crop": "size", "stretch": "size", "resize": "within", "pad": "pad"}
BORDERS = {"0, 0, 0": "", "255, 255, 255": " white"}


def _by_kj(value: Any) -> str | None:
    """KJNodes' node, where it does what a step does."""
    kept, border, divisible = value("keep_proportion"), BORDERS.get(value("pad_color")), value("divisible_by")
    crop = "disabled" if kept == "stretch" else "center"
    size = _sized(value("width"), value("height"), crop, value("upscale_method"))
    usual = value("crop_position") == "center" and value("device", "cpu") == "cpu" and value("mask") is None
    if size is None or kept not in KEPT or border is None or not usual or not isinstance(divisible, int):
        return None
    said = f'{KEPT[kept]}{size[4:]}{border if kept == "pad" else ""} as "ImageResizeKJv2"'
    return said + (f" divisible {divisible}" if divisible != 1 else "")


def _by(method: Any, always: bool = False) -> str | None:
    """How pixels are computed; None if nobody knows the way."""
    if method not in METHODS:
        return None
    return f" by {'nearest' if method == 'nearest-exact' else method}" if always or method != "lanczos" else ""


def _numbered(verb: str, number: Any, method: Any = "lanczos", always: bool = False) -> str | None:
    by = _by(method, always)
    known = is_number(number) and number > 0 and by is not None
    return f"{verb} {plain(number)}{by}" if known else None


def _taken(count: Any, first: Any) -> str | None:
    if not isinstance(count, int) or not isinstance(first, int) or first < 0:
        return None
    return f"frames {count}f" + (f" from {first}" if first else "")


def _edges(low: Any, high: Any) -> str | None:
    both = isinstance(low, int | float) and isinstance(high, int | float)
    return f"canny {plain(low)} {plain(high)}" if both else None


def _scaled(factor: Any, method: Any) -> str | None:
    by = _by(method)
    known = isinstance(factor, int | float) and factor > 0 and by is not None
    return f"scale {plain(factor)}x{by}" if known else None


def _sized(width: Any, height: Any, crop: Any, method: Any) -> str | None:
    by = _by(method)
    known = isinstance(width, int) and isinstance(height, int) and min(width, height) > 0 and by is not None
    cut = {"center": "", "disabled": " stretched"}.get(crop)
    return f"size {width}x{height}{by}{cut}" if known and cut is not None else None
