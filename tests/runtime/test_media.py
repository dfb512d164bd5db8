"""Files: what is written reads back, what does not read says so."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch
from PIL import Image

from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.runtime.errors import MediaError
from ltxdsl.runtime.media import fitted_sound, frame_rate, recompressed
from ltxdsl.runtime.pixels import covered
from ltxdsl.runtime.values import Audio, Frames

from .helpers import Runner, frames_of, pass_op, picture

RATE = 48000


def tone(seconds: float, channels: int = 2) -> Audio:
    time = torch.arange(round(seconds * RATE)) / RATE
    return Audio((0.3 * torch.sin(2 * torch.pi * 440 * time)).expand(channels, -1), RATE)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("seconds", [0.2, 1.0, 3.0])
def test_a_written_video_reads_back(run: Runner, suffix: str, seconds: float) -> None:
    frames = frames_of(picture(96, 64, frames=24))
    op = nodes.WriteVideo(path=f"x{suffix}", fps=24.0, crf=10)
    path = run.one(op, image=frames, audio=tone(seconds)).path
    assert path.suffix == suffix
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert (video.frames, video.average_rate) == (24, 24)
        assert (video.width, video.height, video.pix_fmt) == (96, 64, "yuv420p")
        assert (sound.rate, sound.channels) == (RATE, 2)
        assert float(video.duration * video.time_base) == pytest.approx(1.0)
        assert float(sound.duration * sound.time_base) == pytest.approx(1.0, abs=0.05)
        decoded = list(container.decode(video=0))
    assert len(decoded) == 24
    assert (int(decoded[0].colorspace), int(decoded[0].color_range)) == (1, 1)
    assert (int(decoded[0].color_primaries), int(decoded[0].color_trc)) == (1, 1)
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert RATE <= samples < RATE + 2 * 1024
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_colours_survive(run: Runner) -> None:
    pixels = picture(64, 64, seed=1, frames=3)
    path = run.one(nodes.WriteVideo(path="x.mp4", fps=24.0, crf=1), image=frames_of(pixels)).path
    again = run.one(nodes.ReadVideo(path=str(path))).pixels
    assert again.shape == pixels.shape
    assert difference(again, pixels) < 4
    for colour in [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 100, 50), (128, 128, 128)]:
        flat = torch.tensor(colour, dtype=torch.uint8).expand(2, 32, 32, 3)
        path = run.one(nodes.WriteVideo(path="x.mp4", fps=24.0, crf=1), image=frames_of(flat)).path
        again = run.one(nodes.ReadVideo(path=str(path))).pixels
        assert (again.float() - flat.float()).abs().max() <= 2


def test_odd_sizes_and_limits(run: Runner) -> None:
    path = run.one(nodes.WriteVideo(path="x.mp4", fps=23.976), image=frames_of(picture(63, 33, frames=5))).path
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 34)
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)
    assert len(run.one(nodes.ReadVideo(path=str(path), frames=2)).pixels) == 2


def test_frame_rates() -> None:
    assert [frame_rate(f) for f in (24, 25.0, 23.976, 29.97, 59.94, 12.5)] == [
        24,
        25,
        Fraction(24000, 1001),
        Fraction(30000, 1001),
        Fraction(60000, 1001),
        Fraction(25, 2),
    ]


def test_sound_is_as_long_as_the_video() -> None:
    sound = tone(0.5, channels=1)
    longer, shorter = fitted_sound(sound, 1.0), fitted_sound(sound, 0.25)
    assert longer.shape == (2, RATE)
    assert torch.equal(longer[0], longer[1])
    assert not longer[:, RATE // 2 :].any()
    assert torch.equal(shorter, longer[:, : RATE // 4])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_written_picture_reads_back(run: Runner, suffix: str) -> None:
    pixels = picture(40, 30, frames=3)
    path = run.one(nodes.WriteImage(path=f"x{suffix}", frame=-1), image=frames_of(pixels)).path
    again = run.one(nodes.ReadImage(path=str(path))).pixels
    assert again.shape == (1, 30, 40, 3)
    assert (again[0].float() - pixels[2].float()).abs().mean() <= (0 if suffix == ".png" else 4)


def test_pictures_of_all_kinds(run: Runner, tmp_path: Path) -> None:
    upright = Image.new("RGB", (20, 10), (200, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGBA", (8, 8), (10, 200, 10, 0)).save(tmp_path / "clear.png")
    Image.new("P", (8, 8)).save(tmp_path / "palette.png")
    Image.new("I;16", (8, 8), 32768).save(tmp_path / "deep.png")
    assert run.one(nodes.ReadImage(path=str(tmp_path / "turned.jpg"))).pixels.shape == (1, 20, 10, 3)
    assert run.one(nodes.ReadImage(path=str(tmp_path / "clear.png"))).pixels[0, 0, 0].tolist() == [10, 200, 10]
    assert run.one(nodes.ReadImage(path=str(tmp_path / "palette.png"))).pixels.shape == (1, 8, 8, 3)
    assert run.one(nodes.ReadImage(path=str(tmp_path / "deep.png"))).pixels[0, 0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize("op", [nodes.ReadImage, nodes.ReadVideo], ids=lambda op: op.__name__)
@pytest.mark.parametrize("content", [None, b"", b"no media at all", "short"])
def test_what_does_not_read_says_so(run: Runner, tmp_path: Path, op: type[Op], content: bytes | str | None) -> None:
    path = tmp_path / "x.bin"
    if content == "short":
        source = run.one(nodes.WriteImage(path="x.png"), image=frames_of(picture(64, 64))).path
        path.write_bytes(source.read_bytes()[:60])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(MediaError) as error:
        run(op(path=str(path)))
    assert error.value.path == path


def test_a_frame_that_is_not_there(run: Runner) -> None:
    with pytest.raises(MediaError, match="no frame 7"):
        run(nodes.WriteImage(path="x.png", frame=7), image=frames_of(picture(8, 8)))


def test_an_ending_that_no_format_has(run: Runner) -> None:
    for op in (nodes.WriteVideo(path="x.nonsense", fps=24.0), nodes.WriteImage(path="x.nonsense")):
        with pytest.raises(MediaError):
            run(op, image=frames_of(picture(8, 8)))


def test_fitting_covers_and_cuts_evenly() -> None:
    pixels = torch.zeros(1, 10, 40, 3)
    pixels[:, :, 15:25] = 1
    fitted = covered(pixels, 32, 32)
    assert fitted.shape == (1, 32, 32, 3)
    assert fitted.mean() > 0.95
    assert covered(pixels, 40, 10) is pixels


def test_a_round_trip_changes_a_little(run: Runner) -> None:
    source = frames_of(picture(70, 50))
    plain = run.one(nodes.FitFrames(width=64, height=32), image=source).pixels
    worn = run.one(nodes.FitFrames(width=64, height=32, crf=33), image=source).pixels
    assert worn.dtype == torch.uint8
    assert worn.shape == plain.shape == (1, 32, 64, 3)
    assert 0 < (worn.float() / 255 - plain).abs().mean() < 0.06


def test_stills_are_compressed_as_the_authors_do_it() -> None:
    """diffusers' port of ltx-pipelines' media_io.preprocess, which is ComfyUI's LTXVPreprocess, too."""
    from diffusers.pipelines.ltx2.utils import apply_image_conditioning_crf

    for width, height in ((96, 64), (70, 50)):
        pixels = picture(width, height, seed=4)[0]
        theirs = apply_image_conditioning_crf(pixels.numpy(), 33)
        assert torch.equal(recompressed(pixels, 33), torch.from_numpy(theirs))
    assert recompressed(picture(33, 21)[0], 33).shape == (21, 33, 3)


def difference(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one.float() - other.float()).abs().mean().item()


def test_tiles_decode_to_the_same_size_and_nearly_the_same(run: Runner) -> None:
    latent = run.picture(128, 128, frames=25)
    whole = run.one(nodes.DecodeVideo(), latent=latent).pixels
    for op in (nodes.DecodeVideo(tile=96, overlap=64), nodes.DecodeVideo(tile_frames=16, overlap_frames=8)):
        tiled = run.one(op, latent=latent).pixels
        assert tiled.shape == whole.shape == (25, 128, 128, 3)
        assert not torch.equal(tiled, whole)
        assert difference(tiled, whole) < 0.75 * difference(tiled, whole.flip(1))
    assert torch.equal(run.one(nodes.DecodeVideo(), latent=latent).pixels, whole)


def test_sound_and_picture_of_the_tiny_model_are_there(run: Runner) -> None:
    """Not flat, not silent, not clipped: a red ball on white is mostly white, and its tone is heard."""
    words = "a large red ball stays still in the middle on a white background, with a tone"
    prompt = {"positive": run.one(nodes.EncodeText(text=words))}
    result = run(pass_op(12), **{**run.start(128, 128, 25), **prompt})
    frames: Frames = run.one(nodes.DecodeVideo(), latent=result["latent"])
    sound: Audio = run.one(nodes.DecodeAudio(), audio=result["audio"])
    assert frames.pixels.float().std() > 10
    assert frames.pixels.float().mean() > 180
    assert 0.005 < sound.samples.std() < 0.5
    assert sound.samples.abs().max() < 0.99
    assert sound.samples.shape == (2, (4 * 26 - 3) * 480)
