"""Does a real ComfyUI take what `ltx export` writes? Examples, recipes of `std` and statements, by its own validation.

    python -m tests.oracle.accept CHECKOUT [-v]

CHECKOUT is a ComfyUI's folder, with the packs that it is to have. Models are empty files in the folder that their
loader looks into, media are the examples' own, so that only real faults remain. Taken means: valid, no `node_errors`,
every output node kept. Exports with a class that this server does not have are counted apart. Exit code 1 if any export
is refused.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ltxdsl.comfy import Export, ExportError, export_prompt
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.packs import pack_of
from ltxdsl.compiler import Request, compile
from ltxdsl.models import load_model_set
from ltxdsl.ops import STATEMENTS
from ltxdsl.source import Source
from tests.oracle.real import Prompt, RealComfy, Verdict
from tests.test_examples import EXAMPLES, FOLDER, given, is_for_this_runtime_only, source_of

STYLES = ("packs", "native")
RECIPES = {
    "distilled": "use distilled",
    "fifty_fps": "use fifty_fps",
    "hdr_master": "pass distill 8; use hdr_master",
    "hq": "use hq",
    "lipdub": 'use lipdub "talk.mp4"',
    "long_take": "use long_take 10s",
    "music_video": 'use music_video "voice.wav" "astronaut.jpg"',
    "three_pass": "use three_pass",
    "two_stage": "use two_stage",
}
# Where the files of a loader lie, by the input that names them; by class where inputs of several have one name.
FOLDERS = {
    "ckpt_name": "checkpoints",
    "text_encoder": "text_encoders",
    "lora_name": "loras",
    "lora": "loras",
    "vae_name": "vae",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "LatentUpscaleModelLoader.model_name": "latent_upscale_models",
    "UpscaleModelLoader.model_name": "upscale_models",
    "FrameInterpolationModelLoader.model_name": "frame_interpolation",
}
NOT_ASKED = ("grade", "train", "shot", "sweep", "polish")  # only here, no script alone, a model without an ending
ENDINGS = (".safetensors", ".pth", ".gguf", ".ckpt", ".pt")


class Judged(NamedTuple):
    """One export: `fate` is taken, refused, or what stands in the way of asking."""

    name: str
    style: str
    nodes: int
    fate: str
    why: tuple[str, ...] = ()


NAMED = re.compile(r'"([^"\n%]+\.\w{3,4})"')
STAND_INS = {".mp4": "talk.mp4", ".wav": "voice.wav", ".png": "hole.png", ".jpg": "astronaut.jpg"}


def scripts(folder: Path) -> Iterator[tuple[str, Source]]:
    """Examples, a script for each recipe, and each statement's example, with its media in a folder."""
    for path in EXAMPLES:
        if not is_for_this_runtime_only(path):
            yield path.stem, source_of(path)
    recipes = {path.stem for path in (FOLDER.parent / "ltxdsl" / "std").glob("*.ltx")}
    if recipes != set(RECIPES):
        raise SystemExit(f"RECIPES does not name the recipes of std: {sorted(recipes ^ set(RECIPES))}")
    for name, use in RECIPES.items():
        text = f'import std {name}\nsize 512x512\nprompt "a lake"\n{use}\nsave "{name}.mp4"\n'
        yield f"std {name}", Source(text, str(FOLDER / f"std_{name}.ltx"))
    for name, statement in STATEMENTS.items():
        text = f"{statement.example}\n" + ("" if "save " in statement.example else 'save "a.mp4"\n')
        if "pass " in text and name not in NOT_ASKED:
            for file in NAMED.findall(text):
                if stand_in := STAND_INS.get(Path(file).suffix):
                    shutil.copy(FOLDER / stand_in, folder / file)
            yield f"statement {name}", Source(text, str(folder / "a.ltx"))


def exported(source: Source, style: str) -> Export:
    """The export for LTX-2.3, as `ltx export` makes it."""
    models = load_model_set("ltx-2.3")
    compilation = compile(source, models, Request(given=given(source), target="comfy"))
    if not compilation.ok:
        raise ExportError("; ".join(d.message for d in compilation.diagnostics))
    return export_prompt(compilation, models, style)


def put_files(export: Export, base: Path) -> None:
    """Media in the server's input folder; an empty file for each model."""
    for name, path in export.files.items():
        source, target = Path(path), base / "input" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy(source, target)
        else:  # what whoever tries an example brings
            shutil.copy(FOLDER / {".mp4": "talk.mp4", ".wav": "voice.wav"}.get(source.suffix, "hole.png"), target)
    for kind, name, value in _strings(export.prompt):
        folder = FOLDERS.get(f"{kind}.{name}") or FOLDERS.get(name)
        if folder and value.endswith(ENDINGS):
            path = base / "models" / folder / value
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def _strings(prompt: Prompt) -> Iterator[tuple[str, str, str]]:
    """Class, input and value; of a value with parts (a LoRA that is on or off) the parts."""
    for node in prompt.values():
        for name, value in node["inputs"].items():
            parts = value.items() if isinstance(value, dict) else [(name, value)]
            yield from ((node["class_type"], part, text) for part, text in parts if isinstance(text, str))


def judge(name: str, style: str, source: Source, real: RealComfy) -> Judged:
    """Export a script and ask."""
    try:
        export = exported(source, style)
    except ExportError as error:
        return Judged(name, style, 0, "not exported", (str(error),))
    count = len(export.prompt)
    unknown = sorted({node["class_type"] for node in export.prompt.values()} - set(real.classes))
    if unknown:
        known = catalogue()
        named = tuple(f"{kind} ({pack_of(kind, known) or 'a newer ComfyUI'})" for kind in unknown)
        return Judged(name, style, count, "pack missing", named)
    put_files(export, real.base)
    verdict = real.validate(export.prompt)
    faults = tuple(_faults(verdict, real.outputs(export.prompt)))
    return Judged(name, style, count, "refused" if faults else "taken", faults)


def _faults(verdict: Verdict, outputs: set[str]) -> Iterator[str]:
    if not verdict.valid:
        yield verdict.error
    for id, found in verdict.node_errors.items():
        for error in found["errors"]:
            yield f"{found['class_type']} {id}: {error['message']}: {error['details']}"
    if lost := outputs - set(verdict.kept):
        yield f"outputs left out: {', '.join(sorted(lost))}"


def main(checkout: Path, loud: bool) -> int:
    """The table on standard output."""
    os.chdir(FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        real = RealComfy(checkout, Path(folder))
        print(f"ComfyUI {real.version}, {len(real.classes)} classes")
        media = Path(folder) / "scripts"
        media.mkdir()
        judged = [judge(name, style, source, real) for name, source in scripts(media) for style in STYLES]
    for one in judged:
        if one.fate in ("refused", "pack missing") or loud:
            print(f"{one.name} ({one.style}, {one.nodes} nodes): {one.fate}")
            for line in one.why:
                print(f"    {line}")
    counts = Counter((one.style, one.fate) for one in judged)
    for style in STYLES:
        taken, refused = counts[style, "taken"], counts[style, "refused"]
        print(
            f"{style:7} {taken} taken, {refused} refused ({100 * taken / max(1, taken + refused):.1f} % taken); "
            f"{counts[style, 'pack missing']} need other packs, {counts[style, 'not exported']} not exported"
        )
    return 1 if any(one.fate == "refused" for one in judged) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), "-v" in sys.argv[2:]))
