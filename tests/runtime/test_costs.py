"""Estimates against the embedded models themselves: operations counted by torch, and bytes that live at once."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ltxdsl.compiler import cost
from ltxdsl.compiler.hardware import HARDWARE
from ltxdsl.models import ModelSet
from ltxdsl.ops.facts import Facts, Work
from ltxdsl.runtime.model_call import first_argument
from ltxdsl.runtime.session import Session

from .memory_use import LiveBytes

pytestmark = pytest.mark.slow
CPU = HARDWARE["cpu"]


def forward(session: Session, models: ModelSet, clip: Facts, sound: int, rows: int) -> tuple[Any, dict[str, Any]]:
    """The transformer and the arguments of a call on random tokens."""
    module, t = session.part("transformer"), models.architecture.transformer
    text, device = models.architecture.text_encoder.tokens, torch.device("cpu")
    levels = torch.full((rows, clip.tokens) if clip.masked else (rows,), 500.0)
    coords = module.rope.prepare_video_coords(1, *clip.cells, device, fps=24.0)
    return module, {
        "hidden_states": torch.randn(rows, clip.tokens, t.video_channels),
        "audio_hidden_states": torch.randn(rows, sound, t.audio_channels),
        "encoder_hidden_states": torch.randn(rows, text, t.video_width),
        "audio_encoder_hidden_states": torch.randn(rows, text, t.audio_width),
        "timestep": levels,
        **dict.fromkeys(("audio_timestep", "sigma", "audio_sigma"), torch.full((rows,), 500.0)),
        "video_coords": coords.expand(rows, -1, -1, -1),
        "audio_coords": module.audio_rope.prepare_audio_coords(1, sound, device).expand(rows, -1, -1, -1),
        "use_cross_timestep": True,
        "return_dict": False,
    }


CLIPS = [Facts(width=128, height=128, frames=73), Facts(width=128, height=64, frames=9, held={0: 1.0})]


@pytest.mark.parametrize("clip", CLIPS, ids=["plain", "masked"])
@pytest.mark.parametrize("rows", [1, 2])
def test_operations_of_a_call(session: Session, models: ModelSet, clip: Facts, rows: int):
    module, arguments = forward(session, models, clip, 26, rows)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(**arguments)
    counted = rows * cost.forward_flops(models.architecture, clip.tokens, 26, clip.masked)
    assert counter.get_total_flops() == pytest.approx(counted, rel=1e-3)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("rows", [1, 2])
def test_bytes_of_a_call(session: Session, models: ModelSet, masked: bool, rows: int):
    clip = Facts(width=128, height=128, frames=473, held={0: 1.0} if masked else {})
    module, arguments = forward(session, models, clip, 126, rows)
    given = [value for value in arguments.values() if isinstance(value, torch.Tensor)]
    with ExitStack() as stack, torch.no_grad():
        if masked:
            stack.enter_context(first_argument(module.av_cross_attn_video_scale_shift, arguments["timestep"]))
        live = stack.enter_context(LiveBytes((*module.parameters(), *given)))
        module(**arguments)
    estimated = cost.forward_bytes(models.architecture, clip, 126, Work(rows=(rows,)))
    assert 0.85 * live.peak < estimated < 1.35 * live.peak


@pytest.mark.parametrize("clip", [Facts(width=128, height=128, frames=25), Facts(width=256, height=128, frames=9)])
def test_the_video_vae(session: Session, models: ModelSet, clip: Facts):
    module, vae = session.part("video_vae"), models.architecture.video_vae
    latent = torch.randn(1, vae.latent_channels, *clip.cells)
    pixels = torch.randn(1, 3, clip.frames, clip.height, clip.width)
    for given, call, estimated in (
        (latent, lambda: module.decode(latent, None), cost.decoding(clip, cost.Tiles(), models.architecture, CPU)),
        (pixels, lambda: module.encode(pixels), cost.encoding(clip, models.architecture, CPU)),
    ):
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            call()
        assert counter.get_total_flops() == estimated.flops
        with torch.no_grad(), LiveBytes((*module.parameters(), given)) as live:
            call()
        assert 0.8 * live.peak < estimated.bytes < 1.7 * live.peak


@pytest.mark.parametrize(("part", "factor"), [("upsampler 2x", 2.0), ("upsampler 1.5x", 1.5)])
def test_operations_of_the_upsamplers(session: Session, models: ModelSet, part: str, factor: float):
    channels, cells = models.architecture.video_vae.latent_channels, (4, 2, 6)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        session.part(part)(torch.randn(1, channels, *cells))
    layers = models.architecture.upsampling(factor).convolutions(channels, cells, factor)
    kernel = 2 * 5 * 5 if factor == 1.5 else 0  # diffusers multiplies the blur's kernel out at every call
    assert counter.get_total_flops() == sum(layer.flops for layer in layers) + kernel
