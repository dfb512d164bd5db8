"""Editor graphs as prompts: against what ComfyUI's own editor makes of them, and small graphs of every feature."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltxdsl.comfy.catalogue import packed
from ltxdsl.comfy.read import WorkflowError, read_file, read_workflow

from .graphs import KNOWN, graph, inputs_of, node, subgraph
from .truth import comparable, truth_of


def test_the_truth_of_every_workflow(shared):
    folder = shared / "workflows" / "truth"
    names = [path.name[: -len(".api.json")] for path in sorted(folder.glob("*.api.json"))]
    made = {name: comparable(read_file(shared / "workflows" / f"{name}.json", KNOWN).prompt) for name in names}
    assert len(names) >= 60
    assert [name for name in names if made[name] != comparable(truth_of(folder, name))] == []


def test_values_of_a_younger_class_have_names():
    (found,) = inputs_of(graph([node(3, "LTXVDualCFGGuider", [3, 7.5], outputs=("GUIDER",))], []), "LTXVDualCFGGuider")
    assert found == {"video_cfg": 3, "audio_cfg": 7.5}


def test_every_other_file_is_read_and_nothing_is_silent(shared):
    paths = sorted((shared / "workflows").glob("*.json"))
    for path in paths:
        workflow = read_file(path, KNOWN)
        strange = {id for id, node in workflow.prompt.items() if node["class_type"] not in KNOWN}
        assert strange <= {fault.node for fault in workflow.faults}, path.name


LOADER = node(1, "VAELoader", ["a.safetensors"], outputs=("VAE",))
DECODE = node(9, "VAEDecode", inputs=[("samples", "LATENT", None), ("vae", "VAE", 5)], outputs=("IMAGE",))


def test_widgets_by_their_order_and_seeds_with_an_extra_value():
    (found,) = inputs_of(graph([node(3, "RandomNoise", [7, "fixed"], outputs=("NOISE",))], []), "RandomNoise")
    assert found == {"noise_seed": 7}
    values = [0, "randomize", 20, 8.0, "euler", "normal", 1.0]
    (found,) = inputs_of(graph([node(3, "KSampler", values)], []), "KSampler")
    assert (found["seed"], found["steps"], found["denoise"]) == (0, 20, 1.0)


def test_a_dynamic_combo_brings_its_own_inputs():
    values = ["scale dimensions", 640, 352, "center", "lanczos"]
    (found,) = inputs_of(graph([node(3, "ResizeImageMaskNode", values)], []), "ResizeImageMaskNode")
    assert found["resize_type.width"] == 640
    assert found["resize_type.crop"] == "center"
    assert found["scale_method"] == "lanczos"


def test_missing_values_are_defaults():
    (found,) = inputs_of(graph([node(3, "LTXAVTextEncoderLoader", ["a", "b"])], []), "LTXAVTextEncoderLoader")
    assert found["device"] == "default"


@pytest.mark.parametrize("kind", ["Reroute", "Reroute (rgthree)"])
def test_reroutes_vanish(kind):
    middle = node(2, kind, inputs=[("", "*", 4)])
    text = graph([LOADER, middle, DECODE], [[4, 1, 0, 2, 0, "VAE"], [5, 2, 0, 9, 1, "VAE"]])
    assert inputs_of(text, "VAEDecode") == [{"vae": ["1", 0]}]


@pytest.mark.parametrize(("setter", "getter"), [("SetNode", "GetNode"), ("easy setNode", "easy getNode")])
def test_set_and_get(setter, getter):
    nodes = [
        LOADER,
        node(2, setter, ["v"], inputs=[("VAE", "VAE", 4)]),
        node(3, getter, ["v"], outputs=("VAE",)),
        DECODE,
    ]
    assert inputs_of(graph(nodes, [[4, 1, 0, 2, 0, "VAE"], [5, 3, 0, 9, 1, "VAE"]]), "VAEDecode") == [{"vae": ["1", 0]}]


def test_a_get_without_a_set_leaves_nothing():
    nodes = [node(3, "GetNode", ["v"], outputs=("VAE",)), DECODE]
    assert inputs_of(graph(nodes, [[5, 3, 0, 9, 1, "VAE"]]), "VAEDecode") == [{}]


def test_a_primitive_is_written_into_its_target():
    target = node(3, "VAELoader", ["old"], inputs=[("vae_name", "COMBO", 5, {"widget": {"name": "vae_name"}})])
    text = graph([node(2, "PrimitiveNode", ["new", "fixed"]), target], [[5, 2, 0, 3, 0, "COMBO"]])
    assert inputs_of(text, "VAELoader") == [{"vae_name": "new"}]


def test_muted_and_bypassed():
    patch = node(2, "LoraLoaderModelOnly", ["x", 1.0], inputs=[("model", "MODEL", 4)], outputs=("MODEL",))
    model = node(1, "UNETLoader", ["u", "default"], outputs=("MODEL",))
    last = node(3, "LoraLoaderModelOnly", ["y", 1.0], inputs=[("model", "MODEL", 5)], outputs=("MODEL",))
    links = [[4, 1, 0, 2, 0, "MODEL"], [5, 2, 0, 3, 0, "MODEL"]]
    read = {
        mode: inputs_of(graph([model, {**patch, "mode": mode}, last], links), "LoraLoaderModelOnly")[-1]
        for mode in (0, 2, 4)
    }
    assert read[0]["model"] == ["2", 0]
    assert "model" not in read[2]
    assert read[4]["model"] == ["1", 0]


def test_use_everywhere_makes_links_that_are_in_no_list():
    everywhere = {"ue_links": [{"downstream": 9, "downstream_slot": 1, "upstream": "1", "upstream_slot": 0}]}
    free = node(9, "VAEDecode", inputs=[("samples", "LATENT", None), ("vae", "VAE", None)])
    assert inputs_of(graph([LOADER, free], [], extra=everywhere), "VAEDecode") == [{"vae": ["1", 0]}]


@pytest.mark.parametrize(
    ("values", "properties", "link", "promoted", "text"),
    [
        ([], {}, None, "newest", "inside"),
        (["shown"], {}, None, "newest", "shown"),
        (["shown"], {}, None, "older", "inside"),
        (["shown"], {"proxyWidgets": [["5", "text"]]}, None, "newest", "shown"),
        (["shown"], {"proxyWidgets": [["-1", "words"]]}, None, "older", "shown"),
        ([None], {"proxyWidgets": [["5", "text"]]}, None, "newest", "inside"),
        (["shown"], {}, 3, "newest", "inside"),  # a primitive reaches no widget through a subgraph's panel
    ],
)
def test_promoted_widgets(values, properties, link, promoted, text):
    workflow = read_workflow(subgraph(values, properties, link), KNOWN, promoted)
    assert workflow.prompt["7:5"]["inputs"]["text"] == text


def test_unknown_classes_keep_their_values_and_are_reported():
    named = node(
        3,
        "Strange",
        [1, "x"],
        inputs=[("a", "INT", None, {"widget": {"name": "a"}}), ("b", "STRING", None, {"widget": {"name": "b"}})],
    )
    workflow = read_workflow(graph([named, node(4, "Stranger", [2])], []), KNOWN)
    assert [n["inputs"] for n in workflow.prompt.values()] == [{"a": 1, "b": "x"}, {"widget_0": 2}]
    assert [fault.code for fault in workflow.faults] == ["unknown_class"] * 2


def test_a_picture_carries_its_workflow(tmp_path: Path):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("workflow", graph([LOADER], []))
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    assert read_file(tmp_path / "a.png", KNOWN).prompt["1"]["class_type"] == "VAELoader"
    Image.new("RGB", (8, 8)).save(tmp_path / "b.png")
    with pytest.raises(WorkflowError, match="carries none"):
        read_file(tmp_path / "b.png", KNOWN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1, 2]", "no object"),
        ('{"a": 1}', "no workflow"),
        ('{"1": {"class_type": 3}}', "is a node"),
        ('{"1": {"class_type": "A", "inputs": {"x": NaN}}}', "NaN"),
        ("[" * 100_000, "not JSON|too deep"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_what_is_no_workflow_says_so(text, message):
    with pytest.raises(WorkflowError, match=message):
        read_workflow(text, KNOWN)


def test_circles_of_reroutes_and_subgraphs_end():
    one, two = node(1, "Reroute", inputs=[("", "*", 2)]), node(2, "Reroute", inputs=[("", "*", 1)])
    text = graph([one, two, DECODE], [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [5, 2, 0, 9, 1, "VAE"]])
    assert inputs_of(text, "VAEDecode") == [{}]
    endless = {"id": "abc", "nodes": [node(1, "abc")], "links": []}
    with pytest.raises(WorkflowError, match="without end"):
        read_workflow(graph([node(1, "abc")], [], definitions={"subgraphs": [endless]}), KNOWN)
    doubling = [{"id": f"s{i}", "nodes": [node(1, f"s{i + 1}"), node(2, f"s{i + 1}")], "links": []} for i in range(50)]
    with pytest.raises(WorkflowError, match="without end"):
        read_workflow(graph([node(1, "s0")], [], definitions={"subgraphs": doubling}), KNOWN)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=150)
@given(st.data())
def test_no_wrong_type_is_a_crash(data):
    """One place of a good graph holds something else."""
    raw = json.loads(subgraph(["shown"], {"proxyWidgets": [["5", "text"]]}, 3))
    place = raw
    for _ in range(data.draw(st.integers(0, 6))):
        keys = list(place) if isinstance(place, dict) else range(len(place)) if isinstance(place, list) else ()
        if not keys:
            break
        key = data.draw(st.sampled_from(list(keys)))
        if data.draw(st.booleans()):
            place[key] = data.draw(json_values)
            break
        place = place[key]
    with contextlib.suppress(WorkflowError):
        read_workflow(json.dumps(raw), KNOWN)


def test_a_server_s_answer_is_kept_without_its_files():
    spec = {
        "A": {
            "input": {"required": {"file": [["x.safetensors"], {"tooltip": "t"}]}},
            "output": ["MODEL"],
            "description": "d",
        }
    }
    import gzip

    kept = json.loads(gzip.decompress(packed(spec)))
    assert kept == {"A": {"input": {"required": {"file": [[], {}]}}, "output": ["MODEL"]}}


def test_the_truth_of_an_older_editor(shared):
    """1.45.20 ignored values on instances without a list of proxies."""
    folder = shared / "workflows" / "truth"
    ending = ".api-1.45.20.json"
    names = [path.name[: -len(ending)] for path in sorted(folder.glob("*" + ending))]
    read = {name: read_file(shared / "workflows" / f"{name}.json", KNOWN, "older").prompt for name in names}
    truth = {name: json.loads((folder / f"{name}{ending}").read_text(encoding="utf-8")) for name in names}
    assert names
    assert [name for name in names if comparable(read[name]) != comparable(truth[name])] == []
    newest = [read_file(shared / "workflows" / f"{name}.json", KNOWN).prompt for name in names]
    assert any(comparable(one) != comparable(read[name]) for name, one in zip(names, newest, strict=True))
