"""`ltx check` of workflow files: every known fault is found at its node, and a clean file has none."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.doctor import examine
from ltxdsl.comfy.doctor.places import place_of, places
from ltxdsl.comfy.read import read_file
from ltxdsl.comfy.workflow import Workflow
from ltxdsl.comfy.write import Said, editor_graph
from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.checks import RULES
from ltxdsl.diagnostics import Severity
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

from ..test_examples import EXPORTED, FOLDER, PHOTO, compiled

KNOWN = catalogue()
MODELS = load_model_set("ltx-2.3")
SCRIPT = f"""size 512x512
length 33f @ 24fps
prompt "a lake"
img = image "{FOLDER / PHOTO}"
pass 0.5x distill 8 {{ guide img @ end strength 0.5 }}
upscale 2x distill 3
save "lake.mp4"
"""


def exported():
    found = compile(Source(SCRIPT, "lake.ltx"), MODELS, Request(target="comfy"))
    assert found.ok
    return export_prompt(found, MODELS)


def found_in(prompt):
    return examine(Workflow(form="api", prompt=prompt), KNOWN)


@pytest.fixture
def prompt():
    return json.loads(json.dumps(exported().prompt))


def one(prompt, kind: str, which: int = 0) -> str:
    return [id for id, node in prompt.items() if node["class_type"] == kind][which]


def test_a_clean_prompt_has_no_finding(prompt):
    assert found_in(prompt) == []


def put(kind: str, name: str, value: object, which: int = 0):
    def change(prompt):
        id = one(prompt, kind, which)
        prompt[id]["inputs"][name] = value
        return id

    return change


def without(kind: str, name: str):
    def change(prompt):
        id = one(prompt, kind)
        del prompt[id]["inputs"][name]
        return id

    return change


def misnamed(prompt):
    id = one(prompt, "KSamplerSelect")
    prompt[id]["class_type"] = "KSamplerSelct"
    return id


def circle(prompt):
    lora, guider = one(prompt, "LoraLoaderModelOnly"), one(prompt, "CFGGuider")
    prompt["900"] = {"class_type": "LoraLoaderModelOnly", "inputs": {**prompt[lora]["inputs"], "model": [lora, 0]}}
    prompt[lora]["inputs"]["model"] = ["900", 0]
    prompt[guider]["inputs"]["model"] = ["900", 0]
    return


def wrong_slot(prompt):
    id = one(prompt, "LTXVConcatAVLatent")
    prompt[id]["inputs"]["video_latent"][1] = 9
    return id


def wrong_type(prompt):
    id = one(prompt, "CFGGuider")
    prompt[id]["inputs"]["model"] = [one(prompt, "RandomNoise"), 0]
    return id


def without_dotted(prompt):
    id = "900"
    source = [one(prompt, "LoadImage"), 0]
    prompt[id] = {"class_type": "ResizeImageMaskNode", "inputs": {
        "input": source, "resize_type": "scale dimensions", "resize_type.height": 64, "resize_type.crop": "center",
        "scale_method": "lanczos"}}  # fmt: skip
    prompt["901"] = {"class_type": "PreviewImage", "inputs": {"images": [id, 0]}}
    return id


def uncropped(prompt):
    """The last pass's guides go into the decoder."""
    crop = one(prompt, "LTXVCropGuides", -1)
    decoder = one(prompt, "LTXVLatentUpsampler")
    prompt[decoder]["inputs"]["samples"] = prompt[crop]["inputs"]["latent"]
    return decoder


def dead(prompt):
    prompt["900"] = {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}
    return "900"


FAULTS = {
    "class name typo": (misnamed, "LTX280"),
    "sampler not in list": (put("KSamplerSelect", "sampler_name", "eulr"), "LTX283"),
    "required input missing": (without("CFGGuider", "positive"), "LTX281"),
    "dangling link": (put("CFGGuider", "positive", ["9999", 0]), "LTX282"),
    "wrong link type": (wrong_type, "LTX282"),
    "cycle": (circle, "LTX284"),
    "unknown extra input": (put("CFGGuider", "cfgg", 2.0), "LTX281"),
    "number out of range": (put("CFGGuider", "cfg", 1000.0), "LTX283"),
    "wrong literal type": (put("CFGGuider", "cfg", "high"), "LTX283"),
    "output slot out of range": (wrong_slot, "LTX282"),
    "model file of another kind": (
        put("LTXVAudioVAELoader", "ckpt_name", "ltx-spatial-upscaler.safetensors"),
        "LTX288",
    ),
    "dotted sub-input missing": (without_dotted, "LTX281"),
    "length 100": (put("EmptyLTXVLatentVideo", "length", 100), "LTX010"),
    "width 1000": (put("EmptyLTXVLatentVideo", "width", 1000), "LTX011"),
    "audio rate": (put("LTXVEmptyLatentAudio", "frame_rate", 30), "LTX287"),
    "output rate": (put("CreateVideo", "fps", 30.0), "LTX287"),
    "guides not cropped": (uncropped, "LTX289"),
    "sigmas not descending": (put("ManualSigmas", "sigmas", "1.0, 0.5, 0.7, 0.0"), "LTX043"),
    "sigmas that leave noise": (put("ManualSigmas", "sigmas", "0.9, 0.5", -1), "LTX042"),
    "guide beyond the clip": (put("LTXVAddGuide", "frame_idx", 200), "LTX020"),
    "cfg 4 with the distilled LoRA": (put("CFGGuider", "cfg", 4.0), "LTX051"),
    "distilled twice": (put("CheckpointLoaderSimple", "ckpt_name", "ltx-2.3-distilled.safetensors"), "LTX060"),
    "dead branch": (dead, "LTX285"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_at_its_node(fault, prompt):
    change, code = FAULTS[fault]
    node = change(prompt)
    found = found_in(prompt)
    here = [one for one in found if one.code == code and node in (None, one.node)]
    if code == "LTX060":
        here = [one for one in found if one.code == code]
    assert here, (fault, found)
    if fault in ("class name typo", "sampler not in list", "unknown extra input"):
        assert "did you mean" in here[0].hint


def test_every_code_is_a_rule_that_teaches(prompt):
    for change, code in FAULTS.values():
        assert RULES[code].why
        change(json.loads(json.dumps(prompt)))


def test_exports_of_all_examples_have_no_error():
    """What is warned of is so in the scripts, too, whose comments say why."""
    for path in EXPORTED:
        prompt = export_prompt(compiled(path, MODELS, target="comfy"), MODELS).prompt
        assert [f for f in found_in(prompt) if (f.severity or RULES[f.code].severity) is Severity.ERROR] == [], (
            path.stem
        )


# Real faults of official files: blueprints whose own inputs are open, and a template whose video is linked to nothing.
OPEN = {"comfyorg__video_ltx2_i2v_lora"}
ROUNDED = ("i2v", "t2v", "flf2v", "ia2v", "id_lora")  # official LTX-2.3 templates that render another size or length


def test_official_templates_have_no_false_finding(shared):
    for path in sorted((shared / "workflows").glob("comfyorg__*.json")):
        found = examine(read_file(path, KNOWN), KNOWN)
        errors = [f for f in found if (f.severity or RULES[f.code].severity) is Severity.ERROR]
        if "blueprint" in path.name or path.stem in OPEN:
            assert {f.code for f in errors} <= {"LTX281"}, path.name
        else:
            assert errors == [], path.name
    for name in ROUNDED:
        found = examine(read_file(shared / "workflows" / f"comfyorg__video_ltx2_3_{name}.json", KNOWN), KNOWN)
        assert {"LTX010", "LTX011"} & {f.code for f in found}, name


# --- the command


def run(*arguments: str):
    return CliRunner().invoke(ltx, ["check", *arguments], standalone_mode=False)


def test_the_command_points_at_the_line_of_the_node(tmp_path: Path):
    export = exported()
    graph = editor_graph(export, KNOWN, Said(SCRIPT))
    for node in graph["nodes"]:
        if node["type"] == "EmptyLTXVLatentVideo":
            id = node["id"]
            node["widgets_values"][2] = 100
    (tmp_path / "lake.json").write_text(json.dumps(graph, indent=2))
    result = run(str(tmp_path / "lake.json"))
    assert result.return_value == 0, "a warning fails only with --strict"
    assert run(str(tmp_path / "lake.json"), "--strict").return_value == 1
    assert "LTX010" in result.output
    data = json.loads(run(str(tmp_path / "lake.json"), "--json").output)
    (finding,) = [d for f in data["files"] for d in f["diagnostics"]] if "files" in data else data["diagnostics"]
    line = (tmp_path / "lake.json").read_text().splitlines()[finding["place"]["line"] - 1]
    assert f'"id": {id}' in line


def test_places_of_nodes_in_both_forms():
    api = '{\n "1": {"inputs": {}},\n "267:242": {"class_type": "A"}\n}'
    known = places(api)
    assert api[known["267:242"].start : known["267:242"].end] == '"267:242"'
    editor = '{"nodes": [{"id": 242, "type": "A"}, {"id": -1, "type": "B"}]}'
    span = place_of("267:242", places(editor))
    assert span is not None
    assert editor[span.start : span.end] == '"id": 242'


@pytest.mark.parametrize("form", ["json", "sarif", "github", "junit", "gitlab"])
def test_every_format_takes_workflows(form, tmp_path: Path):
    (tmp_path / "lake.json").write_text(json.dumps(exported().prompt))
    assert run(str(tmp_path / "lake.json"), "--format", form).return_value == 0


def test_what_is_no_workflow_is_a_finding(tmp_path: Path):
    (tmp_path / "bad.json").write_text('{"a": 1}')
    result = run(str(tmp_path / "bad.json"))
    assert result.return_value == 1
    assert "LTX286" in result.output
