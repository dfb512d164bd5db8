"""What an op of the graph is: typed parameters, typed ports, and facts that passes and the planner read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

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


class Op(msgspec.Struct, frozen=True, kw_only=True, tag=lambda name: name):
    """An op of the graph. Fields are its parameters; class variables say how it fits into a graph.

    `inputs` and `outputs` map port names to types; an input in `optional` may be left open. `uses` names the
    parts of the model set that must be in memory. A pure op gives equal outputs for equal parameters and inputs.
    """

    inputs: ClassVar[dict[str, Port]] = {}
    outputs: ClassVar[dict[str, Port]] = {}
    optional: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[tuple[str, ...]] = ()
    pure: ClassVar[bool] = True
    kernel: ClassVar[str] = ""
    stored: ClassVar[bool] = False  # worth keeping between runs: costs more to make than to read
    guides: ClassVar[str] = ""  # what happens to guide tokens: adds | uses | removes; "" = they pass through
    version: ClassVar[int] = 1  # raised when the kernel's result changes, so that stored results are not reused

    def reads(self) -> tuple[str, ...]:
        """Files outside the store whose content is part of the result."""
        return ()

    def identity(self) -> dict[str, Any]:
        """The parameters that the result depends on."""
        return dict(msgspec.to_builtins(self))

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
        first = {self.inputs[port]: facts for port, facts in reversed(list(given.items()))}
        other = next(iter(given.values()), Facts())
        return {port: first.get(kind, other) for port, kind in self.outputs.items()}

    def work(self) -> Work | None:
        """What it asks of the transformer, if it uses it."""
        return None

    def label(self) -> str:
        """A few words for people."""
        return self.kernel.replace("_", " ")


class LoraUse(msgspec.Struct, frozen=True):
    """A LoRA by role or file, with its strength."""

    name: str
    strength: float


class NagUse(msgspec.Struct, frozen=True):
    """Normalized attention guidance of one pass: texts to push away from, for picture and sound, and its numbers."""

    text: str
    audio: str
    scale: float
    alpha: float
    tau: float


class Relay(msgspec.Struct, frozen=True):
    """Prompt Relay for one pass: latent frames that each local prompt owns, in order, and the epsilon of KPR."""

    lengths: tuple[int, ...]
    epsilon: float = 1e-3
