"""What `train` writes is YAML that reads back, with the values that are asked for."""

from __future__ import annotations

import pytest
import yaml

from ltxdsl.compiler import compile
from ltxdsl.source import Source


def config(text: str, models) -> dict:
    found = compile(Source(text), models)
    assert found.ok, [d.message for d in found.diagnostics]
    (node,) = (n for n in found.graph if n.op.kernel == "write_text")
    assert node.op.path == "queen.yaml"
    return yaml.safe_load(node.op.text)


def test_defaults_are_those_of_practice(models):
    made = config('prompt "a \\"queen\\": red"\nseed 7\ntrain lora "queen" from "data/"', models)
    assert made["lora"]["rank"] == made["lora"]["alpha"] == 32
    assert made["optimization"]["learning_rate"] == pytest.approx(1e-4)
    assert made["optimization"]["steps"] == 2000
    assert made["validation"]["video_dims"] == [960, 544, 89]
    assert made["validation"]["samples"] == [{"prompt": 'a "queen": red'}]
    assert made["data"] == {"preprocessed_data_root": "data/"}
    assert made["seed"] == 7
    assert set(made["training_strategy"]) == {"name", "video", "audio"}


def test_small_and_control(models):
    made = config('train lora "queen" from "d" control small reference "w.mp4" rate 0.0003 length 2s', models)
    assert made["lora"]["rank"] == 16
    assert made["optimization"]["optimizer_type"] == "adamw8bit"
    assert made["optimization"]["learning_rate"] == pytest.approx(3e-4)
    assert isinstance(made["optimization"]["learning_rate"], float)
    assert made["acceleration"]["quantization"] == "int8-quanto"
    assert made["validation"]["video_dims"] == [576, 576, 49]
    kinds = [condition["type"] for condition in made["training_strategy"]["video"]["conditions"]]
    assert kinds == ["reference", "first_frame"]
    assert made["validation"]["samples"][0]["conditions"][0]["video"] == "w.mp4"
    assert "audio" not in made["training_strategy"]
