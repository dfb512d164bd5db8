"""Scripts whose latents must be the same here and in ComfyUI, and how ours are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
from PIL import Image
from torch import Tensor

from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.graph import Ref
from ltxdsl.models import ModelSet
from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels import KERNELS
from ltxdsl.runtime.session import Session
from ltxdsl.source import Source

MOST = 1e-3  # relative error
PICTURE = "shapes.png"  # no JPEG: ComfyUI reads those by FFmpeg, whose colours lie a little elsewhere

HEAD = (
    'size 128x128\nlength 17f\nseed 7\nprompt "a small red ball rises on the left on a black background, with a tone"\n'
)
SCRIPTS = {
    "cfg 1": "pass dev 4 euler { cfg 1 }",
    "cfg 3": 'negative "blurry"\npass dev 4 euler { cfg 3 }',
    "distilled LoRA": "pass distill 8",
    "in place": 'inplace "shapes.png"\npass distill 8',
    "in place, crf 0": 'inplace "shapes.png" crf 0\npass distill 8',
    "guide": 'guide "shapes.png" @ 8f strength 0.6\npass distill 8',
    "two passes": "pass 0.5x distill 8\nupscale 2x distill 3",
}


def write_picture(folder: Path) -> None:
    """The picture that scripts read: discs of colour on a slope of grey, larger than the clip and of another shape."""
    rows, columns = numpy.mgrid[0:192, 0:256]
    pixels = numpy.repeat((columns // 2)[..., None], 3, axis=2)
    for x, y, radius, colour in (
        (70, 60, 40, (220, 40, 30)),
        (170, 130, 50, (30, 90, 200)),
        (200, 40, 25, (250, 220, 60)),
    ):
        pixels[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = colour
    Image.fromarray(pixels.astype(numpy.uint8)).save(folder / PICTURE)


def compiled(name: str, models: ModelSet, folder: Path) -> Compilation:
    """A script in a folder, as an export reads it."""
    text = f'{HEAD}{SCRIPTS[name]}\nsave "a.mp4"\n'
    found = compile(Source(text, str(folder / "same.ltx")), models, Request(target="comfy"))
    if not found.ok:
        raise ValueError(f"{name}: {[d.message for d in found.diagnostics]}")
    return found


def ours(found: Compilation, session: Session) -> dict[str, Tensor]:
    """The latents that would be decoded: `video` 1 C T H W, `audio` 1 C T F. All in ComfyUI's ways."""
    session.noise_order, session.fitting = "joined", "cut_first"
    wanted = {
        "video": _decoded(found, nodes.DecodeVideo, "latent"),
        "audio": _decoded(found, nodes.DecodeAudio, "audio"),
    }
    values: dict[Ref, Any] = {}
    needed = _upstream(found, set(wanted.values()))
    for node in found.graph.order():
        if node.id in needed:
            given = {port: values[ref] for port, ref in node.inputs.items()}
            made = KERNELS[node.op.kernel](session, node.op, **given)
            values |= {Ref(node.id, port): value for port, value in made.items()}
    return {kind: values[ref].samples for kind, ref in wanted.items()}


def _decoded(found: Compilation, kind: type, port: str) -> Ref:
    return next(node.inputs[port] for node in found.graph if isinstance(node.op, kind))


def _upstream(found: Compilation, ends: set[Ref]) -> set[str]:
    seen: set[str] = set()
    waiting = [ref.node for ref in ends]
    while waiting:
        id = waiting.pop()
        if id not in seen:
            seen.add(id)
            waiting += [ref.node for ref in found.graph[id].inputs.values()]
    return seen


def relative_error(one: Tensor, other: Tensor) -> float:
    """The largest difference over the largest value."""
    return float((one - other).abs().max() / other.abs().max())
