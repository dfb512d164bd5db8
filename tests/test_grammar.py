"""The parser's tables between runs, and what parsing keeps."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ltxdsl.grammar import parse, parse_item
from ltxdsl.grammar.tree import Literal, Statement
from ltxdsl.grammar.write import identifier
from ltxdsl.source import Source

module = importlib.import_module("ltxdsl.grammar.parse")
TEXT = 'guide img @ -1 strength 0.4; relay "a" | "b" eps 0.1\npass 0.25x dev 40 er_sde { cfg 3 }  # why\n'


@pytest.fixture
def fresh_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LTX_CACHE", str(tmp_path / "cache"))
    module._parser.cache_clear()
    yield tmp_path / "cache" / "grammar"
    module._parser.cache_clear()


def test_kept_tables_parse_the_same(fresh_parser: Path):
    first = parse(Source(TEXT))
    assert list(fresh_parser.glob("tables-*.lark"))
    module._parser.cache_clear()
    assert parse(Source(TEXT)) == first


def test_damaged_tables_are_made_again(fresh_parser: Path):
    first = parse(Source(TEXT))
    (tables,) = fresh_parser.glob("tables-*.lark")
    tables.write_bytes(tables.read_bytes()[:1000])
    module._parser.cache_clear()
    assert parse(Source(TEXT)) == first


def test_without_a_place_for_tables(fresh_parser: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LTX_CACHE", str(tmp_path / "file" / "below"))
    assert parse(Source(TEXT))[1] == []


@pytest.mark.parametrize("last", ["pass dev 8 { seed 7\n  guide a }", "steps 1 + 2 * 3  # why"])
def test_a_source_of_parts_has_the_tree_of_its_text(last: str):
    source = Source.of_parts(["# all", TEXT.rstrip(), 'prompt """a\nlake"""', "", last, TEXT.rstrip()], "a.ltx")
    assert parse(source) == parse(Source(source.text))
    assert not parse(source)[1]


def test_a_faulty_part_is_told_at_its_place():
    source = Source.of_parts([TEXT.rstrip(), "guide img }"], "a.ltx")
    assert parse(source) == parse(Source(source.text))
    assert source[parse(source)[1][0].span] == "}"


def test_spans_are_exact():
    source = Source(TEXT)
    script, _ = parse(source)
    written = [source[item.span] for s in script.entries if isinstance(s, Statement) for p in s.parts for item in p]
    assert written[:6] == ["guide", "img", "-1", "strength", "0.4", "relay"]
    assert source[script.entries[2].span] == "pass 0.25x dev 40 er_sde { cfg 3 }"
    assert [source[c.span] for c in script.comments] == ["# why"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("0.25x", "FACTOR"), ("1920x1088", "SIZE"), ("121f", "FRAMES"), ("24fps", "FPS"), ("2.5s", "SECONDS"),
     ("50%", "PERCENT"), ("-3", "NUMBER"), ("1e-6", "SCIENTIFIC"), ("5q", "ODD"), ("-8f", "FRAMES")],
)  # fmt: skip
def test_kinds_of_literal(text: str, kind: str):
    item = parse_item(text)
    assert isinstance(item, Literal)
    assert (item.kind, item.text) == (kind, text)


@pytest.mark.parametrize(("text", "shown"), [("end-8f", "Binary"), ("end - 8f", "Binary"), ("a*2", "Binary")])
def test_a_sign_after_a_word_is_arithmetic(text: str, shown: str):
    assert type(parse_item(text)).__name__ == shown


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("EmptyLTXVLatentVideo", "empty_ltxv_latent_video"),
        ("VRGDG_OptionalMultiLoraTwoPassStrengths", "lora_two_pass_strengths"),
        ("LTXAddVideoICLoRAGuideAdvanced positive", "guide_advanced_positive"),
        ("Averyveryveryverylongwordwithoutspaces", "averyveryveryverylongwordwithoutspaces"),
        ("3D model", "n_3d_model"),
        ("🎈", "node"),
    ],
)
def test_a_name_is_made_of_the_last_words(words: str, name: str):
    assert identifier(words, ()) == name
    assert identifier(words, {name}) == f"{name}_2"
