"""The docs are true: generated pages are up to date, code blocks hold, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from ltxdsl.cli import COMMANDS, ltx
from ltxdsl.cli.docs import command
from ltxdsl.compiler import Request, analyze
from ltxdsl.diagnostics import Diagnostic
from ltxdsl.models import load_model_set, load_severities
from ltxdsl.ops import STATEMENTS
from ltxdsl.report.markdown import MARK
from ltxdsl.report.reference import limits, outdated, pages
from ltxdsl.report.rule_pages import rules_of
from ltxdsl.report.value_pages import LITERALS, PLACES
from ltxdsl.sampling import SAMPLERS, SCHEDULES
from ltxdsl.source import Source
from ltxdsl.targets import CHANGES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FILES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in ("CONTRIBUTING.md", "README.md", "CHANGELOG.md"))])


class Fence(NamedTuple):
    file: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def fences(file: Path) -> list[Fence]:
    text = file.read_text(encoding="utf-8")
    found = re.finditer(r"^( *)```([\w-]+)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [Fence(file, text.count("\n", 0, m.start()) + 1, m[2], m[3]) for m in found]


OWN = [file for file in FILES if file.parent.name != "rules"]  # what rules show is held by test_rules.py
BLOCKS = [block for file in OWN for block in fences(file)]


def blocks(*languages: str) -> list[Fence]:
    return [block for block in BLOCKS if block.language in languages]


# --- generated pages


def test_the_reference_pages_are_up_to_date():
    assert outdated(DOCS) == [], "run `ltx docs`"


def test_docs_writes_checks_and_removes(tmp_path: Path):
    run = CliRunner().invoke
    assert run(command, [str(tmp_path), "--check"], standalone_mode=False).return_value == 1
    run(command, [str(tmp_path)], standalone_mode=False)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.md")} == pages().keys()
    assert run(command, [str(tmp_path), "--check"], standalone_mode=False).return_value == 0
    gone, own = tmp_path / "reference" / "old.md", tmp_path / "reference" / "mine.md"
    gone.write_text(MARK + "\n")
    own.write_text("# mine\n")
    (tmp_path / "rules.md").write_text("changed")
    checked = run(command, [str(tmp_path), "--check"], standalone_mode=False)
    assert checked.return_value == 1
    assert gone.exists(), "a check writes nothing"
    run(command, [str(tmp_path)], standalone_mode=False)
    assert not gone.exists()
    assert own.exists(), "what was not generated is not removed"
    assert (tmp_path / "rules.md").read_text() == pages()["rules.md"]


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path):
    assert CliRunner().invoke(command, [str(tmp_path / "none")]).exit_code == 2


def test_every_page_says_that_it_is_generated():
    assert all(text.startswith(MARK) and "ltx docs" in text.splitlines()[0] for text in pages().values())


@pytest.mark.parametrize("word", STATEMENTS)
def test_a_statement_has_its_page_with_all_that_it_takes(word: str):
    from ltxdsl.ops.declare import params

    page = pages()[f"reference/{word}.md"]
    assert STATEMENTS[word].example in page
    for param in params(STATEMENTS[word]).values():
        assert param.doc.replace("|", "\\|") in page
        assert limits(param) in page
    assert all(rule.code in page for rule in rules_of(word))


def test_tables_are_whole():
    made = pages()
    for text in made.values():
        for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
            columns = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(columns) == 1, table
    assert all(f"| `{name}` |" in made["reference/samplers.md"] for name in SAMPLERS)
    assert all(f"| `{name}` |" in made["reference/schedules.md"] for name in SCHEDULES)
    assert all(f"`{text}`" in made["reference/values.md"] for text in LITERALS)
    assert all(f"`@ {text}`" in made["reference/values.md"] for text in PLACES)


def test_rules_find_the_statements_that_they_speak_of():
    found = {word: {rule.code for rule in rules_of(word)} for word in STATEMENTS}
    assert {"LTX020", "LTX022", "LTX023", "LTX025"} <= found["guide"]
    assert {"LTX021", "LTX024"} <= found["inplace"]
    assert {"LTX030", "LTX031", "LTX032", "LTX033"} <= found["relay"]
    assert "LTX010" in found["length"]
    assert "LTX010" not in found["relay"]


# --- scripts in the docs


@pytest.fixture(scope="module")
def files(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every picture, video and LoRA that the docs name is there, but for `no-such-…`."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(pictures, folder, dirs_exist_ok=True)
    stand_ins = {"png": "a.png", "jpg": "a.png", "mp4": "walk.mp4"}
    for block in blocks("ltx", "ltx-wrong"):
        for name, suffix in re.findall(r'"([\w-]+\.(png|jpg|mp4|safetensors))"', block.text):
            if not name.startswith("no-such") and not (folder / name).exists():
                content = (folder / stand_ins[suffix]).read_bytes() if suffix in stand_ins else b""
                (folder / name).write_bytes(content)
    return folder


def found_in(text: str, models) -> list[Diagnostic]:
    """What is found, for the target that can do the script."""
    found = {t: list(analyze(Source(text), models, Request(target=t)).diagnostics) for t in ("comfy", "local")}
    refused = any(d.code == "LTX090" for d in found["local"])
    return found["comfy" if refused else "local"]


@pytest.mark.parametrize("block", blocks("ltx"), ids=str)
def test_a_script_in_the_docs_has_no_errors(block: Fence, models, files, monkeypatch):
    monkeypatch.chdir(files)
    assert not [d for d in found_in(block.text, models) if d.severity == "error"]


@pytest.mark.parametrize("block", blocks("ltx-wrong"), ids=str)
def test_a_wrong_script_in_the_docs_is_found_wrong(block: Fence, models, files, monkeypatch):
    monkeypatch.chdir(files)
    local = analyze(Source(block.text), models).diagnostics
    assert [*local, *found_in(block.text, models)]


# --- code, settings and commands in the docs


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_code_in_the_docs_is_the_project_s_own(block: Fence):
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "ltxdsl").rglob("*.py"))
    assert any(block.text in text for text in sources), "quote the code as it is"


def is_about_rules(block: Fence) -> bool:
    return block.text.startswith("[rules]")


@pytest.mark.parametrize("block", [b for b in blocks("toml") if is_about_rules(b)], ids=str)
def test_severities_in_the_docs_can_be_set(block: Fence, models, tmp_path: Path):
    (tmp_path / "ltx.toml").write_text(block.text)
    wanted = load_severities(tmp_path)
    assert len(wanted) == len(block.text.splitlines()) - 1
    found = analyze(Source('prompt "a lake"\npass dev 30'), models, Request(severities=wanted)).diagnostics
    assert not [d for d in found if d.code == "LTX185"]


def test_the_docs_tell_every_change_of_comfyui():
    shown = {
        (row[0], row[1])
        for row in re.findall(r"^\| (0\.\d+) \| (.*) \|$", (DOCS / "validation.md").read_text(), re.MULTILINE)
    }
    assert shown == {(".".join(map(str, c.since)), c.what) for c in CHANGES.values()}


def test_folders_to_import_from_are_read_as_the_docs_say(models, tmp_path: Path):
    (block,) = (b for b in blocks("toml") if b.text.startswith("[paths]"))
    (tmp_path / "ltx.toml").write_text(block.text)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.ltx").write_text("recipe mine { pass distill 8 }\n")
    source = Source('import "mine.ltx"\nprompt "a lake"\nuse mine', str(tmp_path / "s.ltx"))
    assert not analyze(source, models).diagnostics


OTHER_SETTINGS = ("[rules]", "[paths]", "[tool.")


@pytest.mark.parametrize("block", [b for b in blocks("toml") if not b.text.startswith(OTHER_SETTINGS)], ids=str)
def test_a_model_set_in_the_docs_reads(block: Fence, tmp_path: Path):
    (tmp_path / "ltx.toml").write_text(block.text)
    read = load_model_set(None, tmp_path)
    assert read.name != "embedded"
    assert set(re.findall(r"^(\w+) =", block.text, re.MULTILINE)) <= known_settings(read)


def known_settings(value) -> set[str]:
    """The names of all settings of a model set; `models` is the file's own."""
    names = {"models", "file", "strength", "comfy"}
    for field in value.__struct_fields__:
        names.add(field)
        inner = getattr(value, field)
        names |= set(getattr(inner, "__struct_fields__", ()))
    return names


def command_lines() -> list[tuple[str, str]]:
    """Each `ltx …` line of a console block, with its place."""
    found = []
    for block in blocks("console"):
        lines = re.findall(r"^(?:\$ )?(.*(?:\\\n.*)*)", block.text, re.MULTILINE)
        parts = (part for line in lines for part in pipeline(line.replace("\\\n", " ")))
        found += [(str(block), part) for part in parts if re.match(r"(python3\S* bootstrap\.py|ltx)\b", part)]
    return found


def pipeline(line: str) -> list[str]:
    """The commands of a line with `|` or `&&` between them; those inside quotes are text."""
    words = shlex.shlex(line, posix=False, punctuation_chars="|&")
    words.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set("|&"):
            commands.append([])
        else:
            commands[-1].append(word)
    return [" ".join(command) for command in commands]


@pytest.mark.parametrize(("place", "line"), command_lines(), ids=lambda text: text[:60])
def test_a_command_line_in_the_docs_names_existing_options(place: str, line: str):
    words = shlex.split(re.sub(r"^(python3\S* bootstrap\.py|ltx)", "", line))
    if not words or words[0] == "test":
        return
    context = click.Context(ltx)
    name, *arguments = words
    if name.startswith("-"):
        assert name in {option for p in ltx.get_params(context) for option in p.opts}, place
        return
    assert name in COMMANDS, f"{place}: there is no command {name}"
    chosen = ltx.get_command(context, name)
    assert chosen is not None
    with suppress(click.exceptions.Exit):  # --help ends there
        chosen.make_context(name, arguments, parent=context)  # raises where an option or a value is not known


def test_the_docs_show_enough_commands():
    assert {line.split()[1] for _, line in command_lines() if line.startswith("ltx ")} >= COMMANDS.keys() - {
        "explain",
        "rules",
    }


# --- links


def anchors(file: Path) -> set[str]:
    """What a link can point at in a page: headings as GitHub names them, and explicit anchors."""
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("file", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path):
    text = re.sub(r"^ *```.*?^ *```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        aim = (file.parent / path).resolve() if path else file
        assert aim.exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(aim), f"{target}: there is no such heading"


@pytest.mark.parametrize("file", sorted(DOCS.glob("*.md")), ids=lambda p: p.stem)
def test_codes_and_pages_that_are_named_exist(file: Path):
    from ltxdsl.compiler.checks import RULES

    named = set(re.findall(r"\bLTX\d{3}\b", file.read_text(encoding="utf-8")))
    assert named <= RULES.keys()
