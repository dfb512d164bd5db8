"""`ltx run --on comfy@URL` against a fake server: what comes of it, and everything that can go wrong."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from tests.comfy.server.conftest import NAMES, with_models
from tests.comfy.server.fake import JPEG, Fake, Job, press_ctrl_c

SCRIPT = 'size 64x64\nlength 9f\nprompt "a lake"\nguide "{picture}" @ end\npass distill 8\nsave "{out}"\n'
BLANK = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}
SAVE = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "blank"}}


@pytest.fixture
def run(ltx, fake: Fake, tmp_path: Path):
    """Runs a script, or a prompt as a file, on the fake server."""

    def call(what: str | dict, *options: str, on: str = ""):
        path = tmp_path / ("job.json" if isinstance(what, dict) else "job.ltx")
        path.write_text(json.dumps(what) if isinstance(what, dict) else what)
        return ltx("run", path, "--on", f"comfy@{on or fake.url}", *options)

    return call


@pytest.fixture
def script(tmp_path: Path, in_pictures: Path) -> str:
    return SCRIPT.format(picture=in_pictures / "a.png", out=tmp_path / "lake.mp4")


def test_a_script_gives_its_file(run, script, fake, tmp_path):
    done = run(script)
    assert done.code == 0, done.err
    assert (tmp_path / "lake.mp4").read_bytes() == b"the bytes of lake_00001_.mp4"
    assert f"wrote {tmp_path / 'lake.mp4'}" in done.out
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == [], "nothing half written is left"
    sent = fake.prompts[0]
    assert sent["client_id"]
    assert not [n for n in sent["prompt"].values() if n["class_type"] not in fake.info]


def test_the_report_for_programs(run, script, fake, tmp_path):
    fake.cached = ["1", "2"]
    report = run(script, "--json").json
    assert report["ok"]
    assert report["server"] == fake.url
    assert report["written"][0]["path"] == str(tmp_path / "lake.mp4")
    assert len(report["reused"]) == 2
    assert "pass 1: sampler" in report["computed"]


def test_the_nodes_that_take_a_while_are_told_with_their_lines(run, script, monkeypatch):
    from ltxdsl.cli import server_progress

    monkeypatch.setattr(server_progress, "WORTH_A_LINE", 0.0)
    assert "pass 1: sampler (line 5)" in run(script).err


def test_a_terminal_shows_a_bar(fake, capsys, monkeypatch, tmp_path):
    from ltxdsl.cli.server_progress import listener
    from ltxdsl.comfy.server import Client, Job, address, run_on
    from ltxdsl.source import Source, Sources

    monkeypatch.setenv("FORCE_COLOR", "1")
    fake.play = lambda job: (fake.steps(job, "1"), fake.happy(job))
    job = Job(prompt={"1": BLANK, "2": SAVE}, sources=Sources(Source("")), out=f"{tmp_path}/")
    with listener(True, job, None) as live:
        done = run_on(Client(address(fake.url, {})), job, {}, live)
        assert live.pictures == 2
    assert len(done.written) == 3
    assert "EmptyImage" in capsys.readouterr().err


def test_previews_are_kept_where_asked(run, script, fake, tmp_path):
    assert run(script, "--previews", tmp_path / "seen").code == 0
    kept = sorted((tmp_path / "seen").iterdir())
    assert [p.suffix for p in kept] == [".jpg", ".jpg"]
    assert kept[0].read_bytes() == JPEG
    assert fake.prompts[0]["extra_data"] == {"preview_method": "auto"}


def test_a_file_in_the_way_is_kept_and_nothing_is_sent(run, script, fake, tmp_path):
    (tmp_path / "lake.mp4").write_text("mine")
    done = run(script)
    assert done.code == 3
    assert "LTX084" in done.err
    assert not fake.prompts
    assert not fake.uploads
    assert run(script, "--force").code == 0
    assert (tmp_path / "lake.mp4").read_bytes() != b"mine"


def test_a_sequence_and_an_ending_that_the_server_chooses(run, script, tmp_path):
    done = run(script + f'save "{tmp_path}/f.%04d.png" number 7\nsave "{tmp_path}/lake.wav"\n')
    assert done.code == 0, done.err
    assert [p.name for p in sorted(tmp_path.glob("f.*"))] == ["f.0007.png", "f.0008.png", "f.0009.png"]
    assert (tmp_path / "lake.flac").is_file()
    assert "the server writes flac" in done.err


def test_inputs_are_sent_once(run, script, fake, tmp_path):
    run(script)
    assert len(fake.uploads) == 1
    folder, name = fake.uploads[0].rsplit("/", 1)
    assert folder.startswith("ltxdsl/")
    loaded = next(n for n in fake.prompts[0]["prompt"].values() if n["class_type"] == "LoadImage")
    assert loaded["inputs"]["image"] == f"{folder}/{name}"
    run(script, "--force")
    assert len(fake.uploads) == 1
    fake.files["input", folder, name] = b"half"
    run(script, "--force")
    assert len(fake.uploads) == 2, "what broke off is sent again"


def test_two_files_of_one_name_do_not_collide(run, script, fake, tmp_path, in_pictures):
    other = tmp_path / "other" / "a.png"
    other.parent.mkdir()
    other.write_bytes((in_pictures / "b.png").read_bytes())
    assert run(script.replace("guide", f'guide "{other}" @ 4f\nguide', 1)).code == 0
    loaded = [n["inputs"]["image"] for n in fake.prompts[0]["prompt"].values() if n["class_type"] == "LoadImage"]
    assert len(set(loaded)) == 2
    bytes_of = {name: fake.files["input", *name.rsplit("/", 1)] for name in loaded}
    assert sorted(bytes_of.values()) == sorted([other.read_bytes(), (in_pictures / "a.png").read_bytes()])


def test_a_picture_that_is_nowhere(run, script, fake):
    fake.info["LoadImage"] = {**fake.info["LoadImage"], "input": {"required": {"image": [["there.png"], {}]}}}
    done = run(script.replace("a.png", "nowhere.png"))
    assert done.code == 1
    assert "LTX302" in done.err
    assert "job.ltx:4:1" in done.err
    assert not fake.prompts
    assert run(script.replace("a.png", "there.png")).code == 0, "the server's own input folder has it"
    assert not fake.uploads


def test_packs_may_say_strange_things_of_their_inputs(run, fake):
    fake.info["EmptyImage"] = {"input": {"required": {"width": [], "x": ["COMFY_AUTOGROW_V3", {}], "y": None}}}
    assert run({"1": BLANK, "2": SAVE}, "-o", "made/", "--force").code == 0


def test_a_missing_class_is_named_with_its_pack(run, script, fake):
    nag = script.replace("pass", 'nag "blur"\npass', 1)
    done = run(nag)
    assert done.code == 1
    assert "error[LTX301]" in done.err
    assert "`LTX2_NAG`" in done.err
    assert "install the pack `ComfyUI-KJNodes`" in done.err
    del fake.info["LTXVConditioning"]
    assert "needs a newer release" in run(script).err
    assert not fake.prompts
    assert not fake.uploads


def test_a_missing_model_is_named_at_its_statement(run, script, fake, interfaces):
    fake.info = with_models(interfaces, ["ltx/" + NAMES[0], *NAMES[1:]])
    found = run(script, "--json")
    assert found.code == 1
    (first, *_) = found.json["diagnostics"]
    assert first["code"] == "LTX302"
    assert NAMES[0] in first["message"]
    assert f"it has `ltx/{NAMES[0]}`" in first["hint"]
    assert first["place"]["line"] == 5
    assert not fake.prompts


def test_names_are_sent_with_the_slashes_of_the_server(run, fake):
    fake.info = with_models(fake.info, ["ltx\\dev.safetensors"])
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "ltx/dev.safetensors"}}
    assert run({"1": BLANK, "2": SAVE, "3": loader}, "--force").code == 0
    assert fake.prompts[0]["prompt"]["3"]["inputs"]["ckpt_name"] == "ltx\\dev.safetensors"


@pytest.mark.parametrize("status", [200, 400])
def test_node_errors_are_shown_at_their_statements(run, script, fake, status):
    told = {"type": "value_smaller_than_min", "message": "Value 1 smaller than min", "details": "strength"}
    fake.play = lambda job: None
    fake.refusal = status, {"node_errors": {"4": {"errors": [told], "dependent_outputs": [], "class_type": "x"}}}
    if status == 400:
        fake.refusal[1]["error"] = {"type": "prompt_outputs_failed_validation", "message": "no"}
    done = run(script)
    assert done.code == 1
    assert "error[LTX303]" in done.err
    assert "Value 1 smaller than min: strength" in done.err
    assert "job.ltx:4:1" in done.err, "node 4 reads the picture of the guide"
    assert fake.pending == [], "what the server took all the same is taken back"


def test_an_error_while_it_runs(run, script, fake):
    trace = ["  File nodes.py, line 7\n"]

    def play(job: Job) -> None:
        fake.start(job)
        fake.fail(job, "4", exception_message="no picture", exception_type="ValueError", traceback=trace)

    fake.play = play
    done = run(script)
    assert done.code == 3
    assert "error[LTX304]" in done.err
    assert "no picture" in done.err
    assert "job.ltx:4:1" in done.err
    assert "nodes.py" not in done.err
    assert "nodes.py, line 7" in run(script, "--verbose").err


def test_out_of_memory_says_what_helps(run, fake):
    def play(job: Job) -> None:
        fake.start(job)
        fake.fail(job, "1.0.2", exception_message="Allocation failed", exception_type="torch.OutOfMemoryError")

    fake.play = play
    done = run({"1": BLANK, "2": SAVE})
    assert "fewer frames" in done.err
    assert "EmptyImage" in done.err, "a node that another one grew is shown by that"


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_dropped_socket_loses_nothing(run, script, fake, tmp_path, comes_back):
    def play(job: Job) -> None:
        fake.start(job)
        fake.takes_sockets = comes_back
        fake.drop()
        while fake.connections < 3:
            job.stopped.wait(0.01)
            fake.drop()
        fake.finish(job, tell=False)

    fake.play = play
    done = run(script)
    assert done.code == 0, done.err
    assert (tmp_path / "lake.mp4").is_file()
    assert "broke off" in done.err


def test_a_server_without_websockets(run, script, fake, tmp_path):
    fake.takes_sockets = False
    assert run(script).code == 0
    assert (tmp_path / "lake.mp4").is_file()


def test_a_job_that_the_server_forgot(run, script, fake):
    fake.play = lambda job: fake.pending.remove(job)
    done = run(script)
    assert done.code == 3
    assert "LTX305" in done.err


def test_a_job_that_somebody_stopped(run, script, fake):
    def play(job: Job) -> None:
        fake.start(job)
        fake.end(job, "error", {}, [["execution_interrupted", {"node_id": "1"}]])
        fake.say(job, "execution_interrupted", prompt_id=job.id)

    fake.play = play
    done = run(script)
    assert done.code == 3
    assert "somebody stopped" in done.err


def test_ctrl_c_takes_a_waiting_job_out_of_the_queue(run, script, fake):
    fake.play = lambda job: press_ctrl_c()
    done = run(script)
    assert done.code == 130
    assert fake.posted == [("/queue", {"delete": [fake.prompts[0]["prompt_id"]]})]
    assert fake.pending == []
    assert "taken out of the queue" in done.err


def test_ctrl_c_stops_a_running_job_and_no_other(run, script, fake):
    def play(job: Job) -> None:
        fake.start(job)
        press_ctrl_c()

    fake.play = play
    done = run(script)
    assert done.code == 130
    assert fake.posted[-1] == ("/interrupt", {"prompt_id": fake.prompts[0]["prompt_id"]})
    assert fake.running == []
    assert "stopped on" in done.err


def test_the_place_in_the_queue_is_told(run, script, fake):
    other = Job("other", 0, {}, "")
    fake.running.append(other)

    def play(job: Job) -> None:
        fake.say(job, "status")
        job.stopped.wait(0.3)
        fake.running.remove(other)
        fake.happy(job)

    fake.play = play
    assert "waiting: 1 job before this one" in run(script).err


def test_a_server_that_is_not_there(run, script):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run(script, on=f"127.0.0.1:{port}")
    assert done.code == 3
    assert "error[LTX300]" in done.err
    assert "is ComfyUI running there" in done.err


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        ("/object_info", (200, b"<html>log in"), "no JSON"),
        ("/object_info", (200, b"[]"), "no list of nodes"),
        ("/object_info", (302, b""), "sends elsewhere"),
        ("/object_info", (401, b""), "LTX_COMFY_TOKEN"),
        ("/object_info", (404, b""), "404"),
        ("/upload/image", (413, b""), "--max-upload-size"),
        ("/upload/image", (200, b"{}"), "names no file"),
        ("/prompt", (500, b"oh"), "500"),
        ("/prompt", (200, b"oh"), "no JSON"),
        ("/prompt", (200, b"{}"), "names no job"),
        ("/view", (403, b""), "403"),
    ],
)
def test_answers_that_are_none(run, script, fake, path, answer, told):
    fake.instead[path] = answer
    if path == "/view":
        fake.takes_sockets = True
    done = run(script)
    assert done.code == 3
    assert told in done.err
    assert "error[LTX30" in done.err
    assert "Traceback" not in done.err


def test_results_that_the_server_does_not_tell(run, script, fake, tmp_path):
    fake.made = lambda node: {}
    done = run(script)
    assert done.code == 3
    assert "LTX306" in done.err
    assert "lake.mp4" in done.err


def test_headers_are_sent_and_never_shown(run, script, fake, monkeypatch):
    monkeypatch.setenv("LTX_COMFY_TOKEN", "s3cret")
    monkeypatch.setenv("LTX_COMFY_HEADERS", "X-Gate: 0pen\n\n")
    done = run(script)
    assert done.code == 0
    assert all(h["Authorization"] == "Bearer s3cret" and h["X-Gate"] == "0pen" for h in fake.headers)
    fake.instead["/object_info"] = 401, b""
    refused = run(script, "--force", on=fake.url.replace("//", "//me:pa55word@"))
    for text in (done.out, done.err, refused.out, refused.err):
        assert not [secret for secret in ("s3cret", "0pen", "pa55word") if secret in text]
    monkeypatch.setenv("LTX_COMFY_HEADERS", "no header 0pen")
    wrong = run(script)
    assert wrong.code == 2
    assert "0pen" not in wrong.err


# --- workflow files


def test_a_workflow_is_run_as_it_is(run, fake, tmp_path):
    combine = {"class_type": "VHS_VideoCombine", "inputs": {"images": ["1", 0], "filename_prefix": "v"}}
    shown = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    combine["inputs"] |= {"frame_rate": 8, "loop_count": 0, "format": "video/h264-mp4"}
    combine["inputs"] |= {"pingpong": False, "save_output": True}
    prompt = {"1": BLANK, "2": SAVE, "3": combine, "4": shown}
    done = run(prompt, "-o", f"{tmp_path}/made/")
    assert done.code == 0, done.err
    names = sorted(p.name for p in (tmp_path / "made").iterdir())
    assert names == ["blank_00001_.png", "blank_00002_.png", "blank_00003_.png", "v_00001.mp4"]
    assert "PreviewAny: so it is" in done.out
    assert {id: n["inputs"] for id, n in fake.prompts[0]["prompt"].items()} == {
        id: n["inputs"] for id, n in prompt.items()
    }
    assert "unchanged" in run(prompt, "-o", f"{tmp_path}/made/").out
    (tmp_path / "made" / "v_00001.mp4").write_text("mine")
    assert "LTX084" in run(prompt, "-o", f"{tmp_path}/made/").err
    assert (tmp_path / "made" / "v_00001.mp4").read_text() == "mine"


def test_one_file_of_a_workflow_gets_the_name_that_is_asked_for(run, tmp_path, fake):
    fake.made = lambda node: {"images": [fake.wrote("../../evil.png")]} if node["class_type"] == "SaveImage" else {}
    assert run({"1": BLANK, "2": SAVE}, "-o", tmp_path / "x.png").code == 0
    assert (tmp_path / "x.png").is_file()
    assert run({"1": BLANK, "2": SAVE}, "-o", f"{tmp_path}/deep/er/").code == 0
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["evil.png"], "names of a server have no folders"


def test_a_file_keeps_the_ending_that_the_server_wrote_and_replaces_nothing(run, tmp_path, fake):
    fake.made = lambda node: {"images": [fake.wrote("a.png")]} if node["class_type"] == "SaveImage" else {}
    done = run({"1": BLANK, "2": SAVE}, "-o", tmp_path / "x.jpg")
    assert done.err.count("the server writes png") == 1
    assert (tmp_path / "x.png").is_file()
    assert not (tmp_path / "x.jpg").exists()
    asked = len(fake.prompts)
    there = run({"1": BLANK, "2": SAVE}, "-o", tmp_path / "x.png")
    assert there.code == 3
    assert "LTX084" in there.err
    assert len(fake.prompts) == asked, "the work is not done for nothing"


def test_standard_input_may_be_a_workflow_or_a_script(ltx, fake, tmp_path, script, monkeypatch):
    fake.made = lambda node: {"images": [fake.wrote("a.png")]} if node["class_type"] == "SaveImage" else {}
    for text, options in ((json.dumps({"1": BLANK, "2": SAVE}), ("-o", tmp_path / "x.png")), (script, ())):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
        ltx("run", "-", "--on", f"comfy@{fake.url}", *options)
    assert [len(sent["prompt"]) > 2 for sent in fake.prompts] == [False, True]
    assert (tmp_path / "x.png").is_file()


def test_pictures_beside_a_workflow_are_sent_and_others_are_not(run, fake, tmp_path, in_pictures):
    fake.info["LoadImage"] = {
        **fake.info["LoadImage"],
        "input": {"required": {"image": [["there.png"], {"image_upload": True}]}},
    }
    (tmp_path / "mine.png").write_bytes((in_pictures / "a.png").read_bytes())

    def prompt(name: str) -> dict:
        return {"1": {"class_type": "LoadImage", "inputs": {"image": name}}, "2": SAVE}

    out = ("-o", f"{tmp_path}/out/")
    assert run(prompt("mine.png"), *out).code == 0
    assert run(prompt("there.png"), *out).code == 0
    assert len(fake.uploads) == 1
    assert run(prompt("../conftest.py"), *out, "--force").code == 0, "for the server to say"
    assert len(fake.uploads) == 1
    fake.info["LoadImage"]["input"]["required"]["image"][0].clear()  # a server whose input folder is empty
    absent = run(prompt("absent.png"), *out)
    assert absent.code == 1
    assert "LTX302" in absent.err


def test_options_of_scripts_are_refused_for_workflows(run, ltx, tmp_path):
    assert run({"1": BLANK, "2": SAVE}, "--seed", "3").code == 2
    assert "--on comfy" in ltx("run", tmp_path / "job.json").err
    (tmp_path / "job.json").write_text("{}")
    broken = ltx("run", tmp_path / "job.json", "--on", "comfy@127.0.0.1:1")
    assert broken.code == 1
    assert "LTX286" in broken.err


@pytest.mark.parametrize(
    ("on", "told"),
    [
        ("rtx4090", "is hardware"),
        ("comfi", "did you mean `comfy`"),
        ("comfy@0.27", "is a release"),
        ("comfy@ftp://x", "http://"),
        ("comfy@http://x:99999999", "no address"),
        ("comfy@http://x/?token=hidden", "LTX_COMFY_TOKEN"),
    ],
)
def test_places_that_are_none(ltx, on, told):
    done = ltx("run", "-e", 'prompt "a"\npass dev 2', "--on", on)
    assert done.code == 2
    assert told in done.err
    assert "hidden" not in done.err


def test_a_check_loads_no_websockets_and_a_run_on_a_server_no_torch(script, fake, tmp_path):
    root = Path(__file__).parents[3]
    (tmp_path / "job.ltx").write_text(script)
    for arguments, never in (
        (["check", "job.ltx"], ("websockets", "torch")),
        (["run", "job.ltx", "--on", f"comfy@{fake.url}"], ("torch", "diffusers", "transformers", "av")),
    ):
        program = (
            f"import sys; sys.argv = {['ltx', *arguments]!r}\nfrom ltxdsl.cli import main\n"
            "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
            f"assert not [m for m in {never!r} if m in sys.modules]"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path,
            env={"PYTHONPATH": str(root), "LTX_CACHE": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
