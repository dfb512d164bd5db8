"""The editor's form of an export: the same nodes, a layout that can be read, and the script in the file."""

import json
from pathlib import Path

import pytest

from ltxdsl.comfy import export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.difference import differences
from ltxdsl.comfy.read import read_workflow
from ltxdsl.comfy.validate import link_of
from ltxdsl.comfy.write import editor_graph, said_of, unedited
from ltxdsl.models import load_model_set

from ..test_examples import EXPORTED, compiled

KNOWN = catalogue()
MODELS = load_model_set("ltx-2.3")


def made(path: Path):
    found = compiled(path, MODELS, target="comfy")
    export = export_prompt(found, MODELS)
    return export, editor_graph(export, KNOWN, said_of(found))


@pytest.fixture(scope="module")
def graphs():
    return {path.stem: made(path) for path in EXPORTED}


def test_the_editor_would_queue_the_same(graphs):
    """But for the defaults of optional widgets that the export leaves out: the editor sends those, too."""
    for name, (export, graph) in graphs.items():
        queued = read_workflow(json.dumps(graph), KNOWN)
        assert not queued.faults or all(fault.code == "unknown_class" for fault in queued.faults), name
        for difference in differences(export.prompt, queued.prompt):
            assert difference.kind == "changed", (name, difference)
            assert all(before == "" for _, before, _ in difference.inputs), (name, difference)


def boxes(graph):
    return {node["id"]: (*node["pos"], *node["size"]) for node in graph["nodes"]}


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
            if node["type"] != "Note":
                assert sum(inside(places[node["id"]], frame) for frame in frames) == 1, (name, node["type"])


def test_links_go_right(graphs):
    right = total = 0
    for _, graph in graphs.values():
        places = boxes(graph)
        for _, origin, _, target, _, _ in graph["links"]:
            total += 1
            right += places[origin][0] < places[target][0]
    assert right / total >= 0.95


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
