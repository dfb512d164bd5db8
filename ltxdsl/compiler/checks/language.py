"""Rules of the language itself; the parser and the binder enforce them."""

from ltxdsl.compiler.checks.rules import known_elsewhere
from ltxdsl.diagnostics import Severity

known_elsewhere(
    "LTX001",
    "syntax",
    why="A statement is a word with values and options after it; `;` or a line end closes it.",
    wrong='prompt "a lake',
    right='prompt "a lake"; pass dev 30',
)
known_elsewhere(
    "LTX002",
    "unknown statement",
    why="Every statement is declared once; what is not declared has no meaning.",
    wrong='promt "a lake"\npass dev 30',
    right='prompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX003",
    "unknown word or option",
    why="A statement takes values by their kind and options by their keyword.",
    wrong='prompt "a lake"\npass dev 30 er_sd',
    right='prompt "a lake"\npass dev 30 er_sde',
)
known_elsewhere(
    "LTX004",
    "value of the wrong kind",
    why="Units tell frames from seconds and factors from counts.",
    wrong='prompt "a lake"\nguide "a.png" @ 8\npass dev 30',
    right='prompt "a lake"\nguide "a.png" @ 8f\npass dev 30',
)
known_elsewhere(
    "LTX005",
    "value out of its limits",
    why="Limits are those of the models and of the nodes that the script exports to.",
    wrong='prompt "a lake"\ninplace "a.png" strength 1.5\npass dev 30',
    right='prompt "a lake"\ninplace "a.png" strength 0.7\npass dev 30',
)
known_elsewhere(
    "LTX006",
    "statement in the wrong place",
    why="A pass's block holds settings and conditions for that pass; passes and files stand outside.",
    wrong='prompt "a lake"\npass dev 30 { save "a.mp4" }',
    right='prompt "a lake"\npass dev 30\nsave "a.mp4"',
)
known_elsewhere(
    "LTX007",
    "name bound twice",
    why="A name stands for one thing, so that a script reads the same from anywhere.",
    wrong='let s = 1\nlet s = 0.5\nprompt "a lake"\npass distill s 8',
    right='let s = 0.5\nprompt "a lake"\npass distill s 8',
)
known_elsewhere(
    "LTX008",
    "value for an input that the script lacks",
    severity=Severity.WARNING,
    why="A name that is used and never bound is an input; `--set` gives values to inputs only.",
    wrong='prompt "a lake"\npass dev 30',
    right="prompt text\npass dev 30",
    asked={"given": {"text": "a lake"}},
)
known_elsewhere(
    "LTX009",
    "input of the wrong kind",
    why="An input is typed by its use.",
    wrong='prompt "a lake"\nseed n\npass dev 30',
    right='prompt "a lake"\nseed n\npass dev 30',
    asked={"given": {"n": "half"}},
    asked_right={"given": {"n": "7"}},
)
