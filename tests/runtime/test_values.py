"""Values to tensors and back, bit for bit."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load, save

from ltxdsl.runtime.values import (
    STORED,
    Audio,
    AudioLatent,
    Frames,
    Guide,
    Stored,
    Text,
    VideoLatent,
)

NAN = torch.tensor([float("nan"), -0.0, 1e-42, 3.0])
VALUES: list[Stored] = [
    Frames(torch.arange(2 * 3 * 4 * 3, dtype=torch.uint8).view(2, 3, 4, 3)),
    Frames(torch.rand(1, 3, 4, 3)),
    Text(torch.randn(1, 8, 4), torch.randn(1, 8, 2).to(torch.bfloat16), ((3, 5), (5, 8))),
    VideoLatent(NAN.view(1, 1, 1, 2, 2), torch.ones(1, 1, 1, 1, 1), whole=True),
    VideoLatent(
        torch.randn(1, 2, 3, 2, 2),
        torch.rand(1, 1, 3, 2, 2),
        (Guide(torch.randn(1, 2, 1, 2, 2), -8, 0.4), Guide(torch.randn(1, 2, 2, 1, 1), 33, 0.1, 2.5, True)),
    ),
    AudioLatent(torch.randn(1, 2, 5, 16)),
    Audio(torch.randn(2, 100), 48000),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_there_and_back(value: Stored) -> None:
    tensors, meta = value.to_tensors()
    again = type(value).from_tensors(load(save(tensors)), json.loads(json.dumps(meta)))
    tensors_again, meta_again = again.to_tensors()
    assert meta_again == meta
    assert tensors_again.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert tensors_again[name].dtype == tensor.dtype
        assert (
            tensors_again[name].numpy(force=True).tobytes() == tensor.numpy(force=True).tobytes()
            if tensor.dtype != torch.bfloat16
            else torch.equal(tensors_again[name], tensor)
        )


def test_every_stored_type_is_tried() -> None:
    assert {type(value) for value in VALUES} == set(STORED.values())
