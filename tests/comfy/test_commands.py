"""`ltx import`, `diff`, `nodes` and `git-setup`, as a person types them."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import click
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


def run(*arguments: str, given: bytes | None = None):
    result = CliRunner().invoke(ltx, arguments, input=given, standalone_mode=False)
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
    assert "it is empty" in run("import", os.devnull).output
    (folder / "wide.json").write_text("{}", encoding="utf-16")
    assert "save it as UTF-8" in run("import", "wide.json").output
    told = json.loads(run("import", "bad.json", "--json").output)
    assert not told["ok"]
    assert told["diagnostics"][0]["code"] == "LTX286"
    assert "is a script already" in run("import", "lake.ltx").output


@pytest.mark.parametrize("command", [["import"], ["diff", "lake.json"], ["git-setup", "--show"]])
@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_file_that_cannot_be_read_is_wrong_use(folder, command, name):
    result = run(*command, name)
    assert result.exit_code == 2 or isinstance(result.exception, click.UsageError)


@pytest.mark.parametrize("command", [["import", "lake.json"], ["export", "lake.ltx"]])
def test_a_file_that_cannot_be_written_is_wrong_use(folder, command):
    for out in ("lake.ltx/below", ".", command[1]):
        result = run(*command, "-o", out, "--force")
        assert isinstance(result.exception, click.UsageError), out
    assert (folder / "lake.ltx").read_text() == SCRIPT


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "locked/lake.json"],
        ["diff", "locked/lake.json", "lake.ltx"],
        ["export", "locked/lake.ltx"],
        ["import", "lake.json", "-o", "locked/new.ltx"],
        ["export", "lake.ltx", "-o", "locked/new.json"],
    ],
)
def test_a_folder_that_cannot_be_entered_is_wrong_use(folder, monkeypatch, arguments):
    """Simulated, since nothing is locked for an administrator."""
    stat = Path.stat

    def refusing(path, **options):
        if path.parent.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refusing)
    error = run(*arguments).exception
    assert isinstance(error, click.UsageError)
    assert "Permission denied" in str(error)


def test_writing_goes_through_links_and_leaves_devices_alone(folder):
    (folder / "link.ltx").symlink_to("target.ltx")
    assert "wrote link.ltx" in run("import", "lake.json", "-o", "link.ltx").output
    assert (folder / "link.ltx").is_symlink()
    assert "pass " in (folder / "target.ltx").read_text()
    os.mkfifo(folder / "pipe")
    reader = Thread(target=(folder / "pipe").read_bytes, daemon=True)
    reader.start()
    assert run("import", "lake.json", "-o", "pipe").exit_code == 0
    reader.join(timeout=5)
    assert (folder / "pipe").is_fifo()


def test_standard_input_is_taken_in_all_forms(folder):
    prompt = (folder / "lake.json").read_bytes()
    assert "# From standard input." in run("import", "-", given=prompt).output
    assert run("diff", "-", "lake.ltx", given=prompt).exit_code == 0
    assert run("diff", "lake.json", "-", given=SCRIPT.encode()).exit_code == 0
    assert isinstance(run("diff", "-", "-", given=prompt).exception, click.UsageError)


def test_the_json_report_holds_a_script_that_is_written_nowhere_else(folder):
    told = json.loads(run("import", "lake.json", "--json").output)
    assert told["script"] == run("import", "lake.json").stdout
    assert "script" not in json.loads(run("import", "lake.json", "--json", "-o", "again.ltx").output)


def test_nodes_that_no_output_needs_are_named(folder):
    blank = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}
    save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}
    (folder / "more.json").write_text(json.dumps({"1": blank, "2": save, "idle": {**blank}}))
    result = run("import", "more.json")
    assert "(`--raw` keeps them): idle" in result.output
    assert "2 kept as node, 1 left out" in result.output
    circle = {"1": {"class_type": "LatentUpscale", "inputs": {"samples": ["1", 0]}}}
    (folder / "circle.json").write_text(json.dumps(circle))
    assert "waits for itself" in run("import", "circle.json").output, "nothing of it is dropped in silence"


def test_classes_that_nobody_knows_are_named_once_with_their_nodes(folder):
    save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}
    nodes = {
        "1": {"class_type": "Unheard", "inputs": {"a": ["gone", 0], "b": ["gone", 1], "c": ["gone", 2]}},
        "2": save,
    }
    nodes |= {str(id): {"class_type": "Unheard", "inputs": {}} for id in range(3, 13)}
    (folder / "strange.json").write_text(json.dumps({**nodes, "other": {"class_type": "Odd", "inputs": {}}}))
    said = run("import", "strange.json").stderr.splitlines()
    assert said[:3] == [
        "note: 11 nodes (1, 3, 4, 5, 6, 7, 8, 9 and 3 more): nobody here knows the class `Unheard`: "
        "it is kept as it is",
        "note: node 1 Unheard: `a`: it is linked to node gone, which is not there (and 2 more such)",
        "note: node other Odd: nobody here knows the class `Odd`: it is kept as it is",
    ]
    assert said[-1].endswith("12 of classes that are not known here")


def test_a_graph_gives_its_script_back_and_is_the_same_as_the_prompt(folder):
    assert run("export", "lake.ltx", "--format", "editor", "-o", "graph.json").exit_code == 0
    result = run("import", "graph.json")
    assert result.stdout == SCRIPT
    assert "in the script that the file holds" in result.output
    for other in ("lake.json", "lake.ltx"):
        assert run("diff", "graph.json", other).exit_code == 0, "defaults that an editor writes out mean nothing"
    older = json.loads((folder / "lake.json").read_text())
    del next(node for node in older.values() if node["class_type"] == "CreateVideo")["inputs"]["bit_depth"]
    (folder / "older.json").write_text(json.dumps(older))
    assert run("diff", "graph.json", "older.json").exit_code == 0
    assert run("diff", "graph.json", "older.json", "--no-fold").exit_code == 1
    graph = json.loads((folder / "graph.json").read_text())
    next(n for n in graph["nodes"] if n["type"] == "RandomNoise")["widgets_values"][0] = 7
    (folder / "graph.json").write_text(json.dumps(graph))
    edited = run("import", "graph.json")
    assert "was edited since" in edited.output
    assert "seed 7" in edited.stdout


def test_export_to_standard_output_says_its_notes_beside_it(folder):
    result = run("export", "lake.ltx")
    assert json.loads(result.stdout) == json.loads((folder / "lake.json").read_text())
    assert "note: " in result.stderr
    told = json.loads(run("export", "lake.ltx", "--json").stdout)
    assert told["workflow"] == json.loads(result.stdout)
    assert told["notes"]


def test_an_export_with_an_input_that_has_no_value_says_so(folder):
    script = 'prompt "a lake"; guide face @ 0 strength s; pass distill 8'
    told = json.loads(run("export", "-e", script, "--set", "s=0.5", "--json").stdout)
    assert [note for note in told["notes"] if "stand-in" in note] == [
        "`face` (image) has no value, and the workflow a stand-in: give it by `--set face=…`, or there"
    ]


def test_the_page_shows_what_an_export_says(folder):
    root = Path(__file__).parents[2]
    page = (root / "docs" / "comfyui.md").read_text(encoding="utf-8")
    said = run("export", str(root / "examples" / "first.ltx"), "-o", "first.json").output
    assert f"-o first.json\n{said}```" in page


@pytest.mark.parametrize("command", ["export", "plan", "fmt", "inputs", "run"])
def test_a_workflow_is_no_script(folder, command):
    result = run(command, "lake.json")
    assert "`ltx import`" in str(result.exception)


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
    monkeypatch.setenv("PATH", "")
    assert "not installed" in run("git-setup").output


def test_git_setup_names_files_with_blanks_and_no_folder_of_the_repository_is_run(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    subprocess.run(("git", "init", "-q"), check=True)
    (folder / "my flows").mkdir()
    (folder / "json.py").write_text("raise SystemExit('this is not for us')")
    (folder / "lake.json").rename(folder / "my flows" / "lake.json")
    assert run("git-setup", "my flows/*.json").exit_code == 0
    assert (folder / ".gitattributes").read_text() == '"my flows/*.json" diff=ltx-workflow\n'
    assert isinstance(run("git-setup", "").exception, click.UsageError)
    subprocess.run(("git", "add", "-A"), check=True)
    shown = subprocess.run(("git", "diff", "--cached"), check=True, capture_output=True, text=True)
    assert '+prompt "a lake"' in shown.stdout
    assert "# From" not in shown.stdout, "a renamed file has not changed"


def test_git_setup_shows_what_is_no_workflow_byte_for_byte(folder):
    data = bytes(range(256))
    (folder / "odd.png").write_bytes(data)
    assert run("git-setup", "--show", "odd.png").stdout_bytes == data


def test_git_setup_in_a_repository_without_files(folder):
    subprocess.run(("git", "init", "-q", "--bare"), check=True)
    result = run("git-setup")
    assert result.exit_code == 1
    assert result.output.startswith("git: ")


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
    assert run("nodes", "refresh", "--server", server).exit_code == 3
    assert isinstance(run("nodes", "refresh", "--server", "file:///etc/passwd").exception, click.UsageError)


def test_nodes_are_listed(folder):
    assert "LTXVAddGuide" in run("nodes", "list", "ltxvadd*").output.split()
    assert "did you mean `KSampler`" in run("nodes", "show", "KSampler1").output
    assert "required" in json.loads(run("nodes", "show", "KSampler", "--json").output)["KSampler"]["input"]
    nobody = run("nodes", "list", "Nobody*")
    assert nobody.exit_code == 1
    assert "there is no class" in nobody.output


def test_a_damaged_file_of_interfaces_is_told_in_words(folder):
    (folder / "nodes.json.gz").write_text("no interfaces")
    environment = {**os.environ, "LTX_DATA": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    call = (sys.executable, "-m", "ltxdsl", "nodes", "list", "KSampler")
    said = subprocess.run(call, check=True, capture_output=True, text=True, env=environment)
    assert said.stdout == "KSampler\n"
    assert said.stderr.startswith("warning: ")
    assert ".py" not in said.stderr
