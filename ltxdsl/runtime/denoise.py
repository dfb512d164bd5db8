"""A pass: noise in, sampler over the guided and masked prediction, latent out.

Masks mean what they mean in ComfyUI (1 = denoise): the model sees M·x + (1-M)·clean, a token's timestep is M·σ,
the prediction with scalar σ is blended with the clean latent after guidance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ltxdsl.ops.base import Deltas
from ltxdsl.runtime.errors import NotFiniteError
from ltxdsl.runtime.layout import Layout
from ltxdsl.runtime.model_call import Prompt, TokenModel
from ltxdsl.sampling.guidance import GuidanceScales, combine
from ltxdsl.sampling.samplers import Sampler

NoiseOrder: TypeAlias = Literal["apart", "joined"]
Pair: TypeAlias = tuple[Tensor, Tensor]  # of video and audio
NEGATIVE_FIRST = (1, 0, 2)  # how the kinds of prediction stand in a batch: negative, positive, perturbed


@dataclass(frozen=True)
class Guidance:
    """The scales of each step: a pair for video and for sound."""

    scales: tuple[tuple[GuidanceScales, GuidanceScales], ...]

    @classmethod
    def of_cfg(cls, cfg: Sequence[float], audio_cfg: Sequence[float]) -> Guidance:
        """Plain CFG with one scale a step for each modality."""
        pairs = zip(cfg, audio_cfg, strict=True)
        return cls(tuple((GuidanceScales(cfg=v), GuidanceScales(cfg=a)) for v, a in pairs))

    def with_deltas(self, deltas: Deltas | None) -> Guidance:
        """The other terms on top."""
        if deltas is None:
            return self
        video = zip(deltas.stg, deltas.modality, deltas.rescale, strict=True)
        audio = zip(deltas.audio_stg, deltas.audio_modality, deltas.audio_rescale, strict=True)
        return Guidance(
            tuple(
                (GuidanceScales(v.cfg, *more), GuidanceScales(a.cfg, *heard))
                for (v, a), more, heard in zip(self.scales, video, audio, strict=True)
            )
        )


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
    prepare: Callable[[int], object] = lambda step: None  # is told the step before the model is called
    options: Mapping[str, float | str] = field(default_factory=dict)  # of the sampler
    _calls: count[int] = field(default_factory=count)
    _step: int = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor | tuple[Tensor, Tensor]:
        """The prediction at sigma; the pair (guided, negative) for samplers that need it."""
        index, step = next(self._calls), step_of(sigma, self.sigmas)
        known = self.journal.recall(index)
        if known is None:
            self.prepare(step)
            known = self._predict(x, sigma, step)
            self.journal.remember(index, known)
        if step >= self._step:
            self._step = step + 1
            self.journal.progress(self._step, len(self.sigmas) - 1, self.sampler.name)
        guided = known[:1].to(x)
        return (guided, known[1:].to(x)) if self.sampler.needs_negative else guided

    def _predict(self, x: Tensor, sigma: float, step: int) -> Tensor:
        """The masked prediction, 1 M, or 2 M with the negative's, which ComfyUI gives to samplers without the mask."""
        tokens = self.layout.tokens(self._blend(x))
        scales = self.guidance.scales[step]
        known = self._predictions(tokens, sigma, scales)
        video, audio = (
            combine(*(None if pair is None else pair[i] for pair in known), scales=s) for i, s in enumerate(scales)
        )
        outputs = [self._blend(self.layout.from_tokens(video, audio))]
        if self.sampler.needs_negative:
            assert known[1] is not None
            outputs.append(self.layout.from_tokens(*known[1]))
        return torch.cat(outputs)

    def _predictions(self, tokens: Pair, sigma: float, scales: Sequence[GuidanceScales]) -> list[Pair | None]:
        """What the model says of x0: positive, negative, perturbed, isolated; None where no term needs it."""
        positive = self.prompts[0]
        rows = {0: positive, **self._negative(scales)}
        if any(scale.needs_perturbed for scale in scales):
            rows[2] = dataclasses.replace(positive, perturbed=True)
        order = sorted(rows, key=NEGATIVE_FIRST.index)
        video, audio = self._denoised(tokens, sigma, [rows[kind] for kind in order])
        known: list[Pair | None] = [None] * 4
        for row, kind in enumerate(order):
            known[kind] = video[row : row + 1], audio[row : row + 1]
        if any(scale.needs_isolated for scale in scales):
            known[3] = self._denoised(tokens, sigma, [positive], isolated=True)
        return known

    def _denoised(self, tokens: Pair, sigma: float, rows: Sequence[Prompt], isolated: bool = False) -> Pair:
        velocities = self.model(*tokens, sigma, rows, isolated=isolated)
        return tokens[0] - sigma * velocities[0], tokens[1] - sigma * velocities[1]

    def _negative(self, scales: Sequence[GuidanceScales]) -> dict[int, Prompt]:
        if not (self.sampler.needs_negative or any(scale.needs_negative for scale in scales)):
            return {}
        if self.prompts[1] is None:
            raise ValueError("this step needs a negative prompt, and there is none")
        return {1: self.prompts[1]}

    def _blend(self, x: Tensor) -> Tensor:
        return self.mask * x + (1 - self.mask) * self.clean


def step_of(sigma: float, sigmas: Sequence[float]) -> int:
    """The step in which the model is called at `sigma`: the last whose first sigma is not below it."""
    return max(0, min(sum(first >= sigma for first in sigmas[:-1]) - 1, len(sigmas) - 2))


def start_noise(layout: Layout, seed: int, order: NoiseOrder = "apart") -> list[Tensor]:
    """Noise for clip, audio and guides, drawn one after the other from one CPU generator in float32.

    A guide changes nothing else's noise. Without guides it is ComfyUI's RandomNoise and diffusers' text-to-video;
    with them, ComfyUI draws clip and guides as one (`joined`).
    """
    generator = torch.Generator().manual_seed(seed)
    if order == "joined":
        video, audio = (torch.randn(shape, generator=generator) for shape in layout.joined)
        return layout.from_joined(video, audio)
    return [torch.randn(shape, generator=generator) for shape in layout.shapes]


def step_noise(layout: Layout, seed: int, device: torch.device, order: NoiseOrder = "apart") -> Callable[[], Tensor]:
    """Fresh noise 1 M for stochastic samplers: clip and audio at once from seed + 1, guides from seed + 2.

    The first is what ComfyUI draws on a CPU; `joined` has the guides in it, too.
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

    def draw_joined() -> Tensor:
        shapes = layout.joined
        sizes = [shape.numel() for shape in shapes]
        pieces = torch.split(torch.randn(sum(sizes), generator=main), sizes)
        video, audio = (piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True))
        return layout.flat(layout.from_joined(video, audio)).to(device)

    return draw_joined if order == "joined" else draw


def run_pass(denoiser: Denoiser, seed: int, new_noise: bool = True, order: NoiseOrder = "apart") -> Tensor:
    """Denoise from the first sigma to the last; what is kept (mask 0) comes back as it was, bit for bit.

    A pass that stops at a sigma over 0 gives x / (1-σ), which a next one without new noise takes up as x.
    """
    sigmas, clean, layout = denoiser.sigmas, denoiser.clean, denoiser.layout
    x = (1 - sigmas[0]) * clean
    if new_noise:
        x = x + sigmas[0] * layout.flat(start_noise(layout, seed, order)).to(clean.device)
    noises = step_noise(layout, seed, clean.device, order)
    x = denoiser.sampler.function(denoiser, x, list(sigmas), noises, **denoiser.options)
    if 0 < sigmas[-1] < 1:
        x = x / (1 - sigmas[-1])
    if not bool(x.isfinite().all()):
        raise NotFiniteError(denoiser.sampler.name)
    return torch.where(denoiser.mask == 0, clean, x)
