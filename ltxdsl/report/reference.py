"""The reference pages, written from the declarations: statements, values, samplers, schedules, rules.

`pages()` gives all of them; `ltx docs` writes them, and a test compares them with the files on disk.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ltxdsl.compiler.checks import Rule
from ltxdsl.ops import STATEMENTS, Statement
from ltxdsl.ops.cells import shown
from ltxdsl.ops.declare import Param, Role, defaults, params
from ltxdsl.ops.kinds import SAMPLER, SCHEDULE, SIGMAS, Kind
from ltxdsl.report.markdown import MARK, fenced, table
from ltxdsl.report.rule_pages import rule_pages, rules_of
from ltxdsl.report.std_page import std_page
from ltxdsl.report.techniques import techniques_page
from ltxdsl.report.value_pages import samplers_page, schedules_page, values_page
from ltxdsl.targets import TITLES
from ltxdsl.values import plain

REFERENCE = "reference"
EXAMPLES = "examples"

SCOPES = {
    Role.SETTING: "A setting. At the top it holds for every pass after it, until the next `{word}`; in a pass's "
    "block it holds for that pass alone.",
    Role.CONDITION: "A condition. At the top it holds for every pass after it, and several add up; in a pass's "
    "block it is added for that pass alone, or stands there for the same one from outside.",
    Role.ACTION: "An action. It happens where it stands, in the order of the script.",
    Role.STRUCTURE: "Structure. It stands for other statements, which are put where it stands.",
    Role.NAME: "A name. It binds a name for the statements after it, and does nothing by itself.",
}

KIND_PAGES = {SAMPLER.name: "samplers.md", SCHEDULE.name: "schedules.md", SIGMAS.name: "schedules.md"}


def pages() -> dict[str, str]:
    """Every generated page: its path in the docs folder, and its text."""
    made = {f"{REFERENCE}/{word}.md": statement_page(cls) for word, cls in STATEMENTS.items()}
    made[f"{REFERENCE}/index.md"] = index_page()
    made[f"{REFERENCE}/std.md"] = std_page()
    made[f"{REFERENCE}/values.md"] = values_page()
    made[f"{REFERENCE}/samplers.md"] = samplers_page()
    made[f"{REFERENCE}/schedules.md"] = schedules_page()
    made |= rule_pages()
    made["techniques.md"] = techniques_page()
    return {path: f"{MARK}\n\n{text.strip()}\n" for path, text in sorted(made.items())}


def wanted(folder: Path) -> dict[str, str]:
    """The pages of a docs folder, and the index of the examples beside it."""
    examples = folder.parent / EXAMPLES
    index = {f"../{EXAMPLES}/README.md": f"{MARK}\n\n{examples_page(examples)}\n"} if examples.is_dir() else {}
    return {**pages(), **index}


def examples_page(folder: Path) -> str:
    """Every example with the first sentence of its comment."""
    scripts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.ltx"))}
    rows = [(f"[{stem}]({stem}.ltx)", _first_sentence(text)) for stem, text in scripts.items()]
    intro = "Each is checked, planned and exported by the tests; those that this runtime can do are run, too."
    return "\n".join(["# Examples", "", intro, "", *table(("script", "what it shows"), rows)])


def _first_sentence(text: str) -> str:
    comment = " ".join(line[1:].strip() for line in itertools.takewhile(lambda x: x.startswith("#"), text.splitlines()))
    return re.split(r"(?<=[.!?:])\s(?=[A-Z`])", comment)[0].rstrip(":")


def outdated(folder: Path) -> list[str]:
    """The pages in a docs folder that are missing, differ, or describe what is gone."""
    differ = [path for path, text in wanted(folder).items() if _content(folder / path) != text]
    return sorted([*differ, *leftover(folder)])


def leftover(folder: Path) -> list[str]:
    """Generated pages in a docs folder that no declaration asks for any more."""
    known = pages()
    there = (path for path in folder.rglob("*.md") if (_content(path) or "").startswith(MARK))
    return [name for path in there if (name := path.relative_to(folder).as_posix()) not in known]


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


# --- statements


def index_page() -> str:
    """All statements by subject, and the other pages."""
    lines = [
        "# Reference",
        "",
        "Every statement of the language, one page each. What they have in common:",
        "[values and places](values.md), [samplers](samplers.md), [schedules](schedules.md), [rules](../rules.md),",
        "[the standard library](std.md) of recipes.",
    ]
    for module in dict.fromkeys(cls.__module__ for cls in STATEMENTS.values()):
        title = (sys.modules[module].__doc__ or "").partition("\n")[0].rstrip(".")
        members = [cls for cls in STATEMENTS.values() if cls.__module__ == module]
        rows = [(f"[`{c.word}`]({c.word}.md)", c.role, _summary(c), _targets(c)) for c in members]
        lines += ["", f"## {title}", "", *table(("statement", "role", "what it does", "runs on"), rows)]
    return "\n".join(lines)


def statement_page(cls: type[Statement]) -> str:
    """What a statement does and takes, an example, and the rules that speak of it."""
    lines = [f"# `{cls.word}`", "", inspect.cleandoc(cls.__doc__ or ""), "", SCOPES[cls.role].format(word=cls.word)]
    if cls.body == "fields":
        lines += ["Its block `{ … }` holds lines such as `key: value`."]
    elif cls.body:
        lines += ["Its block `{ … }` holds statements of every kind."]
    elif cls.block:
        lines += ["Its block `{ … }` holds settings and conditions for this pass alone."]
    lines += ["", f"Runs on: {_targets(cls)}.", "", "## What it takes", "", *_takes(cls)]
    lines += ["", "## Example", "", *fenced("ltx", cls.example)]
    if rules := rules_of(cls.word):
        lines += ["", "## Rules", "", *table(("rule", "severity", "what it finds"), map(_rule_row, rules))]
    return "\n".join(lines)


def _summary(cls: type[Statement]) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


def _targets(cls: type[Statement]) -> str:
    return ", ".join(TITLES[target] for target in cls.targets)


def _rule_row(rule: Rule) -> tuple[str, ...]:
    return (f"[{rule.code}](../rules/{rule.code}.md)", rule.severity, rule.title)


def _takes(cls: type[Statement]) -> list[str]:
    heads = ("written", "takes", "if not said", "limits", "meaning")
    lines = table(heads, _param_rows(cls))
    for param in params(cls).values():
        if param.part is not None:
            lines += ["", "Each part between `|`:", "", *table(heads, _param_rows(param.part))]
        if param.verbs:
            lines += ["", f"After each `|`, {param.doc}:", "", *_steps(param.verbs)]
    return lines


def _steps(verbs: Mapping[str, type[msgspec.Struct]]) -> list[str]:
    """A row for each verb, with what it takes."""
    rows = []
    for verb, cls in verbs.items():
        takes = "; ".join(_taken(field, param, cls) for field, param in params(cls).items())
        rows.append((f"`{verb}`", takes, " ".join(inspect.cleandoc(cls.__doc__ or "").split())))
    return table(("step", "takes", "meaning"), rows)


def _taken(field: str, param: Param, cls: type[msgspec.Struct]) -> str:
    if defaults(cls).get(field) is False:
        return f"maybe `{param.kind.name}`"
    key = "" if param.how == "word" else f"`{param.key or field}` "
    default = _default(cls, field)
    return f"{key}{_kind(param.kind)}" + (f" ({default})" if default not in ("", "required") else "")


def _param_rows(cls: type[msgspec.Struct]) -> Iterator[tuple[str, ...]]:
    for field, param in params(cls).items():
        if param.verbs:
            continue
        yield (_written(field, param), _kind(param.kind), _default(cls, field), limits(param), _meaning(cls, param))


def _meaning(cls: type[msgspec.Struct], param: Param) -> str:
    """What it means, and where, if not everywhere that the statement can be."""
    able = [TITLES[target] for target in param.targets if target in getattr(cls, "targets", ())]
    elsewhere = set(getattr(cls, "targets", ())) - set(param.targets)
    return f"{param.doc} ({', '.join(able)} only)" if elsewhere else param.doc


def _written(field: str, param: Param) -> str:
    match param.how:
        case "option":
            return f"`{param.key or field} …`"
        case "place":
            return "`@ …`"
        case "parts":
            return "`… | …`"
    return "(by its kind)"


def _kind(kind: Kind) -> str:
    page = KIND_PAGES.get(kind.name)
    return f"[{kind.name}]({page})" if page else kind.name


def _default(cls: type[msgspec.Struct], field: str) -> str:
    known = defaults(cls)
    if field not in known:
        return "required"
    value = known[field]
    return "" if value in (None, "", ()) else f"`{shown(value)}`"


def limits(param: Param) -> str:
    """`0 to 1`, `at least 1`, or nothing."""
    low, high = (None if bound is None else plain(bound) for bound in (param.low, param.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""
