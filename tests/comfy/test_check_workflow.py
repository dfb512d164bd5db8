"""`ltx check` of workflow files: where findings point, in which form, for which release."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.cli.check_workflow import interfaces
from ltxdsl.cli.checking import Asked, check_file
from ltxdsl.comfy.doctor.places import places
from ltxdsl.comfy.write import Said, editor_graph

from .faults import one
from .test_doctor import KNOWN, SCRIPT, exported


def run(*arguments: str):
    return CliRunner().invoke(ltx, ["check", *arguments], standalone_mode=False)


def test_the_command_points_at_the_line_of_the_node(tmp_path: Path):
    export = exported()
    graph = editor_graph(export, KNOWN, Said(SCRIPT))
    for node in graph["nodes"]:
        if node["type"] == "EmptyLTXVLatentVideo":
            id = node["id"]
            node["widgets_values"][2] = 100
    (tmp_path / "lake.json").write_text(json.dumps(graph, indent=2))
    result = run(str(tmp_path / "lake.json"))
    assert result.return_value == 0, "a warning fails only with --strict"
    assert run(str(tmp_path / "lake.json"), "--strict").return_value == 1
    assert "LTX010" in result.output
    data = json.loads(run(str(tmp_path / "lake.json"), "--json").output)
    found = [d for f in data["files"] for d in f["diagnostics"]] if "files" in data else data["diagnostics"]
    assert [d["code"] for d in found] == ["LTX010", "LTX290"]
    (finding, _) = found
    line = (tmp_path / "lake.json").read_text().splitlines()[finding["place"]["line"] - 1]
    assert f'"id": {id}' in line


def at(text: str, node: str) -> str | None:
    span = places(text).of(node)
    return text[span.start : span.end] + "@" + str(span.start) if span else None


def test_places_of_nodes_in_a_prompt():
    text = r"""{"1": {"inputs": {"text": "\"9\": {\"class_type\"", "a": ["2", 0]}, "class_type": "A"},
 "267:242": {"class_type": "A", "inputs": {}}, "note": {"a": 1}}"""
    assert at(text, "1") == f'"1"@{text.index(chr(34) + "1")}'
    assert at(text, "267:242") == f'"267:242"@{text.index(chr(34) + "267")}'
    assert [at(text, id) for id in ("9", "note", "2")] == [None, None, None]


def test_places_of_nodes_in_graphs_within_graphs():
    """Ids are used again in other subgraphs; an id may stand anywhere in its node."""
    graph = {
        "id": "outer",
        "nodes": [
            {"id": 7, "type": "A", "inputs": [{"name": "x", "type": "INT", "id": 9}]},
            {"type": "one", "pos": [7, 9], "id": 8},
        ],
        "definitions": {
            "subgraphs": [
                {"nodes": [{"id": 7, "type": "two"}, {"id": 5, "type": None}], "id": "one"},
                {"id": "two", "nodes": [{"id": 7, "type": "B"}], "links": [{"id": 3, "type": "X"}]},
            ]
        },
    }
    text = json.dumps(graph)
    sevens = [match.start() for match in re.finditer('"id": 7', text)]
    assert at(text, "7") == f'"id": 7@{sevens[0]}'
    assert at(text, "8:7") == f'"id": 7@{sevens[1]}'
    assert at(text, "8:7:7") == f'"id": 7@{sevens[2]}'
    assert at(text, "8:5") == f'"id": 5@{text.index(chr(34) + "id" + chr(34) + ": 5")}'
    assert at(text, "3") is None
    assert at(json.dumps({"workflow": graph}), "8:7") is not None


@pytest.mark.parametrize("text", ["", "{", "]}", '{"a": [}', '"', '{"id": 1, "nodes": [{"id": ', "{" * 20000])
def test_places_in_what_is_no_json(text):
    assert places(text).of("1") is None


@pytest.mark.parametrize("form", ["json", "sarif", "github", "junit", "gitlab"])
def test_every_format_takes_workflows(form, tmp_path: Path):
    (tmp_path / "lake.json").write_text(json.dumps(exported().prompt))
    assert run(str(tmp_path / "lake.json"), "--format", form).return_value == 0


def test_what_is_no_workflow_is_a_finding(tmp_path: Path):
    (tmp_path / "bad.json").write_text('{"a": 1}')
    result = run(str(tmp_path / "bad.json"))
    assert result.return_value == 1
    assert "LTX286" in result.output


def test_a_workflow_from_standard_input_for_an_old_release(tmp_path: Path):
    text = json.dumps(exported().prompt, indent=1)
    result = CliRunner().invoke(ltx, ["check", "-", "--target", "comfy@0.16"], input=text, standalone_mode=False)
    assert "LTX179" in result.output
    (tmp_path / "lake.json").write_text(text)
    assert run(str(tmp_path / "lake.json"), "--target", "comfy@9.9").return_value == 2


def test_a_project_weighs_rules_of_workflows_too(tmp_path: Path):
    prompt = exported().prompt
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["length"] = 100
    (tmp_path / "lake.json").write_text(json.dumps(prompt))
    assert run(str(tmp_path / "lake.json")).return_value == 0
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX290 = "error"\n')
    assert run(str(tmp_path / "lake.json")).return_value == 1
    assert run(str(tmp_path / "nothing.json")).return_value == 2


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "gitlab"])
def test_halves_of_characters_and_control_characters_are_shown(form, tmp_path: Path):
    half, save = "\ud800", {"class_type": "SaveVideo", "_meta": {"title": "\ud800\x1b[31m"}}
    save["inputs"] = {"video": [half, 0], "filename_prefix": half, half: 1, "format": half}
    prompt = {half: {"class_type": half, "inputs": {half: [half, 0]}}, "2": save}
    (tmp_path / "odd.json").write_text(json.dumps(prompt))
    result = run(str(tmp_path / "odd.json"), "--format", form)
    assert result.return_value == 1
    assert "\x1b" not in result.output
    result.output.encode()


def test_an_answer_from_disk_holds_until_something_changes(tmp_path: Path):
    file = tmp_path / "lake.json"
    prompt = exported().prompt
    file.write_text(json.dumps(prompt))
    assert [run(str(file)).output for _ in range(2)] == [f"{file}: no problems\n"] * 2
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["length"] = 100
    file.write_text(json.dumps(prompt, indent=1))
    first, again = run(str(file)), run(str(file))
    assert "LTX010" in first.output
    assert first.output == again.output
    (tmp_path / "ltx.toml").write_text('[rules]\nLTX010 = "off"\n')
    assert "LTX010" not in run(str(file)).output
    assert ("content", interfaces()) in check_file(str(file), Asked()).marks
    found = json.loads(run(str(file), "--json").output)["files"][0]["diagnostics"]
    assert [f["place"]["line"] > 1 for f in found] == [True], "places come back from disk, too"
