"""One evaluation of the transformer over the tokens of a pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from ltxdsl.runtime.nag import NagTexts, nag_attention
from ltxdsl.runtime.values import Text

CrossModulation: TypeAlias = Literal["lightricks", "diffusers"]


@dataclass(frozen=True)
class Modality:
    """The tokens of one modality that a pass does not change: where they stand, and what is to be denoised.

    `coords` 1 axes N 2; `mask` 1 N, 1 = denoise.
    """

    coords: Tensor
    mask: Tensor

    @property
    def frozen(self) -> bool:
        """Whether nothing is to be denoised."""
        return not bool(self.mask.any())

    def timesteps(self, sigma: float, rows: int) -> Tensor:
        """What each token's noise level is, times 1000: `rows` N, or `rows` where all tokens are alike."""
        if bool((self.mask == self.mask[0, 0]).all()):
            return self.mask[:, 0].expand(rows) * (sigma * 1000)
        return self.mask.expand(rows, -1) * (sigma * 1000)

    def level(self, sigma: float, rows: int) -> Tensor:
        """The noise level of the modality as a whole, times 1000; 0 if it is frozen."""
        return torch.full((rows,), 0.0 if self.frozen else sigma * 1000, device=self.mask.device)


@dataclass(frozen=True)
class Prompt:
    """One row of a batch: a text with the biases N K and Na K on attention to it.

    `perturbed`: self-attention in the model's `stg_blocks` gives back its values. `pushed`: the model's `nag` acts.
    """

    text: Text
    video_bias: Tensor | None = None
    audio_bias: Tensor | None = None
    perturbed: bool = False
    pushed: bool = False


@dataclass(frozen=True)
class TokenModel:
    """The transformer on the tokens of one pass: sigma and tokens in, velocities out.

    `self_bias` N N is added to the scores of video self-attention. `cross_modulation` says whose timesteps
    scale and shift the attention between video and sound: each modality's own, token by token (lightricks), or
    the other modality's sigma (diffusers). They differ only where something is masked.
    """

    transformer: Any
    video: Modality
    audio: Modality
    self_bias: Tensor | None = None
    cross_modulation: CrossModulation = "lightricks"
    stg_blocks: tuple[int, ...] = ()
    nag: NagTexts | None = None

    @cached_property
    def dtype(self) -> torch.dtype:
        """The transformer's type; asking it walks all its modules."""
        dtype: torch.dtype = self.transformer.dtype
        return dtype

    @torch.no_grad()
    def __call__(
        self, video: Tensor, audio: Tensor, sigma: float, prompts: Sequence[Prompt], *, isolated: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Velocities R N C and R Na Ca in float32, one row for each prompt, of tokens 1 N C and 1 Na Ca.

        `isolated`: without attention between picture and sound.
        """
        rows, dtype = len(prompts), self.dtype
        own = self.video.timesteps(sigma, rows), self.audio.timesteps(sigma, rows)
        with self._hooks(*own, prompts):
            video_out, audio_out = self.transformer(
                hidden_states=video.to(dtype).expand(rows, -1, -1),
                audio_hidden_states=audio.to(dtype).expand(rows, -1, -1),
                encoder_hidden_states=torch.cat([prompt.text.video for prompt in prompts]).to(dtype),
                audio_encoder_hidden_states=torch.cat([prompt.text.audio for prompt in prompts]).to(dtype),
                timestep=own[0],
                audio_timestep=own[1],
                sigma=self.video.level(sigma, rows),
                audio_sigma=self.audio.level(sigma, rows),
                encoder_attention_mask=_stacked([prompt.video_bias for prompt in prompts], dtype),
                audio_encoder_attention_mask=_stacked([prompt.audio_bias for prompt in prompts], dtype),
                video_coords=self.video.coords.expand(rows, -1, -1, -1),
                audio_coords=self.audio.coords.expand(rows, -1, -1, -1),
                use_cross_timestep=True,
                isolate_modalities=isolated,
                **self._perturbation(prompts),
                return_dict=False,
            )
        return video_out.float(), audio_out.float()

    def _perturbation(self, prompts: Sequence[Prompt]) -> dict[str, Any]:
        """The transformer's arguments for STG: a mask of rows, 0 where they are perturbed."""
        if not any(prompt.perturbed for prompt in prompts):
            return {}
        mask = torch.tensor([float(not prompt.perturbed) for prompt in prompts])
        return {
            "spatio_temporal_guidance_blocks": list(self.stg_blocks),
            "perturbation_mask": mask.to(self.video.mask.device, self.dtype),
        }

    @contextmanager
    def _hooks(self, video: Tensor, audio: Tensor, prompts: Sequence[Prompt]) -> Iterator[None]:
        with ExitStack() as stack:
            if self.nag is not None:
                pushed = [prompt.pushed for prompt in prompts]
                stack.enter_context(nag_attention(self.transformer, self.nag, pushed))
            if self.cross_modulation == "lightricks" and self._masked:
                stack.enter_context(first_argument(self.transformer.av_cross_attn_video_scale_shift, video))
                stack.enter_context(first_argument(self.transformer.av_cross_attn_audio_scale_shift, audio))
            if self.self_bias is not None:
                stack.enter_context(self_attention_bias(self.transformer, self.self_bias, len(prompts)))
            yield

    @property
    def _masked(self) -> bool:
        return bool((self.video.mask != 1).any() or (self.audio.mask != 1).any())


def _stacked(biases: Sequence[Tensor | None], dtype: torch.dtype) -> Tensor | None:
    """Biases of the rows as R Q K, zeros for a row that has none; None if no row has one."""
    known = [bias for bias in biases if bias is not None]
    if not known:
        return None
    return torch.stack([torch.zeros_like(known[0]) if bias is None else bias for bias in biases]).to(dtype)


@contextmanager
def first_argument(module: Any, value: Tensor) -> Iterator[None]:
    """While inside, the module is called with this first argument, flattened."""
    hook = module.register_forward_pre_hook(lambda _, arguments: (value.flatten(), *arguments[1:]))
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def self_attention_bias(transformer: Any, bias: Tensor, rows: int) -> Iterator[None]:
    """While inside, every block adds this bias N N to the scores of video self-attention.

    The transformer's own argument cannot say it: it blocks what is under 1. Rows and heads share the memory.
    """
    heads = transformer.config.num_attention_heads
    shared = bias.to(transformer.dtype).expand(rows * heads, -1, -1)

    def set_mask(module: Any, arguments: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return arguments, {**named, "self_attention_mask": shared}

    hooks = [block.register_forward_pre_hook(set_mask, with_kwargs=True) for block in transformer.transformer_blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
