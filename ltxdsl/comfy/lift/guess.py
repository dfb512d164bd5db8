"""A first guess: what a person meant by the nodes, in statements. Proof comes after it, so it may be wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ltxdsl.comfy.lift.draft import Draft, Piece, Word
from ltxdsl.comfy.lift.ends import decoded, enlarged, frames_read, saves, spell_decoder
from ltxdsl.comfy.lift.files import loads, spell_loaders
from ltxdsl.comfy.lift.measures import measured
from ltxdsl.comfy.lift.models import RELAYS
from ltxdsl.comfy.lift.pictures import Images
from ltxdsl.comfy.lift.sounds import heard
from ltxdsl.comfy.lift.stage import SAMPLERS_SEEN, Stage
from ltxdsl.comfy.lift.target import MOST, Out, Target
from ltxdsl.grammar.write import quoted
from ltxdsl.values import plain

# What writes a prompt from an idea, with its inputs for the seed and for how much.
WRITERS = {
    "TextGenerateLTX2Prompt": ("sampling_mode.seed", "max_length"),
    "LTXVGemmaEnhancePrompt": ("seed", "max_tokens"),
}
TEXT_INPUTS = {"CLIPTextEncode": "text", **dict.fromkeys(RELAYS, "global_prompt")}  # of what encodes prompts


def guess(target: Target, kept: Collection[str] = (), handed: bool = False) -> Draft | None:
    """Statements for the passes and the videos that come of them; None where nothing is sampled.

    `kept` are nodes that stayed nodes in an earlier try: what they read of pictures gets names. `handed`: a first pass
    that could make its latent itself takes that of the nodes before it, if there is one.
    """
    images = Images(target)
    found = list(_stages(target, images))
    if not found:
        return _unseen(target, images, kept)
    passes = [one for one in found if one is found[0] or not one.loop]  # `loop` is for the first pass alone
    common = Piece("")
    common.common = True
    shared = _shared(passes)
    clip = _clip(target, passes, images, kept)
    tiles = decoded(target)
    sound = heard(target, passes[0], images)
    head = [
        *loads(target, passes[0]),
        *(piece for piece in images.pieces() if piece.wire is None),
        common,
        *(piece for piece in images.pieces() if piece.wire),
        *clip,
        *tiles,
        *(Piece(said) for said in shared),
        *_texts(target, passes),
        *sound,
        *([Piece(passes[0].loop)] if passes[0].loop else []),
    ]
    begins = passes[0].begins if handed or passes[0].goes_on else None
    shares = [None if begins and passes[0].separated else 1 / _growth(passes), *[None] * (len(passes) - 1)]
    made = [one.piece(share, shared) for one, share in zip(passes, shares, strict=True)]
    spell_loaders(target, passes[0], common)
    denoised = [piece for piece in made if _is_denoised(target, piece.anchor)]
    for piece in [common] if denoised and len(denoised) == len(made) else denoised:
        piece.spell("LTXVSeparateAVLatent").lines["av_latent"] = Word("av_latent 1")
    ends = saves(target, [one.id for one in passes])
    if not ends:
        spell_decoder(target, common, "VAEDecodeTiled" if tiles else "VAEDecode")
    enlarge = enlarged(target) if ends else None
    read = frames_read(target, [one.id for one in passes], bool(enlarge))
    whole = [piece for index, one in enumerate(made) for piece in (one, *read.get(index, []), *ends.get(index, []))]
    draft = Draft([*head, *([enlarge] if enlarge else []), *whole])
    texts = {"positive": passes[0].positive, "negative": passes[0].negative}
    known = (*TEXT_INPUTS, "ConditioningZeroOut")
    draft.given = {word: out for word, out in texts.items() if out and target.kind(out.node) not in known}
    draft.given |= {"latent": begins} if begins else {}
    return draft


def _stages(target: Target, images: Images) -> Iterator[Stage]:
    """Samplers of LTX's latents."""
    return (one for id in target.of_class(*SAMPLERS_SEEN) if (one := Stage(target, id, images)).of_ltx)


def _unseen(target: Target, images: Images, kept: Collection[str]) -> Draft | None:
    """Statements around a sampler that nobody knows: files, prompts, and what is saved of its latents."""
    *_, parts = ["", *target.of_class("LTXVSeparateAVLatent")]
    at = target.link(parts, "av_latent") if parts else None
    for _ in range(MOST):
        if at is None or {"positive", "guider"} & target.links(at.node).keys():
            break
        at = next(iter(target.links(at.node).values()), None)
    if at is None:
        return None
    stage, common = Stage(target, at.node, images), Piece("")
    common.common = True
    spell_loaders(target, stage, common)
    images.name_all(kept, [at.node])
    files = [*loads(target, stage), *(piece for piece in images.pieces() if piece.wire is None)]
    nodes = [piece for piece in images.pieces() if piece.wire]
    ends = saves(target, [at.node]).get(0, [])
    draft = Draft([*files, common, *nodes, *_said(target, [stage]), *_texts(target, [stage]), *ends])
    draft.given = {"latent": Out(parts, 0)}
    return draft if ends else None


def may_be_handed(target: Target) -> bool:
    """Whether the first pass could take a latent of nodes, too, where a guess has it make its own."""
    first = next(_stages(target, Images(target)), None)
    return first is not None and first.begins is not None and not first.goes_on


def _shared(passes: list[Stage]) -> list[str]:
    """What all passes have in common, and is said before them."""
    first, *others = passes
    shared = [said for said in first.said if all(said in one.said for one in others)]
    for lines in ("loras", "cfg", "conditions"):
        same = all(getattr(one, lines) == getattr(first, lines) for one in others)
        usual = lines == "cfg" and all(one.usual_cfg for one in passes)
        shared += getattr(first, lines) if others and same and not usual else []
    return shared


def _is_denoised(target: Target, sampler: str) -> bool:
    """Whether what a sampler makes is taken from its other output."""
    readers = target.readers.get(sampler, [])
    parts = [target.link(id, "av_latent") for id in readers if target.kind(id) == "LTXVSeparateAVLatent"]
    return bool(parts) and all(out == (sampler, 1) for out in parts)


def _growth(passes: list[Stage]) -> float:
    growth = 1.0
    for one in passes[1:]:
        growth *= one.factor or 1.0
    return growth


def _clip(target: Target, passes: list[Stage], images: Images, kept: Collection[str]) -> list[Piece]:
    """Size, length and rate of what comes out in the end, as far as they are known; pictures get their names."""
    images.name_all(kept, [one.id for one in passes])
    return [*measured(target, passes[0], _growth(passes), images), *_said(target, passes)]


def _said(target: Target, passes: list[Stage]) -> list[Piece]:
    found, rate = passes[0].empty, passes[0].rate
    width, height, frames = (target.value(found, name) if found else None for name in ("width", "height", "length"))
    pieces = []
    if isinstance(width, int) and isinstance(height, int) and min(width, height) >= 32:
        asked = f"size {int(width * _growth(passes))}x{int(height * _growth(passes))}"
        pieces.append(Piece(asked if width % 32 == height % 32 == 0 else f"{asked} fit cut"))
    said = f" @ {plain(rate)}fps" if rate else ""
    if isinstance(frames, int) and frames > 0:
        pieces.append(Piece(f"length {frames}f{'' if frames % 8 == 1 else ' cut'}{said}"))
    elif rate:
        pieces.append(Piece(f"fps {plain(rate)}fps"))
    return pieces


def _texts(target: Target, passes: list[Stage]) -> list[Piece]:
    """The prompts of the first pass; no empty negative one where another pass has none, whose guider would take it."""
    pieces: list[Piece] = []
    first = passes[0]
    zeroed = any(one.negative and target.kind(one.negative.node) == "ConditioningZeroOut" for one in passes)
    for word, said in (("prompt", first.positive), ("negative", first.negative)):
        id = said.node if said else ""
        input = TEXT_INPUTS.get(target.kind(id))
        if input is None:
            continue
        text = target.value(id, input)
        if enhanced := _enhanced(target, id):
            pieces += [enhanced] if word == "prompt" else []  # a negative one can only be the same
        elif isinstance(text, str) and (words := quoted(text)) and (text or (word == "negative" and not zeroed)):
            pieces.append(Piece(f"{word} {words}"))
        elif out := target.link(id, input):
            pieces.append(Piece(f"{word} {{}}", wire=out))
    return pieces


def _enhanced(target: Target, id: str) -> Piece | None:
    """The idea that ComfyUI's text model writes out, where it does."""
    out = target.link(id, "text")
    names = WRITERS.get(target.kind(out.node)) if out else None
    if out is None or names is None:
        return None
    idea, (seed, tokens) = target.value(out.node, "prompt"), (target.value(out.node, name) for name in names)
    said = quoted(idea) if isinstance(idea, str) and idea else None
    if said is None or not isinstance(seed, int) or not isinstance(tokens, int):
        return None
    words = f"enhance {said} seed {seed} tokens {tokens}"
    clip = target.link(out.node, "clip")
    name = target.value(clip.node, "lora_name") if clip and target.kind(clip.node) == "LoraLoader" else None
    if clip and isinstance(name, str) and (lora := quoted(name)):
        strength = target.value(clip.node, "strength_clip", 1.0)
        words += f" lora {lora} strength {plain(strength)}" if isinstance(strength, int | float) else f" lora {lora}"
    return Piece(words)
