"""The order of inputs that a choice brings, lost where an `/object_info` was written with sorted keys.

Values of widgets are kept by their order, so it matters. A server's own answer has it; a copy may not. Each row was
found in files that name their values, in values that fit one order only, or in the class's source; other classes
keep the order of the copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ltxdsl.comfy.interface import DYNAMIC

# By `Class.combo`; `#` is a number, and names with one go round by it.
ORDERS = {
    "BriaImageEditNode.moderation": "prompt_content_moderation visual_input_moderation visual_output_moderation",
    "ByteDance2FirstLastFrameNode.model": "prompt resolution ratio duration generate_audio",
    "ByteDance2TextToVideoNode.model": "prompt resolution ratio duration generate_audio",
    "ClaudeNode.model": "max_tokens temperature reasoning_effort",
    "DA3Render.output": "normalization apply_sky_clip",
    "ElevenLabsSpeechToSpeech.model": "speed similarity_boost use_speaker_boost style",
    "ElevenLabsTextToDialogue.inputs": "text#",
    "ElevenLabsTextToSpeech.model": "speed similarity_boost use_speaker_boost style",
    "Flux2ImageNode.model": "width height",
    "GLSLShader.size_mode": "width height",
    "GeminiNanoBanana2V2.model": "aspect_ratio resolution thinking_level",
    "GeminiNodeV2.model": "thinking_level temperature top_p max_output_tokens",
    "GrokImageEditNodeV2.model": "resolution number_of_images aspect_ratio",
    "GrokVideoReferenceNode.model": "resolution aspect_ratio duration",
    "HappyHorseImageToVideoApi.model": "prompt resolution duration",
    "HappyHorseReferenceVideoApi.model": "prompt resolution ratio duration",
    "HappyHorseTextToVideoApi.model": "prompt resolution ratio duration",
    "HappyHorseVideoEditApi.model": "prompt resolution ratio",
    "KlingOmniProFirstLastFrameNode.storyboards": "storyboard_#_prompt storyboard_#_duration",
    "KlingOmniProImageToVideoNode.storyboards": "storyboard_#_prompt storyboard_#_duration",
    "KlingOmniProTextToVideoNode.storyboards": "storyboard_#_prompt storyboard_#_duration",
    "KlingVideoNode.model": "resolution aspect_ratio",
    "KlingVideoNode.multi_shot": "storyboard_#_prompt storyboard_#_duration",
    "Krea2ImageNode.model": "aspect_ratio resolution creativity moodboard_id moodboard_strength",
    "LTXVAddGuideMulti.num_guides": "frame_idx_# strength_#",
    "LTXVImgToVideoInplaceKJ.num_images": "index_# strength_#",
    "LumaImageEditNode2.model": "style web_search",
    "MeshyImageToModelNode.should_remesh": "topology target_polycount",
    "MeshyMultiImageToModelNode.should_remesh": "topology target_polycount",
    "MeshyTextToModelNode.should_remesh": "topology target_polycount",
    "OpenAIGPTImageNodeV2.model": "size custom_width custom_height background quality",
    "ResizeImageMaskNode.resize_type": "width height crop",
    "SaveImageAdvanced.format": "bit_depth input_color_space",
    "TextGenerate.sampling_mode": "temperature top_k top_p min_p repetition_penalty seed presence_penalty",
    "TextGenerateLTX2Prompt.sampling_mode": "temperature top_k top_p min_p repetition_penalty seed presence_penalty",
    "TripoP1ImageToModelNode.output_mode": "pbr texture_quality texture_alignment orientation texture_seed",
    "TripoP1MultiviewToModelNode.output_mode": "pbr texture_quality texture_alignment orientation texture_seed",
    "TripoP1TextToModelNode.output_mode": "pbr texture_quality texture_seed",
    "Vidu3ImageToVideoNode.model": "resolution duration audio",
    "Vidu3TextToVideoNode.model": "aspect_ratio resolution duration audio",
    "ViduExtendVideoNode.model": "duration resolution",
    "Wan2VideoEditApi.model": "prompt resolution ratio duration",
}


def restored(object_info: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with inputs in the order that the class says, and those of choices in theirs."""
    return {
        name: {**info, "input": _sections(name, info.get("input") or {}, info.get("input_order") or {})}
        for name, info in object_info.items()
    }


def _sections(name: str, sections: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: {one: _spec(f"{name}.{one}", specs[one]) for one in _by(order.get(kind), specs)}
        for kind, specs in sections.items()
    }


def _by(order: Any, specs: Mapping[str, Any]) -> list[str]:
    listed = [name for name in order or () if name in specs]
    return listed + [name for name in specs if name not in listed]


def _spec(place: str, spec: Any) -> Any:
    if place not in ORDERS or not isinstance(spec, list) or spec[0] != DYNAMIC:
        return spec
    wanted = ORDERS[place].split()
    options = [{**one, "inputs": _ordered(one.get("inputs") or {}, wanted)} for one in spec[1]["options"]]
    return [spec[0], {**spec[1], "options": options}]


def _ordered(sections: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    return {
        kind: dict(sorted(specs.items(), key=lambda item: _place(item[0], wanted))) for kind, specs in sections.items()
    }


def _place(name: str, wanted: list[str]) -> tuple[int, int]:
    """Plain names by their place in the list, numbered ones by their number first; others before all."""
    number = re.search(r"[0-9]+", name)
    plain = name[: number.start()] + "#" + name[number.end() :] if number else name
    if number and plain in wanted:
        return int(number[0]), wanted.index(plain)
    return (0, wanted.index(name)) if name in wanted else (-1, 0)
