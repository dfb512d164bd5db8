"""Passes over graphs: before and after, and the same bits when they run."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from ltxdsl.compiler import LEGALIZE, OPTIMIZE, Request, analyze, transform
from ltxdsl.compiler.graph import Graph, Ref
from ltxdsl.compiler.passes import drop_dead, drop_unneeded_inputs, insert_crops, share_equal
from ltxdsl.compiler.planner import plan
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Op
from ltxdsl.source import Source
from ltxdsl.testing.strategies import runnable


def lowered(text: str, models) -> Graph:
    found = analyze(Source(text), models)
    assert found.ok, found.diagnostics
    return found.graph


def kernels(graph: Graph) -> list[str]:
    return [n.op.kernel for n in graph.order()]


CASES = sorted((Path(__file__).parent / "cases" / "passes").glob("*.ltx"))
PASSES = {step.__name__: step for step in (*LEGALIZE, *OPTIMIZE)}


def dump(graph: Graph) -> list[str]:
    """A line for each node: `id(parameters) <- port=source`."""
    lines = []
    for node in graph.order():
        inputs = " ".join(f"{port}={ref}" for port, ref in sorted(node.inputs.items()))
        lines.append(f"{node.id}({said(node.op)})" + (f" <- {inputs}" if inputs else ""))
    return lines


def said(op: Op) -> str:
    """The parameters of an op that are not its defaults."""
    fields = msgspec.structs.fields(type(op))
    pairs = [(f.name, getattr(op, f.name)) for f in fields if getattr(op, f.name) != f.default]
    return ", ".join(f"{name}={value!r}" for name, value in pairs)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_what_a_pass_does_to_a_graph(models, in_pictures, case: Path):
    """The difference between the graph's lines before and after, where the compiler runs it.

    LTX_REWRITE_CASES=1 writes what is found.
    """
    graph = lowered(case.read_text(), models)
    step = PASSES[case.stem.partition("-")[0]]
    steps = tuple(PASSES.values())
    for earlier in steps[: steps.index(step)]:
        graph = earlier(graph)
    graph.changes.clear()
    before = dump(graph)
    after = step(graph)
    lines = list(difflib.unified_diff(before, dump(after), "before", "after", n=0, lineterm=""))
    words = [f"# {change.by}: {change.what}" for change in after.changes]
    found = "\n".join([*words, *(line for line in lines if not line.startswith("@@"))]) + "\n"
    expected = case.with_suffix(".diff")
    if os.environ.get("LTX_REWRITE_CASES"):
        expected.write_text(found)
    assert found == expected.read_text()
    assert {change.by for change in after.changes} == {step.__name__}


@pytest.mark.parametrize("step", PASSES.values(), ids=PASSES)
def test_every_pass_has_a_case_and_one_file(step):
    assert [case for case in CASES if case.stem.partition("-")[0] == step.__name__]
    assert step.__module__ == f"ltxdsl.compiler.passes.{step.__name__}"


@pytest.mark.parametrize("step", OPTIMIZE, ids=lambda step: step.__name__)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20)
@given(text=runnable())
def test_a_pass_has_nothing_left_to_do_after_itself(models, in_pictures, step, text: str):
    graph = transform(lowered(text, models), optimize=False)
    once = step(graph)
    picture, done = once.picture(), len(once.changes)
    assert step(once).picture() == picture
    assert len(once.changes) == done


def test_insert_crops_puts_one_behind_each_guided_pass(models, in_pictures):
    graph = lowered('prompt "a"\nguide "a.png" @ end\nguide "b.png" @ 0\npass 0.5x dev 30\nupscale 2x', models)
    assert "crop_guides" not in kernels(graph)
    cropped = insert_crops(graph)
    crops = [n for n in cropped if n.op.kernel == "crop_guides"]
    assert [cropped[n.inputs["latent"].node].op.kernel for n in crops] == ["sample", "sample"]
    for node in cropped:
        if node.op.kernel in ("upsample_latent", "decode_video"):
            assert cropped[node.inputs["latent"].node].op.kernel == "crop_guides"


def test_insert_crops_leaves_unguided_passes_alone(models, in_pictures):
    graph = lowered('prompt "a"\ninplace "a.png" strength 0.7\npass 0.5x dev 30\nupscale 2x', models)
    before = graph.picture()
    assert insert_crops(graph).picture() == before


def test_guides_of_one_pass_only(models, in_pictures):
    graph = insert_crops(lowered('prompt "a"\npass 0.5x dev 30 { guide "a.png" @ end }\nupscale 2x', models))
    assert kernels(graph).count("crop_guides") == 1


def test_drop_dead_removes_what_nothing_reads(models):
    graph = lowered('prompt "a"\npass dev 30', models)
    graph.add(nodes.EncodeText(text="nobody reads this"), {})
    assert len(drop_dead(graph.copy())) == len(graph) - 1


def test_share_equal_encodes_a_prompt_once(models):
    graph = lowered('prompt "a"\npass 0.5x dev 30\nupscale 2x', models)
    assert kernels(graph).count("encode_text") == 4
    shared = share_equal(graph)
    assert kernels(shared).count("encode_text") == 2
    assert len({n.op.text for n in shared if n.op.kernel == "encode_text"}) == 2


def test_share_equal_keeps_writes(models):
    graph = lowered('prompt "a"\npass dev 30\nsave "a.mp4"\nsave "b.mp4"', models)
    shared = drop_dead(share_equal(graph))
    assert kernels(shared).count("write_video") == 2
    assert kernels(shared).count("decode_video") == 1


def test_drop_unneeded_inputs_cuts_the_negative_at_cfg_1(models):
    text = 'prompt "a"\nnegative "b"\npass distill 8 {}'
    graph = drop_unneeded_inputs(lowered(text.replace("{}", "{ cfg 1 }"), models))
    assert all("negative" not in n.inputs for n in graph)
    kept = drop_unneeded_inputs(lowered(text.replace("{}", "{ cfg 2 for 2 then 1 }"), models))
    assert any("negative" in n.inputs for n in kept)
    ancestral = text.replace("8", "8 euler_cfg_pp").replace("{}", "{ cfg 1 }")
    assert any("negative" in n.inputs for n in drop_unneeded_inputs(lowered(ancestral, models)))


@pytest.mark.parametrize("optimize", [False, True])
def test_transform_leaves_the_given_graph_alone(models, in_pictures, optimize: bool):
    graph = lowered('prompt "a"\nguide "a.png" @ end\npass 0.5x dev 30\nupscale 2x', models)
    before = graph.picture()
    transform(graph, optimize)
    assert graph.picture() == before


def test_a_kept_sound_is_decoded_from_the_pass_that_made_it(models):
    graph = transform(lowered('prompt "a"\npass 0.5x dev 4\nsave "a.mp4"\nupscale 2x\npass distill 3', models))
    (decoder,) = [n for n in graph if n.op.kernel == "decode_audio"]
    first = next(n for n in graph.order() if n.op.kernel == "sample")
    assert decoder.inputs["audio"] == Ref(first.id, "audio")


def test_readers_are_known_whatever_is_done(models, in_pictures):
    graph = transform(lowered('prompt "a"\nguide "a.png" @ end\npass 0.5x dev 30\nupscale 2x', models))
    for node in graph:
        for port in node.op.outputs:
            ref = Ref(node.id, port)
            assert {n.id for n in graph.readers(ref)} == {n.id for n in graph if ref in n.inputs.values()}


def test_a_graph_refuses_what_does_not_fit(models):
    graph = Graph()
    text = graph.add(nodes.EncodeText(text="a"), {})
    with pytest.raises(ValueError, match="does not fit"):
        graph.add(nodes.DecodeVideo(), {"latent": Ref(text, "text")})
    with pytest.raises(ValueError, match="lacks"):
        graph.add(nodes.DecodeVideo(), {})
    with pytest.raises(ValueError, match="no input"):
        graph.add(nodes.EmptyVideo(width=32, height=32, frames=1), {"text": Ref(text, "text")})


def run(graph: Graph, stages, models, folder) -> dict[str, bytes]:
    from ltxdsl.runtime.execute import execute
    from ltxdsl.store import Store

    planned = plan(graph, stages, models)
    store = Store(folder)
    execute(planned, models, store, force=True)
    sinks = {s.label: s.key for s in planned.steps if not s.pure}
    return {label: next(iter(store.manifest(key).files.values())).sha256 for label, key in sinks.items()}


@settings(deadline=None, max_examples=3, suppress_health_check=list(HealthCheck))
@given(runnable())
def test_optimized_and_plain_plans_give_the_same_bits(models, in_pictures, tmp_path_factory, text: str):
    found = analyze(Source(text), models, Request(output=str(tmp_path_factory.mktemp("out") / "out.mp4")))
    assert found.ok, (text, found.diagnostics)
    plain = run(transform(found.graph, optimize=False), found.stages, models, tmp_path_factory.mktemp("plain"))
    small = run(transform(found.graph), found.stages, models, tmp_path_factory.mktemp("small"))
    assert plain == small
