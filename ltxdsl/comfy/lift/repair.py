"""From a difference between two prompts to a spelling that takes it away.

A literal is only spelled where it does not change what is seen and heard (SPELLINGS); everything else that differs
is taken as it stands, as raw nodes which give their outputs to the statement's own nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ltxdsl.comfy.lift.draft import Piece, Word
from ltxdsl.comfy.lift.guess import numbers
from ltxdsl.comfy.lift.prove import Trial
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.comfy.validate import link_of

DECODE = ("VAEDecode", "VAEDecodeTiled", "LTXVTiledVAEDecode", "LTXVSpatioTemporalTiledVAEDecode")
ALL = ("*",)
# Inputs that may be written otherwise: where and how files are read and written, tiles, precision.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "SaveVideo": ("filename_prefix", "format", "codec", "save_metadata"),
    "CreateVideo": ("bit_depth",),
    "LoadImage": ALL,
    "LoadAudio": ALL,
    "LoadVideo": ALL,
    "CheckpointLoaderSimple": ALL,
    "LTXVAudioVAELoader": ALL,
    "LTXAVTextEncoderLoader": ALL,
    "LatentUpscaleModelLoader": ALL,
    "LoraLoaderModelOnly": ("lora_name",),
    **dict.fromkeys(DECODE, ALL),
    "EmptyLTXVLatentVideo": ("batch_size",),
    "LTXVEmptyLatentAudio": ("batch_size", "frames_number", "frame_rate"),
    "KSamplerSelect": (),
    "TextGenerateLTX2Prompt": ALL,
}
# Classes that do the same, each with the names that its links have in place of those of the first.
SAME: dict[str, dict[str, dict[str, str]]] = {
    "VAEDecode": {
        "VAEDecodeTiled": {},
        "LTXVTiledVAEDecode": {"latents": "samples"},
        "LTXVSpatioTemporalTiledVAEDecode": {"samples": "samples"},
    },
    "LoraLoaderModelOnly": {"LTXICLoRALoaderModelOnly": {}},
    "LTXVImgToVideoInplace": {"LTXVImgToVideoConditionOnly": {}},
}


class Edit(NamedTuple):
    """One line of a spelling; `raw` is a node that must then be written as it stands."""

    type: str
    other: str
    input: str
    value: Any
    raw: str = ""


class Repairer:
    """Compares what a piece made with what it was to make."""

    def __init__(self, target: Target, trial: Trial, words: dict[tuple[str, int], Word]) -> None:
        self.target, self.trial, self.words = target, trial, words
        self.made = trial.lowered
        self.seen: set[tuple[str, str]] = set()

    def edits(self, made: str, wanted: str) -> Iterator[Edit]:
        """What to spell so that the node `made` becomes the node `wanted`."""
        waiting = [(made, wanted)]
        while waiting:
            pair = waiting.pop()
            if pair in self.seen or self.made.digests[pair[0]] == self.target.digests[pair[1]]:
                continue
            self.seen.add(pair)
            yield from self._node(*pair, waiting)

    def _node(self, made: str, wanted: str, waiting: list[tuple[str, str]]) -> Iterator[Edit]:
        was, kind = self._original(made), self.target.kind(wanted)
        renamed = SAME.get(was, {}).get(kind) if kind != was else {}
        if renamed is None:
            return  # the caller takes the link as it stands
        other = kind if kind != was else ""
        mine, theirs = self.made.inputs(made), self.target.inputs(wanted)
        for name in dict.fromkeys((*theirs, *mine)):
            if name not in theirs:
                if not self._spelled_so(made, other):
                    yield Edit(was, other, name, Word("none"))
            else:
                yield from self._input(name, mine, theirs, (was, other), waiting)
        for name, old in renamed.items():
            if self.made.kind(made) == was:
                yield Edit(was, other, name, Word(old))

    def _original(self, made: str) -> str:
        """The class that a row has written, before a spelling."""
        kind = self.made.kind(made)
        return next((first for first, others in SAME.items() if kind in others), kind)

    def _spelled_so(self, made: str, other: str) -> bool:
        return bool(other) and self.made.kind(made) != other

    def _input(
        self,
        name: str,
        mine: dict[str, Any],
        theirs: dict[str, Any],
        classes: tuple[str, str],
        waiting: list[tuple[str, str]],
    ) -> Iterator[Edit]:
        ours, wanted = mine.get(name), theirs[name]
        out = link_of(wanted)
        if out is None or out[0] not in self.target.prompt:
            if link_of(ours) or not _equal(ours, wanted) or name not in mine:
                if allowed(classes[1] or classes[0], name, ours, wanted):
                    yield Edit(*classes, name, wanted)
                else:
                    raise Differs(f"{classes[0]}.{name}: {ours!r} is to be {wanted!r}")
            return
        own = link_of(ours)
        if own and own[1] == out[1] and own[0] in self.made.prompt:
            if self.made.digests[own[0]] == self.target.digests[out[0]]:
                return
            if self._alike(own[0], out[0]):
                waiting.append((own[0], out[0]))
                return
        yield self._taken(classes, name, Out(*out))

    def _alike(self, made: str, wanted: str) -> bool:
        was, kind = self._original(made), self.target.kind(wanted)
        if kind != was and kind not in SAME.get(was, {}):
            return False
        trial = Repairer(self.target, self.trial, self.words)
        trial.seen = set(self.seen)
        try:
            list(trial.edits(made, wanted))
        except Differs:
            return False
        return True

    def _taken(self, classes: tuple[str, str], name: str, out: Out) -> Edit:
        word = self.words.get((self.target.digests[out.node], out.slot))
        return Edit(*classes, name, word) if word else Edit(*classes, name, out, raw=out.node)


class Differs(Exception):
    """A literal that means something else than the statement says."""


def allowed(kind: str, name: str, ours: Any, wanted: Any) -> bool:
    """Whether a literal may be written otherwise without a change of what is made."""
    free = SPELLINGS.get(kind, ())
    if free == ALL or name in free:
        return True
    match kind, name:
        case "ManualSigmas", "sigmas":
            return numbers(ours) == numbers(wanted)
        case "EmptyLTXVLatentVideo", "width" | "height":
            return isinstance(wanted, int) and wanted // 32 * 32 == ours
        case "EmptyLTXVLatentVideo", "length":
            return isinstance(wanted, int) and (wanted - 1) // 8 * 8 + 1 == ours
    return False


def _equal(ours: Any, wanted: Any) -> bool:
    if isinstance(ours, bool) or isinstance(wanted, bool):
        return ours is wanted
    return bool(ours == wanted)


def put(piece: Piece, edit: Edit) -> None:
    """Write an edit into a piece."""
    piece.spell(edit.type, edit.other).lines[edit.input] = edit.value
