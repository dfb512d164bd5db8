"""The command line, as a person and as a machine use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ltxdsl.cli import COMMANDS

ONE = (
    'guide img @ -1 strength 0.4; relay "a does this" | "then that" eps 0.1; '
    "pass 0.25x dev 40 er_sde; upscale 2x distill 0.6"
)
QUICK = 'size 64x64; length 9f; prompt "a lake"; pass distill 2 sigmas 1, 0.5, 0'


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "s.ltx"
    path.write_text(QUICK.replace("; ", "\n") + "\n")
    return path


def test_help_lists_every_command(ltx):
    shown = ltx("--help")
    assert shown.code == 0
    assert all(name in shown.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(ltx, name: str):
    assert ltx(name, "--help").code == 0


def test_run_writes_a_video_and_says_so(ltx, script, tmp_path):
    out = tmp_path / "lake.mp4"
    done = ltx("run", script, "-o", out)
    assert done.code == 0
    assert f"wrote {out}" in done.out
    assert out.read_bytes()[4:8] == b"ftyp"
    again = ltx("run", script, "-o", out)
    assert again.code == 0
    assert f"unchanged {out}" in again.out
    assert "everything was in the store" in again.out


def test_run_for_machines(ltx, script, tmp_path):
    done = ltx("run", script, "-o", tmp_path / "m.mp4", "--json")
    assert done.code == 0
    assert done.json["ok"]
    assert done.json["written"][0]["path"] == str(tmp_path / "m.mp4")
    assert done.err == ""


def test_run_names_the_file_after_the_script(ltx, script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ltx("run", script).code == 0
    assert (tmp_path / "s.mp4").exists()


def test_seeds_change_the_video(ltx, script, tmp_path):
    one = ltx("run", script, "-o", tmp_path / "1.mp4", "--seed", "1", "--json").json
    two = ltx("run", script, "-o", tmp_path / "2.mp4", "--seed", "2", "--json").json
    assert one["written"][0]["sha256"] != two["written"][0]["sha256"]


def test_a_still_and_a_video_from_one_decode(ltx, tmp_path):
    text = QUICK + '; save "v.mp4"; save "first.png"; save "last.jpg" @ end'
    done = ltx("run", "-e", text, "-o", f"{tmp_path}/", "--json")
    assert done.code == 0, done.err
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix in (".mp4", ".png", ".jpg")) == [
        "first.png",
        "last.jpg",
        "v.mp4",
    ]


def test_inputs_must_be_given_to_run_but_not_to_check(ltx):
    assert ltx("check", "-e", ONE).code == 0
    done = ltx("run", "-e", ONE)
    assert done.code == 1
    assert "the input `img` (image) has no value" in done.err
    assert "--set img=" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "give a script"),
        (["run", "missing.ltx"], "there is no script `missing.ltx`"),
        (["run", "."], "is a folder"),
        (["run", "a.png"], "is not a text in UTF-8"),
        (["run", "-e", QUICK, "--set", "img"], "NAME=VALUE"),
        (["run", "-e", QUICK, "--models", "nothing"], "there is no model set `nothing`"),
        (["run", "-e", QUICK, "--seed", "-1"], "--seed"),
        (["check"], "give a script"),
        (["explain", "LTX01"], "did you mean"),
        (["plan", "-e", QUICK, "--on", "abacus"], "abacus"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_use_is_code_2_and_a_sentence(ltx, arguments: list[str], message: str):
    done = ltx(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('length 120f; prompt "a"; pass dev 30', "LTX010"),
        ('size 1000x1000; prompt "a"; pass dev 30', "LTX011"),
        ('prompt "a"; pass dev 30 er_sd', "LTX003"),
        ('prompt "a"; guide "missing.png" @ end; pass dev 30', "LTX080"),
        ('prompt "a"; guide "." @ end; pass dev 30', "LTX081"),
        ('prompt "a"; guide "notes.png" @ end; pass dev 30', "LTX082"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check", "plan"])
def test_bad_input_is_one_finding(ltx, command: str, text: str, code: str):
    done = ltx(command, "-e", text)
    assert done.code == 1
    assert f"[{code}]" in done.err
    assert done.err.count("error[") == 1
    assert "^" in done.err, "drawn under the source line"
    machine = ltx(command, "-e", text, "--json").json
    found = machine["files"][0]["diagnostics"] if command == "check" else machine["diagnostics"]
    place = next(d for d in found if d["code"] == code)["place"]
    assert place["line"] == 1
    assert place["column"] < place["end_column"]


def test_an_existing_file_is_not_replaced(ltx, tmp_path):
    target = tmp_path / "mine.mp4"
    target.write_text("mine")
    done = ltx("run", "-e", QUICK, "-o", target)
    assert done.code == 3
    assert "LTX084" in done.err
    assert target.read_text() == "mine"
    exported = tmp_path / "mine.json"
    exported.write_text("mine")
    assert ltx("export", "-e", QUICK, "-o", exported).code == 2
    assert exported.read_text() == "mine"
    assert ltx("export", "-e", QUICK, "-o", exported, "--force").code == 0
    assert json.loads(exported.read_text())


def test_check_fixes_files(ltx, tmp_path):
    path = tmp_path / "f.ltx"
    path.write_text('length 120f\nprompt "a"\npass dev 30 er_sd\n')
    assert ltx("check", "--fix", path).code == 0
    assert path.read_text() == 'length 121f\nprompt "a"\npass dev 30 er_sde\n'


def test_fmt(ltx, tmp_path):
    path = tmp_path / "f.ltx"
    path.write_text("size   64x64;prompt 'a'".replace("'", '"'))
    assert ltx("fmt", "--check", path).code == 1
    assert "-size   64x64" in ltx("fmt", "--diff", path).out
    assert ltx("fmt", path).code == 0
    assert path.read_text() == 'size 64x64; prompt "a"\n'
    assert ltx("fmt", "--check", path).code == 0
    broken = tmp_path / "b.ltx"
    broken.write_text('prompt "a')
    assert ltx("fmt", broken).code == 1
    assert broken.read_text() == 'prompt "a'


def test_plan_is_readable_and_machine_readable(ltx):
    shown = ltx("plan", "-e", ONE)
    assert shown.code == 0
    for wanted in ("32x32", "64x64", "er_sde 40", "0.909 0.725 0.422 0", "dev + distill 0.6", "text_encoder"):
        assert wanted in shown.out
    shown = ltx("plan", "-e", ONE, "--json")
    assert shown.json["stages"][1]["width"] == 64
    assert ltx("plan", "-e", ONE, "--format", "json").out == shown.out


def test_plan_says_why(ltx):
    shown = ltx("plan", "-e", ONE, "--why")
    assert "share_equal: saves " in shown.out
    assert 'encode "a does this" once' not in ltx("plan", "-e", ONE).out
    reasons = ltx("plan", "-e", ONE, "--json").json["reasons"]
    assert {"by", "what", "saved"} == set(reasons[0])


def test_plan_and_check_know_hardware(ltx):
    big = 'size 1920x1024; length 121f; prompt "a lake"; pass dev 8 { cfg 1 }; save "a.mp4"'
    shown = ltx("plan", "-e", big, "--models", "ltx-2.3", "--on", "rtx3060")
    assert shown.code == 0
    assert "does not fit: `decode video` needs" in shown.out
    assert "helps: `decode tile" in shown.out
    checked = ltx("check", "-e", big, "--models", "ltx-2.3", "--on", "rtx3060", "--json")
    assert checked.code == 1
    assert "LTX211" in {d["code"] for d in checked.json["files"][0]["diagnostics"]}
    assert ltx("check", "-e", big, "--models", "ltx-2.3").code == 0


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_fits_a_terminal(ltx, monkeypatch, width: int):
    """Drawn as in a terminal of that width: no line is longer, and what matters is whole."""
    from ltxdsl.report import plan_text

    monkeypatch.setattr(plan_text, "WIDTH_WITHOUT_TERMINAL", width)
    out = ltx("plan", "-e", ONE, "--why").out
    assert max(map(len, out.splitlines())) <= width
    for wanted in ("64x64", "er_sde 40", "transformer", "share_equal"):
        assert wanted in out


@pytest.mark.parametrize("stage", ["syntax", "statements", "graph", "plan", "comfy"])
def test_every_stage_can_be_shown(ltx, stage: str):
    shown = ltx("plan", "-e", ONE, "--emit", stage, "--json")
    assert shown.code == 0
    assert shown.json


def test_export_writes_a_prompt(ltx, tmp_path):
    target = tmp_path / "wf.json"
    done = ltx("export", "-e", ONE, "-o", target)
    assert done.code == 0
    prompt = json.loads(target.read_text())
    assert {"SamplerCustomAdvanced", "PromptRelayEncode", "SaveVideo"} <= {n["class_type"] for n in prompt.values()}
    assert ltx("export", "-e", ONE, "-o", target).code == 0, "the same content is no conflict"


def test_what_nodes_cannot_say_is_a_finding(ltx):
    tiny = 'size 32x32; length 9f; prompt "a"; pass dev 20'
    for command in (["export", "-e", tiny], ["check", "--target", "comfy", "-e", tiny]):
        done = ltx(*command)
        assert done.code == 1
        assert "LTX091" in done.err


def test_a_model_set_from_ltx_toml(ltx, tmp_path, monkeypatch, models):
    from ltxdsl.runtime.tiny import ensure

    ensure(models)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ltx.toml").write_text(
        f'models = "mine"\n[sets.mine]\nfolder = "{models.folder}"\n'
        "[sets.mine.defaults]\nwidth = 64\nheight = 64\nframes = 9\n"
    )
    text = 'prompt "a"; pass dev 20'
    assert ltx("plan", "-e", text, "--json").json["models"] == "mine"
    assert ltx("run", "-e", text, "-o", "o.mp4").code == 0
    (tmp_path / "ltx.toml").write_text("models = ")
    assert "is not valid TOML" in ltx("check", "-e", text).err
    (tmp_path / "ltx.toml").write_text('[sets.mine]\nfolders = "x"')
    assert "needs a `folder`" in ltx("check", "-e", text, "--models", "mine").err


SHOTS = 'size 64x64; length 9f; prompt "a lake"; shot wide { pass distill 8 }; shot near { pass distill 8 }'


def test_inputs_lists_what_a_script_takes(ltx):
    text = 'input s = 0.4 "how much"; prompt words; guide face @ -1 strength s; pass dev 30'
    done = ltx("inputs", "-e", text, "--format", "json")
    assert done.code == 0
    rows = {row["name"]: (row["kind"], row["default"], row["required"]) for row in done.json["inputs"]}
    assert rows == {"s": ("number", "0.4", False), "words": ("text", "", True), "face": ("image", "", True)}
    assert "= 0.4" in ltx("inputs", "-e", text).out
    assert "nothing" in ltx("inputs", "-e", QUICK).out
    assert ltx("inputs", "-e", "promt x").code == 1


def test_only_one_shot(ltx):
    assert ltx("plan", "-e", SHOTS, "--shot", "near", "--json").json["outputs"] == ["near.mp4"]
    wrong = ltx("plan", "-e", SHOTS, "--shot", "far", "--json")
    assert (wrong.code, wrong.json["diagnostics"][0]["code"]) == (1, "LTX158")
    exported = ltx("export", "-e", SHOTS.replace("64x64", "768x512"), "--shot", "wide").json
    assert [n["inputs"]["filename_prefix"] for n in exported.values() if n["class_type"] == "SaveVideo"] == ["wide"]


def test_fixes_stay_in_their_file(ltx, tmp_path: Path):
    (tmp_path / "mine.ltx").write_text("recipe fast { pass distil 8 }\n")
    path = tmp_path / "s.ltx"
    path.write_text('import "mine.ltx"\nprompt "a lake"\nuse fats\n')
    ltx("check", path, "--fix")
    assert path.read_text() == 'import "mine.ltx"\nprompt "a lake"\nuse fast\n'
    assert "distil 8" in (tmp_path / "mine.ltx").read_text()
