"""Steps of pictures and videos: what they do, against ComfyUI's formulas, and kornia's edges."""

import base64
import json
import math
from pathlib import Path

import numpy
import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.ops.facts import Facts
from ltxdsl.ops.step_nodes import KJ
from ltxdsl.runtime.pixels import middle, resized
from ltxdsl.runtime.values import Frames
from tests.runtime.helpers import Runner, picture

KORNIA = json.loads((Path(__file__).parent / "canny.json").read_text())


@pytest.mark.parametrize("case", KORNIA["cases"], ids=lambda case: f"{case['picture']} {case['low']} {case['high']}")
def test_edges_are_kornias(case, run: Runner) -> None:
    """Every pixel, on the same pictures; written by kornia 0.9.0."""
    noise = torch.rand(1, 60, 80, 3, generator=torch.Generator().manual_seed(11))
    pixels = (noise * 255).round().to(torch.uint8) if case["picture"] == "noise" else picture(64, 48, seed=5, frames=2)
    made = run.one(nodes.DetectEdges(low=case["low"], high=case["high"]), image=Frames(pixels)).pixels
    count = math.prod(case["shape"])
    packed = numpy.frombuffer(base64.b64decode(case["edges"]), numpy.uint8)
    wanted = torch.from_numpy(numpy.unpackbits(packed)[:count].reshape(case["shape"]).astype("float32"))
    assert torch.equal(made, wanted.unsqueeze(-1).expand(*wanted.shape, 3))
    assert 0.01 < wanted.mean() < 0.5


@pytest.mark.parametrize(
    ("op", "size"),
    [
        (nodes.ResizePicture(how="size", width=300, height=200, method="area"), (300, 200)),
        (nodes.ResizePicture(how="stretch", width=300, height=200, method="area"), (300, 200)),
        (nodes.ResizePicture(how="longer", width=640, method="area"), (640, 427)),  # 640 / 1500 * 1000 = 426.67
        (nodes.ResizePicture(how="longer", width=640), (640, 426)),  # cut, not rounded
        (nodes.ResizePicture(how="shorter", width=500, method="lanczos"), (750, 500)),
        (nodes.ResizePicture(how="shorter", width=500), (750, 500)),
        (nodes.ResizePicture(how="width", width=333, method="area"), (333, 222)),
        (nodes.ResizePicture(how="height", height=333, method="area"), (500, 333)),  # 499.5, to even
        (nodes.ResizePicture(how="scale", number=0.333, method="area"), (500, 333)),
        (nodes.ResizePicture(how="megapixels", number=1.0, method="area"), (1254, 836)),  # x 0.836 each
        (nodes.ResizePicture(how="multiple", number=64, method="area"), (1472, 960)),
        (nodes.ResizePicture(how="multiple", number=2000, method="area"), (1500, 1000)),
        (nodes.ResizePicture(how="pad", width=768, height=448, method="area"), (768, 448)),
        (nodes.ResizePicture(how="within", width=768, height=448, method="area", node=KJ, divisible=32), (672, 448)),
        (nodes.ResizePicture(how="pad", width=700, height=700, method="area", node=KJ, divisible=32), (672, 704)),
        (nodes.ResizePicture(how="size", width=700, height=400, method="area", node=KJ, divisible=32), (672, 384)),
    ],
)
def test_sizes_are_those_of_comfyuis_nodes(op: nodes.ResizePicture, size: tuple[int, int], run: Runner) -> None:
    """By hand, of 1500x1000; what is reckoned is what comes out."""
    assert op.sides(1500, 1000) == size
    known = op.facts({"image": Facts(width=1500, height=1000)})["image"]
    assert (known.width, known.height) == size
    made = run.one(op, image=Frames(torch.zeros(1, 1000, 1500, 3))).pixels
    assert (made.shape[2], made.shape[1]) == size


@pytest.mark.parametrize(("rows", "columns"), [(6, 12), (12, 6), (8, 8)])
def test_a_picture_is_cut_about_its_middle_then_resized(rows: int, columns: int, run: Runner) -> None:
    pixels = picture(columns, rows)
    op = nodes.ResizePicture(how="size", width=8, height=8, method="nearest-exact")
    side = min(rows, columns)
    top, left = (rows - side) // 2, (columns - side) // 2
    square = pixels[:, top : top + side, left : left + side].float() / 255
    index = ((torch.arange(8) + 0.5) * side / 8).long()
    assert torch.equal(run.one(op, image=Frames(pixels)).pixels, square[:, index][:, :, index])


def test_multiples_are_covered_and_cut_evenly(run: Runner) -> None:
    """40x50 to 32x48: 0.96 is the larger share, so that 40 becomes 38.4, up to 39, of which 3 and 4 columns go."""
    pixels = picture(40, 50)
    made = run.one(nodes.ResizePicture(how="multiple", number=16, method="bilinear"), image=Frames(pixels)).pixels
    whole = resized(pixels.float() / 255, 39, 48, "bilinear")
    assert torch.equal(made, whole[:, :, 3:35].clamp(0, 1))


def test_borders_are_shared_out_as_the_nodes_do(run: Runner) -> None:
    """1000x700 in 512x512: core has 512x358 with 77 above; KJNodes takes 358 down to 352 and fills below, 83."""
    core = nodes.ResizePicture(how="pad", width=512, height=512, method="area", white=True)
    assert (core.inner(1000, 700), core.borders(1000, 700)) == ((512, 358), ((0, 0), (77, 77)))
    kj = nodes.ResizePicture(how="pad", width=512, height=512, method="area", node=KJ, divisible=32)
    assert (kj.inner(1000, 700), kj.borders(1000, 700)) == ((512, 352), ((0, 0), (77, 83)))
    made = run.one(core, image=Frames(torch.zeros(1, 700, 1000, 3))).pixels[0, :, 0, 0]
    assert made.tolist() == [1.0] * 77 + [0.0] * 358 + [1.0] * 77


def test_kjnodes_cuts_to_whole_pixels_first(run: Runner) -> None:
    """1500x1000 to 26:15: 865.4 rows are 865, of which 67 stand above."""
    pixels = torch.linspace(0, 1, 1000).view(1, 1000, 1, 1).expand(1, 1000, 1500, 3)
    op = nodes.ResizePicture(how="size", width=832, height=480, method="area", node=KJ)
    wanted = resized(pixels[:, 67:932], 832, 480, "area")
    assert torch.equal(run.one(op, image=Frames(pixels)).pixels, wanted.clamp(0, 1))


def test_white_for_black(run: Runner) -> None:
    pixels = picture(8, 8)
    made = run.one(nodes.InvertFrames(), image=Frames(pixels)).pixels
    assert torch.allclose(made + pixels.float() / 255, torch.ones_like(made))


def test_what_goes_to_a_node_as_it_is_is_cut_or_stretched(run: Runner) -> None:
    pixels = picture(64, 32)
    cut = run.one(nodes.FitFrames(width=32, height=32, as_is="cut"), image=Frames(pixels)).pixels
    stretched = run.one(nodes.FitFrames(width=32, height=32, as_is="stretch"), image=Frames(pixels)).pixels
    whole = pixels.float() / 255
    assert torch.equal(cut, resized(middle(whole, 32, 32), 32, 32, "bilinear"))
    assert torch.equal(stretched, resized(whole, 32, 32, "bilinear"))
    assert not torch.equal(cut, stretched)
