"""Rules of sound that goes into a clip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.ops.controls import Dub
from ltxdsl.ops.sound import SoundAgain, SoundFile
from ltxdsl.ops.text import Prompt

LOUD = 0.05
QUOTED = re.compile(r"""["“«„].{2,}?["”»“]|(?<!\w)['‘].{2,}?['’](?!\w)""", re.DOTALL)


@rule(
    "LTX100",
    "sound made anew in a later pass",
    Severity.WARNING,
    why="The picture already follows the sound of the first pass: a later one changes what the lips have said.",
    wrong='prompt "a lake"\npass dev 30\npass dev 10 { sound anew }',
    right='prompt "a lake"\npass dev 30\npass dev 10 { sound kept }',
    source="contested: Lightricks' audio-driven and dubbing pipelines freeze it in stage 2, the stock templates do not",
)
def sound_anew_later(program: Program) -> Iterator[Finding]:
    """Where there was a sound to keep, and more than half of it is lost."""
    for stage, said in program.held(SoundAgain):
        if said.anew and said.share > 0.5 and stage.continues:
            fix = Fix(said.span_of("anew").to(said.span_of("share" if said.gives("share") else "anew")), "kept")
            yield Finding(f"{stage.name} makes the sound anew", said.span, "keep it, or most of it: `anew 0.3`", (fix,))


@rule(
    "LTX101",
    "kept stretch without sound in it",
    Severity.ERROR,
    why="One audio latent lasts 0.04 s; a stretch outside the clip, or shorter than that, keeps nothing.",
    wrong='length 49f\naudio voice keep 4s..5s\nprompt "a man speaks"\npass dev 30',
    right='length 49f\naudio voice keep 0s..1s\nprompt "a man speaks"\npass dev 30',
    source="25 audio latents a second: ComfyUI AudioVAE.latents_per_second",
)
def nothing_kept(program: Program) -> Iterator[Finding]:
    """In the passes that the sound holds for."""
    for stage, said in program.held(SoundFile):
        if said.keep is not None:
            start, end = said.kept(stage.frames, stage.fps)
            if end <= start:
                yield Finding(f"{said.keep} keeps no audio latent of the clip", said.span_of("keep"))


@rule(
    "LTX102",
    "ambience that ComfyUI cannot make",
    Severity.WARNING,
    why="None of its nodes makes noise as sound, so an export leaves the ambience out.",
    wrong='audio voice ambience 0.02\nprompt "a man speaks"\npass dev 30',
    right='audio voice\nprompt "a man speaks"\npass dev 30',
    source="ComfyUI's node interfaces",
    targets=("comfy",),
)
def ambience_in_comfy(program: Program) -> Iterator[Finding]:
    """`ltx run` mixes it in."""
    for said in program.each(SoundFile):
        if said.ambience:
            hint = "mix it into the file, or run it here"
            yield Finding("the export is without this ambience", said.span_of("ambience"), hint)


@rule(
    "LTX103",
    "ambience as loud as speech",
    Severity.WARNING,
    why="A room under dry speech is at 0.006 to 0.02 of full scale, -45 to -34 dB; more is heard as noise.",
    wrong='audio voice ambience 0.2\nprompt "a man speaks"\npass dev 30',
    right='audio voice ambience 0.02\nprompt "a man speaks"\npass dev 30',
    source="practice: a subtle ambience under synthesized speech",
)
def loud_ambience(program: Program) -> Iterator[Finding]:
    """The fix is the usual level."""
    for said in program.each(SoundFile):
        if said.ambience > LOUD:
            span = said.span_of("ambience")
            yield Finding(f"noise at {said.ambience:g} covers the sound", span, fixes=(Fix(span, "0.02"),))


@rule(
    "LTX104",
    "sound file of which nothing is left",
    Severity.WARNING,
    why="`regenerate 1` is a denoise mask of 1 everywhere: the pass starts from noise, as without a file.",
    wrong='audio voice regenerate 1\nprompt "a man speaks"\npass dev 30',
    right='audio voice regenerate 0.3\nprompt "a man speaks"\npass dev 30',
    source="ComfyUI comfy/samplers.py: the noise mask, 1 = generate",
)
def nothing_left(program: Program) -> Iterator[Finding]:
    """Unless a stretch of it is kept."""
    for said in program.each(SoundFile):
        if said.anew == 1 and said.keep is None:
            yield Finding("all of this sound is made anew", said.span_of("regenerate"))


@rule(
    "LTX105",
    "kept stretch of a sound that is kept whole",
    Severity.WARNING,
    why="`keep` beside `regenerate 0` says the same of the whole sound: all of it is kept.",
    wrong='audio voice regenerate 0 keep 0s..1s\nprompt "a man speaks"\npass dev 30',
    right='audio voice keep 0s..1s\nprompt "a man speaks"\npass dev 30',
    source="ComfyUI comfy/samplers.py: the noise mask, 0 = keep",
)
def kept_twice(program: Program) -> Iterator[Finding]:
    """The stretch then does nothing."""
    for said in program.each(SoundFile):
        if said.anew == 0 and said.keep is not None:
            yield Finding("the whole sound is kept, not this stretch alone", said.span_of("keep"))


@rule(
    "LTX106",
    "share of a sound that is kept",
    Severity.WARNING,
    why="A share says how much is made anew; a sound that is kept has none of it.",
    wrong='prompt "a lake"\npass distill 8\npass distill 3 { sound kept 0.3 }',
    right='prompt "a lake"\npass distill 8\npass distill 3 { sound anew 0.3 }',
    source="ComfyUI comfy/samplers.py: the noise mask, 0 = keep",
)
def share_of_kept(program: Program) -> Iterator[Finding]:
    """The number does nothing."""
    for said in program.each(SoundAgain):
        if not said.anew and said.gives("share"):
            yield Finding("`kept` leaves nothing to make anew", said.span_of("share"))


@rule(
    "LTX107",
    "dub of a silent video",
    Severity.WARNING,
    why="The voice is taken from the video's sound: without one the new words are in any voice.",
    wrong='dub "walk.mp4" with lora "lipdub.safetensors"\nprompt "a man says: “Good day.”"\npass distill 8',
    right='dub "talk.mp4" with lora "lipdub.safetensors"\nprompt "a man says: “Good day.”"\npass distill 8',
    source="Lightricks ltx-pipelines dubit.py",
    asked={"target": "comfy"},
)
def silent_dub(program: Program) -> Iterator[Finding]:
    """Of a video that is here."""
    for said in program.each(Dub):
        if said.silent:
            yield Finding("this video has no sound", said.span_of("source"))


@rule(
    "LTX108",
    "dub without words to say",
    Severity.WARNING,
    why="What is said is what the prompt has in quotes.",
    wrong='dub "talk.mp4" with lora "lipdub.safetensors"\nprompt "a man speaks Spanish"\npass distill 8',
    right='dub "talk.mp4" with lora "lipdub.safetensors"\nprompt "a man says: “Buenos días.”"\npass distill 8',
    source="Lightricks ltx-pipelines dubit.py; LTX-2.3 LipDub workflow",
    asked={"target": "comfy"},
)
def dub_without_words(program: Program) -> Iterator[Finding]:
    """For the pass that makes the sound."""
    for stage, _ in program.held(Dub, once=True):
        if not QUOTED.search(stage.text):
            said = stage.settings.get(Prompt) or stage.statement
            yield Finding("no words in quotes", said.span, "write the new line into the prompt: says: “…”")


@rule(
    "LTX109",
    "dub of a sound that is given",
    Severity.ERROR,
    why="`dub` makes the sound anew, and `audio` keeps a file: then no word is dubbed.",
    wrong='dub "talk.mp4" with lora "lipdub.safetensors"\naudio "v.wav"\nprompt "“Good day.”"\npass distill 8',
    right='dub "talk.mp4" with lora "lipdub.safetensors"\nprompt "“Good day.”"\npass distill 8',
    asked={"target": "comfy"},
)
def dub_of_given_sound(program: Program) -> Iterator[Finding]:
    """A file beside it."""
    for stage, _ in program.held(Dub, once=True):
        if sound := stage.settings.get(SoundFile):
            yield Finding("`audio` beside `dub`", sound.span, "for lips that follow a file, `audio` alone is enough")
