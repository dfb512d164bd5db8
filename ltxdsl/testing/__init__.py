"""For the tests of people who write scripts: a pytest plugin, `# expect:` comments, and random scripts.

The plugin is loaded by pytest where the package is installed, and collects `.ltx` files where it
is asked to: docs/testing.md.
`ltxdsl.testing.strategies` has strategies for hypothesis: `pip install "ltxdsl[testing]"`.

from hypothesis import given
from ltxdsl.compiler import compile
from ltxdsl.models import load_model_set
from ltxdsl.source import Source
from ltxdsl.testing.strategies import scripts


@given(scripts())
def test_my_tool_reads_whatever_compiles(text: str) -> None:
    compile(Source(text), load_model_set("embedded"))
"""
