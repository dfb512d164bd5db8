"""Patches of the model: how attention is computed, calls that are saved, memory."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops.base import Patch
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import INTEGER, NUMBER, NUMBERS, PERCENT, TEXT, words
from ltxdsl.ops.steps import same_as
from ltxdsl.targets import LOCAL
from ltxdsl.values import Percent

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft

SDPA = "sdpa"
BACKENDS = {
    SDPA: SDPA,
    "sage": "auto",
    "sage_fp16": "sageattn_qk_int8_pv_fp16_cuda",
    "sage_triton": "sageattn_qk_int8_pv_fp16_triton",
    "sage_fp8": "sageattn_qk_int8_pv_fp8_cuda",
    "sage3": "sageattn3",
}
COMFY_ONLY = ("comfy",)
NORMALIZING = "LTXVNormalizingSampler"  # in the place of ComfyUI's own sampler


@statement("attention", Role.SETTING, 'prompt "a lake"\nattention sdpa\npass dev 30')
class Attention(Statement, frozen=True):
    """The backend of attention. `sdpa` is torch's own, and exact; the `sage` ones are faster, lossy, and know no masks.

    Prompt Relay and weighed guides work by masks. This runtime has `sdpa`; ComfyUI needs SageAttention for the others.
    """

    backend: Annotated[
        str, word(words("a backend", BACKENDS), "`sdpa`, `sage` (its own choice), or one of its kernels")
    ]

    def shape_pass(self, draft: "Draft") -> None:
        """A patch, unless it is what the model has anyway."""
        if self.backend != SDPA:
            draft.patch(Patch("sage", (("sage_attention", self.backend),)))


@statement("cache", Role.SETTING, 'prompt "a lake"\ncache easy 0.2\npass dev 30')
class Cache(Statement, frozen=True):
    """Leave out model calls whose result would hardly differ from the one before. Pays on long schedules only.

    `easy` compares inside the model, `lazy` outside of it. Both judge by the picture, and the sound follows.
    """

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    kind: Annotated[str, word(words("easy or lazy", {"easy": "EasyCache", "lazy": "LazyCache"}), "which of them")]
    threshold: Annotated[float, word(NUMBER, "how much may change unseen", low=0, high=3)] = 0.2
    start: Annotated[Percent, option(PERCENT, "share of the way before which all is computed", key="from")] = Percent(
        15
    )
    end: Annotated[Percent, option(PERCENT, "share of the way after which all is computed", key="to")] = Percent(95)

    def shape_pass(self, draft: "Draft") -> None:
        """A patch."""
        shares = ("start_percent", self.start.value / 100), ("end_percent", self.end.value / 100)
        draft.patch(Patch(self.kind, (("reuse_threshold", self.threshold), *shares)))


@statement("chunk", Role.SETTING, 'prompt "a lake"\nchunk 2\npass dev 30')
class Chunk(Statement, frozen=True):
    """Compute the feed-forward layers in pieces of the token sequence: the same numbers, with less memory at once."""

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    pieces: Annotated[int, word(INTEGER, "how many pieces", low=1, high=100)] = 2
    above: Annotated[int, option(INTEGER, "only above this many tokens", low=0, high=16384)] = 4096

    def left_out(self, target: str) -> bool:
        """Its numbers are the same without it."""
        return target == LOCAL

    def shape_pass(self, draft: "Draft") -> None:
        """A patch."""
        draft.patch(Patch("chunk", (("chunks", self.pieces), ("dim_threshold", self.above))))


@statement("tune", Role.SETTING, 'prompt "a lake"\ntune across_to_picture 1.2\npass dev 30')
class Tune(Statement, frozen=True):
    """Weigh what the layers of picture and sound, and those across, add in every block; 1 is the model as it is."""

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    picture: Annotated[float, option(NUMBER, "layers of the picture", low=0, high=100)] = 1.0
    sound: Annotated[float, option(NUMBER, "layers of the sound; 0 leaves it out", low=0, high=100)] = 1.0
    across_to_picture: Annotated[float, option(NUMBER, "what the picture hears", low=0, high=100)] = 1.0
    across_to_sound: Annotated[float, option(NUMBER, "what the sound sees", low=0, high=100)] = 1.0
    blocks: Annotated[str, option(TEXT, 'blocks of the model, such as "0, 1, 2"; all if not said')] = ""

    def shape_pass(self, draft: "Draft") -> None:
        """A patch."""
        scales = (
            ("blocks", self.blocks),
            ("video_scale", self.picture),
            ("audio_scale", self.sound),
            ("audio_to_video_scale", self.across_to_picture),
            ("video_to_audio_scale", self.across_to_sound),
        )
        draft.patch(Patch("tune", scales))


@statement("normalize", Role.SETTING, 'prompt "a lake"\nnormalize 1, 1, 0.25, 1, 1, 0.25, 1, 1\npass distill 8')
class Normalize(Statement, frozen=True):
    """Scale the sound's prediction after chosen steps, a factor a step; against sound that clips. 1 is not at all.

    Where a factor is not 1 the sampler starts anew from the scaled prediction. KJNodes' node does it on the model, and
    leaves sound alone that is kept; `as` names LTXVideo's sampler, which scales all of it.
    """

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    factors: Annotated[tuple[float, ...], word(NUMBERS, "a factor for each step; the last goes on", low=0, high=10)] = (
        1.0,
        1.0,
        0.25,
        1.0,
        1.0,
        0.25,
        1.0,
        1.0,
    )
    node: Annotated[str, option(same_as(NORMALIZING), "the node of ComfyUI that does it", key="as")] = ""

    def shape_pass(self, draft: "Draft") -> None:
        """A patch, or a sampler."""
        shown = ",".join(f"{factor:g}" for factor in self.factors)
        draft.patch(Patch(self.node or "normalize", (("audio_normalization_factors", shown),)))
