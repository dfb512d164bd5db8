"""Coverage-guided fuzzing of the compiler by atheris: no text may crash it, whatever it is.

python -m tests.fuzz.scripts --seconds 25
The corpus begins with the examples and the seeded mistakes. A text that crashes is written to a file where it runs, and
the exit code is not 0. Without atheris (`pip install ".[fuzz]"`) it says so and does nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LONGEST = 2000


def look_at(text: str) -> None:
    """All that `ltx check`, `ltx fmt` and `ltx plan` do with a text; anything but findings is a crash."""
    from ltxdsl.compiler import Request, analyze, compile
    from ltxdsl.diagnostics import render
    from ltxdsl.grammar import format_script, parse
    from ltxdsl.models import load_model_set
    from ltxdsl.source import Source

    source = Source(text)
    script, problems = parse(source)
    if not problems:
        once = format_script(script, source)
        again, rest = parse(Source(once))
        if rest or format_script(again, Source(once)) != once:
            raise AssertionError("the formatter is not stable")
    models = load_model_set("embedded")
    for target in ("local", "comfy"):
        for found in analyze(source, models, Request(target=target)).diagnostics:
            render(found, found.source or source, False)
    compile(source, models)


def seeds() -> list[str]:
    """Texts to begin with."""
    from tests.mistakes import MISTAKES, SCRIPTS

    examples = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").glob("*.ltx"))]
    wrong = [SCRIPTS[one.script].replace(one.right, one.wrong, 1) for one in MISTAKES]
    return [text for text in (*examples, *SCRIPTS.values(), *wrong) if len(text) < LONGEST]


def main() -> int:
    """Fuzz for so many seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=25)
    options = parser.parse_args()
    try:
        import atheris
    except ImportError:
        print('atheris is not installed (pip install ".[fuzz]"): nothing was fuzzed')
        return 0
    with atheris.instrument_imports(include=["ltxdsl.grammar", "ltxdsl.compiler", "ltxdsl.ops", "ltxdsl.values"]):
        import ltxdsl.compiler  # noqa: F401 - what is instrumented
    with tempfile.TemporaryDirectory() as corpus:
        for number, text in enumerate(seeds()):
            Path(corpus, f"{number:04d}").write_text(text, encoding="utf-8")

        def one_input(data: bytes) -> None:
            look_at(data.decode("utf-8", errors="replace")[:LONGEST])

        limits = [f"-max_total_time={options.seconds}", f"-max_len={LONGEST}", "-timeout=20", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], corpus, *limits], one_input)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
