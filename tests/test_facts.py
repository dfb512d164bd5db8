"""Facts of values, against sums done by hand."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ltxdsl.compiler import analyze, transform
from ltxdsl.compiler.facts import facts_of
from ltxdsl.media_info import has_alpha, picture_size
from ltxdsl.ops import nodes
from ltxdsl.source import Source

SCRIPT = """
size 256x256; length 25f @ 24fps
prompt "a lake"
inplace "a.png" strength 0.7
guide "b.png" @ end
guide video "walk.mp4" @ 0
pass 0.5x dev 30
upscale 2x
"""


def latents(text: str, models, kind: type, port: str = "latent", optimized: bool = False):
    graph = analyze(Source(text), models).graph
    graph = transform(graph) if optimized else graph
    facts = facts_of(graph)
    return [facts[node.inputs[port]] for node in graph if type(node.op) is kind]


def test_sizes_tokens_and_guides_of_each_pass(models, in_pictures):
    first, second = latents(SCRIPT, models, nodes.Sample)
    assert (first.width, first.height, first.frames, first.latents) == (128, 128, 25, 4)
    assert first.tokens == 4 * 4 * 4
    assert first.guides == 1 + 3, "one still, and 17 frames from the start: 1 + 16 / 8"
    assert first.guide_tokens == 4 * 16
    assert first.held == {0: 0.7}
    assert (second.width, second.tokens, second.guides) == (256, 4 * 64, 4)


def test_a_guide_is_counted_by_what_it_covers_where_it_stands(models, in_pictures):
    text = 'size 256x256; length 25f\nprompt "a"\nguide video "walk.mp4" @ 9f\npass dev 30'
    (there,) = latents(text, models, nodes.Sample)
    assert there.guides == 2, "later in the clip every latent covers 8 of the 16 frames that fit"


def test_what_is_decoded_is_the_bare_clip(models, in_pictures):
    for optimized in (False, True):
        (decoded,) = latents(SCRIPT, models, nodes.DecodeVideo, optimized=optimized)
        assert (decoded.width, decoded.frames, decoded.guides, decoded.noise) == (256, 25, 0, 0)
        assert decoded.fps == 24


def test_an_upscale_by_half_rounds_up_to_whole_cells():
    from ltxdsl.compiler.graph import Graph, Ref

    graph = Graph()
    empty = graph.add(nodes.EmptyVideo(width=544, height=960, frames=9), {})
    larger = graph.add(nodes.UpsampleLatent(factor=1.5), {"latent": Ref(empty, "latent")})
    made = facts_of(graph)[Ref(larger, "latent")]
    assert (made.width, made.height) == (32 * 26, 32 * 45)  # 17 -> 26, 30 -> 45


def test_sound(models):
    (sound,) = latents('length 121f @ 24fps\nprompt "a"\npass dev 30', models, nodes.DecodeAudio, "audio")
    assert (sound.audio_latents, sound.frames) == (126, 121)


# --- sizes of pictures


def test_sizes_stand_in_the_first_bytes(tmp_path: Path):
    from PIL import Image

    for name, mode in (("a.png", "RGB"), ("a.jpg", "RGB"), ("a.webp", "RGB"), ("a.bmp", "RGB"), ("a.gif", "P")):
        Image.new(mode, (130, 94)).save(tmp_path / name)
        assert picture_size(str(tmp_path / name)) == (130, 94), name
    Image.new("RGBA", (33, 7)).save(tmp_path / "b.webp", lossless=True)
    assert picture_size(str(tmp_path / "b.webp")) == (33, 7)
    Image.new("RGB", (50, 40)).save(tmp_path / "c.webp", exif=b"Exif\x00\x00")
    assert picture_size(str(tmp_path / "c.webp")) == (50, 40)


def test_broken_files_have_no_size(tmp_path: Path):
    for name, content in (
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("b.jpg", b"\xff\xd8\xff\xc0"),
        ("c.gif", b"GIF8"),
        ("d", b""),
    ):
        (tmp_path / name).write_bytes(content)
        assert picture_size(str(tmp_path / name)) is None
    assert picture_size(str(tmp_path / "none.png")) is None
    assert picture_size("\0") is None


def test_alpha(tmp_path: Path):
    from PIL import Image

    Image.new("RGBA", (2, 2)).save(tmp_path / "with.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "without.png")
    assert has_alpha(str(tmp_path / "with.png"))
    assert not has_alpha(str(tmp_path / "without.png"))


def test_references_take_the_free_slots_before_the_clip(models, in_pictures):
    text = """size 256x256; length 25f; prompt "a"
    reference "a.png"; reference "b.png"; reference "a.png" @ -2; guide "b.png" @ end; pass dev 30"""
    graph = analyze(Source(text), models).graph
    placed = [node.op.frame for node in graph if type(node.op) is nodes.AppendGuide]
    assert sorted(placed) == [-24, -16, -8, 24]
    (there,) = latents(text, models, nodes.Sample)
    assert there.guides == 4


def test_a_reference_is_attended_to_in_full_and_masked_by_its_strength(models, in_pictures):
    text = 'size 256x256; length 25f; prompt "a"; reference "a.png"; pass dev 30'
    graph = analyze(Source(text), models).graph
    (guide,) = (node.op for node in graph if type(node.op) is nodes.AppendGuide)
    assert (guide.frame, guide.strength, guide.attention) == (-8, 0.35, 1.0)


def test_what_is_known_of_a_file_follows_the_file(tmp_path, monkeypatch):
    """Not its name: another file may stand there a moment later, or the folder be another one."""
    monkeypatch.chdir(tmp_path)
    assert picture_size("a.png") is None
    Image.new("RGB", (3, 2)).save("a.png")
    assert picture_size("a.png") == (3, 2)
    Image.new("RGB", (50, 40)).save("a.png")
    assert picture_size("a.png") == (50, 40)
