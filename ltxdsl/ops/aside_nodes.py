"""The ops that only ComfyUI computes, beside the clip: raw nodes, what is shown, memory that is let go of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ltxdsl.ops.base import LoraUse, Op, Port
from ltxdsl.ops.facts import Facts

NODE_PORTS = tuple(f"wire{index}" for index in range(256))
NODE_OUTPUTS = tuple(f"out{index}" for index in range(64))


class _Unknown(Op, frozen=True):
    """An op that only a server knows."""

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """Nothing is known of what it gives."""
        return dict.fromkeys(self.outputs, Facts())


class RawNode(_Unknown, frozen=True):
    """A node of ComfyUI, as it is. `literals` and `wires` are its inputs by name.

    A wire is a port here, with the word for what comes in or is loaded there; "" = what another node gives.
    """

    outputs = dict.fromkeys(NODE_OUTPUTS, Port.WIRE)
    pure = False
    kernel = "raw_node"
    measures = ("fps",)
    class_type: str
    literals: tuple[tuple[str, Any], ...] = ()
    wires: tuple[tuple[str, str, str], ...] = ()
    title: str = ""
    own: bool = False  # it is no node that is there already
    fps: float = 0.0  # for prompts at their rate

    def label(self) -> str:
        """The node's class."""
        return f"node {self.class_type}"


class PatchModel(_Unknown, frozen=True):
    """A model with LoRAs, and the factor of the last one, for raw nodes. `word` says which model, as in RawNode."""

    outputs = dict.fromkeys(NODE_OUTPUTS[:2], Port.WIRE)
    kernel = "patch_model"
    loras: tuple[LoraUse, ...]
    word: str = ""
    fps: float = 0.0

    def label(self) -> str:
        """The LoRAs."""
        return f"LoRAs {', '.join(map(str, self.loras))}"


class LoadSound(_Unknown, frozen=True):
    """A sound file and its length, for raw nodes: `seconds` from `start` on (0 = to its end), by a node of ComfyUI."""

    outputs = dict.fromkeys(NODE_OUTPUTS[:2], Port.WIRE)
    kernel = "load_sound"
    path: str
    start: float = 0.0
    seconds: float = 0.0
    node: str = ""

    def label(self) -> str:
        """The file."""
        return f"sound {self.path}"


class SeparateSound(_Unknown, frozen=True):
    """The voices of a sound, and what is left of it, by a model's file. `word` says which sound, as in RawNode."""

    outputs = dict.fromkeys(NODE_OUTPUTS[:2], Port.WIRE)
    kernel = "separate_sound"
    model: str
    word: str = ""
    fps: float = 0.0

    def label(self) -> str:
        """The model."""
        return f"voices by {self.model}"


class Show(_Unknown, frozen=True):
    """Look at a literal, or at what is wired to it: in ComfyUI only.

    `word` says what is wired, as in RawNode; `kind` is image, audio, or "" for what its node says; `by` another class.
    """

    outputs = {NODE_OUTPUTS[0]: Port.WIRE}
    pure = False
    kernel = "show"
    literal: Any = None
    wired: bool = False
    word: str = ""
    kind: str = ""
    by: str = ""
    fps: float = 0.0


class Free(Op, frozen=True):
    """Let go of memory once what is wired to it is there, which it passes on: in ComfyUI only.

    `what` are some of cache, models, ram; `word`, `kind` and `by` are as in Show.
    """

    outputs = {NODE_OUTPUTS[0]: Port.WIRE}
    pure = False
    kernel = "free"
    what: tuple[str, ...] = ("cache",)
    word: str = ""
    kind: str = ""
    by: str = ""
    fps: float = 0.0

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """What comes in."""
        return dict.fromkeys(self.outputs, next(iter(given.values()), Facts()))
