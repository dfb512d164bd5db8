"""Control videos: what the compiler makes of them."""

from __future__ import annotations

import pytest

from ltxdsl.compiler import Request, compile
from ltxdsl.compiler.facts import facts_of
from ltxdsl.ops import nodes
from ltxdsl.ops.controls import CONTROLS
from ltxdsl.source import Source

SCRIPT = """size 128x64
length 9f
prompt "a room"
control {kind} from video "walk.mp4" with lora "{lora}" 0.8 @ 0{more}
pass dev 2
save "out.mp4"
"""


def text_of(lora: str, more: str = "", kind: str = "depth") -> str:
    return SCRIPT.format(kind=kind, lora=lora, more=more)


# Of 2 latents with 2x4 cells each, a control has 1/f² of the cells.
@pytest.mark.parametrize(
    ("lora", "more", "tokens"),
    [
        ("detail.safetensors", "", 16),
        ("ic-half.safetensors", "", 4),
        ("ic-half.safetensors", " downscale 1", 16),
        ("detail.safetensors", " downscale 2", 4),
    ],
)
def test_tokens_are_those_of_the_smaller_grid(models, in_pictures, lora, more, tokens):
    compiled = compile(Source(text_of(lora, more)), models, Request())
    (stage,) = compiled.stages
    assert [(use.name, use.strength) for use in stage.loras if use.in_context] == [(str(lora), 0.8)]
    node = compiled.graph[stage.node]
    assert facts_of(compiled.graph)[node.inputs["latent"]].guide_tokens == tokens


@pytest.mark.parametrize("kind", CONTROLS)
def test_every_kind_of_control_compiles(models, in_pictures, kind):
    compiled = compile(Source(text_of("ic-half.safetensors", kind=kind)), models, Request())
    assert [n.op.control for n in compiled.graph if isinstance(n.op, nodes.AppendGuide)] == [2]


def test_comfyui_gets_its_own_loader_and_guide(models, in_pictures):
    from ltxdsl.comfy import export_prompt

    compiled = compile(Source(text_of("ic-half.safetensors")), models, Request(target="comfy"))
    assert compiled.ok
    prompt = export_prompt(compiled, models)
    nodes_of = {n["class_type"]: n["inputs"] for n in prompt.prompt.values()}
    assert nodes_of["LTXICLoRALoaderModelOnly"]["strength_model"] == 0.8
    guide = nodes_of["LTXAddVideoICLoRAGuide"]
    assert (guide["latent_downscale_factor"], guide["frame_idx"], guide["strength"]) == (2.0, 0, 1.0)
