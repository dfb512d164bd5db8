"""What the site needs beside its pages: colours for `ltx` code, and a navigation that lists every statement."""

from __future__ import annotations

from typing import Any

from pygments import lexers
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

from ltxdsl.compiler.checks import RULES
from ltxdsl.ops import STATEMENTS


class LtxLexer(RegexLexer):
    """Statements at the start of a line or block are keywords; numbers keep their units."""

    name = "ltx"
    aliases = ("ltx", "ltx-wrong")  # wrong scripts look the same; the text around them says that they are
    tokens = {  # noqa: RUF012
        "root": [
            (r"#.*", Comment),
            (r'"""(?:.|\n)*?"""', String),
            (r'"(?:\\.|[^"\\\n])*"', String),
            (rf"(?:(?<=^)|(?<=[{{;] )|(?<=  ))(?:{'|'.join(STATEMENTS)})\b", Keyword),
            (rf"(?<== )(?:{'|'.join(STATEMENTS)})\b", Keyword),
            (r"@", Operator),
            (r"\d+x\d+\b|-?\d+(?:\.\d+)?(?:e-?\d+)?(?:fps|f|s|x|%)?", Number),
            (r"[{}()|;,]|\.\.", Punctuation),
            (r"[A-Za-z_]\w*", Name),
            (r"\s+|.", Text),
        ]
    }


def on_config(config: Any) -> Any:
    """Let Pygments know the language; put the generated pages into the navigation."""
    import sys

    sys.modules["ltxdsl_site_lexer"] = sys.modules[__name__]
    lexers.LEXERS["LtxLexer"] = ("ltxdsl_site_lexer", LtxLexer.name, LtxLexer.aliases, (), ())
    lexers._lexer_cache[LtxLexer.name] = LtxLexer
    common = ["std", "values", "samplers", "schedules"]
    pages = ["reference/index.md", *({name: f"reference/{name}.md"} for name in (*common, *STATEMENTS))]
    for section in config["nav"]:
        if "Statements" in section:
            section["Statements"] = pages
        if "Rules" in section:
            section["Rules"] = ["rules.md", *({code: f"rules/{code}.md"} for code in sorted(RULES))]
    return config


SHIM = '<script src="https://unpkg.com/iframe-worker/shim"></script>'  # what the theme would fetch


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Search without a network: the site's own stand-in for workers, in place of the one that the theme fetches."""
    up = "../" * page.url.count("/")
    return output.replace(SHIM, f'<script src="{up}images/worker.js"></script>')


def on_post_template(output: str, template_name: str, config: Any) -> str:
    """The same for the page of what is not there."""
    return output.replace(SHIM, "")
