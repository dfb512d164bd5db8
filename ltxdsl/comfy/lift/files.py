"""Which files a workflow loads, and by which loaders."""

from __future__ import annotations

from typing import Any

from ltxdsl.comfy.equal import LOADERS, as_other
from ltxdsl.comfy.lift.draft import Piece, Word
from ltxdsl.comfy.lift.stage import Stage
from ltxdsl.comfy.lift.target import Target
from ltxdsl.grammar.write import quoted

# The loader of each part as an export writes it, the input by which it is read, and the words of its files.
PARTS = {
    "vae": ("VAELoader", {"vae_name": "vae"}),
    "audio_vae": ("LTXVAudioVAELoader", {"ckpt_name": "audio"}),
    "clip": ("LTXAVTextEncoderLoader", {"text_encoder": "text", "ckpt_name": "projection"}),
}
PREVIEWS = ("LTX2SamplingPreviewOverride", "ModelPreviewOverrideKJ")  # with a VAE of their own


def loads(target: Target, first: Stage) -> list[Piece]:
    """The files, where one loader of each kind is there."""
    words = [f"{word} {quoted(file)}" for word, file in _files(target, first).items()]
    return [Piece(f"load {' '.join(words)}")] if words else []


def _files(target: Target, first: Stage) -> dict[str, str]:
    """Files by the words of `load`."""
    read = _read(target, first)
    top = first.chain_top
    below = target.cone([top.node]) if top else None  # another model may make pictures for this one
    checkpoints = _named(target, "CheckpointLoaderSimple", "ckpt_name")
    if len(checkpoints) > 1:
        checkpoints = _named(target, "CheckpointLoaderSimple", "ckpt_name", below)
    models = (_named(target, type, "unet_name", below) for type in ("UNETLoader", "UnetLoaderGGUF"))
    said = {
        "checkpoint": checkpoints,
        "model": set().union(*models),
        "vae": _named(target, "VAELoader", "vae_name", read["vae"]),
        "audio": _named(target, "LTXVAudioVAELoader", "ckpt_name", read["audio_vae"]),
        "text": _named(target, "LTXAVTextEncoderLoader", "text_encoder", read["clip"]),
        "projection": _named(target, "LTXAVTextEncoderLoader", "ckpt_name", read["clip"]),
        "upsampler": _named(target, "LatentUpscaleModelLoader", "model_name"),
        "distill": {name for id in target.of_class("LoraLoaderModelOnly") if (name := distilled_file(target, id))},
    }
    said |= {word: set() for word in ("audio", "projection") if said[word] == checkpoints}
    files = {word: _only(values) for word, values in said.items()}
    return {word: file for word, file in files.items() if file and quoted(file)}


def _named(target: Target, type: str, name: str, among: set[str] | None = None) -> set[Any]:
    """What loaders of a part have for an input of the class that an export writes, whatever class they are of."""
    found = set()
    for id in target.of_class(type, *LOADERS[type]):
        sources = LOADERS[type].get(target.kind(id), {})
        own = next((its for its, source in sources.items() if source == name), name)
        if among is None or id in among:
            value = target.value(id, own)
            found |= {value} if isinstance(value, str | int | float) else set()
    return found


def _read(target: Target, first: Stage) -> dict[str, set[str]]:
    """The nodes that are read as each part, of texts for the first pass."""
    read: dict[str, set[str]] = {name: set() for name in PARTS}
    texts = {said.node for said in (first.positive, first.negative) if said}
    for id in target.order:
        for name, out in target.links(id).items():
            name = "vae" if name == "optional_vae" else name
            of_first = name != "clip" or id in texts
            if name in read and of_first and target.kind(id) not in PREVIEWS:
                read[name].add(out.node)
    if len(read["vae"]) > 1:  # another model's may encode pictures: this one's decodes what the pass gives
        read["vae"] = {at.node for id in target.after(first.id) if (at := target.link(id, "vae"))} or read["vae"]
    return read


def spell_loaders(target: Target, first: Stage, common: Piece) -> None:
    """Loaders of other classes than an export writes: known from the start, so that raw nodes read them by words."""
    files = _files(target, first)
    for name, ids in _read(target, first).items():
        type, words = PARTS[name]
        for id in ids if len(ids) == 1 else ():
            if (kind := target.kind(id)) in LOADERS[type] and not target.links(id):
                ours = {input: files.get(word) or files.get("checkpoint") for input, word in words.items()}
                common.spell(type, kind).lines.update(differing(target, id, type, ours))


def differing(target: Target, id: str, type: str, ours: dict[str, Any]) -> dict[str, Any]:
    """The literals of a node that an export would write otherwise, which takes it for one of another class."""
    filled = as_other(type, target.kind(id), ours, {}, ours.get)
    wanted = literals_of(target, id)
    left_out = {name: Word("none") for name in filled if name not in target.inputs(id)}
    return left_out | {name: value for name, value in wanted.items() if filled.get(name, filled) != value}


def distilled_file(target: Target, id: str) -> str:
    """The file of a LoRA, if its name says that it makes few steps enough."""
    name = target.value(id, "lora_name")
    return name if isinstance(name, str) and "distill" in name.lower() else ""


def _only(values: set[Any]) -> str | None:
    (value,) = values if len(values) == 1 else (None,)
    return value if isinstance(value, str) else None


def literals_of(target: Target, id: str) -> dict[str, Any]:
    """The inputs of a node that are no links."""
    return {name: value for name, value in target.inputs(id).items() if target.link(id, name) is None}
