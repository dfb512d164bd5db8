"""Nodes that pass on what they are given: values, switches, reroutes, bundles of links."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import UNKNOWN, Inputs, Known, Outputs, literal, node, number, truth
from ltxdsl.comfy.packs import CUSTOM
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
BUNDLED = ("model", "clip", "vae", "positive", "negative")
MAY_BE_EMPTY = ("Any Switch (rgthree)", "Context (rgthree)", "Context Big (rgthree)")
PIPED = ("model", "pos", "neg", "latent", "vae", "clip", "image")
CONTEXT = (*BUNDLED, "latent", "images", "seed")
BIG_CONTEXT = (
    *CONTEXT, "steps", "step_refiner", "cfg", "ckpt_name", "sampler", "scheduler", "clip_width", "clip_height",
    "text_pos_g", "text_pos_l", "text_neg_g", "text_neg_l", "mask", "control_net",
)  # fmt: skip


# Those of two branches: the input that says which, and both.
BRANCHES: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(("ComfySwitchNode", "LazySwitchKJ", "InversionDemoLazySwitch"), ("switch", "on_true", "on_false")),
    "easy ifElse": ("boolean", "on_true", "on_false"),
    "easy imageSwitch": ("boolean", "image_a", "image_b"),
    **dict.fromkeys(("ImpactConditionalBranch", "ImpactConditionalBranchSelMode"), ("cond", "tt_value", "ff_value")),
}
# The same, where anything but 0 and nothing is true.
LOOSE_BRANCHES: dict[str, tuple[str, str, str]] = {
    "SimpleCondition+": ("evaluate", "on_true", "on_false"),
    "If ANY return A else B-🔬": ("ANY", "IF_TRUE", "IF_FALSE"),
}


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


def _branch(told: Callable[[Any], Any], names: tuple[str, str, str], inputs: Inputs, known: Known) -> Outputs:
    """The branch that is set."""
    asked, yes, no = names
    return (inputs[yes if told(inputs[asked]) else no],)


for _kind, (_name, _type) in VALUES.items():
    node(_kind)(partial(_value, _name, _type))
for _kind, _of in ONE_INPUT.items():
    node(_kind)(partial(_only, _of))
for _kind, _places in ROUNDED.items():
    node(_kind)(partial(_rounded, _places))
for _told, _branches in ((truth, BRANCHES), (literal, LOOSE_BRANCHES)):
    for _kind, _names in _branches.items():
        node(_kind)(partial(_branch, _told, _names))


@node("VRGDG_TextBox")
def text_box(inputs: Inputs, known: Known) -> Outputs:
    """VRGameDevGirl: a text, unless it is read as JSON."""
    if inputs.get("output_mode") == "json":
        raise Unknown("it reads its text")
    return _value("text", "STRING", inputs, known)


@node("easy textSwitch")
def text_switch(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: the first text or the second."""
    return (inputs["text1" if number(inputs["input"]) == 1 else "text2"],)


@node("easy anythingIndexSwitch", "easy imageIndexSwitch", "easy textIndexSwitch", "easy conditioningIndexSwitch")
def index_switch(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: the one of that number, from 0 on."""
    index = number(inputs["index"])
    names = [f"{word}{index}" for word in ("value", "image", "text", "cond")]
    (found,) = (name for name in names if name in inputs)
    return (inputs[found],)


@node("ImpactSwitch")
def numbered(inputs: Inputs, known: Known) -> Outputs:
    """Impact: the one of that number, its label (which lies in the editor's file), the number."""
    select = int(number(inputs["select"]))
    return inputs[f"input{select}"], UNKNOWN, select


@node("ImpactIfNone")
def if_none(inputs: Inputs, known: Known) -> Outputs:
    """Impact: the signal, and whether there is something."""
    given = inputs.get("any_input")
    return inputs.get("signal", UNKNOWN), UNKNOWN if link_of(given) else given is not None


@node("Any Switch (rgthree)")
def first_given(inputs: Inputs, known: Known) -> Outputs:
    """The first that is something: the only one, a literal, or what a node of ComfyUI's own always gives."""
    given = [value for name, value in inputs.items() if name.startswith("any_") and not _nothing(value, known)]
    if len(given) > 1 and link_of(given[0]) and not _certain(given[0], known):
        raise Unknown("it may be nothing")
    return (given[0],)


def _nothing(value: Any, known: Known) -> bool:
    """Whether nothing is given: by no link, or by a switch or a bundle of rgthree's that has nothing itself."""
    link = link_of(value)
    node = known.nodes.get(link[0], {}) if link else {}
    given = (one for one in node.get("inputs", {}).values() if one is not None)
    return value is None or (node.get("class_type") in MAY_BE_EMPTY and not any(True for _ in given))


def _certain(value: Any, known: Known) -> bool:
    """Whether a link gives something for sure; a video may have no sound."""
    module = str(known.info(value).get("python_module", CUSTOM))
    return not module.startswith(CUSTOM) and known.type(value) not in ("", "AUDIO", "*")


@node("LTXVImgToVideoInplace", "LTXVImgToVideoConditionOnly")
def bypassed(inputs: Inputs, known: Known) -> Outputs:
    """A node with a bypass of its own: its latent, as it came."""
    if inputs.get("bypass") is not True:
        raise Unknown("it does its work")
    return (inputs["latent"],)


@node("Reroute", "LayerUtility: AnyRerouter", "ReroutePrimitive|pysssss")
def passed(inputs: Inputs, known: Known) -> Outputs:
    """A reroute gives what it is given."""
    (value,) = inputs.values()
    return (value,)


@node("Context (rgthree)")
def context(inputs: Inputs, known: Known) -> Outputs:
    """What is put into a bundle, or was in the one before it."""
    return _unpacked(inputs, known, CONTEXT)


@node("Context Big (rgthree)")
def big_context(inputs: Inputs, known: Known) -> Outputs:
    """The same with more in it."""
    return _unpacked(inputs, known, BIG_CONTEXT)


def _unpacked(inputs: Inputs, known: Known, names: tuple[str, ...]) -> Outputs:
    before = link_of(inputs.get("base_ctx"))
    earlier = {name: known.outputs.get((before[0], slot), UNKNOWN) if before else UNKNOWN
               for slot, name in enumerate(BIG_CONTEXT, 1)}  # fmt: skip
    given = {name: inputs[name] for name in names if inputs.get(name) is not None}
    if before and not all(_certain(value, known) for value in given.values() if link_of(value)):
        raise Unknown("it may be nothing")
    return UNKNOWN, *(given.get(name, earlier[name]) for name in names)


@node("Context Switch (rgthree)")
def context_switch(inputs: Inputs, known: Known) -> Outputs:
    """The first bundle with something in it."""
    given = [value for name, value in inputs.items() if name.startswith("ctx_") and not _nothing(value, known)]
    links = [link for value in given if (link := link_of(value))]
    slots = range(1, len(CONTEXT) + 1)
    held = [known.outputs.get((links[0][0], slot), UNKNOWN) for slot in slots]
    if len(links) > 1 and not any(value is not UNKNOWN and _certain(value, known) for value in held):
        raise Unknown("it may be empty")
    return UNKNOWN, *held


@node("FromBasicPipe")
def from_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Impact: what was put into the pipe."""
    link = link_of(inputs["basic_pipe"])
    packed = known.nodes[link[0]] if link else {}
    match packed.get("class_type"):
        case "ToBasicPipe":
            return tuple(packed["inputs"][name] for name in BUNDLED)
        case "EditBasicPipe":
            given = {name: value for name, value in packed["inputs"].items() if value is not None}
            if not all(_certain(value, known) for name, value in given.items() if name in BUNDLED):
                raise Unknown("it may be nothing")
            before = from_pipe(packed["inputs"], known)
            return tuple(given.get(name, value) for name, value in zip(BUNDLED, before, strict=True))
    raise Unknown("another pipe")


@node("FromBasicPipe_v2")
def from_pipe_too(inputs: Inputs, known: Known) -> Outputs:
    """Impact: the pipe, then what was put into it."""
    return inputs["basic_pipe"], *from_pipe(inputs, known)


@node("easy pipeIn")
def into_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: a pipe; then, where no link leads, what is in it: put in now, or in the one before."""
    before = link_of(inputs.get("pipe"))
    given = {name: inputs[name] for name in PIPED if inputs.get(name) is not None}
    if before and not all(_certain(value, known) for value in given.values()):
        raise Unknown("it may be nothing")
    earlier = {name: known.outputs.get((before[0], slot), UNKNOWN) if before else UNKNOWN
               for slot, name in enumerate(PIPED, 1)}  # fmt: skip
    if "image" in given and "latent" not in given:
        earlier["latent"] = UNKNOWN  # the picture encoded
    return UNKNOWN, *(given.get(name, earlier[name]) for name in PIPED)


@node("easy pipeOut")
def out_of_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: the pipe, then what was put into it."""
    link = link_of(inputs["pipe"])
    held = (known.outputs.get((link[0], slot), UNKNOWN) for slot in range(1, len(PIPED) + 1)) if link else ()
    return inputs["pipe"], *held


@node("Power Lora Loader (rgthree)")
def without_loras(inputs: Inputs, known: Known) -> Outputs:
    """Model and clip as they came, where no LoRA is listed, be it one that is off."""
    if any(name.lower().startswith("lora_") for name in inputs):
        raise Unknown("it lists some")
    return inputs.get("model", UNKNOWN), inputs.get("clip", UNKNOWN)


@node("Lora Loader Stack (rgthree)")
def empty_stack(inputs: Inputs, known: Known) -> Outputs:
    """The same."""
    if any(inputs[f"lora_{index:02}"] != "None" for index in range(1, 5)):
        raise Unknown("it loads")
    return inputs["model"], inputs["clip"]
