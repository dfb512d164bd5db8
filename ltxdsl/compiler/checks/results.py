"""Rules of results, and of statements that come to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from ltxdsl.compiler.checks.rules import Finding, Program, known_elsewhere, rule
from ltxdsl.compiler.lower import MOST_OPS
from ltxdsl.diagnostics import Fix, Severity
from ltxdsl.geometry import snapped_to
from ltxdsl.ops import nodes
from ltxdsl.ops.media import IMAGE_SUFFIXES, SEQUENCE_SUFFIXES, SOUND_SUFFIXES, VIDEO_SUFFIXES, Decode, Save
from ltxdsl.ops.sampling import Pass


@rule(
    "LTX070",
    "statement without effect",
    Severity.WARNING,
    why="A statement at the top holds for the passes after it; after the last pass nothing is left to hold for.",
    wrong='prompt "a lake"\npass dev 30\nguide "a.png" @ end',
    right='prompt "a lake"\nguide "a.png" @ end\npass dev 30',
    whole=True,
)
def without_effect(program: Program) -> Iterator[Finding]:
    """What belongs to the saves after it is not meant."""
    for said in program.scene.leftover if program.scene.all_stages else ():
        yield Finding(f"`{said.word}` stands after the last pass: nothing uses it", said.span, "move it up")


@rule(
    "LTX077",
    "script that grows too large",
    Severity.ERROR,
    why=f"Conditions hold for every later pass: n of them over n passes are n x n ops. {MOST_OPS} are the limit.",
    wrong="",  # too long to be shown
    right="",
)
def too_large(program: Program) -> Iterator[Finding]:
    """What stands after that place was not looked at."""
    if said := program.scene.overflow:
        yield Finding(f"with this the script comes to more than {MOST_OPS} ops", said.span, "split it, or use blocks")


@rule(
    "LTX071",
    "unknown kind of file",
    Severity.ERROR,
    why="The ending of the file says what is written.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.avi"',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4"',
)
def unknown_file_kind(program: Program) -> Iterator[Finding]:
    """Videos, pictures, sequences, sound."""
    for said in program.each(Save):
        if not said.kind:
            known = ", ".join((*VIDEO_SUFFIXES, *IMAGE_SUFFIXES, *SOUND_SUFFIXES))
            hint = f"one of {known}; with a number such as `f.%04d.exr` one of {', '.join(SEQUENCE_SUFFIXES)}"
            better = f"{said.path.removesuffix('.exr')}.%04d.exr" if said.suffix == ".exr" else _as_video(said)
            fixes = (Fix(said.span_of("path"), f'"{better}"'),)
            yield Finding(f"`{said.path}` has no ending that can be written", said.span_of("path"), hint, fixes)


def _as_video(said: Save) -> str:
    return f"{said.path.removesuffix(said.suffix)}.mp4"


known_elsewhere(
    "LTX083",
    "one name for several files",
    why="Every `save` writes a file of its own; `-o` names one file, or a folder for all of them.",
    wrong='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "b.mp4"',
    right='prompt "a lake"\npass dev 30\nsave "a.mp4"',
    asked={"output": "c.mp4"},
)


@rule(
    "LTX072",
    "save before any pass",
    Severity.ERROR,
    why="`save` writes what the last pass made.",
    wrong='prompt "a lake"\nsave "lake.mp4"\npass dev 30',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4"',
)
def save_first(program: Program) -> Iterator[Finding]:
    """Statements run in order."""
    for statement in () if program.broken else program.bound.statements:
        if isinstance(statement, Pass):
            return
        if isinstance(statement, Save) and any(program.each(Pass)):
            yield Finding("there is nothing to save yet", statement.span, "put it after a pass")


@rule(
    "LTX074",
    "saved frame outside the clip",
    Severity.ERROR,
    why="A picture shows one frame of the clip; frames count from 0.",
    wrong='length 25f\nprompt "a lake"\npass dev 30\nsave "lake.png" @ 25f',
    right='length 25f\nprompt "a lake"\npass dev 30\nsave "lake.png" @ end',
)
def saved_frame_outside(program: Program) -> Iterator[Finding]:
    """Slots before the clip are never decoded."""
    for said in program.each(Save):
        if said.kind != "picture" or not said.gives("at"):
            continue
        frame = said.at.frame(program.scene.frames, program.scene.fps)
        if not 0 <= frame < program.scene.frames:
            message = f"frame {frame} is not in the clip: its frames are 0 to {program.scene.frames - 1}"
            yield Finding(message, said.span_of("at"), fixes=(Fix(said.span_of("at"), "end"),))


@rule(
    "LTX075",
    "option that this kind of file ignores",
    Severity.WARNING,
    why="`crf` is the quality of a video, `@` the frame of a picture, `number` counts the files of a sequence.",
    wrong='prompt "a lake"\npass dev 30\nsave "lake.png" crf 17',
    right='prompt "a lake"\npass dev 30\nsave "lake.mp4" crf 17',
)
def ignored_option(program: Program) -> Iterator[Finding]:
    """By what is written."""
    for said in program.each(Save):
        for field in FIELDS_OF if said.kind else ():
            if said.gives(field) and said.kind not in FIELDS_OF[field]:
                shown = "@" if field == "at" else field
                yield Finding(f"`{shown}` says nothing about {SAID_KINDS[said.kind]}", said.span_of(field))


SAID_KINDS = {"video": "a video", "picture": "a picture", "sequence": "a sequence", "sound": "sound alone"}
FIELDS_OF = {
    "crf": ("video",),
    "bitrate": ("video",),
    "codec": ("video",),
    "audio": ("video",),
    "at": ("picture",),
    "number": ("sequence",),
    "depth": ("sequence",),
    "colour": ("video", "picture", "sequence"),
}


known_elsewhere(
    "LTX076",
    "name that nothing uses",
    severity=Severity.WARNING,
    why="It is often a typo in the place where it was meant.",
    wrong='img = image "a.png"\nprompt "a lake"\npass dev 30',
    right='img = image "a.png"\nprompt "a lake"\nguide img @ end\npass dev 30',
)


@rule(
    "LTX073",
    "one file saved twice",
    Severity.ERROR,
    why="The second would replace the first.",
    wrong='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "a.mp4" crf 30',
    right='prompt "a lake"\npass dev 30\nsave "a.mp4"\nsave "b.mp4" crf 30',
    whole=True,
)
def saved_twice(program: Program) -> Iterator[Finding]:
    """By name, as written."""
    seen = set()
    for said in program.each(Save):
        if said.path in seen:
            hint = 'in a sweep, put what changes into the name: "lake-{s}.mp4"' if program.scene.shots else ""
            yield Finding(f"`{said.path}` is saved twice", said.span_of("path"), hint)
        seen.add(said.path)


@rule(
    "LTX078",
    "video of one frame",
    Severity.NOTE,
    why="A clip of one frame is a picture; as a video most players show it for a moment, or not at all.",
    wrong='length 1f\nprompt "a lake"\npass dev 30\nsave "lake.mp4"',
    right='length 1f\nprompt "a lake"\npass dev 30\nsave "lake.png"',
)
def one_frame_video(program: Program) -> Iterator[Finding]:
    """By the frames that are written."""
    for node in program.ops(nodes.WriteVideo):
        frames = program.facts[node.inputs["image"]].frames
        if frames == 1 and node.span and program.written(node.span).startswith("save"):
            name = str(PurePath(node.op.path).with_suffix(".png"))  # type: ignore[attr-defined]
            yield Finding("this video has one frame", node.span, f"save it as a picture, `{name}`")


@rule(
    "LTX079",
    "decoding tile off the grid",
    Severity.WARNING,
    why="Tiles are whole latent cells of 32 pixels: another size is rounded down, and its overlap with it.",
    wrong='prompt "a lake"\ndecode tile 500 overlap 64\npass dev 30',
    right='prompt "a lake"\ndecode tile 512 overlap 64\npass dev 30',
    source="ComfyUI nodes.py VAEDecodeTiled; Lightricks ltx-core TileSizeConfig",
)
def tile_off_the_grid(program: Program) -> Iterator[Finding]:
    """Size and overlap; an overlap as large as the tile leaves no step from tile to tile."""
    for said in program.each(Decode):
        for field, value in (("tile", said.tile), ("overlap", said.overlap)):
            if value % 32:
                low, high = snapped_to(value, 32)
                near = (low, high) if value - low <= high - value else (high, low)
                span = said.span_of(field)
                yield Finding(f"{value} is no multiple of 32", span, fixes=tuple(Fix(span, str(n)) for n in near))
        if said.overlap >= said.tile:
            yield Finding(f"an overlap of {said.overlap} leaves no step in tiles of {said.tile}", said.span)
