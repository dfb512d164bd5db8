"""Rules of comments that allow findings, and of severities in `ltx.toml`."""

from ltxdsl.compiler.checks.rules import known_elsewhere
from ltxdsl.diagnostics import Severity

_FEW = 'prompt "a lake"\npass dev 6'

known_elsewhere(
    "LTX180",
    "allowed without a reason",
    severity=Severity.WARNING,
    why="Who reads the script later must know why the rule does not hold here; without a reason nothing is allowed.",
    wrong=f"{_FEW}  # ltx: allow LTX048",
    right=f"{_FEW}  # ltx: allow LTX048 because it only tries the prompt",
)
known_elsewhere(
    "LTX181",
    "unknown rule allowed",
    severity=Severity.WARNING,
    why="It is a typo, or a rule that is gone: the comment does nothing.",
    wrong=f"{_FEW}  # ltx: allow LTX48 because it only tries the prompt",
    right=f"{_FEW}  # ltx: allow LTX048 because it only tries the prompt",
)
known_elsewhere(
    "LTX182",
    "nothing there to allow",
    severity=Severity.WARNING,
    why="The finding is gone, or on another line; left there, the comment would hide the next one.",
    wrong='prompt "a lake"  # ltx: allow LTX048 because it only tries the prompt\npass dev 30',
    right=f"{_FEW}  # ltx: allow LTX048 because it only tries the prompt",
)
known_elsewhere(
    "LTX183",
    "rule that cannot be allowed",
    severity=Severity.WARNING,
    why="What comes after relies on it: past this error there would be no graph, or another one than was written.",
    wrong='length 120f  # ltx: allow LTX010 because it is close enough\nprompt "a lake"\npass dev 30',
    right='length 121f\nprompt "a lake"\npass dev 30',
)
known_elsewhere(
    "LTX184",
    "file-wide comment in the middle of a file",
    severity=Severity.WARNING,
    why="What holds for a whole file must be seen by who opens it: it stands before the first statement.",
    wrong=f"{_FEW}\n# ltx: allow LTX048 in this file because it only tries prompts",
    right=f"# ltx: allow LTX048 in this file because it only tries prompts\n{_FEW}",
)
known_elsewhere(
    "LTX185",
    "setting of a rule that cannot be",
    severity=Severity.WARNING,
    why="`[rules]` in `ltx.toml` gives codes of rules one of off, info, warning, error; needed errors stay errors.",
    wrong='prompt "a lake"\npass dev 30',
    right='prompt "a lake"\npass dev 30',
    asked={"severities": {"LTX048": "loud"}},
    asked_right={"severities": {"LTX048": "off"}},
)
known_elsewhere(
    "LTX186",
    "comment for `ltx` that it does not understand",
    severity=Severity.WARNING,
    why="A comment that starts with `ltx:` is read; one with a mistake in it allows nothing.",
    wrong=f"{_FEW}  # ltx: ignore LTX048 because it only tries the prompt",
    right=f"{_FEW}  # ltx: allow LTX048 because it only tries the prompt",
)
