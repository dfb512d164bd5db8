"""Random scripts for hypothesis, made from the declarations: what a statement declares is what may be written.

`scripts()` are whole ones, mostly right; `runnable()` small ones without mistakes; `statement("guide")` one statement.
`sizes()`, `lengths()`, `schedules()`, `positions(frames)` and `guides(frames)` are right wherever a script is. NUMBERS,
FRAMES, TIMES, PLACES, SIZES, SIGMAS, PER_STEP are any values, right or wrong.
"""

from __future__ import annotations

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError('ltxdsl.testing.strategies needs hypothesis: pip install "ltxdsl[testing]"') from error

from ltxdsl.geometry import SPATIAL, TEMPORAL
from ltxdsl.models import load_model_set
from ltxdsl.ops import STATEMENTS, kinds, structure
from ltxdsl.ops.declare import Role, params
from ltxdsl.values import plain

NUMBERS = st.one_of(st.integers(0, 12), st.floats(0, 4).map(lambda x: round(x, 3)), st.just(0.5), st.just(1.0))
FRAMES = st.one_of(st.integers(0, 5).map(lambda n: 8 * n + 1), st.integers(0, 40))
TEXTS = st.sampled_from(['"a lake"', '"she turns"', '""', '"a \\"b\\" {c}"', '"""two\nlines"""'])
TIMES = st.one_of(FRAMES.map(lambda n: f"{n}f"), NUMBERS.map(lambda x: f"{plain(x)}s"))
PLACES = st.one_of(
    TIMES,
    st.sampled_from(["0", "start", "end", "-1", "-2", "end - 8f", "50%", "start + 1s", "100%"]),
)
SIDES = st.sampled_from([32, 64, 96, 128, 200, 256])
SIZES = st.tuples(SIDES, SIDES).map(lambda s: f"{s[0]}x{s[1]}")
PER_STEP = st.one_of(NUMBERS.map(plain), st.sampled_from(["2 for 2 then 1", "3 for 1 then 2 for 1 then 1"]))
SIGMAS = st.one_of(
    st.sampled_from(["distilled", "ltxv", "1, 0.5, 0", "0.9, 0.4, 0", "1"]),
    st.lists(st.floats(0, 1).map(lambda x: plain(round(x, 3))), min_size=2, max_size=5).map(", ".join),
)
MEDIA = st.sampled_from(["img", '"a.png"', 'image "b.png"', 'video "walk.mp4"', "clip"])


ANYTHING = ("x", "3", "0.5", '"a.png"', "1, 2", "clip", "4s", "distill 0.6")


def _words(kind: kinds.Kind) -> st.SearchStrategy[str]:
    class Names:
        models = load_model_set("embedded")

    # A kind without words of its own, and without a row below: anything may stand there, right or wrong.
    return st.sampled_from(sorted(kind.words(Names())) or ANYTHING)  # type: ignore[arg-type]


OF_KIND = {
    kinds.NUMBER.name: NUMBERS.map(plain),
    kinds.INTEGER.name: st.integers(0, 30).map(str),
    kinds.FACTOR.name: st.sampled_from(["0.25x", "0.5x", "1x", "2x"]),
    kinds.SIZE.name: SIZES,
    kinds.TIME.name: TIMES,
    kinds.FPS.name: st.sampled_from(["24fps", "25fps", "12.5fps", "0fps"]),
    kinds.TEXT.name: TEXTS,
    kinds.FILE.name: st.sampled_from(['"a.png"', '"out.mp4"', '"out.png"', '"x.gif"', '"clip.mov"']),
    kinds.SPAN.name: st.tuples(PLACES, PLACES).map(lambda s: f"{s[0]}..{s[1]}"),
    kinds.PLACE.name: PLACES,
    kinds.SIGMAS.name: SIGMAS,
    kinds.PER_STEP.name: PER_STEP,
    kinds.ASSIGNMENT.name: st.tuples(st.sampled_from(["x", "y", "img"]), NUMBERS).map(
        lambda t: f"{t[0]} = {plain(t[1])}"
    ),
    kinds.LORA.name: st.sampled_from(["distill", '"style.safetensors"']),
    kinds.ROLE.name: st.sampled_from(["dev", "distill", "distill 0.6"]),
    kinds.NAME.name: st.sampled_from(["one", "two", "x"]),
    kinds.NAMES.name: st.sampled_from(["one", "x, y", "two"]),
    kinds.RECIPE.name: st.sampled_from(["one", "two", "three_pass", "x"]),
    kinds.NAME_OR_TEXT.name: st.sampled_from(["wide", "close", '"ref-{x}"', '"a/b"']),
    kinds.FILE_OR_STD.name: st.sampled_from(["std", '"studio.ltx"', '"circle.ltx"', '"none.ltx"', "x"]),
    kinds.PARAMETERS.name: st.sampled_from(["()", "(x)", "(x = 0.5x, y = 3)", '(y = "a", x)']),
    kinds.ARGUMENTS.name: st.sampled_from(["", "x 0.5x", "3", "y 2 x 1x", "img"]),
    kinds.VALUES.name: st.sampled_from(
        ["in 1, 2", "in 0.3", 'in "a", "b"', "in (1, 2), (3, 4)", "1, 2", 'in files "*.png"']
    ),
    kinds.DECLARED.name: st.sampled_from(["x", "y = 3", 'words = "a"', "img"]),
    kinds.INTEGERS.name: st.sampled_from(["0", "1, 2", "28"]),
    kinds.NUMBERS.name: st.lists(NUMBERS.map(plain), min_size=1, max_size=3).map(", ".join),
    kinds.TEXTS.name: st.sampled_from(['"[0-1s] she turns"', '"[0-1s] a" "[1-2s] b"', '"no time"']),
    kinds.PERCENT.name: st.integers(0, 110).map(lambda n: f"{n}%"),
    kinds.CLIP.name: st.sampled_from(["clip", "one", 'video "walk.mp4"']),
    kinds.PICTURE.name: MEDIA,
    kinds.PICTURE_OR_VIDEO.name: MEDIA,
}


STEPS = ["| size 64x96", "| longer 128 by area", "| scale 0.5x", "| multiple 32", "| frames 9f", "| invert", "| grow 2"]


def value_of(kind: kinds.Kind) -> st.SearchStrategy[str]:
    """Text of that kind."""
    return OF_KIND[kind.name] if kind.name in OF_KIND else _words(kind)


@st.composite
def statement(draw: st.DrawFn, word: str = "", inside: bool = False) -> str:
    """One statement as text, mostly right."""
    known = [w for w, c in STATEMENTS.items() if not inside or c.role in (Role.SETTING, Role.CONDITION)]
    cls = STATEMENTS[word or draw(st.sampled_from(sorted(known)))]
    pieces = []
    for field, param in params(cls).items():
        if param.how == "parts":
            count = draw(st.integers(1, 3))
            pieces.append(" | ".join(_part(draw, param.part) for _ in range(count)))
            continue
        if param.how == "steps":
            pieces += draw(st.lists(st.sampled_from(STEPS), max_size=2))
            continue
        required = param.how == "word" and field not in _defaults(cls)
        if required or draw(st.booleans()):
            mark = {"word": "", "place": "@ "}.get(param.how, f"{param.key or field} ")
            pieces.append(mark + draw(value_of(param.kind)))
    target = "img = " if cls.word in ("image", "video") else ""
    block = ""
    if cls.body or (cls.block and draw(st.booleans())):
        inner = draw(st.lists(statement(inside=not cls.body or draw(st.booleans())), max_size=3))
        block = " { " + "; ".join(inner) + " }" if all("\n" not in i for i in inner) else ""
    return f"{target}{cls.word} {' '.join(pieces)}".rstrip() + block


def _part(draw: st.DrawFn, part: type) -> str:
    if part is structure.Axis:
        return f"{draw(OF_KIND[kinds.NAMES.name])} {draw(OF_KIND[kinds.VALUES.name])}"
    text = draw(st.sampled_from(['"a"', '"b"', '"she turns"']))
    return text + (" " + draw(OF_KIND[kinds.SPAN.name]) if draw(st.integers(0, 3)) == 0 else "")


def _defaults(cls: type) -> dict[str, object]:
    from ltxdsl.ops.declare import defaults

    return defaults(cls)


def scripts(min_size: int = 0, max_size: int = 7) -> st.SearchStrategy[str]:
    """Whole scripts; comments and layout vary."""
    ends = st.sampled_from(["\n", ";", "\n\n", "  # why\n", "\n# note\n"])
    lines = st.lists(st.tuples(statement(), ends), min_size=min_size, max_size=max_size)
    return lines.map(lambda pairs: "".join(line + end for line, end in pairs))


@st.composite
def runnable(draw: st.DrawFn) -> str:
    """Small scripts without mistakes, for runs on the embedded models."""
    size = draw(st.sampled_from(["64x64", "128x64", "64x96"]))
    frames = draw(st.sampled_from([1, 9, 17]))
    lines = [f"size {size}", f"length {frames}f", f"seed {draw(st.integers(0, 99))}", 'prompt "a lake"']
    if draw(st.booleans()):
        lines.append(f'guide "a.png" @ {draw(st.sampled_from(["-1", "end", "0"]))} strength 0.4 crf 0')
    if draw(st.booleans()):
        lines.append('inplace "b.png" strength 0.7 crf 0')
    if frames > 9 and draw(st.booleans()):
        lines.append('relay "she runs" | "she stops" eps 0.5')
    sampler = draw(st.sampled_from(["euler", "er_sde", "euler_ancestral"]))
    cfg = draw(st.sampled_from(["", " { cfg 1 }", " { cfg 2 for 1 then 1 }"]))
    lines.append(f"pass distill 2 sigmas 1, 0.6, 0 {sampler}{cfg}")
    if draw(st.booleans()):
        lines.append("upscale 2x distill 0.5 1")
    if draw(st.booleans()):
        lines.append("pass dev sigmas 0.4, 0 { cfg 1; lora distill 0 }")
    if draw(st.booleans()):
        lines.append(f"decode tile 64 overlap {draw(st.sampled_from([0, 32]))}")
    return "\n".join(lines)


def sizes(smallest: int = 64, largest: int = 512) -> st.SearchStrategy[str]:
    """Sizes that are whole cells: `128x96`; sides in pixels, multiples of 32."""
    sides = st.integers(-(-smallest // SPATIAL), largest // SPATIAL).map(lambda n: n * SPATIAL)
    return st.tuples(sides, sides).map(lambda s: f"{s[0]}x{s[1]}")


def lengths(longest: int = 121) -> st.SearchStrategy[str]:
    """Lengths of a clip that are whole latent frames: `17f`; 1 + 8N frames."""
    return st.integers(0, (longest - 1) // TEMPORAL).map(lambda n: f"{TEMPORAL * n + 1}f")


def schedules(longest: int = 8) -> st.SearchStrategy[str]:
    """Lists of sigmas that fall from 1 to 0: `1, 0.6, 0`."""
    between = st.lists(st.integers(1, 999), unique=True, max_size=longest - 1)
    return between.map(lambda s: ", ".join(["1", *(plain(x / 1000) for x in sorted(s, reverse=True)), "0"]))


def positions(frames: int) -> st.SearchStrategy[str]:
    """Places within a clip of so many frames, where a picture may be put."""
    slots = (frames - 1) // TEMPORAL
    forms = [st.sampled_from(["0", "start", "end", "100%", "-1"])]
    forms.append(st.integers(0, slots).map(lambda n: f"{TEMPORAL * n}f"))
    forms.append(st.integers(0, slots).map(lambda n: f"end - {TEMPORAL * n}f"))
    return st.one_of(forms)


def guides(frames: int, file: str = "a.png") -> st.SearchStrategy[str]:
    """Pictures as guides of a clip of so many frames: `guide "a.png" @ end strength 0.4`."""
    strengths = st.integers(1, 10).map(lambda n: plain(n / 10))
    return st.tuples(positions(frames), strengths).map(lambda g: f'guide "{file}" @ {g[0]} strength {g[1]}')
