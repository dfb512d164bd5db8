"""Rules of recipes, imports, shots and sweeps; the binder enforces most of them."""

from __future__ import annotations

from collections.abc import Iterator

from ltxdsl.compiler.checks.rules import Finding, Program, known_elsewhere, rule
from ltxdsl.diagnostics import Severity
from ltxdsl.ops.sampling import Pass

known_elsewhere(
    "LTX150",
    "unknown recipe",
    why="A recipe stands in the same file, or is imported from another.",
    wrong='prompt "a lake"\nuse three_pass',
    right='import std three_pass\nsize 512x512\nprompt "a lake"\nuse three_pass',
)
known_elsewhere(
    "LTX151",
    "recipe that uses itself",
    why="A recipe is written out where it is used; one that uses itself would never end.",
    wrong='recipe more { pass dev 30; use more }\nprompt "a lake"\nuse more',
    right='recipe more { pass dev 30 }\nprompt "a lake"\nuse more',
)
known_elsewhere(
    "LTX152",
    "parameter that the recipe never uses",
    severity=Severity.WARNING,
    why="A value given for it would change nothing; it is often a typo in the body.",
    wrong='recipe first(steps = 30) { pass dev 30 }\nprompt "a lake"\nuse first',
    right='recipe first(steps = 30) { pass dev steps }\nprompt "a lake"\nuse first',
)
known_elsewhere(
    "LTX153",
    "file to import not found",
    why="It is looked for beside the file that imports it, then in `[paths] import` of ltx.toml, then in LTX_PATH.",
    wrong='import "no-such-file.ltx"\nprompt "a lake"\npass dev 30',
    right='import std\nprompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX154",
    "files that import each other",
    why="A file is read before the names that it gives are known; in a circle none could be first.",
    wrong='import "circle.ltx"\nprompt "a lake"\npass dev 30',
    right='import "studio.ltx"\nprompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX155",
    "name that the imported file does not give",
    why="A file gives its recipes, lets, inputs and named files.",
    wrong='import std three_passes\nprompt "a lake"\npass dev 30',
    right='import std three_pass\nprompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX156",
    "statement of an imported file that is left out",
    severity=Severity.WARNING,
    why="An import gives names. What a file does by itself, it does only when it is run itself.",
    wrong='import "whole.ltx"\nprompt "a lake"\npass dev 30',
    right='import "studio.ltx"\nprompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX157",
    "script that comes to too much",
    why="Recipes in recipes and sweeps in sweeps multiply: ten tens of tens are a thousand passes.",
    wrong=f"let n = 1\nsweep {' | '.join(f'{v} in ' + ', '.join('123456789') + ', 10' for v in 'abcde')} "
    '{ shot "s-{a}{b}{c}{d}{e}" { prompt "a lake"; pass distill n 8 } }',
    right='sweep a in 1, 0.5 { shot "s-{a}" { prompt "a lake"; pass distill a 8 } }',
)
known_elsewhere(
    "LTX158",
    "shot's name",
    why="A shot is known by its name: in plans, with `--shot`, to later statements, and as the file that it writes.",
    wrong='prompt "a lake"\nshot wide { pass dev 30 }\nshot wide { pass dev 20 }',
    right='prompt "a lake"\nshot wide { pass dev 30 }\nshot near { pass dev 20 }',
)


@rule(
    "LTX159",
    "rounds of a sweep that go on from each other",
    Severity.WARNING,
    why="A pass outside a shot continues the clip that is there, so the second round refines the first.",
    wrong='prompt "a lake"\nsweep s in 0.4, 0.8 { pass distill s 8; save "lake-{s}.mp4" }',
    right='prompt "a lake"\nsweep s in 0.4, 0.8 { shot "lake-{s}" { pass distill s 8 } }',
)
def sweep_without_shots(program: Program) -> Iterator[Finding]:
    """One finding for each sweep."""
    sources = program.bound.sources
    rounds: dict[object, int] = {}
    for said in program.bound.statements:
        trail = sources.trail(said.span) if isinstance(said, Pass) else ()
        for spot in trail:
            if spot.words.startswith("`sweep`"):
                key = (id(spot.source), spot.span)
                rounds[key] = rounds.get(key, 0) + 1
                if rounds[key] == 2:
                    hint = 'put the round into a shot: `shot "name-{s}" { … }`'
                    yield Finding("this pass goes on from the round before", said.span, hint)
