"""Folding: known values become literals, set switches their branch, and what nothing needs goes."""

import time

import pytest

from ltxdsl.comfy.fold import fold

KNOWN = {"Save": {"output_node": True}, "PrimitiveInt": {}, "ComfySwitchNode": {}, "LoadImage": {}}


def node(kind: str, **inputs: object) -> dict:
    return {"class_type": kind, "inputs": {name.replace("__", "."): value for name, value in inputs.items()}}


def value(slot: int = 0, **nodes: dict) -> object:
    """What an output of the node `n` comes to, as a reader sees it."""
    prompt = {**nodes, "end": node("Save", it=["n", slot])}
    return fold(prompt, KNOWN)["end"]["inputs"]["it"]


@pytest.mark.parametrize(
    ("kind", "inputs", "slot", "expected"),
    [
        ("PrimitiveInt", {"value": 5}, 0, 5),
        ("PrimitiveStringMultiline", {"value": "a\nb"}, 0, "a\nb"),
        ("INTConstant", {"value": 7}, 0, 7),
        ("easy float", {"value": 0.5}, 0, 0.5),
        ("ComfyMathExpression", {"expression": "a*b+1", "values__a": 5, "values__b": 25}, 0, 126.0),
        ("ComfyMathExpression", {"expression": "a*b+1", "values__a": 5, "values__b": 25}, 1, 126),
        ("ComfyMathExpression", {"expression": "a / 2", "values__a": 5}, 1, 2),
        ("ComfyMathExpression", {"expression": "a > 3 and b", "values__a": 5, "values__b": False}, 2, False),
        ("ComfyMathExpression", {"expression": "max(a, 3) ** 2 // 2 % 5", "values__a": 2}, 1, 4),
        ("SimpleCalculatorKJ", {"expression": "ceil(a)", "variables__a": 1.2}, 1, 2),
        ("SimpleMath+", {"value": "a*2", "a": 4}, 0, 8),
        ("LTXFloatToInt", {"a": 3.9}, 0, 3),
        ("CM_FloatToInt", {"a": 3.9}, 0, 3),
        ("CM_IntToFloat", {"a": 3}, 0, 3.0),
        ("CM_IntBinaryOperation", {"op": "Div", "a": 7, "b": 2}, 0, 3),
        ("CM_FloatBinaryOperation", {"op": "Div", "a": 7.0, "b": 2.0}, 0, 3.5),
        ("CM_NumberBinaryOperation", {"op": "Max", "a": 7, "b": 2}, 0, 7),
        ("ComfyNumberConvert", {"value": "12.5"}, 1, 12),
        ("mxSlider", {"Xi": 20, "Xf": 1.5, "isfloatX": 0}, 0, 20),
        ("mxSlider", {"Xi": 20, "Xf": 1.5, "isfloatX": 1}, 0, 1.5),
        ("LTXDimensionCalculator", {"resolution": "1280x704", "use_custom": False}, 3, 352),
        ("LTXFrameCalculator", {"seconds": 5.0, "fps": 24.0}, 0, 121),
        ("LTXFrameCalculator", {"seconds": 0.1, "fps": 24.0}, 0, 9),
        ("StringConcatenate", {"string_a": "a", "string_b": "b", "delimiter": ", "}, 0, "a, b"),
        ("ComfySwitchNode", {"switch": True, "on_true": "yes", "on_false": "no"}, 0, "yes"),
        ("Reroute", {"": 3}, 0, 3),
    ],
)
def test_what_a_node_comes_to(kind, inputs, slot, expected):
    found = value(slot, n=node(kind, **inputs))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("PrimitiveInt", {"value": None}),
        ("PrimitiveInt", {}),
        ("ComfyMathExpression", {"expression": "a / 0", "values__a": 5}),
        ("ComfyMathExpression", {"expression": "a", "values__b": 5}),
        ("ComfyMathExpression", {"expression": "__import__('os')"}),
        ("ComfyMathExpression", {"expression": "9 ** 9 ** 9 ** 9"}),
        ("ComfyMathExpression", {"expression": "(" * 900 + "1" + ")" * 900}),
        ("ComfyMathExpression", {"expression": ["x"]}),
        ("ComfySwitchNode", {"switch": "true", "on_true": 1, "on_false": 2}),
        ("ComfySwitchNode", {"switch": True, "on_false": 2}),
        ("ComfyNumberConvert", {"value": "many"}),
        ("CM_IntBinaryOperation", {"op": "Div", "a": 7, "b": 0}),
        ("CM_IntBinaryOperation", {"op": "Nand", "a": 7, "b": 1}),
        ("LTXDimensionCalculator", {"resolution": "wide"}),
        ("LTXDimensionCalculator", {"resolution": "1280x704", "use_custom": True}),
        ("LTXFrameCalculator", {"seconds": float("inf"), "fps": 24.0}),
        ("GetImageSize", {"image": ["n", 0]}),
        ("KSampler", {"value": 3}),
    ],
)
def test_what_is_not_known_stays_a_link(kind, inputs):
    assert value(n=node(kind, **inputs)) == ["n", 0]


def test_sizes_follow_pictures_through_the_nodes_that_change_them():
    chain = {
        "a": node("EmptyImage", width=1280, height=720, batch_size=1, color=0),
        "b": node(
            "ResizeImageMaskNode", input=["a", 0], resize_type="scale by multiplier", resize_type__multiplier=0.5
        ),
        "c": node("LTXVPreprocess", image=["b", 0], img_compression=33),
        "n": node("GetImageSize", image=["c", 0]),
    }
    assert [value(slot, **chain) for slot in (0, 1, 2)] == [640, 360, ["n", 2]]
    assert value(0, **{**chain, "a": node("LoadImage", image="a.png")}) == ["n", 0]
    assert value(0, **{**chain, "a": node("ImageScale", image=["x", 0], width=0, height=64)}) == ["n", 0]


def test_a_set_switch_is_its_branch_and_the_other_branch_goes():
    prompt = {
        "yes": node("LoadImage", image="yes.png"),
        "no": node("LoadImage", image="no.png"),
        "on": node("PrimitiveBoolean", value=False),
        "n": node("ComfySwitchNode", switch=["on", 0], on_true=["yes", 0], on_false=["no", 0]),
        "end": node("Save", it=["n", 0]),
    }
    folded = fold(prompt, KNOWN)
    assert set(folded) == {"no", "end"}
    assert folded["end"]["inputs"] == {"it": ["no", 0]}


def test_what_no_output_needs_goes_but_not_a_class_that_nobody_knows():
    prompt = {
        "used": node("LoadImage", image="a.png"),
        "dead": node("LoadImage", image="b.png"),
        "strange": node("Unheard", a=["used", 0]),
        "end": node("Save", it=["used", 0]),
    }
    assert set(fold(prompt, KNOWN)) == {"used", "strange", "end"}
    assert set(fold({"dead": prompt["dead"]}, KNOWN)) == {"dead"}, "without an output nothing is dead"


def test_it_changes_nothing_that_it_is_given_and_folds_once():
    prompt = {"n": node("PrimitiveInt", value=5), "end": node("Save", it=["n", 0])}
    before = repr(prompt)
    folded = fold(prompt, KNOWN)
    assert repr(prompt) == before
    assert fold(folded, KNOWN) == folded


def test_circles_and_malformed_nodes_are_no_matter():
    prompt = {
        "a": node("ComfyMathExpression", expression="a + 1", values__a=["b", 1]),
        "b": node("ComfyMathExpression", expression="a + 1", values__a=["a", 1]),
        "text": "no node",
        "bare": {"class_type": "LoadImage"},
        "odd": {"class_type": 3, "inputs": []},
        "end": node("Save", it=["a", 0], gone=["nowhere", 0], pair=["a"]),
    }
    assert set(fold(prompt, KNOWN)) == {"a", "b", "end"}


def test_long_chains_are_linear():
    def took(length: int) -> float:
        chain = {"0": node("EmptyImage", width=64, height=64)}
        chain |= {str(i): node("LTXVPreprocess", image=[str(i - 1), 0]) for i in range(1, length)}
        chain |= {f"s{i}": node("GetImageSize", image=[str(i), 0]) for i in range(length)}
        chain["end"] = node("Save", **{f"it{i}": [f"s{i}", 0] for i in range(length)})
        start = time.perf_counter()
        assert fold(chain, KNOWN)["end"]["inputs"][f"it{length - 1}"] == 64
        return time.perf_counter() - start

    took(100)
    assert took(20_000) < 2 + 30 * took(2_000)
