"""What ComfyUI's nodes of numbers, texts and sizes come to, where the file alone says it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown, computed
from ltxdsl.comfy.validate import link_of

Inputs = dict[str, Any]
Outputs = tuple[Any, ...]
Sizes = Mapping[str, tuple[int, int]]  # of the pictures that nodes give, where the file says it
UNKNOWN = object()

PRIMITIVES = (
    "PrimitiveInt",
    "PrimitiveFloat",
    "PrimitiveBoolean",
    "PrimitiveString",
    "PrimitiveStringMultiline",
    "INTConstant",
    "FloatConstant",
    "StringConstant",
    "StringConstantMultiline",
    "easy int",
    "easy float",
    "easy boolean",
    "easy string",
    "Int",
    "Float",
    "CM_Int",
    "CM_Float",
)


def made(kind: Any, inputs: Inputs, sizes: Sizes) -> Outputs:
    """What is known of a node's outputs, by slots: literals, or links of a branch that it passes on."""
    if kind in PRIMITIVES:
        return (_known(inputs.get("value")),)
    found = _NODES.get(kind)
    if found is None:
        return ()
    try:
        return found(inputs, sizes)
    except (Unknown, AttributeError, TypeError, ValueError, KeyError, ArithmeticError):
        return ()


def _known(value: Any) -> Any:
    return UNKNOWN if value is None or isinstance(value, list | dict) else value


def _number(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return value
    raise Unknown("no number")


def _numbers(inputs: Inputs, prefix: str = "") -> dict[str, float]:
    """Inputs that are numbers, by the last part of their names."""
    names = {name.rpartition(".")[2]: v for name, v in inputs.items() if name.startswith(prefix)}
    return {name: v for name, v in names.items() if isinstance(v, bool | int | float)}


def _as_three(value: float) -> Outputs:
    return float(value), int(value), bool(value)


def _math(inputs: Inputs, sizes: Sizes) -> Outputs:
    """ComfyMathExpression: FLOAT, INT, BOOLEAN."""
    return _as_three(computed(inputs["expression"], _numbers(inputs, "values.")))


def _calculator(inputs: Inputs, sizes: Sizes) -> Outputs:
    """KJNodes' SimpleCalculatorKJ: FLOAT, INT."""
    return _as_three(computed(inputs["expression"], _numbers(inputs)))


def _sum(inputs: Inputs, sizes: Sizes) -> Outputs:
    """INT, FLOAT: essentials' SimpleMath+, pysssss' MathExpression."""
    value = computed(inputs.get("expression") or inputs["value"], _numbers(inputs))
    return int(value), float(value)


def _whole(inputs: Inputs, sizes: Sizes) -> Outputs:
    return (int(_number(inputs.get("a", inputs.get("value")))),)


def _with_point(inputs: Inputs, sizes: Sizes) -> Outputs:
    return (float(_number(inputs.get("a", inputs.get("value")))),)


def _converted(inputs: Inputs, sizes: Sizes) -> Outputs:
    """ComfyNumberConvert: FLOAT, INT."""
    value = inputs["value"]
    number = float(value) if isinstance(value, str) else _number(value)
    return float(number), int(number)


def _switch(inputs: Inputs, sizes: Sizes) -> Outputs:
    if not isinstance(inputs.get("switch"), bool):
        raise Unknown("the switch is not set")
    return (inputs["on_true" if inputs["switch"] else "on_false"],)


def _bypassed(inputs: Inputs, sizes: Sizes) -> Outputs:
    """A node with a bypass of its own: its latent, as it came."""
    if inputs.get("bypass") is not True:
        raise Unknown("it does its work")
    return (inputs["latent"],)


def _passed(inputs: Inputs, sizes: Sizes) -> Outputs:
    """A reroute gives what it is given."""
    (value,) = inputs.values()
    return (value,)


def _joined(inputs: Inputs, sizes: Sizes) -> Outputs:
    parts = (inputs["string_a"], inputs["string_b"], inputs["delimiter"])
    if not all(isinstance(part, str) for part in parts):
        raise Unknown("no texts")
    first, second, between = parts
    return (f"{first}{between}{second}",)


def _size(inputs: Inputs, sizes: Sizes) -> Outputs:
    """GetImageSize of a picture whose size the file says: WIDTH, HEIGHT."""
    return _behind(inputs["image"], sizes)


def _counted_size(inputs: Inputs, sizes: Sizes) -> Outputs:
    """KJNodes' GetImageSizeAndCount: the picture, WIDTH, HEIGHT; how many there are stays open."""
    return (UNKNOWN, *_behind(inputs["image"], sizes))


def _behind(value: Any, sizes: Sizes) -> tuple[int, int]:
    link = link_of(value)
    if link is None or link[0] not in sizes or link[1] != 0:
        raise Unknown("not said in the file")
    return sizes[link[0]]


def picture(kind: Any, inputs: Inputs, sizes: Sizes) -> tuple[int, int] | None:
    """Width and height of the pictures that a node gives at its first output, where the file says it."""
    try:
        return _size_made(kind, inputs, sizes)
    except (Unknown, AttributeError, TypeError, ValueError, KeyError, ArithmeticError):
        return None


def _size_made(kind: Any, inputs: Inputs, sizes: Sizes) -> tuple[int, int] | None:
    match kind:
        case "EmptyImage":
            return _sides(inputs, "width", "height")
        case "ImageScale" | "ResizeImage":
            return _sides(inputs, "width", "height")
        case "ImageScaleBy":
            return _times(_behind(inputs["image"], sizes), inputs["scale_by"])
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale dimensions":
            return _sides(inputs, "resize_type.width", "resize_type.height")
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale by multiplier":
            return _times(_behind(inputs["input"], sizes), inputs["resize_type.multiplier"])
        case "LTXVPreprocess" | "ImageFromBatch" | "RepeatImageBatch" | "GetImageSizeAndCount":
            return _behind(inputs["image"], sizes)
    return None


def _sides(inputs: Inputs, *names: str) -> tuple[int, int] | None:
    """Both sides; 0 leaves one to the picture, so that it is not known."""
    width, height = (int(_number(inputs[name])) for name in names)
    return (width, height) if width > 0 and height > 0 else None


def _times(size: tuple[int, int], by: Any) -> tuple[int, int]:
    width, height = size
    return round(width * _number(by)), round(height * _number(by))


def _slider(inputs: Inputs, sizes: Sizes) -> Outputs:
    """mxToolkit's mxSlider: one of two numbers."""
    return (_number(inputs["Xf" if _number(inputs["isfloatX"]) > 0 else "Xi"]),)


def _dimensions(inputs: Inputs, sizes: Sizes) -> Outputs:
    """LTXDimensionCalculator: WIDTH, HEIGHT and half of both, from a text such as 1280x704."""
    if inputs.get("use_custom"):
        raise Unknown("sizes of its own")
    width, height = (int(side) for side in inputs["resolution"].split("x"))
    return width, height, width // 2, height // 2


def _frames(inputs: Inputs, sizes: Sizes) -> Outputs:
    """LTXFrameCalculator: the frames of the form 1 + 8N, from 9 on, that are nearest to a time."""
    frames = _number(inputs["seconds"]) * _number(inputs["fps"])
    return (8 * max(1, round((frames - 1) / 8)) + 1,)


_TERMS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Mod": operator.mod,
    "Max": max,
    "Min": min,
}


def _term(inputs: Inputs, sizes: Sizes) -> Outputs:
    """ComfyMath's sums of two numbers."""
    first, second = _number(inputs["a"]), _number(inputs["b"])
    return (first / second if inputs["op"] == "Div" else _TERMS[inputs["op"]](first, second),)


def _whole_term(inputs: Inputs, sizes: Sizes) -> Outputs:
    """Of whole numbers, which are divided as such."""
    first, second = int(_number(inputs["a"])), int(_number(inputs["b"]))
    return (first // second if inputs["op"] == "Div" else _TERMS[inputs["op"]](first, second),)


_NODES: dict[str, Callable[[Inputs, Sizes], Outputs]] = {
    "ComfyMathExpression": _math,
    "SimpleCalculatorKJ": _calculator,
    "SimpleMath+": _sum,
    "MathExpression|pysssss": _sum,
    "LTXFloatToInt": _whole,
    "CM_FloatToInt": _whole,
    "CM_NumberToInt": _whole,
    "CM_IntToFloat": _with_point,
    "CM_NumberToFloat": _with_point,
    "CM_IntToNumber": _with_point,
    "CM_FloatToNumber": _with_point,
    "CM_IntBinaryOperation": _whole_term,
    "CM_FloatBinaryOperation": _term,
    "CM_NumberBinaryOperation": _term,
    "mxSlider": _slider,
    "LTXDimensionCalculator": _dimensions,
    "LTXFrameCalculator": _frames,
    "ComfyNumberConvert": _converted,
    "ComfySwitchNode": _switch,
    "LTXVImgToVideoInplace": _bypassed,
    "LTXVImgToVideoConditionOnly": _bypassed,
    "Reroute": _passed,
    "StringConcatenate": _joined,
    "GetImageSize": _size,
    "GetImageSizeAndCount": _counted_size,
}
