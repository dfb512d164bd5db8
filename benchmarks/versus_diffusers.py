"""The same video on the same weights by our runtime and by diffusers' pipeline, warm, in turn, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measure import interleaved, ratio
from benchmarks.report import Report, Settings
from benchmarks.workspace import inside, workspace

PROMPT, NEGATIVE, FPS, SEED = "a man walks through a kitchen", "cartoon, blurry", 24.0, 42
ONLY_CFG = {
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
NOTES = (
    "same: weights, prompt tokens, noise, sigmas, one batch of positive and negative a step, one thread, float32",
    "differs: ours encodes the prompts one by one, theirs as one batch; ours decodes to bytes, theirs to floats",
    "not in it: loading, store, journal, plan and file of ours; loading and progress bar of theirs",
)


@dataclass(frozen=True)
class Clip:
    """What is asked of both."""

    side: int = 128
    frames: int = 25
    steps: int = 20


def measure(settings: Settings) -> Report:
    """Text to video, latents only, then decoded; the median of the ratios round by round."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    _quiet()
    rounds = settings.rounds(9)
    clip = Clip(64, 9, 2) if settings.small else Clip()
    with workspace() as place, inside(place):
        ours, theirs = _Ours(clip), _Theirs(clip)
        ours.sigmas = theirs.sigmas()
        latents = _compared("latents only", ours.latents, theirs.latents, rounds)
        decoded = _compared("with decoding", ours.decoded, theirs.decoded, rounds)
        error = _difference(ours.latents()[0], theirs.latents())
    title = f"{clip.side}x{clip.side}, {clip.frames} frames, {clip.steps} steps, cfg 3"
    agree = f"largest difference of the video latents over their largest value: {error:.1e}"
    return Report(
        {title: [latents, decoded]},
        notes=(f"processor seconds of {rounds} rounds, ours and theirs in turn", agree, *NOTES),
    )


def _quiet() -> None:
    """No progress bars and warnings among the tables."""
    from diffusers.utils import logging as theirs
    from transformers.utils import logging as also

    for library in (theirs, also):
        library.set_verbosity_error()
        library.disable_progress_bar()


def _compared(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> dict[str, object]:
    work = {"ours": ours, "theirs": theirs}
    interleaved(work, 1)
    times = interleaved(work, rounds, time.process_time)
    return {
        "work": name,
        "ours / diffusers": round(ratio(times["ours"], times["theirs"]), 3),
        "of medians": round(median(times["ours"]) / median(times["theirs"]), 3),
        "of least": round(min(times["ours"]) / min(times["theirs"]), 3),
        "ours s": round(median(times["ours"]), 3),
        "diffusers s": round(median(times["theirs"]), 3),
    }


class _Ours:
    """Our runtime, kernel by kernel, on a session that keeps its parts."""

    def __init__(self, clip: Clip) -> None:
        from ltxdsl.models import load_model_set
        from ltxdsl.runtime.session import Session

        self.clip = clip
        self.session = Session(load_model_set("embedded"), device="cpu")
        self.sigmas: tuple[float, ...] = ()

    def run(self, op: Any, **inputs: Any) -> dict[str, Any]:
        """The outputs of one op."""
        from ltxdsl.runtime.kernels import KERNELS

        return dict(KERNELS[op.kernel](self.session, op, **inputs))

    def latents(self) -> tuple[Any, Any]:
        """Prompts to sampled latents, denormalised as the pipeline gives them; and the outputs of the pass."""
        from ltxdsl.ops import nodes

        clip = self.clip
        inputs = {
            **self.run(nodes.EmptyVideo(width=clip.side, height=clip.side, frames=clip.frames)),
            **self.run(nodes.EmptyAudio(frames=clip.frames, fps=FPS)),
            "positive": self.run(nodes.EncodeText(text=PROMPT))["text"],
            "negative": self.run(nodes.EncodeText(text=NEGATIVE))["text"],
        }
        scales = (3.0,) * clip.steps
        op = nodes.Sample(sampler="euler", sigmas=self.sigmas, seed=SEED, fps=FPS, cfg=scales, audio_cfg=scales)
        found = self.run(op, **inputs)
        return self.session.part("latent_statistics").denormalised(found["latent"].samples), found

    def decoded(self) -> Any:
        """Prompts to frames and sound."""
        from ltxdsl.ops import nodes

        found = self.latents()[1]
        return self.run(nodes.DecodeVideo(), latent=found["latent"]), self.run(
            nodes.DecodeAudio(), audio=found["audio"]
        )


class _Theirs:
    """diffusers' text-to-video pipeline on the same folder."""

    def __init__(self, clip: Clip) -> None:
        from diffusers.pipelines.ltx2 import LTX2Pipeline

        from ltxdsl.models import load_model_set

        self.clip = clip
        self.pipe = LTX2Pipeline.from_pretrained(load_model_set("embedded").folder, local_files_only=True)
        self.pipe.set_progress_bar_config(disable=True)

    def call(self, output: str) -> Any:
        """The pipeline, with CFG and no other guidance."""
        import torch

        return self.pipe(
            prompt=PROMPT,
            negative_prompt=NEGATIVE,
            width=self.clip.side,
            height=self.clip.side,
            num_frames=self.clip.frames,
            frame_rate=FPS,
            num_inference_steps=self.clip.steps,
            max_sequence_length=self.pipe.tokenizer.model_max_length,
            generator=torch.Generator().manual_seed(SEED),
            output_type=output,
            return_dict=False,
            **ONLY_CFG,
        )

    def sigmas(self) -> tuple[float, ...]:
        """The sigmas that the pipeline uses."""
        self.call("latent")
        return tuple(float(sigma) for sigma in self.pipe.scheduler.sigmas)

    def latents(self) -> Any:
        """Prompts to sampled video latents."""
        return self.call("latent")[0]

    def decoded(self) -> Any:
        """Prompts to frames and sound."""
        return self.call("np")


def _difference(ours: Any, theirs: Any) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())
