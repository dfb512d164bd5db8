"""LoRAs on a model that nodes take beside the passes."""

import pytest

from ltxdsl.compiler import Request, compile
from ltxdsl.source import Source

from .test_lift import MODELS, exported
from .test_lift_idioms import came_back, one

NODES = """known, factor = loras "a/union.safetensors" 0.5 | "b.safetensors" 1 in_context
guide = node "GetICLoRAParameters" { iclora_model: known; factor: factor }
node "PreviewAny" { source: guide }
prompt "a"
"""


def test_loras_for_a_node_are_a_chain_of_loaders():
    prompt = exported(f'{NODES}pass distill 8\nsave "a.mp4"')
    node = prompt[one(prompt, "GetICLoRAParameters")]["inputs"]
    last = node["iclora_model"][0]
    first = prompt[last]["inputs"].pop("model")[0]
    assert node["factor"] == [last, 1]
    assert prompt[last]["inputs"] == {"lora_name": "b.safetensors", "strength_model": 1.0}
    assert prompt[last]["class_type"] == "LTXICLoRALoaderModelOnly"
    assert prompt[first]["class_type"] == "LoraLoaderModelOnly"
    assert prompt[prompt[first]["inputs"]["model"][0]]["class_type"] == "CheckpointLoaderSimple"


def test_a_pass_with_the_same_loras_shares_them():
    prompt = exported(
        'known = loras distill 0.5\nguide = node "GetICLoRAParameters" { iclora_model: known }\n'
        'node "PreviewAny" { source: guide }\nprompt "a"\npass distill 0.5 8\nsave "a.mp4"'
    )
    lora = [one(prompt, "LoraLoaderModelOnly"), 0]
    assert prompt[one(prompt, "CFGGuider")]["inputs"]["model"] == lora
    assert prompt[one(prompt, "GetICLoRAParameters")]["inputs"]["iclora_model"] == lora
    assert [node["class_type"] for node in prompt.values()].count("LoraLoaderModelOnly") == 1


@pytest.mark.parametrize("of_pass", ["", ' { lora "a/union.safetensors" 0.5 }'])
def test_they_come_back_as_one_line(of_pass):
    text, kept = came_back(exported(f'{NODES}pass distill 8{of_pass}\nsave "a.mp4"'))
    assert kept == {"GetICLoRAParameters"}
    assert 'loras "a/union.safetensors" 0.5 | "b.safetensors" 1' in text


def test_they_stand_on_the_model_that_a_node_gives():
    text, kept = came_back(
        exported(
            'other = node "OtherLoader" { unet_name: "z.safetensors"; weight_dtype: "default" }\n'
            'known = loras "a.safetensors" 0.5 on other\nguide = node "GetICLoRAParameters" { iclora_model: known }\n'
            'node "PreviewAny" { source: guide }\nprompt "a"\npass distill 8\nsave "a.mp4"'
        )
    )
    assert kept == {"GetICLoRAParameters", "OtherLoader"}
    assert '= loras "a.safetensors" 0.5 on ' in text


def test_the_word_model_goes_on_from_them():
    prompt = exported('model = loras "a.safetensors" 0.5\nprompt "a"\npass distill 8\nsave "a.mp4"')
    ours, distilled = (one(prompt, "LoraLoaderModelOnly", nth) for nth in (0, 1))
    assert prompt[distilled]["inputs"]["model"] == [ours, 0]
    assert prompt[ours]["inputs"]["lora_name"] == "a.safetensors"


def test_this_runtime_refuses_them():
    found = compile(Source(f"{NODES}pass dev 8", "a.ltx"), MODELS, Request())
    assert "LTX090" in {d.code for d in found.diagnostics}
