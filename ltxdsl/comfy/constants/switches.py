"""Nodes that pass on what they are given: switches, reroutes, nodes that are set to do nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import (
    UNKNOWN,
    Inputs,
    Known,
    Outputs,
    is_certain,
    is_nothing,
    literal,
    node,
    number,
    truth,
)
from ltxdsl.comfy.validate import link_of

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


def _branch(told: Callable[[Any], Any], names: tuple[str, str, str], inputs: Inputs, known: Known) -> Outputs:
    """The branch that is set."""
    asked, yes, no = names
    return (inputs[yes if told(inputs[asked]) else no],)


for _told, _branches in ((truth, BRANCHES), (literal, LOOSE_BRANCHES)):
    for _kind, _names in _branches.items():
        node(_kind)(partial(_branch, _told, _names))


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
    given = [value for name, value in inputs.items() if name.startswith("any_") and not is_nothing(value, known)]
    if len(given) > 1 and link_of(given[0]) and not is_certain(given[0], known):
        raise Unknown("it may be nothing")
    return (given[0],)


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
