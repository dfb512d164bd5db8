"""The findings of `ltx check` for machines, differences and watching, and answers that are remembered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

BAD = 'size 770x512\nprompt "a lake, 100%"\nguide "no.png" @ 25f\npass dev 30\n'
GOOD = 'size 64x64\nlength 9f\nprompt "a lake"\npass dev 30\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.ltx").write_text(BAD)
    return tmp_path


def written(ltx, format: str, *more: str):
    shown = ltx("check", "bad.ltx", "--format", format, *more)
    assert shown.code == 1
    return shown.out


def test_sarif_has_what_code_scanning_reads(ltx, here):
    report = json.loads(written(ltx, "sarif"))
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {r["id"] for r in rules} >= {"LTX011", "LTX020", "LTX080"}
    assert all(r["shortDescription"]["text"] and r["help"]["markdown"] for r in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["ltxLine/v1"]
    size = next(r for r in run["results"] if r["ruleId"] == "LTX011")
    region = size["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (1, 6, 13)
    assert size["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bad.ltx"
    change = size["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert (change["deletedRegion"], change["insertedContent"]["text"]) == (region, "768x512")


def test_github_annotations_are_one_line_each_and_escaped(ltx, here):
    lines = written(ltx, "github").strip().splitlines()
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert any("file=bad.ltx,line=1,endLine=1,col=6,endColumn=13,title=LTX011" in line for line in lines)
    assert all(line.count("::") == 2 or "%3A" in line for line in lines)


def test_nothing_found_is_no_annotation(ltx, here, tmp_path):
    (tmp_path / "good.ltx").write_text('prompt "a lake"\npass distill 8\n')
    assert ltx("check", tmp_path / "good.ltx", "--format", "github").out == ""


def test_junit_counts_what_fails(ltx, here):
    root = ElementTree.fromstring(written(ltx, "junit"))
    assert root.tag == "testsuites"
    cases = root.findall(".//testcase")
    assert int(root.get("failures")) == len(cases) == len(root.findall(".//failure")) == 3
    assert "770x512" in cases[0].find("failure").text
    (here / "good.ltx").write_text(GOOD)
    clean = ElementTree.fromstring(ltx("check", "good.ltx", "--format", "junit").out)
    assert (clean.get("failures"), clean.get("tests")) == ("0", "1")


def test_gitlab_fingerprints_stay_when_lines_move(ltx, here):
    def prints() -> dict[str, str]:
        return {row["check_name"]: row["fingerprint"] for row in json.loads(written(ltx, "gitlab"))}

    before = prints()
    (here / "bad.ltx").write_text("# a comment\n\n" + BAD)
    assert prints() == before
    assert len(set(before.values())) == len(before)
    (here / "bad.ltx").write_text(BAD.replace("770x512", "771x512"))
    assert prints()["LTX011"] != before["LTX011"]


def test_a_finding_in_an_imported_file_is_reported_there(ltx, here):
    (here / "studio.ltx").write_text("recipe draft() {\n  pass dev 30 eulr\n}\n")
    (here / "bad.ltx").write_text('import "studio.ltx"\nprompt "a lake"\nuse draft\n')
    for _ in range(2):  # anew, and from what is remembered
        (run,) = json.loads(written(ltx, "sarif"))["runs"]
        place = run["results"][0]["locations"][0]["physicalLocation"]
        assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("studio.ltx", 2)


def test_differences_are_shown_and_nothing_is_written(ltx, here):
    shown = ltx("check", "bad.ltx", "--diff")
    assert shown.code == 1
    assert "-size 770x512\n+size 768x512\n" in shown.out
    assert (here / "bad.ltx").read_text() == BAD
    (here / "bad.ltx").write_text(GOOD)
    assert (ltx("check", "bad.ltx", "--diff").code, ltx("check", "bad.ltx", "--diff").out) == (0, "")


def test_fixes_keep_line_ends_and_byte_order_mark(ltx, here):
    crlf = b"\xef\xbb\xbf" + BAD.replace('guide "no.png" @ 25f\n', "").replace("\n", "\r\n").encode()
    (here / "bad.ltx").write_bytes(crlf)
    assert ltx("check", "bad.ltx", "--fix").code == 0
    assert (here / "bad.ltx").read_bytes() == crlf.replace(b"770x512", b"768x512")


def test_strict_folders_and_exit_codes(ltx, here):
    (here / "bad.ltx").unlink()
    (here / "deep").mkdir()
    (here / "deep" / "warns.ltx").write_text('prompt "a lake"\npass dev 6\n')
    assert ltx("check", ".").code == 0
    assert ltx("check", ".", "--strict").code == 1
    assert ltx("check", "deep", "nothing.ltx").code == 2
    (here / "empty").mkdir()
    assert ltx("check", "empty").code == 2


def checked(*arguments: str, **env: str) -> tuple[int, str]:
    """In a process of its own, as a shell runs it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ltxdsl", "check", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | env,
    )
    return done.returncode, done.stdout + done.stderr


def settle() -> None:
    """Files that changed just now are not answered for: their times could tell nothing."""
    time.sleep(2.1)


@pytest.mark.slow
def test_an_unchanged_script_is_answered_without_loading_the_compiler_and_a_changed_one_is_not(
    here, monkeypatch, tmp_path_factory
):
    monkeypatch.setenv("LTX_CACHE", str(tmp_path_factory.mktemp("cache")))
    (here / "a.ltx").write_text(GOOD + 'guide "b.png" @ end\npass dev 30\n')
    settle()
    code, first = checked("a.ltx")
    assert "ltxdsl.compiler" in first
    assert "LTX080" in first
    again_code, again = checked("a.ltx")
    assert again_code == code == 1
    assert "LTX080" in again
    assert not {"ltxdsl.compiler", "lark", "msgspec", "click"} & set(again.replace("|", " ").split())
    (here / "b.png").write_bytes((Path(__file__).parents[1] / "examples" / "astronaut.jpg").read_bytes())
    assert "LTX080" not in checked("a.ltx")[1], "a file that was not there is there now"
    (here / "ltx.toml").write_text('[rules]\nLTX048 = "error"\n')
    assert "ltxdsl.compiler" in checked("a.ltx")[1], "settings that were not there are there now"


@pytest.mark.slow
def test_a_broken_answer_is_made_anew(here, monkeypatch, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("LTX_CACHE", str(cache))
    (here / "a.ltx").write_text(GOOD)
    settle()
    assert checked("a.ltx")[0] == 0
    kept = [path for path in (cache / "check").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    code, told = checked("a.ltx")
    assert code == 0
    assert "ltxdsl.compiler" in told


def lora(metadata: dict[str, str]) -> bytes:
    """A LoRA's header, and a tensor of one number."""
    key = "diffusion_model.transformer_blocks.0.attn1.to_q.lora_A.weight"
    table = {"__metadata__": metadata, key: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    header = json.dumps(table).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG, which tells its size."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"


# what is looked at: script, the file before, the file after, a code that comes or goes with it
READ_FILES = {
    "imported script": (
        'import "more.ltx"\nsize 64x64\nlength 9f\nuse lake\npass dev 30\n',
        ("more.ltx", b'recipe lake() { prompt "a lake" }\n'),
        b'recipe lake() { prompt "" }\n',
        "LTX200",
    ),
    "settings beside the script": (
        GOOD,
        ("ltx.toml", b'[rules]\nLTX048 = "error"\n'),
        b"[rules]\nLTX999 = 'off'\n",
        "LTX185",
    ),
    "picture": (
        f'{GOOD}guide "b.png" @ end\npass dev 30\n',
        ("b.png", png(64, 64)),
        b"this is no picture at all",
        "LTX082",
    ),
    "header of a LoRA": (
        'size 192x192\nlength 9f\nprompt "a"\nlora "x.safetensors" 0.5\npass dev 30\n',
        ("x.safetensors", lora({})),
        lora({"reference_downscale_factor": "2"}),
        "LTX194",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", READ_FILES)
def test_an_answer_follows_every_file_that_was_read(kind: str, here, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("LTX_CACHE", str(tmp_path_factory.mktemp("cache")))
    script, (name, before), after, code = READ_FILES[kind]
    (here / "a.ltx").write_text(script)
    (here / name).write_bytes(before)
    settle()
    assert code not in checked("a.ltx")[1]
    assert "ltxdsl.compiler" not in checked("a.ltx")[1], "nothing has changed: it is remembered"
    (here / name).write_bytes(after)
    assert code in checked("a.ltx")[1], "the file has changed"
    (here / name).unlink()
    assert "ltxdsl.compiler" in checked("a.ltx")[1], "the file is gone"


@pytest.mark.slow
def test_watching_checks_again_when_a_file_changes(here, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("LTX_CACHE", str(tmp_path_factory.mktemp("cache")))
    (here / "a.ltx").write_text(GOOD)
    told = here / "told.txt"
    command = [sys.executable, "-m", "ltxdsl", "check", "--watch", "a.ltx"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONUNBUFFERED": "1"}
    with told.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
    try:
        assert rounds(told, 1)[0].startswith("a.ltx: no problems")
        (here / "a.ltx").write_text(GOOD.replace("9f", "8f"))  # at once: no change may fall between two looks
        assert "LTX010" in rounds(told, 2)[1]
        (here / "a.ltx").write_text(GOOD)
        assert "a.ltx: no problems" in rounds(told, 3)[2]
    finally:
        process.kill()
        process.wait()


def rounds(told: Path, count: int) -> list[str]:
    """What was said in each round of watching, once there have been so many; 20 s are enough for one."""
    end = time.monotonic() + 20
    while told.read_text().count("watching") < count and time.monotonic() < end:
        time.sleep(0.1)
    return told.read_text().split("watching for changes; Ctrl-C ends it")
