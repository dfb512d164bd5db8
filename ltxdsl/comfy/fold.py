"""Constants of a prompt: outputs that are known from the file, switches that are set, nodes that nothing needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown, computed
from ltxdsl.comfy.builder import Prompt
from ltxdsl.comfy.compare import sources_first
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.validate import link_of

Inputs = dict[str, Any]
Outputs = tuple[Any, ...]
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
    "Int",
    "Float",
)


def fold(prompt: Prompt, catalogue: Mapping[str, Info]) -> Prompt:
    """The same work with every known value as a literal, set switches replaced by their branch, and no dead nodes.

    A node is alive if an output node needs it; a prompt without output nodes is kept whole.
    """
    outputs: dict[tuple[str, int], Any] = {}
    folded: Prompt = {}
    for id in sources_first(prompt):
        node = prompt[id]
        inputs = {name: _through(value, outputs) for name, value in (node.get("inputs") or {}).items()}
        folded[id] = {**node, "inputs": inputs}
        for slot, value in enumerate(_made(node.get("class_type"), inputs, folded)):
            if value is not UNKNOWN:
                outputs[id, slot] = value
    return alive(folded, catalogue)


def alive(prompt: Prompt, catalogue: Mapping[str, Info]) -> Prompt:
    """The nodes that an output node needs, in the order of the prompt."""
    read = {link[0] for node in prompt.values() for v in node["inputs"].values() if (link := link_of(v))}
    ends = [id for id, node in prompt.items() if (catalogue.get(node.get("class_type", "")) or {}).get("output_node")]
    unknown = [id for id, node in prompt.items() if node.get("class_type") not in catalogue and id not in read]
    waiting = [*ends, *unknown] or [id for id in prompt if id not in read]
    needed = set(waiting)
    while waiting:
        for value in prompt[waiting.pop()]["inputs"].values():
            link = link_of(value)
            if link and link[0] in prompt and link[0] not in needed:
                needed.add(link[0])
                waiting.append(link[0])
    return {id: node for id, node in prompt.items() if id in needed}


def _through(value: Any, outputs: Mapping[tuple[str, int], Any]) -> Any:
    """A link to a known value is that value; one through a switch is the branch's own link."""
    link = link_of(value)
    return outputs.get(link, value) if link else value


def _made(kind: Any, inputs: Inputs, prompt: Prompt) -> Outputs:
    """What is known of a node's outputs, by slots: literals, or links of a branch that it passes on."""
    if kind in PRIMITIVES:
        return (_known(inputs.get("value")),)
    found = _NODES.get(kind)
    if found is None:
        return ()
    try:
        return found(inputs, prompt)
    except (Unknown, TypeError, ValueError, KeyError, ArithmeticError):
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


def _math(inputs: Inputs, prompt: Prompt) -> Outputs:
    """ComfyMathExpression: FLOAT, INT, BOOLEAN."""
    return _as_three(computed(inputs["expression"], _numbers(inputs, "values.")))


def _calculator(inputs: Inputs, prompt: Prompt) -> Outputs:
    """KJNodes' SimpleCalculatorKJ: FLOAT, INT."""
    return _as_three(computed(inputs["expression"], _numbers(inputs)))


def _sum(inputs: Inputs, prompt: Prompt) -> Outputs:
    """INT, FLOAT: essentials' SimpleMath+, pysssss' MathExpression."""
    value = computed(inputs.get("expression") or inputs["value"], _numbers(inputs))
    return int(value), float(value)


def _whole(inputs: Inputs, prompt: Prompt) -> Outputs:
    return (int(_number(inputs.get("a", inputs.get("value")))),)


def _with_point(inputs: Inputs, prompt: Prompt) -> Outputs:
    return (float(_number(inputs.get("a", inputs.get("value")))),)


def _converted(inputs: Inputs, prompt: Prompt) -> Outputs:
    """ComfyNumberConvert: FLOAT, INT."""
    value = inputs["value"]
    number = float(value) if isinstance(value, str) else _number(value)
    return float(number), int(number)


def _switch(inputs: Inputs, prompt: Prompt) -> Outputs:
    if not isinstance(inputs.get("switch"), bool):
        raise Unknown("the switch is not set")
    return (inputs["on_true" if inputs["switch"] else "on_false"],)


def _passed(inputs: Inputs, prompt: Prompt) -> Outputs:
    """A reroute gives what it is given."""
    (value,) = inputs.values()
    return (value,)


def _joined(inputs: Inputs, prompt: Prompt) -> Outputs:
    parts = (inputs["string_a"], inputs["string_b"], inputs["delimiter"])
    if not all(isinstance(part, str) for part in parts):
        raise Unknown("no texts")
    first, second, between = parts
    return (f"{first}{between}{second}",)


def _size(inputs: Inputs, prompt: Prompt) -> Outputs:
    """GetImageSize of a picture whose size the file says: WIDTH, HEIGHT."""
    return size_of(inputs["image"], prompt)


def size_of(value: Any, prompt: Prompt) -> tuple[int, int]:
    """Width and height of pictures on a link, where nodes on the way say them. Raises Unknown."""
    link = link_of(value)
    node = prompt.get(link[0]) if link else None
    if node is None:
        raise Unknown("no picture")
    inputs = node["inputs"]
    match node.get("class_type"):
        case "EmptyImage":
            return int(_number(inputs["width"])), int(_number(inputs["height"]))
        case "ImageScale" | "ResizeImage" if _number(inputs["width"]) > 0 and _number(inputs["height"]) > 0:
            return int(inputs["width"]), int(inputs["height"])
        case "ImageScaleBy":
            width, height = size_of(inputs["image"], prompt)
            return round(width * _number(inputs["scale_by"])), round(height * _number(inputs["scale_by"]))
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale dimensions":
            width, height = (int(_number(inputs[f"resize_type.{side}"])) for side in ("width", "height"))
            if width > 0 and height > 0:
                return width, height
        case "ResizeImageMaskNode" if inputs.get("resize_type") == "scale by multiplier":
            width, height = size_of(inputs["input"], prompt)
            by = _number(inputs["resize_type.multiplier"])
            return round(width * by), round(height * by)
        case "LTXVPreprocess":
            return size_of(inputs["image"], prompt)
    raise Unknown("not said in the file")


_NODES: dict[str, Callable[[Inputs, Prompt], Outputs]] = {
    "ComfyMathExpression": _math,
    "SimpleCalculatorKJ": _calculator,
    "SimpleMath+": _sum,
    "MathExpression|pysssss": _sum,
    "LTXFloatToInt": _whole,
    "CM_FloatToInt": _whole,
    "CM_IntToFloat": _with_point,
    "ComfyNumberConvert": _converted,
    "ComfySwitchNode": _switch,
    "Reroute": _passed,
    "StringConcatenate": _joined,
    "GetImageSize": _size,
}
