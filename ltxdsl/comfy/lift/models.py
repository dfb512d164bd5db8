"""What stands on the model of a pass, from the guider down to the loader, as statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ltxdsl.comfy.lift.target import MOST, Out, Target, is_number, is_placeholder, sound_behind
from ltxdsl.geometry import latent_frames
from ltxdsl.grammar.write import key, number, quoted, raw_value
from ltxdsl.ops.long import FUSES, SCHEDULES
from ltxdsl.ops.patches import BACKENDS
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.values import plain

LORAS = ("LoraLoaderModelOnly", "LTXICLoRALoaderModelOnly", "LoraLoader")
ENDS = ("start", "end")
IN_ONE = "Power Lora Loader (rgthree)"
RELAYS = ("PromptRelayEncode", "PromptRelayEncodeTimeline")  # the second one draws what the first one is told
# The usual order of an export; `power` is LoRAs too.
USUAL = (
    *("lora", "attention", "nag", "relay"),
    *("chunk", "tune", "cache", "normalize", "windows", "preview"),
    *("patch", "speaker"),
)


class Lora(NamedTuple):
    """A LoRA of a pass."""

    name: str
    strength: float
    in_context: bool

    @property
    def said(self) -> str:
        """As a statement has it."""
        return f"lora {quoted(self.name)} {plain(self.strength)}"


Rows: TypeAlias = dict[str, Any]


class Layer(NamedTuple):
    """One node on the model: its word in a stack, its statement if that is no LoRA, its LoRAs, its id if it stays."""

    word: str
    said: str = ""
    loras: tuple[Lora, ...] = ()
    kept: str = ""
    rows: Rows | None = None  # of a loader for several LoRAs, where some are turned off


class ModelChain:
    """The layers of a model, from its loader on; it ends before the first node that nobody knows."""

    def __init__(self, target: Target, top: Out | None) -> None:
        self.target = target
        self.layers: list[Layer] = []
        self.voice: str | None = None  # the node of a reference voice
        self.early = False  # whether that stands before the frame rate
        unknown: list[Layer] = []  # between what is known and the guider
        for _ in range(MOST):
            if top is None:
                break
            if layer := self._layer(top):
                self.layers[:0] = [layer, *unknown]
                unknown = []
            elif patch := self._patch(top):
                unknown.insert(0, patch)
            else:
                break
            top = target.link(top.node, "model")

    @property
    def loras(self) -> list[Lora]:
        """All LoRAs, from the model on."""
        return [lora for layer in self.layers for lora in layer.loras]

    @property
    def kept(self) -> set[str]:
        """The nodes that the language has no word for."""
        return {layer.kept for layer in self.layers if layer.kept}

    @property
    def said(self) -> list[str]:
        """Statements of all that is no LoRA, and of the order, where that is not the usual one."""
        words = [layer.word for layer in self.layers]
        places = [USUAL.index(word) if word in USUAL else -1 for word in words]
        said = [layer.said for layer in self.layers if layer.said]
        if places == sorted(places) and -1 not in places and not self.early:
            return said
        return [*said, f"stack {' | '.join(self._stack())}"]

    def _stack(self) -> list[str]:
        """The words of a stack; LoRAs that follow one another are one word."""
        words: list[tuple[str, int]] = []
        for layer in self.layers:
            word = "early" if layer.word == "speaker" and self.early else layer.word
            number = len(layer.loras) if word == "power" else 1
            if word in ("lora", "patch") and words and words[-1][0] == word:
                words[-1] = (word, words[-1][1] + 1)
            else:
                words.append((word, number))
        return [word if number == 1 else f"{word} {number}" for word, number in words]

    def _layer(self, at: Out) -> Layer | None:
        kind = self.target.kind(at.node)
        if at.slot or "model" not in self.target.links(at.node):
            return None
        if kind in LORAS:
            return self._lora(at.node, kind)
        if kind == IN_ONE:
            return self._loras(at.node)
        read = READERS.get(kind)
        if read is None or any(layer.word == read[0] for layer in self.layers):
            return None
        said = read[1](self, at.node)
        return Layer(read[0], said) if said else None

    def _lora(self, id: str, kind: str) -> Layer | None:
        name, strength = self.target.value(id, "lora_name"), self.target.value(id, "strength_model", 1.0)
        strength = 1.0 if is_placeholder(strength) else strength
        if not (isinstance(name, str) and quoted(name) and is_number(strength)):
            return None
        return Layer("lora", "", (Lora(name, strength, kind == "LTXICLoRALoaderModelOnly"),))

    def _loras(self, id: str) -> Layer | None:
        """The rows of rgthree's loader; those that are turned off are a matter of spelling."""
        rows = {name: value for name, value in self.target.inputs(id).items() if name.startswith("lora_")}
        found = []
        for row in rows.values():
            if not (isinstance(row, dict) and isinstance(row.get("on"), bool)):
                return None
            name, strength = row.get("lora"), row.get("strength")
            if row["on"] and not (isinstance(name, str) and quoted(name) and is_number(strength)):
                return None
            found += [Lora(str(name), strength or 0, False)] if row["on"] else []
        usual = [{"on": True, "lora": lora.name, "strength": lora.strength} for lora in found]
        spelled = rows != {f"lora_{number}": row for number, row in enumerate(usual, 1)}
        if spelled and any(layer.word == "power" for layer in self.layers):
            return None
        return Layer("power", "", tuple(found), rows=rows if spelled else None)

    def _patch(self, at: Out) -> Layer | None:
        """A node that takes a model, gives one on, and for the rest has literals."""
        links = self.target.links(at.node)
        if links.keys() != {"model"} or (type := quoted(self.target.kind(at.node))) is None:
            return None
        lines = [
            f"{key(name)}: {raw_value(value)}" for name, value in self.target.inputs(at.node).items() if name != "model"
        ]
        head = f"patch {type}" + (f" output {at.slot}" if at.slot else "")
        return Layer("patch", f"{head} {{ {'; '.join(lines)} }}" if lines else f"{head} {{}}", kept=at.node)

    def text(self, id: str, name: str) -> str | None:
        """The prompt that an input has, behind the node of its frame rate."""
        at = self.target.link(id, name)
        if at and self.target.kind(at.node) == "LTXVConditioning":
            at = self.target.link(at.node, "negative" if at.slot else "positive")
        text = self.target.value(at.node, "text") if at and self.target.kind(at.node) == "CLIPTextEncode" else None
        return text if isinstance(text, str) else None


def _attention(chain: ModelChain, id: str) -> str:
    if chain.target.kind(id) != "PathchSageAttentionKJ":
        return "attention sage"
    names = {node: word for word, node in BACKENDS.items() if node != "sdpa"}
    word = names.get(str(chain.target.value(id, "sage_attention")))
    return f"attention {word}" if word else ""


def _nag(chain: ModelChain, id: str) -> str:
    scale, alpha, tau = (
        chain.target.number(id, f"nag_{name}", usual) for name, usual in (("scale", 11), ("alpha", 0.25), ("tau", 2.5))
    )
    if not chain.target.link(id, "nag_cond_video"):
        return ""
    words = f"nag {quoted(chain.text(id, 'nag_cond_video') or 'worse') or quoted('worse')}"
    if chain.target.link(id, "nag_cond_audio"):
        words += f" audio {quoted(chain.text(id, 'nag_cond_audio') or 'worse') or quoted('worse')}"
    words += f" scale {plain(scale)}"
    return words + (f" alpha {plain(alpha)}" if alpha != 0.25 else "") + (f" tau {plain(tau)}" if tau != 2.5 else "")


def _chunk(chain: ModelChain, id: str) -> str:
    pieces, above = chain.target.value(id, "chunks"), chain.target.value(id, "dim_threshold", 4096)
    if not (_whole(pieces, 1, 100) and _whole(above, 0, 16384)):
        return ""
    return f"chunk {pieces}" + (f" above {above}" if above != 4096 else "")


def _tune(chain: ModelChain, id: str) -> str:
    names = {
        "video_scale": "picture",
        "audio_scale": "sound",
        "audio_to_video_scale": "across_to_picture",
        "video_to_audio_scale": "across_to_sound",
    }
    values = {word: chain.target.number(id, name, 1.0) for name, word in names.items()}
    if any(not 0 <= value <= 100 for value in values.values()):
        return ""
    blocks = chain.target.value(id, "blocks", "")
    said = [f"{word} {plain(value)}" for word, value in values.items() if value != 1]
    said += [f"blocks {quoted(blocks)}"] if isinstance(blocks, str) and blocks and quoted(blocks) else []
    return " ".join(["tune", *said])


def _cache(chain: ModelChain, id: str) -> str:
    threshold = chain.target.number(id, "reuse_threshold", 0.2)
    start, end = _percents(chain, id, (0.15, 0.95))
    kind = "easy" if chain.target.kind(id) == "EasyCache" else "lazy"
    return f"cache {kind} {plain(threshold)} from {start}% to {end}%"


def _percents(chain: ModelChain, id: str, usual: tuple[float, float]) -> list[str]:
    """Where in the steps it begins and ends."""
    shares = (chain.target.number(id, f"{name}_percent", share) for name, share in zip(ENDS, usual, strict=True))
    return [plain(round(100 * share, 6)) for share in shares]


def normalize(target: Target, id: str) -> str:
    """What a node that scales the sound is told."""
    factors = str(target.value(id, "audio_normalization_factors", "")).split(",")
    try:
        said = [plain(float(one)) for one in factors]
    except ValueError:
        return ""
    return f"normalize {', '.join(said)}"


def _windows(chain: ModelChain, id: str) -> str:
    length, overlap = (chain.target.value(id, f"context_{name}") for name in ("length", "overlap"))
    ways = {node: word for word, node in SCHEDULES.items()}, {node: word for word, node in FUSES.items()}
    schedule = ways[0].get(str(chain.target.value(id, "context_schedule")))
    fuse = ways[1].get(str(chain.target.value(id, "fuse_method")))
    if not (_whole(length, 1, 16384) and _whole(overlap, 0, 1024) and schedule and fuse):
        return ""
    on = {True: "on", False: "off"}
    free, first = (chain.target.value(id, name) is True for name in ("freenoise", "retain_first_frame"))
    words = f"windows {length}f overlap {overlap}f schedule {schedule} fuse {fuse}"
    return words + f" freenoise {on[free]} first {on[first]}"


def _preview(chain: ModelChain, id: str) -> str:
    rate = chain.target.number(id, "preview_rate", 8)
    if not 1 <= rate <= 60:
        return ""
    at = chain.target.link(id, "vae")
    file = chain.target.value(at.node, "vae_name") if at and "VAELoader" in chain.target.kind(at.node) else None
    return f"preview {plain(rate)}fps" + (f" vae {said}" if isinstance(file, str) and (said := quoted(file)) else "")


def _speaker(chain: ModelChain, id: str) -> str:
    at = chain.target.link(id, "reference_audio")
    name = sound_behind(chain.target, at.node if at else None, "voice.wav")
    chain.voice = id
    before = chain.target.link(id, "positive")
    chain.early = before is None or chain.target.kind(before.node) != "LTXVConditioning"
    scale = chain.target.number(id, "identity_guidance_scale", 3.0)
    start, end = _percents(chain, id, (0, 1))
    words = f"speaker {name} guidance {plain(scale)}"
    words += f" from {start}%" if start != "0" else ""
    return words + (f" to {end}%" if end != "100" else "")


def _relay(chain: ModelChain, id: str) -> str:
    """Local prompts, with their frames where these are no equal shares; the texts of a node are split as it does it."""
    texts = relay_texts(chain.target.value(id, "local_prompts"))
    lengths = relay_lengths(chain.target.value(id, "segment_lengths"))
    epsilon = chain.target.number(id, "epsilon", 1e-3)
    said = [quoted(text) for text in texts]
    if not said or None in said or lengths is None or len(lengths) not in (0, len(said)) or not 1e-6 <= epsilon <= 0.99:
        return ""
    empty = chain.target.link(id, "latent")
    clip = latent_frames(int(chain.target.number(empty.node, "length", 0))) if empty else 0
    equal = clip > 0 and lengths_from_pixels(lengths or [1] * len(said), clip) == equal_lengths(clip, len(said))
    ends = [sum(lengths[: index + 1]) for index in range(len(lengths))]
    times = [] if equal else [f" {end - one}f..{end}f" for one, end in zip(lengths, ends, strict=True)]
    parts = [f"{text}{when}" for text, when in zip(said, times or [""] * len(said), strict=True)]
    return f"relay {' | '.join(parts)}" + (f" eps {number(epsilon)}" if epsilon != 1e-3 else "")


def relay_texts(said: Any) -> list[str]:
    """The local prompts of a relay's node."""
    return [text for one in said.split("|") if (text := one.strip())] if isinstance(said, str) else []


def relay_lengths(said: Any) -> list[int] | None:
    """Pixel frames of each; none where the node is to share them out. None where it could not read them."""
    parts = [part for one in said.split(",") if (part := one.strip())] if isinstance(said, str) else [""]
    counts = [int(part) for part in parts if part.isdecimal()]
    return counts if len(counts) == len(parts) and all(counts) else None


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


# By class: the word of a stack, and who writes the statement ("" = it cannot be said).
READERS: dict[str, tuple[str, Callable[[ModelChain, str], str]]] = {
    "PathchSageAttentionKJ": ("attention", _attention),
    "LTX2MemoryEfficientSageAttentionPatch": ("attention", _attention),
    "LTX2_NAG": ("nag", _nag),
    **dict.fromkeys(RELAYS, ("relay", _relay)),
    "LTXVChunkFeedForward": ("chunk", _chunk),
    "LTX2AttentionTunerPatch": ("tune", _tune),
    "EasyCache": ("cache", _cache),
    "LazyCache": ("cache", _cache),
    "LTX2AudioLatentNormalizingSampling": ("normalize", lambda chain, id: normalize(chain.target, id)),
    "LTXVContextWindows": ("windows", _windows),
    "LTX2SamplingPreviewOverride": ("preview", _preview),
    "LTXVReferenceAudio": ("speaker", _speaker),
}
