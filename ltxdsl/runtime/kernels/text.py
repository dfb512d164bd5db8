"""Encoding prompts: Gemma's hidden states through the connectors."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import Text

MOST_TOKENS = 1024


@kernel
def encode_text(session: Session, op: nodes.EncodeText) -> dict[str, Text]:
    """Encode the text and its locals as one prompt; the ranges are keys, as prompt token i is key i."""
    encoder, connectors = session.part("text_encoder"), session.part("connectors")
    length = text_length(encoder.tokenizer, connectors.config)
    prompts = prompts_so_far(op.text, op.locals)
    tokens = len(encoder.tokenizer(prompts[-1]).input_ids)
    if tokens > length:
        session.warned(f"the prompt has {tokens} tokens: the model reads the first {length}, and nothing after them")
    ids, seen = padded_ids(encoder.tokenizer, prompts[-1], length)
    ids, seen = ids.to(session.device), seen.to(session.device)
    states = encoder.model.model(input_ids=ids, attention_mask=seen, output_hidden_states=True).hidden_states
    stacked = torch.stack(states, dim=-1).flatten(2, 3)
    video, audio, _ = connectors(stacked.to(connectors.dtype), seen, padding_side="left")
    return {"text": Text(video, audio, local_ranges(encoder.tokenizer, prompts, length))}


def prompts_so_far(text: str, locals_: tuple[str, ...]) -> list[str]:
    """The prompt without locals, with the first, with the first two, …; each after a space. Source: KPR."""
    prompts = [text.strip()]
    for local in locals_:
        prompts.append(f"{prompts[-1]} {local.strip()}")
    return prompts


def text_length(tokenizer: Any, config: Any) -> int:
    """Tokens that a prompt is padded to: the tokenizer's limit up to 1024, whole repeats of the registers."""
    registers = config.get("video_connector_num_learnable_registers") or 1
    limit = min(int(tokenizer.model_max_length), MOST_TOKENS)
    return max(registers, limit // registers * registers)


def padded_ids(tokenizer: Any, prompt: str, length: int) -> tuple[Tensor, Tensor]:
    """Token ids 1 L and 1 for tokens, 0 for padding, which is on the left."""
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    encoded = tokenizer(prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    return encoded.input_ids, encoded.attention_mask


def local_ranges(tokenizer: Any, prompts: list[str], length: int) -> tuple[tuple[int, int], ...]:
    """The tokens [start, end) that each local adds to the prompt before it, BOS counted, cut to `length`."""
    ends = [min(length, len(tokenizer(prompt).input_ids)) for prompt in prompts]
    return tuple(pairwise(ends))
