"""`--style native`: ComfyUI's own nodes where they do the same, and an error that names the statement elsewhere."""

import json

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.comfy import ExportError, export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.packs import pack_of

from ..test_examples import EXPORTED
from .conftest import MODELS
from .scripts import SCRIPTS

KNOWN = catalogue()
CONTROL = (
    'size 256x256\nprompt "a"\ncontrol depth from video "walk.mp4" with lora "mine.safetensors" {}\npass distill 8\n'
)


def classes(prompt):
    return [node["class_type"] for node in prompt.values()]


def foreign(prompt):
    return [kind for kind in classes(prompt) if pack_of(kind, KNOWN)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_native_is_all_or_nothing(name, compiled):
    compilation = compiled(SCRIPTS[name])
    try:
        assert foreign(export_prompt(compilation, MODELS, "native").prompt) == []
    except ExportError as error:
        said = str(error)
        usual = foreign(export_prompt(compilation, MODELS).prompt)
    else:
        return
    assert any(kind in said for kind in usual)


def test_a_control_video_in_full_has_an_equal(compiled):
    compilation = compiled(CONTROL.format("1.0"))
    usual = classes(export_prompt(compilation, MODELS).prompt)
    native = classes(export_prompt(compilation, MODELS, "native").prompt)
    equal = {"LTXICLoRALoaderModelOnly": "LoraLoaderModelOnly", "LTXAddVideoICLoRAGuide": "LTXVAddGuide"}
    assert set(equal) <= set(usual)
    assert native == [equal.get(kind, kind) for kind in usual]


@pytest.mark.parametrize("words", ["1.0 strength 0.5", "1.0 downscale 2"])
def test_one_that_is_weaker_or_smaller_has_none(words, compiled):
    with pytest.raises(ExportError, match=r"line 4, `pass distill 8` \(pass 1\) needs LTXAddVideoICLoRAGuide"):
        export_prompt(compiled(CONTROL.format(words)), MODELS, "native")


def test_the_command_says_what_needs_a_pack(tmp_path):
    (text,) = [path.read_text() for path in EXPORTED if path.stem == "nag"]
    script = tmp_path / "nag.ltx"
    script.write_text(text)
    assert CliRunner().invoke(ltx, ["export", str(script)], standalone_mode=False).exit_code == 0
    refused = CliRunner().invoke(ltx, ["export", str(script), "--style", "native", "--json"], standalone_mode=False)
    (problem,) = [d for d in json.loads(refused.stdout)["diagnostics"] if d["code"] == "LTX091"]
    assert "`pass distill 8` (pass 1) needs LTX2_NAG (ComfyUI-KJNodes)" in problem["message"]
    assert problem["hint"] == "`--style packs` takes them"
