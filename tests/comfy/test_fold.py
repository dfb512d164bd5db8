"""Folding: known values become literals, set switches their branch, and what nothing needs goes."""

import time

import pytest

from ltxdsl.comfy.fold import fold

CORE = {"python_module": "comfy_extras.nodes_video"}
KNOWN = {
    "Save": {"output_node": True},
    "PrimitiveInt": {},
    "ComfySwitchNode": {},
    "LoadImage": {"output": ["IMAGE", "MASK"], "python_module": "nodes"},
    "GetVideoComponents": {"output": ["IMAGE", "AUDIO", "FLOAT", "INT"], **CORE},
    "Shows": {"output": ["INT"], "output_node": True},
    "MathExpression|pysssss": {"output": ["INT", "FLOAT"], "output_node": True},
}


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
        ("Float", {"value": 24}, 0, 24),
        ("Float", {"Number": "1.50"}, 0, 1.5),
        ("Int", {"widget_0": 7}, 0, 7),
        ("Bool", {"value": True}, 0, True),
        ("FloatConstant", {"value": 0.12345678}, 0, 0.123457),
        ("easy float", {"value": 0.12345}, 0, 0.123),
        ("StringConstant", {"string": "a"}, 0, "a"),
        ("StringConstantMultiline", {"string": " a\nb\n", "strip_newlines": True}, 0, "ab"),
        ("StringConstantMultiline", {"string": " a\nb\n", "strip_newlines": False}, 0, " a\nb\n"),
        ("Int-🔬", {"value": 5}, 0, 5),
        ("LayerUtility: Float", {"float_value": 0.5}, 0, 0.5),
        ("VRGDG_IntToFloat", {"value": 24}, 0, 24.0),
        ("VRGDG_TextBox", {"text": "a lake", "output_mode": "string"}, 0, "a lake"),
        (
            "VRGDG_MultiStringConcat",
            {"string_count": 3, "delimiter": ", ", "string_1": "a", "string_3": "c"},
            0,
            "a, c",
        ),
        ("JWIntegerToFloat", {"value": 3}, 0, 3.0),
        ("JWFloatToInteger", {"value": 2.5, "mode": "ceiling"}, 0, 3),
        ("JWIntegerDiv", {"a": 7, "b": 2}, 0, 3.5),
        ("JWFloatMax", {"a": 7.5, "b": 2.0}, 0, 7.5),
        ("JWIntegerAbsolute", {"value": -3}, 0, 3),
        ("JWStringConcat", {"a": "x", "b": "y"}, 0, "xy"),
        ("JWStringReplace", {"source": "a-b", "to_replace": "-", "replace_with": "+"}, 0, "a+b"),
        ("JWStringGetLine", {"source": "one\ntwo", "line_index": 1}, 0, "two"),
        ("JWStringToInteger", {"text": "12"}, 0, 12),
        ("JWStringToFloat", {"text": "1.5"}, 0, 1.5),
        ("SimpleMath+", {"value": "a/2", "a": 7}, 0, 4),
        ("SimpleMath+", {"value": "a/2", "a": 7}, 1, 3.5),
        ("SimpleMathDual+", {"value_1": "a*2", "value_2": "a+b", "a": 4, "b": 1}, 2, 5),
        ("SimpleMathSlider+", {"value": 0.5, "min": 10, "max": 20, "rounding": 0}, 1, 15),
        ("SimpleComparison+", {"a": 2, "b": 3, "comparison": "<="}, 0, True),
        ("SimpleCondition+", {"evaluate": 0, "on_true": "yes", "on_false": "no"}, 0, "no"),
        ("MathExpression|pysssss", {"expression": "a/2", "a": 7}, 0, 3),
        ("easy simpleMath", {"value": "ceil(a / b)", "a": 5, "b": 2}, 0, 3),
        ("easy simpleMath", {"value": "a + c", "a": 5}, 1, 5.0),
        ("easy mathInt", {"operation": "divide", "a": 7, "b": 2}, 0, 3),
        ("easy mathFloat", {"operation": "divide", "a": 2.0, "b": 3.0}, 0, 0.667),
        ("easy compare", {"comparison": "a > b", "a": 2, "b": 1}, 0, True),
        ("easy ifElse", {"boolean": False, "on_true": 1, "on_false": 2}, 0, 2),
        ("easy imageSwitch", {"image_a": "a", "image_b": "b", "boolean": True}, 0, "a"),
        ("easy textSwitch", {"input": 2, "text1": "a", "text2": "b"}, 0, "b"),
        ("easy anythingIndexSwitch", {"index": 1, "value0": 5, "value1": 6}, 0, 6),
        ("easy seed", {"seed": 12}, 0, 12),
        ("CM_IntToBool", {"a": 2}, 0, True),
        ("CM_BoolToInt", {"a": True}, 0, 1),
        ("CM_FloatUnaryOperation", {"op": "Floor", "a": 2.5}, 0, 2),
        ("LayerUtility: NumberCalculator", {"a": 7, "b": 2, "operator": "%"}, 0, 1),
        ("ImpactCompare", {"cmp": "a <> b", "a": 1, "b": 1}, 0, False),
        ("ImpactNeg", {"value": True}, 0, False),
        ("ImpactLogicalOperators", {"operator": "xor", "bool_a": True, "bool_b": True}, 0, False),
        ("ImpactConditionalBranch", {"cond": True, "tt_value": 1, "ff_value": 2}, 0, 1),
        ("ImpactSwitch", {"select": 2, "sel_mode": False, "input1": "a", "input2": "b"}, 0, "b"),
        ("ImpactIfNone", {"signal": 4}, 1, False),
        ("If ANY return A else B-🔬", {"ANY": 1, "IF_TRUE": "a", "IF_FALSE": "b"}, 0, "a"),
        ("LazySwitchKJ", {"switch": False, "on_true": "yes", "on_false": "no"}, 0, "no"),
        ("JoinStrings", {"delimiter": "-", "string1": "a"}, 0, "a-"),
        (
            "JoinStringMulti",
            {"inputcount": 3, "delimiter": " ", "return_list": False, "string_1": "a", "string_2": "", "string_3": "c"},
            0,
            "a c",
        ),
        ("SomethingToString", {"input": 1.5, "prefix": "x", "suffix": "y"}, 0, "x1.5y"),
        ("Text Multiline", {"text": "a\n# no\n\nb\n"}, 0, "a\n\nb"),
        ("StringReplace", {"string": "a b", "find": " ", "replace": "_"}, 0, "a_b"),
        ("StringTrim", {"string": " a ", "mode": "Left"}, 0, "a "),
        ("CaseConverter", {"string": "a lake", "mode": "Title Case"}, 0, "A Lake"),
        ("StringSubstring", {"string": "a lake", "start": 2, "end": 4}, 0, "la"),
        ("StringLength", {"string": "a lake"}, 0, 6),
        ("StringContains", {"string": "A Lake", "substring": "lake", "case_sensitive": False}, 0, True),
        (
            "StringCompare",
            {"string_a": "a lake", "string_b": "lake", "mode": "Ends With", "case_sensitive": True},
            0,
            True,
        ),
        ("Seed (rgthree)", {"seed": 7}, 0, 7),
        ("mxSlider2D", {"Xi": 1, "Xf": 1.5, "Yi": 2, "Yf": 2.5, "isfloatX": 0, "isfloatY": 1}, 1, 2.5),
        ("Any Switch (rgthree)", {"any_01": None, "any_02": 3, "any_03": 4}, 0, 3),
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
        ("Seed (rgthree)", {"seed": -1}),
        ("VRGDG_TextBox", {"text": "[]", "output_mode": "json"}),
        ("VRGDG_MultiStringConcat", {"string_count": 2, "delimiter": "\\n", "string_1": "a", "string_2": "b"}),
        ("Text Multiline", {"text": "at [time]"}),
        ("JoinStringMulti", {"inputcount": 2, "delimiter": " ", "return_list": True, "string_1": "a"}),
        ("SimpleCondition+", {"evaluate": 0, "on_true": 1}),
        ("easy textSwitch", {"input": 2, "text1": "a"}),
        ("ImpactSwitch", {"select": 3, "input1": "a"}),
        ("ImpactIfNone", {}),
        ("easy mathInt", {"operation": "power", "a": 9, "b": 10**9}),
        ("ResolutionSelector", {"aspect_ratio": "16:9 (Widescreen)", "megapixels": 1.0, "minimum": 64}),
        ("ResolutionSelector", {"aspect_ratio": "16:10", "megapixels": 1.0}),
    ],
)
def test_what_is_not_known_stays_a_link(kind, inputs):
    assert value(n=node(kind, **inputs)) == ["n", 0]


@pytest.mark.parametrize(
    ("shape", "megapixels", "multiple", "expected"),
    [
        ("1:1 (Square)", 1.0, 8, [1024, 1024]),
        ("16:9 (Widescreen)", 1.2, 32, [1504, 832]),
        ("9:16 (Portrait Widescreen)", 0.9, 32, [736, 1280]),
    ],
)
def test_a_shape_of_so_many_pixels(shape, megapixels, multiple, expected):
    """The sides a and b with a * b the pixels and a : b the shape, before they are rounded."""
    chosen = node("ResolutionSelector", aspect_ratio=shape, megapixels=megapixels, multiple=multiple)
    assert [value(slot, n=chosen) for slot in (0, 1)] == expected
    wide, high = (int(part) for part in shape.split(" ")[0].split(":"))
    exact = (megapixels * 2**20 * wide / high) ** 0.5
    assert abs(expected[0] - exact) <= multiple / 2
    assert abs(expected[1] - exact * high / wide) <= multiple / 2


CLIP = {"v": node("GetVideoComponents", video=["x", 0])}


@pytest.mark.parametrize(
    ("kind", "inputs", "slot", "expected"),
    [
        ("PrimitiveInt", {"value": ["v", 3]}, 0, ["v", 3]),
        ("PrimitiveInt", {"value": ["v", 2]}, 0, ["n", 0]),
        ("PrimitiveInt", {"value": ["strange", 0]}, 0, ["n", 0]),
        ("PrimitiveFloat", {"value": ["v", 2]}, 0, ["v", 2]),
        ("FloatConstant", {"value": ["v", 2]}, 0, ["n", 0]),
        ("ComfyMathExpression", {"expression": " a ", "values__a": ["v", 3]}, 1, ["v", 3]),
        ("ComfyMathExpression", {"expression": "a", "values__a": ["v", 3]}, 0, ["n", 0]),
        ("ComfyMathExpression", {"expression": "a", "values__a": ["v", 2]}, 0, ["v", 2]),
        ("ComfyMathExpression", {"expression": "a+0", "values__a": ["v", 3]}, 1, ["n", 1]),
        ("LayerUtility: AnyRerouter", {"any": ["strange", 0]}, 0, ["strange", 0]),
        ("Any Switch (rgthree)", {"any_01": ["strange", 0]}, 0, ["strange", 0]),
        ("Any Switch (rgthree)", {"any_01": ["strange", 0], "any_02": ["v", 0]}, 0, ["n", 0]),
        ("Any Switch (rgthree)", {"any_01": ["v", 0], "any_02": ["strange", 0]}, 0, ["v", 0]),
        ("Any Switch (rgthree)", {"any_01": ["v", 1], "any_02": ["strange", 0]}, 0, ["n", 0]),
    ],
)
def test_what_is_passed_on_is_a_link_of_the_same_type(kind, inputs, slot, expected):
    """A video may have no sound, and a pack's node may give nothing: a switch then takes the next."""
    assert value(slot, **CLIP, strange=node("Unheard"), n=node(kind, **inputs)) == expected


def test_bundles_give_what_was_put_into_them():
    nodes = {
        **CLIP,
        "c": node("Context (rgthree)", model=["m", 0], images=["v", 0]),
        "d": node("Context (rgthree)", base_ctx=["c", 0], seed=5),
        "n": node("Context Switch (rgthree)", ctx_01=["d", 0]),
    }
    assert [value(slot, **nodes) for slot in (1, 2, 7, 8)] == [["m", 0], ["n", 2], ["v", 0], 5]
    pipe = {
        "p": node("ToBasicPipe", model=["m", 0], clip=["k", 0], vae=["w", 0], positive=["a", 0], negative=["b", 0]),
        "n": node("FromBasicPipe_v2", basic_pipe=["p", 0]),
    }
    assert [value(slot, **pipe) for slot in (0, 1, 5)] == [["p", 0], ["m", 0], ["b", 0]]
    assert value(1, **{**pipe, "p": node("Unheard")}) == ["n", 1]


def test_empty_bundles_and_what_only_names_links_are_nothing():
    nodes = {"m": node("Loads"), "none": node("Context (rgthree)"), "one": node("Context (rgthree)", model=["m", 0])}
    nodes["n"] = node("Context Switch (rgthree)", ctx_01=["none", 0], ctx_02=["one", 0])
    assert value(1, **nodes) == ["m", 0]
    prompt = {"m": node("Loads"), "everywhere": node("Anything Everywhere", anything=["m", 0]), "end": node("Save")}
    assert set(fold(prompt, KNOWN)) == {"end"}


def test_a_pipe_gives_what_was_put_into_it():
    first = node("easy pipeIn", model=["m", 0], pos=["c", 0], clip=["m", 1])
    nodes = {"m": node("Loads"), "c": node("Encodes"), "empty": node("Any Switch (rgthree)"), "in": first}
    nodes["any"] = node("Any Switch (rgthree)", any_01=["empty", 0], any_02=["in", 0])
    nodes["n"] = node("easy pipeOut", pipe=["any", 0])
    assert [value(slot, **nodes) for slot in (1, 2, 6)] == [["m", 0], ["c", 0], ["m", 1]]
    assert value(5, **nodes) == ["n", 5]  # no VAE was put in
    nodes["in"] = node("easy pipeIn", pipe=["before", 0], pos=["c", 0])
    nodes["before"] = node("easy pipeIn", model=["m", 0])
    assert value(1, **nodes) == ["n", 1]  # what is given may be nothing, and then it is that of the pipe before
    nodes["c"] = node("LoadImage", image="a.png")
    assert value(1, **nodes) == ["m", 0]


def test_an_edited_pipe_gives_what_it_was_edited_to():
    nodes = {"m": node("Loads"), "c": node("LoadImage", image="a.png")}
    nodes["to"] = node("ToBasicPipe", **{name: ["m", 0] for name in ("model", "clip", "vae", "positive", "negative")})
    nodes["edit"] = node("EditBasicPipe", basic_pipe=["to", 0], positive=["c", 0])
    nodes["n"] = node("FromBasicPipe", basic_pipe=["edit", 0])
    assert [value(slot, **nodes) for slot in (0, 3, 4)] == [["m", 0], ["c", 0], ["m", 0]]
    nodes["c"] = node("Encodes")
    assert value(3, **nodes) == ["n", 3]


@pytest.mark.parametrize(
    ("kind", "listed", "is_empty"),
    [
        ("Power Lora Loader (rgthree)", {}, True),
        ("Power Lora Loader (rgthree)", {"lora_1": {"on": False, "lora": "a", "strength": 1}}, False),
        ("Lora Loader Stack (rgthree)", {f"lora_0{index}": "None" for index in range(1, 5)}, True),
        ("Lora Loader Stack (rgthree)", {f"lora_0{index}": "a" for index in range(1, 5)}, False),
    ],
)
def test_a_loader_of_loras_that_lists_none_passes_on(kind, listed, is_empty):
    nodes = {"m": node("Loads"), "n": node(kind, model=["m", 0], clip=["m", 1], **listed)}
    assert [value(slot, **nodes) for slot in (0, 1)] == ([["m", 0], ["m", 1]] if is_empty else [["n", 0], ["n", 1]])


def test_a_sum_that_shows_itself_is_no_output_once_it_is_known():
    prompt = {
        "sum": node("MathExpression|pysssss", expression="2 + a", a=3),
        "open": node("MathExpression|pysssss", expression="2 + a", a=["v", 3]),
        "shown": node("Shows", value=3),
        **CLIP,
        "end": node("Save", it=["sum", 0]),
    }
    assert set(fold(prompt, KNOWN)) == {"open", "shown", "v", "end"}


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
