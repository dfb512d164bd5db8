"""What does the same in ComfyUI: classes in each other's place, and inputs that change no picture and no sound."""

from __future__ import annotations

LTX_DECODE = {
    "LTXVTiledVAEDecode": {"latents": "samples"},
    "LTXVSpatioTemporalTiledVAEDecode": {"samples": "samples"},
}
DECODE = ("VAEDecode", "VAEDecodeTiled", *LTX_DECODE)
ALL = ("*",)
LOADERS: dict[str, tuple[str, ...]] = {  # each with those of the same part in the same form
    "CheckpointLoaderSimple": ("LowVRAMCheckpointLoader",),
    "UNETLoader": ("UnetLoaderGGUF", "UnetLoaderGGUFAdvanced", "DiffusionModelLoaderKJ"),
    "UnetLoaderGGUF": ("UNETLoader", "UnetLoaderGGUFAdvanced"),
    "VAELoader": ("VAELoaderKJ",),
    "LTXVAudioVAELoader": ("VAELoader", "VAELoaderKJ", "LowVRAMAudioVAELoader"),
    "LTXAVTextEncoderLoader": (
        "DualCLIPLoader",
        "DualCLIPLoaderGGUF",
        "CLIPLoader",
        "CLIPLoaderGGUF",
        "LTXVGemmaCLIPModelLoader",
    ),
    "LatentUpscaleModelLoader": ("LowVRAMLatentUpscaleModelLoader",),
}
CONTROL = ("crop", "use_tiled_encode", "tile_size", "tile_overlap", "latent_downscale_factor")
OTHER_LOADERS = tuple(other for others in LOADERS.values() for other in others)
# Inputs that may be written otherwise: where and how files are read and written, tiles, precision.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "SaveVideo": ("filename_prefix", "format", "codec", "save_metadata"),
    "CreateVideo": ("bit_depth",),
    "LoadImage": ALL,
    "LoadAudio": ALL,
    "LoadVideo": ALL,
    **dict.fromkeys((*LOADERS, *OTHER_LOADERS), ALL),
    "LoraLoaderModelOnly": ("lora_name",),
    "LTXICLoRALoaderModelOnly": ("lora_name",),
    "LTX2_NAG": ("inplace",),
    "LTXVLoopingSampler": ("guiding_start_step", "guiding_end_step", "optional_cond_image_indices"),
    "LTX2AttentionTunerPatch": ("triton_kernels",),
    "PathchSageAttentionKJ": ("allow_compile",),
    "LTX2MemoryEfficientSageAttentionPatch": ALL,
    "EasyCache": ("verbose",),
    "LazyCache": ("verbose",),
    "LTXVImgToVideoConditionOnly": (),
    **dict.fromkeys(("LTXAddVideoICLoRAGuide", "LTXAddVideoICLoRAGuideAdvanced"), CONTROL),
    "VHS_VideoCombine": ALL,
    **dict.fromkeys(DECODE, ALL),
    "EmptyLTXVLatentVideo": ("batch_size",),
    "LTXVEmptyLatentAudio": ("batch_size", "frames_number", "frame_rate"),
    "KSamplerSelect": (),
    "KSampler": ("scheduler",),
    "ClownSampler_Beta": ("seed",),
    "TextGenerateLTX2Prompt": ALL,
    "LoraLoader": ("lora_name", "strength_model"),
    "SolidMask": ("width", "height"),
    "TrimAudioDuration": ("start_index", "duration"),
    "LTXVScheduler": ALL,
    "BasicScheduler": ALL,
}
# Classes that do the same, each with the names that its links have in place of those of the first; `guider.model` is
# the input `model` of the node that is linked to the input `guider`, which the other class does without.
SAME: dict[str, dict[str, dict[str, str]]] = {
    **{kind: {other: {} for other in others} for kind, others in LOADERS.items()},
    "VAEDecode": {"VAEDecodeTiled": {}, **LTX_DECODE},
    "VAEDecodeTiled": {"VAEDecode": {}, **LTX_DECODE},
    "LTXICLoRALoaderModelOnly": {"LoraLoaderModelOnly": {}},
    "LoraLoaderModelOnly": {"LTXICLoRALoaderModelOnly": {}, "LoraLoader": {}},
    "PathchSageAttentionKJ": {"LTX2MemoryEfficientSageAttentionPatch": {}},
    "LTXVImgToVideoInplace": {"LTXVImgToVideoConditionOnly": {}},
    "SamplerCustomAdvanced": {
        sampler: {name: f"guider.{name}" for name in ("model", "positive", "negative")}
        for sampler in ("KSampler", "SamplerCustom")
    },
    "ClownSampler_Beta": {"KSamplerSelect": {}},
    "CFGGuider": {"BasicGuider": {"conditioning": "positive"}, "LTXVDualCFGGuider": {}},
    "MultimodalGuider": {"LTXVDualCFGGuider": {}},
    "SaveVideo": {
        "VHS_VideoCombine": {"images": "video.images", "audio": "video.audio"},
        "CreateVideo": {"images": "video.images", "audio": "video.audio"},
    },
    "ManualSigmas": {"LTXVScheduler": {}, "BasicScheduler": {}},
    "ResizeImageMaskNode": {"ResizeImagesByLongerEdge": {"images": "input"}, "ImageScale": {"image": "input"}},
}


RESIZES = dict.fromkeys(("ResizeImagesByLongerEdge", "ImageScale"), ALL)  # see `_may_be`
SPELLINGS |= RESIZES
SCHEDULERS = ("LTXVScheduler", "BasicScheduler")


PADS = {
    "LatentCut": "samples",
    "AudioConcat": "audio1",
    "TrimAudioDuration": "audio",
}  # each with what it trims or pads
OF_WRITING = ("TextGenerateLTX2Prompt", "LoraLoader")
COMMON = {("CLIPTextEncode", "clip"), ("LTXVConditioning", "frame_rate"), ("LTXVSeparateAVLatent", "av_latent")}


def in_common(type: str, input: str) -> bool:
    """Whether passes, and raw nodes that take a prompt, are likely to have this input in common."""
    return type in LOADERS or type in OF_WRITING or (type, input) in COMMON
