"""Sound that goes into the clip, and what later passes do to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from ltxdsl import geometry, media_info
from ltxdsl.ops import nodes
from ltxdsl.ops.base import Identity
from ltxdsl.ops.cells import BadValue, Cell
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import INTEGER, NODE, NUMBER, PERCENT, SPAN, TIME, MediaRef, Names, Taken, media, words
from ltxdsl.values import Frames, Percent, Seconds, TimeSpan, in_seconds

if TYPE_CHECKING:
    from ltxdsl.compiler.draft import Draft
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.graph import Ref
    from ltxdsl.compiler.lower import Scene
    from ltxdsl.compiler.stage import Stage

SOUND = media("audio")
FILE_WITH_SOUND = media("audio", "video")
AS_IS = words("as_is", {"as_is": True})


def _take_sound(cells: Sequence[Cell], at: int, names: Names) -> Taken | None:
    """A file, or what a raw node gives."""
    if found := NODE.take(cells, at, names):
        return Taken(MediaRef("audio", "", cells[at].span, as_is=True, node=found.value), found.next)
    taken = FILE_WITH_SOUND.take(cells, at, names)
    if taken and taken.value.kind == "video" and taken.value.node is not None:
        raise BadValue(cells[at].span, "what a node gives is a picture: it has no sound", "LTX003")
    return taken


SOUND_OR_NODE = msgspec.structs.replace(SOUND, name="a sound or video, or the name of a node", take=_take_sound)
ANEW = words("anew or kept", {"anew": True, "kept": False})


@statement("audio", Role.SETTING, 'audio voice ambience 0.02\nprompt "a man speaks to us"\npass dev 30')
class SoundFile(Statement, frozen=True):
    """The clip's sound, from a file: the picture follows it, lips too, and no pass changes it.

    The file is encoded by the audio VAE and has the denoise mask 0 in every pass (in ComfyUI a SolidMask of 0: 0 keeps,
    1 makes anew). `regenerate 0.3` is that mask: the sound is partly made anew in the first pass, 1 leaves nothing of
    the file. With `keep 0s..2s` that stretch is kept, and the rest made anew. A file that ends before the clip is
    followed by silence. Dry speech, such as from a synthesizer, gives better lips with a little `ambience`: pink noise
    at that level, 0.006 to 0.02 (-45 to -34 dB). Pieces of up to 10 s, about three lines, work best.

    Of a video it is the sound of that. In ComfyUI a sound that is `as_is`, or of a raw node, is encoded whole, not cut
    to the clip and without silence behind it.
    """

    source: Annotated[MediaRef, word(SOUND_OR_NODE, "the sound, a video that has one, or what a raw node gives")]
    as_is: Annotated[bool, word(AS_IS, "ComfyUI's nodes take it whole")] = False
    ambience: Annotated[float, option(NUMBER, "level of noise mixed in, 1 = full scale", low=0, high=1)] = 0.0
    start: Annotated[Frames | Seconds, option(TIME, "where in the file it begins", key="from")] = Seconds(0.0)
    seconds: Annotated[
        Frames | Seconds | None, option(TIME, "how much of it there is to hear; to its end if not said", key="first")
    ] = None
    volume: Annotated[int, option(INTEGER, "dB louder, or softer if negative", low=-100, high=100)] = 0
    regenerate: Annotated[
        float | None,
        option(NUMBER, "how much is made anew; 0 if not said, 1 beside a stretch that is kept", low=0, high=1),
    ] = None
    keep: Annotated[TimeSpan | None, option(SPAN, "the stretch of the clip that is kept")] = None

    @property
    def anew(self) -> float:
        """The denoise mask outside the kept stretch."""
        if self.regenerate is not None:
            return self.regenerate
        return 0.0 if self.keep is None else 1.0

    def kept(self, frames: int, fps: float) -> tuple[int, int]:
        """The audio latents [start, end) of the stretch that is kept."""
        if self.keep is None:
            return 0, 0
        first, end = self.keep.bounds(frames, fps)
        return geometry.audio_stretch(first / fps, end / fps, geometry.audio_latents(frames, fps))

    def shape_pass(self, draft: "Draft") -> None:
        """A sound that is kept whole is frozen in every pass."""
        if self.anew == 0:
            draft.sampling["keep_audio"] = True

    def shape_sound(self, scene: "Scene", stage: "Stage", audio: "Ref") -> "Ref":
        """Put the file in the place of silence in the first pass, or in the pass whose block says it; then mask it."""
        if not stage.continues or self in stage.statement.settings:
            audio = self._encoded(scene)
        if self.anew == 0 or stage.sampling.get("keep_audio", scene.sounded):
            return audio
        mask = nodes.MaskSound(anew=self.anew, kept=self.kept(scene.frames, scene.fps))
        return scene.add(mask, self, audio=audio)

    def _encoded(self, scene: "Scene") -> "Ref":
        as_is = self.as_is or self.source.node is not None
        sound = self._read(scene, as_is)
        if self.ambience:
            sound = scene.add(nodes.AddAmbience(level=self.ambience), self, audio=sound)
        return scene.add(nodes.EncodeAudio(frames=scene.frames, fps=scene.fps, as_is=as_is), self, audio=sound)

    def _read(self, scene: "Scene", as_is: bool) -> "Ref":
        start, clip = in_seconds(self.start, scene.fps), scene.frames / scene.fps
        asked = None if self.seconds is None else in_seconds(self.seconds, scene.fps)
        if self.source.node is not None:
            given = scene.wire(self.source.node)
            cut = nodes.CutSound(start=start, seconds=clip if asked is None else asked)
            return scene.add(cut, self, audio=given) if start or asked is not None else given
        read = nodes.ReadSound(
            path=self.source.path,
            seconds=clip if asked is None else asked if as_is else min(asked, clip),
            start=start,
            volume=self.volume,
            of_video=self.source.kind == "video",
            as_is=as_is,
            whole=asked is None and start == 0,
        )
        return scene.add(read, self)

    def expand(self, here: "Here") -> "Sequence[Statement]":
        """Itself. Raises BadValue where what a node gives is to be louder."""
        if self.source.node is not None and self.volume:
            hint = "a node can do it, such as `AudioAdjustVolume`"
            raise BadValue(self.span_of("volume"), "what a node gives is as loud as it is", "LTX003", hint=hint)
        return (self,)


@statement("sound", Role.SETTING, 'prompt "a lake"\npass dev 30\npass dev 10 { sound anew }')
class SoundAgain(Statement, frozen=True):
    """What a later pass does to the sound of the passes before it: keep it, or make it anew.

    All of them keep it if nothing is said. `anew 0.3` makes a part of it anew, by a denoise mask of that level: its
    quality rises and most of what is heard stays, such as in a large upscale of a small clip. ComfyUI's stock
    two-stage templates make it anew in the second stage; Lightricks' audio-driven and dubbing pipelines keep it.
    """

    anew: Annotated[bool, word(ANEW, "anew or kept")]
    share: Annotated[float, word(NUMBER, "how much is made anew", low=0.01, high=1)] = 1.0
    rank: ClassVar[int] = 1  # after `audio`

    def shape_pass(self, draft: "Draft") -> None:
        """Freeze the sound or not, where there is one."""
        if draft.continues:
            draft.sampling["keep_audio"] = not self.anew

    def shape_sound(self, scene: "Scene", stage: "Stage", audio: "Ref") -> "Ref":
        """Mask what the passes before have made."""
        if not (stage.continues and self.anew and self.share < 1):
            return audio
        return scene.add(nodes.MaskSound(anew=self.share), self, audio=audio)


@statement("speaker", Role.SETTING, 'speaker voice guidance 3\nprompt "a man speaks to us"\npass dev 30')
class Speaker(Statement, frozen=True):
    """Speak with the voice of a sound file: its tokens stand before the clip's, at negative times (ID-LoRA).

    About five seconds of clean speech are best. It works with a LoRA that was trained for it (`id-lora-celebvhq` or
    `id-lora-talkvid`, not both), as a `lora` beside it. Guidance costs a model call a step; 0 makes none.
    """

    targets: ClassVar[tuple[str, ...]] = ("comfy",)

    source: Annotated[MediaRef, word(SOUND, "the voice")]
    guidance: Annotated[float, option(NUMBER, "how much more of the voice than without it", low=0, high=100)] = 3.0
    seconds: Annotated[Frames | Seconds, option(TIME, "how much of the file is heard", key="first")] = Seconds(5.0)
    start: Annotated[Percent, option(PERCENT, "share of the way from which it guides", key="from")] = Percent(0)
    end: Annotated[Percent, option(PERCENT, "share of the way to which it guides", key="to")] = Percent(100)

    def heard(self, fps: float) -> float:
        """Seconds of the file, not more than it has."""
        asked = in_seconds(self.seconds, fps)
        there = media_info.sound_seconds(self.source.path)
        return min(asked, there) if there else asked

    def shape_pass(self, draft: "Draft") -> None:
        """Its guidance."""
        draft.sampling["voice"] = Identity(self.guidance, self.start.value / 100, self.end.value / 100)

    def pass_inputs(self, scene: "Scene", stage: "Stage") -> "dict[str, Ref]":
        """The beginning of the file."""
        return {"speaker": scene.add(nodes.ReadSound(path=self.source.path, seconds=self.heard(stage.fps)), self)}
