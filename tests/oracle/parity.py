"""The same latents as a real ComfyUI, from the embedded weights, on the CPU in float32.

    python -m tests.oracle.parity CHECKOUT [NAME …] [--write FIXTURE]

Runs each script of `same.py` here, and its export there: the export's own nodes, with four changes. `CLIPTextEncode` is
a node that gives the embeddings of our text encoder, since ComfyUI has only Gemma's real size. What would be decoded is
kept instead. Sizes that ComfyUI has as numbers in its code (128 channels) are those of the embedded models. Models are
written as Lightricks names them (`weights.py`). Prints a table; exit code 1 if any is further off than `same.MOST`, but
for those of `same.APART`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from ltxdsl.comfy import export_prompt
from ltxdsl.models import load_model_set
from ltxdsl.ops import nodes
from ltxdsl.runtime.kernels import KERNELS
from ltxdsl.runtime.session import Session
from tests.oracle import same
from tests.oracle.accept import put_files
from tests.oracle.real import Prompt, RealComfy
from tests.oracle.weights import write_files

KEPT: dict[str, Tensor] = {}


def text_node(session: Session) -> type:
    """Our embeddings for both modalities side by side: what our connectors give, or what theirs take."""

    class OurText:
        """Stands for CLIPTextEncode."""

        RETURN_TYPES = ("CONDITIONING",)
        FUNCTION = "give"

        @classmethod
        def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
            return {"required": {"text": ("STRING", {"multiline": True})}}

        def give(self, text: str) -> tuple[list[list[Any]]]:
            with before_connectors(session) as taken:
                made = KERNELS["encode_text"](session, nodes.EncodeText(text=text))["text"]
            if same.tokens(session) == same.REAL_TOKENS:
                return ([[torch.cat(taken, dim=-1), {"unprocessed_ltxav_embeds": True}]],)
            return ([[torch.cat([made.video, made.audio], dim=-1), {}]],)

    return OurText


@contextmanager
def before_connectors(session: Session) -> Iterator[list[Tensor]]:
    """What video's and then sound's connector are given, without the padding."""
    taken: list[Tensor] = []

    def note(module: Any, arguments: Any) -> None:
        states, mask = arguments
        taken.append(states[:, mask.flatten() > -1])

    module = session.part("connectors")
    hooks = [part.register_forward_pre_hook(note) for part in (module.video_connector, module.audio_connector)]
    try:
        yield taken
    finally:
        for hook in hooks:
            hook.remove()


class KeepLatent:
    """Holds a latent for the harness."""

    RETURN_TYPES = ()
    FUNCTION = "keep"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        return {"required": {"samples": ("LATENT",), "name": ("STRING", {})}}

    def keep(self, samples: dict[str, Tensor], name: str) -> dict[str, Any]:
        """Note it under its name."""
        KEPT[name] = samples["samples"].clone()
        return {}


def fit_to(session: Session, classes: dict[str, Any]) -> None:
    """ComfyUI's numbers of channels, where its code has them and no file can say them.

    Its nodes are read twice: once as nodes, and once more as the module that packs import.
    """
    import comfy.ldm.lightricks.av_model as av_model
    import comfy.ldm.lightricks.vae.causal_audio_autoencoder as audio_vae
    import comfy.ldm.lightricks.vae.causal_video_autoencoder as video_vae
    import comfy_extras.nodes_lt as nodes_lt

    config = session.part("transformer").config
    channels, features = config["in_channels"], config["audio_in_channels"]
    for module, size in ((video_vae, channels), (audio_vae, features)):
        module.processor = _sized(module.processor, size)
    empty = classes["EmptyLTXVLatentVideo"].execute.__func__
    append = nodes_lt.LTXVAddGuide.append_keyframe.__func__
    start = av_model.LTXAVModel.__init__

    def execute(cls: Any, *arguments: Any, **named: Any) -> Any:
        made = empty(cls, *arguments, **named)
        made.args[0]["samples"] = made.args[0]["samples"][:, :channels].clone()
        return made

    def append_keyframe(cls: Any, *arguments: Any, **named: Any) -> Any:
        return append(cls, *arguments, **{**named, "in_channels": channels})

    def start_model(self: Any, *arguments: Any, **named: Any) -> None:
        start(self, *arguments, **named)
        self.num_audio_channels = features // self.audio_frequency_bins

    classes["EmptyLTXVLatentVideo"].execute = classmethod(execute)
    for kind in (classes["LTXVAddGuide"], nodes_lt.LTXVAddGuide):
        kind.append_keyframe = classmethod(append_keyframe)
    av_model.LTXAVModel.__init__ = start_model


def _sized(kind: Any, size: int) -> Any:
    class Sized(kind):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            for name in ("std-of-means", "mean-of-means"):
                self.register_buffer(name, torch.empty(size))

    return Sized


def cut(prompt: Prompt) -> dict[str, dict[str, Any]]:
    """Up to what is decoded, which is kept; with our texts."""
    found: dict[str, dict[str, Any]] = {}
    ends = {"VAEDecode": "video", "VAEDecodeTiled": "video", "LTXVAudioVAEDecode": "audio"}
    waiting: list[str] = []
    for kind in ("video", "audio"):
        links = [node["inputs"]["samples"] for node in prompt.values() if ends.get(node["class_type"]) == kind]
        for i, (id, slot) in enumerate(dict.fromkeys(map(tuple, links)), 1):
            name = f"{kind} {i}"
            found[f"keep {name}"] = {"class_type": "KeepLatent", "inputs": {"samples": [id, slot], "name": name}}
            waiting.append(id)
    while waiting:
        id = waiting.pop()
        if id in found:
            continue
        node = {**prompt[id], "inputs": dict(prompt[id]["inputs"])}
        if node["class_type"] == "CLIPTextEncode":
            node = {"class_type": "OurText", "inputs": {"text": node["inputs"]["text"]}}
        found[id] = node
        waiting += [value[0] for value in node["inputs"].values() if isinstance(value, list)]
    return found


class Compared(NamedTuple):
    """A script's errors, what ComfyUI made, and the seconds here and there."""

    errors: dict[str, float]
    made: dict[str, Tensor]
    seconds: tuple[float, float]


def compare(name: str, session: Session, real: RealComfy) -> Compared:
    """Run a script here, and its export there; RuntimeError where that fails."""
    same.set_tokens(session, name)
    found = same.compiled(name, session.models, real.base)
    export = export_prompt(found, session.models)
    put_files(export, real.base)
    began = time.perf_counter()
    ours = same.ours(same.run_here(name, session.models, real.base), session)
    between = time.perf_counter()
    KEPT.clear()
    real.run(cut(export.prompt))
    seconds = between - began, time.perf_counter() - between
    made = {kind: latent.contiguous() for kind, latent in KEPT.items()}
    return Compared({kind: same.relative_error(ours[kind], made[kind]) for kind in ours}, made, seconds)


def main(checkout: Path, names: list[str], fixture: Path | None) -> int:
    """The table on standard output."""
    session = Session(load_model_set("embedded"), device="cpu")
    made, far = {}, 0
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        real = RealComfy(checkout, Path(folder))
        fit_to(session, real.classes)
        real.classes["OurText"], real.classes["KeepLatent"] = text_node(session), KeepLatent
        write_files(session.models, session, real.base / "models")
        same.write_media(real.base)
        print(f"ComfyUI {real.version}, torch {torch.__version__}\n")
        print("| script | picture | sound | here | ComfyUI |\n| --- | --- | --- | --- | --- |")
        for name in names or same.SCRIPTS:
            try:
                errors, latents, (here, there) = compare(name, session, real)
            except RuntimeError as error:
                print(f"| {name} | failed: {error} |")
                far += 1
                continue
            made |= {f"{name}: {kind}": latent for kind, latent in latents.items()}
            far += max(errors.values()) > same.MOST and name not in same.APART
            why = f" {same.APART[name]}" if name in same.APART else ""
            video, audio = (max(e for k, e in errors.items() if k.startswith(kind)) for kind in ("video", "audio"))
            print(f"| {name} | {video:.1e} | {audio:.1e} | {here:.1f} s | {there:.1f} s |{why}", flush=True)
        if fixture:
            save_file(made, fixture, metadata={"comfyui": real.version, "torch": torch.__version__})
    return 1 if far else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    sys.exit(main(given.checkout.resolve(), given.names, given.write))
