"""Clips too long for one go: a looping sampler, windows of context; and a look at the clip while it is made."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from ltxdsl import geometry
from ltxdsl.ops.base import Loop, Patch
from ltxdsl.ops.declare import NOWHERE, Role, Statement, option, parts, statement, word
from ltxdsl.ops.kinds import FILE, FPS, NUMBER, SWITCH, TEXT, TIME, words
from ltxdsl.source import Span
from ltxdsl.targets import LOCAL
from ltxdsl.values import Fps, Frames, Seconds, in_frames

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.lower import Scene

COMFY_ONLY = ("comfy",)
SCHEDULES = {
    "static": "standard_static",
    "uniform": "standard_uniform",
    "looped": "looped_uniform",
    "batched": "batched",
}
FUSES = {"pyramid": "pyramid", "relative": "relative", "flat": "flat", "linear": "overlap-linear"}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt of one window."""

    text: Annotated[str, word(TEXT, "what happens in this window; the last one goes on")]
    span: Span = NOWHERE


@statement("loop", Role.SETTING, 'loop 30s window 121f overlap 24f\nprompt "a walk through a forest"\npass distill 8')
class LoopTake(Statement, frozen=True):
    """One long take, window by window: each is sampled with the last frames of the one before it as guides.

    The window counts its overlap; the clip is as long as said here. Prompts between `|` are those of the windows, after
    the global one. No sound is made, since LTXVideo's sampler takes the picture alone; `audio` is saved with it.
    ComfyUI only: on this runtime `extend` shots from one another.
    """

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY
    before_passes: ClassVar[bool] = True

    time: Annotated[Frames | Seconds, word(TIME, "how long the whole is", low=1, high=16384)]
    prompts: Annotated[tuple[Turn, ...], parts(Turn, TEXT, "prompts of the windows with `|` between them")] = ()
    window: Annotated[Frames | Seconds, option(TIME, "frames that are sampled at once", low=1, high=1000)] = Frames(121)
    overlap: Annotated[Frames | Seconds, option(TIME, "frames that a window shares with the one before")] = Frames(24)
    strength: Annotated[float, option(NUMBER, "how strongly the overlap is held", low=0, high=1)] = 0.5
    adain: Annotated[float, option(NUMBER, "pulls each window to the first one's colours", low=0, high=1)] = 0.0
    guiding: Annotated[float, option(NUMBER, "how strongly latents that guide are held", low=0, high=1)] = 1.0
    images: Annotated[float, option(NUMBER, "how strongly pictures are held", low=0, high=1)] = 1.0

    def clip_frames(self, scene: "Scene", fps: float) -> int:
        """As said, in whole latents."""
        count = in_frames(self.time, fps)
        return geometry.pixel_frames(max(1, round((count - 1) / 8) + 1))

    def sizes(self, fps: float) -> tuple[int, int]:
        """Window and overlap in latent frames."""
        return geometry.latent_frames(in_frames(self.window, fps)), max(1, in_frames(self.overlap, fps) // 8)

    def windows(self, frames: int, fps: float) -> int:
        """How many windows a clip takes. Source: LTXVideo looping_sampler.py."""
        window, overlap = self.sizes(fps)
        step = max(1, window - overlap)
        return max(1, -(-(geometry.latent_frames(frames) - overlap) // step))

    def shape_pass(self, draft: "Draft") -> None:
        """The first pass is the one that loops."""
        if not draft.first:
            return
        window, overlap = self.sizes(draft.fps)
        texts = tuple(turn.text for turn in self.prompts)
        draft.sampling["loop"] = Loop(
            8 * window, 8 * overlap, self.strength, self.adain, texts, self.guiding, self.images
        )


@statement("windows", Role.SETTING, 'windows 145f overlap 40f\nlength 20s\nprompt "a walk"\npass dev 30')
class Windows(Statement, frozen=True):
    """Attend to a window of frames at a time, and fuse what windows predict, at every step. For clips over 20 s.

    Guides before the clip are lost under it. ComfyUI's own node.
    """

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    length: Annotated[Frames | Seconds, word(TIME, "frames of a window, 1 + 8N", high=16384)] = Frames(145)
    overlap: Annotated[Frames | Seconds, option(TIME, "frames that two windows share", low=0, high=1024)] = Frames(40)
    schedule: Annotated[str, option(words("a schedule", SCHEDULES), "how windows move from step to step")] = (
        "standard_uniform"
    )
    fuse: Annotated[str, option(words("a way to fuse", FUSES), "how windows weigh where they overlap")] = "pyramid"
    freenoise: Annotated[bool, option(SWITCH, "windows share their noise, shuffled")] = True
    first: Annotated[bool, option(SWITCH, "every window sees the first frame, too")] = False

    def sizes(self, fps: float) -> tuple[int, int]:
        """Window and overlap in frames."""
        return max(1, in_frames(self.length, fps)), in_frames(self.overlap, fps)

    def shape_pass(self, draft: "Draft") -> None:
        """A patch."""
        length, overlap = self.sizes(draft.fps)
        sizes = ("context_length", length), ("context_overlap", overlap)
        ways = ("context_schedule", self.schedule), ("fuse_method", self.fuse)
        draft.patch(
            Patch("windows", (*sizes, *ways, ("freenoise", self.freenoise), ("retain_first_frame", self.first)))
        )


@statement("preview", Role.SETTING, 'preview 8fps\nprompt "a lake"\npass dev 30')
class Preview(Statement, frozen=True):
    """Show the clip in ComfyUI's editor while it is sampled, decoded roughly, at so many frames a second.

    For a quick look with this runtime, make the clip small and short: `pass 0.5x distill`.
    """

    targets: ClassVar[tuple[str, ...]] = COMFY_ONLY

    rate: Annotated[Fps, word(FPS, "frames a second", low=1, high=60)] = Fps(8.0)
    vae: Annotated[str, option(FILE, "a small VAE for it, in place of the roughest way")] = ""

    def left_out(self, target: str) -> bool:
        """It only shows."""
        return target == LOCAL

    def shape_pass(self, draft: "Draft") -> None:
        """A patch."""
        vae = (("vae", self.vae),) if self.vae else ()
        draft.patch(Patch("preview", (("preview_rate", self.rate.rate), *vae)))
