"""Shorter ways to say what a draft says, each taken only if it gives the same nodes back."""

from __future__ import annotations

from collections.abc import Mapping

from ltxdsl.comfy.compare import same
from ltxdsl.comfy.fold import alive
from ltxdsl.comfy.interface import Info
from ltxdsl.comfy.lift.draft import Draft, Word
from ltxdsl.comfy.lift.prove import Failed, Writer, lowered
from ltxdsl.comfy.lift.target import Out, Target

# Inputs for what a script's models are loaded as, by their words.
LOADED_AS = {"model": "model", "vae": "vae", "audio_vae": "audio_vae", "clip": "clip", "upscale_model": "upsampler"}


def take_over(draft: Draft, target: Target, catalogue: Mapping[str, Info]) -> None:
    """Let what nodes give take the place of a word, where all that comes after takes it."""
    for (out, word), said in draft.taken(LOADED_AS).items():
        piece = next(piece for piece in draft.pieces if piece.raw == out.node)
        if word in piece.binds.values() or out.slot in piece.binds:
            continue
        for lines, name in said:
            del lines[name]
        piece.binds[out.slot] = word
        if not gives_back(Writer(draft, target, catalogue).parts(trial=False), target, catalogue):
            del piece.binds[out.slot]
            for lines, name in said:
                lines[name] = out


def save_by_name(draft: Draft, target: Target, catalogue: Mapping[str, Info]) -> None:
    """Let saves say themselves what they write, and that it is silent, in the place of spellings."""
    for piece in draft.anchors():
        for spelled in piece.spells.values() if piece.head.startswith('save "') else ():
            before, head, wire = dict(spelled.lines), piece.head, piece.wire
            images = spelled.lines.get("images")
            if isinstance(images, Out):
                piece.wire, piece.head = images, piece.head.replace("save ", "save {} ", 1)
                del spelled.lines["images"]
            if spelled.lines.get("audio") == Word("none"):
                piece.head += " audio off"
                del spelled.lines["audio"]
            changed = spelled.lines.keys() != before.keys()
            if changed and not gives_back(Writer(draft, target, catalogue).parts(trial=False), target, catalogue):
                spelled.lines, piece.head, piece.wire = before, head, wire


def gives_back(parts: list[str], target: Target, catalogue: Mapping[str, Info]) -> bool:
    """Whether a script is exported as the prompt that it was made from."""
    try:
        return same(alive(lowered(parts).prompt, catalogue), target.prompt)
    except Failed:
        return False
