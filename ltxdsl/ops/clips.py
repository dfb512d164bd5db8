"""Clips that go on from one that is there, or make a stretch of it anew."""

from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from ltxdsl import geometry, media_info
from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import CLIP, NUMBER, SPAN, TIME, ClipRef, MediaRef, words
from ltxdsl.ops.sound import SoundFile
from ltxdsl.values import Frames, Seconds, TimeSpan, in_frames

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.result import Output
    from ltxdsl.compiler.stage import Stage

HEARD, SAVED = 16_000, 48_000  # rates of sound: that of the audio VAE, and of what is saved
BEFORE = words("`before`", {"before": True})
APART = words("`apart`", {"apart": True})
KEEP = words("`audio`", {"audio": True})


class Known(NamedTuple):
    """How long a clip is that is there; 0 frames where that cannot be told."""

    frames: int
    fps: float


class Source:
    """A clip that is there: a shot's, or a video file's."""

    def __init__(self, scene: "Scene", said: "Statement", source: ClipRef | MediaRef) -> None:
        self.scene, self.said, self.source = scene, said, source
        self.shot = scene.clip(source) if isinstance(source, ClipRef) else None
        self.frames, self.fps = known(scene, source)

    def image(self) -> "Ref":
        """Its frames."""
        if self.shot:
            return self.scene.add(nodes.DecodeVideo(), self.said, latent=self.shot.latent)
        assert isinstance(self.source, MediaRef)
        return self.scene.add(nodes.ReadVideo(path=self.source.path, frames=self.frames), self.said)

    def sound(self, start: float = 0.0, seconds: float = 0.0, rate: int = HEARD) -> "Ref | None":
        """Its sound from a second on, to the end if no length is said; None where it has none."""
        seconds = seconds or self.frames / self.fps - start
        if self.shot:
            if self.shot.audio is None:
                return None
            audio = self.scene.add(nodes.DecodeAudio(), self.said, audio=self.shot.audio)
            return self.scene.add(nodes.CutSound(start=start, seconds=seconds), self.said, audio=audio)
        assert isinstance(self.source, MediaRef)
        if not media_info.has_sound(self.source.path):
            return None
        read = nodes.ReadSound(path=self.source.path, seconds=seconds, start=start, rate=rate)
        return self.scene.add(read, self.said)

    def fitted(self, image: "Ref", width: int, height: int) -> "Ref":
        """Frames of it at a size."""
        return self.scene.add(nodes.FitFrames(width=width, height=height), self.said, image=image)


def known(scene: "Scene", source: ClipRef | MediaRef) -> Known:
    """Frames and rate of a clip that is there."""
    if isinstance(source, ClipRef):
        shot = scene.clip(source)
        return Known(shot.frames, shot.fps) if shot else Known(0, scene.models.defaults.fps)
    rate = media_info.frame_rate(source.path)
    return Known(media_info.count_frames(source.path), rate or scene.models.defaults.fps)


@statement("extend", Role.SETTING, 'extend "walk.mp4" 4s overlap 17f\nprompt "she walks on"\npass dev 30')
class Extend(Statement, frozen=True):
    """Go on where a shot or a video ends: its last frames are held at the beginning of every pass.

    The clip is the overlap and the time that is new, and that is its length whatever `length` says; its sound begins
    with that of the overlap. What is saved is the whole: the clip that was there, and what is new. `apart` saves the
    new frames alone. `before` makes what comes before the clip; LTX has not learned that without a LoRA for it.
    New time is a multiple of 8 frames, the overlap is 1 + 8N frames (`before`: 8N).
    """

    source: Annotated[ClipRef | MediaRef, word(CLIP, "the shot or video that goes on")]
    time: Annotated[Frames | Seconds, word(TIME, "how much is new", low=0, high=16384)]
    overlap: Annotated[Frames | Seconds, option(TIME, "how much of it the passes see", low=0, high=1024)] = Frames(17)
    strength: Annotated[float, option(NUMBER, "1 holds the overlap exactly", low=0, high=1)] = 1.0
    before: Annotated[bool, word(BEFORE, "what comes before it in place of after")] = False
    apart: Annotated[bool, word(APART, "save only what is new")] = False
    rank: ClassVar[int] = 0
    joins: ClassVar[bool] = True
    before_passes: ClassVar[bool] = True

    def new(self, fps: float) -> int:
        """Frames that are new, in whole latents."""
        return max(8, 8 * round(in_frames(self.time, fps) / 8))

    def held(self, scene: "Scene") -> int:
        """Frames of the overlap, in whole latents, not more than there are."""
        there = known(scene, self.source).frames or 1 << 20
        count = min(in_frames(self.overlap, scene.fps), there)
        return max(8, count // 8 * 8) if self.before else geometry.snapped_frames(count)

    def clip_frames(self, scene: "Scene", fps: float) -> int:
        """The length of the clip that passes make: 1 + 8N."""
        return self.new(fps) + self.held(scene) + self.before

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """Hold the overlap in place, encoded at the size of the pass."""
        source, count = Source(scene, self, self.source), self.held(scene)
        start = 0 if self.before else max(0, source.frames - count)
        part = scene.add(nodes.CutFrames(start=start, count=count), self, image=source.image())
        fitted = source.fitted(part, stage.width, stage.height)
        at = stage.frames - count if self.before else 0
        image = scene.add(nodes.EncodeFrames(start=at), self, image=fitted)
        return scene.add(
            nodes.Inplace(slot=geometry.slot_of(at), strength=self.strength), self, latent=latent, image=image
        )

    def shape_sound(self, scene: "Scene", stage: "Stage", audio: "Ref") -> "Ref":
        """In the first pass, the overlap's sound is kept and the rest made anew."""
        source, seconds = Source(scene, self, self.source), self.held(scene) / scene.fps
        if stage.continues or stage.settings.get(SoundFile):
            return audio
        start = 0.0 if self.before else max(0.0, source.frames / source.fps - seconds)
        sound = source.sound(start, seconds)
        if sound is None:
            return audio
        whole = scene.frames / scene.fps
        first = whole - seconds if self.before else 0.0
        if first:
            sound = scene.add(nodes.JoinSound(first=first, seconds=whole), self, after=sound)
        encoded = scene.add(nodes.EncodeAudio(frames=scene.frames, fps=scene.fps), self, audio=sound)
        latents = geometry.audio_latents(scene.frames, scene.fps)
        kept = geometry.audio_stretch(first, first + seconds, latents)
        return scene.add(nodes.MaskSound(anew=1.0, kept=kept), self, audio=encoded)

    def shape_output(self, scene: "Scene", output: "Output") -> None:
        """Join the clip that was there and what is new, or leave out the overlap."""
        source, count = Source(scene, self, self.source), self.held(scene)
        if self.apart:
            output.cut(0 if self.before else count, output.frames - count)
            return
        there = output.of(self.source.shot) if isinstance(self.source, ClipRef) else None
        image = there.image if there else source.image()
        frames = there.frames if there else source.frames
        sound = there.sound() if there else source.sound(rate=SAVED)
        fitted = source.fitted(image, output.width, output.height)
        output.join(fitted, sound, frames, skip=count, before=not self.before)


@statement("retake", Role.SETTING, 'retake 1f..9f of "walk.mp4" keep audio\nprompt "she turns round"\npass dev 30')
class Retake(Statement, frozen=True):
    """Make a stretch of a shot or video anew, in the picture and the sound, and keep the rest as it is.

    Only latent frames that lie wholly inside the stretch are made anew (as in KJNodes and LTXVideo): the stretch is
    narrowed to them, and must hold at least one. The clip is as long as what was there, cut to 1 + 8N frames. Every
    pass holds what is outside. `keep audio` leaves the sound as it was. Under two seconds, little can change.
    """

    stretch: Annotated[TimeSpan, word(SPAN, "what is made anew, such as 2s..4s")]
    source: Annotated[ClipRef | MediaRef, option(CLIP, "the shot or video", key="of")]
    keep: Annotated[bool, option(KEEP, "`audio`: the sound stays as it was")] = False
    strength: Annotated[float, option(NUMBER, "how much is made anew: the denoise mask inside", low=0, high=1)] = 1.0
    rank: ClassVar[int] = 0
    before_passes: ClassVar[bool] = True

    def clip_frames(self, scene: "Scene", fps: float) -> int:
        """The length of the clip: that of the source, cut to 1 + 8N."""
        there = known(scene, self.source).frames
        return geometry.snapped_frames(there) if there else scene.models.defaults.frames

    def slots(self, frames: int, fps: float) -> tuple[int, int]:
        """The latent frames [first, end) wholly inside the stretch; empty where there is none."""
        return geometry.latents_inside(*self.stretch.bounds(frames, fps), frames)

    def shape_latent(self, scene: "Scene", stage: "Stage", latent: "Ref") -> "Ref":
        """The source around the stretch, held; inside, the source in the first pass and what was made in later ones."""
        source = Source(scene, self, self.source)
        fitted = source.fitted(source.image(), stage.width, stage.height)
        image = scene.add(nodes.EncodeFrames(), self, image=fitted)
        op = nodes.HoldAround(
            slots=self.slots(stage.frames, stage.fps), fps=stage.fps, strength=self.strength, fresh=not stage.continues
        )
        return scene.add(op, self, latent=latent, image=image)

    def shape_pass(self, draft: "Draft") -> None:
        """A sound that is kept is frozen."""
        if self.keep:
            draft.sampling["keep_audio"] = True

    def shape_sound(self, scene: "Scene", stage: "Stage", audio: "Ref") -> "Ref":
        """The source's sound in the first pass, made anew in the stretch."""
        source = Source(scene, self, self.source)
        if stage.continues or stage.settings.get(SoundFile):
            return audio
        sound = source.sound()
        if sound is None:
            return audio
        encoded = scene.add(nodes.EncodeAudio(frames=scene.frames, fps=scene.fps), self, audio=sound)
        if self.keep:
            return encoded
        first, end = (bound / scene.fps for bound in self.stretch.bounds(scene.frames, scene.fps))
        again = geometry.audio_stretch(first, end, geometry.audio_latents(scene.frames, scene.fps))
        return scene.add(nodes.MaskSound(anew=0.0, again=again), self, audio=encoded)
