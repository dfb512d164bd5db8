"""Classes of nodes that do the same, and what a node of one has in the place of what the other has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.catalogue.multigpu import variants
from ltxdsl.comfy.interface import brought_values, known_sockets


class Fixed(NamedTuple):
    """A literal that such a node has wherever it stands for the other one, unless a script says another."""

    value: Any


class StepsOf(NamedTuple):
    """How many steps a list of sigmas has."""

    path: str


class LastOf(NamedTuple):
    """A name without the family that stands before it."""

    path: str


# An input of the node itself; with a point, of the node that is linked there; or a class of nodes of the same pass.
Source: TypeAlias = "str | Fixed | StepsOf | LastOf"
Sources: TypeAlias = Mapping[str, Source]

LTX_DECODE: dict[str, Sources] = {  # in the tiles that Lightricks' workflows have
    "LTXVTiledVAEDecode": {
        "latents": "samples",
        "horizontal_tiles": Fixed(2),
        "vertical_tiles": Fixed(2),
        "overlap": Fixed(6),
    },
    "LTXVSpatioTemporalTiledVAEDecode": {
        "latents": "samples",
        "spatial_overlap": Fixed(4),
        "temporal_overlap": Fixed(4),
    },
}
DECODE = ("VAEDecode", "VAEDecodeTiled", *LTX_DECODE)
GEMMA_AND_PROJECTION: Sources = {"clip_name1": "text_encoder", "clip_name2": "ckpt_name", "type": Fixed("ltxv")}
GEMMA: Sources = {"clip_name": "text_encoder", "type": Fixed("ltxv")}
GUIDED: Sources = {
    **{name: f"guider.{name}" for name in ("model", "positive", "negative", "cfg")},
    **dict.fromkeys(("seed", "noise_seed"), "noise.noise_seed"),
    "sampler_name": "sampler.sampler_name",
    "steps": StepsOf("sigmas.sigmas"),
}
LOADERS: dict[str, dict[str, Sources]] = {  # each with those of the same part in the same form
    "CheckpointLoaderSimple": {"LowVRAMCheckpointLoader": {}},
    "UNETLoader": {
        "UnetLoaderGGUF": {},
        "UnetLoaderGGUFAdvanced": {},
        "DiffusionModelLoaderKJ": {"model_name": "unet_name"},
        "GGUFLoaderKJ": {"model_name": "unet_name"},
    },
    "UnetLoaderGGUF": {"UNETLoader": {}, "UnetLoaderGGUFAdvanced": {}, "GGUFLoaderKJ": {"model_name": "unet_name"}},
    "VAELoader": {"VAELoaderKJ": {}},
    "VAELoaderKJ": {"VAELoader": {}},
    "LTXVAudioVAELoader": {
        "VAELoader": {"vae_name": "ckpt_name"},
        "VAELoaderKJ": {"vae_name": "ckpt_name"},
        "LowVRAMAudioVAELoader": {},
    },
    "LTXAVTextEncoderLoader": {
        **dict.fromkeys(("DualCLIPLoader", "DualCLIPLoaderGGUF"), GEMMA_AND_PROJECTION),
        **dict.fromkeys(("CLIPLoader", "CLIPLoaderGGUF"), GEMMA),
        "LTXVGemmaCLIPModelLoader": {"gemma_path": "text_encoder", "ltxv_path": "ckpt_name"},
    },
    "LatentUpscaleModelLoader": {"LowVRAMLatentUpscaleModelLoader": {}},
}
for _type, _others in LOADERS.items():
    _found = {other: sources for name, sources in {_type: {}, **_others}.items() for other, _ in variants(name)}
    LOADERS[_type] = {**_others, **_found}
SCHEDULERS: dict[str, Sources] = {
    "LTXVScheduler": {"steps": StepsOf("sigmas"), "latent": "LTXVConcatAVLatent"},
    "BasicScheduler": {"steps": StepsOf("sigmas")},
}
SAME: dict[str, dict[str, Sources]] = {
    **LOADERS,
    "VAEDecode": {"VAEDecodeTiled": {}, **LTX_DECODE},
    "VAEDecodeTiled": {"VAEDecode": {}, **LTX_DECODE},
    "LTXICLoRALoaderModelOnly": {"LoraLoaderModelOnly": {}},
    "LoraLoaderModelOnly": {"LTXICLoRALoaderModelOnly": {}, "LoraLoader": {}},
    "PathchSageAttentionKJ": {"LTX2MemoryEfficientSageAttentionPatch": {}},
    "LTXVImgToVideoInplace": {"LTXVImgToVideoConditionOnly": {}},
    "PromptRelayEncode": {"PromptRelayEncodeTimeline": {}},
    "SamplerCustomAdvanced": dict.fromkeys(("KSampler", "SamplerCustom"), GUIDED),
    "ClownSampler_Beta": {"KSamplerSelect": {"sampler_name": LastOf("sampler_name")}},
    "CFGGuider": {
        "BasicGuider": {"conditioning": "positive"},
        "LTXVDualCFGGuider": {"video_cfg": "cfg", "audio_cfg": "cfg"},
    },
    "MultimodalGuider": {
        "LTXVDualCFGGuider": {"video_cfg": "parameters.parameters.cfg", "audio_cfg": "parameters.cfg"},
    },
    "SaveVideo": {
        "VHS_VideoCombine": {
            "images": "video.images",
            "audio": "video.audio",
            "frame_rate": "video.fps",
            "format": Fixed("video/h264-mp4"),
        },
        "CreateVideo": {name: f"video.{name}" for name in ("images", "audio", "fps", "bit_depth")},
    },
    "ManualSigmas": SCHEDULERS,
    "LoadAudio": {"VHS_LoadAudioUpload": {}},
    "TrimAudioDuration": {"VHS_LoadAudioUpload": {"audio": "audio.audio", "start_time": "start_index"}},
    "LTXVAudioVAEEncode": {"VAEEncodeAudio": {"vae": "audio_vae"}},
    "LTXAddVideoICLoRAGuide": {"LTXAddVideoICLoRAGuideAdvanced": {"attention_strength": Fixed(1.0)}},
    "TextGenerateLTX2Prompt": {"LTXVGemmaEnhancePrompt": {"max_tokens": "max_length", "seed": "sampling_mode.seed"}},
    "SetLatentNoiseMask": {"LTXVSetAudioRefTokens": {"audio_latent": "samples"}},
}


def as_other(
    type: str, other: str, inputs: Mapping[str, Any], given: Mapping[str, Any], reach: Callable[[str], Any]
) -> dict[str, Any]:
    """The inputs of a node of class `type`, as one of class `other` has them.

    Those that have a name in common or are said to be the same in SAME, then what an editor puts in. `given` is what a
    script says itself; `reach` gives what a path leads to, None if there is nothing.
    """
    sources = SAME.get(type, {}).get(other, {})
    found = {name: value for name, source in sources.items() if (value := _taken(source, reach)) is not None}
    info = catalogue().get(other)
    sockets = known_sockets(info, told := {**found, **given}) if info else {}
    if not info or not sockets:
        return {**_links(inputs), **found}
    usual = {name: socket.usual for name, socket in sockets.items() if socket.usual is not None and name not in sources}
    kept = {name: value for name, value in {**inputs, **found}.items() if name in sockets}
    return {**usual, **brought_values(info, told), **kept}


def _links(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if isinstance(value, tuple)}


def _taken(source: Source, reach: Callable[[str], Any]) -> Any:
    match source:
        case Fixed(value):
            return value
        case StepsOf(path):
            sigmas = numbers(reach(path))
            return len(sigmas) - 1 if sigmas else None
        case LastOf(path):
            return str(reach(path)).rpartition("/")[2]
    return reach(source)


def numbers(text: Any) -> list[float]:
    """The numbers of ManualSigmas, as the node finds them."""
    return [float(found) for found in re.findall(r"[-+]?(?:\d*\.*\d+)", text)] if isinstance(text, str) else []
