"""Videos that an in-context LoRA was trained to follow: controls, and a speaker to dub."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl import geometry, media_info
from ltxdsl.geometry import SPATIAL
from ltxdsl.models import ModelSet
from ltxdsl.models.lora_header import lora_header
from ltxdsl.ops import nodes
from ltxdsl.ops.base import LoraUse
from ltxdsl.ops.cells import Cell, Symbol
from ltxdsl.ops.clips import known
from ltxdsl.ops.conditioning import Guide
from ltxdsl.ops.declare import Role, option, place, statement, word
from ltxdsl.ops.hdr import LORA_AT, LoraAt
from ltxdsl.ops.kinds import (
    INTEGER,
    NUMBER,
    PERCENT,
    PICTURE_OR_VIDEO,
    PLACE,
    Kind,
    MediaRef,
    Names,
    Taken,
    choice,
    media,
)
from ltxdsl.targets import COMFY
from ltxdsl.values import START, Percent, Position

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.stage import Stage

CONTROLS = {
    "depth": "a depth map, near is bright",
    "canny": "edges, white on black",
    "pose": "skeletons of people",
    "union": "any of the three above, by one LoRA",
    "motion": "tracks of points, drawn as trails",
    "cameraman": "a clip whose camera movement is taken over",
    "inpaint": "a clip with a hole to fill",
    "outpaint": "a clip with borders to fill",
    "restyle": "a clip to draw anew in another style",
    "upscale": "a small or blurred clip to sharpen",
    "ingredients": "a sheet of the subjects that the clip puts together",
}
# what the LoRAs that fill holes were trained with: Lightricks' green, and those of the community
HOLES = {"green": (102, 255, 0), "chroma": (0, 255, 0), "magenta": (255, 0, 255)}
CONTROL = choice("what the video shows: " + ", ".join(CONTROLS), lambda names: CONTROLS)


def _take_with_lora(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    """After `with`, the word `lora` may stand."""
    said = cells[at].value
    at += isinstance(said, Symbol) and said.name == "lora"
    return LORA_AT.take(cells, at, names) if at < len(cells) else None


WITH_LORA = Kind("`lora`, a LoRA and its strength", _take_with_lora, LORA_AT.words)


class Followed(Guide, frozen=True, kw_only=True):
    """A video that the clip follows by means of an in-context LoRA, which joins the LoRAs of the pass.

    It is encoded as many times smaller than the clip as the LoRA's file says, and its tokens are spread over the clip.
    """

    lora: LoraAt | None = None
    downscale: int | None = None

    @property
    def as_is(self) -> bool:
        """Whether ComfyUI's node fits it, by stretching."""
        return self.source.as_is

    def factor(self, models: ModelSet) -> int:
        """How many times smaller than the clip: as said, else by the LoRA's header, else by the model set, else 1."""
        header = lora_header(models.lora_path(self.lora.name)) if self.lora else None
        known = models.loras.get(self.lora.name) if self.lora else None
        return self.downscale or (header.reference_factor if header else 0) or (known.downscale if known else 0) or 1

    def shape_pass(self, draft: "Draft") -> None:
        """Stand in the clip, and bring the LoRA, once where several share it."""
        draft.place(self, self.source, self.at, repeated=True)
        if self.lora and not any(use.name == self.lora.name for use in draft.loras):
            draft.loras.append(LoraUse(self.lora.name, self.lora.strength, in_context=True))

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """Append the video, encoded at its share of the size."""
        placed, factor = stage.placement(self), self.factor(scene.models)
        width, height = (max(SPATIAL, side // factor // SPATIAL * SPATIAL) for side in (stage.width, stage.height))
        fitted = self.fitted(scene, placed.count, width, height)
        start = placed.frame if placed.count > 1 else 0
        guide = scene.add(nodes.EncodeFrames(start=start), self, image=fitted)
        attention = 1.0 if self.attention is None else self.attention
        op = nodes.AppendGuide(
            frame=placed.frame, strength=self.strength, attention=attention, control=factor, as_is=self.as_is
        )
        return scene.add(op, self, latent=latent, guide=guide)

    def fitted(self, scene: "Scene", count: int, width: int, height: int) -> "Ref":
        """So many frames of the video at a size."""
        read = scene.read(self.source, count, self)
        as_is = "stretch" if self.as_is else ""
        idle = self.as_is and self.crf == 0
        fit = nodes.FitFrames(width=width, height=height, crf=self.crf or 0, as_is=as_is, idle=idle)
        fitted = scene.add(fit, self, image=read)
        if self.source.kind == "video" or as_is:
            return fitted
        return scene.add(nodes.RepeatFrame(count=count), self, image=fitted)


@statement(
    "control",
    Role.CONDITION,
    'control depth from video "walk.mp4" with lora "ic.safetensors" 1 @ 0\nprompt "a room"\npass dev 30',
)
class Control(Followed, frozen=True, kw_only=True):
    """A video that is already a depth map, edges, a pose …, followed by means of an in-context LoRA.

    The LoRA joins the LoRAs of the pass; the video is encoded as many times smaller than the clip as the LoRA's file
    says, and its tokens are spread over the clip. The name says what the video shows; the LoRA decides what it means.

    For a LoRA that fills holes, `hole` paints the white part of a mask in the colour that it was trained with, and
    `inside 75%` sets the video, whole, into the middle of a larger picture of that colour: 100% touches two sides.
    """

    kind: Annotated[str, word(CONTROL, "what the video shows")]
    source: Annotated[MediaRef, option(PICTURE_OR_VIDEO, "the control video; a picture is repeated", key="from")]
    lora: Annotated[LoraAt | None, option(WITH_LORA, "the in-context LoRA and its strength", key="with")] = None
    at: Annotated[Position, place(PLACE, "where it begins; the first frame if not said")] = START
    strength: Annotated[float, option(NUMBER, "1 keeps the control's tokens clean, 0 is noise", low=0, high=1)] = 1.0
    attention: Annotated[float | None, option(NUMBER, "how much the clip attends to it", low=0, high=1)] = 1.0
    crf: Annotated[int | None, option(INTEGER, "compress it once more; 0 = not", low=0, high=51)] = None
    downscale: Annotated[
        int | None, option(INTEGER, "how many times smaller it is; the LoRA's file says", low=1, high=10)
    ] = None
    hole: Annotated[MediaRef | None, option(PICTURE_OR_VIDEO, "a mask; what is white in it is to be filled")] = None
    grow: Annotated[int, option(INTEGER, "pixels by which the hole grows", low=0, high=512)] = 0
    inside: Annotated[Percent | None, option(PERCENT, "how much of the picture's sides the video takes")] = None
    colour: Annotated[str, option(choice("a colour", lambda names: HOLES), "of what is to be filled", key="color")] = (
        "green"
    )

    @property
    def as_is(self) -> bool:
        """A border and a hole are made of a size that is known."""
        return self.source.as_is and self.inside is None and self.hole is None

    def fitted(self, scene: "Scene", count: int, width: int, height: int) -> "Ref":
        """Set inside a border, with a hole, if they are asked for."""
        if self.inside is None:
            image = super().fitted(scene, count, width, height)
        else:
            inner = self.inner(width, height)
            canvas = nodes.FitCanvas.centred(inner, (width, height), HOLES[self.colour])
            image = scene.add(canvas, self, image=super().fitted(scene, count, *inner))
        if self.hole is None:
            return image
        read = scene.read(self.hole, count, self)
        mask = scene.add(nodes.FitFrames(width=width, height=height), self, image=read)
        return scene.add(nodes.FillHole(colour=HOLES[self.colour], grow=self.grow), self, image=image, mask=mask)

    def inner(self, width: int, height: int) -> tuple[int, int]:
        """The size of the video inside the picture: its own proportions, in multiples of 16 pixels."""
        share = self.inside.value / 100 if self.inside else 1.0
        columns, rows = self.proportions() or (width, height)
        scale = share * min(width / columns, height / rows)
        return _sixteenths(columns * scale, width), _sixteenths(rows * scale, height)

    def proportions(self) -> tuple[int, int] | None:
        """Width and height of the file; None where that cannot be told."""
        size_of = media_info.video_size if self.source.kind == "video" else media_info.picture_size
        return size_of(self.source.path)


def _sixteenths(side: float, most: int) -> int:
    return min(most, max(16, round(side / 16) * 16))


@statement(
    "dub",
    Role.SETTING,
    'dub "talk.mp4" with lora "lipdub.safetensors"\nprompt "a woman says: “Good day.”"\npass distill 8',
)
class Dub(Followed, frozen=True, kw_only=True):
    """Let whoever speaks in a video say something else, in the same voice: LipDub, also called Dub-It.

    Every pass follows the video by the LoRA, and the first one hears its sound: as reference tokens before the clip's
    own, which is made from noise. Later passes hear, and keep, what the first has made. The prompt describes the
    video and has the new words in quotes. The clip is as long as the video, cut to 1 + 8N frames. ComfyUI only: this
    runtime has no reference tokens of sound.
    """

    targets: ClassVar[tuple[str, ...]] = (COMFY,)
    before_passes: ClassVar[bool] = True
    listed: ClassVar[bool] = False

    source: Annotated[MediaRef, word(media("video"), "the video with the speaker")]
    lora: Annotated[LoraAt | None, option(WITH_LORA, "the LoRA and its strength", key="with")] = None
    at: Annotated[Position, place(PLACE, "where the video begins; the first frame if not said")] = START
    strength: Annotated[float, option(NUMBER, "1 keeps the video's tokens clean, 0 is noise", low=0, high=1)] = 1.0
    attention: Annotated[float | None, option(NUMBER, "how much the clip attends to it", low=0, high=1)] = 1.0
    crf: Annotated[int | None, option(INTEGER, "compress it once more; 0 = not", low=0, high=51)] = None
    downscale: Annotated[
        int | None, option(INTEGER, "how many times smaller the video is encoded; the LoRA's file says", low=1, high=10)
    ] = None

    @property
    def silent(self) -> bool:
        """Whether the video is known to have no sound; one that is not here is believed to have some."""
        return bool(media_info.count_frames(self.source.path)) and not media_info.has_sound(self.source.path)

    def clip_frames(self, scene: "Scene", fps: float) -> int:
        """The length of the video, cut to 1 + 8N."""
        there = known(scene, self.source).frames
        return geometry.snapped_frames(there) if there else scene.models.defaults.frames

    def pass_inputs(self, scene: "Scene", stage: "Stage") -> "dict[str, Ref]":
        """The voice: of the video, then of the pass before."""
        if stage.continues and scene.audio is not None:
            return {"voice_latent": scene.audio}
        if self.silent:
            return {}
        sound = scene.add(nodes.ReadSound(path=self.source.path, seconds=scene.frames / scene.fps), self)
        encode = nodes.EncodeAudio(frames=scene.frames, fps=scene.fps)
        return {"voice_latent": scene.add(encode, self, audio=sound)}
