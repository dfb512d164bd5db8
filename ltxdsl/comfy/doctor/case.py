"""A folded prompt as its rules look at it: latents, and passes with their models, guidance and sigmas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from ltxdsl.comfy.doctor.flow import SAMPLERS, Flow, Latent, flow_of, number, sigmas_in, whole
from ltxdsl.comfy.lift.target import Out, Target
from ltxdsl.targets import Target as Place

FILES = ("ckpt_name", "unet_name", "model_name")
NAG, RELAYS = "LTX2_NAG", ("PromptRelayEncode", "PromptRelayEncodeTimeline")
LONGEST = 500  # nodes of a chain that are followed: files may be hostile
MEANT = 0.4  # strength of the distilled LoRA from which a model counts as distilled


class Lora(msgspec.Struct, frozen=True):
    """A LoRA in a chain of models, at the input that names it."""

    node: str
    input: str
    file: str
    strength: float | None

    @property
    def name(self) -> str:
        """The file's own name, in small letters."""
        return plain_name(self.file)

    @property
    def distilled(self) -> bool:
        """By its name."""
        return "distill" in self.name


class Chain(msgspec.Struct, frozen=True):
    """What a model is made of: the file that it begins with ("" = not known), LoRAs and patches."""

    base: str = ""
    loras: tuple[Lora, ...] = ()
    nodes: tuple[str, ...] = ()

    @property
    def distilled(self) -> float:
        """How far it is distilled: 1 for such a checkpoint, or the strength of the LoRA."""
        if "distill" in self.base:
            return 1.0
        return sum(1.0 if one.strength is None else one.strength for one in self.loras if one.distilled)


class Scale(msgspec.Struct, frozen=True):
    """A cfg, and the input that says it."""

    node: str
    input: str
    value: float


class Pass(msgspec.Struct, frozen=True):
    """One run of a sampler."""

    node: str
    guider: str  # the node that has model and prompts: the sampler itself, or its guider
    chain: Chain
    latent: Latent
    cfg: tuple[Scale, ...] = ()
    sigmas: tuple[float, ...] = ()  # () = not written out
    schedule: str = ""  # the node that they come from
    steps: int | None = None
    sampler: str = ""

    @property
    def guided(self) -> bool | None:
        """Whether any cfg is not 1; None if nobody knows."""
        return any(scale.value != 1 for scale in self.cfg) if self.cfg else None


def plain_name(file: Any) -> str:
    """The name of a file without its folders, in small letters."""
    return str(file).replace("\\", "/").rpartition("/")[2].lower()


def _of_ltx(run: Pass) -> bool:
    """By the model's file, or by a latent that only LTX has."""
    video = run.latent.video
    return "ltx" in run.chain.base or run.latent.sound is not None or bool(video and (video.made or video.guides))


class Case:
    """A folded prompt, for the release of ComfyUI that it is to run on."""

    def __init__(self, target: Target, on: Place) -> None:
        self.target = target
        self.on = on

    @cached_property
    def kinds(self) -> set[str]:
        """The classes that stand in the prompt."""
        return {self.target.kind(id) for id in self.target.prompt}

    @cached_property
    def flow(self) -> Flow:
        """What is known of latents."""
        return flow_of(self.target)

    def latent(self, id: str, name: str) -> Latent:
        """What is known of the latent at an input."""
        out = self.target.link(id, name)
        return self.flow.get(out, Latent()) if out else Latent()

    @cached_property
    def followed(self) -> set[str]:
        """The nodes that a sampler comes after."""
        found: set[str] = set()
        for id in reversed(self.target.order):
            readers = self.target.readers.get(id, [])
            if any(one in found or self.target.kind(one) in SAMPLERS for one in readers):
                found.add(id)
        return found

    @cached_property
    def passes(self) -> list[Pass]:
        """In the order of the prompt's sources; those of other models than LTX are left out."""
        found = (self._pass(id) for id in self.target.of_class(*SAMPLERS))
        return [run for run in found if _of_ltx(run)]

    @cached_property
    def rate(self) -> float | None:
        """The frame rate of the conditioning, where there is one alone."""
        said = [self.target.value(id, "frame_rate") for id in self.target.of_class("LTXVConditioning")]
        rates = {rate if number(rate) else None for rate in said}
        return rates.pop() if len(rates) == 1 else None

    @cached_property
    def loras(self) -> list[Lora]:
        """Every LoRA of every pass once."""
        return list(dict.fromkeys(one for run in self.passes for one in run.chain.loras))

    def is_dev(self, run: Pass) -> bool:
        """Whether a pass surely has the dev model as it was trained."""
        return "dev" in run.chain.base and run.chain.distilled == 0 and not self._distilled_otherwise

    @cached_property
    def _distilled_otherwise(self) -> bool:
        """Whether a node that puts LoRAs on a model in another way, as by hooks, names the distilled one."""
        return any(
            "lora" in self.target.kind(id).lower()
            and not any(True for _ in self._loras(id) if self.target.link(id, "model"))
            and "distill" in str(self.target.inputs(id)).lower()
            for id in self.target.prompt
        )

    def _pass(self, id: str) -> Pass:
        target, kind = self.target, self.target.kind(id)
        guider = link.node if (link := target.link(id, "guider")) else id
        schedule = link.node if (link := target.link(id, "sigmas")) else id
        sigmas = sigmas_in(target.value(schedule, "sigmas")) if target.kind(schedule) == "ManualSigmas" else ()
        steps = target.value(schedule, "steps")
        chosen = link.node if (link := target.link(id, "sampler")) else id
        return Pass(
            id,
            guider,
            self.chain(target.link(guider, "model")),
            self.latent(id, SAMPLERS[kind]),
            tuple(self._scales(guider)),
            sigmas,
            schedule,
            len(sigmas) - 1 if sigmas else steps if whole(steps) else None,
            str(target.value(chosen, "sampler_name", "")),
        )

    def _scales(self, guider: str) -> Iterator[Scale]:
        """Of the guider, or of each of its parameters."""
        if number(value := self.target.value(guider, "cfg")):
            yield Scale(guider, "cfg", value)
        out = self.target.link(guider, "parameters")
        for _ in range(LONGEST):
            if out is None:
                return
            if number(value := self.target.value(out.node, "cfg")):
                yield Scale(out.node, "cfg", value)
            out = self.target.link(out.node, "parameters")

    def chain(self, out: Out | None) -> Chain:
        """Followed back over inputs named `model`, from the last patch to the file."""
        loras: list[Lora] = []
        nodes: dict[str, None] = {}
        while out is not None and out.node not in nodes and len(nodes) < LONGEST:
            nodes[out.node] = None
            inputs = self.target.inputs(out.node)
            loras += self._loras(out.node)
            if (before := self.target.link(out.node, "model")) is None:
                base = next((inputs[name] for name in FILES if isinstance(inputs.get(name), str)), "")
                return Chain(plain_name(base), tuple(loras), tuple(nodes))
            out = before
        return Chain("", tuple(loras), tuple(nodes))

    def _loras(self, id: str) -> Iterator[Lora]:
        """A loader's file, or those that are on in a panel of many."""
        for name, value in self.target.inputs(id).items():
            if name == "lora_name" and isinstance(value, str):
                strength = self.target.value(id, "strength_model", self.target.value(id, "strength"))
                yield Lora(id, name, value, strength if number(strength) else None)
            elif isinstance(value, dict) and value.get("on") is True and isinstance(value.get("lora"), str):
                strength = value.get("strength")
                yield Lora(id, name, value["lora"], strength if number(strength) else None)
