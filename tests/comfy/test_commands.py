"""`ltx import`, `diff`, `nodes` and `git-setup`, as a person types them."""

import json
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx

SCRIPT = 'prompt "a lake"\npass distill 8\nsave "lake.mp4"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lake.ltx").write_text(SCRIPT)
    assert run("export", "lake.ltx", "-o", "lake.json").exit_code == 0
    return tmp_path


def run(*arguments: str):
    result = CliRunner().invoke(ltx, arguments, standalone_mode=False)
    code = result.return_value if isinstance(result.return_value, int) else result.exit_code
    result.exit_code = code
    return result


def change(folder, kind: str, name: str, value: object) -> None:
    prompt = json.loads((folder / "lake.json").read_text())
    for node in prompt.values():
        if node["class_type"] == kind:
            node["inputs"][name] = value
    (folder / "changed.json").write_text(json.dumps(prompt))


def test_import_writes_a_script_that_exports_the_same(folder):
    result = run("import", "lake.json", "-o", "again.ltx")
    assert result.exit_code == 0
    assert "lifted" in result.output
    assert "pass " in (folder / "again.ltx").read_text()
    assert run("diff", "lake.json", "again.ltx").exit_code == 0
    assert run("import", "lake.json", "-o", "lake.ltx").exception is not None, "it would replace another file"
    assert (folder / "lake.ltx").read_text() == SCRIPT


def test_import_reports_every_node(folder):
    prompt = json.loads((folder / "lake.json").read_text())
    report = json.loads(run("import", "lake.json", "-o", "again.ltx", "--report", "json").output)
    assert report["read"] == len(report["nodes"]) == len(prompt)
    raw = run("import", "lake.json", "--raw")
    assert raw.output.count('node "') >= len(prompt)


def test_import_of_what_is_no_workflow(folder):
    (folder / "bad.json").write_text("{")
    result = run("import", "bad.json")
    assert result.exit_code == 1
    assert "bad.json" in result.output
    assert run("import", "absent.json").exit_code == 1


def test_diff_says_what_changed(folder):
    change(folder, "RandomNoise", "noise_seed", 7)
    result = run("diff", "lake.json", "changed.json")
    assert result.exit_code == 1
    assert "~ RandomNoise" in result.output
    assert "noise_seed: 42 -> 7" in result.output
    assert result.output.count("~") == 1, "what only reads it is the same"
    data = json.loads(run("diff", "lake.json", "changed.json", "--format", "json").output)
    assert data["differences"][0]["inputs"] == [["noise_seed", "42", "7"]]
    assert "+" in run("diff", "lake.json", "changed.json", "--format", "script").output


def test_diff_of_what_cannot_be_read_is_a_usage_error(folder):
    result = CliRunner().invoke(ltx, ["diff", "lake.json", "absent.json"])
    assert result.exit_code == 2


def test_git_shows_scripts(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # git calls the command anew
    subprocess.run(("git", "init", "-q"), check=True)
    assert run("git-setup", "*.json").exit_code == 0
    assert run("git-setup", "*.json").exit_code == 0
    assert (folder / ".gitattributes").read_text() == "*.json diff=ltx-workflow\n"
    subprocess.run(("git", "add", "lake.json"), check=True)
    change(folder, "RandomNoise", "noise_seed", 7)
    (folder / "lake.json").write_text((folder / "changed.json").read_text())
    shown = subprocess.run(("git", "diff"), check=True, capture_output=True, text=True).stdout
    assert "+  seed 7" in shown or "seed 7" in shown
    assert "class_type" not in shown


def test_git_setup_outside_of_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("git-setup").exit_code == 1


class Server(BaseHTTPRequestHandler):
    answer = b""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def server():
    made = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()


def test_nodes_are_refreshed_from_a_server(tmp_path, monkeypatch, server):
    from ltxdsl.comfy.catalogue import catalogue

    monkeypatch.setenv("LTX_DATA", str(tmp_path))
    Server.answer = json.dumps({"Mine": {"input": {"required": {"x": ["INT", {}]}}, "output": ["MODEL"]}}).encode()
    assert run("nodes", "refresh", "--server", server).exit_code == 0
    catalogue.cache_clear()
    try:
        assert "Mine" in catalogue()
        assert "KSampler" in catalogue(), "what ships is still there"
        assert "x: INT" in run("nodes", "show", "Mine").output
    finally:
        catalogue.cache_clear()
    Server.answer = b"<html>"
    assert run("nodes", "refresh", "--server", server).exit_code == 1
    assert run("nodes", "refresh", "--server", "file:///etc/passwd").exit_code == 1


def test_nodes_are_listed(folder):
    assert "LTXVAddGuide" in run("nodes", "list", "ltxvadd*").output.split()
    assert "did you mean `KSampler`" in run("nodes", "show", "KSampler1").output
