"""`show` and `free`: what they become in ComfyUI, that imports find them, and that nothing else changes."""

import json

import pytest
from click.testing import CliRunner

from ltxdsl.cli import ltx
from ltxdsl.comfy import ExportError, export_prompt
from ltxdsl.comfy.aside_classes import FREES, SHOWS
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.compare import digests
from ltxdsl.comfy.fold import fold
from ltxdsl.comfy.interface import sockets_of
from ltxdsl.comfy.read import read_workflow
from ltxdsl.compiler import Request, analyze, compile
from ltxdsl.compiler.planner import plan
from ltxdsl.source import Source

from .test_lift import MODELS, exported
from .test_lift_idioms import came_back

KNOWN = catalogue()
FIRST = 'img = image "a.png"\nprompt "a lake"\ninplace img @ 0\npass distill 8 { seed 7 }\n'
SAVE = 'save "lake.mp4"\n'


def made(text):
    """The nodes of a script, by class."""
    prompt = exported(FIRST + text + SAVE)
    found = {}
    for id, node in prompt.items():
        found.setdefault(node["class_type"], []).append((id, node["inputs"]))
    return prompt, found


@pytest.mark.parametrize(
    ("what", "kind", "given"),
    [
        ("written", "PreviewAny", "a lake"),
        ('"at dawn"', "PreviewAny", "at dawn"),
        ("0.5", "PreviewAny", 0.5),
        ("frames", "PreviewImage", "VAEDecode"),
        ("audio", "PreviewAudio", "LTXVAudioVAEDecode"),
        ("img", "PreviewImage", "LoadImage"),
        ("latent", "PreviewAny", "LTXVSeparateAVLatent"),
        ('written by "ShowText|pysssss"', "ShowText|pysssss", "a lake"),
        ('latent by "easy showAnything"', "easy showAnything", "LTXVSeparateAVLatent"),
    ],
)
def test_what_shows_a_thing(what, kind, given):
    prompt, found = made(f"show {what}\n")
    ((_, inputs),) = found[kind]
    (value,) = inputs.values()
    assert inputs.keys() == {SHOWS[kind]}
    assert given in (value, prompt[value[0]]["class_type"] if isinstance(value, list) else None)


def test_what_a_node_gives_is_shown_by_its_type():
    _, found = made(
        'blurred = node "ImageBlur" { image: frames; blur_radius: 3; sigma: 1.0 }\n'
        'odd = node "Unheard" { a: latent }\n'
        "show blurred | odd | blurred\n"
    )
    assert [len(found[kind]) for kind in ("PreviewImage", "PreviewAny")] == [2, 1]


def test_memory_is_let_go_of_in_one_word():
    prompt, found = made("free\nfree cache models\nfree cache ram after denoised\nfree ram\n")
    told = [inputs for _, inputs in found["VRAMCleanup"]]
    assert [(one["offload_cache"], one["offload_model"]) for one in told] == [
        (True, False),
        (True, True),
        (True, False),
    ]
    after = [prompt[one["anything"][0]]["class_type"] for one in told]
    assert after == ["LTXVSeparateAVLatent", "LTXVSeparateAVLatent", "SamplerCustomAdvanced"]
    assert [inputs["anything"][0] for _, inputs in found["RAMCleanup"]] == [
        found["VRAMCleanup"][2][0],
        told[0]["anything"][0],
    ]


def test_before_any_pass_memory_is_let_go_of_behind_the_model():
    prompt = exported(f"free\n{FIRST}{SAVE}")
    (inputs,) = [node["inputs"] for node in prompt.values() if node["class_type"] == "VRAMCleanup"]
    assert prompt[inputs["anything"][0]]["class_type"] == "CheckpointLoaderSimple"


@pytest.mark.parametrize("word", ["latent", "audio_latent", "positive", "frames", "model"])
def test_what_waits_for_it_reads_it_and_all_else_is_as_it_was(word):
    """Guides, masks and crops, too: without the node it is the script without the statement."""
    before, after = "guide img @ end\npass distill 3 { seed 8 }\n", "" if word == "frames" else "pass distill 2\n"
    prompt, found = made(f"{before}{word} = free cache after {word}\n{after}")
    ((id, inputs),) = found["VRAMCleanup"]
    assert [id, 0] in [value for node in prompt.values() for value in node["inputs"].values()]
    del prompt[id]
    for node in prompt.values():
        again = {name: inputs["anything"] if value == [id, 0] else value for name, value in node["inputs"].items()}
        node["inputs"] = again
    assert set(digests(prompt).values()) == set(digests(exported(FIRST + before + after + SAVE)).values())


def test_a_value_of_a_type_has_its_own_way_through_a_node():
    _, found = made('model = free models by "VRAM_Debug" after model\nx = free by "VRAM_Debug" after frames\nshow x\n')
    sockets = [inputs.keys() & {"any_input", "image_pass", "model_pass"} for _, inputs in found["VRAM_Debug"]]
    assert sockets == [{"model_pass"}, {"image_pass"}]
    ((_, shown),) = found["PreviewImage"]
    assert shown["images"][1] == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('show written by "SaveImage"', "no class that only shows"),
        ('free by "SaveImage"', "no class that lets go"),
        ('free ram by "VRAM_Debug"', "does not let go of ram"),
    ],
)
def test_other_classes_are_refused(said, why):
    found = compile(Source(FIRST + said, "a.ltx"), MODELS, Request(target="comfy"))
    with pytest.raises(ExportError, match=why):
        export_prompt(found, MODELS)


@pytest.mark.parametrize("said", ["show frames", "free after denoised", "show written | latent"])
def test_what_is_not_there_yet_is_an_error(said):
    found = analyze(Source(f'prompt "a"\n{said}\npass dev 8', "a.ltx"), MODELS, Request(target="comfy"))
    assert "LTX223" in [d.code for d in found.diagnostics]


@pytest.mark.parametrize("kind", [*SHOWS, *FREES])
def test_the_classes_take_what_is_said_of_them(kind):
    sockets, info = sockets_of(KNOWN[kind], {}), KNOWN[kind]
    if kind in SHOWS:
        assert SHOWS[kind] in sockets
        assert info["output_node"]
        return
    freeing = FREES[kind]
    wanted = freeing.inputs(tuple(freeing.flags)).keys() | {name for name, _ in freeing.passes.values()}
    assert wanted == sockets.keys()
    assert freeing.told(freeing.inputs(tuple(freeing.flags))) == tuple(freeing.flags)


def with_nodes(*nodes):
    """A prompt of an export with further nodes, which read each other by name, `pass` (the sampler) and `frames`."""
    prompt = exported(FIRST + SAVE)
    named = {
        "pass": next(id for id, node in prompt.items() if node["class_type"] == "SamplerCustomAdvanced"),
        "frames": next(id for id, node in prompt.items() if node["class_type"] == "VAEDecode"),
        "model": next(id for id, node in prompt.items() if node["class_type"] == "CheckpointLoaderSimple"),
    }
    for name, kind, inputs in nodes:
        wired = {key: [named.get(v[0], v[0]), v[1]] if isinstance(v, list) else v for key, v in inputs.items()}
        prompt[name] = {"class_type": kind, "inputs": wired, "_meta": {"title": kind}}
    return prompt


VRAM = {"offload_model": False, "offload_cache": True}
RAM = {"clean_file_cache": True, "clean_processes": True, "clean_dlls": True, "retry_times": 3}
STRANGE = ("odd", "Unheard", {"a": 1})


@pytest.mark.parametrize(
    ("nodes", "lines"),
    [
        ([("a", "PreviewAny", {"source": "a lake"})], ["show written"]),
        ([("a", "PreviewImage", {"images": ["frames", 0]})], ["show frames"]),
        ([("a", "PreviewAny", {"source": ["frames", 0]})], ['show frames by "PreviewAny"']),
        ([("a", "VRGDG_ShowText", {"text": "x", "text_0": "old"})], ['show "x" by "VRGDG_ShowText"']),
        (
            [STRANGE, ("a", "PreviewAny", {"source": ["odd", 0]}), ("b", "PreviewAny", {"source": ["odd", 1]})],
            ["show unheard_1 | unheard"],
        ),
        (
            [STRANGE, ("a", "PreviewAny", {"source": ["odd", 0]}), ("b", "PreviewAny", {"source": ["odd", 0]})],
            ["show unheard | unheard"],
        ),
        (
            [("a", "VRAMCleanup", VRAM), ("b", "RAMCleanup", {**RAM, "anything": ["a", 0]})],  # which no server takes
            [
                'vram_cleanup = node "VRAMCleanup" { offload_model: false; offload_cache: true }',
                "free ram after vram_cleanup",
            ],
        ),
        (
            [
                ("a", "VRAMCleanup", {**VRAM, "anything": ["pass", 1]}),
                ("b", "RAMCleanup", {**RAM, "anything": ["a", 0]}),
            ],
            ["free cache ram after denoised"],
        ),
        ([("a", "RAMCleanup", {**RAM, "anything": ["model", 0]})], ["free ram after model"]),
        (
            [("a", "VRAMCleanup", {**VRAM, "anything": ["frames", 0]}), ("b", "PreviewAny", {"source": ["a", 0]})],
            ["vram_cleanup = free cache after frames", "show vram_cleanup"],
        ),
        (
            [("a", "easy cleanGpuUsed", {"anything": ["frames", 0]})],
            ['free cache models by "easy cleanGpuUsed" after frames'],
        ),
        (
            [("a", "LayerUtility: PurgeVRAM", {"anything": ["frames", 0], "purge_cache": True, "purge_models": False})],
            ['free cache by "LayerUtility: PurgeVRAM" after frames'],
        ),
        (
            [
                (
                    "a",
                    "VRAM_Debug",
                    {
                        "empty_cache": True,
                        "gc_collect": True,
                        "unload_all_models": False,
                        "image_pass": ["frames", 0],
                    },
                ),
                ("b", "PreviewImage", {"images": ["a", 1]}),
            ],
            ['image_pass = free cache by "VRAM_Debug" after frames', "show image_pass"],
        ),
    ],
)
def test_such_nodes_are_lifted(nodes, lines):
    text, kept = came_back(with_nodes(*nodes))
    said = text.splitlines()
    assert set(lines) <= set(said), text
    assert kept <= {"Unheard", "VRAMCleanup"}


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        (("a", "RAMCleanup", {**RAM, "retry_times": 5}), "RAMCleanup"),
        (("a", "VRAMCleanup", {"offload_model": False, "offload_cache": False}), "VRAMCleanup"),
        (("a", "PreviewAny", {"source": True}), "PreviewAny"),
        (("a", "VRGDG_ShowText", {}), "VRGDG_ShowText"),
    ],
)
def test_what_says_something_else_stays_a_node(node, kind):
    text, kept = came_back(with_nodes(node))
    assert kept == {kind}
    assert f'node "{kind}"' in text


def test_a_file_without_a_pass_has_them_too():
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    text, kept = came_back(prompt)
    assert text.splitlines()[-1] == "show load_image_image"
    assert kept == {"LoadImage"}


def test_what_a_node_has_shown_before_means_nothing():
    shown = {"class_type": "PreviewAny", "inputs": {"source": "a", "preview_text": "old", "previewMode": None}}
    assert fold({"1": shown}, KNOWN)["1"]["inputs"] == {"source": "a"}
    graph = {
        "nodes": [
            {"id": 1, "type": "VRGDG_ShowText", "mode": 0, "inputs": [], "outputs": [], "widgets_values": ["old"]}
        ],
        "links": [],
        "version": 0.4,
    }
    assert not read_workflow(json.dumps(graph).encode(), KNOWN).faults


def test_nothing_else_of_a_plan_changes(models):
    """Neither keys nor steps: what is stored stays good."""
    plain = 'prompt "a lake"\npass 0.5x distill 8\nupscale 2x distill 3\nsave "a.mp4"'
    beside = plain.replace("\nupscale", "\nshow written | frames\nlatent = free cache ram after latent\nupscale")
    keys = []
    for text in (plain, beside):
        found = compile(Source(text, "a.ltx"), models)
        assert found.ok
        keys.append([step.key for step in plan(found.graph, found.stages, models).steps])
    assert keys[0] == keys[1]


def test_a_run_here_prints_texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = 'size 64x64; length 9f\nprompt "a lake"\npass distill 1\nshow written | "at dawn" | frames\nsave "a.mp4"\n'
    (tmp_path / "a.ltx").write_text(script)
    told = CliRunner().invoke(ltx, ["run", "a.ltx"])
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[:2] == ["a lake", "at dawn"]
    again = json.loads(CliRunner().invoke(ltx, ["run", "a.ltx", "--json"]).stdout)
    assert again["texts"] == ["a lake", "at dawn"]


def test_what_cannot_be_shown_here_is_a_warning(models):
    found = analyze(Source('prompt "a lake"\npass distill 1\nshow frames\nshow written | frames', "a.ltx"), models)
    assert [(d.code, d.span.start) for d in found.diagnostics if d.code == "LTX094"] == [("LTX094", 31)]
