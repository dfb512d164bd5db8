"""One sampler with what stands around it, as a pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ltxdsl import geometry
from ltxdsl.comfy.equal import numbers
from ltxdsl.comfy.lift.draft import LOOPING, SAMPLER, Piece
from ltxdsl.comfy.lift.models import IN_ONE, Lora, ModelChain, normalize
from ltxdsl.comfy.lift.pictures import Images
from ltxdsl.comfy.lift.target import MOST, Out, Target, is_placeholder
from ltxdsl.comfy.lift.words import listed, sampler_options, sampler_words, schedule_word
from ltxdsl.comfy.sampling import sigma_text
from ltxdsl.geometry import latent_frames
from ltxdsl.ops.base import ORDERED
from ltxdsl.ops.controls import CONTROLS
from ltxdsl.ops.idioms import LIGHTRICKS
from ltxdsl.ops.patches import NORMALIZING
from ltxdsl.ops.raw_values import BOTH
from ltxdsl.ops.sampling import UPSCALE_STEPS
from ltxdsl.sampling.schedules import DISTILLED, SCHEDULES, partial
from ltxdsl.values import plain

DEFAULT_FRAMES = 121
RATED = "LTXVConditioning"  # puts the frame rate to the prompts
SAMPLERS_SEEN = (SAMPLER, "SamplerCustom", "KSampler", LOOPING, NORMALIZING)
# GuiderParameters' inputs: the statement of each, and what leaves it out.
TERMS = {"cfg": ("cfg", 1.0), "stg": ("stg", 0.0), "modality_scale": ("modality", 1.0), "rescale": ("rescale", 0.0)}


class Stage:
    """One sampler with what stands around it."""

    def __init__(self, target: Target, id: str, images: Images) -> None:
        self.target, self.id, self.images = target, id, images
        # A sampler without a node for each of these says it itself.
        self.guider, self.sigmas, self.sampler, self.noise = (
            self._node(id, name) or id for name in ("guider", "sigmas", "sampler", "noise")
        )
        self.factor: float | None = None
        self.before: Out | None = None  # the latent that it goes on from: another node's, or a sampler's
        self.separated = False  # whether that holds sound, too
        self.parts = ""  # the node that separates both
        self.empty: str | None = None
        self.conditions: list[str] = []
        self.together: set[str] = set()  # what is one node where an export would write several
        self.sound: Out | None = None
        self.rate: float | None = None
        self.rated: str | None = None  # the node that puts the frame rate to the prompts
        self.positive: Out | None = None
        self.negative: Out | None = None
        self.controlled: Lora | None = None  # the LoRA that a control video is followed by
        self._read_text()
        self._read_latent()

    @property
    def of_ltx(self) -> bool:
        """Whether it samples LTX's latents: other models' samplers may stand in the same file."""
        return self.rated is not None or bool(self.empty or self.sound)

    def _node(self, id: str | None, name: str) -> str | None:
        out = self.target.behind(self.target.link(id, name)) if id else None
        return out.node if out else None

    def _said(self, id: str | None, name: str, until: str = "") -> Out | None:
        """What an input has, past nodes that have such an input, too: guides, masks, voices."""
        out = self.target.link(id, name) if id else None
        for _ in range(MOST):
            out = self.target.behind(out)
            before = self.target.link(out.node, name) if out and self.target.kind(out.node) != until else None
            if before is None:
                break
            out = before
        return out

    def _read_text(self) -> None:
        first = self._said(self.guider, "positive", RATED)
        if first and self.target.kind(first.node) == RATED:
            self.rated = first.node
            rate = self.target.value(self.rated, "frame_rate")
            self.rate = float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) else None
            self.positive, self.negative = (self._said(self.rated, name) for name in BOTH)
        elif first and self.target.kind(first.node) == "CLIPTextEncode":  # nobody tells the frame rate
            self.positive, self.negative = first, self._said(self.guider, "negative")

    def _read_latent(self) -> None:
        at = self.target.link(self.id, "latents" if self.loop else "latent_image")
        if at and self.target.kind(at.node) == "LTXVConcatAVLatent":
            self.sound = self.target.link(at.node, "audio_latent")
            at = self.target.link(at.node, "video_latent")
        for _ in range(MOST):
            if at is None:
                return
            through = "latent"
            match self.target.kind(at.node):
                case "LTXVImgToVideoInplace" | "LTXVImgToVideoConditionOnly":
                    self._in_place(at.node)
                case "LTXAddVideoICLoRAGuide" | "LTXAddVideoICLoRAGuideAdvanced":
                    self._control(at.node)
                case "LTXVAddGuide":
                    self._guide(at.node)
                case "LTXVImgToVideoInplaceKJ":
                    self._several(at.node, "num_images", "index", "inplace")
                case "LTXVAddGuideMulti":
                    self._several(at.node, "num_guides", "frame_idx", "guide")
                case "LTXVAddGuideAdvancedAttention" if not any(
                    self.target.value(at.node, name) for name in ("crf", "blur_radius")
                ):
                    self._guide(at.node, self.target.number(at.node, "attention_strength", 1.0))
                case "LTXVAddLatentGuide":
                    self._guide_before(at.node)
                case "LTXVCropGuides":
                    pass
                case "LTXVLatentUpsampler":
                    self.factor, through = 2.0, "samples"
                case "LTXVSeparateAVLatent":
                    self.parts = self.parts if self.separated else at.node
                    self.separated, through = True, "av_latent"
                case "EmptyLTXVLatentVideo":
                    self.empty = at.node
                    return
                case _:
                    self.before = at
                    return
            at = self.target.link(at.node, through)

    @property
    def loop(self) -> str:
        """The statement of a pass in windows."""
        if self.target.kind(self.id) != LOOPING:
            return ""
        window, overlap = (self.target.value(self.id, f"temporal_{name}", 0) for name in ("tile_size", "overlap"))
        if not (isinstance(window, int) and isinstance(overlap, int) and 8 <= window <= 1000 and overlap >= 0):
            return ""
        window -= 7  # whole latents, by their first frames
        words = f"loop {max(DEFAULT_FRAMES, window)}f window {window}f overlap {overlap}f"
        for name, word, usual in (
            ("temporal_overlap_cond_strength", "strength", 0.5),
            ("adain_factor", "adain", 0.0),
            ("guiding_strength", "guiding", 1.0),
            ("cond_image_strength", "images", 1.0),
        ):
            value = self.target.number(self.id, name, usual)
            words += f" {word} {plain(value)}" if value != usual else ""
        return words

    @property
    def begins(self) -> Out | None:
        """The latent of another node that the pass takes, or takes a part of."""
        if self.before is None or self.target.kind(self.before.node) in SAMPLERS_SEEN:
            return None
        return Out(self.parts, 0) if self.separated else self.before

    @property
    def goes_on(self) -> bool:
        """Whether it goes on from a latent after some steps."""
        sigmas = numbers(self.target.value(self.sigmas, "sigmas", ""))
        return bool(sigmas) and sigmas[0] < 1

    def _in_place(self, id: str) -> None:
        strength = self.target.number(id, "strength", 1.0)
        if self.target.value(id, "bypass", False) is False:
            image = self.target.link(id, "image")
            self.conditions.insert(0, self._placed("inplace", image, 0, strength))

    def _guide_before(self, id: str) -> None:
        """A guide that stands before the clip, by its slot."""
        slot, encoded = self.target.value(id, "latent_idx"), self._node(id, "guiding_latent")
        if isinstance(slot, int) and slot < 0 and self.target.kind(encoded) == "VAEEncode":
            image = self.target.link(encoded, "pixels") if encoded else None
            strength = self.target.number(id, "strength", 1.0)
            said = f"guide {self.images.name(image)} @ {slot}{_unless(1, 'strength', strength)}"
            self.conditions.insert(0, said + self.images.crf(image))

    def _placed(self, word: str, image: Out | None, index: int, strength: float, rest: str = "") -> str:
        """A picture at a pixel frame; -1 is the last."""
        place = " @ end" if index == -1 else f" @ {index}f" if index else ""
        said = f"{word} {self.images.name(image)}{place}{_unless(1, 'strength', strength)}"
        return f"{said}{rest}{self.images.crf(image)}"

    def _guide(self, id: str, attention: float | None = None) -> None:
        index, strength = self.target.value(id, "frame_idx", 0), self.target.number(id, "strength", 1.0)
        if isinstance(index, int):
            held = f" attention {plain(attention)}" if attention is not None else ""
            self.conditions.insert(0, self._placed("guide", self.target.link(id, "image"), index, strength, held))

    def _several(self, id: str, numbered: str, place: str, word: str) -> None:
        """Pictures in place, or guides, that are one node."""
        count = str(self.target.value(id, numbered, ""))
        found = []
        for number in range(1, int(count) + 1 if count.isdigit() and len(count) < 3 else 1):
            index = self.target.value(id, f"{numbered}.{place}_{number}", 0)
            image = self.target.link(id, f"{numbered}.image_{number}")
            strength = self.target.number(id, f"{numbered}.strength_{number}", 1.0)
            if image is None or not isinstance(index, int) or index < -1:
                return
            found.append(self._placed(word, image, index, strength))
        self.conditions[:0] = found
        alone = word == "inplace" and len(found) == 1 and " @ " in found[0]  # which is such a node anyway
        self.together |= {word} if found and not alone else set()

    @property
    def said(self) -> list[str]:
        """Statements on what stands on the model, and on nodes that are one."""
        word = next(iter(self.together), "") if len(self.together) < 2 else "both"
        return [*self.chain.said, *self._normalized(), *([f"together {word}"] if word else [])]

    def _normalized(self) -> list[str]:
        """What a sampler that scales the sound is told."""
        factors = self.target.kind(self.id) == NORMALIZING and normalize(self.target, self.id)
        return [f'{factors} as "{NORMALIZING}"'] if factors else []

    def _control(self, id: str) -> None:
        """A control video with the in-context LoRA of the pass; it is as many times smaller as the LoRA's file says."""
        index, strength = self.target.value(id, "frame_idx", 0), self.target.number(id, "strength", 1.0)
        attention = self.target.number(id, "attention_strength", 1.0)
        factor = self.target.value(id, "latent_downscale_factor", 1.0)
        chain = [one for one in self.chain.loras if one != self.distilled]
        lora = next((one for one in reversed(chain) if one.in_context), chain[-1] if chain else None)
        if lora is None or not isinstance(index, int) or not isinstance(factor, int | float) or index < 0:
            return
        self.controlled = lora
        kind = next((kind for kind in CONTROLS if kind in lora.name.lower()), "union")
        source = self.images.name(self.target.link(id, "image"))
        place = f" @ {index}f" if index else ""
        said = f"control {kind} from {source} with {lora.said}{place}{_unless(1, 'strength', strength)}"
        self.conditions.insert(0, f"{said} downscale {max(1, round(factor))}{_unless(1, 'attention', attention)}")

    def piece(self, share: float | None, common: Sequence[str] = ()) -> Piece:
        """The statement of the pass; what is `common` to all passes stands before them."""
        upscale = share is None and self.factor
        words = [f"upscale {self.factor:g}x" if upscale else "pass"]
        if share is not None and share != 1:
            words.append(f"{share:g}x")
        words += [*self._role(), *self._steps(bool(upscale))]
        tuned = sampler_options(self.target, self.sampler)
        own = (*self.loras, *self.said, *([] if self.usual_cfg else self.cfg))
        held = [said for said in own if said not in common]
        conditions = [said for said in self.conditions if said not in common]
        block = [*held, *self._seed(), *tuned, *conditions]
        if share is None and self.sound and self._is_anew(self.sound):
            block.append("sound anew")
        piece = Piece(" ".join(words), anchor=self.id, block=block, kept=self.chain.kept)
        kind = self.target.kind(self.id)
        piece.sampler = kind if self.loop or kind == NORMALIZING else SAMPLER
        piece.spell(ORDERED).lines.update(self._order())
        for layer in self.chain.layers:
            if layer.rows:
                piece.spell(IN_ONE).lines.update(layer.rows)
        return piece

    def _order(self) -> dict[str, str]:
        """What stands elsewhere than in an export, to the same end."""
        before = self.target.link(self.rated, "positive") if self.rated else None
        late = before is not None and {"positive", "latent"} <= self.target.links(before.node).keys()
        top = self._node(self.guider, "parameters")
        sound = self.target.value(top, "modality") == "VIDEO" if top else False
        return ({"rate": "last"} if late else {}) | ({"sound": "first"} if sound else {})

    def _is_anew(self, sound: Out) -> bool:
        """Whether a sound of an earlier pass is made anew: no mask that keeps it was ever set, which would last."""
        at: Out | None = sound
        for _ in range(MOST):
            if at is None or self.target.kind(at.node) != "LTXVSeparateAVLatent":
                break
            sampler = self.target.link(at.node, "av_latent")
            concat = self.target.link(sampler.node, "latent_image") if sampler else None
            at = self.target.link(concat.node, "audio_latent") if concat else None
        return at != sound and not (at and keeps_all(self.target, at.node))

    def _steps(self, upscale: bool) -> list[str]:
        sampler = [name for name in sampler_words(self.target, self.sampler) if name != "euler"]  # the default
        kind = self.target.kind(self.sigmas)
        text = self.target.value(self.sigmas, "sigmas", "")
        if kind == "ManualSigmas" and (sigmas := numbers(text)):
            if text not in (LIGHTRICKS, sigma_text(tuple(sigmas))):
                return [*sampler, "sigmas", listed(text, sigmas)]
            if upscale and tuple(sigmas) == DISTILLED[-UPSCALE_STEPS - 1 :] and text != LIGHTRICKS:
                return sampler
            if tuple(sigmas) == DISTILLED:
                return [f"{len(DISTILLED) - 1}", *sampler, *(() if self.distilled else ("distilled",))]
            if name := self._schedule(sigmas):
                return [f"{len(sigmas) - 1}", *sampler, *name]
            return [*sampler, "sigmas", listed(text, sigmas)]
        steps = self.target.number(self.sigmas, "steps", 8)
        steps = int(steps) if steps >= 1 else 8
        named = "ltxv" if kind == "LTXVScheduler" else schedule_word(self.target.value(self.sigmas, "scheduler"))
        share = self.target.value(self.sigmas, "denoise", 1)
        part = [f"denoise {plain(share)}"] if isinstance(share, int | float) and 0.01 <= share < 1 else []
        return [f"{steps}", *sampler, named, *part]

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

    @property
    def loras(self) -> list[str]:
        """Statements of LoRAs that have no other word."""
        return [one.said for one in self.chain.loras if one not in (self.controlled, self.distilled)]

    @property
    def usual_cfg(self) -> bool:
        """Whether its guidance is what a pass with the distilled LoRA has anyway."""
        return self.distilled is not None and self.cfg == ["cfg 1"]

    @property
    def distilled(self) -> Lora | None:
        """The distilled LoRA, if it is the first of the pass."""
        first = next(iter(self.chain.loras), None)
        return first if first and "distill" in first.name.lower() and not first.in_context else None

    @property
    def chain_top(self) -> Out | None:
        """The model with all that stands on it."""
        return self.target.link(self.guider, "model")

    @cached_property
    def chain(self) -> ModelChain:
        """What stands on the model."""
        return ModelChain(self.target, self.chain_top)

    @property
    def cfg(self) -> list[str]:
        """Statements of guidance."""
        if self.target.kind(self.guider) == "MultimodalGuider":
            return self._scales()
        if self.target.kind(self.guider) == "LTXVDualCFGGuider":
            picture, sound = (self.target.number(self.guider, f"{name}_cfg", 1.0) for name in ("video", "audio"))
            return [f"cfg {plain(picture)}" + (f" audio {plain(sound)}" if sound != picture else "")]
        cfg = self.target.value(self.guider, "cfg", 1.0)
        cfg = 1.0 if is_placeholder(cfg) else cfg
        return [f"cfg {plain(cfg)}"] if isinstance(cfg, int | float) else []

    def _scales(self) -> list[str]:
        """The terms of guidance, of picture and sound."""
        by_modality: dict[Any, dict[str, float]] = {}
        id = self._node(self.guider, "parameters")
        for _ in range(MOST):
            if id is None or self.target.kind(id) != "GuiderParameters":
                break
            by_modality[self.target.value(id, "modality")] = {
                name: self.target.number(id, name, off) for name, (_, off) in TERMS.items()
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


def keeps_all(target: Target, id: str) -> bool:
    """Whether a node sets a mask under which nothing is made anew."""
    mask = target.link(id, "mask") if target.kind(id) == "SetLatentNoiseMask" else None
    return mask is not None and target.kind(mask.node) == "SolidMask" and target.value(mask.node, "value") == 0


def _unless(usual: float, word: str, value: float) -> str:
    """An option that is not at its default."""
    return f" {word} {plain(value)}" if value != usual else ""
