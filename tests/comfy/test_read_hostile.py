"""Files made to break the reader: an error in words, within bounded time, and never another exception."""

import contextlib
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltxdsl.comfy.read import WorkflowError, read_workflow

from .graphs import KNOWN, graph, node, subgraph


def definition(id, nodes, links=(), inputs=(), outputs=()):
    return {"id": id, "nodes": list(nodes), "links": list(links), "inputs": list(inputs), "outputs": list(outputs)}


def nest(depth, width=1):
    """Subgraphs in subgraphs, each with `width` instances of the next; a text encoder in the last."""
    inner = [definition(f"s{i}", [node(k, f"s{i + 1}") for k in range(width)]) for i in range(depth - 1)]
    last = definition(f"s{depth - 1}", [node(0, "CLIPTextEncode", ["deep"])])
    return graph([node(0, "s0")], [], definitions={"subgraphs": [*inner, last]})


def test_fifty_subgraphs_in_each_other():
    workflow = read_workflow(nest(50), KNOWN)
    assert list(workflow.prompt) == [":".join(["0"] * 51)]


@pytest.mark.parametrize("text", [nest(30, 2), nest(10, 30), nest(70), nest(5, 1000)], ids=range(4))
def test_bombs_are_refused_soon(text):
    start = time.process_time()
    with pytest.raises(WorkflowError, match="without end") as found:
        read_workflow(text, KNOWN)
    assert found.value.code == "endless"
    assert time.process_time() - start < 10, "seconds, of which a slow machine needs about 2"


def test_inputs_that_fan_out_at_every_depth_are_looked_at_once():
    """Each input leads to two instances of the next: 2^40 ways without a memory."""
    depth, made = 40, []
    for i in range(depth):
        kind = f"s{i + 1}" if i + 1 < depth else "CLIPTextEncode"
        nodes = [node(1, kind, inputs=[("x", "STRING", 1, {"widget": {"name": "x"}})])]
        links = [[n, -10, 0, 1, 0] for n in (1, 2)]
        made.append(definition(f"s{i}", nodes, links, [{"name": "x"}]))
    start = time.process_time()
    read_workflow(graph([node(1, "s0", inputs=[("x", "STRING", None)])], [], definitions={"subgraphs": made}), KNOWN)
    assert time.process_time() - start < 5


def chain(count, kind):
    nodes = [node(i, kind, inputs=[("model", "MODEL", i)], outputs=("MODEL",)) for i in range(1, count)]
    ends = [node(count + i, "PreviewAny", inputs=[("source", "*", count + i)], outputs=()) for i in range(count)]
    links = [[i, i - 1, 0, i, 0] for i in range(1, count)]
    links += [[count + i, count - 1, 0, count + i, 0] for i in range(count)]
    return graph([node(0, "UNETLoader", ["u", "default"], outputs=("MODEL",)), *nodes, *ends], links)


def test_a_hundred_thousand_nodes_are_linear():
    """Chains of 50,000 reroutes with 50,000 readers at their end, and half of it."""
    spent = []
    for count in (12_500, 50_000):
        text = chain(count, "Reroute")
        start = time.process_time()
        workflow = read_workflow(text, KNOWN)
        spent.append(time.process_time() - start)
        assert workflow.prompt[str(count)]["inputs"]["source"] == ["0", 0]
    assert spent[1] < 4 * spent[0] * 3 + 1, "four times the nodes, in at most twelve times the time"


@pytest.mark.parametrize("kind", ["Reroute", "LoraLoaderModelOnly"])
def test_cycles(kind):
    mode = 0 if kind == "Reroute" else 4
    ring = [node(i, kind, inputs=[("model", "MODEL", i)], outputs=("MODEL",), mode=mode) for i in range(3)]
    end = node(9, "PreviewAny", inputs=[("source", "*", 9)], outputs=())
    links = [[i, (i + 1) % 3, 0, i, 0] for i in range(3)] + [[9, 0, 0, 9, 0]]
    workflow = read_workflow(graph([*ring, end], links), KNOWN)
    assert workflow.prompt["9"]["inputs"] == {}
    assert [(f.node, f.code) for f in workflow.faults] == [("9", "cycle")]


def test_a_set_that_gets_itself():
    nodes = [
        node(1, "SetNode", ["a"], [("x", "*", 1)]),
        node(2, "GetNode", ["a"]),
        node(9, "PreviewAny", [], [("source", "*", 9)]),
    ]
    workflow = read_workflow(graph(nodes, [[1, 2, 0, 1, 0], [9, 2, 0, 9, 0]]), KNOWN)
    assert [f.code for f in workflow.faults] == ["cycle"]


def test_a_subgraph_whose_output_is_its_own_input():
    inside = definition("abc", [], [[1, -10, 0, -20, 0]], [{"name": "x"}], [{"name": "y"}])
    nodes = [node(1, "abc", inputs=[("x", "*", 1)]), node(9, "PreviewAny", [], [("source", "*", 9)])]
    text = graph(nodes, [[1, 1, 0, 1, 0], [9, 1, 0, 9, 0]], definitions={"subgraphs": [inside]})
    assert read_workflow(text, KNOWN).prompt["9"]["inputs"] == {}


DEEP = "[" * 900 + "]" * 900


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ('{"nodes": [', "not_json"),
        ("null", "no_workflow"),
        ('{"nodes": {}}', "no_workflow"),
        ('{"1": {"class_type": "A", "inputs": {"x": 1e999}}}', "not_a_number"),
        ('{"1": {"class_type": "A", "inputs": []}}', "bad_node"),
        (json.dumps({"nodes": [{"id": "x" * 1000}]}), "bad_node"),
        ('{"a":' * 100_000, "too_deep"),
        ("9" * 10_000, "not_json"),
    ],
    ids=range(9),
)
def test_codes(text, code):
    with pytest.raises(WorkflowError) as found:
        read_workflow(text, KNOWN)
    assert found.value.code == code


ZEROS = "0" * 400


def one(more):
    """The text of a graph with one node, of which `more` is said."""
    return f'{{"nodes": [{{"id": 1, "type": "A", {more}}}]}}'


@pytest.mark.parametrize(
    "text",
    [
        one(f'"id": {DEEP}'),
        one(f'"type": "SetNode", "widgets_values": [{DEEP}]'),
        one(f'"inputs": [{{"name": {DEEP}}}]'),
        '{"1": {"class_type": "A", "inputs": {"x": ' + DEEP + "}}}",
        one(f'"pos": [1e308, 1{ZEROS}], "size": [1e999, NaN]'),
        one(f'"mode": 1{ZEROS}, "widgets_values": [1{ZEROS * 10}]'),
        one('"type": "\\ud800", "title": "\\udfff"'),
    ],
    ids=range(7),
)
def test_odd_values_are_read_or_refused_in_words(text):
    with contextlib.suppress(WorkflowError):
        read_workflow(text, KNOWN)


WHOLE = {
    "version": 0.4,
    "nodes": [
        node(1, "PrimitiveNode", [64, "fixed"]),
        node(2, "Reroute", inputs=[("", "*", 1)]),
        node(3, "SetNode", ["v"], [("VAE", "VAE", 2)]),
        node(4, "GetNode", ["v"]),
        node(5, "EmptyImage", [1, 2, 3, 4], [("width", "INT", 3, {"widget": {"name": "width"}})], ("IMAGE",)),
        node(6, "ResizeImageMaskNode", ["scale dimensions", 1, 2, "center", "area"], [("input", "IMAGE", 4)]),
        node(7, "workflow>G", [1, 2, 3, 4], [("image", "IMAGE", 5)]),
        node(8, "Anything Everywhere?", ["a", "b", "c"], [("anything", "*", 6)]),
        node(9, "LTXVPreprocess", [35], [("image", "IMAGE", 7)], mode=4),
        node(10, "Strange", ["x"], [("a", "*", 8)]),
        node(11, "Note", ["text"]),
    ],
    "links": [
        [1, 1, 0, 2, 0, "*"], [2, 2, 0, 3, 0, "*"], [3, 4, 0, 5, 0, "INT"],
        {"id": 4, "origin_id": 5, "origin_slot": 0, "target_id": 6, "target_slot": 0, "type": "IMAGE"},
        [5, 9, 0, 7, 0, "*"], [7, 5, 0, 9, 0, "*"],
    ],
    "groups": [{"title": "g", "bounding": [0, 0, 1, 1]}],
    "extra": {
        "ue_links": [{"downstream": 9, "downstream_slot": 1, "upstream": "1", "upstream_slot": 0}],
        "groupNodes": {"G": {"nodes": [node(-1, "ImageScaleBy", ["area", 2.0], [("image", "IMAGE", None)])],
            "links": [[0, 0, 0, 0, 1]], "external": [[0, 0, "IMAGE"]]}},
        "ltxdsl": {"text": "t", "hash": "h"},
    },
}  # fmt: skip
WHOLE["nodes"][5]["widgets_values_named"] = dict(zip("abcde", WHOLE["nodes"][5]["widgets_values"], strict=True))
API = {"1": {"class_type": "VAELoader", "inputs": {"a": ["2", 0], "b": {"__value__": [1]}}, "_meta": {"title": "t"}}}
SEEDS = [WHOLE, json.loads(subgraph(["shown"], {"proxyWidgets": [["5", "text"], ["-1", "words"]]}, 3)), API]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["-10", -20, "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def places(value, path=()):
    """Every place of a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


PLACES = [[path for path in places(seed) if path] for seed in SEEDS]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2), st.data())
def test_no_change_of_a_good_file_is_a_crash(which, data):
    """Up to three places hold something else, or are gone."""
    raw = json.loads(json.dumps(SEEDS[which]))
    for path in data.draw(st.lists(st.sampled_from(PLACES[which]), min_size=1, max_size=3)):
        with contextlib.suppress(LookupError, TypeError):
            at = raw
            for key in path[:-1]:
                at = at[key]
            if data.draw(st.integers(0, 5)):
                at[path[-1]] = data.draw(values)
            else:
                del at[path[-1]]
    with contextlib.suppress(WorkflowError):
        read_workflow(json.dumps(raw), KNOWN)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2), st.floats(0, 1), st.binary(max_size=3))
def test_no_cut_of_a_good_file_is_a_crash(which, where, added):
    data = json.dumps(SEEDS[which]).encode()
    with contextlib.suppress(WorkflowError):
        read_workflow(data[: int(len(data) * where)] + added, KNOWN)
