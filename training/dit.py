"""Training of the transformer and the connectors on latents of the world; video only so far.

python -m training.dit --minutes 60
Flow matching with the bundle's frozen, seeded Gemma. Every fifth step the first latent frame is clean (guides).
Weights of this phase must be run with `isolate_modalities=True`: sound is not trained.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import attention_backend

from ltxdsl.runtime.tiny import bundle, parts
from ltxdsl.runtime.tiny.tokenizer import build_tokenizer
from training.judge.verdict import look
from training.latents import decoded, load_vae, read_shards, scene
from training.muon import Muon
from training.run import HOME, Run, draw_curve, draw_sheet
from training.world.caption import caption

SEED = 29
LAYERS, HEADS, HEAD, AUDIO_HEAD = 6, 4, 64, 16
TEXT_TOKENS = 64  # the longest caption of the grammar has 56
BATCH = 32
RATE, REST_RATE, LAST = 0.012, 6e-4, 0.05
DROP, GUIDED = 0.1, 5  # share of captions dropped; every GUIDED-th step begins with a clean first latent frame
STEPS, SCALE = 12, 2.5  # of sampling, and its guidance
FPS = 24.0


class Networks(torch.nn.Module):
    """Transformer and connectors (trained), and the text encoder (frozen)."""

    def __init__(self, layers: int = LAYERS, head: int = HEAD):
        """Width is 4 heads of `head`."""
        super().__init__()
        torch.manual_seed(bundle.SEED)
        self.text_encoder = parts.text_encoder().eval().requires_grad_(False)
        self.tokenizer = build_tokenizer(TEXT_TOKENS)
        torch.manual_seed(SEED)
        self.transformer = _transformer(layers, head)
        self.connectors = _connectors(head)

    @torch.no_grad()
    def states(self, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Gemma's stacked hidden states B L 3·64, and which tokens are of the caption."""
        encoded = self.tokenizer(captions, padding="max_length", max_length=TEXT_TOKENS, return_tensors="pt")
        outputs = self.text_encoder.model(**encoded, output_hidden_states=True)
        return torch.stack(outputs.hidden_states, dim=-1).flatten(2, 3), encoded.attention_mask

    def velocity(self, tokens: torch.Tensor, levels: torch.Tensor, captions: list[str], coords: torch.Tensor) -> Any:
        """B N 64: the velocity of noisy tokens; `levels` is B or, with clean tokens among them, B N."""
        video, audio, _ = self.connectors(*self.states(captions), padding_side="left")
        silence = tokens.new_zeros(len(tokens), 1, parts.AUDIO_FEATURES)
        sigma = levels if levels.ndim == 1 else levels.amax(dim=1)
        return self.transformer(
            hidden_states=tokens,
            audio_hidden_states=silence,
            encoder_hidden_states=video,
            audio_encoder_hidden_states=audio,
            timestep=levels * 1000,
            audio_timestep=sigma * 1000,
            sigma=sigma * 1000,
            audio_sigma=sigma * 1000,
            video_coords=coords.expand(len(tokens), -1, -1, -1),
            audio_num_frames=1,
            isolate_modalities=True,
            use_cross_timestep=True,
            return_dict=False,
        )[0]

    def coords(self, shape: torch.Size) -> torch.Tensor:
        """Where the tokens of latents B C F H W stand."""
        return self.transformer.rope.prepare_video_coords(1, *shape[2:], torch.device("cpu"), fps=FPS)


def _transformer(layers: int, head: int) -> Any:
    from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformer3DModel

    kept = dict(parts.transformer().config)
    changed = {
        "num_layers": layers,
        "attention_head_dim": head,
        "cross_attention_dim": HEADS * head,
        "audio_attention_head_dim": AUDIO_HEAD,
    }
    return LTX2VideoTransformer3DModel.from_config(kept | changed)


def _connectors(head: int) -> Any:
    from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors

    kept = dict(parts.connectors().config)
    changed = {
        "video_connector_attention_head_dim": head,
        "video_hidden_dim": HEADS * head,
        "video_connector_num_layers": 1,
        "audio_connector_num_layers": 1,
    }
    return LTX2TextConnectors.from_config(kept | changed)


def tokens_of(latents: torch.Tensor) -> torch.Tensor:
    """B C F H W to B N C."""
    return latents.flatten(2).transpose(1, 2)


def loss_of(networks: Networks, latents: torch.Tensor, captions: list[str], step: int) -> torch.Tensor:
    """Squared error of the velocity e - x; the noise and the levels are those of the step."""
    dice = torch.Generator().manual_seed(step)
    clean = tokens_of(latents)
    noise = torch.randn(clean.shape, generator=dice)
    sigma = torch.sigmoid(0.6 + 1.2 * torch.randn(len(clean), generator=dice))
    kept = torch.rand(len(clean), generator=dice) >= DROP
    words = [text if keep else "" for text, keep in zip(captions, kept.tolist(), strict=True)]
    levels, weight = sigma, torch.ones_like(clean[:, :, :1])
    if step % GUIDED == 0:
        weight[:, : latents.shape[3] * latents.shape[4]] = 0.0
        levels = sigma[:, None] * weight[:, :, 0]
    mix = levels.reshape(len(clean), -1, 1)
    velocity = networks.velocity((1 - mix) * clean + mix * noise, levels, words, networks.coords(latents.shape))
    return ((velocity - (noise - clean)).square() * weight).mean() / weight.mean()


@torch.no_grad()
def sample(networks: Networks, captions: list[str], shape: torch.Size, seed: int = 0) -> torch.Tensor:
    """Latents B C F H W for captions: Euler from pure noise with guidance."""
    count = len(captions)
    tokens = torch.randn(count, shape[2:].numel(), shape[1], generator=torch.Generator().manual_seed(seed))
    coords, sigmas = networks.coords(shape), torch.linspace(1, 0, STEPS + 1)
    sigmas = 2.5 * sigmas / (1 + 1.5 * sigmas)  # more steps where there is much noise
    for now, then in zip(sigmas[:-1], sigmas[1:], strict=True):
        velocity = networks.velocity(tokens.repeat(2, 1, 1), now.expand(2 * count), captions + [""] * count, coords)
        told, free = velocity.chunk(2)
        tokens = tokens + (then - now) * (free + SCALE * (told - free))
    return tokens.transpose(1, 2).reshape(count, *shape[1:])


class Trainer:
    """Networks, optimisers and the step: all that a checkpoint holds."""

    def __init__(self, networks: Networks, steps: int):
        """`steps` is the horizon of the learning rate."""
        self.networks, self.steps, self.step = networks, steps, 0
        trained = [*networks.transformer.parameters(), *networks.connectors.parameters()]
        matrices = [p for p in trained if p.ndim == 2]
        rest = [p for p in trained if p.ndim != 2]
        self.optimisers = [(Muon(matrices, RATE), RATE), (torch.optim.AdamW(rest, REST_RATE), REST_RATE)]

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on."""
        return {
            "step": self.step,
            "transformer": self.networks.transformer.state_dict(),
            "connectors": self.networks.connectors.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser, _ in self.optimisers],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.step = state["step"]
        self.networks.transformer.load_state_dict(state["transformer"])
        self.networks.connectors.load_state_dict(state["connectors"])
        for (optimiser, _), old in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(old)

    def advance(self, latents: torch.Tensor, captions: list[str]) -> float:
        """One step on a batch that the step alone chooses."""
        chosen = np.random.default_rng((SEED, self.step)).integers(len(latents), size=BATCH)
        loss = loss_of(self.networks, latents[chosen], [captions[index] for index in chosen], self.step)
        loss.backward()
        for optimiser, rate in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate * self.pace()
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        return loss.item()

    def pace(self) -> float:
        """The learning rate of this step, of 1: a cosine down to LAST."""
        part = min(1.0, self.step / self.steps)
        return min(1.0, (self.step + 1) / 50) * (LAST + (1 - LAST) * 0.5 * (1 + float(np.cos(np.pi * part))))


def examine(networks: Networks, vae: Any, shape: torch.Size, count: int, sheet: Path) -> dict[str, float]:
    """Share of right measures on clips made from held-out captions; draws a sheet."""
    scenes = [scene(number, held_out=True) for number in range(count)]
    clips = decoded(vae, sample(networks, [caption(one) for one in scenes], shape))
    draw_sheet(sheet, list(clips[:8].permute(0, 4, 1, 2, 3) * 2 - 1))
    rights: dict[str, list[bool]] = defaultdict(list)
    for one, clip in zip(scenes, clips, strict=True):
        for name, right in look(one, clip.numpy()).items():
            rights[name.replace(" ", "_")].append(right)
    return {name: float(np.mean(right)) for name, right in rights.items()}


def train(trainer: Trainer, run: Run, vae: Any, data: tuple[torch.Tensor, list[str]], check: int) -> None:
    """Steps until the horizon or the end of the time."""
    latents, captions = data
    shape, mean, began = latents[:1].shape, 0.0, time.monotonic()
    while trainer.step < trainer.steps and not run.over:
        loss = trainer.advance(latents, captions)
        mean = loss if not mean else 0.98 * mean + 0.02 * loss
        if trainer.step % 50 == 0:
            run.log(step=trainer.step, loss=mean, seconds=(time.monotonic() - began) / 50)
            draw_curve(run.folder / "curve.png", {"loss": [(r["step"], r["loss"]) for r in run.rows(trainer.step)]})
            began = time.monotonic()
        if trainer.step % check == 0:
            scores = examine(trainer.networks, vae, shape, 32, run.folder / "sheet.png")
            run.log(step=trainer.step, loss=mean, **scores)
            began = time.monotonic()
        if run.due():
            run.save(trainer.state())
    run.save(trainer.state())
    for name in ("transformer", "connectors"):
        getattr(trainer.networks, name).save_pretrained(run.folder / "compact" / name, safe_serialization=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=HOME / "dit")
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--latents", type=Path, default=HOME / "latents")
    parser.add_argument("--steps", type=int, default=8000, help="horizon of the learning rate")
    parser.add_argument("--check", type=int, default=500, help="steps between examinations by the judge")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = Run(options.out.expanduser(), options.minutes)
    trainer = Trainer(Networks(), options.steps)
    if state := run.load():
        trainer.restore(state)
    with attention_backend("_native_math"):  # its backward is the faster one on a CPU
        train(trainer, run, load_vae(options.vae), read_shards(options.latents), options.check)


if __name__ == "__main__":
    main()
