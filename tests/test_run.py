"""Runs on the embedded models: resume, reuse, and everything that can go wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.planner import plan
from ltxdsl.runtime.execute import Result, RunError, execute
from ltxdsl.source import Source
from ltxdsl.store import Store, digest

SHORT = """
size 64x64
length 9f
prompt "a lake"
guide "a.png" @ end strength 0.5 crf 0
pass distill 3 sigmas 1, 0.7, 0.4, 0 er_sde
"""
ROOT = Path(__file__).parent.parent


def run(text: str, models, store: Store, output: Path, **options) -> Result:
    compiled = compile(Source(text), models, Request(output=str(output), given=options.pop("given", {})))
    assert compiled.ok, compiled.diagnostics
    return execute(plan(compiled.graph, compiled.stages, models), models, store, **options)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


def test_a_second_run_computes_nothing(models, in_pictures, store, output):
    first = run(SHORT, models, store, output)
    assert first.written[0].fresh
    assert "sample 3 steps er_sde" in first.computed
    again = run(SHORT, models, store, output)
    assert again.computed == ()
    assert not again.written[0].fresh
    output.unlink()
    assert run(SHORT, models, store, output).written[0].sha256 == first.written[0].sha256


def test_two_stores_give_the_same_bits(models, in_pictures, tmp_path):
    one = run(SHORT, models, Store(tmp_path / "one"), tmp_path / "one.mp4")
    two = run(SHORT, models, Store(tmp_path / "two"), tmp_path / "two.mp4")
    assert one.written[0].sha256 == two.written[0].sha256


def test_a_changed_last_pass_recomputes_that_pass(models, in_pictures, store, tmp_path):
    run(SHORT + "upscale 2x distill 0.5 1", models, store, tmp_path / "a.mp4")
    changed = run(SHORT + "upscale 2x distill 0.5 2", models, store, tmp_path / "b.mp4")
    assert [label for label in changed.computed if label.startswith("sample")] == ["sample 2 steps euler"]
    assert not [label for label in changed.computed if label.startswith(("encode", "upsample"))]


def test_a_damaged_result_is_made_again(models, in_pictures, store, output):
    first = run(SHORT, models, store, output)
    for file in store.folder.rglob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    for file in store.folder.rglob("file.mp4"):
        file.write_bytes(file.read_bytes()[:-1])
    again = run(SHORT, models, store, output, force=True)
    assert "sample 3 steps er_sde" in again.computed
    assert again.written[0].sha256 == first.written[0].sha256


def test_a_file_in_the_way_is_kept(models, in_pictures, store, output):
    output.write_text("mine")
    with pytest.raises(RunError) as stopped:
        run(SHORT, models, store, output)
    assert stopped.value.code == "LTX084"
    assert "--force" in stopped.value.hint
    assert output.read_text() == "mine"
    assert not store.folder.exists(), "nothing was computed"
    run(SHORT, models, store, output, force=True)
    assert output.read_bytes()[4:8] == b"ftyp"


def test_a_folder_that_cannot_be_entered_is_told_before_any_work(models, in_pictures, store, output, monkeypatch):
    stat = Path.stat

    def refusing(path, **options):
        if path == output:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refusing)
    with pytest.raises(RunError, match="Permission denied") as stopped:
        run(SHORT, models, store, output)
    assert stopped.value.code == "LTX088"
    assert not store.folder.exists()


def test_a_file_that_appears_during_the_run_is_kept(models, in_pictures, store, output, monkeypatch):
    from ltxdsl.runtime import execute as module

    compute = module._compute

    def late(*args):
        compute(*args)
        output.write_text("mine")

    monkeypatch.setattr(module, "_compute", late)
    with pytest.raises(RunError, match="appeared"):
        run(SHORT, models, store, output)
    assert output.read_text() == "mine"


def test_a_full_disk_is_one_message_and_finished_steps_stay(models, in_pictures, store, output, monkeypatch):
    from ltxdsl.runtime import tensor_files

    save, calls = tensor_files.save_file, []

    def full(tensors, path, *args, **kwargs):
        calls.append(path)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return save(tensors, path, *args, **kwargs)

    monkeypatch.setattr(tensor_files, "save_file", full)
    with pytest.raises(RunError) as stopped:
        run(SHORT, models, store, output)
    assert stopped.value.code == "LTX087"
    assert not output.exists()
    monkeypatch.undo()
    os.chdir(in_pictures)
    again = run(SHORT, models, store, output)
    assert again.reused, "what was finished is used"
    assert output.exists()


def test_a_really_full_disk(models, in_pictures, tmp_path):
    """A limit on file sizes stands in for a full disk: the operating system refuses the write itself."""
    script = tmp_path / "s.ltx"
    script.write_text(SHORT.replace("64x64", "256x256").replace("9f", "25f"))
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from ltxdsl.runtime.tiny import ensure; from ltxdsl.models import load_model_set; ensure(load_model_set())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        f"sys.argv = ['ltx', 'run', {str(script)!r}, '-o', 'out.mp4', '--json']\n"
        "from ltxdsl.cli import main; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("a.png",):
        (tmp_path / name).write_bytes((in_pictures / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["diagnostics"][-1]["code"] in ("LTX087", "LTX088", "LTX085")
    assert not (tmp_path / "out.mp4").exists()


def test_a_truncated_model_is_one_message(models, in_pictures, store, output, tmp_path):
    import shutil

    from ltxdsl.runtime.tiny import ensure

    ensure(models)
    folder = tmp_path / "broken"
    shutil.copytree(models.folder, folder)
    weights = next((folder / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    broken = msgspec.structs.replace(models, name="broken", folder=str(folder), recipe="")
    with pytest.raises(RunError) as stopped:
        run(SHORT, broken, store, output)
    assert stopped.value.code == "LTX086"
    assert weights.name in stopped.value.message
    assert not output.exists()


def test_a_broken_picture_is_one_message(models, in_pictures, store, output, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes((in_pictures / "a.png").read_bytes()[:200])
    with pytest.raises(RunError) as stopped:
        run(SHORT.replace('"a.png"', "img"), models, store, output, given={"img": str(broken)})
    assert stopped.value.code == "LTX085"
    assert "broken.png" in stopped.value.message


def test_a_folder_for_a_model_set_that_is_none(in_pictures, store, output, tmp_path):
    from ltxdsl.models import load_model_set

    empty = load_model_set(str(tmp_path))
    with pytest.raises(RunError) as stopped:
        run('size 64x64\nlength 9f\nprompt "a"\npass dev 20', empty, store, output)
    assert stopped.value.code == "LTX086"


def start(script: Path, cache: Path, out: Path) -> subprocess.Popen:
    environment = {**os.environ, "LTX_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "ltxdsl", "run", str(script), "-o", str(out), "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(arguments, env=environment, preexec_fn=_hears_interrupts, **pipes)


def _hears_interrupts() -> None:
    """A shell lets its background jobs ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition, process: subprocess.Popen, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


LONG = """
size 64x64
length 9f
prompt "a lake"
guide "a.png" @ end crf 0
pass dev 150 er_sde { cfg 3 }
"""


@pytest.fixture(scope="module")
def uninterrupted(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of what the long script makes in one go."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    (pictures / "long.ltx").write_text(LONG)
    done = start(pictures / "long.ltx", folder / "cache", folder / "out.mp4")
    assert done.wait() == 0
    return digest(folder / "out.mp4")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_stopped_run_goes_on_bit_for_bit(in_pictures, uninterrupted, tmp_path, how: signal.Signals):
    script = in_pictures / "long.ltx"
    cache, out = tmp_path / "cache", tmp_path / "out.mp4"
    process = start(script, cache, out)
    # Only in the store: folders of models beside it come and go while they are looked through.
    wait_for(lambda: any(cache.glob("store/unfinished/*/calls-*.safetensors")), process)
    process.send_signal(how)
    printed, errors = process.communicate()
    assert process.returncode == (-9 if how is signal.SIGKILL else 130), errors
    assert "Traceback" not in errors
    assert not out.exists()
    resumed = start(script, cache, out)
    printed, errors = resumed.communicate()
    assert resumed.returncode == 0, errors
    result = json.loads(printed)
    assert 'encode "a lake"' in result["reused"]
    assert digest(out) == uninterrupted
    assert not list(cache.rglob("calls-*.safetensors")), "the journal is gone when the pass is done"


def write_lora(path: Path, *modules: str) -> None:
    import torch
    from safetensors.torch import save_file

    from ltxdsl.runtime.tiny import parts

    tensors = {}
    for module in modules:
        tensors[f"diffusion_model.{module}.lora_A.weight"] = torch.zeros(2, parts.VIDEO_WIDTH)
        tensors[f"diffusion_model.{module}.lora_B.weight"] = torch.zeros(parts.VIDEO_WIDTH, 2)
    save_file(tensors, path)


def test_a_lora_for_another_model_is_refused(models, in_pictures, store, output, tmp_path):
    """Keys that look right, of layers that this transformer does not have: only the run can know."""
    write_lora(tmp_path / "foreign.safetensors", "transformer_blocks.40.attn1.to_q")
    with pytest.raises(RunError, match="another model"):
        run(f'lora "{tmp_path}/foreign.safetensors"\n{SHORT}', models, store, output)


def test_a_lora_with_some_foreign_keys_is_used_with_a_warning(models, in_pictures, store, output, tmp_path):
    write_lora(tmp_path / "mixed.safetensors", "transformer_blocks.0.attn1.to_q", "blocks.0.attn.qkv")
    result = run(f'lora "{tmp_path}/mixed.safetensors"\n{SHORT}', models, store, output)
    assert len(result.warnings) == 1
    assert "mixed.safetensors" in result.warnings[0]


def test_a_control_of_half_the_size(models, in_pictures, store, output, tmp_path):
    """Any LoRA will do on the embedded models; the control changes what comes out."""
    write_lora(tmp_path / "ic.safetensors", "transformer_blocks.0.attn1.to_q")
    text = 'size 128x64\nlength 9f\nprompt "a lake"\ncontrol depth from video "{}" with lora "{}" 1 @ 0 downscale 2\n'
    files = [
        run(text.format(video, tmp_path / "ic.safetensors") + "pass distill 1 sigmas 1, 0", models, store, path)
        for video, path in (("walk.mp4", output), ("run.mp4", tmp_path / "other.mp4"))
    ]
    assert files[0].written[0].sha256 != files[1].written[0].sha256


def test_a_prompt_that_is_too_long_is_cut_with_a_warning(models, in_pictures, store, output):
    long = SHORT.replace('"a lake"', '"' + "a lake in the morning, " * 60 + '"')
    (warning,) = run(long, models, store, output).warnings
    assert "tokens" in warning


def test_shots_run_as_separate_scripts_do(models, in_pictures, store, tmp_path):
    top = "size 64x64\nlength 9f\n"
    one, two = 'prompt "a lake"\npass distill 2 sigmas 1, 0.5, 0', 'prompt "a sea"\npass distill 2 sigmas 1, 0.5, 0'
    both = run(f"{top}shot one {{\n{one}\n}}\nshot two {{\n{two}\n}}", models, store, f"{tmp_path}/")
    assert [Path(w.path).name for w in both.written] == ["one.mp4", "two.mp4"]
    for text, written in zip((one, two), both.written, strict=True):
        alone = run(top + text, models, Store(tmp_path / text[8:12]), tmp_path / "alone.mp4", force=True)
        assert alone.written[0].sha256 == written.sha256
