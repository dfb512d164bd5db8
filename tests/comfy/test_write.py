"""The editor's form of an export: the same nodes, a layout that can be read, and the script in the file."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.builder import Export
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.compare import same, without_defaults
from ltxdsl.comfy.difference import differences
from ltxdsl.comfy.read import read_workflow
from ltxdsl.comfy.read.widgets import marked_text, plain_text
from ltxdsl.comfy.validate import link_of, validate_prompt
from ltxdsl.comfy.write import cautions, editor_graph, said_of, unedited
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.models import load_model_set
from ltxdsl.source import Source

from ..test_examples import EXPORTED, compiled
from .flattening import flattened
from .usdu import USDU

KNOWN = catalogue()
MODELS = load_model_set("ltx-2.3")


def made(path: Path):
    return written(compiled(path, MODELS, target="comfy"))


def written(found: Compilation):
    export = export_prompt(found, MODELS)
    return export, editor_graph(export, KNOWN, said_of(found))


def recipe(use: str):
    """A script that uses a recipe of the standard library."""
    text = f'# One recipe.\nimport std\nsize 512x512\nprompt "says: “Yes.”"\nuse {use}\n'
    return written(compile(Source(text), MODELS, Request(target="comfy")))


RECIPES = ("three_pass", "two_stage", "distilled", 'lipdub "examples/talk.mp4"', "long_take 10s")


@pytest.fixture(scope="module")
def graphs():
    folder = Path(__file__).parent.parent.parent
    recipes = {f"std {use}": recipe(use.replace("examples", str(folder / "examples"))) for use in RECIPES}
    return {path.stem: made(path) for path in EXPORTED} | recipes


def test_the_editor_would_queue_the_same(graphs):
    """But for the defaults of optional widgets that the export leaves out: the editor sends those, too."""
    for name, (export, graph) in graphs.items():
        queued = read_workflow(json.dumps(graph), KNOWN)
        assert not queued.faults or all(fault.code == "unknown_class" for fault in queued.faults), name
        for difference in differences(export.prompt, queued.prompt):
            assert difference.kind == "changed", (name, difference)
            assert all(before == "" for _, before, _ in difference.inputs), (name, difference)


def test_without_defaults_a_graph_is_its_prompt(graphs):
    """As `ltx diff` compares them."""
    for name, (export, graph) in graphs.items():
        queued = read_workflow(json.dumps(graph), KNOWN)
        one, other = without_defaults(export.prompt, KNOWN), without_defaults(queued.prompt, KNOWN)
        assert same(one, other), (name, differences(one, other))
        assert unedited(queued), name


def test_a_default_is_left_out_only_where_it_may_be():
    scale = {"image": ["2", 0], "upscale_method": "area", "width": 512, "height": 512, "crop": "disabled"}
    video = {"images": ["1", 0], "fps": 24.0, "bit_depth": 8}
    prompt = {
        "1": {"class_type": "ImageScale", "inputs": scale},
        "2": {"class_type": "CreateVideo", "inputs": video},
        "3": {"class_type": "Unheard", "inputs": {"bit_depth": 8}},
    }
    left = {id: list(node["inputs"]) for id, node in without_defaults(prompt, KNOWN).items()}
    assert left == {"1": list(scale), "2": ["images", "fps"], "3": ["bit_depth"]}
    video["bit_depth"] = 10
    assert "bit_depth" in without_defaults(prompt, KNOWN)["2"]["inputs"]


def test_a_second_reading_gives_the_same(graphs):
    """Every input of the export as it was; beside them only defaults of what may be left out."""
    for name, (export, graph) in graphs.items():
        found = flattened(graph, KNOWN)
        assert found.keys() == export.prompt.keys()
        for id, node in export.prompt.items():
            assert found[id]["class_type"] == node["class_type"]
            assert node["inputs"].items() <= found[id]["inputs"].items(), (name, node)
            left_out = found[id]["inputs"].keys() - node["inputs"].keys()
            assert not left_out & (KNOWN.get(node["class_type"]) or {"input": {}})["input"].get("required", {}).keys()


def test_a_server_takes_what_the_editor_queues(graphs, object_info):
    for name, (export, graph) in graphs.items():
        assert validate_prompt(flattened(graph, KNOWN), object_info) == validate_prompt(export.prompt, object_info), (
            name
        )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a sign: {open|shut}", r"a sign: \{open|shut\}"),
        ("see http://a.b///c", "see http:/{/}a.b/{/}{/}c"),
        ("one /* two */ three", "one /{*} two */ three"),
        ("a/b, 1/2", "a/b, 1/2"),
    ],
)
def test_the_editor_neither_draws_from_a_text_nor_cuts_it(text, shown):
    """The forms on the right were queued by ComfyUI's frontend 1.58.1, which gave those on the left."""
    assert marked_text(text) == shown
    assert plain_text(shown) == text
    script = f'size 128x128\nprompt "{text}"\npass distill 8\nsave "a.mp4"\n'
    _, graph = written(compile(Source(script), MODELS, Request(target="comfy")))
    assert shown in [node["widgets_values"][0] for node in graph["nodes"] if node["type"] == "CLIPTextEncode"]
    queued = read_workflow(json.dumps(graph), KNOWN).prompt.values()
    assert text in [node["inputs"]["text"] for node in queued if "text" in node["inputs"]]


@given(st.text(alphabet="ab/*{}| \n"))
def test_marked_texts_are_read_back(text):
    assert plain_text(marked_text(text)) == text


def test_classes_that_nobody_knows_are_told(graphs):
    export, graph = graphs["polish"]
    (said,) = cautions(export.prompt, KNOWN)
    assert said.startswith("UltimateSDUpscaleNoUpscale is not in the catalogue")
    (node,) = [node for node in graph["nodes"] if node["type"] == "UltimateSDUpscaleNoUpscale"]
    order = [
        name
        for name in USDU[node["type"]]["input"]["required"]
        if not isinstance(export.prompt[str(node["id"])]["inputs"][name], list)
    ]
    assert [one["name"] for one in node["inputs"] if "widget" in one] == order
    assert node["widgets_values"][:2] == [42, "fixed"]


def boxes(graph):
    """With their titles, which the editor draws above a node's place."""
    return {n["id"]: (n["pos"][0], n["pos"][1] - 30, n["size"][0], n["size"][1] + 30) for n in graph["nodes"]}


def apart(one, other) -> bool:
    return (
        one[0] + one[2] <= other[0]
        or other[0] + other[2] <= one[0]
        or one[1] + one[3] <= other[1]
        or other[1] + other[3] <= one[1]
    )


def inside(one, frame) -> bool:
    ends = (one[0] + one[2] <= frame[0] + frame[2], one[1] + one[3] <= frame[1] + frame[3])
    return frame[0] <= one[0] and frame[1] <= one[1] and all(ends)


def test_nothing_overlaps_and_every_node_is_in_one_group(graphs):
    for name, (_, graph) in graphs.items():
        places = boxes(graph)
        ids = list(places)
        for index, id in enumerate(ids):
            assert all(apart(places[id], places[other]) for other in ids[index + 1 :]), (name, id)
        frames = [group["bounding"] for group in graph["groups"]]
        for index, frame in enumerate(frames):
            assert all(apart(frame, other) for other in frames[index + 1 :]), name
        for node in graph["nodes"]:
            if node["type"] == "Note":
                assert all(apart(places[node["id"]], frame) for frame in frames), name
            else:
                assert sum(inside(places[node["id"]], frame) for frame in frames) == 1, (name, node["type"])


def test_links_go_right(graphs):
    for name, (_, graph) in graphs.items():
        places = boxes(graph)
        ends = [(places[origin], places[target]) for _, origin, _, target, _, _ in graph["links"]]
        right = sum(origin[0] + origin[2] <= target[0] for origin, target in ends)
        assert right / len(ends) >= 0.95, name


def test_the_layout_is_always_the_same(graphs):
    for path in EXPORTED[:5]:
        assert made(path)[1] == graphs[path.stem][1]


def test_links_are_listed_where_they_begin_and_end(graphs):
    for export, graph in graphs.values():
        nodes = {node["id"]: node for node in graph["nodes"]}
        for number, origin, slot, target, index, _ in graph["links"]:
            assert number in nodes[origin]["outputs"][slot]["links"]
            assert nodes[target]["inputs"][index]["link"] == number
        wires = sum(link_of(value) is not None for node in export.prompt.values() for value in node["inputs"].values())
        assert len(graph["links"]) == wires


PASSES = [
    "pass 1: 64x64, 17 frames, 20 steps er_sde",
    "pass 2: 128x128, 17 frames, 3 steps er_sde",
    "pass 3: 256x256, 17 frames, 3 steps er_sde",
]


def test_a_pass_has_a_group_of_its_own(graphs):
    titles = [group["title"] for group in graphs["three_passes"][1]["groups"]]
    assert titles == ["models", "prompts", *PASSES, "output"]


NOTED = """# The film.
size 256x128
img = image "examples/astronaut.jpg"  # from NASA

# Small first.
pass 0.5x distill 8 {
  # no guidance
  cfg 1
}
prompt "later"
# Where to.
save "a.mp4"
"""


def test_workflows_of_others_are_laid_out_and_read_back(shared):
    paths = sorted((shared / "workflows").glob("*.json"))
    assert len(paths) > 50
    for path in paths:
        prompt = read_workflow(path.read_text(encoding="utf-8"), KNOWN).prompt
        graph = editor_graph(Export(prompt, (), {}), KNOWN)
        for difference in differences(prompt, read_workflow(json.dumps(graph), KNOWN).prompt):
            assert difference.kind == "changed", (path.name, difference)
            assert all(before == "" for _, before, _ in difference.inputs), (path.name, difference)
        places = list(boxes(graph).values())
        assert all(apart(one, other) for index, one in enumerate(places) for other in places[index + 1 :]), path.name


def test_a_value_where_the_editor_has_only_a_socket_is_told():
    """As ComfyUI's official ic_lora template has it, once the editor has queued it."""
    inputs = {"switch": True, "on_false": "a text", "on_true": ["1", 0]}
    prompt = {
        "1": {"class_type": "PrimitiveString", "inputs": {"value": "b"}},
        "2": {"class_type": "ComfySwitchNode", "inputs": inputs, "_meta": {"title": "which"}},
    }
    (said,) = cautions(prompt, KNOWN)
    assert said == "which: the editor has no place for the value of on_false, and leaves it out"
    read = read_workflow(json.dumps(editor_graph(Export(prompt, (), {}), KNOWN)), KNOWN)
    assert read.prompt["2"]["inputs"] == inputs, "it is in the file all the same"


def test_a_long_script_takes_time_in_proportion():
    """Eight times the shots, less than sixteen times as long."""

    def seconds(shots: int) -> float:
        passes = "pass distill 8; upscale 2x distill 3"
        said = "".join(f'shot s{n} {{ prompt "{n}"; {passes}; save "{n}.mp4" }}\n' for n in range(shots))
        found = compile(Source(f"size 128x128\nlength 9f\n{said}"), MODELS, Request(target="comfy"))
        export, notes = export_prompt(found, MODELS), said_of(found)
        start = time.perf_counter()
        editor_graph(export, KNOWN, notes)
        return time.perf_counter() - start

    assert min(seconds(80) for _ in range(3)) < 16 * max(seconds(10) for _ in range(3))


def test_comments_stand_above_what_they_speak_of():
    """In the order of the groups: what is about no pass or file stands at the models."""
    _, graph = written(compile(Source(NOTED), MODELS, Request(target="comfy")))
    notes = {node["widgets_values"][0]: node for node in graph["nodes"] if node["type"] == "Note"}
    frames = {group["title"].partition(":")[0]: group["bounding"] for group in graph["groups"]}
    above = {text: [t for t, f in frames.items() if f[0] == note["pos"][0]] for text, note in notes.items()}
    assert above == {
        "The film.\n\nfrom NASA": ["models"],
        "Small first.\n\nno guidance": ["pass 1"],
        "Where to.": ["output"],
    }
    for note in notes.values():
        assert note["pos"][1] + note["size"][1] <= 0


def test_the_script_comes_back_until_the_graph_is_edited(graphs):
    _, graph = graphs["three_passes"]
    text = (next(path for path in EXPORTED if path.stem == "three_passes")).read_text(encoding="utf-8")
    workflow = read_workflow(json.dumps(graph), KNOWN)
    assert workflow.script == text
    assert unedited(workflow)
    moved = json.loads(json.dumps(graph))
    moved["nodes"][0]["pos"] = [9, 9]
    moved["nodes"][0]["title"] = "mine"
    assert unedited(read_workflow(json.dumps(moved), KNOWN)), "places and titles mean nothing"
    for node in moved["nodes"]:
        if node["type"] == "RandomNoise":
            node["widgets_values"][0] += 1
    assert not unedited(read_workflow(json.dumps(moved), KNOWN))
