"""Usual ways to write a ComfyUI workflow, by the names that `spell` has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ltxdsl.ops.base import ORDERED, Rename
from ltxdsl.ops.cells import Symbol


class Idiom(NamedTuple):
    """What it means, and its spellings: class, class in its place, lines.

    `later`: not in the first pass; `apart`: each of them is for other statements.
    """

    doc: str
    spellings: tuple[tuple[str, str, Mapping[str, Any]], ...]
    later: bool = False
    apart: bool = False


LIGHTRICKS = "1., 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0"
CROPPED_PROMPTS = ("CFGGuider", "", {"positive": Symbol("positive_cropped"), "negative": Symbol("negative_cropped")})
CROPPED_LATENT = ("LTXVLatentUpsampler", "", {"samples": Symbol("latent_cropped")})

IDIOMS: dict[str, Idiom] = {
    "denoised": Idiom(
        "picture and sound come from the sampler's other output, `denoised_output`",
        (("LTXVSeparateAVLatent", "", {"av_latent": Rename("av_latent", slot=1)}),),
    ),
    "cropped": Idiom(
        "guider and latent upsampler take what `LTXVCropGuides` gives, though there are no guides",
        (CROPPED_PROMPTS, CROPPED_LATENT),
        later=True,
    ),
    "prompts_cropped": Idiom(
        "the guider alone takes the prompts that `LTXVCropGuides` gives", (CROPPED_PROMPTS,), later=True
    ),
    "uncut": Idiom(
        "a sound that is kept goes in as it was encoded, not cut to the clip's latents",
        (("SetLatentNoiseMask", "", {"samples": Rename("LTXVAudioVAEEncode")}),),
    ),
    "sampled": Idiom(
        "a sound that is kept goes on, and into files, as the pass before hands it on, not as it was encoded",
        (
            ("LTXVConcatAVLatent", "", {"audio_latent": Symbol("audio_sampled")}),
            ("LTXVAudioVAEDecode", "", {"samples": Symbol("audio_sampled")}),
        ),
        later=True,
        apart=True,
    ),
    "lightricks": Idiom(
        "the sigmas of `distilled` in Lightricks' digits, `1., 0.99375, …`",
        (("ManualSigmas", "", {"sigmas": LIGHTRICKS}),),
    ),
    "scheduler": Idiom("`LTXVScheduler` in place of a list of sigmas", (("ManualSigmas", "LTXVScheduler", {}),)),
    "ksampler": Idiom(
        "`KSampler` in place of a sampler with a node for each part", (("SamplerCustomAdvanced", "KSampler", {}),)
    ),
    "rated_last": Idiom(
        "prompts get the frame rate behind the guides, not before them", ((ORDERED, "", {"rate": "last"}),)
    ),
    "sound_first": Idiom(
        "of guidance by modality the sound's node stands before the picture's", ((ORDERED, "", {"sound": "first"}),)
    ),
    "tiled": Idiom("`LTXVTiledVAEDecode` decodes, in 2 by 2 tiles", (("VAEDecode", "LTXVTiledVAEDecode", {}),)),
    "tiled_in_time": Idiom(
        "`LTXVSpatioTemporalTiledVAEDecode` decodes, in 4 by 4 tiles of 16 frames",
        (("VAEDecode", "LTXVSpatioTemporalTiledVAEDecode", {}),),
    ),
    "vhs": Idiom("`VHS_VideoCombine` saves the video", (("SaveVideo", "VHS_VideoCombine", {}),)),
    "kj": Idiom(
        "`VAELoaderKJ` loads both VAEs",
        (("VAELoader", "VAELoaderKJ", {}), ("LTXVAudioVAELoader", "VAELoaderKJ", {})),
    ),
    "gguf": Idiom(
        "`DualCLIPLoaderGGUF` loads the text encoder", (("LTXAVTextEncoderLoader", "DualCLIPLoaderGGUF", {}),)
    ),
}
