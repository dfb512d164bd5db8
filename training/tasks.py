"""What the transformer is trained to do at a step: a batch with its noise, and what is asked of it.

Most steps make picture and sound from words alone. The others keep something, in the runtime's own way: a picture in
place of the first latent frame, guides appended anywhere, the sound as given; or they relay two prompts. Which it is
is a function of the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ltxdsl.geometry import TEMPORAL
from ltxdsl.ops.base import Relay
from ltxdsl.runtime.conditioning import guide_coords
from ltxdsl.runtime.layout import audio_tokens, video_tokens
from ltxdsl.runtime.relay import audio_relay_bias, video_relay_bias
from ltxdsl.runtime.tiny import parts
from ltxdsl.runtime.values import Guide, Text, unmasked
from training.networks import FPS, Batch, Networks
from training.world.caption import caption, relayed
from training.world.scene import Scene

DROP = 0.1  # share of texts that are dropped
STRENGTHS = (1.0, 1.0, 0.8, 0.5)
EPSILONS = (1e-3, 0.1, 0.3)
STILL_FRAMES = (0, 12, 24)  # of which the shards hold pictures
WORDS_FIRST = 3000  # steps of which three in four are from words alone: what stands in a picture need not be read
ELSEWHERE = 6  # one step in so many is about another size than the usual one
BEFORE = -TEMPORAL  # the pixel frame of the slot before the clip


@dataclass
class Data:
    """Clips of the world: whitened latents N C F H W, stills N 3 C 1 H W, sounds N 2 M 16, and their scenes.

    `others` are clips of other sizes.
    """

    latents: Tensor
    stills: Tensor
    sounds: Tensor
    scenes: list[Scene]
    others: tuple[Data, ...] = ()

    @property
    def tokens(self) -> int:
        """Of the picture of one clip."""
        return self.latents[0, 0].numel()

    def relays(self) -> list[int]:
        """The clips that two prompts can share."""
        return [n for n, scene in enumerate(self.scenes) if relayable(scene)]


@dataclass
class Asked:
    """A batch, the noise that was added and what it was added to; `weights` 1 or B N 1: which tokens count."""

    batch: Batch
    target: Tensor
    audio_target: Tensor
    weights: Tensor
    audio_weight: float = 1.0


class Step:
    """The dice of a step, and the clips that it is about; `early` is the share of levels between 0.8 and 1."""

    early = 0.3

    def __init__(self, networks: Networks, data: Data, seed: int, number: int, count: int) -> None:
        turn, other = divmod(number, ELSEWHERE)
        elsewhere = bool(data.others) and other == 0
        self.data = data.others[turn % len(data.others)] if elsewhere else data
        self.networks, self.number = networks, number
        self.rng = np.random.default_rng((seed, number))
        self.dice = torch.Generator().manual_seed(seed * 1_000_003 + number)
        self.task = (_plain if turn % 3 else _in_place) if elsewhere else task_of(number)
        count = max(4, min(2 * count, count * data.tokens // self.data.tokens))
        data = self.data
        pool = data.relays() if self.task is _relay else []
        self.chosen = self.rng.choice(pool, count) if pool else self.rng.integers(len(data.latents), size=count)

    def asked(self) -> Asked:
        """The batch of the step."""
        return self.task(self, self.plain())

    def plain(self) -> Asked:
        """Picture and sound from words."""
        clean = video_tokens(self.data.latents[self.chosen])
        sound = audio_tokens(self.data.sounds[self.chosen])
        sigma = self.sigmas(len(clean))
        noise, hiss = self.noise(clean.shape), self.noise(sound.shape)
        batch = Batch(
            video=_mixed(clean, noise, sigma),
            audio=_mixed(sound, hiss, sigma),
            levels=sigma,
            audio_levels=sigma,
            sigma=sigma,
            audio_sigma=sigma,
            words=[self.kept(caption(self.data.scenes[n])) for n in self.chosen],
            coords=self.networks.clip_coords(self.data.latents.shape),
        )
        return Asked(batch, noise - clean, hiss - sound, torch.ones(1))

    def sigmas(self, count: int) -> Tensor:
        """Levels of noise: mostly high ones, many near 1, where a run begins and words say what moves where."""
        usual = torch.sigmoid(0.6 + 1.2 * torch.randn(count, generator=self.dice))
        first = torch.rand(count, generator=self.dice) < self.early
        return torch.where(first, 1 - 0.2 * torch.rand(count, generator=self.dice), usual)

    def noise(self, shape: torch.Size) -> Tensor:
        """Normal noise."""
        return torch.randn(shape, generator=self.dice)

    def kept(self, text: str) -> str:
        """The text, or none."""
        return text if self.rng.random() >= DROP else ""

    def strengths(self) -> Tensor:
        """How strongly something is held, B."""
        return torch.tensor(self.rng.choice(STRENGTHS, len(self.chosen)), dtype=torch.float32)


def _mixed(clean: Tensor, noise: Tensor, levels: Tensor) -> Tensor:
    share = levels[:, None, None] if levels.ndim == 1 else levels[:, :, None]
    return (1 - share) * clean + share * noise


def _plain(step: Step, asked: Asked) -> Asked:
    return asked


def _in_place(step: Step, asked: Asked) -> Asked:
    """The first latent frame is held, at a strength."""
    latents = step.data.latents[step.chosen]
    first = latents.shape[3] * latents.shape[4]
    batch, clean = asked.batch, video_tokens(latents)
    mask = torch.ones(clean.shape[:2])
    mask[:, :first] = 1 - step.strengths()[:, None]
    levels = batch.sigma[:, None] * mask
    held = replace(batch, video=_mixed(clean, asked.target + clean, levels), levels=levels, masked=True)
    return replace(asked, batch=held, weights=(mask > 0)[:, :, None].float())


def _guided(step: Step, asked: Asked, frames: tuple[int, ...]) -> Asked:
    """Pictures of the clip appended as guides; one before the clip is any of its pictures."""
    for frame in frames:
        asked = _with_guide(step, asked, frame)
    return asked


def _with_guide(step: Step, asked: Asked, frame: int) -> Asked:
    which = STILL_FRAMES.index(frame) if frame >= 0 else int(step.rng.integers(len(STILL_FRAMES)))
    still = step.data.stills[step.chosen, which]
    clean, batch = video_tokens(still), asked.batch
    noise = step.noise(clean.shape)
    own = batch.levels if batch.levels.ndim == 2 else batch.levels[:, None].expand(batch.video.shape[:2])
    levels = (batch.sigma * (1 - step.strengths()))[:, None].expand(clean.shape[:2])
    coords = guide_coords(Guide(still[:1], frame, 1.0, 1.0, False), step.data.latents[:1].shape, FPS)
    longer = replace(
        batch,
        video=torch.cat([batch.video, _mixed(clean, noise, levels)], dim=1),
        levels=torch.cat([own, levels], dim=1),
        coords=torch.cat([batch.coords, coords], dim=2),
        masked=True,
    )
    weights = torch.cat([asked.weights.expand(*own.shape, 1), (levels > 0)[:, :, None].float()], dim=1)
    return replace(asked, batch=longer, target=torch.cat([asked.target, noise - clean], dim=1), weights=weights)


def _one_guide(step: Step, asked: Asked) -> Asked:
    return _guided(step, asked, (int(step.rng.choice((BEFORE, *STILL_FRAMES))),))


def _first_and_last(step: Step, asked: Asked) -> Asked:
    return _guided(step, _in_place(step, asked), (STILL_FRAMES[-1],))


def _kept_sound(step: Step, asked: Asked) -> Asked:
    """The sound is given, and drives the picture."""
    nothing = torch.zeros_like(asked.batch.sigma)
    sound = audio_tokens(step.data.sounds[step.chosen])
    given = replace(asked.batch, audio=sound, audio_levels=nothing, audio_sigma=nothing, masked=True)
    return replace(asked, batch=given, audio_weight=0.0)


def _relay(step: Step, asked: Asked) -> Asked:
    """What changes is said by two prompts that take turns."""
    scenes = [step.data.scenes[n] for n in step.chosen]
    texts, biases, audio_biases = [], [], []
    for scene in scenes:
        words, bias, audio_bias = relay_of(step.networks, step.data, scene, float(step.rng.choice(EPSILONS)))
        texts.append(words)
        biases.append(bias)
        audio_biases.append(audio_bias)
    told = replace(asked.batch, words=texts, bias=torch.stack(biases), audio_bias=torch.stack(audio_biases))
    return replace(asked, batch=told)


def relayable(scene: Scene) -> bool:
    """Whether one thing changes in the middle: in a clip of four latents, that is where Prompt Relay turns."""
    return len(scene.things) == 1 and scene.change is not None and scene.change.when == "halfway"


def relay_of(networks: Networks, data: Data, scene: Scene, epsilon: float) -> tuple[str, Tensor, Tensor]:
    """The text of a relayed scene, and its biases on the tokens of picture and sound."""
    frames = data.latents.shape[2]
    whole, locals_, turn = relayed(scene, TEMPORAL * (frames - 1) + 1)
    words, ranges = networks.ranges(whole, locals_)
    early = round((turn - 1) / TEMPORAL) + 1
    relay = Relay((early, frames - early), epsilon)
    keys = torch.zeros(1, parts.TEXT_TOKENS, 1)
    text = Text(keys, keys, ranges)
    video = video_relay_bias(unmasked(data.latents[:1]), text, relay)
    return words, video, audio_relay_bias(data.sounds.shape[2], frames, text, relay)


def task_of(number: int) -> Task:
    """What a step asks."""
    return _plain if number < WORDS_FIRST and number % 4 else TASKS[number % len(TASKS)]


Task = Callable[[Step, Asked], Asked]
TASKS: tuple[Task, ...] = (
    *[_plain, _in_place, _one_guide, _relay, _plain] * 2,
    *[_plain, _one_guide, _kept_sound, _first_and_last, _relay],
    *[_plain, _in_place, _one_guide, _plain, _plain],
)
