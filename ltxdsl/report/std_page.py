"""The page of the standard library, written from its files."""

from __future__ import annotations

from itertools import takewhile

from ltxdsl.compiler.library import STANDARD
from ltxdsl.report.markdown import fenced


def std_page() -> str:
    """Every recipe of the standard library: what its comment says, and the recipe itself."""
    lines = [
        "# The standard library",
        "",
        "Recipes that ship with the package. `import std` makes all of them known, `import std hq, distilled` only",
        "these; a file is read when a script uses it. [`use`](use.md) says how values are given to parameters.",
        "",
        *fenced("ltx", 'import std three_pass\nsize 512x512\nprompt "a lake"\nuse three_pass steps 30'),
    ]
    for path in sorted(STANDARD.glob("*.ltx")):
        text = path.read_text(encoding="utf-8").splitlines()
        comment = list(takewhile(lambda line: line.startswith("#"), text))
        said = [line.removeprefix("#").strip() for line in comment]
        lines += ["", f"## `{path.stem}`", "", *said, "", *fenced("ltx", "\n".join(text[len(comment) :]))]
    return "\n".join(lines)
