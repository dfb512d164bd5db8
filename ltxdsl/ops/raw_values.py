"""The lines of a `node` block: values as a workflow file holds them, of any size and depth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ltxdsl.grammar import tree
from ltxdsl.ops.cells import BadValue, Cell, Symbol, describe, evaluate
from ltxdsl.ops.kinds import Kind, MediaRef, Names, NodeRef, Taken

if TYPE_CHECKING:
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.ops.declare import Statement

LOADED = ("model", "vae", "audio_vae", "clip", "upsampler")  # what ComfyUI loads for the script
OF_CLIP = ("frames", "audio", "latent", "audio_latent")  # what the passes so far have made
BOTH = ("positive", "negative")
THINGS = (NodeRef, MediaRef, Symbol)  # what a line has that is no literal
MEASURED = ("width", "height", "frames")  # of a picture or video
BESIDE = ("audio", "fps")  # of a video file
WRITTEN = "written"  # the prompt as a text, or as the text model has written it
CROPPED = ("positive_cropped", "negative_cropped", "latent_cropped")
GUIDED = ("positive_guided", "negative_guided")  # these with the guides of the last pass
OF_SAMPLER = ("av_latent", "denoised")  # both outputs of a pass's sampler, picture and sound in one latent
SOUND = "audio_sampled"  # what such a latent has of sound, be it that of a file or not
SAMPLED = (*OF_SAMPLER, SOUND)
PROMPTS = (*BOTH, "positive_at_rate", "negative_at_rate", *GUIDED, *CROPPED, WRITTEN)  # those that hold
MADE = (*OF_CLIP, *SAMPLED, *PROMPTS)
# What a word is made of, where it is more than one thing.
NEEDS = {
    **dict.fromkeys(("positive_at_rate", "negative_at_rate"), BOTH),
    **dict.fromkeys((*GUIDED, *CROPPED), (*BOTH, "latent")),
    **dict.fromkeys(SAMPLED, ("latent",)),
    WRITTEN: ("positive",),
}


def of_clip(word: str) -> bool:
    """Whether a word is for what passes have made."""
    return not {*NEEDS.get(word, (word,))}.isdisjoint(OF_CLIP)


CONSTANTS = {"true": True, "false": False, "null": None}


def raw_value(line: tree.Field, names: Names) -> Any:
    """A literal of any kind that a file can hold, a NodeRef, a MediaRef, or a Symbol for what there is."""
    if line.block is not None:
        return _object(line.block, names)
    match line.items:
        case (tree.Name("json"), tree.Text() as text):
            return _json(text)
        case (item,):
            return _one(item, names)
        case (tree.Name(name), tree.Name(fact)) if (media := names.media(name)) and fact in asked_of(media):
            return msgspec.structs.replace(media, fact=fact)
    raise BadValue(line.span, "a line of a node holds one value", "LTX003", hint='such as `steps: 8`, `text: "a lake"`')


def asked_of(media: MediaRef) -> tuple[str, ...]:
    """The words that may stand after the name of a picture or video, for what a server reads of it."""
    measured = MEASURED if media.kind != "audio" else ()
    return (*measured, *BESIDE) if media.kind == "video" and media.node is None else measured


def word_of(value: Any) -> str:
    """The word for what there is, if a value is one."""
    return value.name if isinstance(value, Symbol) else ""


def _object(block: tree.Block, names: Names) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in block.entries:
        if not isinstance(line, tree.Field):
            raise BadValue(line.span, "in this block stand lines such as `key: value`", "LTX002")
        value = raw_value(line, names)
        if isinstance(value, NodeRef | MediaRef | Symbol):
            raise BadValue(line.span, "what another node gives cannot stand inside an object", "LTX003")
        found[key_of(line)] = value
    return found


def key_of(line: tree.Field) -> str:
    """The name of a line."""
    return line.key.value if isinstance(line.key, tree.Text) else line.key.text


def _json(text: tree.Text) -> Any:
    try:
        return json.loads(text.value)
    except (ValueError, RecursionError) as error:
        raise BadValue(text.span, f"this is not JSON: {error}", "LTX003") from None


def _one(item: tree.Item, names: Names) -> Any:
    match item:
        case tree.Literal("NUMBER" | "SCIENTIFIC", text):
            return int(text) if text.lstrip("-").isdigit() else float(text)
        case tree.Name(name) if name in CONSTANTS:
            return CONSTANTS[name]
        case tree.Name(name) if found := names.node(name):
            return found
        case tree.Name(name) if name in (*MADE, *LOADED):
            return Symbol(name)
        case tree.Name(name) if media := names.media(name):
            return media
    cell = evaluate(item, names.lookup)
    if isinstance(cell.value, bool | int | float | str):
        return cell.value
    hint = f"known here: {', '.join((*MADE, *LOADED))}, and the names of nodes and files"
    raise BadValue(item.span, f"{describe(cell.value)} is nothing that a node takes", "LTX003", hint=hint)


def _take_thing(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    name = cells[at].name
    if not name:
        return None
    there = Symbol(name) if name in (*MADE, *LOADED) else None
    found = names.node(name) or there or names.media(name)
    return Taken(found, at + 1) if found else None


def _take_thing_or_literal(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    if found := _take_thing(cells, at, names):
        return found
    return Taken(cells[at].value, at + 1) if isinstance(cells[at].value, int | float | str) else None


THING = Kind("a word of `node`, or a name", _take_thing, lambda names: (*MADE, *LOADED))
THING_OR_LITERAL = msgspec.structs.replace(
    THING, name="a word of `node`, a name, or a quoted text", take=_take_thing_or_literal
)


def wires_of(scene: Scene, statement: Statement, value: Any, port: str) -> dict[str, Ref]:
    """What a value stands for, by ports that begin with `port`; a word for a finished prompt needs several."""
    if isinstance(value, MediaRef):
        return {f"{port}.": scene.fact(value, value.fact, statement) if value.fact else scene.file(value, statement)}
    if isinstance(value, NodeRef):
        return {f"{port}.": scene.wire(value)} if value.node in scene.raw else {}
    found = scene.known(NEEDS.get(value.name, (value.name,)), statement)
    if value.name in NEEDS and not scene.says_negative:
        found.pop("negative", None)  # as in a pass at cfg 1, a positive prompt made zero stands there
    return {f"{port}.{word}": ref for word, ref in found.items()}
