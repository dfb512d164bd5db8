"""What exports got wrong when a real ComfyUI ran them (tests/oracle/parity.py), and what they write instead."""

import wave

import pytest

from ltxdsl import geometry
from ltxdsl.comfy import ExportError, export_prompt

from .conftest import MODELS
from .test_export import of_class, only, upstream

MASKED = 'size 128x128; length 17f; from clip; mask "face.png" grow 8; prompt "a lake"'
TWICE = 'size 128x128; length 17f; prompt "a lake"; inplace img; pass 0.5x distill 8; pass distill 3 start 0.9'
SHOTS = """
size 128x128
length 17f
shot a { prompt "a"; pass distill 8; save "a.mp4" }
shot b { extend a 16f overlap 9f; prompt "b"; pass distill 8; save "b.mp4" }
"""


def cuts(prompt):
    """Latents that encoded sound is cut to."""
    encoded = of_class(prompt, "LTXVAudioVAEEncode")
    found = [node for node in of_class(prompt, "LatentCut").values() if node["samples"][0] in encoded]
    assert len(found) == len(encoded)
    assert all((cut["dim"], cut["index"]) == ("y", 0) for cut in found), "y is the axis of time of sound"
    return [cut["amount"] for cut in found]


def test_held_sound_is_as_long_as_the_clip(export):
    """It was as long as what is held, and the pass made no more."""
    prompt = export(SHOTS).prompt
    assert cuts(prompt) == [geometry.comfy_audio_latents(25, 24)]
    joined = prompt[only(prompt, "LTXVAudioVAEEncode")["audio"][0]]["inputs"]
    held, silence = (prompt[joined[name][0]]["inputs"]["duration"] for name in ("audio1", "audio2"))
    assert held == pytest.approx(9 / 24, abs=0.01)
    assert held + silence > 25 / 24 + 4096 / 44100, "the encoding node drops up to 4095 samples"


def test_sound_of_8_bits_is_told(export, media):
    """LoadAudio fails on it."""
    script = 'size 128x128; length 17f; prompt "a"; audio "{}"; pass distill 8'
    for width in (1, 2):
        with wave.open(str(media / f"{width}.wav"), "wb") as sound:
            sound.setparams((1, width, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(8000 * width))
        notes = export(script.format(f"{width}.wav")).notes
        assert any("8 bits" in note for note in notes) == (width == 1)


def test_a_mask_is_white_where_any_pixel_of_a_cell_is(export):
    """The server took the middle of each cell."""
    prompt = export(f"{MASKED}; pass distill 8").prompt
    thresholds = [node["value"] for node in of_class(prompt, "ThresholdMask").values()]
    assert thresholds == [0.5, 0.0]
    cells = [n for n in of_class(prompt, "ImageScale").values() if n["upscale_method"] == "area"]
    assert [(n["width"], n["height"], n["crop"]) for n in cells] == [(4, 4, "disabled")]
    placed = only(prompt, "LTXVSetVideoLatentNoiseMasks")
    assert {"GrowMask", "MaskToImage", "ImageToMask", "LoadImage"} <= upstream(prompt, placed["masks"])
    assert "LoadVideo" in upstream(prompt, placed["samples"])


def test_a_mask_has_an_axis_of_frames_before_guides_and_pictures(compiled):
    """SetLatentNoiseMask has none: LTXVAddGuide failed behind it, and a picture was held in a row of pixels."""
    for more in ("guide img @ 8f", "inplace img @ 9f"):
        found = compiled(f"{MASKED}; {more}; pass distill 8")
        assert "LTXVSetVideoLatentNoiseMasks" in {n["class_type"] for n in export_prompt(found, MODELS).prompt.values()}
        with pytest.raises(ExportError):
            export_prompt(found, MODELS, "native")
    alone = export_prompt(compiled(f"{MASKED}; pass distill 8"), MODELS, "native").prompt
    assert of_class(alone, "SetLatentNoiseMask")


def test_a_mask_of_an_earlier_pass_goes_without_another_in_its_place(export):
    """The other one had no axis of frames: the second pass held a row of pixels, and not the picture."""
    prompt = export(TWICE).prompt
    first, second = of_class(prompt, "LTXVImgToVideoInplace").values()
    fresh = prompt[second["latent"][0]]
    assert fresh["class_type"] == "LatentAdd"
    empty, before = (prompt[fresh["inputs"][name][0]] for name in ("samples1", "samples2"))
    assert before["class_type"] == "LTXVSeparateAVLatent"
    assert empty["class_type"] == "EmptyLTXVLatentVideo"
    sizes = [
        {k: v for k, v in node.items() if k != "batch_size"}
        for node in (empty["inputs"], prompt[first["latent"][0]]["inputs"])
    ]
    assert sizes[0] == sizes[1] == {"width": 64, "height": 64, "length": 17}
