"""Forms that the open workflows do not have. What is expected was asked of ComfyUI's editor, 1.58.1 (tests/oracle)."""

import json

import pytest

from ltxdsl.comfy.read import read_workflow
from ltxdsl.comfy.read.graph import Node
from ltxdsl.comfy.read.resolve import passed_through

from .graphs import KNOWN, graph, inputs_of, node, subgraph


def width(link):
    return node(9, "EmptyImage", [512, 512, 1, 0], [("width", "INT", link, {"widget": {"name": "width"}})], ("IMAGE",))


def number(value=64, **more):
    return node(1, "PrimitiveInt", [value, "fixed"], outputs=("INT",), **more)


STRAIGHT = [[5, 1, 0, 9, 0, "INT"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (graph([number(), width(5)], STRAIGHT), ["1", 0]),
        (graph([number(), width(77)], STRAIGHT), ["1", 0]),  # a wrong link id: the table of links says where it ends
        (graph([number(), width(None)], STRAIGHT), ["1", 0]),
        (graph([number(mode=1), width(5)], STRAIGHT), ["1", 0]),
        (graph([number(mode=2), width(5)], STRAIGHT), 512),
        (graph([number(mode=4), width(5)], STRAIGHT), 512),
        (graph([number(), number(65), width(5)], STRAIGHT), ["1", 0]),
        (graph([node(1, "PrimitiveNode", [64, "fixed"]), width(5)], STRAIGHT), 64),
        (graph([width(5)], STRAIGHT), 512),
        (graph([number(), width(5)], [[5, "1", "0", "9", "0"]]), ["1", 0]),
        (graph([number(), width(5)], [None, [5, 1, 0], [5, 1, 0, 9, 0, "INT", None, {}]]), ["1", 0]),
    ],
)
def test_links(text, expected):
    assert inputs_of(text, "EmptyImage") == [{"width": expected, "height": 512, "batch_size": 1, "color": 0}]


def test_a_primitive_behind_a_reroute_reaches_no_widget():
    middle = node(2, "Reroute", inputs=[("", "*", 4)])
    text = graph([node(1, "PrimitiveNode", [64]), middle, width(5)], [[4, 1, 0, 2, 0, "*"], [5, 2, 0, 9, 0, "INT"]])
    workflow = read_workflow(text, KNOWN)
    assert workflow.prompt["9"]["inputs"]["width"] == 512
    assert [(f.node, f.code) for f in workflow.faults] == [("9", "lost_value")]


def test_schema_1_with_links_as_objects_native_reroutes_and_floating_links():
    link = {"id": 5, "origin_id": 1, "origin_slot": 0, "target_id": 9, "target_slot": 0, "type": "INT", "parentId": 1}
    floating = {**link, "id": 1, "origin_id": -1, "origin_slot": -1}
    raw = {"version": 1, "nodes": [number(), width(5)], "links": [link], "floatingLinks": [floating]}
    raw |= {"reroutes": [{"id": 1, "linkIds": [5], "pos": [0, 0]}], "state": {"lastNodeId": 9, "lastLinkId": 5}}
    workflow = read_workflow(json.dumps(raw), KNOWN)
    assert workflow.form == "editor 1.0"
    assert workflow.prompt["9"]["inputs"]["width"] == ["1", 0]
    assert workflow.faults == ()


def test_ids_are_texts_and_a_repeated_one_gets_another():
    workflow = read_workflow(graph([node("a", "EmptyImage", [1]), number(), number(65)], []), KNOWN)
    assert set(workflow.prompt) == {"a", "1", "1_1"}
    assert workflow.prompt["1_1"]["inputs"] == {"value": 65}
    assert [f.code for f in workflow.faults] == ["repeated_id"]


def test_inputs_that_a_file_does_not_list_are_those_of_the_class():
    """Sockets first, then widgets."""
    sampler = node(9, "KSampler", [1, "fixed", 20, 8.0, "euler", "normal", 1.0], outputs=("LATENT",))
    del sampler["inputs"]
    numbers = [node(i, "PrimitiveInt", [i, "fixed"], outputs=("INT",)) for i in range(1, 8)]
    links = [[20 + i, i, 0, 9, i - 1, "*"] for i in range(1, 8)]
    (found,) = inputs_of(graph([*numbers, sampler], links), "KSampler")
    names = ["model", "positive", "negative", "latent_image", "seed", "steps", "cfg"]
    assert {name: found[name] for name in names} == {name: [str(i), 0] for i, name in enumerate(names, 1)}
    workflow = read_workflow(graph([*numbers, sampler], [[99, 1, 0, 9, 50, "*"]]), KNOWN)
    assert [(f.node, f.code) for f in workflow.faults] == [("9", "lost_link")]


@pytest.mark.parametrize(
    ("kinds", "given", "slot", "wanted", "index"),
    [
        (["LATENT", "MASK"], ["LATENT"], 0, "LATENT", 0),
        (["MASK", "LATENT"], ["LATENT"], 0, "*", 1),  # asked for anything: what the output gives decides
        (["MASK", "LATENT"], ["LATENT"], 0, "LATENT", 1),
        (["MASK"], ["LATENT"], 0, "LATENT", None),
        (["A,B", "B"], ["A,B"], 0, "B", 0),
        (["*"], ["LATENT"], 0, "LATENT", 0),
        ([], ["LATENT"], 0, "LATENT", None),
    ],
)
def test_what_a_bypassed_node_passes_on(kinds, given, slot, wanted, index):
    raw = node(1, "A", inputs=[(kind, kind, None) for kind in kinds], outputs=given)
    assert passed_through(Node(raw), slot, wanted) == index


def group(*nodes, links=(), external=()):
    return {"nodes": [{**one, "index": place} for place, one in enumerate(nodes)], "links": links, "external": external}


IMAGE = node(-1, "EmptyImage", [256, 256, 1, 0], outputs=("IMAGE",), title="Img")
LARGER = node(-1, "ImageScaleBy", ["nearest-exact", 2.0], [("image", "IMAGE", None)], ("IMAGE",))


@pytest.mark.parametrize("separator", ["/", ">"])
def test_group_nodes(separator):
    extra = {"groupNodes": {"G": group(IMAGE, LARGER, links=[[0, 0, 1, 0, 1, "IMAGE"]], external=[[1, 0, "IMAGE"]])}}
    instance = node(9, f"workflow{separator}G", [300, 301, 2, 5, "area", 3.0], outputs=("IMAGE",))
    shown = node(10, "PreviewImage", inputs=[("images", "IMAGE", 8)], outputs=())
    prompt = read_workflow(graph([instance, shown], [[8, 9, 0, 10, 0, "IMAGE"]], extra=extra), KNOWN).prompt
    assert prompt["9:0"]["inputs"] == {"width": 300, "height": 301, "batch_size": 2, "color": 5}
    assert prompt["9:1"]["inputs"] == {"upscale_method": "area", "scale_by": 3.0, "image": ["9:0", 0]}
    assert prompt["10"]["inputs"] == {"images": ["9:1", 0]}


SAMPLER_SOCKETS = [("model", "MODEL"), ("positive", "CONDITIONING"), ("negative", "CONDITIONING")]


def test_a_group_of_equal_nodes_tells_their_inputs_apart():
    sampler = node(
        -1,
        "KSampler",
        [1, "fixed", 20, 8.0, "euler", "normal", 1.0],
        [(n, t, None) for n, t in (*SAMPLER_SOCKETS, ("latent_image", "LATENT"))],
        ("LATENT",),
    )
    extra = {
        "groupNodes": {"H": group(sampler, sampler, links=[[0, 0, 1, 3, 1, "LATENT"]], external=[[1, 0, "LATENT"]])}
    }
    outer = [(name, "*", 20) for name in ("model", "KSampler model")]
    values = [11, "fixed", 31, 1.5, "euler", "normal", 0.5, 12, "fixed", 32, 2.5, "heun", "simple", 0.25]
    text = graph(
        [node(1, "UNETLoader", ["u", "default"], outputs=("MODEL",)), node(9, "workflow>H", values, outer)],
        [[20, 1, 0, 9, 0, "MODEL"]],
        extra=extra,
    )
    prompt = read_workflow(text, KNOWN).prompt
    first, second = prompt["9:0"]["inputs"], prompt["9:1"]["inputs"]
    assert (first["seed"], first["denoise"], second["seed"], second["denoise"]) == (11, 0.5, 12, 0.25)
    assert first["model"] == second["model"] == ["1", 0]
    assert second["latent_image"] == ["9:0", 0]


def test_of_two_links_into_one_output_of_a_subgraph_the_first_holds():
    made = [node(5, "EmptyImage", [5], outputs=("IMAGE",)), node(7, "EmptyImage", [7], outputs=("IMAGE",))]
    ends = {"target_id": -20, "target_slot": 0, "origin_slot": 0}
    for order in ((5, 7), (7, 5)):
        links = [{"id": origin, "origin_id": origin, **ends} for origin in order]
        outputs = [{"name": "IMAGE", "type": "IMAGE", "linkIds": [7, 5]}]
        definition = {"id": "abc", "nodes": made, "links": links, "inputs": [], "outputs": outputs}
        nodes = [node(9, "abc", outputs=("IMAGE",)), node(10, "PreviewImage", inputs=[("images", "IMAGE", 8)])]
        text = graph(nodes, [[8, 9, 0, 10, 0, "IMAGE"]], definitions={"subgraphs": [definition]})
        assert inputs_of(text, "PreviewImage") == [{"images": [f"9:{order[0]}", 0]}]


@pytest.mark.parametrize(("mode", "ids"), [(0, {"7:5"}), (2, set()), (4, set())])
def test_a_subgraph_that_does_not_run(mode, ids):
    raw = json.loads(subgraph())
    raw["nodes"][0]["mode"] = mode
    assert set(read_workflow(json.dumps(raw), KNOWN).prompt) == ids


@pytest.mark.parametrize("mode", [2, 4])
def test_within_a_subgraph_it_is_queued_all_the_same_and_reported(mode):
    raw = json.loads(subgraph())
    inner = {**raw["nodes"][0], "mode": mode}
    raw["definitions"]["subgraphs"].append({"id": "outer", "nodes": [inner], "links": [], "inputs": [], "outputs": []})
    raw["nodes"] = [node(3, "outer")]
    workflow = read_workflow(json.dumps(raw), KNOWN)
    assert set(workflow.prompt) == {"3:7:5"}
    assert [(f.node, f.code) for f in workflow.faults] == [("3:7", "runs_inside")]


def test_values_go_by_their_names_where_the_file_has_them():
    """The file is newer than the class here: by their order alone, they would slip into the wrong widgets."""
    values = [640, "new", 352, 1, 0]
    named = {"width": 640, "strange": "new", "height": 352, "batch_size": 1, "color": 0}
    one = node(9, "EmptyImage", values, outputs=("IMAGE",), widgets_values_named=named)
    workflow = read_workflow(graph([one], []), KNOWN)
    assert workflow.prompt["9"]["inputs"] == {"width": 640, "height": 352, "batch_size": 1, "color": 0}
    assert [f.code for f in workflow.faults] == ["lost_value"]
    one["widgets_values"] = [8, 16, 1, 0]  # somebody changed the list alone
    assert inputs_of(graph([one], []), "EmptyImage")[0]["height"] == 16


def test_a_choice_that_the_class_does_not_have_keeps_what_belongs_to_it():
    one = node(9, "ResizeImageMaskNode", ["to the moon", 3, "far", "lanczos"], outputs=("IMAGE",))
    workflow = read_workflow(graph([one], []), KNOWN)
    inputs = workflow.prompt["9"]["inputs"]
    assert inputs["resize_type"] == "to the moon"
    assert (inputs["resize_type.widget_0"], inputs["resize_type.widget_1"]) == (3, "far")
    assert inputs["scale_method"] == "lanczos"
    assert [f.code for f in workflow.faults] == ["unknown_choice"]


def test_the_order_of_what_a_choice_brings_is_that_of_the_class():
    """The file does not list the inputs, so that nothing in it says the order."""
    values = ["scale dimensions", 640, 352, "center", "lanczos"]
    (found,) = inputs_of(graph([node(9, "ResizeImageMaskNode", values)], []), "ResizeImageMaskNode")
    assert (found["resize_type.width"], found["resize_type.height"], found["resize_type.crop"]) == (640, 352, "center")
    values = ["2", 0.5, 0.25, 8, 16]  # what is required stands before what is not: strengths, then places
    (found,) = inputs_of(graph([node(9, "LTXVImgToVideoInplaceKJ", values)], []), "LTXVImgToVideoInplaceKJ")
    assert (found["num_images.strength_1"], found["num_images.strength_2"]) == (0.5, 0.25)
    assert (found["num_images.index_1"], found["num_images.index_2"]) == (8, 16)


@pytest.mark.parametrize(
    ("kind", "values", "name", "reached"),
    [
        ("Anything Everywhere", [], "vae", True),
        ("Anything Everywhere?", [".*", "va", ""], "vae", True),
        ("Anything Everywhere?", ["nothing", ".*", ""], "vae", False),
        ("Anything Everywhere?", ["(a+)+$", "(((", ""], "vae", True),
    ],
)
def test_use_everywhere_by_its_nodes(kind, values, name, reached):
    loader = node(1, "VAELoader", ["a"], outputs=("VAE",))
    sender = node(2, kind, values, [("anything", "VAE", 4)], ())
    taker = node(9, "VAEDecode", inputs=[("samples", "LATENT", None), (name, "VAE", None)], outputs=("IMAGE",))
    text = graph([loader, sender, taker], [[4, 1, 0, 2, 0, "VAE"]])
    assert inputs_of(text, "VAEDecode") == [{name: ["1", 0]} if reached else {}]


def test_rows_of_loras():
    row = {"on": True, "lora": "a.safetensors", "strength": 0.5, "strengthTwo": None}
    values = [{}, {"type": "PowerLoraLoaderHeaderWidget"}, row, {**row, "on": False}, {}, ""]
    workflow = read_workflow(graph([node(9, "Power Lora Loader (rgthree)", values)], []), KNOWN)
    assert workflow.prompt["9"]["inputs"] == {"lora_1": row, "lora_2": {**row, "on": False}}
    assert workflow.faults == ()


def test_dict_widgets_stay_and_players_go():
    values = {"frame_rate": 24, "format": "video/h264-mp4", "crf": 17, "videopreview": {"hidden": False}}
    (found,) = inputs_of(graph([{**node(9, "VHS_VideoCombine"), "widgets_values": values}], []), "VHS_VideoCombine")
    assert found == {"frame_rate": 24, "format": "video/h264-mp4", "crf": 17}


@pytest.mark.parametrize(
    "raw",
    [
        {"prompt": {"1:2": {"class_type": "VAELoader", "inputs": {"vae_name": "{{VAE}}"}}}},
        {"api_graph": {"x": {"class_type": "VAELoader", "inputs": {"vae_name": None}}}},
        {"client_id": "c", "extra_data": {"a": 1}, "prompt": {"word": {"class_type": "VAELoader"}}},
        {"prompt": json.dumps({"1": {"class_type": "VAELoader", "inputs": {"vae_name": {"a": [1]}}, "_meta": None}})},
    ],
)
def test_api_prompts_in_other_objects(raw):
    workflow = read_workflow(json.dumps(raw), KNOWN)
    inner = json.loads(raw["prompt"]) if isinstance(raw.get("prompt"), str) else raw.get("prompt", raw.get("api_graph"))
    assert workflow.form == "api"
    assert {i: n["inputs"] for i, n in workflow.prompt.items()} == {i: n.get("inputs", {}) for i, n in inner.items()}
    assert workflow.faults == ()


def test_links_to_nothing_in_a_prompt_are_reported_and_kept():
    raw = {"1": {"class_type": "VAEDecode", "inputs": {"vae": ["7", 0], "samples": [2, 0]}}, "2": "a note"}
    workflow = read_workflow(json.dumps(raw), KNOWN)
    assert workflow.prompt["1"]["inputs"] == {"vae": ["7", 0], "samples": ["2", 0]}
    assert [f.code for f in workflow.faults] == ["lost_link", "lost_link", "no_node"]


def test_notes_groups_and_places():
    note = node(2, "MarkdownNote", ["# Hello"], title="Read me", pos=[15, 15])
    thing = node(9, "EmptyImage", [1], outputs=("IMAGE",), pos={"0": 20, "1": 30}, size=[100, 50], title="Blank")
    groups = [{"title": "Stage", "bounding": [0, 0, 100, 100]}, {"title": "Far", "bounding": [900, 0, 10, 10]}]
    workflow = read_workflow(
        graph([note, thing], [], groups=groups, extra={"ltxdsl": {"text": "x", "hash": "h"}}), KNOWN
    )
    (found,) = workflow.notes
    assert (found.text, found.title, found.place, found.groups) == ("# Hello", "Read me", (15, 15), ("Stage",))
    mark = workflow.marks["9"]
    assert (mark.title, mark.place, mark.size, mark.groups) == ("Blank", (20, 30), (100, 50), ("Stage",))
    assert (workflow.script, workflow.signature) == ("x", "h")
    assert workflow.counts == {"virtual": 1, "read": 1}


def test_a_node_without_a_class_is_left_out_and_named():
    good = {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}}
    workflow = read_workflow(
        json.dumps({"1": good, "2": {"class_type": None}, "3": {"class_type": "A", "inputs": 1}}), KNOWN
    )
    assert list(workflow.prompt) == ["1"]
    assert [(f.node, f.code) for f in workflow.faults] == [("1", "lost_link"), ("2", "no_node"), ("3", "no_node")]
    assert "class_type" in workflow.faults[1].message
    assert "inputs" in workflow.faults[2].message
