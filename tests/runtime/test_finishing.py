"""What is done to frames and sound after decoding, against formulas of its own."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import OpenEXR
import pytest
import torch

from ltxdsl.ops import nodes
from ltxdsl.runtime.colour import converted, graded
from ltxdsl.runtime.colour_match import from_lab, matched, to_lab
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.values import Audio

from .helpers import Runner, frames_of, picture

# ARRI LogC3, EI 800, as published.
A, B, C, D, E, F, CUT = 5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809, 0.010591
AWG3_TO_REC709 = (
    (1.61759603, -0.53423643, -0.08335961),
    (-0.07101031, 1.33743560, -0.26642534),
    (-0.02112389, -0.23237438, 1.25349832),
)


def logc3_to_linear(t: np.ndarray) -> np.ndarray:
    return np.where(t >= E * CUT + F, (10 ** ((t - D) / C) - B) / A, (t - F) / E)


def srgb_to_linear(x: np.ndarray) -> np.ndarray:
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(x: np.ndarray) -> np.ndarray:
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def greys(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 1, -1, 1).repeat(1, 1, 1, 3)


def test_log_codes_are_arris() -> None:
    codes = np.linspace(0, 1, 201)
    light = converted(greys(codes), "logc3", "linear", "rec709", "keep", "clip")[0, 0, :, 1].numpy()
    assert light == pytest.approx(logc3_to_linear(codes), rel=5e-5, abs=2e-6)
    assert light[-1] == pytest.approx(55.08, abs=0.01)
    back = converted(greys(light), "linear", "logc3", "rec709", "keep", "clip")[0, 0, :, 0].numpy()
    assert back == pytest.approx(codes, abs=2e-6)


def test_black_is_cut_or_kept() -> None:
    black = greys(np.array([0.0]))
    assert converted(black, "logc3", "linear", "rec709", "keep", "clip").max() == pytest.approx(-0.01729, abs=1e-4)
    assert converted(black, "logc3", "linear", "rec709", "clip", "clip").min() == 0


def test_primaries_are_named() -> None:
    codes = np.array([0.6, 0.4, 0.3])
    pixel = torch.tensor(codes, dtype=torch.float32).view(1, 1, 1, 3)
    plain = converted(pixel, "logc3", "linear", "rec709", "keep", "clip").flatten().numpy()
    wide = converted(pixel, "logc3", "linear", "awg3", "keep", "clip").flatten().numpy()
    assert plain == pytest.approx(logc3_to_linear(codes), rel=1e-4)
    assert wide == pytest.approx(np.array(AWG3_TO_REC709) @ logc3_to_linear(codes), rel=1e-3)


def test_previews_differ_as_they_are_said_to() -> None:
    light = np.array([0.0, 0.18, 1.0, 4.0])

    def shown(preview: str) -> np.ndarray:
        return converted(greys(light), "linear", "srgb", "rec709", "clip", preview)[0, 0, :, 0].numpy()

    assert shown("clip") == pytest.approx(linear_to_srgb(light.clip(0, 1)), abs=2e-5)
    assert shown("reinhard") == pytest.approx(linear_to_srgb(light / (1 + light)), abs=2e-5)
    assert shown("reinhard")[1:3] == pytest.approx([0.4269, 0.7354], abs=2e-4)
    aces = shown("aces")
    assert (np.diff(aces) > 0).all()
    assert aces[2] < 0.9 < shown("clip")[2]  # a white of 1 is not the brightest there is


def test_a_grade_is_done_in_linear_light() -> None:
    codes = np.linspace(0.05, 0.7, 40)
    done = graded(greys(codes), 0.5, 1.2, 1.0, "")[0, 0, :, 0].numpy()
    light = (srgb_to_linear(codes) * 2**0.5 / 0.18) ** 1.2 * 0.18
    assert done == pytest.approx(linear_to_srgb(light.clip(0, 1)), abs=2e-4)
    pixel = torch.tensor([0.8, 0.4, 0.2]).view(1, 1, 1, 3)
    grey = graded(pixel, 0, 1, 0, "").flatten().numpy()
    luma = np.array([0.2126, 0.7152, 0.0722]) @ srgb_to_linear(np.array([0.8, 0.4, 0.2]))
    assert grey == pytest.approx([float(linear_to_srgb(luma))] * 3, abs=1e-4)


def test_a_lut_is_applied_to_the_coded_picture(tmp_path: Path) -> None:
    points = [(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    lines = [f"{1 - r} {1 - g} {1 - b}" for r, g, b in points]
    lut = tmp_path / "negative.cube"
    lut.write_text("LUT_3D_SIZE 2\n" + "\n".join(lines) + "\n")
    pixel = torch.tensor([0.8, 0.4, 0.2]).view(1, 1, 1, 3)
    assert graded(pixel, 0, 1, 1, str(lut)).flatten().numpy() == pytest.approx([0.2, 0.6, 0.8], abs=1e-4)
    lut.write_text("LUT_3D_SIZE nonsense\n")
    with pytest.raises(MediaError):
        graded(pixel, 0, 1, 1, str(lut))


def test_lab_is_cie_lab() -> None:
    colours = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1], [0.5, 0.5, 0.5]])
    expected = torch.tensor([[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86], [53.39, 0, 0]])
    assert torch.allclose(to_lab(colours), expected, atol=0.03)
    assert torch.allclose(from_lab(to_lab(colours)), colours, atol=1e-4)


@pytest.mark.parametrize("method", ["reinhard", "mkl", "histogram"])
def test_matched_frames_have_the_statistics(method: str) -> None:
    frames = picture(32, 24, seed=1, frames=3).float() / 255 * 0.5 + 0.2
    reference = picture(40, 40, seed=2).float() / 255 * 0.4 + 0.3
    ours, theirs = (to_lab(x).reshape(-1, 3) for x in (matched(frames, reference, method, 1.0), reference))
    assert torch.allclose(ours.mean(0), theirs.mean(0), atol=0.5)
    assert torch.allclose(ours.std(0), theirs.std(0), rtol=0.05)
    if method == "mkl":
        assert torch.allclose(torch.cov(ours.T), torch.cov(theirs.T), rtol=0.1, atol=3)
    if method == "histogram":
        share = torch.tensor([0.1, 0.5, 0.9])
        quantiles = [torch.quantile(x[:, 0], share) for x in (ours, theirs)]
        assert torch.allclose(*quantiles, atol=1.0)
    half = matched(frames, reference, method, 0.5)
    assert torch.allclose(half, (frames + matched(frames, reference, method, 1.0)) / 2, atol=1e-5)


def test_a_picture_matches_itself() -> None:
    frames = picture(32, 24, seed=1).float() / 255
    for method in ("reinhard", "mkl", "histogram"):
        assert torch.allclose(matched(frames, frames, method, 1.0), frames, atol=2e-3)


def test_cuts(run: Runner) -> None:
    frames = frames_of(torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 2, 2, 3))
    cut = run.one(nodes.CutFrames(start=3, count=6, step=2), image=frames)
    assert cut.pixels[:, 0, 0, 0].tolist() == [3, 5, 7]
    sound = Audio(torch.arange(100.0).view(1, -1), 10)
    assert run.one(nodes.CutSound(start=3, seconds=2), audio=sound).samples.tolist() == [[*range(30, 50)]]
    assert run.one(nodes.CutSound(start=9, seconds=2), audio=sound).samples[0, 10:].tolist() == [0] * 10


def test_canvas_cuts_and_pads_evenly(run: Runner) -> None:
    pixels = picture(64, 48)
    cut = run.one(nodes.FitCanvas(width=60, height=48, left=-2, right=-2), image=frames_of(pixels)).pixels
    assert torch.equal(cut, pixels[:, :, 2:62])
    padded = run.one(nodes.FitCanvas(width=64, height=51, top=1, bottom=2), image=frames_of(pixels)).pixels
    assert torch.equal(padded[:, 1:49], pixels)
    assert padded[:, 0].max() == padded[:, 49:].max() == 0


def test_a_picture_is_repeated(run: Runner) -> None:
    pixels = picture(4, 2)
    made = run.one(nodes.RepeatFrame(count=9), image=frames_of(pixels)).pixels
    assert made.shape == (9, 2, 4, 3)
    assert all(torch.equal(frame, pixels[0]) for frame in made)


def test_a_border_has_its_colour(run: Runner) -> None:
    for pixels, green in ((picture(4, 2), [102, 255, 0]), (picture(4, 2).float() / 255, [0.4, 1.0, 0.0])):
        op = nodes.FitCanvas(width=8, height=4, left=3, right=1, top=1, bottom=1, colour=(102, 255, 0))
        made = run.one(op, image=frames_of(pixels)).pixels
        assert torch.equal(made[:, 1:3, 3:7], pixels)
        outside = torch.ones(4, 8, dtype=torch.bool)
        outside[1:3, 3:7] = False
        assert made[0][outside].unique(dim=0).tolist() == [pytest.approx(green)]


def test_a_hole_is_painted_where_the_mask_is_white_and_grows_in_a_square(run: Runner) -> None:
    pixels = picture(9, 7, frames=3)
    mask = torch.zeros(2, 7, 9, 3, dtype=torch.uint8)
    mask[0, 3, 4], mask[1, 0, 0] = 255, 255
    made = run.one(nodes.FillHole(colour=(102, 255, 0), grow=1), image=frames_of(pixels), mask=frames_of(mask)).pixels
    assert len(made) == 2, "as many as both have"
    hole = torch.zeros(2, 7, 9, dtype=torch.bool)
    hole[0, 2:5, 3:6], hole[1, :2, :2] = True, True
    assert made[hole].unique(dim=0).tolist() == [[102, 255, 0]]
    assert torch.equal(made[~hole], pixels[:2][~hole])
    one = run.one(nodes.FillHole(colour=(0, 255, 0)), image=frames_of(pixels), mask=frames_of(mask[:1])).pixels
    assert len(one) == 3, "one picture masks every frame"
    assert one[:, 3, 4].tolist() == [[0, 255, 0]] * 3


@pytest.mark.parametrize(("depth", "type"), [("half", np.float16), ("float", np.float32)])
def test_exr_holds_light_over_white(run: Runner, depth: str, type: np.dtype) -> None:
    light = torch.rand(2, 8, 6, 3) * 50 - 0.01
    op = nodes.WriteFrames(path="a.%04d.exr", depth=depth, tags="linear")
    paths = run.one(op, image=frames_of(light)).frames
    assert len(paths) == 2
    with OpenEXR.File(str(paths[1])) as file:
        read, header = file.channels()["RGB"].pixels.copy(), dict(file.header())
    assert read.dtype == type
    assert np.allclose(read, light[1].numpy(), rtol=1e-3 if depth == "half" else 1e-7, atol=1e-5)
    assert header["chromaticities"][:2] == pytest.approx((0.64, 0.33))
    assert header["framesPerSecond"] == "24"


def test_prores_keeps_ten_bits_and_its_tags(run: Runner) -> None:
    ramp = torch.linspace(0.02, 0.98, 256).view(1, 1, 256, 1).repeat(3, 32, 1, 3)
    op = nodes.WriteVideo(path="x.mov", fps=24.0, codec="prores4444", tags="logc3", crf=0)
    path = run.one(op, image=frames_of(ramp)).path
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.profile) == ("prores", "4444")
        frame = next(container.decode(video=0))
    assert (int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)) == (1, 2, 1)
    luma = np.frombuffer(frame.planes[0], np.uint16)[: frame.planes[0].line_size // 2][:256] / 4096
    expected = (64 + 876 * ramp[0, 0, :, 0].numpy()) / 1024
    assert np.abs(luma - expected).max() < 0.0015  # under half a step of 8 bits


@pytest.mark.parametrize(("suffix", "codec", "name"), [(".mp4", "h265", "hevc"), (".webm", "vp9", "vp9")])
def test_other_codecs_read_back(run: Runner, suffix: str, codec: str, name: str) -> None:
    frames = picture(64, 64, frames=9)
    sound = Audio(torch.zeros(2, 16000), 16000)
    op = nodes.WriteVideo(path=f"x{suffix}", fps=24.0, codec=codec, crf=12)
    path = run.one(op, image=frames_of(frames), audio=sound).path
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == name
        assert len(container.streams.audio) == 1
        read = [torch.from_numpy(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert len(read) == 9
    assert (torch.stack(read).float() - frames.float()).abs().mean() < 6


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sound_alone_keeps_24_bits(run: Runner, suffix: str) -> None:
    samples = torch.rand(2, 5000) * 1.6 - 0.8
    path = run.one(nodes.WriteSound(path=f"x{suffix}"), audio=Audio(samples, 48000)).path
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == 48000
        parts = [torch.from_numpy(frame.to_ndarray()) for frame in container.decode(audio=0)]
    read = torch.cat([p.view(-1, 2).T for p in parts], dim=1).double() / 2**31
    assert read.shape == samples.shape
    assert (read - samples).abs().max() < 2 / 2**23
