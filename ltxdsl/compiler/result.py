"""What a save writes: the clip as it is decoded, and everything that is done to it after that."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ltxdsl.compiler.graph import Ref
from ltxdsl.ops import Statement, nodes
from ltxdsl.ops.base import Op
from ltxdsl.ops.media import Decode
from ltxdsl.values import Frames, Seconds

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene

CODED = "srgb"


class Join(NamedTuple):
    """A sound that goes before or behind: where the second of both begins, how long both are, what of it is skipped."""

    sound: Ref | None
    before: bool
    first: float
    seconds: float
    skip: float


class Output:
    """Frames and sound on their way into a file, with what is known of them.

    `colour` is how light is coded, `primaries`, `black` and `preview` how that is read (see `nodes.ConvertColour`).
    """

    def __init__(self, scene: Scene, statement: Statement, deep: bool) -> None:
        assert scene.latent is not None
        self.scene, self.statement = scene, statement
        self.frames, self.fps, self.colour = scene.frames, scene.fps, scene.colour
        self.width, self.height = scene.width, scene.height
        self.primaries, self.black, self.preview = "rec709", "clip", "clip"
        self.start, self.seconds = 0.0, self.frames / self.fps
        self.deep, self.joins = deep, list[Join]()
        op = decoding(scene.settings.get(Decode), self.fps, 32 if deep or self.colour != CODED else 8)
        self.image = scene.replaced.get("frames") or scene.add(op, statement, latent=scene.latent)

    def cut(self, start: int, count: int, step: int = 1) -> None:
        """Keep some frames; sound follows, and the rate falls with the step."""
        if (start, count, step) == (0, self.frames, 1):
            return
        self.image = self.add(nodes.CutFrames(start=start, count=count, step=step))
        self.start += start / self.fps
        self.seconds = count / self.fps
        self.frames, self.fps = -(-count // step), self.fps / step

    def of(self, shot: str) -> Output | None:
        """What a save in an earlier shot would write, but for its trims and colours."""
        scene = self.scene.shots.get(shot)
        if scene is None or scene.latent is None:
            return None
        other = Output(scene, self.statement, self.deep)
        for said in scene.settings.ranked():
            if said.joins:
                said.shape_output(scene, other)
        return other

    def join(self, image: Ref, sound: Ref | None, frames: int, *, skip: int, before: bool) -> None:
        """Put another clip before these frames, or behind them; `skip` frames are in both."""
        parts = {"before": image, "after": self.image} if before else {"before": self.image, "after": image}
        self.image = self.scene.add(nodes.JoinFrames(skip=skip), self.statement, **parts)
        mine = self.frames
        self.frames += frames - skip
        self.seconds = self.frames / self.fps
        self.joins.append(Join(sound, before, (frames if before else mine) / self.fps, self.seconds, skip / self.fps))

    def resize(self, width: int, height: int) -> None:
        """Cut or pad evenly to a size."""
        if (width, height) != (self.width, self.height):
            self.image = self.add(nodes.FitCanvas.centred((self.width, self.height), (width, height)))
            self.width, self.height = width, height

    def add(self, op: Op, **more: Ref) -> Ref:
        """An op on the frames."""
        return self.scene.add(op, self.statement, image=self.image, **more)

    def coded(self, to: str) -> str:
        """The coding that the frames then have: converted, if they have another."""
        if self.colour != to:
            reading = {"primaries": self.primaries, "black": self.black, "preview": self.preview}
            self.image = self.add(nodes.ConvertColour(source=self.colour, to=to, **reading))
            self.colour = to
        return to

    def sound(self) -> Ref | None:
        """The sound of these frames."""
        audio = self.scene.replaced.get("audio")
        if audio is None:
            if self.scene.audio is None or self.scene.silent:
                return None
            audio = self.scene.add(nodes.DecodeAudio(), self.statement, audio=self.scene.audio)
        seconds = self.scene.frames / self.scene.fps
        for join in self.joins:
            parts = {"before": join.sound, "after": audio} if join.before else {"before": audio, "after": join.sound}
            there = {name: ref for name, ref in parts.items() if ref is not None}
            op = nodes.JoinSound(first=join.first, seconds=join.seconds, skip=join.skip)
            audio, seconds = self.scene.add(op, self.statement, **there), join.seconds
        if self.start == 0 and self.seconds == seconds:
            return audio
        return self.scene.add(nodes.CutSound(start=self.start, seconds=self.seconds), self.statement, audio=audio)


def output_of(scene: Scene, statement: Statement, deep: bool) -> Output | None:
    """The last pass's clip with all that holds for saves done to it; None where there is no clip (a check says so)."""
    if scene.latent is None:
        return None
    scene.name = scene.stage_name("output")
    output = Output(scene, statement, deep)
    for said in scene.settings.ranked():
        said.shape_output(scene, output)
    return output


def decoding(tiled: Decode | None, fps: float, bits: int) -> nodes.DecodeVideo:
    """How a clip is decoded: at once, or in the tiles that hold."""
    if tiled is None or not tiled.in_tiles:
        return nodes.DecodeVideo(bits=bits)

    def count(time: Frames | Seconds | None) -> int:
        match time:
            case Frames(frames):
                return frames
            case Seconds(seconds):
                return math.ceil(seconds * fps)
        return 0

    return nodes.DecodeVideo(
        tile=tiled.tile,
        overlap=tiled.overlap,
        tile_frames=count(tiled.frames),
        overlap_frames=count(tiled.share),
        bits=bits,
    )
