"""The same video and sound as diffusers' own pipelines, from the same prompt, seed and schedule."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from PIL import Image

from ltxdsl.geometry import latent_frames, upsampled_cells
from ltxdsl.models import ModelSet, upsampler_part
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Deltas
from ltxdsl.runtime import denoise
from ltxdsl.runtime.session import Session

from .helpers import FPS, NEGATIVE, PROMPT, Runner, pass_op, picture, relative_error

WIDTH, HEIGHT, FRAMES, STEPS, SEED = 96, 64, 17, 6, 42
TOLERANCE = 1e-4
CLOSE = 5e-6  # where a term changes little on random weights
NO_OTHER_GUIDANCE = {
    "guidance_scale": 3.0,
    "audio_guidance_scale": 3.0,
    "stg_scale": 0.0,
    "audio_stg_scale": 0.0,
    "modality_scale": 1.0,
    "audio_modality_scale": 1.0,
    "guidance_rescale": 0.0,
    "audio_guidance_rescale": 0.0,
    "spatio_temporal_guidance_blocks": [],
}


@pytest.fixture(scope="module", autouse=True)
def _silent() -> None:
    logging.getLogger("diffusers").setLevel(logging.ERROR)


def pipeline(kind: str, models: ModelSet) -> Any:
    from diffusers.pipelines import ltx2

    pipe = getattr(ltx2, kind).from_pretrained(models.folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def called(pipe: Any, **changes: Any) -> tuple[torch.Tensor, torch.Tensor, tuple[float, ...]]:
    """Video and audio latents, denormalised as the pipelines give them, and the sigmas used."""
    video, audio = pipe(
        prompt=PROMPT,
        negative_prompt=NEGATIVE,
        width=WIDTH,
        height=HEIGHT,
        num_frames=FRAMES,
        frame_rate=FPS,
        num_inference_steps=STEPS,
        max_sequence_length=pipe.tokenizer.model_max_length,
        generator=torch.Generator().manual_seed(SEED),
        output_type="latent",
        return_dict=False,
        **{**NO_OTHER_GUIDANCE, **changes},
    )
    return video, audio, tuple(float(sigma) for sigma in pipe.scheduler.sigmas)


def denormalised(session: Session, result: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    audio_vae = session.part("audio_vae")
    samples = result["audio"].samples
    shape = (samples.shape[1], samples.shape[3])
    sound = samples * audio_vae.latents_std.view(1, shape[0], 1, shape[1])
    sound = sound + audio_vae.latents_mean.view(1, shape[0], 1, shape[1])
    return session.part("latent_statistics").denormalised(result["latent"].samples), sound


def test_text_to_video(run: Runner, models: ModelSet) -> None:
    video, audio, sigmas = called(pipeline("LTX2Pipeline", models))
    result = run(pass_op(STEPS, sigmas=sigmas, seed=SEED), **run.start(WIDTH, HEIGHT, FRAMES))
    ours = denormalised(run.session, result)
    assert relative_error(ours[0], video) <= TOLERANCE
    assert relative_error(ours[1], audio) <= TOLERANCE


TERMS = {
    "stg": {"stg_scale": 1.0, "audio_stg_scale": 1.5, "spatio_temporal_guidance_blocks": [1, 2]},
    "modality": {"modality_scale": 3.0, "audio_modality_scale": 2.0},
    "rescale": {"guidance_rescale": 0.7, "audio_guidance_rescale": 0.4},
}


@pytest.mark.parametrize("terms", ["stg", "modality", "rescale", "stg modality rescale"])
def test_guidance(run: Runner, models: ModelSet, terms: str) -> None:
    """Each term of guidance, and all together, as diffusers' pipeline has them."""
    asked = {name: value for term in terms.split() for name, value in TERMS[term].items()}
    video, audio, sigmas = called(pipeline("LTX2Pipeline", models), **asked)

    def by_step(name: str, off: float) -> tuple[float, ...]:
        return (asked.get(name, off),) * STEPS

    deltas = Deltas(
        stg=by_step("stg_scale", 0.0),
        audio_stg=by_step("audio_stg_scale", 0.0),
        modality=by_step("modality_scale", 1.0),
        audio_modality=by_step("audio_modality_scale", 1.0),
        rescale=by_step("guidance_rescale", 0.0),
        audio_rescale=by_step("audio_guidance_rescale", 0.0),
        blocks=(1, 2),
    )
    inputs = run.start(WIDTH, HEIGHT, FRAMES)
    ours = denormalised(run.session, run(pass_op(STEPS, sigmas=sigmas, seed=SEED, deltas=deltas), **inputs))
    assert relative_error(ours[0], video) <= CLOSE
    assert relative_error(ours[1], audio) <= CLOSE
    plain = denormalised(run.session, run(pass_op(STEPS, sigmas=sigmas, seed=SEED), **inputs))
    assert relative_error(plain[0], video) > 10 * CLOSE


def test_first_frame(run: Runner, models: ModelSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    source = picture(150, 90, seed=3)
    Image.fromarray(source[0].numpy()).save(tmp_path / "first.png")
    condition = LTX2VideoCondition(frames=Image.open(tmp_path / "first.png"), index=0, strength=1.0, crf=0)
    video, audio, sigmas = called(pipeline("LTX2ConditionPipeline", models), conditions=[condition])

    read = run.one(nodes.ReadImage(path=str(tmp_path / "first.png")))
    fitted = run.one(nodes.FitFrames(width=WIDTH, height=HEIGHT), image=read)
    encoded = run.one(nodes.EncodeFrames(), image=fitted)
    inputs = run.start(WIDTH, HEIGHT, FRAMES)
    inputs["latent"] = run.one(nodes.Inplace(), latent=inputs["latent"], image=encoded)
    monkeypatch.setattr(denoise, "start_noise", packed_noise)
    run.session.cross_modulation = "diffusers"
    ours = denormalised(run.session, run(pass_op(STEPS, sigmas=sigmas, seed=SEED), **inputs))
    assert relative_error(ours[0], video) <= TOLERANCE
    assert relative_error(ours[1], audio) <= TOLERANCE


def packed_noise(layout: Any, seed: int, order: str) -> list[torch.Tensor]:
    """Noise as the condition pipeline draws it: in the shape of tokens."""
    generator = torch.Generator().manual_seed(seed)
    video, audio = layout.tokens(torch.zeros(1, layout.clip.numel() + layout.audio.numel()))
    tokens = [torch.randn(like.shape, generator=generator) for like in (video, audio)]
    return layout.parts(layout.from_tokens(*tokens))


def test_cross_modulation_matters_only_with_masks(run: Runner) -> None:
    inputs = run.start()
    results = {}
    for masked in (False, True):
        if masked:
            inputs["latent"] = run.one(nodes.Inplace(), latent=inputs["latent"], image=run.picture())
        for mode in ("lightricks", "diffusers"):
            run.session.cross_modulation = mode  # type: ignore[assignment]
            results[masked, mode] = run(pass_op(2), **inputs)["latent"].samples
    assert torch.equal(results[False, "lightricks"], results[False, "diffusers"])
    assert not torch.equal(results[True, "lightricks"], results[True, "diffusers"])


@pytest.mark.parametrize("factor", [2.0, 1.5])
def test_upsampler(run: Runner, models: ModelSet, factor: float) -> None:
    from diffusers.pipelines.ltx2 import LTX2LatentUpsamplePipeline

    session = run.session
    upsampler = session.part(upsampler_part(factor))
    pipe = LTX2LatentUpsamplePipeline(vae=session.part("video_vae"), latent_upsampler=upsampler)
    latent = run(pass_op(2), **run.start(WIDTH, HEIGHT, FRAMES))["latent"]
    theirs = pipe(
        latents=latent.samples,
        latents_normalized=True,
        width=WIDTH,
        height=HEIGHT,
        num_frames=FRAMES,
        output_type="latent",
        return_dict=False,
    )[0]
    ours = run.one(nodes.UpsampleLatent(factor=factor), latent=latent)
    cells = (upsampled_cells(size // 32, factor) for size in (HEIGHT, WIDTH))
    assert ours.samples.shape == (1, 64, latent_frames(FRAMES), *cells)
    assert relative_error(session.part("latent_statistics").denormalised(ours.samples), theirs) <= TOLERANCE


def test_decoding(run: Runner, models: ModelSet) -> None:
    """Pictures and sound of the pipeline's own last stage."""
    pipe = pipeline("LTX2Pipeline", models)
    video, audio = pipe(
        prompt=PROMPT,
        width=WIDTH,
        height=HEIGHT,
        num_frames=FRAMES,
        num_inference_steps=2,
        max_sequence_length=pipe.tokenizer.model_max_length,
        generator=torch.Generator().manual_seed(SEED),
        output_type="np",
        return_dict=False,
        **{**NO_OTHER_GUIDANCE, "guidance_scale": 1.0, "audio_guidance_scale": 1.0},
    )
    inputs = run.start(WIDTH, HEIGHT, FRAMES)
    op = pass_op(2, sigmas=tuple(map(float, pipe.scheduler.sigmas)), cfg=(1.0,) * 2, audio_cfg=(1.0,) * 2)
    result = run(op, **inputs)
    frames = run.one(nodes.DecodeVideo(), latent=result["latent"])
    sound = run.one(nodes.DecodeAudio(), audio=result["audio"])
    assert (frames.pixels.float() - torch.from_numpy(video[0]) * 255).abs().max() <= 0.5 + 1e-2
    assert (sound.samples - torch.as_tensor(audio[0])).abs().max() <= TOLERANCE, "of samples in -1..1"
    assert sound.rate == 48000
