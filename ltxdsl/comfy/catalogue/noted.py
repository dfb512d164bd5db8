"""Interfaces of small nodes of packs, noted by hand from the packs' public source where no server's answer ships.

A row is `Class < inputs > outputs`, under the name of its pack; `!` at the end is a node that a server runs though
nothing reads it. An input is `name:TYPE=default`, with `?` after the name if it may be left open; a type with `^` has a
socket and no widget; one with commas is a list of choices.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

ROWS = """
[ComfyUI]
LTXVDualCFGGuider < model:MODEL positive:CONDITIONING negative:CONDITIONING video_cfg:FLOAT=1.0 audio_cfg:FLOAT=1.0 > \
GUIDER:GUIDER

[Comfyui-Memory_Cleanup]
VRAMCleanup < anything:* offload_model:BOOLEAN=true offload_cache:BOOLEAN=true > output:* !
RAMCleanup < anything:* clean_file_cache:BOOLEAN=true clean_processes:BOOLEAN=true clean_dlls:BOOLEAN=true \
retry_times:INT=3 > output:* !

[ComfyUI_LayerStyle]
LayerUtility: PurgeVRAM < anything:* purge_cache:BOOLEAN=true purge_models:BOOLEAN=true > !
LayerUtility: PurgeVRAM V2 < anything:* purge_cache:BOOLEAN=true purge_models:BOOLEAN=true > any:* !
LayerUtility: AnyRerouter < any:* > any:*
LayerUtility: TextBox < text:STRING > text:STRING
LayerUtility: String < string:STRING > string:STRING
LayerUtility: Integer < int_value:INT=0 > int:INT string:STRING
LayerUtility: Float < float_value:FLOAT=0 > float:FLOAT string:STRING
LayerUtility: Boolean < bool_value:BOOLEAN=false > boolean:BOOLEAN string:STRING
LayerUtility: Seed < seed:INT=0 > seed:INT
LayerUtility: NumberCalculator < a:* b:* operator:+,-,*,/,**,//,%,nth_root,min,max > int:INT float:FLOAT

[comfyui-vrgamedevgirl]
VRGDG_ShowText < text?:STRING^ > text_output:STRING !
VRGDG_ShowAny < value?:*^ > text_output:STRING !
VRGDG_ShowImage < image?:IMAGE^ > !
VRGDG_TextBox < text:STRING output_mode:string,json > text_output:STRING json_output:JSON
VRGDG_IntToFloat < value:INT=0 > value:FLOAT
VRGDG_LatestSRTAutoLoader < trigger:INT=0 refresh:INT=0 > srt_full_path:STRING srt_file_name:STRING
VRGDG_LoadAudioFilePath < refresh:INT=0 > audio_file_path:STRING audio_file_name:STRING
VRGDG_LoadAudioSplit_SRTOnly < audio:AUDIO trigger:* srt_file:STRING fixed_duration:INT=0 fps:INT=24 \
folder_path:STRING="VRGDG_Video" enable_auto_queue:BOOLEAN=true redo_prompt_number:INT=0 \
use_remake_folder:BOOLEAN=false overwrite_mode:overwrite,backup tail_loss_frames:INT=5 pre_frames:INT=0 > meta:DICT \
total_duration:FLOAT index:INT frames_for_ltx:INT start_time:STRING end_time:STRING instructions:STRING \
total_sets:INT frames_per_scene:INT preroll_frames:INT audio_meta:DICT output_folder:STRING overwrite_mode:STRING \
audio:AUDIO signal_out:*
VRGDG_TrimImageBatch_SRTOnly < images:IMAGE frames_per_scene:INT pre_frames:INT chunk_index:INT fps:INT=25 > \
images:IMAGE
VRGDG_BuildVideoOutputPath_General_SRT < output_folder:STRING chunk_index:INT base_name:STRING="video" \
overwrite_mode:STRING > output_path:STRING
VRGDG_AudioCrop < audio:AUDIO start_time:STRING="0:00" end_time:STRING="1:00" > AUDIO:AUDIO
VRGDG_MultiStringConcat < string_count:INT=2 delimiter:STRING="\\\\n\\\\n" string_1:STRING string_2:STRING \
string_3:STRING string_4:STRING string_5:STRING string_6:STRING string_7:STRING string_8:STRING string_9:STRING \
string_10:STRING string_11:STRING string_12:STRING string_13:STRING string_14:STRING string_15:STRING \
string_16:STRING string_17:STRING string_18:STRING string_19:STRING string_20:STRING > text:STRING
VRGDG_PromptSplitter_General < json_string:STRING="[]" index:INT=0 > text_output:STRING

[ComfyUI-Custom-Scripts]
ShowText|pysssss < text:STRING^ > STRING:STRING !
MathExpression|pysssss < expression:STRING a?:* b?:* c?:* > INT:INT FLOAT:FLOAT !
ReroutePrimitive|pysssss < value:* > *:*

[ComfyUI-Easy-Use]
easy showAnything < anything?:* > output:* !
easy cleanGpuUsed < anything:* > output:* !
easy clearCacheAll < anything:* > output:* !
easy string < value:STRING > string:STRING
easy int < value:INT=0 > int:INT
easy float < value:FLOAT=0 > float:FLOAT
easy boolean < value:BOOLEAN=false > boolean:BOOLEAN
easy seed < seed:INT=0 > seed:INT
easy mathInt < a:INT=0 b:INT=0 operation:add,subtract,multiply,divide,modulo,power > INT:INT
easy mathFloat < a:FLOAT=0 b:FLOAT=0 operation:add,subtract,multiply,divide,modulo,power > FLOAT:FLOAT
easy simpleMath < value:STRING a?:* b?:* c?:* > int:INT float:FLOAT boolean:BOOLEAN
easy anythingIndexSwitch < index:INT=0 value0?:* value1?:* value2?:* value3?:* value4?:* value5?:* value6?:* \
value7?:* value8?:* value9?:* > value:*
easy globalSeed < value:INT=0 mode:BOOLEAN=true action:fixed,increment,decrement,randomize last_seed:STRING > !
easy pipeIn < pipe?:PIPE_LINE model?:MODEL pos?:CONDITIONING neg?:CONDITIONING latent?:LATENT vae?:VAE clip?:CLIP \
image?:IMAGE xyPlot?:XYPLOT > pipe:PIPE_LINE
easy pipeOut < pipe:PIPE_LINE > pipe:PIPE_LINE model:MODEL pos:CONDITIONING neg:CONDITIONING latent:LATENT vae:VAE \
clip:CLIP image:IMAGE seed:INT
easy ifElse < boolean:BOOLEAN on_true:* on_false:* > *:*
easy imageSwitch < image_a:IMAGE image_b:IMAGE boolean:BOOLEAN=false > IMAGE:IMAGE
easy textSwitch < input:INT=1 text1?:STRING^ text2?:STRING^ > STRING:STRING

[ComfyUI_essentials]
DisplayAny < input:* mode:STRING > STRING:STRING !
SimpleMath+ < value:STRING a?:* b?:* c?:* > INT:INT FLOAT:FLOAT
SimpleMathDual+ < value_1:STRING value_2:STRING a?:* b?:* c?:* d?:* > int_1:INT float_1:FLOAT int_2:INT float_2:FLOAT
SimpleMathInt+ < value:INT=0 > INT:INT
SimpleMathFloat+ < value:FLOAT=0 > FLOAT:FLOAT
SimpleMathPercent+ < value:FLOAT=0 > FLOAT:FLOAT
SimpleMathBoolean+ < value:BOOLEAN=false > BOOLEAN:BOOLEAN
SimpleMathSlider+ < value:FLOAT=0.5 min:FLOAT=0 max:FLOAT=1 rounding:INT=0 > FLOAT:FLOAT INT:INT
SimpleComparison+ < a:* b:* comparison:==,!=,<,<=,>,>= > BOOLEAN:BOOLEAN

[ComfyMath]
CM_BoolToInt < a:BOOLEAN=false > INT:INT
CM_IntToBool < a:INT=0 > BOOLEAN:BOOLEAN
CM_FloatToInt < a:FLOAT=0 > INT:INT
CM_IntToFloat < a:INT=0 > FLOAT:FLOAT
CM_IntToNumber < a:INT=0 > NUMBER:NUMBER
CM_NumberToInt < a:NUMBER > INT:INT
CM_FloatToNumber < a:FLOAT=0 > NUMBER:NUMBER
CM_NumberToFloat < a:NUMBER > FLOAT:FLOAT

[ComfyUI-Impact-Pack]
ImpactInt < value:INT=0 > INT:INT
ImpactFloat < value:FLOAT=1 > FLOAT:FLOAT
ImpactBoolean < value:BOOLEAN=false > BOOLEAN:BOOLEAN
ImpactNeg < value:BOOLEAN^ > BOOLEAN:BOOLEAN
ImpactLogicalOperators < operator:and,or,xor bool_a:BOOLEAN^ bool_b:BOOLEAN^ > BOOLEAN:BOOLEAN
ImpactConditionalBranch < cond:BOOLEAN tt_value:* ff_value:* > *:*
ImpactIfNone < signal?:* any_input?:* > signal_opt:* bool:BOOLEAN
ImpactExecutionOrderController < signal:* value:* > signal:* value:*
ToBasicPipe < model:MODEL clip:CLIP vae:VAE positive:CONDITIONING negative:CONDITIONING > basic_pipe:BASIC_PIPE
FromBasicPipe < basic_pipe:BASIC_PIPE > model:MODEL clip:CLIP vae:VAE positive:CONDITIONING negative:CONDITIONING

[comfyui-various]
JWInteger < value:INT=0 > INT:INT
JWIntegerToFloat < value:INT=0 > FLOAT:FLOAT
JWFloat < value:FLOAT=0 > FLOAT:FLOAT
JWFloatToInteger < value:FLOAT=0 mode:round,floor,ceiling > INT:INT
JWString < text:STRING > STRING:STRING
JWStringMultiline < text:STRING > STRING:STRING
JWStringConcat < a:STRING b:STRING > STRING:STRING
JWStringReplace < source:STRING to_replace:STRING replace_with:STRING > STRING:STRING
JWStringGetLine < source:STRING line_index:INT=0 > STRING:STRING
JWStringToInteger < text:STRING="0" > INT:INT
JWStringToFloat < text:STRING="0.0" > FLOAT:FLOAT

[ComfyUI-Logic]
Int-🔬 < value:INT=0 > INT:INT
Float-🔬 < value:FLOAT=0 > FLOAT:FLOAT
Bool-🔬 < value:BOOLEAN=false > BOOLEAN:BOOLEAN
String-🔬 < value:STRING > STRING:STRING
If ANY return A else B-🔬 < ANY:* IF_TRUE:* IF_FALSE:* > ?:*

[ComfyUI-MelBandRoFormer]
MelBandRoFormerModelLoader < model_name:STRING > model:MELROFORMERMODEL
MelBandRoFormerSampler < model:MELROFORMERMODEL audio:AUDIO > vocals:AUDIO instruments:AUDIO

[ComfyUI-mxToolkit]
mxSlider < Xi:INT=20 Xf:FLOAT=20 isfloatX:INT=0 > X:*
mxSlider2D < Xi:INT=512 Xf:FLOAT=512 Yi:INT=512 Yf:FLOAT=512 isfloatX:INT=0 isfloatY:INT=0 > X:* Y:*

[was-node-suite-comfyui]
Text Multiline < text:STRING > STRING:STRING
"""


@cache
def noted() -> dict[str, msgspec.Raw]:
    """The interfaces by class, as a server would say them."""
    found: dict[str, msgspec.Raw] = {}
    pack = ""
    for line in filter(None, ROWS.splitlines()):
        if line.startswith("["):
            pack = line.strip("[]")
            continue
        name, _, rest = line.partition(" < ")
        inputs, _, outputs = rest.partition(" > ")
        found[name] = msgspec.Raw(msgspec.json.encode(_info(name, pack, inputs.split(), outputs.split())))
    return found


def _info(name: str, pack: str, inputs: list[str], outputs: list[str]) -> dict[str, Any]:
    sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for one in inputs:
        input, _, type = one.partition(":")
        sections["optional" if input.endswith("?") else "required"][input.removesuffix("?")] = _spec(type)
    named = [one.partition(":") for one in outputs if one != "!"]
    return {
        "input": sections,
        "input_order": {kind: list(specs) for kind, specs in sections.items()},
        "output": [type for _, _, type in named],
        "output_name": [output for output, _, _ in named],
        "output_is_list": [False] * len(named),
        "output_node": "!" in outputs,
        "name": name,
        "python_module": f"custom_nodes.{pack}",
    }


def _spec(said: str) -> list[Any]:
    type, given, default = said.partition("=") if "," not in said else (said, "", "")
    if "," in type:
        return [type.split(","), {}]
    options: dict[str, Any] = {"default": msgspec.json.decode(default)} if given else {}
    if type.endswith("^"):
        return [type.removesuffix("^"), {"forceInput": True}]
    return [type, {**options, "default": ""} if type == "STRING" and not given else options]
