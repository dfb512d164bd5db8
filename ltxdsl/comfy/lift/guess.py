"""A first guess: what a person meant by the nodes, in statements. Proof comes after it, so it may be wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple

from ltxdsl import geometry
from ltxdsl.comfy.builder import output_prefix
from ltxdsl.comfy.lift.draft import Draft, Piece, Word
from ltxdsl.comfy.lift.same import LOADERS
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.comfy.samplers import NODES
from ltxdsl.geometry import latent_frames, pixel_frames
from ltxdsl.grammar.write import quoted
from ltxdsl.ops.controls import CONTROLS
from ltxdsl.sampling.samplers import SAMPLERS
from ltxdsl.sampling.schedules import DISTILLED, SCHEDULES, partial
from ltxdsl.values import plain

SAMPLERS_SEEN = ("SamplerCustomAdvanced", "SamplerCustom", "KSampler")
IN_PLACE = ("LTXVImgToVideoInplace", "LTXVImgToVideoConditionOnly")
PICTURED = (
    "ResizeImageMaskNode",
    "ImageScale",
    "ImageScaleBy",
    "GetVideoComponents",
    "LTXVPreprocess",
    "ImageFromBatch",
)
DECODERS = ("VAEDecode", "VAEDecodeTiled", "LTXVTiledVAEDecode", "LTXVSpatioTemporalTiledVAEDecode")
# GuiderParameters' inputs: the statement of each, and what leaves it out.
TERMS = {"cfg": ("cfg", 1.0), "stg": ("stg", 0.0), "modality_scale": ("modality", 1.0), "rescale": ("rescale", 0.0)}
TILES = ("tile_size", "overlap", "temporal_size", "temporal_overlap")
WHOLE = 4096  # a tile of that many frames is no tile
MODEL_LOADERS = ("UNETLoader", "UnetLoaderGGUF", "UnetLoaderGGUFAdvanced")
VAE_LOADERS = ("VAELoader", "VAELoaderKJ")
DEFAULT_FRAMES = 121
MOST = 200  # nodes that a chain is followed over


def guess(target: Target) -> Draft | None:
    """Statements for the passes and the videos that come of them; None where there is no pass to be seen."""
    images = _Images(target)
    passes = [one for id in target.of_class(*SAMPLERS_SEEN) if (one := _Stage(target, id, images)).of_ltx]
    if not passes:
        return None
    head = [
        *_loads(target),
        *images.pieces(),
        *_clip(target, passes),
        *_texts(target, passes[0]),
        *_sound(target, passes[0]),
    ]
    made = [passes[0].piece(1 / _growth(passes)), *(one.piece(None) for one in passes[1:])]
    common = Piece("")
    common.common = True
    _spell_loaders(target, passes[0], common)
    parts = [out for id in target.of_class("LTXVSeparateAVLatent") if (out := target.link(id, "av_latent"))]
    if parts and all(out.slot == 1 for out in parts):
        common.spell("LTXVSeparateAVLatent").lines["av_latent"] = Word("av_latent 1")
    ends = _saves(target, [one.id for one in passes])
    decoded = _decoded(target)
    if not ends:
        _spell_decoder(target, common, "VAEDecodeTiled" if decoded else "VAEDecode")
    whole = [piece for index, one in enumerate(made) for piece in (one, *ends.get(index, []))]
    draft = Draft([*head, *decoded, common, *whole])
    draft.files = tuple(images.names.values())
    draft.begins = passes[0].begins
    return draft


def _growth(passes: list[_Stage]) -> float:
    growth = 1.0
    for one in passes[1:]:
        growth *= one.factor or 1.0
    return growth


def _loads(target: Target) -> list[Piece]:
    """The files, where one loader of each kind is there."""
    said = {}
    checkpoints = {target.value(id, "ckpt_name") for id in target.of_class("CheckpointLoaderSimple")}
    texts = list(target.of_class("LTXAVTextEncoderLoader"))
    sounds = {target.value(id, "ckpt_name") for id in target.of_class("LTXVAudioVAELoader")}
    upsamplers = {target.value(id, "model_name") for id in target.of_class("LatentUpscaleModelLoader")}
    said["checkpoint"] = _only(checkpoints)
    said["model"] = _only({target.value(id, "unet_name") for id in target.of_class(*MODEL_LOADERS)})
    said["vae"] = _only({target.value(id, "vae_name") for id in _video_vaes(target)})
    said["audio"] = _only(sounds) if sounds != checkpoints else None
    said["text"] = _only({target.value(id, "text_encoder") for id in texts})
    projections = {target.value(id, "ckpt_name") for id in texts}
    said["projection"] = _only(projections) if projections != checkpoints else None
    said["upsampler"] = _only(upsamplers)
    said["distill"] = _only({name for id in target.of_class("LoraLoaderModelOnly") if (name := _distilled(target, id))})
    words = [f"{word} {quoted(file)}" for word, file in said.items() if file and quoted(file)]
    return [Piece(f"load {' '.join(words)}")] if words else []


def _spell_loaders(target: Target, first: _Stage, common: Piece) -> None:
    """Loaders of other classes than an export writes: known from the start, so that raw nodes read them by words."""
    read: dict[str, set[str]] = {"vae": set(), "audio_vae": set(), "clip": set()}
    for id in target.order:
        for name, out in target.links(id).items():
            if name in read and (name != "clip" or id == first.positive):
                read[name].add(out.node)
    for name, type in (("vae", "VAELoader"), ("audio_vae", "LTXVAudioVAELoader"), ("clip", "LTXAVTextEncoderLoader")):
        for id in read[name] if len(read[name]) == 1 else ():
            if target.kind(id) in LOADERS[type] and not target.links(id):
                common.spell(type, target.kind(id)).lines.update(_literals(target, id))


def _distilled(target: Target, id: str) -> str:
    """The file of a LoRA, if its name says that it makes few steps enough."""
    name = target.value(id, "lora_name")
    return name if isinstance(name, str) and "distill" in name.lower() else ""


def _video_vaes(target: Target) -> list[str]:
    """Loaders of a VAE alone that something reads as one of pictures."""
    read = {
        out.node for id in target.order for name, out in target.links(id).items() if name in ("vae", "optional_vae")
    }
    return [id for id in target.of_class(*VAE_LOADERS) if id in read]


def _only(values: set[Any]) -> str | None:
    (value,) = values if len(values) == 1 else (None,)
    return value if isinstance(value, str) else None


def _clip(target: Target, passes: list[_Stage]) -> list[Piece]:
    """Size, length and rate of what comes out in the end, as far as they are known."""
    found, rate = passes[0].empty, passes[0].rate
    width, height, frames = (target.value(found, name) if found else None for name in ("width", "height", "length"))
    pieces = []
    if isinstance(width, int) and isinstance(height, int) and min(width, height) >= 32:
        growth = _growth(passes)
        pieces.append(Piece(f"size {int(width // 32 * 32 * growth)}x{int(height // 32 * 32 * growth)}"))
    said = f" @ {plain(rate)}fps" if rate else ""
    if isinstance(frames, int) and frames > 0:
        pieces.append(Piece(f"length {pixel_frames(latent_frames(frames))}f{said}"))
    elif said:
        pieces.append(Piece(f"length {DEFAULT_FRAMES}f{said}"))
    return pieces


def _texts(target: Target, first: _Stage) -> list[Piece]:
    pieces: list[Piece] = []
    for word, id in (("prompt", first.positive), ("negative", first.negative)):
        if id is None or target.kind(id) != "CLIPTextEncode":
            continue
        text = target.value(id, "text")
        if enhanced := _enhanced(target, id) if word == "prompt" else None:
            pieces.append(enhanced)
        elif isinstance(text, str) and (said := quoted(text)) and (text or word == "negative"):
            pieces.append(Piece(f"{word} {said}"))
        elif out := target.link(id, "text"):
            pieces.append(Piece(f"{word} {{}}", wire=out))
    return pieces


def _enhanced(target: Target, id: str) -> Piece | None:
    """The idea that ComfyUI's text model writes out, where it does."""
    out = target.link(id, "text")
    if out is None or target.kind(out.node) != "TextGenerateLTX2Prompt":
        return None
    idea, seed = target.value(out.node, "prompt"), target.value(out.node, "sampling_mode.seed", 0)
    tokens = target.value(out.node, "max_length", 512)
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


def _sound(target: Target, first: _Stage) -> list[Piece]:
    """A sound that the first pass keeps, with the file that it begins with."""
    masked = first.sound.node if first.sound else None
    if masked is None or target.kind(masked) != "SetLatentNoiseMask":
        return []
    encoded, mask = target.link(masked, "samples"), target.link(masked, "mask")
    if encoded and target.kind(encoded.node) == "LatentCut":
        encoded = target.link(encoded.node, "samples")
    if not (encoded and mask and target.kind(encoded.node) == "LTXVAudioVAEEncode"):
        return []
    if target.kind(mask.node) != "SolidMask" or target.value(mask.node, "value") != 0:
        return []
    files = (target.value(id, "audio") for id in target.cone([encoded.node]) if target.kind(id) == "LoadAudio")
    file = next((file for file in files if isinstance(file, str) and quoted(file)), "sound.wav")
    return [Piece(f"audio {quoted(file)}")]


class _Images:
    """Pictures that passes begin with, by the node that gives them: its own loader, or the last that resizes it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.names: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def name(self, id: str | None) -> str:
        """The name of the picture that a chain of nodes ends in."""
        if id is not None and self.target.kind(id) == "LTXVPreprocess":
            id = self._before(id)
        if id is not None and self._fitted(id):
            id = self._before(id)
        last, steps = id, list[dict[str, str]]()
        for _ in range(MOST):
            if id is None or self.target.kind(id) == "LoadImage":
                break
            steps.insert(0, self._resized(id))
            id = self._before(id)
        file = self.target.value(id, "image") if id else None
        if id is None or not isinstance(file, str) or not quoted(file):
            return "img"
        words = _in_order(steps)
        key = id if words is None or last is None else last
        if key not in self.names:
            self.names[key] = f"img_{len(self.names) + 1}" if self.names else "img"
            self.said[key] = f"image {quoted(file)}{words or ''}"
        return self.names[key]

    def _fitted(self, id: str) -> bool:
        """Whether a node fits a picture to the pass, as an export writes it."""
        told = self.target.value(id, "upscale_method"), self.target.value(id, "crop")
        return self.target.kind(id) == "ImageScale" and told == ("bilinear", "center")

    def _before(self, id: str) -> str | None:
        links = self.target.links(id)
        out = next((links[name] for name in ("image", "images", "input", "pixels") if name in links), None)
        return out.node if out else None

    def _resized(self, id: str) -> dict[str, str]:
        """What a node does to a picture, in the options of `image`; nothing if it does anything else."""
        value = self.target.inputs(id).get
        match self.target.kind(id), value("resize_type"):
            case "ResizeImageMaskNode", "scale dimensions" if value("resize_type.crop") == "center":
                size = f"{value('resize_type.width')}x{value('resize_type.height')}"
                return {"size": size, "by": _method(value("scale_method"))}
            case "ResizeImageMaskNode", "scale longer dimension":
                return {"longer": str(value("resize_type.longer_size")), "longer_by": _method(value("scale_method"))}
            case "ResizeImagesByLongerEdge", _:
                return {"longer": str(value("longer_edge")), "longer_by": "lanczos"}
            case "ImageScale", _ if value("crop") == "center":
                return {"size": f"{value('width')}x{value('height')}", "by": _method(value("upscale_method"))}
        return {}

    def pieces(self) -> list[Piece]:
        """A statement for each."""
        return [Piece(f"{self.names[id]} = {said}") for id, said in self.said.items()]


def _method(name: Any) -> str:
    return "nearest" if name == "nearest-exact" else str(name)


def _in_order(steps: list[dict[str, str]]) -> str | None:
    """The options of `image`; None where a step is another, or they stand in another order."""
    kinds = [next(iter(step), "") for step in steps]
    if kinds not in ([], ["size"], ["longer"], ["size", "longer"]):
        return None
    words = {key: value for step in steps for key, value in step.items()}
    if not re.fullmatch(r"(\d+x\d+)?", words.get("size", "")) or not re.fullmatch(r"\d*", words.get("longer", "")):
        return None
    shown = {key: value for key, value in words.items() if not (key in ("by", "longer_by") and value == "lanczos")}
    return "".join(f" {key} {value}" for key, value in shown.items())


class _Lora(NamedTuple):
    name: str
    strength: float
    in_context: bool

    @property
    def said(self) -> str:
        """As a statement has it."""
        return f"lora {quoted(self.name)} {plain(self.strength)}"


class _Stage:
    """One sampler with what stands around it."""

    def __init__(self, target: Target, id: str, images: _Images) -> None:
        self.target, self.id, self.images = target, id, images
        # A sampler without a node for each of these says it itself.
        self.guider, self.sigmas, self.sampler, self.noise = (
            self._node(id, name) or id for name in ("guider", "sigmas", "sampler", "noise")
        )
        self.latent = self._node(id, "latent_image")
        self.factor: float | None = None
        self.before: str | None = None  # the sampler that it goes on from
        self.empty: str | None = None
        self.conditions: list[str] = []
        self.sound: Out | None = None
        self.rate: float | None = None
        self.positive: str | None = None
        self.negative: str | None = None
        self.controlled: _Lora | None = None  # the LoRA that a control video is followed by
        self._read_text()
        self._read_latent()

    @property
    def of_ltx(self) -> bool:
        """Whether it samples LTX's latents: other models' samplers may stand in the same file."""
        return self.rate is not None or self.positive is not None or bool(self.empty or self.sound)

    def _node(self, id: str | None, name: str) -> str | None:
        out = self.target.link(id, name) if id else None
        return out.node if out else None

    def _back(self, id: str | None, classes: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        """Follow inputs through nodes of some classes."""
        for _ in range(MOST):
            if id is None or self.target.kind(id) not in classes:
                return id
            id = next((found for name in names if (found := self._node(id, name))), None)
        return None

    def _read_text(self) -> None:
        through = (
            "LTXVCropGuides",
            "LTXVAddGuide",
            "LTXVAddGuideMulti",
            "LTXAddVideoICLoRAGuide",
            "LTXAddVideoICLoRAGuideAdvanced",
            "LTXVSetAudioRefTokens",
        )
        rated = self._back(self._node(self.guider, "positive"), through, ("positive",))
        if self.target.kind(rated) == "LTXVConditioning":
            assert rated is not None
            rate = self.target.value(rated, "frame_rate")
            self.rate = float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) else None
            self.positive, self.negative = self._node(rated, "positive"), self._node(rated, "negative")

    def _read_latent(self) -> None:
        video = self.latent
        if self.target.kind(video) == "LTXVConcatAVLatent":
            assert video is not None
            self.sound = self.target.link(video, "audio_latent")
            video = self._node(video, "video_latent")
        for _ in range(MOST):
            match self.target.kind(video):
                case "LTXVImgToVideoInplace" | "LTXVImgToVideoConditionOnly":
                    self._in_place(str(video))
                    video = self._node(video, "latent")
                case "LTXAddVideoICLoRAGuide" | "LTXAddVideoICLoRAGuideAdvanced":
                    self._control(str(video))
                    video = self._node(video, "latent")
                case "LTXVAddGuide":
                    self._guide(str(video))
                    video = self._node(video, "latent")
                case "LTXVLatentUpsampler":
                    self.factor = 2.0
                    video = self._node(video, "samples")
                case "LTXVCropGuides":
                    video = self._node(video, "latent")
                case "LTXVSeparateAVLatent":
                    video = self._node(video, "av_latent")
                case "EmptyLTXVLatentVideo":
                    self.empty = video
                    return
                case _:
                    self.before = video
                    return

    def _number(self, id: str, name: str, default: float) -> float:
        """A number as it is written; the default in place of anything else, which proof then finds to differ."""
        value = self.target.value(id, name, default)
        return value if isinstance(value, int | float) and abs(value) < 1e15 else default

    @property
    def begins(self) -> Out | None:
        """The latent of another node that the pass goes on from, after some steps."""
        sigmas = numbers(self.target.value(self.sigmas, "sigmas", ""))
        if self.before is None or not sigmas or sigmas[0] >= 1 or self.target.kind(self.before) in SAMPLERS_SEEN:
            return None
        out = self.target.link(self.id, "latent_image")
        if out and self.target.kind(out.node) == "LTXVConcatAVLatent":
            out = self.target.link(out.node, "video_latent")
        for _ in range(MOST):
            if out is None or out.node == self.before:
                return out
            out = self.target.link(out.node, "latent") or self.target.link(out.node, "samples")
        return None

    def _in_place(self, id: str) -> None:
        strength = self._number(id, "strength", 1.0)
        if self.target.value(id, "bypass", False) is False:
            self.conditions.insert(
                0, f"inplace {self.images.name(self._node(id, 'image'))} @ 0 strength {plain(strength)}{self._crf(id)}"
            )

    def _guide(self, id: str) -> None:
        index, strength = self.target.value(id, "frame_idx", 0), self._number(id, "strength", 1.0)
        if isinstance(index, int):
            place = "end" if index == -1 else f"{index}f" if index else "0"
            image = self.images.name(self._node(id, "image"))
            self.conditions.insert(0, f"guide {image} @ {place} strength {plain(strength)}{self._crf(id)}")

    def _control(self, id: str) -> None:
        """A control video with the in-context LoRA of the pass; it is as many times smaller as the LoRA's file says."""
        index, strength = self.target.value(id, "frame_idx", 0), self._number(id, "strength", 1.0)
        attention = self._number(id, "attention_strength", 1.0)
        factor = self.target.value(id, "latent_downscale_factor", 1.0)
        chain = [one for one in self._lora_chain() if one != self.distilled]
        lora = next((one for one in reversed(chain) if one.in_context), chain[-1] if chain else None)
        if lora is None or not isinstance(index, int) or not isinstance(factor, int | float) or index < 0:
            return
        self.controlled = lora
        kind = next((kind for kind in CONTROLS if kind in lora.name.lower()), "union")
        said = f"control {kind} from {self._source(id)} with {lora.said} @ {index}f strength {plain(strength)}"
        said += f" downscale {max(1, round(factor))}" + (f" attention {plain(attention)}" if attention != 1 else "")
        self.conditions.insert(0, said)

    def _source(self, id: str) -> str:
        """The file that a control video begins with, as far as that is to be seen."""
        found = self._back(self._node(id, "image"), PICTURED, ("image", "images", "input", "pixels", "video"))
        file = self.target.value(found, "file") if found and self.target.kind(found) == "LoadVideo" else None
        if isinstance(file, str) and quoted(file):
            return f"video {quoted(file)}"
        return self.images.name(self._node(id, "image"))

    def _crf(self, id: str) -> str:
        image = self._node(id, "image")
        crf = (
            self.target.value(image, "img_compression") if image and self.target.kind(image) == "LTXVPreprocess" else 0
        )
        return f" crf {crf}" if isinstance(crf, int) else ""

    def piece(self, share: float | None) -> Piece:
        """The statement of the pass."""
        upscale = share is None and self.factor
        words = [f"upscale {self.factor:g}x" if upscale else "pass"]
        if share is not None and share != 1:
            words.append(f"{share:g}x")
        role = self._role()
        words += [*role, *self._steps()]
        tuned = sampler_options(self.target, self.sampler)
        cfg = [] if "distill" in role and self._cfg() == ["cfg 1"] else self._cfg()
        block = [*self._loras(), *cfg, *self._seed(), *tuned, *self.conditions]
        if share is None and self.sound and self.target.kind(self.sound.node) == "LTXVSeparateAVLatent":
            block.append("sound anew")
        return Piece(" ".join(words), anchor=self.id, block=block)

    def _steps(self) -> list[str]:
        sampler = [name for name in sampler_words(self.target, self.sampler) if name != "euler"]  # the default
        kind = self.target.kind(self.sigmas)
        if kind == "ManualSigmas" and (sigmas := numbers(self.target.value(self.sigmas, "sigmas", ""))):
            if tuple(sigmas) == DISTILLED:
                return [f"{len(DISTILLED) - 1}", *sampler, *(() if self.distilled else ("distilled",))]
            if name := self._schedule(sigmas):
                return [f"{len(sigmas) - 1}", *sampler, *name]
            return [*sampler, "sigmas", ", ".join(exact(sigma) for sigma in sigmas)]
        steps = self.target.value(self.sigmas, "steps", 8)
        named = {"LTXVScheduler": "ltxv"}.get(kind) or self.target.value(self.sigmas, "scheduler", "ltxv")
        return [f"{steps}", *sampler, f"{named}"]

    def _schedule(self, sigmas: list[float]) -> list[str] | None:
        """The schedule that gives these sigmas; one by name, or none for the one that is usual."""
        width, height, frames = (
            self.target.value(self.empty, name, 0) if self.empty else 0 for name in ("width", "height", "length")
        )
        if not all(isinstance(one, int) and 0 < one < 2**16 for one in (width, height, frames)):
            return None
        tokens = geometry.tokens(width, height, frames)
        for name in SCHEDULES:
            try:
                made = partial(name, len(sigmas) - 1, 1.0, tokens, tokens // latent_frames(frames))
            except (ValueError, TypeError, OverflowError):
                continue
            if list(made) == sigmas:
                return [] if name == "ltxv" and not self.distilled else [name]
        return None

    def _role(self) -> list[str]:
        """`dev`, or the distilled LoRA, which stands before all others."""
        return ["distill", plain(self.distilled.strength)] if self.distilled else ["dev"]

    def _loras(self) -> list[str]:
        return [one.said for one in self._lora_chain() if one not in (self.controlled, self.distilled)]

    @property
    def distilled(self) -> _Lora | None:
        """The distilled LoRA, if it is the first of the pass."""
        first = next(iter(self._lora_chain()), None)
        return first if first and "distill" in first.name.lower() and not first.in_context else None

    def _lora_chain(self) -> list[_Lora]:
        """LoRAs of the pass, from the model on."""
        found: list[_Lora] = []
        id = self._node(self.guider, "model")
        for _ in range(MOST):
            if id is None or self.target.kind(id) not in ("LoraLoaderModelOnly", "LTXICLoRALoaderModelOnly"):
                break
            name, strength = self.target.value(id, "lora_name"), self.target.value(id, "strength_model", 1.0)
            if isinstance(name, str) and quoted(name) and isinstance(strength, int | float):
                found.insert(0, _Lora(name, strength, self.target.kind(id) == "LTXICLoRALoaderModelOnly"))
            id = self._node(id, "model")
        return found

    def _cfg(self) -> list[str]:
        if self.target.kind(self.guider) == "MultimodalGuider":
            return self._scales()
        cfg = self.target.value(self.guider, "cfg", 1.0)
        return [f"cfg {plain(cfg)}"] if isinstance(cfg, int | float) else []

    def _scales(self) -> list[str]:
        """The terms of guidance, of picture and sound."""
        by_modality: dict[Any, dict[str, float]] = {}
        id = self._node(self.guider, "parameters")
        for _ in range(MOST):
            if id is None or self.target.kind(id) != "GuiderParameters":
                break
            by_modality[self.target.value(id, "modality")] = {
                name: self._number(id, name, off) for name, (_, off) in TERMS.items()
            }
            id = self._node(id, "parameters")
        if by_modality.keys() != {"VIDEO", "AUDIO"}:
            return []
        said = []
        for name, (word, off) in TERMS.items():
            video, audio = (by_modality[modality][name] for modality in ("VIDEO", "AUDIO"))
            if (video, audio) != (off, off) or name == "cfg":
                said.append(f"{word} {plain(video)}" + (f" audio {plain(audio)}" if audio != video else ""))
        return said

    def _seed(self) -> list[str]:
        seed = self.target.value(self.noise, "noise_seed", self.target.value(self.noise, "seed"))
        return [f"seed {seed}"] if isinstance(seed, int) and 0 <= seed < 2**64 else []


def sampler_words(target: Target, id: str | None) -> list[str]:
    """The sampler's name here."""
    if id is None:
        return []
    if target.kind(id) in ("KSamplerSelect", "KSampler"):
        name = target.value(id, "sampler_name")
        return [next((ours for ours, entry in SAMPLERS.items() if entry.comfy == name), "euler")]
    return [next((ours for ours, (kind, _) in NODES.items() if kind == target.kind(id)), "euler")]


def sampler_options(target: Target, id: str | None) -> list[str]:
    """A `sampler` statement with the options of the sampler's node."""
    name = next(iter(sampler_words(target, id)), "")
    if id is None or not name or target.kind(id) in ("KSamplerSelect", "KSampler"):
        return []
    inputs = {"kind" if key == "solver_type" and name == "er_sde" else key: v for key, v in target.inputs(id).items()}
    known = SAMPLERS[name].options
    said = [
        f"{key} {plain(v) if isinstance(v, int | float) else v}"
        for key, v in inputs.items()
        if key in known and (isinstance(v, int | float) or str(v).isidentifier())
    ]
    return [f"sampler {name} {' '.join(said)}"] if said else []


def exact(number: float) -> str:
    """All digits, without an exponent."""
    return format(Decimal(repr(number)), "f")


def numbers(text: Any) -> list[float]:
    """The numbers of ManualSigmas, as the node finds them."""
    return [float(found) for found in re.findall(r"[-+]?(?:\d*\.*\d+)", text)] if isinstance(text, str) else []


def _decoded(target: Target) -> list[Piece]:
    """In which tiles all that comes out is decoded, where it is so."""
    ids = list(target.of_class(*DECODERS))
    said = {tuple(target.value(id, name) for name in TILES) for id in ids}
    if not ids or len(said) > 1 or any(target.kind(id) != "VAEDecodeTiled" for id in ids):
        return []
    side, overlap, frames, share = said.pop()
    if not all(isinstance(one, int) for one in (side, overlap, frames, share)):
        return []
    words = f"decode tile {side}" + (f" overlap {overlap}" if overlap != 64 else "")
    words += (f" frames {frames}f" if frames != WHOLE else "") + (f" share {share}f" if share != 8 else "")
    return [Piece(words)]


def _save_name(prefix: Any) -> str:
    """A name for what is saved under a prefix; what ComfyUI fills in, such as a date, is no part of it."""
    name = prefix.replace("\\", "/") if isinstance(prefix, str) else ""
    if "%" in name or output_prefix(f"{name}.mp4") != name:
        name = PurePath(name).name
    return name or "video"


def _spell_decoder(target: Target, common: Piece, type: str) -> None:
    """The decoder of frames that nothing saves: a blueprint ends in them."""
    found = {repr((target.kind(id), _literals(target, id))): id for id in target.of_class(*DECODERS)}
    for id in found.values() if len(found) == 1 else ():
        kind = target.kind(id)
        lines = common.spell(type, kind if kind != type else "").lines
        lines.update(_literals(target, id))
        if "latents" in target.links(id):
            lines["latents"] = Word("samples")


def _literals(target: Target, id: str) -> dict[str, Any]:
    return {name: value for name, value in target.inputs(id).items() if target.link(id, name) is None}


def _saves(target: Target, samplers: list[str]) -> dict[int, list[Piece]]:
    """What is saved, by the pass that it comes of; by the last one, where none is to be seen."""
    found: dict[int, list[Piece]] = {}
    for id in target.of_class("SaveVideo", "VHS_VideoCombine"):
        file = f"{_save_name(target.value(id, 'filename_prefix'))}.mp4"
        if quoted(file):
            behind = target.cone([id])
            last = max((at for at, sampler in enumerate(samplers) if sampler in behind), default=len(samplers) - 1)
            found.setdefault(last, []).append(Piece(f"save {quoted(file)}", anchor=id))
    return found
