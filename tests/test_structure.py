"""Recipes, imports, shots, sweeps, inputs: what they stand for is what writing it out would mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltxdsl.comfy import export_prompt
from ltxdsl.compiler import Compilation, Request, analyze, compile
from ltxdsl.compiler.library import STANDARD
from ltxdsl.compiler.planner import plan
from ltxdsl.diagnostics import Severity, render, to_json
from ltxdsl.grammar import format_script, parse
from ltxdsl.models import load_model_set
from ltxdsl.source import Source
from ltxdsl.testing.strategies import runnable

HEAD = 'size 256x256\nlength 9f\nprompt "a lake"\n'
CALM = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
STANDARD_FILES = sorted(STANDARD.glob("*.ltx"))


def good(text: str, models, name: str = "<script>", **asked) -> Compilation:
    found = analyze(Source(text, name), models, Request(**asked))
    assert not [d for d in found.diagnostics if d.severity is Severity.ERROR], found.diagnostics
    return found


def picture(text: str, models, **asked):
    return good(text, models, **asked).graph.picture()


def codes(text: str, models, name: str = "<script>", **asked) -> list[str]:
    return [d.code for d in analyze(Source(text, name), models, Request(**asked)).diagnostics]


# --- expansion is writing out


@CALM
@given(runnable(), st.integers(0, 9))
def test_a_recipe_means_its_statements(models, in_pictures, text: str, seed: int):
    body, lines = [], []
    for line in text.splitlines():
        (lines if line.startswith(("size", "length")) else body).append(line)
    top = "\n".join(lines)
    written = f"{top}\nseed {seed}\n" + "\n".join(line for line in body if not line.startswith("seed"))
    inner = "\n".join("seed n" if line.startswith("seed") else line for line in body)
    used = f"recipe all(n = 3) {{\n{inner}\n}}\n{top}\nuse all n {seed}"
    assert sorted(map(str, picture(used, models))) == sorted(map(str, picture(written, models)))


@CALM
@given(runnable(), runnable())
def test_shots_mean_what_separate_scripts_mean(models, in_pictures, one: str, two: str):
    together = picture(f"shot one {{\n{one}\n}}\nshot two {{\n{two}\n}}", models)
    apart = [picture(f'{text}\nsave "{name}.mp4"', models) for name, text in (("one", one), ("two", two))]
    count = len(apart[0])
    moved = [
        (str(int(place) + count), op, tuple((port, _moved(ref, count)) for port, ref in inputs))
        for place, op, inputs in apart[1]
    ]
    assert together == [*apart[0], *moved]


def _moved(ref: str, count: int) -> str:
    node, port = ref.split(".")
    return f"{int(node) + count}.{port}"


@CALM
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(["0.3", "0.4", "0.5"]), min_size=1, max_size=3, unique=True),
)
def test_a_sweep_means_all_its_rounds(models, steps: list[int], strengths: list[str]):
    def shot(n: object, s: str) -> str:
        return f'shot "a-{n}-{s}" {{ pass distill {s} linear_quadratic {n} }}\n'

    body = 'shot "a-{n}-{s}" { pass distill s linear_quadratic n }'
    listed = ", ".join(map(str, steps))
    free = f"{HEAD}sweep n in {listed} | s in {', '.join(strengths)} {{ {body} }}"
    written = "".join(shot(n, s) for n in steps for s in strengths)
    assert picture(free, models) == picture(HEAD + written, models)
    pairs = list(zip(steps, strengths, strict=False))
    rows = ", ".join(f"({n}, {s})" for n, s in pairs)
    paired = f"{HEAD}sweep n, s in {rows} {{ {body} }}"
    assert picture(paired, models) == picture(HEAD + "".join(shot(n, s) for n, s in pairs), models)


def test_parameters_shadow_and_stay_inside(models, in_pictures):
    text = 'let s = 3\nrecipe r(s = 1) { cfg s }\nuse r s 2\nprompt "at {s}"\npass dev 30 { use r }'
    cfg, prompt, last = good(HEAD + text, models).statements[3:6]
    assert (cfg.video.last, prompt.text, last.settings[0].video.last) == (2.0, "at 3", 1.0)


def test_a_name_that_is_an_option_stays_an_option(models, in_pictures):
    text = f"recipe r(face, strength = 0.4) {{ guide face @ -1 strength strength }}\n{HEAD}use r face strength 0.3\n"
    guide = good(f'{text}pass dev 30\nface2 = image "a.png"\nguide face2 @ end\npass dev sigmas 0.5, 0', models)
    assert guide.statements[3].strength == 0.3
    assert {name: i.kind for name, i in guide.inputs.items()} == {"face": "image"}


def test_files_of_a_sweep_and_named_files_give_names(models, in_pictures):
    text = 'q = image "queen.png"\nsweep f in files "[ab].png" { shot "of-{f}" { guide f @ end; pass dev 30 } }\n'
    found = good(HEAD + text + 'sweep f in q { shot "of-{f}" { guide f @ end; pass dev 30 } }', models)
    assert [s.name.partition(":")[0] for s in found.stages] == ["of-a", "of-b", "of-q"]
    assert [s.placed[0].statement.source.path for s in found.stages] == ["a.png", "b.png", "queen.png"]


@pytest.mark.parametrize(
    ("sum", "value"),
    [
        ("0.5x * 0.5x", "0.25x"),
        ("1920x1024 / 2", "960x512"),
        ("2 * 64x64", "128x128"),
        ("5s * 24fps", "120f"),
        ("48f / 24fps", "2s"),
        ("50% * 4s", "2s"),
        ("24fps / 2", "12fps"),
        ("96f / 24f", "4"),
        ('"a" + " lake"', "a lake"),
    ],
)
def test_sums(models, sum: str, value: str):
    found = analyze(Source(f'let x = {sum}\nprompt "{{x}}"\npass dev 30'), models)
    assert found.statements[0].text == value


# --- where findings stand


def test_a_finding_in_a_body_says_which_uses_it_comes_from(models):
    text = "recipe inner { pass distil 8 }\nrecipe outer { use inner }\n" + HEAD + "use outer"
    source = Source(text, "s.ltx")
    (found,) = analyze(source, models).diagnostics
    assert source[found.span] == "distil"
    assert [spot.words for spot in found.trail] == ["`use inner`", "`use outer`"]
    assert [source[spot.span] for spot in found.trail] == ["use inner", "use outer"]
    assert "from: `use outer` at s.ltx:6:1" in render(found, source)
    assert to_json(found, source)["trail"][1]["line"] == 6


def test_a_round_is_named_by_its_values(models):
    text = HEAD + 'sweep s in 0.5, 50 { shot "a-{s}" { pass distill 8 { cfg s } } }\nsweep n in 1 { cfg "x" }'
    found = [d for d in analyze(Source(text), models).diagnostics if d.severity is Severity.ERROR]
    assert [d.trail[0].words for d in found] == ["`sweep` with n = 1"]


def test_one_text_is_found_wrong_once(models):
    text = "recipe r(x) { pass distil 8 }\n" + HEAD + "use r 1\nuse r 2\n"
    assert codes(text, models).count("LTX003") == 1


def test_what_all_shots_share_is_found_when_all_have_it(models):
    both = HEAD + 'negative "x"\nshot a { pass distill 8 }\nshot b { pass distill 8 }'
    one = HEAD + 'negative "x"\nshot a { pass distill 8 }\nshot b { pass dev 30 }'
    assert "LTX050" in codes(both, models)
    assert "LTX050" not in codes(one, models)


# --- other files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "deep.ltx").write_text('import "beside.ltx"\nrecipe deep { use beside }\n')
    (tmp_path / "lib" / "beside.ltx").write_text("let n = 8\nrecipe beside { pass distill n }\n")
    (tmp_path / "faulty.ltx").write_text("recipe bad { pass distil 8 }\nlet x = 3s * 2s\n")
    (tmp_path / "late.ltx").write_text(
        '# ltx: allow LTX156 because it is run by itself, too\nprompt "a"\npass dev 30\n'
    )
    return tmp_path


def test_names_come_from_beside_the_file_that_imports(models, folder: Path):
    text = 'import "lib/deep.ltx"\n' + HEAD + "use deep"
    assert len(good(text, models, str(folder / "s.ltx")).stages) == 1
    assert "LTX150" in codes(text.replace("use deep", "use beside"), models, str(folder / "s.ltx"))


def test_the_search_path(models, folder: Path, monkeypatch: pytest.MonkeyPatch):
    text, name = 'import "deep.ltx"\n' + HEAD + "use deep", str(folder / "s.ltx")
    assert "LTX153" in codes(text, models, name)
    monkeypatch.setenv("LTX_PATH", str(folder / "lib"))
    assert good(text, models, name)
    monkeypatch.delenv("LTX_PATH")
    (folder / "ltx.toml").write_text('[paths]\nimport = ["lib"]\n')
    assert good(text, models, name)


def test_findings_of_an_imported_file_name_it(models, folder: Path):
    source = Source('import "faulty.ltx"\n' + HEAD + "use bad", str(folder / "s.ltx"))
    found = analyze(source, models).diagnostics
    assert {Path(d.source.name).name for d in found if d.source} == {"faulty.ltx"}
    assert sorted(d.source[d.span] for d in found if d.source) == ["3s * 2s", "distil"]
    assert any("faulty.ltx:1:19" in render(d, source) for d in found)
    assert {to_json(d, source)["place"]["line"] for d in found} == {1, 2}


def test_comments_in_an_imported_file_hold_there(models, folder: Path):
    text = 'import "late.ltx"\n' + HEAD + "pass dev 30"
    assert codes(text, models, str(folder / "s.ltx")) == []


def test_a_file_of_recipes_checks_but_makes_nothing(models):
    text = "let n = 8\nrecipe fast(steps = n) {\n  pass distill steps\n}\n"
    assert codes(text, models) == []
    assert [d.code for d in compile(Source(text), models).diagnostics] == ["LTX040"]


def test_the_standard_library_is_read_only_when_it_is_used(models, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    before = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: read.append(self.name) or before(self, *a, **k))
    good(f"import std\n{HEAD}pass dev 30", models)
    assert not [name for name in read if name.endswith(".ltx")]
    good(f"import std\n{HEAD}use three_pass", models)
    assert [name for name in read if name.endswith(".ltx")] == ["three_pass.ltx"]


@pytest.mark.parametrize("path", STANDARD_FILES, ids=lambda p: p.stem)
def test_a_standard_recipe_is_formatted_documented_and_named_after_its_file(path: Path, models):
    source = Source(path.read_text(), str(path))
    script, _ = parse(source)
    assert format_script(script, source) == source.text
    assert source.text.startswith("# ")
    assert f"recipe {path.stem}" in source.text
    assert codes(source.text, models, str(path)) == []


def test_standard_recipes_that_sample_plan_here_and_export(models):
    for name in ("three_pass", "two_stage", "distilled"):
        text = f'import std {name}\nsize 768x512\nlength 25f\nprompt "a lake"\nuse {name}'
        for target in ("local", "comfy"):
            model_set = models if target == "local" else load_model_set("ltx-2.3")
            found = compile(Source(text), model_set, Request(target=target))
            assert [d for d in found.diagnostics if d.severity is not Severity.NOTE] == []
            assert plan(found.graph, found.stages, model_set).outputs == ("out.mp4",)
            if target == "comfy":
                assert export_prompt(found, model_set).prompt


@pytest.mark.parametrize(
    ("use", "node"),
    [('lipdub "talk.mp4"', "LTXVSetAudioRefTokens"), ("long_take 10s", "LTXVLoopingSampler")],
)
def test_standard_recipes_for_comfyui_export(use: str, node: str, models, in_pictures):
    text = f'import std\nsize 512x512\nprompt "says: “Yes.”"\nuse {use}'
    model_set = load_model_set("ltx-2.3")
    found = compile(Source(text), model_set, Request(target="comfy"))
    assert [d for d in found.diagnostics if d.severity is not Severity.NOTE] == []
    assert node in {step["class_type"] for step in export_prompt(found, model_set).prompt.values()}


# --- bounds


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"recipe r{i} {{ {'; '.join([f'use r{i + 1}'] * 10)} }}\n" for i in range(9))
        + "recipe r9 { cfg 1 }\nuse r0\n",
        "".join(f"recipe r{i} {{ use r{i + 1} }}\n" for i in range(80)) + "recipe r80 { cfg 1 }\nuse r0\n",
        "sweep a in 1, 2 { " * 25 + "cfg 1" + " }" * 25,
        f"sweep {' | '.join(f'v{i} in 1, 2, 3' for i in range(12))} {{ cfg 1 }}",
    ],
    ids=["recipes in recipes", "a long chain", "sweeps in sweeps", "many variables"],
)
def test_bombs_end_in_a_finding(models, text: str):
    assert "LTX157" in codes(HEAD + text + "\npass dev 30", models)


def test_the_limit_is_a_setting(models, tmp_path: Path):
    text = HEAD + 'sweep s in 1, 2, 3 { shot "a-{s}" { pass dev 30 } }'
    (tmp_path / "ltx.toml").write_text("[limits]\nexpansions = 2\n")
    assert "LTX157" in codes(text, models, str(tmp_path / "s.ltx"))
    assert "LTX157" not in codes(text, models)


# --- shots


SHOTS = HEAD + 'shot one { pass dev 30 }\nshot two { pass dev 20; save "b.mp4"; save "b.png" }\n'


def test_a_shot_saves_what_it_names_or_a_file_of_its_name(models):
    found = compile(Source(SHOTS), models)
    assert set(plan(found.graph, found.stages, models).outputs) == {"one.mp4", "b.mp4", "b.png"}
    assert [s.name for s in found.stages] == ["one: pass 1", "two: pass 1"]
    assert {n.op.seed for n in found.graph if n.op.kernel == "sample"} == {models.defaults.seed}


def test_only_some_shots(models):
    found = compile(Source(SHOTS), models, Request(shots=("one",)))
    assert plan(found.graph, found.stages, models).outputs == ("one.mp4",)
    assert [s.name for s in found.stages] == ["one: pass 1"]
    (wrong,) = compile(Source(SHOTS), models, Request(shots=("ones",))).diagnostics
    assert (wrong.code, wrong.hint) == ("LTX158", "there is one")


def test_one_output_for_several_shots_must_be_a_folder(models, tmp_path: Path):
    assert "LTX083" in codes(SHOTS, models, output="all.mp4")
    found = good(SHOTS, models, output=f"{tmp_path}/")
    assert [Path(n.op.path).parent for n in found.graph.sinks()] == [tmp_path] * 3


def test_the_seed_from_outside_reaches_shots(models):
    text = HEAD + "shot a { seed 1; pass dev 30 }\nshot b { pass dev 30 { seed 2 } }"
    assert {n.op.seed for n in good(text, models, seed=9).graph if n.op.kernel == "sample"} == {9}


def test_shots_export_to_one_workflow(in_pictures):
    models = load_model_set("ltx-2.3")
    text = 'size 768x512\nlength 25f\nguide "a.png" @ end\n' + 'shot a { prompt "x"; pass 0.5x dev 20; upscale 2x }\n'
    found = compile(Source(text + 'shot b { prompt "y"; pass distill 8 }'), models, Request(target="comfy"))
    prompt = export_prompt(found, models).prompt
    assert sorted(n["inputs"]["filename_prefix"] for n in prompt.values() if n["class_type"] == "SaveVideo") == [
        "a",
        "b",
    ]
    titles = {n["_meta"]["title"] for n in prompt.values() if n["class_type"] == "SamplerCustomAdvanced"}
    assert {t.partition(":")[0] for t in titles} == {"a", "b"}


# --- inputs


def test_declared_inputs(models, in_pictures):
    text = 'input face image "who"\ninput s = 0.4 "how much"\ninput f = 0.5x\n' + HEAD
    text += "guide face @ -1 strength s\npass f dev 30\nupscale 2x"
    found = good(text, models)
    assert {i.name: (i.kind, i.default, i.doc, i.missing) for i in found.inputs.values()} == {
        "face": ("image", "", "who", True),
        "s": ("number", "0.4", "how much", False),
        "f": ("factor", "0.5x", "", False),
    }
    assert good(text, models, given={"s": "0.7", "face": "a.png"}).statements[3].strength == 0.7
    for given_value in ({"s": "half"}, {"face": "a.wav"}, {"f": "3"}):
        assert codes(text, models, given=given_value) == ["LTX009"]
