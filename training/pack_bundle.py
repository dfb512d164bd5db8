"""Trained parts from the folders of their runs into the package: int8 files, their sums, the name of the set.

python -m training.pack_bundle                    # every part that has a `compact` folder
python -m training.pack_bundle audio_vae          # this one
python -m training.pack_bundle audio_vae --measure  # int8 against the run's weights; writes nothing
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ltxdsl import models
from ltxdsl.runtime.loading import LOADERS
from ltxdsl.runtime.tiny import bundle
from ltxdsl.runtime.tiny.weights import FOLDER, SUMS
from training import audio, upsampler, vae
from training.clips import held_out
from training.pack import COARSE, TOP, rounded, write_lora, write_part
from training.run import HOME

PROFILE = Path(models.__file__).parent / "embedded.toml"
LORAS = ("distill", "pastel", "outline")  # folders of runs, and names in the set
RECIPE = "tiny-4"  # raise when the seeded parts or the computed vocoder change
Scores = dict[str, float]


class Source(NamedTuple):
    """A part of the bundle: its compact folder and the loader of that, what is measured of it, its steps as int8."""

    folder: str
    loader: str
    measure: Callable[[Any], Scores]
    top: int = TOP


def _measure_video(model: Any) -> Scores:
    model.to(memory_format=torch.channels_last_3d)
    tests = {name: held_out(*what) for name, what in vae.TESTS.items()}
    return {f"psnr{name}": vae.psnr(vae.rebuilt(model, clips), clips).mean().item() for name, clips in tests.items()}


def _measure_audio(model: Any) -> Scores:
    def remake(mel: torch.Tensor) -> torch.Tensor:
        return audio.decoded(model, audio.encoded(model, mel))

    return audio.examine(model, bundle.module("vocoder"), 300, remake)


def _measure_upsampler(factor: str, model: Any) -> Scores:
    return upsampler.compare(model, bundle.module("vae").requires_grad_(False), factor, 40)


def _measure_nothing(_: Any) -> Scores:
    return {}


SOURCES = {
    "vae": Source("vae/compact", "video_vae", _measure_video),
    "audio_vae": Source("audio/compact", "audio_vae", _measure_audio),
    "transformer": Source("dit/compact/transformer", "transformer", _measure_nothing),
    "connectors": Source("dit/compact/connectors", "connectors", _measure_nothing),
    "latent_upsampler": Source("upsampler/compact", "upsampler 2x", partial(_measure_upsampler, "x2"), COARSE),
    "latent_upsampler_x1_5": Source(
        "upsampler-x1.5/compact", "upsampler 1.5x", partial(_measure_upsampler, "x1.5"), COARSE
    ),
}


def load(part: str, home: Path) -> Any:
    """A part as its run left it, in float32."""
    source = SOURCES[part]
    return LOADERS[source.loader](home / source.folder, torch.float32).requires_grad_(False)


def available(home: Path) -> list[str]:
    """The parts whose runs have left something to pack."""
    return [part for part, source in SOURCES.items() if (home / source.folder / "config.json").is_file()]


def compare(part: str, module: Any) -> dict[str, tuple[float, float]]:
    """What is measured of a part: before packing, and after."""
    before, after = SOURCES[part].measure(module), SOURCES[part].measure(rounded(module, SOURCES[part].top))
    return {name: (before[name], after[name]) for name in before}


def update_profile(path: Path = PROFILE) -> None:
    """Name the set's recipe after its weights, in the profile; its dimensions are written by hand, and tested."""
    sums = FOLDER / SUMS
    mark = hashlib.sha256(sums.read_bytes()).hexdigest()[:8] if sums.is_file() else "seeded"
    text = re.sub(r"^recipe = .*$", f'recipe = "{RECIPE}-{mark}"', path.read_text(), count=1, flags=re.MULTILINE)
    path.write_text(text)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*SOURCES, []], help="all that are there if none is named")
    parser.add_argument("--home", type=Path, default=HOME)
    parser.add_argument("--measure", action="store_true", help="compare int8 with float, write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for part in options.parts or available(options.home):
        module = load(part, options.home)
        if options.measure:
            for name, (before, after) in compare(part, module).items():
                print(f"{part}: {name} {before:.4f} -> {after:.4f}")
        else:
            path = write_part(part, module, SOURCES[part].top)
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
    if not options.measure:
        for name in LORAS if not options.parts else ():
            if (lora := options.home / name / "lora.safetensors").is_file():
                path = write_lora(name, lora)
                print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
        update_profile()


if __name__ == "__main__":
    main()
