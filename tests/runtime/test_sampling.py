"""Passes: what is kept is kept, the same bits come back, and an interrupted pass goes on."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
import torch
from torch import Tensor

from ltxdsl.ops import nodes
from ltxdsl.ops.base import LoraUse
from ltxdsl.runtime import denoise
from ltxdsl.runtime.denoise import start_noise, step_noise, step_of
from ltxdsl.runtime.errors import NotFiniteError
from ltxdsl.runtime.layout import Layout
from ltxdsl.sampling.samplers import SAMPLERS

from .helpers import Runner, pass_op


def test_noise_is_that_of_comfyui() -> None:
    """sampling.md §5.1: seed 42, and the sampler's noise from seed 43."""
    layout = Layout(torch.Size((1, 128, 2, 4, 6)), torch.Size((1, 8, 5, 16)))
    clip, sound = (noise.flatten() for noise in start_noise(layout, 42))
    expected = [1.926915, 1.487284, 0.900717, -2.105521]
    assert clip[:4].tolist() == pytest.approx(expected, abs=1e-6)
    assert clip[-2:].tolist() == pytest.approx([0.254995, 0.807003], abs=1e-6)
    assert sound[:4].tolist() == pytest.approx([-0.307795, 1.316413, 0.771924, 2.00468], abs=1e-5)
    small = Layout(torch.Size((1, 2, 1, 1, 1)), torch.Size((1, 1, 2, 1)))
    step = step_noise(small, 42, torch.device("cpu"))()
    assert step[0].tolist() == pytest.approx([-0.648401, -0.705841, 0.643218, 1.478799], abs=1e-6)


def test_a_guide_changes_no_other_noise() -> None:
    shapes = torch.Size((1, 64, 2, 3, 3)), torch.Size((1, 2, 7, 16))
    plain, guided = Layout(*shapes), Layout(*shapes, (torch.Size((1, 64, 1, 3, 3)),))
    assert all(map(torch.equal, start_noise(plain, 5), start_noise(guided, 5)))
    draws = [step_noise(layout, 5, torch.device("cpu")) for layout in (plain, guided)]
    for _ in range(3):
        without, with_guide = (draw() for draw in draws)
        assert torch.equal(without, with_guide[:, : without.shape[1]])


def test_layout_there_and_back() -> None:
    layout = Layout(
        torch.Size((1, 6, 2, 3, 4)),
        torch.Size((1, 2, 5, 3)),
        (torch.Size((1, 6, 1, 3, 4)), torch.Size((1, 6, 2, 1, 2))),
    )
    flat = layout.flat([torch.randn(shape) for shape in layout.shapes])
    assert torch.equal(layout.from_tokens(*layout.tokens(flat)), flat)
    assert torch.equal(layout.flat(layout.parts(flat)), flat)


def test_the_step_of_a_call() -> None:
    sigmas = (1.0, 0.8, 0.5, 0.0)
    assert [step_of(s, sigmas) for s in (1.0, 0.9999, 0.8, 0.6, 0.5, 0.1, 0.0)] == [0, 0, 1, 1, 2, 2, 2]


def test_two_runs_give_the_same_bits(run: Runner) -> None:
    first, second = (run(pass_op(2, sampler="er_sde"), **run.start()) for _ in range(2))
    assert torch.equal(first["latent"].samples, second["latent"].samples)
    assert torch.equal(first["audio"].samples, second["audio"].samples)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_runs_and_keeps_what_is_kept(run: Runner, sampler: str) -> None:
    inputs = run.start()
    image = run.picture()
    inputs["latent"] = run.one(nodes.Inplace(), latent=inputs["latent"], image=image)
    inputs["latent"] = run.one(nodes.AppendGuide(frame=16), latent=inputs["latent"], guide=image)
    result = run(pass_op(3, sampler=sampler), **inputs)
    latent = result["latent"]
    assert latent.samples.isfinite().all()
    assert torch.equal(latent.samples[:, :, :1], image.samples)
    assert torch.equal(latent.guides[0].latent, image.samples)
    assert latent.samples[:, :, 1:].std() > 0.1
    assert torch.equal(latent.mask, torch.ones_like(latent.mask)), "the next pass starts without this one's mask"


def test_kept_sound_comes_back_as_it_was_and_is_heard(run: Runner) -> None:
    inputs = run.start()
    heard = run(pass_op(2), **inputs)["audio"]
    results = []
    for sound in (heard, type(heard)(-heard.samples)):
        result = run(pass_op(2, keep_audio=True), **{**inputs, "audio": sound})
        assert torch.equal(result["audio"].samples, sound.samples)
        results.append(result["latent"].samples)
    assert not torch.equal(results[0], results[1])


def test_strength_between_nothing_and_all(run: Runner) -> None:
    """The more strength, the nearer the slot stays to the picture."""
    inputs, image, distances = run.start(), run.picture(), []
    for strength in (0.0, 0.5, 0.9, 1.0):
        latent = run.one(nodes.Inplace(strength=strength), latent=inputs["latent"], image=image)
        result = run(pass_op(4), **{**inputs, "latent": latent})["latent"]
        distances.append((result.samples[:, :, :1] - image.samples).abs().mean().item())
    assert distances[0] > distances[1] > distances[2] > distances[3] == 0


def test_a_pass_in_two_halves_is_one_pass(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored between is x/(1-sigma); a second half without noise of its own starts from it."""
    sigmas = (1.0, 0.75, 0.5, 0.25, 0.0)
    inputs = run.start()
    whole = run(pass_op(4, sigmas=sigmas), **inputs)["latent"].samples
    between = run(pass_op(2, sigmas=sigmas[:3]), **inputs)
    monkeypatch.setattr(denoise, "start_noise", lambda layout, *_: [torch.zeros(s) for s in layout.shapes])
    again = run(pass_op(2, sigmas=sigmas[2:]), **{**inputs, **between})["latent"].samples
    assert torch.allclose(again, whole, atol=1e-5)


def test_cfg_needs_a_negative(run: Runner) -> None:
    inputs = {**run.start(), "negative": None}
    with pytest.raises(ValueError, match="negative"):
        run(pass_op(2), **inputs)
    run(pass_op(2, cfg=(1.0,) * 2, audio_cfg=(1.0,) * 2), **inputs)


def test_cfg_1_makes_no_negative_call(run: Runner) -> None:
    inputs = run.start()
    rows: list[int] = []
    transformer = run.session.transformer()
    hook = transformer.proj_in.register_forward_pre_hook(lambda _, arguments: rows.append(len(arguments[0])))
    run(pass_op(3, cfg=(3.0, 1.0, 1.0), audio_cfg=(3.0, 2.0, 1.0)), **inputs)
    assert rows == [2, 2, 1]
    rows.clear()
    run(pass_op(2, cfg=(1.0,) * 2, audio_cfg=(1.0,) * 2, sampler="euler_cfg_pp"), **inputs)
    assert rows == [2, 2]
    hook.remove()


def test_scales_belong_to_their_modality(run: Runner) -> None:
    """After one step the other modality does not know of the scale yet."""
    inputs = run.start()
    ops = [pass_op(1), pass_op(1, cfg=(2.0,)), pass_op(1, audio_cfg=(2.0,))]
    base, video, sound = (run(op, **inputs) for op in ops)
    assert torch.equal(base["audio"].samples, video["audio"].samples)
    assert torch.equal(base["latent"].samples, sound["latent"].samples)
    assert not torch.equal(base["latent"].samples, video["latent"].samples)
    assert not torch.equal(base["audio"].samples, sound["audio"].samples)


@pytest.mark.parametrize("sampler", ["er_sde", "heun", "euler_ancestral_cfg_pp"])
def test_an_interrupted_pass_goes_on_with_the_same_bits(run: Runner, sampler: str) -> None:
    op, inputs, session = pass_op(4, sampler=sampler), run.start(), run.session
    whole = run(op, **inputs)
    journal: dict[int, Tensor] = {}

    def remember(index: int, tensor: Tensor) -> None:
        if len(journal) == 2:
            raise KeyboardInterrupt
        journal[index] = tensor.clone()

    session.remember = remember
    with pytest.raises(KeyboardInterrupt):
        run(op, **inputs)
    session.recall = journal.get
    session.remember = journal.__setitem__
    calls: list[int] = []
    hook = session.transformer().proj_in.register_forward_pre_hook(lambda *_: calls.append(1))
    again = run(op, **inputs)
    hook.remove()
    assert len(calls) == len(journal) - 2
    assert torch.equal(whole["latent"].samples, again["latent"].samples)
    assert torch.equal(whole["audio"].samples, again["audio"].samples)


def test_progress_counts_steps(run: Runner) -> None:
    seen: list[tuple[int, int, str]] = []
    run.session.progress = lambda *step: seen.append(step)
    run(pass_op(3, sampler="heun"), **run.start())
    assert seen == [(1, 3, "heun"), (2, 3, "heun"), (3, 3, "heun")]


def test_the_distilled_lora_acts_and_goes(run: Runner) -> None:
    inputs = run.start()
    plain = run(pass_op(1), **inputs)["latent"].samples
    changed = run(pass_op(1, loras=(LoraUse("distill", 0.6),)), **inputs)["latent"].samples
    assert not torch.equal(plain, changed)
    assert torch.equal(run(pass_op(1), **inputs)["latent"].samples, plain)


def test_a_pass_that_explodes_says_so(run: Runner) -> None:
    with pytest.raises(NotFiniteError):
        run(pass_op(2, cfg=(1e38,) * 2), **run.start())


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_a_pass_in_two_parts_is_the_pass(run: Runner, sampler: str) -> None:
    """Split sigmas: the first part hands on its noise, the second adds none."""
    whole = run(pass_op(6, sampler=sampler), **run.start())
    sigmas = pass_op(6).sigmas
    parts = (
        pass_op(2, sampler=sampler, sigmas=sigmas[:3]),
        pass_op(4, sampler=sampler, sigmas=sigmas[2:], new_noise=False),
    )
    inputs = run.start()
    for part in parts:
        inputs |= run(part, **inputs)
    for port in ("latent", "audio"):
        assert torch.allclose(inputs[port].samples, whole[port].samples, rtol=1e-4, atol=1e-4)


def test_options_keep_their_kinds_in_a_plan() -> None:
    """A whole number stays one: orders are counted with it."""
    options = (("bong", False), ("eta", 0.5), ("kind", "ODE"), ("max_stage", 2))
    op = pass_op(3, options=options)
    again = msgspec.convert(msgspec.to_builtins(op), nodes.Sample)
    assert [(name, type(value)) for name, value in again.options] == [(n, type(v)) for n, v in options]


def test_options_reach_the_sampler(run: Runner) -> None:
    results = [
        run(pass_op(3, sampler="euler_ancestral", options=options), **run.start())["latent"].samples
        for options in ((), (("eta", 0.0),), (("eta", 1.0),))
    ]
    euler = run(pass_op(3), **run.start())["latent"].samples
    assert torch.equal(results[0], results[2])
    assert torch.equal(results[1], euler)
    assert not torch.equal(results[0], euler)


def test_a_lora_that_changes_by_step_is_two_passes_with_it(run: Runner) -> None:
    changing = (LoraUse("distill", 1.0, by_step=((1.0, 2), (0.25, 0))),)
    whole = run(pass_op(5, loras=changing), **run.start())
    sigmas = pass_op(5).sigmas
    inputs = run.start()
    inputs |= run(pass_op(2, sigmas=sigmas[:3], loras=(LoraUse("distill", 1.0),)), **inputs)
    second = pass_op(3, sigmas=sigmas[2:], loras=(LoraUse("distill", 0.25),), new_noise=False)
    parts = run(second, **inputs)
    assert torch.allclose(parts["latent"].samples, whole["latent"].samples, rtol=1e-4, atol=1e-4)
    constant = run(pass_op(5, loras=(LoraUse("distill", 1.0),)), **run.start())
    assert not torch.allclose(constant["latent"].samples, whole["latent"].samples, rtol=1e-3, atol=1e-3)


def test_an_upscale_in_time_gives_two_t_minus_one(run: Runner) -> None:
    """What the temporal model makes of the latent as the VAE would give it, on random weights."""
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    latent = run.start()["latent"]
    latent = dataclasses.replace(latent, samples=torch.randn(latent.samples.shape))
    torch.manual_seed(0)
    channels = latent.samples.shape[1]
    model = LTX2LatentUpsamplerModel(channels, 32, 1, spatial_upsample=False, temporal_upsample=True).eval()
    run.session._parts["temporal_upsampler"] = model.requires_grad_(False)
    try:
        result = run.one(nodes.UpsampleTime(), latent=latent)
    finally:
        run.session.release("temporal_upsampler")
    assert result.samples.shape[2] == 2 * 3 - 1
    statistics = run.session.part("latent_statistics")
    raw = latent.samples * statistics.std / statistics.scale + statistics.mean
    expected = (model(raw) - statistics.mean) / statistics.std * statistics.scale
    assert torch.allclose(result.samples, expected, atol=1e-5)
