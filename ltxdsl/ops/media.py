"""Files in and out, and decoding."""

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.cells import BadValue
from ltxdsl.ops.declare import Role, Statement, option, place, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, PLACE, TIME
from ltxdsl.values import START, Frames, Position, Seconds

if TYPE_CHECKING:
    from ltxdsl.compiler.expand import Here
    from ltxdsl.compiler.lower import Scene

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@statement("image", Role.NAME, 'img = image "queen.png"\nguide img @ end\nprompt "a queen"\npass dev 30')
class ImageFile(Statement, frozen=True):
    """Name a picture. A name that is never bound is an input of the script (`--set name=file`)."""

    nameable: ClassVar[bool] = True

    path: Annotated[str, word(FILE, "the file, relative to the script")]

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Without a name it would be lost."""
        raise BadValue(self.span, "this file has no name", "LTX002", hint=f"such as `img = {self.word} …`")


@statement("video", Role.NAME, 'clip = video "walk.mp4"\nguide clip @ 0\nprompt "a queen"\npass dev 30')
class VideoFile(Statement, frozen=True):
    """Name a video."""

    nameable: ClassVar[bool] = True

    path: Annotated[str, word(FILE, "the file, relative to the script")]

    def expand(self, here: "Here") -> tuple[Statement, ...]:
        """Without a name it would be lost."""
        raise BadValue(self.span, "this file has no name", "LTX002", hint=f"such as `img = {self.word} …`")


@statement("decode", Role.SETTING, 'prompt "a lake"\ndecode tile 512 overlap 64\npass dev 30')
class Decode(Statement, frozen=True):
    """Decode in tiles, so that a large video fits into memory."""

    in_block: ClassVar[bool] = False

    tile: Annotated[int, option(INTEGER, "tile side in pixels, a multiple of 32", low=64, high=4096)] = 512
    overlap: Annotated[int, option(INTEGER, "pixels that neighbouring tiles share", low=0, high=1024)] = 64
    frames: Annotated[Frames | Seconds | None, option(TIME, "frames in a tile; all if not said")] = None
    share: Annotated[Frames | Seconds, option(TIME, "frames that neighbouring tiles share")] = Frames(8)


@statement("save", Role.ACTION, 'prompt "a lake"\npass dev 30\nsave "lake.mp4" crf 17')
class Save(Statement, frozen=True):
    """Write what the last pass made: a video with sound (mp4, mov), or one frame of it (png, jpg, webp).

    A script that saves nothing writes one video, named on the command line or after the script.
    """

    path: Annotated[str, word(FILE, "the file, relative to where `ltx` runs")]
    crf: Annotated[int, option(INTEGER, "H.264 quality: lower is better and larger", low=0, high=51)] = 19
    at: Annotated[Position, place(PLACE, "which frame a picture shows")] = START

    def apply(self, scene: "Scene") -> None:
        """Decode once, write the file."""
        if PurePath(self.path).suffix.lower() in IMAGE_SUFFIXES:
            frame = self.at.frame(scene.frames, scene.fps)
            scene.write(nodes.WriteImage(path=self.path, frame=frame), self, sound=False)
        else:
            scene.write(nodes.WriteVideo(path=self.path, fps=scene.fps, crf=self.crf), self, sound=True)
