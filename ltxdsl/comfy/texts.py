"""Prompts of a pass: plain, relayed, and what stands in for a negative prompt that is not needed."""

from __future__ import annotations

from ltxdsl import geometry
from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.table import Conditioning, Text, Video, row
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Relay
from ltxdsl.sampling.relay import HARD_SIGMA, lengths_from_pixels, sigma_of

EPSILONS = (1e-6, 0.99)  # that PromptRelayEncode takes
HARD_EPSILON = 1e-3  # what an epsilon outside of (0, 1) means
TEXT_KEYS = 1024  # a video of as many tokens is not told from text


@row(nodes.EncodeText)
def encode_text(builder: PromptBuilder, op: nodes.EncodeText) -> dict[str, Text]:
    """Nothing yet: see Text."""
    return {"text": Text(op.text, op.locals, op.enhance, builder.wires.get("words."), builder.parts.get("clip"))}


def conditioned(builder: PromptBuilder, positive: Link, negative: Text | None, fps: float) -> Conditioning:
    """Both branches with the frame rate."""
    return at_rate(builder, both_prompts(builder, positive, negative), fps)


def both_prompts(builder: PromptBuilder, positive: Link, negative: Text | None) -> Conditioning:
    """Both branches.

    Without a negative prompt (cfg 1) the guider still wants the branch: the positive one, zeroed, costs nothing.
    """
    if negative is None:
        other = builder.add("ConditioningZeroOut", "no negative prompt (cfg 1)", conditioning=positive)
    else:
        other = negative_prompt(builder, negative, positive)
    return Conditioning(positive, other)


def at_rate(builder: PromptBuilder, both: Conditioning, fps: float) -> Conditioning:
    """Both branches with the frame rate."""
    rate = builder.wires.get("clip.fps")
    title = "frame rate of the video" if rate else f"frame rate {fps:g}"
    link = builder.add("LTXVConditioning", title, **both._asdict(), frame_rate=rate or fps)
    return Conditioning(link, link.output(1))


def plain_prompt(builder: PromptBuilder, text: Text) -> Link:
    """A prompt without a bias on attention, its locals after it."""
    if text.encoded is not None:
        return text.encoded
    plain = text.enhance is None and text.words is None
    known = " ".join((text.text, *text.locals)) if plain else written(builder, text)
    return loaders.encoded(builder, known, "prompt", text.clip)


def negative_prompt(builder: PromptBuilder, text: Text, positive: Link | None = None) -> Link:
    """The text encoded, unless a raw node gives it so; one that says the same as the prompt is the prompt."""
    said = text.text if text.words is None else [*text.words]
    if text.encoded is None and positive and builder.literal(positive, "text") == said:
        return positive
    return text.encoded or loaders.encoded(builder, text.words or text.text, "negative prompt", text.clip)


def written(builder: PromptBuilder, text: Text) -> str | Link:
    """The prompt, or what the text model makes of it, by its own clip if a LoRA is for the writing only."""
    enhance = text.enhance
    if enhance is None:
        return text.words or text.text
    clip = text.clip or loaders.text_encoder(builder)
    if enhance.lora:
        clip = loaders.with_text_lora(builder, clip, enhance.lora, enhance.strength)
    sampled = {"temperature": 0.7, "top_k": 64, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.05}
    sampled |= {"presence_penalty": 0.0, "seed": enhance.seed}
    return builder.add(
        "TextGenerateLTX2Prompt",
        "prompt written out",
        clip=clip,
        prompt=text.text,
        max_length=enhance.tokens,
        sampling_mode="on",
        **{f"sampling_mode.{name}": value for name, value in sampled.items()},
        thinking=False,
        use_default_template=True,
    )


def relayed(builder: PromptBuilder, model: Link, text: Text, relay: Relay, latent: Video) -> tuple[Link, Link]:
    """Prompt Relay's model and its positive conditioning; `latent` tells it the clip's shape, without guides."""
    _note_limits(builder, latent)
    link = builder.add(
        "PromptRelayEncode",
        builder.titled("prompt relay"),
        model=model,
        clip=text.clip or loaders.text_encoder(builder),
        latent=latent.link,
        global_prompt=written(builder, text),
        local_prompts=" | ".join(_one_local(builder, local) for local in text.locals),
        segment_lengths=", ".join(map(str, segment_pixels(builder, relay.lengths, latent.frames))),
        epsilon=_epsilon(builder, relay.epsilon),
    )
    return link, link.output(1)


def segment_pixels(builder: PromptBuilder, lengths: tuple[int, ...], frames: int) -> list[int]:
    """Pixel lengths that the node turns back into these latent lengths, 8 for 1.

    Two things cannot be said to it: a tail of a single latent (it is taken for rounding, and filled) and an empty
    segment beside one of several frames (it is given one of them).
    """
    pixels = [geometry.TEMPORAL * length for length in lengths]
    if not any(pixels):
        raise ExportError("no segment of the relay has a frame")
    read = lengths_from_pixels(pixels, frames)
    if read != list(lengths):
        asked = ", ".join(map(str, lengths))
        builder.note(f"{builder.stage}: relay segments of {asked} latent frames become {read} in ComfyUI")
    return pixels


def _one_local(builder: PromptBuilder, local: str) -> str:
    if "|" in local:
        builder.note("relay: `|` separates segments in ComfyUI; in a segment's text it is written `/`")
    text = local.replace("|", "/").strip()
    if not text:
        raise ExportError("a segment of the relay has no text: ComfyUI would drop it and count the others wrong")
    return text


def _epsilon(builder: PromptBuilder, epsilon: float) -> float:
    if sigma_of(epsilon) == HARD_SIGMA:
        return HARD_EPSILON
    low, high = EPSILONS
    inside = min(max(epsilon, low), high)
    if inside != epsilon:
        builder.note(f"relay: epsilon {epsilon:g} is written as {inside:g}, the node's limit")
    return inside


def _note_limits(builder: PromptBuilder, latent: Video) -> None:
    """Where Prompt Relay's own reading of the token sequence differs from what the script means."""
    stage = builder.stages[builder.stage]
    if guides := stage.guide_latents:
        builder.note(
            f"{stage.name}: ComfyUI's Prompt Relay takes guides for frames of the clip, so its segments stretch "
            f"from {latent.frames} to {latent.frames + guides} latents"
        )
    if geometry.tokens(stage.width, stage.height, stage.frames) == TEXT_KEYS:
        builder.note(f"{stage.name}: at {TEXT_KEYS} video tokens ComfyUI's Prompt Relay is silently off")
