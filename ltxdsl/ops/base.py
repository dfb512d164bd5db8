"""What an op of the graph is: typed parameters, typed ports, and facts that passes and the planner read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePath
from typing import Any, ClassVar, NamedTuple

import msgspec

from ltxdsl.ops.facts import Facts, Work


class Port(StrEnum):
    """The types of what flows between ops."""

    IMAGE = "image"  # frames of RGB, F H W C, 0..1; a still is one frame
    TEXT = "text"  # encoded prompt: video and audio context, token ranges of its parts
    LATENT = "latent"  # video latent with denoise mask and appended guides
    AUDIO_LATENT = "audio_latent"
    AUDIO = "audio"  # waveform, C N, with its sample rate
    FILE = "file"  # a written file
    WIRE = "wire"  # what a node of ComfyUI gives: it fits into any input, there


# What ComfyUI loads for a script, by the part of the model set that an op uses. A raw node's output may stand for it.
PARTS = {
    "model": "transformer",
    "vae": "video_vae",
    "audio_vae": "audio_vae",
    "clip": "text_encoder",
    "upsampler": "upsampler 2x",
}


class Rename(NamedTuple):
    """In a spelling: a link by its name; "" = none. `node`: the name is a port that a raw node fills.

    Else it is an input of the node, or the class of a node that was written before for the same op. `slot` is another
    output of the same node, `of` an input of the node that the link comes from.
    """

    name: str
    node: bool = False
    slot: int | None = None
    word: str = ""  # what the port holds, by a word of raw nodes
    of: str = ""


PARTS_ALONE = "load"  # in place of a class: parts of the model set that have a file, and with it a loader, of their own
STACKED = "stack"  # in place of a class: the order of what stands on the model, words with a number each
ORDERED = "order"  # in place of a class: what of a pass comes last, or first, where the result is the same
TOGETHER = "together"  # in place of a class: what of a pass is one node
PATCHED = "patch"  # in place of a class: a node that stands on the model; `nth` is its output


SIGMAS_WRITTEN = "sigmas"  # in place of a class: the digits of a pass's sigmas, with "" for those that are computed


class Spelling(NamedTuple):
    """How nodes of a class are written in a workflow: as another class ("" = the same), with these inputs."""

    type: str
    other: str
    lines: tuple[tuple[str, Any], ...]
    sharing: str = ""  # "own": not shared between passes, "shared": whatever its title is
    nth: int = 0  # only the first, second, … of them in a pass; 0 = all


class Op(msgspec.Struct, frozen=True, kw_only=True, tag=lambda name: name):
    """An op of the graph. Fields are its parameters; class variables say how it fits into a graph.

    `inputs` and `outputs` map port names to types; an input in `optional` may be left open. `uses` names the
    parts of the model set that must be in memory. A pure op gives equal outputs for equal parameters and inputs.
    """

    inputs: ClassVar[dict[str, Port]] = {}
    outputs: ClassVar[dict[str, Port]] = {}
    optional: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[tuple[str, ...]] = ()
    nodes_read: ClassVar[tuple[str, ...]] = ()  # words of PARTS that its nodes in ComfyUI read besides
    pure: ClassVar[bool] = True
    kernel: ClassVar[str] = ""
    stored: ClassVar[bool] = False  # worth keeping between runs: costs more to make than to read
    measures: ClassVar[tuple[str, ...]] = ()  # what a server may have measured of the clip: size, length, fps
    unseen: ClassVar[frozenset[str]] = frozenset()  # parameters that the result does not depend on
    guides: ClassVar[str] = ""  # what happens to guide tokens: adds | uses | removes; "" = they pass through
    version: ClassVar[int] = 1  # raised when the kernel's result changes, so that stored results are not reused

    def reads(self) -> tuple[str, ...]:
        """Files outside the store whose content is part of the result."""
        return ()

    def takes_part(self, word: str) -> bool:
        """Whether its nodes in ComfyUI read that part of the model set: raw nodes may give another."""
        return word in self.nodes_read or PARTS.get(word) in self.uses

    def identity(self) -> dict[str, Any]:
        """The parameters that the result depends on."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name not in self.unseen}

    def unneeded(self) -> frozenset[str]:
        """Optional inputs that do not change the result with these parameters."""
        return frozenset()

    def unchanged(self) -> dict[str, str]:
        """Outputs that are, bit for bit, one of the inputs with these parameters: output port to input port."""
        return {}

    def simplified(self) -> tuple[Op, str]:
        """An op of equal results with fewer parameters, and what was left out in words; itself if there is none."""
        return self, ""

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """What is known of its outputs, from what is known of its inputs: the same as the first input of that type."""
        known = reversed([(port, facts) for port, facts in given.items() if port in self.inputs])  # no raw node's
        first = {self.inputs[port]: facts for port, facts in known}
        other = next(iter(given.values()), Facts())
        return {port: first.get(kind, other) for port, kind in self.outputs.items()}

    def work(self) -> Work | None:
        """What it asks of the transformer, if it uses it."""
        return None

    def label(self) -> str:
        """A few words for people."""
        return self.kernel.replace("_", " ")


class Reader(Op, frozen=True):
    """An op whose result is a file's content, wherever the file lies."""

    unseen = frozenset({"path"})  # the content's digest stands for it
    path: str

    def reads(self) -> tuple[str, ...]:
        """The file."""
        return (self.path,)

    def label(self) -> str:
        """The file's name."""
        return f"read {PurePath(self.path).name or 'an input'}"


class LoraUse(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A LoRA by role or file, with its strength: the same at all steps, or the largest of those in `by_step`.

    `by_step` holds strengths and for how many steps each; the last one's steps are those that are left. `audio` is the
    strength in the layers of the sound alone; None = the same. `segments` are those of the relay that it acts in;
    () = all the clip. `in_context`: it follows a control video.
    """

    name: str
    strength: float
    by_step: tuple[tuple[float, int], ...] = ()
    audio: float | None = None
    segments: tuple[int, ...] = ()
    in_context: bool = False

    @property
    def off(self) -> bool:
        """Whether it changes nothing."""
        return self.strength == 0 and not self.audio

    def at(self, step: int) -> LoraUse:
        """What it is at a step, with one strength."""
        strength = self.strength
        for strength, steps in self.by_step:  # noqa: B007 - the last one stays
            if step < steps:
                break
            step -= steps
        return LoraUse(self.name, strength, audio=self.audio)

    def __str__(self) -> str:
        steps = [f"{strength:g} for {count}" for strength, count in self.by_step[:-1]]
        shown = " then ".join([*steps, f"{self.by_step[-1][0]:g}"]) if self.by_step else f"{self.strength:g}"
        return f"{self.name} {shown}" + ("" if self.audio is None else f" audio {self.audio:g}")


class NagUse(msgspec.Struct, frozen=True):
    """Normalized attention guidance of one pass: texts to push away from, for picture and sound, and its numbers."""

    text: str
    audio: str
    scale: float
    alpha: float
    tau: float


class Loop(msgspec.Struct, frozen=True):
    """A pass in temporal tiles: window (with its overlap) and overlap in frames, how strongly that is held, prompts."""

    window: int
    overlap: int
    strength: float
    adain: float = 0.0
    prompts: tuple[str, ...] = ()
    guiding: float = 1.0
    images: float = 1.0


class Identity(msgspec.Struct, frozen=True):
    """Guidance towards the voice of a reference sound, in a part of the way."""

    scale: float
    start: float = 0.0
    end: float = 1.0


class Deltas(msgspec.Struct, frozen=True):
    """Guidance beside cfg: a scale for each step, of each term and modality. Off: stg 0, modality 1, rescale 0.

    `blocks` are the transformer blocks whose self-attention is perturbed for stg.
    """

    stg: tuple[float, ...]
    audio_stg: tuple[float, ...]
    modality: tuple[float, ...]
    audio_modality: tuple[float, ...]
    rescale: tuple[float, ...]
    audio_rescale: tuple[float, ...]
    blocks: tuple[int, ...] = ()

    @property
    def off(self) -> bool:
        """Whether no term does anything."""
        terms = any((*self.stg, *self.audio_stg, *self.rescale, *self.audio_rescale))
        return not terms and all(scale == 1 for scale in (*self.modality, *self.audio_modality))

    def rows(self, step: int) -> int:
        """Rows of the model that a step makes for these terms."""
        return self.perturbs(step) + self.isolates(step)

    def perturbs(self, step: int) -> bool:
        """Whether a step makes the call with perturbed self-attention."""
        return bool(self.stg[step] or self.audio_stg[step])

    def isolates(self, step: int) -> bool:
        """Whether a step makes the call without attention between picture and sound."""
        return self.modality[step] != 1 or self.audio_modality[step] != 1


class Patch(msgspec.Struct, frozen=True):
    """A change to how the model computes, by its kind, with the values that ComfyUI's node takes."""

    kind: str
    values: tuple[tuple[str, int | float | str], ...] = ()


class Enhance(msgspec.Struct, frozen=True):
    """A prompt that the text model writes out first: its seed, its length, and a LoRA for the writing only."""

    seed: int
    tokens: int
    lora: str = ""
    strength: float = 1.0


class Relay(msgspec.Struct, frozen=True):
    """Prompt Relay for one pass: latent frames that each local prompt owns, in order, and the epsilon of KPR."""

    lengths: tuple[int, ...]
    epsilon: float = 1e-3
