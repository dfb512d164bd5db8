"""Rules of long takes: loops, windows of context; and of voices."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl import media_info
from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.models import DISTILL
from ltxdsl.ops.conditioning import Guide, InplaceImage
from ltxdsl.ops.long import LoopTake, Windows
from ltxdsl.ops.sound import SoundFile, Speaker
from ltxdsl.values import Frames

COMFY = {"target": "comfy"}
# field, what it is, frames over whole latents, least, most; LTXVLoopingSampler's temporal_tile_size is 24 to 1000
GRID = (("window", "a window", 1, 17, 993), ("overlap", "an overlap", 0, 16, 80))


@rule(
    "LTX240",
    "window or overlap of a loop off the grid",
    Severity.ERROR,
    why="A window is 1 + 8N frames, what it shares is 8N, from 16 to 80; and a window must be longer than that.",
    wrong='loop 30s window 120f overlap 20f\nprompt "a walk"\npass distill 8',
    right='loop 30s window 121f overlap 24f\nprompt "a walk"\npass distill 8',
    source="LTXVideo looping_sampler.py LTXVLoopingSampler",
    asked=COMFY,
)
def loop_off_the_grid(program: Program) -> Iterator[Finding]:
    """Frames alone; seconds are rounded."""
    for said in program.each(LoopTake):
        for field, what, over, least, most in GRID:
            time, span = getattr(said, field), said.span_of(field)
            if not isinstance(time, Frames):
                continue
            near = min(max(least, (time.count - over) // 8 * 8 + over), most)
            if near != time.count:
                yield Finding(f"{what} of {time.count} frames", span, fixes=(Fix(span, f"{near}f"),))


@rule(
    "LTX241",
    "pictures under a loop",
    Severity.ERROR,
    why="LTXVLoopingSampler places pictures itself, window by window; guides in the latent would be taken for video.",
    wrong='loop 30s window 121f overlap 24f\nguide "a.png" @ 0\nprompt "a walk"\npass distill 8',
    right='loop 30s window 121f overlap 24f\nprompt "a walk"\npass distill 8',
    source="LTXVideo looping_sampler.py LTXVLoopingSampler: optional_cond_images",
    asked=COMFY,
)
def pictures_under_a_loop(program: Program) -> Iterator[Finding]:
    """In the pass that loops; later passes hold them."""
    for stage in program.stages:
        if "loop" not in stage.sampling:
            continue
        for placed in stage.placed:
            if isinstance(placed.statement, Guide | InplaceImage):
                hint = "say it in the block of a later pass, or shoot the beginning and `extend` it"
                yield Finding(f"`{placed.statement.word}` in a pass that loops", placed.statement.span, hint)


@rule(
    "LTX242",
    "more prompts than windows",
    Severity.WARNING,
    why="Windows take the prompts in turn, and the last one goes on; what is left over is never read.",
    wrong='loop 5s "a" | "b" | "c" window 121f overlap 24f\nprompt "a walk"\npass distill 8',
    right='loop 10s "a" | "b" | "c" window 121f overlap 24f\nprompt "a walk"\npass distill 8',
    source="LTXVideo looping_sampler.py MultiPromptProvider",
    asked=COMFY,
)
def prompts_left_over(program: Program) -> Iterator[Finding]:
    """By the windows of the first pass."""
    for stage, said in program.held(LoopTake):
        count = said.windows(stage.frames, stage.fps)
        if "loop" in stage.sampling and len(said.prompts) > count:
            yield Finding(f"{len(said.prompts)} prompts, and {count} windows", said.prompts[count].span)


@rule(
    "LTX243",
    "loop without sound",
    Severity.NOTE,
    why="LTXVLoopingSampler takes the picture alone.",
    wrong='loop 30s window 121f overlap 24f\nprompt "a walk"\npass distill 8',
    right='loop 30s window 121f overlap 24f\naudio "v.wav"\nprompt "a walk"\npass distill 8',
    source="LTXVideo looping_sampler.py: rejects latents of picture and sound",
    asked=COMFY,
)
def loop_is_silent(program: Program) -> Iterator[Finding]:
    """Where no `audio` is given."""
    for stage, said in program.held(LoopTake):
        if "loop" in stage.sampling and not stage.settings.get(SoundFile):
            yield Finding("the clip will have no sound", said.span, "give it with `audio`")


@rule(
    "LTX244",
    "windows that share all they have",
    Severity.ERROR,
    why="Each window moves on by its length less the overlap.",
    wrong='windows 41f overlap 48f\nlength 20s\nprompt "a walk"\npass dev 30',
    right='windows 145f overlap 40f\nlength 20s\nprompt "a walk"\npass dev 30',
    source="ComfyUI comfy/context_windows.py",
    asked=COMFY,
)
def windows_without_a_step(program: Program) -> Iterator[Finding]:
    """Loops, too."""
    for said in program.each(Windows):
        length, shared = said.sizes(program.scene.fps)
        if shared // 8 >= (length - 1) // 8 + 1:
            message = f"an overlap of {shared} frames in windows of {length}"
            yield Finding(message, said.span_of("overlap"))
    for loop in program.each(LoopTake):
        window, overlap = loop.sizes(program.scene.fps)
        if overlap >= window:
            yield Finding("the overlap is as long as the window", loop.span_of("overlap"))


@rule(
    "LTX245",
    "windows that hold the whole clip",
    Severity.NOTE,
    why="Windows only work on clips longer than one of them.",
    wrong='windows 145f overlap 40f\nlength 121f\nprompt "a walk"\npass dev 30',
    right='windows 145f overlap 40f\nlength 20s\nprompt "a walk"\npass dev 30',
    source="ComfyUI comfy/context_windows.py should_use_context",
    asked=COMFY,
)
def windows_for_nothing(program: Program) -> Iterator[Finding]:
    """By the length of the pass."""
    for stage, said in program.held(Windows):
        if stage is program.stages[0] and stage.frames <= said.sizes(stage.fps)[0]:
            yield Finding(f"the clip has {stage.frames} frames", said.span_of("length"))


@rule(
    "LTX246",
    "guides before the clip under windows",
    Severity.WARNING,
    why="Context windows hand a guide to the windows that it stands in; before the clip there is none.",
    wrong='windows 145f overlap 40f\nlength 20s\nguide "a.png" @ -1\nprompt "a walk"\npass dev 30',
    right='windows 145f overlap 40f\nlength 20s\nguide "a.png" @ 0\nprompt "a walk"\npass dev 30',
    source="ComfyUI comfy/context_windows.py",
    asked=COMFY,
)
def lost_references(program: Program) -> Iterator[Finding]:
    """References, too."""
    for stage, _ in program.held(Windows):
        for placed in stage.placed:
            if isinstance(placed.statement, Guide) and placed.frame < 0:
                yield Finding(f"`{placed.statement.word}` before the clip is lost", placed.statement.span)


@rule(
    "LTX247",
    "voice without a LoRA for it",
    Severity.WARNING,
    why="The base model has not learned what tokens before the clip's sound mean; the ID-LoRAs have.",
    wrong='speaker "v.wav" guidance 3\nprompt "a man speaks"\npass dev 30',
    right='speaker "v.wav" guidance 3\nlora "id-lora-talkvid.safetensors" 1\nprompt "a man speaks"\npass dev 30',
    source="ID-LoRA for LTX 2.3; ComfyUI comfy_extras/nodes_lt.py LTXVReferenceAudio",
    asked=COMFY,
)
def voice_alone(program: Program) -> Iterator[Finding]:
    """Any LoRA but the distilled one is believed to be made for it; two ID-LoRAs are one too many."""
    for stage, said in program.held(Speaker):
        if stage is not program.stages[0]:
            continue
        if not any(use.name != DISTILL for use in stage.loras):
            yield Finding("no LoRA here knows what a voice before the clip is", said.span)
        if len([use for use in stage.loras if "id-lora" in use.name.lower()]) > 1:
            yield Finding("two ID-LoRAs were trained on other data, and are not meant to be used together", said.span)


@rule(
    "LTX248",
    "voice that is hardly heard",
    Severity.WARNING,
    why="ID-LoRAs were trained with about five seconds of the voice.",
    wrong='speaker "v.wav" first 0.5s\nlora "id-lora-talkvid.safetensors" 1\nprompt "a man speaks"\npass dev 30',
    right='speaker "v.wav" first 5s\nlora "id-lora-talkvid.safetensors" 1\nprompt "a man speaks"\npass dev 30',
    source="ComfyUI comfy_extras/nodes_lt.py LTXVReferenceAudio: tooltip",
    asked=COMFY,
)
def short_voice(program: Program) -> Iterator[Finding]:
    """What is asked for, or what the file has: two seconds are few, ten are many."""
    for stage, said in program.held(Speaker):
        if stage is not program.stages[0]:
            continue
        seconds, there = said.heard(stage.fps), media_info.sound_seconds(said.source.path)
        if not 2 <= seconds <= 10:
            field = "seconds" if said.gives("seconds") and seconds != there else "source"
            yield Finding(f"{seconds:.3g} s of the voice are heard", said.span_of(field), "3 to 8 seconds are usual")
