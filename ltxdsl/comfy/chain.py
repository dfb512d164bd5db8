"""What stands on the model of a pass, from its loader to the guider: LoRAs, patches, and nodes without a word.

Each is a step that takes the model and gives it on. Their order changes nothing of what is made, so there is a usual
one; `stack` says another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import ExportError, Link, PromptBuilder
from ltxdsl.comfy.table import Conditioning, Text, Video
from ltxdsl.comfy.texts import at_rate, both_prompts, negative_prompt, plain_prompt, relayed
from ltxdsl.ops import nodes
from ltxdsl.ops.base import ORDERED, LoraUse, Patch

Step = Callable[[Link], Link]
# Node class of each kind of patch, in the order in which they stack after the others, and the word that says it.
LATE_PATCHES = {
    "chunk": ("LTXVChunkFeedForward", "chunk"),
    "tune": ("LTX2AttentionTunerPatch", "tune"),
    "EasyCache": ("EasyCache", "cache"),
    "LazyCache": ("LazyCache", "cache"),
    "normalize": ("LTX2AudioLatentNormalizingSampling", "normalize"),
    "windows": ("LTXVContextWindows", "windows"),
    "preview": ("LTX2SamplingPreviewOverride", "preview"),
}
FIXED_INPUTS: dict[str, dict[str, object]] = {
    "tune": {"triton_kernels": True},
    "EasyCache": {"verbose": False},
    "LazyCache": {"verbose": False},
    "windows": {"context_stride": 1, "closed_loop": False, "split_conds_to_windows": False},
}
SPEAKER, EARLY = "speaker", "early"


class Chain:
    """The model of a pass with all that stands on it, and the prompts, which a relay and a voice change, too."""

    def __init__(
        self,
        builder: PromptBuilder,
        op: nodes.Sample,
        texts: tuple[Text, Text | None],
        latent: Video,
        voice: Link | None,
    ) -> None:
        self.builder, self.op, self.latent, self.voice = builder, op, latent, voice
        self.text, self.negative = texts
        self.positive: Link | None = None  # the relay's
        self.spoken: Conditioning | None = None  # behind the voice
        self.early = False  # the voice comes before the frame rate

    def model(self) -> Link:
        """The model with all steps, in the order that the script says, then in the usual one."""
        waiting = list(self._steps())
        link = loaders.model(self.builder)
        for word, number in self.builder.stack:
            for step in self._taken(word, number, waiting):
                link = step(link)
        for _, step in waiting:
            link = step(link)
        return link

    def conditioning(self) -> Conditioning:
        """Both prompts with the frame rate, unless that comes last; after `model`."""
        if self.spoken and not self.early:
            return self.spoken
        both = self.spoken or self._prompts()
        return both if self._rated_last else at_rate(self.builder, both, self.op.fps)

    def rated(self, guided: Conditioning) -> Conditioning:
        """Both prompts behind the guides, with the frame rate."""
        return at_rate(self.builder, guided, self.op.fps) if self._rated_last else guided

    @property
    def _rated_last(self) -> bool:
        return self.builder.told(ORDERED, "rate") == "last" and (self.early or self.spoken is None)

    def _prompts(self) -> Conditioning:
        return both_prompts(self.builder, self.positive or plain_prompt(self.builder, self.text), self.negative)

    def _taken(self, word: str, number: int, waiting: list[tuple[str, Step]]) -> list[Step]:
        """The steps of a word of the stack, which wait no longer."""
        if word == EARLY:
            self.early = True
            return self._take(SPEAKER, number, waiting)
        if word == "power":
            loras = self._plain_loras()[self._used(waiting) :][:number]
            self._take("lora", len(loras), waiting)
            return [partial(loaders.in_one, self.builder, loras)]
        return self._take(word, number, waiting)

    def _take(self, word: str, number: int, waiting: list[tuple[str, Step]]) -> list[Step]:
        taken = [step for step in waiting if step[0] == word][:number]
        for step in taken:
            waiting.remove(step)
        return [step for _, step in taken]

    def _used(self, waiting: list[tuple[str, Step]]) -> int:
        """How many LoRAs wait no longer."""
        return len(self._plain_loras()) - sum(word == "lora" for word, _ in waiting)

    def _plain_loras(self) -> list[LoraUse]:
        """LoRAs that patch the model: not those that change by step, or act in segments of a relay."""
        return [use for use in self.op.loras if not (use.by_step or use.segments)]

    def _steps(self) -> Iterator[tuple[str, Step]]:
        builder, op = self.builder, self.op
        for use in self._plain_loras():
            yield "lora", partial(loaders.with_lora, builder, use)
        for patch in op.patches:
            if patch.kind == "sage":
                yield "attention", partial(self._attention, patch)
        if op.nag:
            yield "nag", self._nag
        if op.relay:
            yield "relay", self._relay
        for kind, (_, word) in LATE_PATCHES.items():
            yield from ((word, partial(self._late, patch)) for patch in op.patches if patch.kind == kind)
        for index in range(len(builder.patches)):
            yield "patch", partial(self._unknown, index)
        if self.voice is not None and op.voice:
            yield SPEAKER, self._speak

    def _attention(self, patch: Patch, link: Link) -> Link:
        return self.builder.add(
            "PathchSageAttentionKJ", f"attention {patch.values[0][1]}", model=link, **dict(patch.values)
        )

    def _nag(self, link: Link) -> Link:
        """NAG's patch; a modality without a text is left alone."""
        nag, builder = self.op.nag, self.builder
        assert nag is not None
        return builder.add(
            "LTX2_NAG",
            f"NAG {nag.scale:g}",
            model=link,
            nag_scale=nag.scale,
            nag_alpha=nag.alpha,
            nag_tau=nag.tau,
            nag_cond_video=self._unwanted(nag.text, "NAG: not in the picture"),
            nag_cond_audio=self._unwanted(nag.audio, "NAG: not in the sound") if nag.audio else None,
        )

    def _unwanted(self, text: str, title: str) -> Link:
        """A text that NAG holds back: the negative prompt, where that is the same, or else its sibling."""
        nag, said = self.op.nag, self.negative
        if said and said.text == text and said.words is None and said.encoded is None:
            return negative_prompt(self.builder, said)
        if nag and nag.text == nag.audio:
            title = "NAG: not in picture and sound"
        return loaders.encoded(self.builder, text, title)

    def _relay(self, link: Link) -> Link:
        assert self.op.relay is not None
        link, self.positive = relayed(self.builder, link, self.text, self.op.relay, self.latent)
        return loaders.with_scheduled(self.builder, link, self.op)

    def _speak(self, link: Link) -> Link:
        """The reference voice, in front of the sound's tokens."""
        if self.op.relay and self.positive is None:
            raise ExportError(f"{self.builder.stage}: `speaker` stands on the prompt of the relay, and so after it")
        both = self._prompts() if self.early else at_rate(self.builder, self._prompts(), self.op.fps)
        assert self.op.voice is not None
        link = self.builder.add(
            "LTXVReferenceAudio",
            self.builder.titled("voice"),
            model=link,
            **both._asdict(),
            reference_audio=self.voice,
            audio_vae=loaders.audio_vae(self.builder),
            identity_guidance_scale=self.op.voice.scale,
            start_percent=self.op.voice.start,
            end_percent=self.op.voice.end,
        )
        self.spoken = Conditioning(link.output(1), link.output(2))
        return link

    def _late(self, patch: Patch, link: Link) -> Link:
        builder, values = self.builder, {**dict(patch.values), **FIXED_INPUTS.get(patch.kind, {})}
        if file := values.pop("vae", ""):
            usual = {"device": "main_device", "weight_dtype": "bf16"}
            values["vae"] = builder.add("VAELoaderKJ", f"VAE for the preview: {file}", vae_name=file, **usual)
        return builder.add(LATE_PATCHES[patch.kind][0], patch.kind, model=link, **values)

    def _unknown(self, index: int, link: Link) -> Link:
        kind, inputs, slot = self.builder.patches[index]
        return self.builder.add(kind, kind, model=link, **inputs).output(slot)
