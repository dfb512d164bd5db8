"""What people do with LTX 2.3, and how it is said here: one row a technique, and the page made of them.

Statements, rules and examples of a row are names; `tests/test_techniques.py` holds them against what there is, and
compiles the examples. A technique without a statement says why.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import msgspec

from ltxdsl.ops import STATEMENTS
from ltxdsl.report.markdown import table
from ltxdsl.targets import TITLES


class Technique(msgspec.Struct, frozen=True):
    """One technique: what it is, the statements that say it, its rules, ComfyUI's nodes, and an example."""

    subject: str
    what: str
    statements: str = ""
    rules: str = ""
    nodes: str = ""
    example: str = ""
    why: str = ""  # no statement, or only in part: the reason


def _in(subject: str) -> Callable[..., Technique]:
    return lambda *row, **more: Technique(subject, *row, **more)


_size, _guide, _time, _pass = map(_in, ("Size and time", "Pictures", "Prompts in time", "Passes"))
_how, _lora, _sound, _long = map(_in, ("Guidance and samplers", "LoRAs and models", "Sound", "Longer and again"))
_out, _train = map(_in, ("Results", "Training and tools"))
_OUTSIDE = "training happens outside; its LoRA is used with `lora`"

TECHNIQUES = (
    _size("frames of the form 1 + 8N", "length", "LTX010", "EmptyLTXVLatentVideo", "text_to_video"),
    _size("sides that are multiples of 32, at every stage", "size", "LTX011", "EmptyLTXVLatentVideo", "three_passes"),
    _size(
        "multiples of 128 for three passes",
        "size pass upscale",
        "LTX011 LTX012",
        "EmptyLTXVLatentVideo",
        "three_passes",
    ),
    _size("a size that the model cannot make, cut exactly", "size", "LTX011 LTX129", "ImageCrop", "fit_exactly"),
    _size("no large square pictures after upscaling", "size", "LTX013", "", "", "a rule, nothing to write"),
    _size(
        "50 fps against smeared motion, every other frame kept",
        "fps every",
        "LTX018 LTX124",
        "VHS_SelectEveryNthImage",
        "every_other_frame",
    ),
    _size(
        "a clip as large and long as what it follows", "like image video", "LTX254", "GetImageSize", "like_a_picture"
    ),
    _guide("first frame given (image to video)", "inplace", "LTX021 LTX024", "LTXVImgToVideoInplace", "photo"),
    _guide("first and last frame", "inplace guide", "LTX020", "LTXVImgToVideoInplace LTXVAddGuide", "first_last_frame"),
    _guide(
        "pictures at other frames, as guides", "guide", "LTX020 LTX023", "LTXVAddGuide LTXVCropGuides", "guides_in_time"
    ),
    _guide("several guides at once", "guide", "LTX020", "LTXVAddGuide", "guides_in_one_line"),
    _guide(
        "another strength, or none, in one pass",
        "guide inplace lora",
        "LTX027",
        "LTXVAddGuide",
        "guides_in_one_line",
        "in the pass's block: the same thing at the same place",
    ),
    _guide(
        "a picture in place at a later frame", "inplace", "LTX028 LTX029", "LTXVImgToVideoInplaceKJ", "inplace_later"
    ),
    _guide("a reference before the first frame (-1)", "guide", "LTX025", "LTXVAddLatentGuide", "reference_before_clip"),
    _guide(
        "reference before the clip and first frame at once, such as a character sheet",
        "reference inplace",
        "LTX025 LTX130",
        "LTXVAddLatentGuide LTXVImgToVideoInplace",
        "character_sheet",
    ),
    _guide(
        "weak references (0.3 to 0.4) against watercolour artefacts",
        "reference guide",
        "LTX025 LTX130",
        "LTXVAddLatentGuide",
        "character_sheet",
    ),
    _guide(
        "stills compressed as the model saw them in training (crf 33)",
        "inplace guide",
        "LTX166",
        "LTXVPreprocess",
        "photo",
        "by itself; `crf 0` leaves a still as it is",
    ),
    _guide("the same guide twice for more motion", "guide", "LTX023", "LTXVAddGuide", "guide_twice"),
    _guide(
        "crops after guides, as many as needed",
        "guide",
        "LTX170",
        "LTXVCropGuides",
        "guides_in_time",
        "written by the compiler",
    ),
    _guide("a video as guide", "guide video", "LTX022 LTX160 LTX161 LTX162", "LTXVAddGuide", "guide_video"),
    _guide(
        "the attention of a guide by itself",
        "guide",
        "LTX144 LTX198",
        "LTXVAddGuideAdvancedAttention",
        "guide_attention",
    ),
    _guide(
        "union control: depth, canny, pose",
        "control",
        "LTX131 LTX132 LTX133",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly",
        "control_depth",
        "a finished control video; drawing it from a clip is not yet there",
    ),
    _guide(
        "motion track; camera from another video (Cameraman)",
        "control",
        "LTX131 LTX132 LTX133",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly",
        "",
        "as union control",
    ),
    _guide(
        "inpaint with masks, outpaint: holes and borders in the colour that an IC-LoRA fills",
        "control",
        "LTX134 LTX135 LTX136 LTX137",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly LTXVInpaintPreprocess ImagePadKJ",
        "comfy_outpaint",
        "a latent mask without a LoRA is `mask`",
    ),
    _guide(
        "ingredients: subjects of a sheet put together by an IC-LoRA",
        "control",
        "LTX131 LTX132 LTX133",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly RepeatImageBatch",
        "comfy_ingredients",
    ),
    _guide(
        "an IC-LoRA and a reference picture at once",
        "control reference",
        "LTX130 LTX132 LTX196",
        "",
        "control_and_reference",
    ),
    _guide(
        "two clips merged by an IC-LoRA (MergeGreen)",
        "control",
        "LTX131 LTX132",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly",
        "",
        "as union control; its video, with green between the two, is made outside",
    ),
    _guide(
        "restyling, such as anime to real",
        "control",
        "LTX131 LTX132 LTX133",
        "LTXAddVideoICLoRAGuide LTXICLoRALoaderModelOnly",
        "",
        "as union control",
    ),
    _time(
        "prompts that take turns (Prompt Relay)",
        "relay",
        "LTX030 LTX031 LTX032 LTX033 LTX035",
        "PromptRelayEncode",
        "relay_with_times",
    ),
    _time("epsilon: hard cuts or soft changes", "relay", "LTX036 LTX037", "PromptRelayEncode", "relay_soft"),
    _time("relay without NAG", "relay nag", "LTX030", "", "", "a rule, nothing to write"),
    _time(
        "relay with a backend of attention that knows masks",
        "relay attention",
        "LTX147",
        "PromptRelayEncode",
        "",
        "a rule, nothing to write",
    ),
    _time("lines with times in the prompt, `[4-8s] …`", "timed", "LTX039 LTX203", "CLIPTextEncode", "timed_lines"),
    _time("LoRAs for a part of the video", "lora relay", "LTX230 LTX231", "", "comfy_lora_by_segment"),
    _time("prompts written out by the text model", "enhance", "", "TextGenerateLTX2Prompt", "comfy_enhance"),
    _time(
        "an abliterated LoRA on the enhancer alone",
        "enhance",
        "LTX068",
        "TextGenerateLTX2Prompt LoraLoader",
        "comfy_enhance_abliterated",
    ),
    _time(
        "tags in the prompt, `[abc] … [scene] … [sound] …` (TalkVid)",
        "timed lora",
        "LTX039 LTX247",
        "CLIPTextEncode",
        "comfy_tagged_prompt",
    ),
    _pass("small first pass, then a 2x upscale", "pass upscale", "LTX016 LTX041", "LTXVLatentUpsampler", "photo"),
    _pass(
        "three passes: a quarter, then 2x twice", "pass upscale", "LTX012 LTX016", "LTXVLatentUpsampler", "three_passes"
    ),
    _pass(
        "recipes that are shared",
        "recipe use import",
        "LTX150 LTX151 LTX153",
        "",
        "std_three_pass",
        "a ComfyUI file has it written out",
    ),
    _pass(
        "the distilled LoRA at 0.5 to 0.6 in later passes",
        "upscale lora",
        "LTX060 LTX064",
        "LoraLoaderModelOnly",
        "three_passes",
    ),
    _pass(
        "1.5x upscale",
        "upscale",
        "LTX062",
        "LTXVLatentUpsampler",
        "upscale_by_half",
        "the model set names one",
    ),
    _pass("twice the frames (temporal upscale)", "upscale", "", "LTXVLatentUpsampler", "comfy_upscale_in_time"),
    _pass(
        "larger through pixels (lanczos, by any factor), then refined",
        "upscale",
        "LTX011 LTX270 LTX272",
        "ImageScale VAEEncode",
        "upscale_through_pixels",
    ),
    _pass(
        "larger by a picture upscaler (ESRGAN) or RTX, then refined",
        "upscale",
        "LTX093 LTX270",
        "ImageUpscaleWithModel ImageScale VAEEncode",
        "comfy_upscale_by_model",
    ),
    _pass(
        "AdaIN: channels of the larger latent as in the smaller one",
        "upscale",
        "LTX270 LTX271",
        "LTXVAdainLatent",
        "upscale_with_adain",
    ),
    _pass("peaks of the larger latent compressed (tone map)", "upscale", "LTX093", "", "upscale_with_tone"),
    _pass(
        "a later pass that starts at 0.85 (official two-stage workflows)",
        "upscale pass",
        "LTX043 LTX273",
        "ManualSigmas",
        "upscale_with_adain",
    ),
    _pass("a detail pass at the same size", "pass", "LTX047", "SamplerCustomAdvanced", "detail_repass"),
    _pass("sigmas written out", "pass", "LTX042 LTX043 LTX044", "ManualSigmas", "manual_sigmas"),
    _pass(
        "shared lists of sigmas (David Show's, the second stage's)",
        "pass",
        "LTX047",
        "ManualSigmas",
        "shared_sigma_lists",
    ),
    _pass(
        "a schedule by number of tokens (RS Sigma Scheduler)",
        "schedule",
        "LTX145 LTX146",
        "ManualSigmas",
        "rs_schedule",
    ),
    _pass(
        "split sigmas: guidance in the first steps only", "pass cfg", "LTX055", "DisableNoise ManualSigmas", "split_cfg"
    ),
    _pass("decoding in tiles", "decode", "LTX079 LTX211", "VAEDecodeTiled", "decode_in_tiles"),
    _pass("polishing with WAN, tiled (USDU)", "polish", "LTX222", "UltimateSDUpscaleNoUpscale", "polish"),
    _pass(
        "a small first clip repaired by WAN, then enlarged by LTX",
        "polish from",
        "LTX110 LTX222",
        "",
        "polish",
        "two scripts: the first saves the polished clip, the second goes on `from` it",
    ),
    _how("cfg 2 for two steps, then 1", "cfg", "LTX050 LTX051 LTX055", "SplitSigmas MultimodalGuider", "cfg_by_step"),
    _how(
        "modality scale of 2.5 in the first pass",
        "modality",
        "LTX141",
        "MultimodalGuider GuiderParameters",
        "modality_by_step",
    ),
    _how(
        "stg and rescale", "stg rescale", "LTX140 LTX142", "MultimodalGuider GuiderParameters", "stg_modality_rescale"
    ),
    _how("NAG: a negative prompt at cfg 1", "nag", "LTX030 LTX052 LTX058", "LTX2_NAG", "nag"),
    _how("er_sde in all passes", "pass sampler", "LTX145", "SamplerER_SDE", "er_sde_options"),
    _how("res_2s, the slow careful pass", "sampler schedule", "LTX145", "ClownSampler_Beta", "hq_res_2s"),
    _how("linear_quadratic", "pass schedule", "LTX045", "ManualSigmas", "three_passes"),
    _how(
        "sage attention, caches, feed-forward in pieces",
        "attention cache chunk",
        "LTX148 LTX149",
        "LTX2AttentionTunerPatch",
        "comfy_patches",
    ),
    _lora(
        "LoRAs by pass and by step",
        "lora",
        "LTX065 LTX066 LTX067",
        "CreateHookLoraModelOnly CreateHookKeyframe LTX2LoraLoaderAdvanced",
        "lora_by_step",
    ),
    _lora(
        "the distilled checkpoint or the distilled LoRA, not both",
        "lora pass",
        "LTX060",
        "LoraLoaderModelOnly",
        "text_to_video",
    ),
    _lora(
        "VBVR on the first pass for steadier motion",
        "lora",
        "LTX061 LTX190",
        "LoraLoaderModelOnly",
        "comfy_vbvr",
    ),
    _lora(
        "a style LoRA of few steps first, of many later",
        "lora",
        "LTX065",
        "LoraLoaderModelOnly",
        "comfy_style_by_pass",
    ),
    _lora("a LoRA that is too strong, at less than 1", "lora", "LTX066 LTX067", "", "style_lora"),
    _sound("sound made once, kept by later passes", "upscale", "LTX056", "SolidMask SetLatentNoiseMask", "photo"),
    _sound(
        "sound given (a2v), with ambience",
        "audio",
        "LTX100 LTX101 LTX102",
        "LTXVAudioVAEEncode SolidMask",
        "audio_driven",
    ),
    _sound("a speaker's voice (ID-LoRA)", "speaker", "LTX247 LTX248", "LTXVReferenceAudio", "comfy_speaker"),
    _sound(
        "re-dubbing (LipDub, Dub-It)",
        "dub",
        "LTX107 LTX108 LTX109 LTX132",
        "LTXAddVideoICLoRAGuide LTXVSetAudioRefTokens LTXICLoRALoaderModelOnly",
        "comfy_dub",
    ),
    _sound("guidance of the sound by itself", "cfg", "LTX056", "MultimodalGuider", "cfg_by_step"),
    _sound("sound given, and partly made anew (masked audio)", "audio", "LTX103 LTX104", "", "audio_partly_kept"),
    _sound(
        "lips by the voices of a song alone (MelBand RoFormer)",
        "separate track",
        "",
        "MelBandRoFormerModelLoader MelBandRoFormerSampler",
        "comfy_voices",
    ),
    _sound(
        "an audio mask (SolidMask) before the sampler",
        "audio",
        "LTX103",
        "SolidMask SetLatentNoiseMask",
        "audio_driven",
    ),
    _sound(
        "a small clip at once, then 3x or 4x in windows, its sound made anew in part",
        "sound upscale windows",
        "LTX100 LTX106 LTX244",
        "LTXVContextWindows SetLatentNoiseMask ImageScale",
        "comfy_large_in_windows",
    ),
    _sound("a song and a singer (music video)", "use audio", "LTX101 LTX104", "LTXVAudioVAEEncode", "music_video"),
    _sound(
        "sound that clips, scaled down at chosen steps",
        "normalize",
        "",
        "LTX2AudioLatentNormalizingSampling",
        "comfy_patches",
    ),
    _sound("sound made anew in a later pass", "sound", "LTX105", "", "sound_anew"),
    _long(
        "extending a clip forward",
        "extend",
        "LTX111 LTX112 LTX116 LTX118",
        "LTXVImgToVideoInplace ImageBatch AudioConcat",
        "extend",
    ),
    _long("shots that go on from one another", "extend shot", "LTX111", "LTXVImgToVideoInplace", "extend_shots"),
    _long("extending backward", "extend", "LTX113", "LTXVImgToVideoInplaceKJ", "", "`before`; it wants a LoRA"),
    _long(
        "a part made anew (retake)",
        "retake",
        "LTX114 LTX115 LTX117",
        "VAEEncode LTXVAudioVideoMask",
        "retake",
    ),
    _long(
        "long takes by a looping sampler",
        "loop",
        "LTX240 LTX241 LTX242 LTX243",
        "LTXVLoopingSampler MultiPromptProvider",
        "comfy_loop",
    ),
    _long("context windows", "windows", "LTX244 LTX245 LTX246", "LTXVContextWindows", "comfy_windows"),
    _long("a look at the clip while it is sampled", "preview", "", "LTX2SamplingPreviewOverride", "comfy_windows"),
    _long(
        "video to video by low denoise",
        "from pass",
        "LTX046 LTX110",
        "LTXVImgToVideoInplace",
        "video_to_video",
    ),
    _long(
        "a part of the picture made anew (mask)",
        "mask from",
        "LTX119",
        "LTXVSetVideoLatentNoiseMasks",
        "mask",
    ),
    _long("shots of one script", "shot", "LTX158", "", "shots"),
    _long("variants side by side", "sweep", "LTX157 LTX159", "", "sweep"),
    _out("HDR by IC-LoRA", "hdr decode", "LTX122 LTX197 LTX220 LTX221", "LTXVHDRDecodePostprocess", "hdr"),
    _out(
        "hard HDR shots: the LoRA at 1.5, held by cfg 1.5",
        "hdr",
        "LTX067 LTX220",
        "LoraLoaderModelOnly CFGGuider LTXVHDRDecodePostprocess",
        "comfy_hdr_strong",
    ),
    _out("light over white made visible by an exposure", "grade hdr", "LTX122 LTX127", "", "hdr_exposure"),
    _out(
        "EXR, ProRes 4444, PNG, WebM, sound alone",
        "save",
        "LTX071 LTX120 LTX122 LTX123",
        "RSEXRSequenceSave RSVideoSave SaveWEBM SaveAudio",
        "files_a_frame",
    ),
    _out("the first frames cut against flicker", "trim", "LTX121", "ImageFromBatch", "trim_and_match"),
    _out(
        "`inplace` at 0.7 in late passes against flicker",
        "inplace",
        "LTX024",
        "LTXVImgToVideoInplace",
        "photo",
    ),
    _out("colours matched to the reference", "match", "", "ColorTransfer", "trim_and_match"),
    _out("grading, LUTs", "grade", "LTX127", "", "graded"),
    _out("a preview after the first pass", "save", "LTX072 LTX073", "SaveVideo", "several_outputs"),
    _out("a picture upscaler at the end", "enlarge", "", "UpscaleModelLoader ImageUpscaleWithModel", "comfy_enlarge"),
    _train(
        "training a LoRA on clips or pictures",
        "train",
        "LTX225 LTX226 LTX227",
        "",
        "train",
    ),
    _train("a LoRA on top of merged LoRAs; CREPA; captioning", why=_OUTSIDE),
    _train("a look at texts and pictures on the way", "show", "LTX094", "PreviewAny PreviewImage", "show_and_free"),
    _train("memory let go of between passes", "free", "", "VRAMCleanup RAMCleanup", "show_and_free"),
    _train("nodes that the language has no word for", "node loras track", "LTX223", "", "raw_node"),
    _train(
        "a workflow's own loaders, tiles and node packs", "load spell stack together patch", "", "", "comfy_spelled"
    ),
)


def techniques_page() -> str:
    """All techniques, a table a subject."""
    lines = [
        "# Techniques",
        "",
        "What people do with LTX 2.3, the statement that says it, the rules that guard it, where it runs, and the",
        "nodes that an export writes for it. *Not yet* means that the language has no word for it so far.",
    ]
    for subject, rows in groupby(TECHNIQUES, key=lambda row: row.subject):
        lines += ["", f"## {subject}", ""]
        lines += table(("technique", "statements", "rules", "runs on", "in ComfyUI", "example"), map(_row, rows))
    return "\n".join(lines)


def said(row: Technique) -> list[str]:
    """The statements of a row that the language has."""
    return [word for word in row.statements.split() if word in STATEMENTS]


def runs_on(row: Technique) -> list[str]:
    """The targets that can do all statements of a row."""
    words = said(row)
    return [t for t in TITLES if words and all(t in STATEMENTS[word].targets for word in words)]


def _row(row: Technique) -> tuple[str, ...]:
    words = ", ".join(f"[`{word}`](reference/{word}.md)" for word in said(row))
    where = ", ".join(TITLES[target] for target in runs_on(row))
    if row.example.startswith("comfy_"):
        where = TITLES["comfy"]
    rules = ", ".join(f"[{code}](rules/{code}.md)" for code in row.rules.split())
    nodes = ", ".join(f"`{node}`" for node in row.nodes.split())
    shown = f"`{row.example}`" if row.example else row.why or "–"
    missing = row.why or "not yet"
    return row.what, words or missing, rules or "–", where or "–", nodes or "–", shown
