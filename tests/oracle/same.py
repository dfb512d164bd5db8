"""Scripts whose latents must be the same here and in ComfyUI, and how ours are made."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import av
import numpy
from PIL import Image
from torch import Tensor

from ltxdsl.compiler import Compilation, Request, compile
from ltxdsl.compiler.graph import Ref
from ltxdsl.models import ModelSet
from ltxdsl.ops import nodes
from ltxdsl.runtime.denoise import NoiseOrder
from ltxdsl.runtime.kernels import KERNELS
from ltxdsl.runtime.session import Fitting, Session
from ltxdsl.source import Source

MOST = 1e-3  # relative error
FEW_TOKENS, REAL_TOKENS = 96, 1024

UNMEASURED = 'seed 7\nprompt "a small red ball rises on the left on a black background, with a tone"\n'
HEAD = f"size 128x128\nlength 17f\n{UNMEASURED}"
SCRIPTS = {
    "cfg 1": "pass dev 4 euler { cfg 1 }",
    "cfg 3": 'negative "blurry"\npass dev 4 euler { cfg 3 }',
    "cfg 3, sound 7": "pass dev 4 euler { cfg 3 audio 7 }",
    "stg, modality, rescale": "pass dev 4 euler { cfg 3 audio 7; stg 1; modality 3; rescale 0.7 }",
    "distilled": "pass distill 8",
    "er_sde": "pass dev 4 er_sde { cfg 3 }",
    "dpmpp_2m_sde, eta 0": "sampler dpmpp_2m_sde eta 0\npass dev 4 { cfg 3 }",
    "uni_pc": "pass dev 4 uni_pc { cfg 3 }",
    "cfg by step": "pass dev 4 euler { cfg 2 for 2 then 1 }",
    "LoRA by step": "pass dev 8 distilled { lora distill 0.6 for 3 then 0.4; cfg 1 }",
    "LoRA without sound": "pass dev 8 distilled { lora distill 0.5 audio 0; cfg 1 }",
    "euler_ancestral_cfg_pp": "pass distill 8 euler_ancestral_cfg_pp",
    "connectors": 'negative "blurry"\npass dev 4 euler { cfg 3 }',
    "nag": 'nag "text" audio "music" scale 11\npass distill 8',
    "in place": 'inplace "shapes.png"\npass distill 8',
    "in place, strength 0.5": 'inplace "shapes.png" strength 0.5 crf 0\npass distill 8',
    "in place later": 'inplace "shapes.png" @ 9f crf 0\npass distill 8',
    "guide": 'guide "shapes.png" @ 8f strength 0.6 crf 0\npass distill 8',
    "guide, dpmpp_2m_cfg_pp": 'guide "shapes.png" @ 8f strength 0.6 crf 0\npass dev 4 dpmpp_2m_cfg_pp { cfg 3 }',
    "guide before the clip": 'guide "shapes.png" @ -1 strength 0.5 crf 0\npass distill 8',
    "guide video": 'guide "shapes.mov" @ 0f strength 0.7 attention 0.5\npass distill 8',
    "guide video later": 'guide video "shapes.mov" @ 9f\npass distill 8',
    "guide video later, with attention": 'guide video "shapes.mov" @ 9f strength 0.7 attention 0.5\npass distill 8',
    "control video": 'control canny from "shapes.mov" with lora outline\npass distill 8',
    "from a video": 'from "shapes.mov"\npass dev 4 euler start 0.9 { cfg 2 }',
    "mask": 'from "shapes.mov"\nmask "hole.png" grow 8\npass distill 8',
    "mask, guide": 'from "shapes.mov"\nmask "hole.png"\nguide "shapes.png" @ 8f crf 0\npass distill 8',
    "mask, in place": 'inplace "shapes.png" crf 0\nfrom "shapes.mov"\nmask "hole.png"\npass distill 8',
    "retake": 'retake 1f..9f of "shapes.mov"\npass distill 8',
    "extend": 'extend "shapes.mov" 8f overlap 9f\npass distill 8',
    "sound from a file": 'audio "noise.wav"\npass distill 8',
    "two passes": "pass 0.5x distill 8\nupscale 2x distill 3",
    "two passes, lanczos": "pass 0.5x distill 8\nupscale 2x distill 3 by lanczos",
    "two passes, adain": "pass 0.5x distill 8\nupscale 2x distill 3 adain 0.5",
    "as_is, in place": 'i = image "shapes.png" as_is\ninplace i\npass distill 8',
    "as_is, guide": 'i = image "shapes.png" as_is\nguide i @ 8f crf 0\npass distill 8',
    "as_is, guide with attention": 'i = image "shapes.png" as_is\nguide i @ 8f crf 20 attention 0.5\npass distill 8',
    "as_is, control": 'v = video "shapes.mov" as_is\ncontrol canny from v with lora outline\npass distill 8',
    "as_is, video": 'v = video "shapes.mov" as_is\nguide v @ 0\npass distill 8',
    "steps, size": 'i = image "shapes.png" | size 128x96\ninplace i\npass distill 8',
    "steps, pad": 'i = image "shapes.png" | pad 160x160 white\nguide i @ 8f\npass distill 8',
    "steps, longer": 'i = image "shapes.png" | longer 150 | multiple 32\ninplace i\npass distill 8',
    "steps, shorter": 'i = image "shapes.png" | shorter 100 by bicubic\nguide i @ 8f\npass distill 8',
    "steps, scale": 'i = image "shapes.png" | scale 0.7x by area | invert\nguide i @ 8f\npass distill 8',
    "steps, megapixels": 'i = image "shapes.png" | megapixels 0.02 by nearest\nguide i @ 8f\npass distill 8',
    "steps, within": 'i = image "shapes.png" | within 150x150\nguide i @ 8f\npass distill 8',
    "steps, video": 'v = video "shapes.mov" | frames 9f from 4 | width 128 by bilinear\nguide v @ 0\npass distill 8',
    "steps, still of a video": 'v = video "shapes.mov" | frames 5f | scale 0.5x by area\nguide v @ 9f\npass distill 8',
    "steps, canny": (
        'v = video "shapes.mov" | shorter 128 by area | canny 0.2 0.5\n'
        "control canny from v with lora outline\npass distill 8"
    ),
    "steps, repeat": 'v = image "shapes.png" | height 128 by area | repeat 9f\nguide v @ 0\npass distill 8',
    "as_is, video later": 'v = video "shapes.mov" as_is\nguide v @ 9f\npass distill 8',
    "steps, video later": 'v = video "shapes.mov" | scale 0.5x by bilinear\nguide v @ 9f\npass distill 8',
    "like": (
        'v = video "shapes.mov" | frames 17f | shorter 128 by area | multiple 64 by area\nlike v\n'
        "guide v @ 0\npass 0.5x distill 8\nupscale 2x distill 3"
    ),
    "like, picture": (
        'i = image "shapes.png" | longer 192 by area | multiple 64 by area\nlike i size\n'
        "length 17f\ninplace i\npass distill 8"
    ),
    "guide at the end": 'guide "shapes.png" @ end crf 0\npass distill 8',
    "guide at the end, two passes": 'guide "shapes.png" @ end crf 0\npass 0.5x distill 8\nupscale 2x distill 3',
    "kept sound, two passes": 'audio "noise.wav"\npass 0.5x distill 8\nupscale 2x distill 3',
    "together": (
        "together inplace\n"
        'pass distill 8 { inplace "shapes.png" @ 0 crf 0; inplace "shapes.png" @ end crf 0 strength 0.5 }'
    ),
    "together, later": 'together inplace\npass distill 8 { inplace "shapes.png"; inplace "shapes.png" @ 9f crf 0 }',
    "two guides": 'guide "shapes.png" @ 8f crf 0\nguide "shapes.png" @ end crf 0 strength 0.5\npass distill 8',
    "together, guides inside": (
        'together guide\npass distill 8 { guide "shapes.png" @ 8f crf 0; guide "shapes.png" @ 3f crf 0 strength 0.5 }'
    ),
    "together, guides": (
        'together guide\npass distill 8 { guide "shapes.png" @ 8f crf 0; guide "shapes.png" @ end crf 0 strength 0.5 }'
    ),
    "together, a video": (
        'together guide\npass distill 8 { guide "shapes.png" @ 3f crf 0; guide video "shapes.mov" @ 1f }'
    ),
    "three passes": 'inplace "shapes.png" crf 0\npass 0.5x distill 8\npass distill 3 start 0.9\nupscale 2x distill 3',
}
APART = {
    "steps, longer": "lanczos works on 8 bits there",
    "kept sound, two passes": "as the one below",
    "sound from a file": "ComfyUI resamples it to 44.1 kHz and back, which the highest bands feel",
    "two passes, lanczos": "pictures between passes have 8 bits here",
}
WITH_CONNECTORS = ("connectors", "nag")


def tokens(session: Session) -> int:
    """Tokens that a prompt is padded to."""
    return int(session.part("text_encoder").tokenizer.model_max_length)


def set_tokens(session: Session, name: str) -> None:
    """As many as the embedded models were trained on; for some scripts as many as ComfyUI's connectors always take."""
    session.part("text_encoder").tokenizer.model_max_length = REAL_TOKENS if name in WITH_CONNECTORS else FEW_TOKENS


def write_media(folder: Path) -> None:
    """What the scripts read: a picture and a video, larger than the clip and of another shape; noise to hear.

    ComfyUI reads JPEG, and a video that is not kept as RGB, a little otherwise than Pillow and FFmpeg's 8 bits do.
    """
    frames = [shapes(shift) for shift in range(0, 51, 3)]
    Image.fromarray(frames[0]).save(folder / "shapes.png")
    Image.fromarray(numpy.where(numpy.mgrid[0:192, 0:256][1:] > 130, 255, 0).astype(numpy.uint8)[0]).save(
        folder / "hole.png"
    )
    with av.open(str(folder / "shapes.mov"), "w") as out:
        stream = out.add_stream("png", rate=24)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "rgb24"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    with wave.open(str(folder / "noise.wav"), "wb") as sound:
        sound.setparams((2, 2, 16_000, 0, "NONE", ""))
        heard = numpy.random.default_rng(5).normal(
            0, 3000, 32_000
        )  # in all bands: a tone alone leaves most at their floor
        sound.writeframes(numpy.repeat(heard.astype(numpy.int16), 2).tobytes())


def shapes(shift: int) -> numpy.ndarray:
    """Discs of colour on a slope of grey."""
    rows, columns = numpy.mgrid[0:192, 0:256]
    pixels = numpy.repeat((columns // 2)[..., None], 3, axis=2)
    discs = ((70, 60, 40, (220, 40, 30)), (170, 130, 50, (30, 90, 200)), (200, 40, 25, (250, 220, 60)))
    for x, y, radius, colour in discs:
        pixels[(columns - x - shift) ** 2 + (rows - y) ** 2 < radius**2] = colour
    return pixels.astype(numpy.uint8)


def compiled(name: str, models: ModelSet, folder: Path, target: str = "comfy") -> Compilation:
    """A script in a folder, as an export reads it."""
    measured = "\nlike " in SCRIPTS[name]
    text = f'{UNMEASURED if measured else HEAD}{SCRIPTS[name]}\nsave "a.mp4"\n'
    found = compile(Source(text, str(folder / "same.ltx")), models, Request(target=target))
    if not found.ok:
        raise ValueError(f"{name}: {[d.message for d in found.diagnostics]}")
    return found


def ours(
    found: Compilation, session: Session, noise_order: NoiseOrder = "joined", fitting: Fitting = "cut_first"
) -> dict[str, Tensor]:
    """The latents that would be decoded, in order: `video 1` 1 C T H W, `audio 1` 1 C T F. In ComfyUI's ways."""
    session.noise_order, session.fitting = noise_order, fitting
    wanted = decoded(found)
    values: dict[Ref, Any] = {}
    needed = _upstream(found, set(wanted.values()))
    for node in found.graph.order():
        if node.id in needed:
            given = {port: values[ref] for port, ref in node.inputs.items()}
            made = KERNELS[node.op.kernel](session, node.op, **given)
            values |= {Ref(node.id, port): value for port, value in made.items()}
    return {name: values[ref].samples for name, ref in wanted.items()}


def run_here(name: str, models: ModelSet, folder: Path) -> Compilation:
    """The script as it is run here: as an export reads it, but for what only a server measures."""
    return compiled(name, models, folder, "local" if "\nlike " in SCRIPTS[name] else "comfy")


def decoded(found: Compilation) -> dict[str, Ref]:
    """What is decoded, by kind and number."""
    wanted: dict[str, Ref] = {}
    for kind, op, port in (("video", nodes.DecodeVideo, "latent"), ("audio", nodes.DecodeAudio, "audio")):
        refs = dict.fromkeys(node.inputs[port] for node in found.graph.order() if isinstance(node.op, op))
        wanted |= {f"{kind} {i}": ref for i, ref in enumerate(refs, 1)}
    return wanted


def _upstream(found: Compilation, ends: set[Ref]) -> set[str]:
    seen: set[str] = set()
    waiting = [ref.node for ref in ends]
    while waiting:
        id = waiting.pop()
        if id not in seen:
            seen.add(id)
            waiting += [ref.node for ref in found.graph[id].inputs.values()]
    return seen


def relative_error(one: Tensor, other: Tensor) -> float:
    """The largest difference over the largest value."""
    return float((one - other).abs().max() / other.abs().max()) if one.shape == other.shape else float("inf")
