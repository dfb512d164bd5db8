"""Prompt Relay as a bias on attention to text: local prompts cost more, away from the time that they own.

The costs are `ltxdsl.sampling.relay`'s; here they are put at the tokens of a pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ltxdsl.ops.base import Relay
from ltxdsl.runtime.conditioning import guide_slots
from ltxdsl.runtime.values import Text, VideoLatent
from ltxdsl.sampling.relay import cost_table, query_frames


def video_relay_bias(latent: VideoLatent, text: Text, relay: Relay) -> Tensor:
    """The bias N K for video tokens (clip, then guides): a token's time is its latent frame.

    Guide tokens have the time of the frame where they stand; those before or after the clip pay nothing.
    """
    frames, rows, columns = latent.samples.shape[2:]
    times: list[int | None] = list(range(frames))
    counts = [rows * columns] * frames
    for guide in latent.guides:
        slots = guide_slots(guide, frames)
        times += slots
        counts += [guide.tokens // len(slots)] * len(slots)
    bias = relay_bias(times, text, relay)
    return bias.repeat_interleave(torch.tensor(counts, device=bias.device), dim=0)


def audio_relay_bias(tokens: int, frames: int, text: Text, relay: Relay) -> Tensor:
    """The bias Na K for audio tokens: their share of the sequence, in latent frames."""
    return relay_bias(query_frames(tokens, frames), text, relay)


def relay_bias(times: Sequence[float | None], text: Text, relay: Relay) -> Tensor:
    """Minus the cost of each query time (None = none) on the keys of each local prompt; 0 on all others."""
    if len(text.ranges) != len(relay.lengths):
        raise ValueError(f"{len(relay.lengths)} relay segments for {len(text.ranges)} local prompts")
    known = [time for time in times if time is not None]
    costs = iter(cost_table(known, relay.lengths, relay.epsilon))
    bias = torch.zeros(len(times), text.video.shape[1])
    for query, time in enumerate(times):
        if time is not None:
            for (start, end), cost in zip(text.ranges, next(costs), strict=True):
                bias[query, start:end] = -cost
    return bias.to(text.video.device)
