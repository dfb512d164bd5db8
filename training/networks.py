"""The networks that the transformer's training is about, and one evaluation of them on a batch."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ltxdsl.runtime.kernels.text import local_ranges, padded_ids, prompts_so_far
from ltxdsl.runtime.loading import LOADERS
from ltxdsl.runtime.model_call import first_argument
from ltxdsl.runtime.tiny import bundle, parts
from ltxdsl.runtime.tiny.tokenizer import build_tokenizer

SEED = 29
FPS = 24.0


@dataclass
class Batch:
    """Noisy tokens and all that the transformer is told about them.

    `video` B N C and `audio` B M C'; levels B, or B N (B M) where tokens differ; `sigma` and `audio_sigma` B are those
    of the modalities as a whole. `coords` 1 3 N 2. The biases B N K and B M K are on attention to the text.
    """

    video: Tensor
    audio: Tensor
    levels: Tensor
    audio_levels: Tensor
    sigma: Tensor
    audio_sigma: Tensor
    words: list[str]
    coords: Tensor
    bias: Tensor | None = None
    audio_bias: Tensor | None = None
    masked: bool = False  # something is kept, wholly or in part


class Networks(torch.nn.Module):
    """Transformer and connectors (trained), and the bundle's text encoder (frozen)."""

    def __init__(self, layers: int = parts.LAYERS, head: int = parts.VIDEO_HEAD):
        """The embedded architecture; fewer layers and smaller heads are for tests."""
        super().__init__()
        self.text_encoder = bundle.seeded("text_encoder").eval().requires_grad_(False)
        self.tokenizer = build_tokenizer(parts.TEXT_TOKENS)
        torch.manual_seed(SEED)
        self.transformer = parts.transformer(layers, head)
        self.connectors = parts.connectors(head)

    def ends(self) -> list[Tensor]:
        """What is a matrix by shape alone, and the first and last layers: no weights for Muon."""
        names = ("table", "registers", "proj_in", "proj_out", "emb.linear", "emb.timestep")
        trained = (*self.transformer.named_parameters(), *self.connectors.named_parameters())
        return [weight for name, weight in trained if weight.ndim >= 2 and any(part in name for part in names)]

    @torch.no_grad()
    def states(self, words: list[str]) -> tuple[Tensor, Tensor]:
        """Gemma's stacked hidden states B L 3·64, and which tokens are of the text."""
        pairs = [padded_ids(self.tokenizer, text, parts.TEXT_TOKENS) for text in words]
        ids, seen = (torch.cat(column) for column in zip(*pairs, strict=True))
        hidden = self.text_encoder.model(input_ids=ids, attention_mask=seen, output_hidden_states=True).hidden_states
        return torch.stack(hidden, dim=-1).flatten(2, 3), seen

    def ranges(self, text: str, locals_: tuple[str, ...]) -> tuple[str, tuple[tuple[int, int], ...]]:
        """A relayed prompt as one text, and the tokens of each local."""
        prompts = prompts_so_far(text, locals_)
        return prompts[-1], local_ranges(self.tokenizer, prompts, parts.TEXT_TOKENS)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The velocities B N C and B M C', in the runtime's way of saying what is masked."""
        video, audio, _ = self.connectors(*self.states(batch.words), padding_side="left")
        with ExitStack() as hooks:
            if batch.masked:
                own = ((batch.levels, "video"), (batch.audio_levels, "audio"))
                for levels, name in own:
                    module = getattr(self.transformer, f"av_cross_attn_{name}_scale_shift")
                    hooks.enter_context(first_argument(module, levels * 1000))
            made: tuple[Tensor, Tensor] = self.transformer(
                hidden_states=batch.video,
                audio_hidden_states=batch.audio,
                encoder_hidden_states=video,
                audio_encoder_hidden_states=audio,
                timestep=batch.levels * 1000,
                audio_timestep=batch.audio_levels * 1000,
                sigma=batch.sigma * 1000,
                audio_sigma=batch.audio_sigma * 1000,
                encoder_attention_mask=batch.bias,
                audio_encoder_attention_mask=batch.audio_bias,
                video_coords=batch.coords.expand(len(batch.video), -1, -1, -1),
                audio_num_frames=batch.audio.shape[1],
                use_cross_timestep=True,
                return_dict=False,
            )
        return made

    def clip_coords(self, shape: torch.Size) -> Tensor:
        """Where the tokens of latents B C F H W stand, 1 3 N 2."""
        coords: Tensor = self.transformer.rope.prepare_video_coords(1, *shape[2:], torch.device("cpu"), fps=FPS)
        return coords


def trained_networks(folder: Path) -> Networks:
    """The networks as a run of `training.dit` left them."""
    networks = Networks()
    for name in ("transformer", "connectors"):
        loaded = LOADERS[name](folder / name, torch.float32)
        getattr(networks, name).load_state_dict(loaded.state_dict())
    return networks.eval()
