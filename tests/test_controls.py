"""Control videos: what the compiler makes of them."""

from __future__ import annotations

import pytest

from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.facts import facts_of
from ltxdsl.diagnostics import Severity
from ltxdsl.ops import nodes
from ltxdsl.ops.controls import CONTROLS
from ltxdsl.source import Source

from .comfy.test_export import upstream

SCRIPT = """size 128x64
length 9f
prompt "a room"
control {kind} from video "walk.mp4" with lora "{lora}" 0.8 @ 0{more}
pass dev 2
save "out.mp4"
"""


def text_of(lora: str, more: str = "", kind: str = "depth") -> str:
    return SCRIPT.format(kind=kind, lora=lora, more=more)


# Of 2 latents with 2x4 cells each, a control has 1/f² of the cells.
@pytest.mark.parametrize(
    ("lora", "more", "tokens"),
    [
        ("detail.safetensors", "", 16),
        ("ic-half.safetensors", "", 4),
        ("ic-half.safetensors", " downscale 1", 16),
        ("detail.safetensors", " downscale 2", 4),
    ],
)
def test_tokens_are_those_of_the_smaller_grid(models, in_pictures, lora, more, tokens):
    compiled = compile(Source(text_of(lora, more)), models, Request())
    (stage,) = compiled.stages
    assert [(use.name, use.strength) for use in stage.loras if use.in_context] == [(str(lora), 0.8)]
    node = compiled.graph[stage.node]
    assert facts_of(compiled.graph)[node.inputs["latent"]].guide_tokens == tokens


@pytest.mark.parametrize("kind", CONTROLS)
def test_every_kind_of_control_compiles(models, in_pictures, kind):
    compiled = compile(Source(text_of("ic-half.safetensors", kind=kind)), models, Request())
    assert [n.op.control for n in compiled.graph if isinstance(n.op, nodes.AppendGuide)] == [2]


def test_comfyui_gets_its_own_loader_and_guide(models, in_pictures):
    from ltxdsl.comfy import export_prompt

    compiled = compile(Source(text_of("ic-half.safetensors")), models, Request(target="comfy"))
    assert compiled.ok
    prompt = export_prompt(compiled, models)
    nodes_of = {n["class_type"]: n["inputs"] for n in prompt.prompt.values()}
    assert nodes_of["LTXICLoRALoaderModelOnly"]["strength_model"] == 0.8
    guide = nodes_of["LTXAddVideoICLoRAGuide"]
    assert (guide["latent_downscale_factor"], guide["frame_idx"], guide["strength"]) == (2.0, 0, 1.0)


def painted(models, more: str, target: str = "local"):
    text = text_of("detail.safetensors", f" downscale 1 {more}", kind="inpaint").replace("128x64", "256x128")
    return compile(Source(text), models, Request(target=target))


def test_a_video_inside_keeps_its_proportions(models, in_pictures):
    """walk.mp4 is 4:3; three quarters of 128 rows are 96, and so 128 columns."""
    (op,) = (n.op for n in painted(models, "inside 75%").graph if isinstance(n.op, nodes.FitCanvas))
    assert (op.width, op.height, op.colour) == (256, 128, (102, 255, 0))
    assert (op.left, op.right, op.top, op.bottom) == (64, 64, 16, 16)


def test_a_hole_goes_to_the_nodes_of_its_colour(models, in_pictures):
    from ltxdsl.comfy import export_prompt

    for colour, node in (("green", "LTXVInpaintPreprocess"), ("magenta", "LTXInpaintColorFill")):
        found = painted(models, f'hole "a.png" grow 8 color {colour}', "comfy")
        prompt = export_prompt(found, models).prompt
        guide = next(n["inputs"] for n in prompt.values() if n["class_type"] == "LTXAddVideoICLoRAGuide")
        assert prompt[guide["image"][0]]["class_type"] == node
        assert upstream(prompt, guide["image"]) >= {"GrowMask", "ImageToMask", "LoadImage", "LoadVideo"}


def test_a_sheet_is_shown_in_every_frame(models, in_pictures):
    """As in Lightricks' workflow for ingredients."""
    from ltxdsl.comfy import export_prompt

    text = text_of("ic-half.safetensors", kind="ingredients").replace('video "walk.mp4"', '"a.png"')
    found = compile(Source(text), models, Request(target="comfy"))
    assert found.stages[0].placed[0].count == 9
    prompt = export_prompt(found, models).prompt
    guide = next(n["inputs"] for n in prompt.values() if n["class_type"] == "LTXAddVideoICLoRAGuide")
    assert prompt[guide["image"][0]]["class_type"] == "RepeatImageBatch"
    assert prompt[guide["image"][0]]["inputs"]["amount"] == 9


DUB = """size 256x128
dub "talk.mp4" with lora "ic-half.safetensors" 0.9
prompt "A woman says: “Yes.”"
pass 0.5x distill 8
upscale 2x distill 3
save "out.mp4"
"""


def dubbed(text: str, models):
    from ltxdsl.comfy import export_prompt

    compiled = compile(Source(text), models, Request(target="comfy"))
    assert [d.code for d in compiled.diagnostics if d.severity is not Severity.NOTE] == []
    return compiled, export_prompt(compiled, models).prompt


def test_a_dub_is_as_long_as_its_video_and_brings_its_lora_to_every_pass(models, in_pictures):
    compiled, _ = dubbed(DUB, models)
    assert [stage.frames for stage in compiled.stages] == [17, 17], "of 20 frames"
    for stage in compiled.stages:
        assert [(use.name, use.strength) for use in stage.loras if use.in_context] == [("ic-half.safetensors", 0.9)]
        assert [placed.frame for placed in stage.placed] == [0]


def test_a_dub_hears_the_video_first_and_then_what_was_made(models, in_pictures):
    """As in Lightricks' workflow: both passes see the video; the second hears, and keeps, the sound of the first."""
    _, prompt = dubbed(DUB, models)
    first, second = (n["inputs"] for n in prompt.values() if n["class_type"] == "LTXVSetAudioRefTokens")
    assert upstream(prompt, first["audio_latent"]) >= {"LTXVAudioVAEEncode", "LoadAudio"}
    assert "SamplerCustomAdvanced" not in upstream(prompt, first["audio_latent"])
    (made,) = {second["audio_latent"][0]} & {
        id for id, n in prompt.items() if n["class_type"] == "LTXVSeparateAVLatent"
    }
    assert second["audio_latent"] == [made, 1]
    guides = [n["inputs"] for n in prompt.values() if n["class_type"] == "LTXAddVideoICLoRAGuide"]
    assert [guide["latent_downscale_factor"] for guide in guides] == [2.0, 2.0]
    for said in (first, second):
        assert prompt[said["positive"][0]]["class_type"] == "LTXVConditioning"
        assert said["negative"] == [said["positive"][0], 1]
    heard = {id for id, n in prompt.items() if n["class_type"] == "LTXVSetAudioRefTokens"}
    assert {guide["positive"][0] for guide in guides} == heard
    joins = [n["inputs"] for n in prompt.values() if n["class_type"] == "LTXVConcatAVLatent"]
    sounds = [prompt[join["audio_latent"][0]]["class_type"] for join in joins]
    assert sounds == ["LTXVEmptyLatentAudio", "SetLatentNoiseMask"], "from noise, then kept"


def test_a_dub_of_a_silent_video_only_follows_it(models, in_pictures):
    compiled = compile(Source(DUB.replace("talk", "walk")), models, Request(target="comfy"))
    assert "LTX107" in [d.code for d in compiled.diagnostics]
    first, second = (compiled.graph[stage.node].inputs for stage in compiled.stages)
    assert "voice_latent" not in first
    assert "voice_latent" in second


def test_this_runtime_refuses_a_dub(models, in_pictures):
    compiled = compile(Source(DUB), models, Request())
    assert [d.code for d in compiled.diagnostics if d.severity is Severity.ERROR] == ["LTX090"]


@pytest.mark.parametrize(
    ("prompt", "quoted"),
    [
        ("A woman says: “Yes.”", True),
        ('A woman says: \\"Good day.\\"', True),
        ("A woman says: 'Good day.'", True),
        ("Une femme dit : « Bonjour. »", True),
        ("A woman speaks Spanish", False),
        ("The driver's car, and the driver's voice", False),
    ],
)
def test_words_to_say_stand_in_quotes(models, in_pictures, prompt, quoted):
    text = DUB.replace("A woman says: “Yes.”", prompt)
    found = {d.code for d in compile(Source(text), models, Request(target="comfy")).diagnostics}
    assert ("LTX108" in found) is not quoted
