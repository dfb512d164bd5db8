"""Nodes of one value: a number, a text or a truth that is written in them."""

from __future__ import annotations

from functools import partial

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import Inputs, Known, Outputs, literal, node, number
from ltxdsl.comfy.validate import link_of

# Each with its input and its type: a literal, or a link of that very type, is what it gives.
VALUES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "PrimitiveInt", "INTConstant", "easy int", "Int-🔬", "CM_Int", "ImpactInt", "SimpleMathInt+",
            "JWInteger",
        ),
        ("value", "INT"),
    ),
    **dict.fromkeys(
        (
            "PrimitiveFloat", "Float-🔬", "CM_Float", "ImpactFloat", "SimpleMathFloat+", "SimpleMathPercent+",
            "JWFloat",
        ),
        ("value", "FLOAT"),
    ),
    **dict.fromkeys(
        ("PrimitiveBoolean", "easy boolean", "BOOLConstant", "ImpactBoolean", "SimpleMathBoolean+", "Bool-🔬"),
        ("value", "BOOLEAN"),
    ),
    **dict.fromkeys(
        ("PrimitiveString", "PrimitiveStringMultiline", "easy string", "String-🔬"),
        ("value", "STRING"),
    ),
    **dict.fromkeys(
        ("JWString", "JWStringMultiline", "LayerUtility: TextBox"),
        ("text", "STRING"),
    ),
    **dict.fromkeys(("StringConstant", "LayerUtility: String"), ("string", "STRING")),
    **dict.fromkeys(("easy seed", "LayerUtility: Seed"), ("seed", "INT")),
    "LayerUtility: Integer": ("int_value", "INT"),
    "LayerUtility: Float": ("float_value", "FLOAT"),
    "LayerUtility: Boolean": ("bool_value", "BOOLEAN"),
}  # fmt: skip
# Several packs have such nodes, with one input whose name nobody knows from the class.
ONE_INPUT = {"Int": int, "Float": float, "String": str, "Bool": bool}
ROUNDED = {"FloatConstant": 6, "easy float": 3}  # places


def _value(name: str, type: str, inputs: Inputs, known: Known) -> Outputs:
    """What a node of one value gives."""
    given = inputs[name]
    return (given if link_of(given) and known.type(given) == type else literal(given),)


def _only(type: type, inputs: Inputs, known: Known) -> Outputs:
    """What the one input of a node gives; some packs have numbers as texts."""
    (given,) = inputs.values()
    value = literal(given)
    if isinstance(value, str) and type in (int, float):
        return (type(value),)
    if not isinstance(value, (int, float) if type is float else type):
        raise Unknown("something else")
    return (value,)


def _rounded(places: int, inputs: Inputs, known: Known) -> Outputs:
    """A number to some places."""
    value = number(inputs["value"])
    return (round(value, places) if isinstance(value, float) else value,)


for _kind, (_name, _type) in VALUES.items():
    node(_kind)(partial(_value, _name, _type))
for _kind, _of in ONE_INPUT.items():
    node(_kind)(partial(_only, _of))
for _kind, _places in ROUNDED.items():
    node(_kind)(partial(_rounded, _places))


@node("VRGDG_TextBox")
def text_box(inputs: Inputs, known: Known) -> Outputs:
    """VRGameDevGirl: a text, unless it is read as JSON."""
    if inputs.get("output_mode") == "json":
        raise Unknown("it reads its text")
    return _value("text", "STRING", inputs, known)
