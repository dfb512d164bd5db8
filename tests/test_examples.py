"""The examples hold: their layout, no findings, a plan, an export; and, slowly, their files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import av
import pytest
from PIL import Image

from ltxdsl.comfy import export_prompt
from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.facts import facts_of
from ltxdsl.compiler.planner import plan
from ltxdsl.grammar import format_script, parse
from ltxdsl.models import load_model_set
from ltxdsl.ops.facts import Facts
from ltxdsl.source import Source

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(FOLDER.glob("*.ltx"))
PHOTO = "astronaut.jpg"
PAN = "pan.mp4"
VOICE = "voice.wav"
TALK = "talk.mp4"
HOLE = "hole.png"
DEPTH = "depth.mp4"  # whoever tries the example brings it
ALLOWED = {"reference_before_clip": {"LTX012"}, "hdr": {"LTX220"}}  # its comment says so


def source_of(path: Path) -> Source:
    return Source(path.read_text(encoding="utf-8"), str(path))


def given(source: Source) -> dict[str, str]:
    """The inputs as the example's comment gives them."""
    comments = "\n".join(re.findall(r"^#.*$", source.text, re.MULTILINE))
    pairs = dict(re.findall(r"--set (\w+)=([\w./-]*[\w/-])", comments))
    return {name: str(FOLDER / value) if value == PHOTO else value for name, value in pairs.items()}


def target_of(path: Path) -> str:
    """`comfy` for an example whose comment says that it is for `--target comfy` only."""
    return "comfy" if re.search(r"^#.*--target comfy", source_of(path).text, re.MULTILINE) else "local"


def is_for_this_runtime_only(path: Path) -> bool:
    """Whether the comment says that ComfyUI cannot do it."""
    return bool(re.search(r"^#.*--target local", source_of(path).text, re.MULTILINE))


EXPORTED = [path for path in EXAMPLES if not is_for_this_runtime_only(path)]
LOCAL = [path for path in EXAMPLES if target_of(path) == "local"]


def compiled(path: Path, models, target: str = "", output: str = "") -> Compilation:
    source = source_of(path)
    return compile(source, models, Request(given=given(source), target=target or target_of(path), output=output))


def test_there_are_enough_of_them():
    assert "first" in {path.stem for path in EXAMPLES}
    assert len(EXAMPLES) >= 40


def test_the_index_names_them_all():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\((\w+)\.ltx\)", index) == [path.stem for path in EXAMPLES], "run `ltx docs`"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_it_starts_with_a_comment_and_is_formatted(path: Path):
    source = source_of(path)
    assert source.text.startswith("# ")
    script, problems = parse(source)
    assert not problems
    assert format_script(script, source) == source.text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_nothing_is_found_and_it_is_small(path: Path, models):
    found = compiled(path, models)
    assert {d.code for d in found.diagnostics} == ALLOWED.get(path.stem, set())
    assert not any(i.missing for i in found.inputs.values()), "the comment shows how to give its inputs"
    for stage in found.stages:
        assert max(stage.width, stage.height) <= 256
        assert stage.frames <= (89 if "loop" in stage.sampling else 25)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_it_plans(path: Path, models):
    found = compiled(path, models)
    planned = plan(found.graph, found.stages, models)
    assert planned.outputs[0].startswith(path.stem), "files are named after the example"
    assert planned.estimate.seconds < 20


@pytest.mark.parametrize("path", EXPORTED, ids=lambda p: p.stem)
def test_it_exports(path: Path):
    models = load_model_set("ltx-2.3")
    found = compiled(path, models, target="comfy")
    export = export_prompt(found, models)
    classes = {node["class_type"] for node in export.prompt.values()}
    assert {"SamplerCustomAdvanced", "LTXVLoopingSampler"} & classes
    assert "SaveVideo" in classes
    text = source_of(path).text
    brought = {DEPTH: DEPTH} if DEPTH in given(source_of(path)).values() else {}
    kept = {name: str(FOLDER / name) for name in (PHOTO, HOLE, PAN, TALK, VOICE) if name in text}
    assert export.files == kept | brought


def test_the_photograph_is_one():
    with Image.open(FOLDER / PHOTO) as picture:
        assert picture.size == (512, 512)


@pytest.mark.slow
@pytest.mark.parametrize("path", LOCAL, ids=lambda p: p.stem)
def test_it_runs(path: Path, models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # what is no output of a clip is written where it runs
    from ltxdsl.runtime.execute import execute
    from ltxdsl.store import Store

    found = compiled(path, models, output=f"{tmp_path}/out/")
    result = execute(plan(found.graph, found.stages, models), models, Store(tmp_path / "store"))
    shutil.rmtree(tmp_path / "store")
    expected = written_facts(found)
    assert len(result.written) >= len(expected)
    for written in result.written:
        name, kind = Path(written.path).name, Path(written.path).suffix
        facts = expected.get(name) or next((f for pattern, f in expected.items() if "%" in pattern and f.frames), None)
        if kind == ".png":
            with Image.open(written.path) as picture:
                assert picture.size == (facts.width, facts.height)
        elif kind in (".mp4", ".mov", ".webm"):
            check_video(Path(written.path), facts)
        else:
            assert written.bytes > 100


def written_facts(found: Compilation) -> dict[str, Facts]:
    """What is known of each file's pictures or sound, by its name; a training has none."""
    facts = facts_of(found.graph)
    writers = [node for node in found.graph if not node.op.pure and node.inputs]
    return {Path(n.op.path).name: facts[next(iter(n.inputs.values()))] for n in writers}


def check_video(path: Path, facts: Facts) -> None:
    """Frames, size and sound of a written video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video=0))
        assert len(container.streams.audio) == 1
    assert (frames, stream.width, stream.height) == (facts.frames, facts.width, facts.height)
