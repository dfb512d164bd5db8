"""A pass: noise in, sampler over the guided and masked prediction, latent out.

Masks mean what they mean in ComfyUI (1 = denoise): the model sees M·x + (1-M)·clean, a token's timestep is M·σ,
the prediction with scalar σ is blended with the clean latent after guidance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import torch
from torch import Tensor

from ltxdsl.runtime.errors import NotFiniteError
from ltxdsl.runtime.layout import Layout
from ltxdsl.runtime.model_call import Prompt, TokenModel
from ltxdsl.sampling.guidance import GuidanceScales, combine
from ltxdsl.sampling.samplers import Sampler


@dataclass(frozen=True)
class Guidance:
    """The scales of each step: a pair for video and for sound."""

    scales: tuple[tuple[GuidanceScales, GuidanceScales], ...]

    @classmethod
    def of_cfg(cls, cfg: Sequence[float], audio_cfg: Sequence[float]) -> Guidance:
        """Plain CFG with one scale a step for each modality."""
        pairs = zip(cfg, audio_cfg, strict=True)
        return cls(tuple((GuidanceScales(cfg=v), GuidanceScales(cfg=a)) for v, a in pairs))


@dataclass(frozen=True)
class Journal:
    """Where predictions are looked up and noted by the number of the call, and who is told of progress."""

    recall: Callable[[int], Tensor | None]
    remember: Callable[[int, Tensor], None]
    progress: Callable[[int, int, str], None]


@dataclass
class Denoiser:
    """The function that a sampler calls: x 1 M and sigma to the prediction of x0, or to a pair with the negative's.

    `clean` and `mask` are 1 M. A call whose prediction the journal knows does not touch the model.
    """

    model: TokenModel
    layout: Layout
    clean: Tensor
    mask: Tensor
    prompts: tuple[Prompt, Prompt | None]  # positive, negative
    guidance: Guidance
    sigmas: tuple[float, ...]
    sampler: Sampler
    journal: Journal
    _calls: count[int] = field(default_factory=count)
    _step: int = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor | tuple[Tensor, Tensor]:
        """The prediction at sigma; the pair (guided, negative) for samplers that need it."""
        index, step = next(self._calls), step_of(sigma, self.sigmas)
        known = self.journal.recall(index)
        if known is None:
            known = self._predict(x, sigma, step)
            self.journal.remember(index, known)
        if step >= self._step:
            self._step = step + 1
            self.journal.progress(self._step, len(self.sigmas) - 1, self.sampler.name)
        guided = known[:1].to(x)
        return (guided, known[1:].to(x)) if self.sampler.needs_negative else guided

    def _predict(self, x: Tensor, sigma: float, step: int) -> Tensor:
        """The masked prediction, 1 M, or 2 M with the negative's."""
        video, audio = self.layout.tokens(self._blend(x))
        scales = self.guidance.scales[step]
        rows = self._rows(scales)
        velocities = self.model(video, audio, sigma, rows)
        predicted = [tokens - sigma * velocity for tokens, velocity in zip((video, audio), velocities, strict=True)]
        guided = [self._guided(rows, p, s) for p, s in zip(predicted, scales, strict=True)]
        outputs = [self._blend(self.layout.from_tokens(guided[0], guided[1]))]
        if self.sampler.needs_negative:
            outputs.append(self._blend(self.layout.from_tokens(predicted[0][:1], predicted[1][:1])))
        return torch.cat(outputs)

    def _blend(self, x: Tensor) -> Tensor:
        return self.mask * x + (1 - self.mask) * self.clean

    def _rows(self, scales: tuple[GuidanceScales, GuidanceScales]) -> tuple[Prompt, ...]:
        positive, negative = self.prompts
        if not (self.sampler.needs_negative or any(scale.needs_negative for scale in scales)):
            return (positive,)
        if negative is None:
            raise ValueError("this step needs a negative prompt, and there is none")
        return (negative, positive)

    def _guided(self, rows: Sequence[Prompt], predicted: Tensor, scales: GuidanceScales) -> Tensor:
        positive = predicted[-1:]
        return combine(positive, predicted[:1], scales=scales) if len(rows) == 2 else positive


def step_of(sigma: float, sigmas: Sequence[float]) -> int:
    """The step in which the model is called at `sigma`: the last whose first sigma is not below it."""
    return max(0, min(sum(first >= sigma for first in sigmas[:-1]) - 1, len(sigmas) - 2))


def start_noise(layout: Layout, seed: int) -> list[Tensor]:
    """Noise for clip, audio and guides, drawn one after the other from one CPU generator in float32.

    A guide changes nothing else's noise. Without guides it is ComfyUI's RandomNoise and diffusers' text-to-video.
    """
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in layout.shapes]


def step_noise(layout: Layout, seed: int, device: torch.device) -> Callable[[], Tensor]:
    """Fresh noise 1 M for stochastic samplers: clip and audio at once from seed + 1, guides from seed + 2.

    The first is what ComfyUI draws on a CPU.
    """
    main = torch.Generator().manual_seed(seed + 1)
    extra = torch.Generator().manual_seed(seed + 2)
    body = layout.clip.numel() + layout.audio.numel()
    tail = sum(shape.numel() for shape in layout.guides)

    def draw() -> Tensor:
        parts = [torch.randn(1, body, generator=main)]
        if tail:
            parts.append(torch.randn(1, tail, generator=extra))
        return torch.cat(parts, dim=1).to(device)

    return draw


def run_pass(denoiser: Denoiser, seed: int) -> Tensor:
    """Denoise from the first sigma to the last; what is kept (mask 0) comes back as it was, bit for bit."""
    sigmas, clean, layout = denoiser.sigmas, denoiser.clean, denoiser.layout
    noise = layout.flat(start_noise(layout, seed)).to(clean.device)
    x = sigmas[0] * noise + (1 - sigmas[0]) * clean
    x = denoiser.sampler.function(denoiser, x, list(sigmas), step_noise(layout, seed, clean.device))
    if 0 < sigmas[-1] < 1:
        x = x / (1 - sigmas[-1])
    if not bool(x.isfinite().all()):
        raise NotFiniteError(denoiser.sampler.name)
    return torch.where(denoiser.mask == 0, clean, x)
