"""HDR: a pass that gives a clip the light that its 8 bits lost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from ltxdsl.ops import nodes
from ltxdsl.ops.cells import Cell
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.guidance import Cfg
from ltxdsl.ops.kinds import (
    CLIP,
    INTEGER,
    LORA,
    NUMBER,
    ClipRef,
    Kind,
    MediaRef,
    Names,
    PerStep,
    Taken,
    fast_role,
)
from ltxdsl.ops.media import Decode
from ltxdsl.ops.models import LoraStatement
from ltxdsl.ops.sampling import Pass
from ltxdsl.ops.text import Prompt
from ltxdsl.ops.time import ClipLength, ClipRate, ClipSize, Seed

if TYPE_CHECKING:
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene

HDR = "hdr"
PROMPT = "HDR footage"
KEPT = (ClipLength, ClipRate, ClipSize, Decode, Seed)  # what holds in the pass from outside


class LoraAt(NamedTuple):
    """A LoRA and its strength."""

    name: str
    strength: float

    def __str__(self) -> str:
        return f"{self.name} {self.strength:g}"


def _take_lora(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    value = cells[at].value
    known = value in names.models.loras if isinstance(value, str) else False
    taken = Taken(value, at + 1) if known else LORA.take(cells, at, names)
    if taken is None:
        return None
    number = cells[taken.next].value if taken.next < len(cells) else None
    if isinstance(number, int | float):
        return Taken(LoraAt(taken.value, float(number)), taken.next + 1)
    return Taken(LoraAt(taken.value, 1.0), taken.next)


LORA_AT = Kind("a LoRA with its strength", _take_lora, lambda names: names.models.loras)


@statement(
    "hdr",
    Role.ACTION,
    'prompt "a lake"\npass dev 30\nhdr { decode logc3; save "lake.%04d.exr" linear half }',
)
class Hdr(Statement, frozen=True):
    """Make the clip anew with the HDR IC-LoRA: the clip before it is the guide, what comes out holds LogC3 codes.

    Light over white, up to 55 times, comes back from what the model knows of lamps and skies. The guide is what the
    last pass made, a shot, or a video file of ordinary Rec.709. Without a LoRA the role `hdr` of the model set is
    taken. Strengths of 1 to 1.5 are usual, with 8 distilled steps; the prompt of the pass is "HDR footage" unless its
    block says one. Saves in its block, and after it, read the codes as `decode logc3` says.
    """

    block: ClassVar[bool] = True
    holds_saves: ClassVar[bool] = True

    source: Annotated[
        MediaRef | ClipRef | None, option(CLIP, "the clip; what the last pass made if not said", key="from")
    ] = None
    lora: Annotated[LoraAt | None, option(LORA_AT, "the HDR LoRA; the role `hdr` if not said")] = None
    steps: Annotated[int, word(INTEGER, "distilled steps", low=1, high=100)] = 8
    cfg: Annotated[float, option(NUMBER, "guidance; 1.5 for hard shots", low=1, high=20)] = 1.0

    def used_lora(self, scene: "Scene") -> LoraAt | None:
        """The LoRA that is said, or that of the role."""
        known = scene.models.loras.get(HDR)
        return self.lora or (LoraAt(HDR, known.strength) if known else None)

    def apply(self, scene: "Scene") -> None:
        """Encode the guide, sample over it from noise, then write what its block saves."""
        if isinstance(self.source, ClipRef):
            clip = scene.clip(self.source)
            if clip is None:
                return  # a check says so
            scene.take(clip)
        if scene.latent is None and self.source is None:
            return
        before, scene.settings = scene.settings, scene.settings.only(*KEPT)
        if scene.latent is None:
            scene.start(1.0, self)
        scene.remake(self._guide(scene), self._pass(scene), self)
        scene.settings, scene.colour = before, "logc3"
        scene.apply([s for s in self.settings if s.for_saves])

    def _guide(self, scene: "Scene") -> "Ref":
        if isinstance(self.source, MediaRef):
            return scene.add(nodes.ReadVideo(path=self.source.path, frames=scene.frames), self)
        assert scene.latent is not None
        return scene.add(nodes.DecodeVideo(), self, latent=scene.latent)

    def _pass(self, scene: "Scene") -> Pass:
        """The pass as it could be written."""
        lora = self.used_lora(scene)
        settings = [s for s in self.settings if not s.for_saves]
        if not any(isinstance(s, Prompt) for s in settings):
            settings.append(Prompt(text=PROMPT, span=self.span))
        if lora:
            settings.append(LoraStatement(name=lora.name, amount=PerStep((), lora.strength), span=self.span))
        settings.append(Cfg(video=PerStep((), self.cfg), span=self.span))
        return Pass(
            model=fast_role(scene.models),
            steps=self.steps,
            sampler="euler",
            schedule="distilled",
            settings=tuple(settings),
            span=self.span,
            spans={"steps": self.span_of("steps")},
        )
