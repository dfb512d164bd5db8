"""Bundles of links: contexts and pipes. What is in one is known by its slots from 1 on, be they outputs or not."""

from __future__ import annotations

from ltxdsl.comfy.arithmetic import Unknown
from ltxdsl.comfy.constants.known import UNKNOWN, Inputs, Known, Outputs, is_certain, is_nothing, node
from ltxdsl.comfy.validate import link_of

BASIC = ("model", "clip", "vae", "positive", "negative")
PIPED = ("model", "pos", "neg", "latent", "vae", "clip", "image")
CONTEXT = (*BASIC, "latent", "images", "seed")
BIG_CONTEXT = (
    *CONTEXT, "steps", "step_refiner", "cfg", "ckpt_name", "sampler", "scheduler", "clip_width", "clip_height",
    "text_pos_g", "text_pos_l", "text_neg_g", "text_neg_l", "mask", "control_net",
)  # fmt: skip


def _put_in(inputs: Inputs, known: Known, before: str, names: tuple[str, ...]) -> Outputs:
    """The bundle, then what is in it: what is given now, else what was in the one before."""
    earlier = _held(inputs[before], known, names) if inputs.get(before) is not None else (UNKNOWN,) * len(names)
    given = {name: inputs[name] for name in names if inputs.get(name) is not None}
    links = [value for value in given.values() if link_of(value)]
    if inputs.get(before) is not None and not all(is_certain(value, known) for value in links):
        raise Unknown("it may be nothing")
    return UNKNOWN, *(given.get(name, value) for name, value in zip(names, earlier, strict=True))


def _held(bundle: object, known: Known, names: tuple[str, ...]) -> Outputs:
    """What is in a bundle."""
    link = link_of(bundle)
    slots = range(1, len(names) + 1)
    return tuple(known.outputs.get((link[0], slot), UNKNOWN) if link else UNKNOWN for slot in slots)


@node("Context (rgthree)")
def context(inputs: Inputs, known: Known) -> Outputs:
    """What is put into a bundle, or was in the one before it."""
    return _put_in(inputs, known, "base_ctx", CONTEXT)


@node("Context Big (rgthree)")
def big_context(inputs: Inputs, known: Known) -> Outputs:
    """The same with more in it."""
    return _put_in(inputs, known, "base_ctx", BIG_CONTEXT)


@node("Context Switch (rgthree)")
def context_switch(inputs: Inputs, known: Known) -> Outputs:
    """The first bundle with something in it."""
    given = [value for name, value in inputs.items() if name.startswith("ctx_") and not is_nothing(value, known)]
    held = _held(given[0], known, CONTEXT)
    if len(given) > 1 and not any(value is not UNKNOWN and is_certain(value, known) for value in held):
        raise Unknown("it may be empty")
    return UNKNOWN, *held


@node("ToBasicPipe", "EditBasicPipe")
def basic_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Impact: a pipe, with what is put into it, or was in the one before."""
    return _put_in(inputs, known, "basic_pipe", BASIC)


@node("FromBasicPipe")
def from_basic_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Impact: what was put into the pipe."""
    return _held(inputs["basic_pipe"], known, BASIC)


@node("FromBasicPipe_v2")
def from_basic_pipe_too(inputs: Inputs, known: Known) -> Outputs:
    """Impact: the pipe, then the same."""
    return inputs["basic_pipe"], *_held(inputs["basic_pipe"], known, BASIC)


@node("easy pipeIn")
def into_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: a pipe, with what is put into it, or was in the one before; a picture is encoded for its latent."""
    pipe, *held = _put_in(inputs, known, "pipe", PIPED)
    if inputs.get("image") is not None and inputs.get("latent") is None:
        held[PIPED.index("latent")] = UNKNOWN
    return pipe, *held


@node("easy pipeOut")
def out_of_pipe(inputs: Inputs, known: Known) -> Outputs:
    """Easy-use: the pipe, then what was put into it."""
    return inputs["pipe"], *_held(inputs["pipe"], known, PIPED)
