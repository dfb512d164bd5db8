"""Inputs of ComfyUI's nodes that change no picture and no sound, and what passes have in common."""

from __future__ import annotations

from ltxdsl.comfy.equal import DECODE, LOADERS, SCHEDULERS

ALL = ("*",)
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
    # What the editor draws its timeline with.
    "PromptRelayEncodeTimeline": ("timeline_data", "max_frames", "fps", "time_units"),
    "KSampler": ("scheduler",),
    "ClownSampler_Beta": ("seed",),
    "TextGenerateLTX2Prompt": ALL,
    "LTXVGemmaEnhancePrompt": ALL,
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "SolidMask": ("width", "height"),
    "LTXVSetAudioRefTokens": (),
    "VHS_LoadAudioUpload": ("audio",),
    "TrimAudioDuration": ("start_index", "duration"),
    "ComfyMathExpression": ("expression",),
    **dict.fromkeys(SCHEDULERS, ALL),
}

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
