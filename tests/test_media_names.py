"""Names of pictures and videos: steps, nodes in the place of files, and clips that are like them."""

import json
from pathlib import Path

import pytest

from ltxdsl.comfy import export_prompt
from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

MODELS = load_model_set("ltx-2.3")
END = '\nprompt "a lake"\npass 0.5x distill 8\nupscale 2x\nsave "a.mp4"'


def exported(text: str) -> dict:
    found = compile(Source(text, "a.ltx"), MODELS, Request(target="comfy"))
    assert found.ok, [(d.code, d.message) for d in found.diagnostics]
    return export_prompt(found, MODELS).prompt


def chain(prompt: dict, kind: str, name: str) -> list[str]:
    """The classes before an input of the first node of a class, the nearest first."""
    link = next(node for node in prompt.values() if node["class_type"] == kind)["inputs"][name]
    found = []
    while link:
        node = prompt[link[0]]
        found.append(node["class_type"])
        links = (node["inputs"].get(name) for name in ("image", "images", "input", "video", "pixels"))
        link = next((link for link in links if isinstance(link, list)), None)
    return found


def test_steps_are_done_in_order_and_nothing_else():
    text = 'img = image "queen.png" | size 1280x720 | longer 1536 | canny 0.1 0.3\ninplace img @ 0 crf 18' + END
    before = chain(exported(text), "LTXVImgToVideoInplace", "image")
    assert before == ["LTXVPreprocess", "Canny", "ResizeImagesByLongerEdge", "ResizeImageMaskNode", "LoadImage"]


@pytest.mark.parametrize(
    ("step", "kind", "said"),
    [
        ("size 64x96", "ResizeImageMaskNode", {"resize_type": "scale dimensions", "resize_type.crop": "center"}),
        (
            "size 64x96 stretched by area",
            "ResizeImageMaskNode",
            {"resize_type.crop": "disabled", "scale_method": "area"},
        ),
        ('size 64x96 by nearest as "ImageScale"', "ImageScale", {"width": 64, "upscale_method": "nearest-exact"}),
        ("within 64x96", "ImageResizeKJv2", {"keep_proportion": "resize", "divisible_by": 1}),
        ('size 64x96 as "ImageResizeKJv2" divisible 32', "ImageResizeKJv2", {"keep_proportion": "crop"}),
        ("size 64x96 sides", "ImageResizeKJv2", {"keep_proportion": "crop", "divisible_by": 1}),
        ("pad 64x96 white", "ResizeAndPadImage", {"target_height": 96, "padding_color": "white"}),
        ('pad 64x96 as "ImageResizeKJv2"', "ImageResizeKJv2", {"keep_proportion": "pad", "pad_color": "0, 0, 0"}),
        ('longer 99 by area as "ImageScaleToMaxDimension"', "ImageScaleToMaxDimension", {"largest_size": 99}),
        ("longer 99 by area", "ResizeImageMaskNode", {"resize_type.longer_size": 99}),
        ("shorter 99", "ResizeImageMaskNode", {"resize_type.shorter_size": 99}),
        ("width 99", "ResizeImageMaskNode", {"resize_type": "scale width", "resize_type.width": 99}),
        ("height 99", "ResizeImageMaskNode", {"resize_type": "scale height", "resize_type.height": 99}),
        ("scale 0.5x", "ResizeImageMaskNode", {"resize_type.multiplier": 0.5}),
        ('scale 0.5x as "ImageScaleBy"', "ImageScaleBy", {"scale_by": 0.5, "upscale_method": "lanczos"}),
        ("megapixels 0.5", "ResizeImageMaskNode", {"resize_type.megapixels": 0.5}),
        ("multiple 32", "ResizeImageMaskNode", {"resize_type.multiple": 32}),
        ("frames 9f from 3", "ImageFromBatch", {"batch_index": 3, "length": 9}),
        ("repeat 9f", "RepeatImageBatch", {"amount": 9}),
        ("invert", "ImageInvert", {}),
        ("canny", "Canny", {"low_threshold": 0.4, "high_threshold": 0.8}),
    ],
)
def test_each_step_is_a_node(step, kind, said):
    prompt = exported(
        f'v = video "walk.mp4" | {step}\ncontrol canny from v with lora "u.safetensors" 1 downscale 1{END}'
    )
    assert chain(prompt, "LTXAddVideoICLoRAGuide", "image") == [kind, "GetVideoComponents", "LoadVideo"]
    (node,) = [node for node in prompt.values() if node["class_type"] == kind]
    assert said.items() <= node["inputs"].items()


def test_a_size_is_measured_or_told_by_the_node_that_resized():
    """KJNodes' node gives width and height as its second and third output."""
    text = 'img = image "queen.png" | within 640x640 as "ImageResizeKJv2" divisible 32{}\nlike img size\ninplace img{}'
    for how, kind, slots in ((" sides", "ImageResizeKJv2", [1, 2]), ("", "GetImageSize", [0, 1])):
        prompt = exported(text.format(how, END))
        (empty,) = [node["inputs"] for node in prompt.values() if node["class_type"] == "EmptyLTXVLatentVideo"]
        halved = [prompt[empty[side][0]]["inputs"]["values.a"] for side in ("width", "height")]
        assert [(prompt[id]["class_type"], slot) for id, slot in halved] == [(kind, slot) for slot in slots]


def test_a_picture_as_it_is_is_left_to_the_node():
    plain, as_is = (f'img = image "queen.png" {how}\ninplace img @ 0{END}' for how in ("", "as_is"))
    assert chain(exported(plain), "LTXVImgToVideoInplace", "image") == ["LTXVPreprocess", "ImageScale", "LoadImage"]
    assert chain(exported(as_is), "LTXVImgToVideoInplace", "image") == ["LoadImage"]


@pytest.mark.parametrize(
    ("how", "place", "length", "kept"),
    [
        ("as_is", "0", 17, []),
        ("as_is", "0", 9, [9]),
        ("as_is", "9f", 25, []),
        ("| invert", "9f", 17, [1]),
        ("| frames 9f | invert", "0", 17, [9]),
        ("| frames 16f | invert", "0", 17, [16]),
    ],
)
def test_a_video_that_is_longer_than_the_clip_is_cut(how, place, length, kept):
    """A guide past the end is refused while ComfyUI runs; what fills no latent is left out by its nodes."""
    before = f'size 128x128\nlength {length}f\nv = video "pan.mp4" {how}\nprompt "a"\n'
    text = f'{before}guide v @ {place}\npass distill 8\nsave "a.mp4"'
    source = Source(text, str(Path(__file__).parent.parent / "examples" / "a.ltx"))
    found = compile(source, MODELS, Request(target="comfy"))
    prompt = export_prompt(found, MODELS).prompt
    assert [n["inputs"]["length"] for n in prompt.values() if n["class_type"] == "ImageFromBatch"] == kept


def test_a_node_may_stand_for_a_file():
    text = 'q = image "queen.png"\nblurred = node "ImageBlur" { image: q; blur_radius: 3; sigma: 1.0 }\n'
    prompt = exported(text + "img = image blurred | scale 0.5x\ninplace img @ 0" + END)
    before = chain(prompt, "LTXVImgToVideoInplace", "image")
    assert before == ["ResizeImageMaskNode", "ImageBlur", "LoadImage"]


def test_facts_of_a_medium_are_links():
    text = 'v = video "walk.mp4" | shorter 96\nimg = image "queen.png"\nprompt "a"\npass distill 8\n'
    asked = "a: v width; b: v height; c: v frames; d: v audio; e: v fps; f: img width; g: v"
    prompt = exported(f'{text}x = node "Any" {{ {asked} }}\nnode "End" {{ x: x }}')
    (node,) = [node for node in prompt.values() if node["class_type"] == "Any"]
    kinds = {name: (prompt[link[0]]["class_type"], link[1]) for name, link in node["inputs"].items()}
    assert kinds == {
        "a": ("GetImageSize", 0),
        "b": ("GetImageSize", 1),
        "c": ("GetImageSize", 2),
        "d": ("GetVideoComponents", 1),
        "e": ("GetVideoComponents", 2),
        "f": ("GetImageSize", 0),
        "g": ("ResizeImageMaskNode", 0),
    }


# --- like


def sized(prompt: dict) -> dict:
    (empty,) = [node["inputs"] for node in prompt.values() if node["class_type"] == "EmptyLTXVLatentVideo"]
    return empty


def test_a_server_measures_what_the_clip_is_like(in_pictures):
    prompt = exported(f'v = video "walk.mp4" | multiple 64\nlike v{END}')
    empty = sized(prompt)
    for side in ("width", "height"):
        half = prompt[empty[side][0]]
        assert half["inputs"]["expression"] == "a/2"
        assert prompt[half["inputs"]["values.a"][0]]["class_type"] == "GetImageSize"
    assert prompt[empty["length"][0]]["class_type"] == "GetImageSize"
    rated = [n["inputs"] for n in prompt.values() if n["class_type"] in ("LTXVConditioning", "CreateVideo")]
    links = [inputs.get("frame_rate") or inputs["fps"] for inputs in rated]
    assert len(links) == 2
    assert {(prompt[link[0]]["class_type"], link[1]) for link in links} == {("GetVideoComponents", 2)}


def test_a_factor_makes_up_for_the_share_of_the_first_pass(in_pictures):
    prompt = exported(f'half = image "queen.png" | scale 0.5x\nlike half size 2x\nlength 17f{END}')
    assert prompt[sized(prompt)["width"][0]]["class_type"] == "GetImageSize"


def test_here_the_file_says_it(in_pictures, models):
    """128x96, 17 frames at 24; the x2 needs multiples of 64 at the end."""
    found = compile(Source(f'like video "walk.mp4"{END}', "a.ltx"), models)
    assert found.ok, found.diagnostics
    last = found.stages[-1]
    assert (last.width, last.height, last.frames, last.fps) == (128, 64, 17, 24.0)
    steps = 'v = video "walk.mp4" | frames 9f | scale 2x\nlike v size length'
    found = compile(Source(steps + END, "a.ltx"), models)
    assert (found.stages[-1].width, found.stages[-1].height, found.stages[-1].frames) == (256, 192, 9)


@pytest.mark.parametrize(
    ("text", "target", "codes"),
    [
        ('size 512x320\nlike image "a.png" size', "local", {"LTX254"}),
        ('like image "a.png"\nlike image "b.png"', "local", {"LTX254"}),
        ('like image "a.png"\nlike video "walk.mp4" length', "local", set()),
        ('like image "nowhere.png"', "local", {"LTX256", "LTX009"}),
        ('like image "nowhere.png"', "comfy", {"LTX255"}),
        ("like photo", "local", set()),
    ],
)
def test_what_is_wrong_with_it_is_said(text, target, codes, in_pictures):
    found = analyze(Source(f'{text}\nprompt "a lake"\npass dev 30', "a.ltx"), MODELS, Request(target=target))
    about = {d.code for d in found.diagnostics if d.code in {"LTX254", "LTX255", "LTX256"}}
    assert about == codes & {"LTX254", "LTX255", "LTX256"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('img = image "a.png" | blur 3', "stands what is done to it"),
        ('img = image "a.png" | longr 3', "did you mean `longer`?"),
        ('img = image "a.png" | longer', "needs"),
        ('img = image "a.png" | scale 0.5x as "ImageScale"', "ImageScaleBy"),
        ("img = image | invert", "needs a quoted file name"),
    ],
)
def test_a_slip_in_a_step_is_explained(text, shown, in_pictures):
    found = analyze(Source(f'{text}\nguide img @ end\nprompt "a lake"\npass dev 30', "a.ltx"), MODELS)
    told = json.dumps([(d.code, d.message, d.hint) for d in found.diagnostics], ensure_ascii=False)
    assert shown in told


def test_a_run_does_the_steps(ltx, in_pictures):
    """With edges as a control the clip is another than without."""
    text = 'v = video "walk.mp4" | frames 9f | size 64x64 | invert\nlike v size length\nprompt "a"\nguide v @ 0\n'
    (in_pictures / "steps.ltx").write_text(text + 'pass dev 2\nsave "steps.mp4"\n')
    done = ltx("run", "steps.ltx", "--force", "--models", "embedded")
    assert done.code == 0, done.err
    assert (in_pictures / "steps.mp4").stat().st_size > 500
