"""The clips and sounds of the world as latents of trained VAEs, in shards: what the transformer is trained on.

python -m training.latents --vae ~/.cache/ltxdsl-training/vae/compact --count 8000
python -m training.latents --size 64x128 --count 1000
Other sizes than 128x128 lie in folders of their own beside the shards.
A shard holds `latents` N 64 F H W, `stills` N 3 64 1 H W (pictures of the clips) and `audio` N 2 T 16 of the same
scenes, whitened. A shard that is there is left
alone, so the work can be stopped at any time; one without sound gets it. `--audio-vae` says another audio VAE than
the package's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ltxdsl.runtime.tiny import bundle
from training import audio
from training.clips import held_out_scene, stack
from training.run import HOME, command, options_of
from training.sounds import mel_of
from training.tasks import Data
from training.vae import load_vae, means
from training.world.canvas import whole
from training.world.picture import video
from training.world.scene import Scene, scene_of

SHARD = 250
FRAMES = 25
USUAL = (128, 128)  # width, height
Size = tuple[int, int]
STILLS = (0.0, 0.5, 1.0)  # where in the clip its pictures are taken


def scene(number: int, held_out: bool = False) -> Scene:
    """The scene behind a latent: the palette's colours only."""
    return held_out_scene(number) if held_out else scene_of(number)


@torch.no_grad()
def encoded(vae: Any, clips: torch.Tensor) -> torch.Tensor:
    """B 64 F' H' W', each channel with mean 0 and spread 1."""
    latents = torch.cat([means(vae, clip) for clip in clips.split(1)]).float()
    return (latents - _by_channel(vae.latents_mean)) / _by_channel(vae.latents_std)


@torch.no_grad()
def decoded(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Inverse of `encoded`, as B F H W 3 in 0..1."""
    whole_latents = latents * _by_channel(vae.latents_std) + _by_channel(vae.latents_mean)
    clips = torch.cat([vae.decoder(latent) for latent in whole_latents.split(1)])
    return clips.add(1).div(2).clamp(0, 1).permute(0, 2, 3, 4, 1)


def _by_channel(values: torch.Tensor) -> torch.Tensor:
    return values.view(1, -1, 1, 1, 1)


def write_shards(vae: Any, audio_vae: Any, folder: Path, count: int, size: Size = USUAL, *, half: bool = False) -> None:
    """Encode scenes 0 to `count`; `half`: the pictures in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, SHARD):
        path = folder / f"{first:06d}.safetensors"
        known = load_file(path) if path.is_file() else {}
        if "audio" in known:
            continue
        scenes = [scene(number) for number in range(first, min(first + SHARD, count))]
        if "latents" not in known:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                known |= {name: part.half().contiguous() for name, part in _pictures(vae, scenes, size).items()}
        sounds = torch.stack([mel_of(one, FRAMES) for one in scenes[: len(known["latents"])]])
        known["audio"] = audio.encoded(audio_vae, sounds).half()
        save_file(known, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)
        print(path.name, flush=True)


def _pictures(vae: Any, scenes: list[Scene], size: Size) -> dict[str, torch.Tensor]:
    """The clips of scenes, and some of their frames by themselves."""
    clips, stills = [], []
    for one in scenes:
        clip = stack([video(one, whole(*size), FRAMES)])
        clips.append(encoded(vae, clip))
        chosen = [round(at * (FRAMES - 1)) for at in STILLS]
        stills.append(encoded(vae, clip[0, :, chosen].transpose(0, 1).unsqueeze(2)))
    return {"latents": torch.cat(clips), "stills": torch.stack(stills)}


def _read(folder: Path, name: str) -> torch.Tensor:
    return torch.cat([load_file(path)[name].float() for path in sorted(folder.glob("*.safetensors"))])


def read_data(folder: Path) -> Data:
    """All that is in the shards, with the scenes, and the other sizes."""
    latents = _read(folder, "latents")
    scenes = [scene(number) for number in range(len(latents))]
    others = tuple(read_data(part) for part in sorted(folder.glob("*x*")) if part.is_dir())
    return Data(latents, _read(folder, "stills"), _read(folder, "audio"), scenes, others)


def _size(text: str) -> Size:
    width, height = map(int, text.split("x"))
    return width, height


def main() -> None:
    """The command line."""
    parser = command(__doc__)
    parser.add_argument("--vae", type=Path, default=HOME / "vae" / "compact")
    parser.add_argument("--audio-vae", type=Path, help="a compact folder; the package's audio VAE if not given")
    parser.add_argument("--out", type=Path, default=HOME / "latents")
    parser.add_argument("--count", type=int, default=8000)
    parser.add_argument("--size", type=_size, default=USUAL, metavar="WxH")
    options = options_of(parser)
    sound = audio.load_audio_vae(options.audio_vae) if options.audio_vae else bundle.module("audio_vae")
    width, height = options.size
    folder = options.out.expanduser() / ("" if options.size == USUAL else f"{width}x{height}")
    write_shards(load_vae(options.vae), sound, folder, options.count, options.size, half=options.fast)


if __name__ == "__main__":
    main()
