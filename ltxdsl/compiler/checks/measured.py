"""Rules of clips that are like a picture or video."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.declare import Statement
from ltxdsl.ops.measured import Like
from ltxdsl.ops.time import ClipLength, ClipRate, ClipSize
from ltxdsl.targets import LOCAL

SAID: dict[str, tuple[type[Statement], str]] = {
    "size": (ClipSize, "size"),
    "length": (ClipLength, "time"),
    "fps": (ClipRate, "fps"),
}


@rule(
    "LTX254",
    "size, length or rate said twice",
    Severity.ERROR,
    why="`like` takes it from a picture or video; a statement that says it, or another `like`, cannot hold beside it.",
    wrong='size 512x320\nlike image "a.png" size\nprompt "a lake"\npass dev 30',
    right='like image "a.png" size\nprompt "a lake"\npass dev 30',
)
def said_twice(program: Program) -> Iterator[Finding]:
    """Of each of the three, the `like` that comes second is pointed at, or the one beside a number."""
    for what, (kind, field) in SAID.items():
        likes = [said for said in program.each(Like) if said.gives_clip(what)]
        numbers = [said for said in program.each(kind) if said.gives(field)]
        for late in likes if numbers else likes[1:]:
            other = numbers[0].word if numbers else "like"
            words = [name for name in SAID if name != what and late.gives_clip(name)]
            hint = f"say what else it is for: {' '.join(words)}" if words else "remove one of them"
            yield Finding(f"the {what} of the clip is said by `{other}` too", late.span, hint)


@rule(
    "LTX255",
    "size, length or rate that is not known here",
    Severity.WARNING,
    why="The file is not here, or what a node gives has no size before it runs. A server measures it; what is reckoned "
    "here, such as the length of a sound, takes the usual size and length in its place.",
    wrong='blurred = node "Blur" { image: "a.png" }\nimg = image blurred\nlike img size\nprompt "a lake"\npass dev 30',
    right='like image "a.png" size\nprompt "a lake"\npass dev 30',
    targets=("comfy",),
)
def not_known_there(program: Program) -> Iterator[Finding]:
    """What a server measures."""
    yield from _unknown(program)


@rule(
    "LTX256",
    "clip like a file that cannot be measured",
    Severity.ERROR,
    why="This runtime makes the clip as large, long or fast as the file says, and the file does not say it.",
    wrong='like image "none.png" size\nprompt "a lake"\npass dev 30',
    right='like image "a.png" size\nprompt "a lake"\npass dev 30',
    targets=(LOCAL,),
)
def not_known_here(program: Program) -> Iterator[Finding]:
    """Files that are not there have a finding of their own too."""
    yield from _unknown(program)


def _unknown(program: Program) -> Iterator[Finding]:
    for said in program.each(Like):
        if not said.source.path and said.source.input:
            continue  # an input without a value
        known = {"size": said.sides(program.scene.chain), "length": said.frames, "fps": said.rate}
        if lacking := [what for what, found in known.items() if said.gives_clip(what) and not found]:
            yield Finding(f"its {' and '.join(lacking)} cannot be told here", said.span_of("source"))
