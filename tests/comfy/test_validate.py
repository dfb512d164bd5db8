"""The validator against seeded faults, and against prompts that a real server took."""

import copy
import json
import time

import pytest

from ltxdsl.comfy import validate_prompt

from .scripts import SCRIPTS

INFO = {
    "Load": {
        "input": {
            "required": {"name": [[], {}], "mode": [["fast", "slow"]]},
            "optional": {"size": ["INT", {"min": 1, "max": 8}], "scale": ["FLOAT", {"min": 0.0, "max": 1.0}]},
        },
        "output": ["IMAGE", "MASK"],
    },
    "Switch": {
        "input": {
            "required": {
                "input": ["COMFY_MATCHTYPE_V3", {"template": {"template_id": "t", "allowed_types": "IMAGE,MASK"}}],
                "kind": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "side", "inputs": {"required": {"side": ["INT", {"min": 0}]}}},
                            {"key": "text", "inputs": {"optional": {"text": ["STRING", {}]}}},
                        ]
                    },
                ],
            }
        },
        "output": ["COMFY_MATCHTYPE_V3"],
    },
    "Join": {
        "input": {
            "required": {
                "parts": [
                    "COMFY_AUTOGROW_V3",
                    {"template": {"prefix": "part", "min": 2, "max": 4, "input": {"required": {"x": ["IMAGE"]}}}},
                ],
                "on": ["BOOLEAN", {}],
            }
        },
        "output": ["IMAGE"],
    },
    "Save": {"input": {"required": {"images": ["IMAGE,VIDEO"], "any": ["*"]}}, "output": [], "output_node": True},
}
GOOD = {
    "1": {"class_type": "Load", "inputs": {"name": "a.png", "mode": "fast", "size": 3, "scale": 1}},
    "2": {"class_type": "Switch", "inputs": {"input": ["1", 0], "kind": "side", "kind.side": 5}},
    "3": {"class_type": "Join", "inputs": {"parts.part0": ["2", 0], "parts.part1": ["1", 0], "on": True}},
    "4": {"class_type": "Save", "inputs": {"images": ["3", 0], "any": ["1", 1]}},
}


def broken(node, name, value):
    prompt = copy.deepcopy(GOOD)
    if value is ...:
        del prompt[node]["inputs"][name]
    else:
        prompt[node]["inputs"][name] = value
    return prompt


def test_good_prompt():
    assert validate_prompt(GOOD, INFO) == []
    assert validate_prompt(broken("4", "any", "a literal"), INFO) == []
    assert validate_prompt(broken("1", "name", {"__value__": "b.png"}), INFO) == []
    assert validate_prompt(broken("1", "video-preview", ""), INFO) == []


@pytest.mark.parametrize(
    ("node", "name", "value", "code"),
    [
        ("1", "mode", ..., "missing_input"),
        ("2", "kind.side", ..., "missing_input"),
        ("2", "kind", ..., "missing_input"),
        ("3", "parts.part1", ..., "missing_input"),
        ("1", "nonsense", 1, "unknown_input"),
        ("2", "kind.text", "a", "unknown_input"),
        ("3", "parts.part4", ["1", 0], "unknown_input"),
        ("4", "images", [3, 0], "bad_link"),
        ("4", "images", ["3", 0.0], "bad_link"),
        ("4", "images", ["9", 0], "missing_node"),
        ("4", "images", ["3", 1], "bad_slot"),
        ("4", "images", ["3", -1], "bad_slot"),
        ("4", "images", ["1", 1], "wrong_type"),
        ("1", "size", ["1", 1], "wrong_type"),
        ("4", "images", "a.png", "needs_link"),
        ("1", "size", "3", "bad_value"),
        ("1", "size", 3.5, "bad_value"),
        ("1", "size", True, "bad_value"),
        ("1", "scale", None, "bad_value"),
        ("1", "scale", float("nan"), "bad_value"),
        ("3", "on", "false", "bad_value"),
        ("1", "name", 5, "bad_value"),
        ("1", "size", 0, "too_small"),
        ("1", "size", 9, "too_large"),
        ("2", "kind.side", -1, "too_small"),
        ("1", "mode", "slowest", "not_in_list"),
        ("2", "kind", "unheard of", "not_in_list"),
    ],
)
def test_seeded_faults_are_found(node, name, value, code):
    found = validate_prompt(broken(node, name, value), INFO)
    assert (node, name, code) in [(p.node, p.input, p.code) for p in found]
    assert all(p.message for p in found)


def test_a_mask_through_a_matched_output_does_not_fit():
    (problem,) = validate_prompt(broken("2", "input", ["1", 1]), INFO)
    assert (problem.node, problem.input, problem.code) == ("3", "parts.part0", "wrong_type")


def test_faults_of_nodes_and_of_the_whole():
    assert [p.code for p in validate_prompt({}, INFO)] == ["no_output"]
    unknown = {**GOOD, "9": {"class_type": "Never", "inputs": {}}}
    assert [(p.node, p.code) for p in validate_prompt(unknown, INFO)] == [("9", "unknown_class")]
    bare = {**GOOD, "9": "a note"}
    assert [(p.node, p.code) for p in validate_prompt(bare, INFO)] == [("9", "bad_node")]
    circle = broken("2", "input", ["3", 0])
    assert "cycle" in [p.code for p in validate_prompt(circle, INFO)]


def test_file_lists():
    files = {"Load.name": ["b.png"]}
    assert [p.code for p in validate_prompt(GOOD, INFO, files)] == ["not_in_list"]
    assert validate_prompt(broken("1", "name", "b.png"), INFO, files) == []


# Of the files whose classes are all known, those that a server refuses too, and why.
REFUSED = {
    "comfyorg__blueprint_Canny_to_Video_LTX_2.0": "a blueprint has open inputs and no output",
    "comfyorg__blueprint_Depth_to_Video_ltx_2.0": "a blueprint",
    "comfyorg__blueprint_First-Last-Frame_to_Video_LTX-2.3": "a blueprint",
    "comfyorg__blueprint_Image_to_Video_LTX-2.3": "a blueprint",
    "comfyorg__blueprint_Pose_to_Video_LTX_2.0": "a blueprint",
    "comfyorg__blueprint_Text_to_Video_LTX-2.3": "a blueprint",
    "comfyorg__video_ltx2_3_ia2v": "bit_depth is 'auto': for a newer CreateVideo",
    "comfyorg__video_ltx2_3_ic_lora": "bit_depth is 'auto'",
    "comfyorg__video_ltx2_3_t2v": "bit_depth is 'auto'",
    "comfyorg__video_ltx2_i2v_lora": "SaveVideo lost its video",
}


def test_prompts_of_the_official_editor(shared, object_info):
    accepted, refused = [], set()
    for path in sorted((shared / "workflows" / "truth").glob("*.json")):
        prompt = json.loads(path.read_text())
        if all(node.get("class_type") in object_info for node in prompt.values()):
            name = path.name.partition(".api")[0]
            problems = validate_prompt(prompt, object_info)
            if problems:
                refused.add(name)
            else:
                accepted.append(name)
    assert refused == REFUSED.keys()
    assert len(accepted) == 25


def test_it_takes_milliseconds(export, object_info):
    prompt = export(SCRIPTS["three passes"]).prompt
    start = time.perf_counter()
    for _ in range(10):
        validate_prompt(prompt, object_info)
    assert (time.perf_counter() - start) / 10 < 0.05


def test_every_kind_of_fault_in_an_export_is_found(export, object_info):
    """Take any input of any node away, or give it a link to nowhere: always a problem of that node."""
    prompt = export(SCRIPTS["three passes"]).prompt
    for id, node in prompt.items():
        for name in node["inputs"]:
            for fault in ([["nowhere", 0]], [["1", 99]], []):
                inputs = {**node["inputs"], name: fault[0]} if fault else dict(node["inputs"])
                if not fault:
                    del inputs[name]
                    if name in object_info[node["class_type"]]["input"].get("optional", {}):
                        continue
                damaged = {**prompt, id: {**node, "inputs": inputs}}
                assert id in {p.node for p in validate_prompt(damaged, object_info)}


def test_widgets_that_only_the_editor_draws():
    """They may be missing, and have any value."""
    box = ["BOUNDING_BOX", {"socketless": True}]
    info = {"Crop": {"input": {"required": {"box": box, "view": ["LOAD_3D", {}]}}, "output_node": True}}
    for inputs in ({}, {"box": {"x": 1}, "view": "a"}, {"box": [], "view": None}):
        assert validate_prompt({"1": {"class_type": "Crop", "inputs": inputs}}, info) == []


def test_inputs_of_a_choice_that_nobody_knows_are_left_alone():
    found = validate_prompt(broken("2", "kind", "newest"), INFO)
    assert [(p.input, p.code) for p in found] == [("kind", "not_in_list")]


def test_widgets_that_a_format_brings():
    formats = {"mp4": [["crf", "INT", {}], ["pix_fmt", ["a", "b"]]]}
    info = {"Combine": {"input": {"required": {"format": [["gif", "mp4"], {"formats": formats}]}}, "output_node": True}}
    prompt = {"1": {"class_type": "Combine", "inputs": {"format": "mp4", "crf": 19, "pix_fmt": "a"}}}
    assert validate_prompt(prompt, info) == []
    prompt["1"]["inputs"]["format"] = "gif"
    assert [p.input for p in validate_prompt(prompt, info)] == ["crf", "pix_fmt"]
