"""Nodes of numbers: sums, conversions, comparisons, sliders."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown, computed
from ltxdsl.comfy.constants.known import UNKNOWN, Inputs, Known, Outputs, literal, node, number, truth

LARGEST = 2**64
Binary = Callable[[Any, Any], Any]
TERMS: dict[str, Binary] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "Mod": operator.mod,
    "FloorDiv": operator.floordiv,
    "Max": max,
    "Min": min,
}
WHOLE_TERMS = {**TERMS, "Div": operator.floordiv}
EASY_TERMS: dict[str, Binary] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "modulo": operator.mod,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "Neg": operator.neg,
    "Inc": lambda a: a + 1,
    "Dec": lambda a: a - 1,
    "Abs": abs,
    "Sqr": lambda a: a * a,
    "Sqrt": math.sqrt,
    "Round": round,
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Trunc": math.trunc,
}
COMPARED: dict[str, Binary] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def numbers(inputs: Inputs, prefix: str = "") -> dict[str, float]:
    """Inputs that are numbers, by the last part of their names."""
    names = {name.rpartition(".")[2]: v for name, v in inputs.items() if name.startswith(prefix)}
    return {name: v for name, v in names.items() if isinstance(v, bool | int | float)}


def _two(how: Binary, inputs: Inputs) -> Any:
    first, second = number(inputs["a"]), number(inputs["b"])
    if max(abs(first), abs(second)) >= LARGEST:
        raise Unknown("too large")
    return how(first, second)


@node("ComfyMathExpression")
def math_expression(inputs: Inputs, known: Known) -> Outputs:
    """FLOAT, INT, BOOLEAN. An expression that is one name gives what is linked there, in the output of its type."""
    expression = inputs["expression"]
    given = inputs.get(f"values.{expression.strip()}")
    if isinstance(given, list):
        return tuple(given if known.type(given) == type else UNKNOWN for type in ("FLOAT", "INT", "BOOLEAN"))
    value = computed(expression, numbers(inputs, "values."))
    return float(value), int(value), bool(value)


@node("SimpleCalculatorKJ")
def calculator(inputs: Inputs, known: Known) -> Outputs:
    """KJNodes: FLOAT, INT, BOOLEAN."""
    value = computed(inputs["expression"], numbers(inputs))
    return float(value), int(value), bool(value)


@node("MathExpression|pysssss")
def expression_node(inputs: Inputs, known: Known) -> Outputs:
    """INT, FLOAT."""
    value = computed(inputs["expression"].replace("\n", " "), numbers(inputs))
    return int(value), float(value)


@node("SimpleMath+")
def simple_math(inputs: Inputs, known: Known) -> Outputs:
    """Essentials: INT to the nearest, FLOAT."""
    value = computed(inputs["value"], numbers(inputs))
    return round(value), float(value)


@node("SimpleMathDual+")
def simple_math_dual(inputs: Inputs, known: Known) -> Outputs:
    """Essentials: two expressions of the same numbers."""
    return tuple(
        value for name in ("value_1", "value_2") for value in simple_math({**inputs, "value": inputs[name]}, known)
    )


@node("easy simpleMath")
def easy_math(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: INT, FLOAT, BOOLEAN; names that are not given are 0."""
    if any(isinstance(value, list) for value in inputs.values()):
        raise Unknown("linked")
    value = computed(inputs["value"], {"a": 0.0, "b": 0.0, "c": 0.0, **numbers(inputs)})
    return int(value), float(value), int(value) != 0


@node("LTXFloatToInt", "CM_FloatToInt", "CM_NumberToInt", "CM_BoolToInt")
def to_whole(inputs: Inputs, known: Known) -> Outputs:
    """Towards zero."""
    return (int(number(inputs["a"])),)


@node("CM_IntToFloat", "CM_NumberToFloat", "CM_IntToNumber", "CM_FloatToNumber")
def to_float(inputs: Inputs, known: Known) -> Outputs:
    """With a point."""
    return (float(number(inputs["a"])),)


@node("VRGDG_IntToFloat", "JWIntegerToFloat")
def int_to_float(inputs: Inputs, known: Known) -> Outputs:
    """With a point."""
    return (float(number(inputs["value"])),)


@node("CM_IntToBool")
def to_bool(inputs: Inputs, known: Known) -> Outputs:
    """All but 0."""
    return (number(inputs["a"]) != 0,)


@node("JWFloatToInteger")
def jw_whole(inputs: Inputs, known: Known) -> Outputs:
    """By the way that it says."""
    return (UNARY[{"round": "Round", "floor": "Floor", "ceiling": "Ceil"}[inputs["mode"]]](number(inputs["value"])),)


@node("ComfyNumberConvert")
def converted(inputs: Inputs, known: Known) -> Outputs:
    """FLOAT, INT."""
    value = inputs["value"]
    found = float(value) if isinstance(value, str) else number(value)
    return float(found), int(found)


@node("CM_FloatBinaryOperation", "CM_NumberBinaryOperation")
def term(inputs: Inputs, known: Known) -> Outputs:
    """ComfyMath's sums of two numbers."""
    return (_two(TERMS[inputs["op"]], inputs),)


@node("CM_IntBinaryOperation")
def whole_term(inputs: Inputs, known: Known) -> Outputs:
    """Of whole numbers, which are divided as such."""
    return (int(_two(WHOLE_TERMS[inputs["op"]], {name: int(number(inputs[name])) for name in "ab"})),)


@node("CM_IntUnaryOperation", "CM_FloatUnaryOperation", "CM_NumberUnaryOperation")
def unary(inputs: Inputs, known: Known) -> Outputs:
    """ComfyMath's functions of one number."""
    return (UNARY[inputs["op"]](number(inputs["a"])),)


@node("easy mathInt")
def easy_whole_term(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: whole numbers are divided as such."""
    how = operator.floordiv if inputs["operation"] == "divide" else EASY_TERMS[inputs["operation"]]
    return (int(_two(how, inputs)),)


@node("easy mathFloat")
def easy_term(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: to three places."""
    return (round(_two(EASY_TERMS[inputs["operation"]], inputs), 3),)


def _jw(how: Binary) -> Callable[[Inputs, Known], Outputs]:
    return lambda inputs, known: (_two(how, inputs),)


for _name, _how in TERMS.items():
    node(f"JWInteger{_name}", f"JWFloat{_name}")(_jw(_how))


@node("JWIntegerAbsolute", "JWFloatAbsolute")
def absolute(inputs: Inputs, known: Known) -> Outputs:
    """Without its sign."""
    return (abs(number(inputs["value"])),)


@node("LayerUtility: NumberCalculator")
def layer_term(inputs: Inputs, known: Known) -> Outputs:
    """LayerStyle: INT, FLOAT."""
    signs = {"+": "Add", "-": "Sub", "*": "Mul", "%": "Mod", "min": "Min", "max": "Max"}
    value = _two(TERMS[signs[inputs["operator"]]], inputs)
    return int(value), float(value)


@node("easy compare", "Compare-🔬", "ImpactCompare", "SimpleComparison+")
def compared(inputs: Inputs, known: Known) -> Outputs:
    """Two literals, by a sign, alone or between the names."""
    said = inputs.get("comparison") or inputs["cmp"]
    sign = said if said in COMPARED else said.removeprefix("a ").removesuffix(" b")
    return (bool(COMPARED[sign](literal(inputs["a"]), literal(inputs["b"]))),)


@node("ImpactNeg", "ComfyNotNode")
def negated(inputs: Inputs, known: Known) -> Outputs:
    """The other truth."""
    return (not truth(inputs["value"]),)


@node("ImpactLogicalOperators")
def logical(inputs: Inputs, known: Known) -> Outputs:
    """Of two truths."""
    how: dict[str, Binary] = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
    return (how[inputs["operator"]](truth(inputs["bool_a"]), truth(inputs["bool_b"])),)


@node("mxSlider")
def slider(inputs: Inputs, known: Known) -> Outputs:
    """MxToolkit: one of two numbers."""
    return (_slid(inputs, "X"),)


@node("mxSlider2D")
def slider_2d(inputs: Inputs, known: Known) -> Outputs:
    """MxToolkit: the same for both axes."""
    return _slid(inputs, "X"), _slid(inputs, "Y")


def _slid(inputs: Inputs, axis: str) -> Any:
    return number(inputs[f"{axis}f" if number(inputs[f"isfloat{axis}"]) > 0 else f"{axis}i"])


@node("SimpleMathSlider+")
def slid_between(inputs: Inputs, known: Known) -> Outputs:
    """Essentials: a share of the way from the least to the most; FLOAT, INT."""
    least, most = number(inputs["min"]), number(inputs["max"])
    value, places = least + number(inputs["value"]) * (most - least), number(inputs["rounding"])
    value = round(value, places) if places > 0 else value
    return float(value), int(value)


@node("Seed (rgthree)")
def seed(inputs: Inputs, known: Known) -> Outputs:
    """A negative one is drawn anew for every run."""
    if number(inputs["seed"]) < 0:
        raise Unknown("drawn")
    return (inputs["seed"],)
