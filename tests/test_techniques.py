"""The table of techniques is true: its names exist, its examples use what the row says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ltxdsl.compiler.checks import RULES
from ltxdsl.compiler.library import STANDARD
from ltxdsl.ops import STATEMENTS
from ltxdsl.report.techniques import TECHNIQUES, Technique, runs_on, said

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.what[:40])
def test_a_row_names_what_exists(row: Technique):
    assert set(row.rules.split()) <= RULES.keys()
    words = row.statements.split()
    assert not said(row) or set(words) <= STATEMENTS.keys(), "either all of its statements exist, or none yet"
    if row.example:
        text = re.sub(r"^#.*", "", (EXAMPLES / f"{row.example}.ltx").read_text(encoding="utf-8"), flags=re.MULTILINE)
        for recipe in re.findall(r"^import std (\w+)", text, re.MULTILINE):
            text += (STANDARD / f"{recipe}.ltx").read_text(encoding="utf-8")
        assert any(re.search(rf"\b{word}\b", text) for word in words), "the example shows one of its statements"


def test_what_the_language_has_runs_somewhere_and_has_no_gap():
    for row in TECHNIQUES:
        if said(row):
            assert runs_on(row), row.what


def test_every_statement_of_the_language_that_makes_video_is_a_technique_s():
    """Names, files and the seed are no techniques."""
    used = {word for row in TECHNIQUES for word in row.statements.split()}
    assert STATEMENTS.keys() - used <= PLAIN | LATE


PLAIN = {"prompt", "negative", "seed", "image", "like", "let", "input", "tune"}
LATE = {"reference", "preview"}


@pytest.mark.parametrize("row", [row for row in TECHNIQUES if row.example and row.nodes], ids=lambda row: row.what[:40])
def test_an_export_of_its_example_has_its_nodes(row: Technique):
    from ltxdsl.comfy import export_prompt
    from ltxdsl.models import load_model_set
    from tests.test_examples import compiled

    models = load_model_set("ltx-2.3")
    found = compiled(EXAMPLES / f"{row.example}.ltx", models, target="comfy")
    assert set(row.nodes.split()) <= {node["class_type"] for node in export_prompt(found, models).prompt.values()}
