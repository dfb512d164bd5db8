"""Ops of sound that goes into a clip."""

from __future__ import annotations

from collections.abc import Mapping

from ltxdsl import geometry
from ltxdsl.ops.base import Op, Port, Reader
from ltxdsl.ops.facts import Facts


class ReadSound(Reader, frozen=True):
    """Read `seconds` of a sound file from `start` on, in stereo at `rate`; silence follows where it ends before that.

    `volume` is in dB. 16 kHz is what the audio VAE hears. `of_video`: it is the sound of a video; `as_is`: ComfyUI's
    nodes give what the file has, all of it if `whole`.
    """

    outputs = {"audio": Port.AUDIO}
    kernel = "read_sound"
    seconds: float
    start: float = 0.0
    volume: int = 0
    rate: int = 16_000
    of_video: bool = False
    as_is: bool = False
    whole: bool = False


class AddAmbience(Op, frozen=True):
    """Mix in pink noise with a root mean square of `level` (1 = full scale)."""

    inputs = {"audio": Port.AUDIO}
    outputs = {"audio": Port.AUDIO}
    kernel = "add_ambience"
    level: float


class EncodeAudio(Op, frozen=True):
    """Encode sound with the audio VAE, as long as the clip: cut, or with silence behind it; normalised by feature.

    `as_is`: a node of ComfyUI encodes all of it.
    """

    inputs = {"audio": Port.AUDIO}
    outputs = {"audio": Port.AUDIO_LATENT}
    uses = ("audio_vae",)
    kernel = "encode_audio"
    version = 2
    stored = True
    frames: int
    fps: float
    as_is: bool = False

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """As many latents as an empty one."""
        latents = geometry.audio_latents(self.frames, self.fps)
        return {"audio": Facts(frames=self.frames, fps=self.fps, audio_latents=latents)}


class MaskSound(Op, frozen=True):
    """How much of a sound is made anew: `anew`, but 0 in the audio latents [start, end) of `kept`, and 1 in `again`."""

    inputs = {"audio": Port.AUDIO_LATENT}
    outputs = {"audio": Port.AUDIO_LATENT}
    kernel = "mask_sound"
    anew: float = 1.0
    kept: tuple[int, int] = (0, 0)
    again: tuple[int, int] = (0, 0)

    def facts(self, given: Mapping[str, Facts]) -> dict[str, Facts]:
        """The same sound."""
        return {"audio": given["audio"]}
