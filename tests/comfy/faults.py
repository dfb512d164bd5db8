"""Faults to put into a good prompt of LTX: each a change that gives the node at fault, and the rule that finds it."""

from __future__ import annotations


def one(prompt, kind: str, which: int = 0) -> str:
    return [id for id, node in prompt.items() if node["class_type"] == kind][which]


def put(kind: str, name: str, value: object, which: int = 0):
    def change(prompt):
        id = one(prompt, kind, which)
        prompt[id]["inputs"][name] = value
        return id

    return change


def without(kind: str, name: str):
    def change(prompt):
        id = one(prompt, kind)
        del prompt[id]["inputs"][name]
        return id

    return change


def misnamed(prompt):
    id = one(prompt, "KSamplerSelect")
    prompt[id]["class_type"] = "KSamplerSelct"
    return id


def circle(prompt):
    lora, guider = one(prompt, "LoraLoaderModelOnly"), one(prompt, "CFGGuider")
    prompt["900"] = {"class_type": "LoraLoaderModelOnly", "inputs": {**prompt[lora]["inputs"], "model": [lora, 0]}}
    prompt[lora]["inputs"]["model"] = ["900", 0]
    prompt[guider]["inputs"]["model"] = ["900", 0]
    return


def wrong_slot(prompt):
    id = one(prompt, "LTXVConcatAVLatent")
    prompt[id]["inputs"]["video_latent"][1] = 9
    return id


def wrong_type(prompt):
    id = one(prompt, "CFGGuider")
    prompt[id]["inputs"]["model"] = [one(prompt, "RandomNoise"), 0]
    return id


def without_dotted(prompt):
    id = "900"
    source = [one(prompt, "LoadImage"), 0]
    prompt[id] = {"class_type": "ResizeImageMaskNode", "inputs": {
        "input": source, "resize_type": "scale dimensions", "resize_type.height": 64, "resize_type.crop": "center",
        "scale_method": "lanczos"}}  # fmt: skip
    prompt["901"] = {"class_type": "PreviewImage", "inputs": {"images": [id, 0]}}
    return id


def uncropped(prompt):
    """The last pass's guides go into the decoder."""
    crop = one(prompt, "LTXVCropGuides", -1)
    decoder = one(prompt, "LTXVLatentUpsampler")
    prompt[decoder]["inputs"]["samples"] = prompt[crop]["inputs"]["latent"]
    return decoder


def dead(prompt):
    prompt["900"] = {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}
    return "900"


def patched(prompt, kind: str, **inputs: object) -> str:
    """One more node in the model's way to the first guider."""
    guider = one(prompt, "CFGGuider")
    prompt["900"] = {"class_type": kind, "inputs": {"model": prompt[guider]["inputs"]["model"], **inputs}}
    prompt[guider]["inputs"]["model"] = ["900", 0]
    return "900"


NAG = {"nag_scale": 11.0, "nag_alpha": 0.25, "nag_tau": 2.5}


def nag(**changed: float):
    return lambda prompt: patched(prompt, "LTX2_NAG", **{**NAG, **changed})


def nag_with_guidance(prompt):
    prompt[one(prompt, "CFGGuider")]["inputs"]["cfg"] = 3.0
    return patched(prompt, "LTX2_NAG", **NAG)


def relay(local: str, guidance: float = 1.0):
    """A relay on the first pass, which has a guide."""

    def change(prompt):
        guider = one(prompt, "CFGGuider")
        inputs = {"clip": [one(prompt, "LTXAVTextEncoderLoader"), 0], "latent": [one(prompt, "LTXVAddGuide"), 2]}
        inputs |= {"global_prompt": "a", "local_prompts": local, "segment_lengths": "", "epsilon": 0.001}
        prompt[guider]["inputs"]["cfg"] = guidance
        return patched(prompt, "PromptRelayEncode", **inputs)

    return change


def smaller_guide(strength: float, width: int):
    """The guide as an IC-LoRA's, at half of the size."""

    def change(prompt):
        id = one(prompt, "LTXVAddGuide")
        prompt[id]["class_type"] = "LTXAddVideoICLoRAGuide"
        prompt[id]["inputs"] |= {"latent_downscale_factor": 2.0, "crop": "center", "strength": strength}
        prompt[id]["inputs"] |= {"tile_overlap": 64, "tile_size": 256, "use_tiled_encode": False, "frame_idx": 0}
        prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"]["width"] = width
        return id

    return change


def nag_with_relay(prompt):
    guider = one(prompt, "CFGGuider")
    patched(prompt, "LTX2_NAG", **NAG)
    inputs = {"clip": [one(prompt, "LTXAVTextEncoderLoader"), 0], "latent": [one(prompt, "EmptyLTXVLatentVideo"), 0]}
    inputs |= {
        "model": ["900", 0],
        "global_prompt": "a",
        "local_prompts": "b | c",
        "segment_lengths": "",
        "epsilon": 0.001,
    }
    prompt["901"] = {"class_type": "PromptRelayEncode", "inputs": inputs}
    prompt[guider]["inputs"]["model"] = ["901", 0]
    return "901"


def lora(name: str, strength: float = 0.8):
    return lambda prompt: patched(prompt, "LoraLoaderModelOnly", lora_name=name, strength_model=strength)


def lora_twice(prompt):
    patched(prompt, "LoraLoaderModelOnly", lora_name="style.safetensors", strength_model=0.5)
    prompt["902"] = {"class_type": "LoraLoaderModelOnly", "inputs": {**prompt["900"]["inputs"], "model": ["900", 0]}}
    prompt[one(prompt, "CFGGuider")]["inputs"]["model"] = ["902", 0]
    return "902"


def distilled_twice(prompt):
    prompt[one(prompt, "CheckpointLoaderSimple")]["inputs"]["ckpt_name"] = "ltx-2.3-22b-distilled.safetensors"
    return one(prompt, "LoraLoaderModelOnly")


def undistilled(prompt):
    """The dev model alone, at the steps of the distilled one."""
    for id in [id for id, node in prompt.items() if node["class_type"] == "LoraLoaderModelOnly"]:
        prompt[id]["inputs"]["lora_name"] = "style.safetensors"
    prompt[one(prompt, "CheckpointLoaderSimple")]["inputs"]["ckpt_name"] = "ltx-2.3-22b-dev.safetensors"


def few_steps(prompt):
    undistilled(prompt)
    return one(prompt, "ManualSigmas")


def few_steps_after_upscale(prompt):
    undistilled(prompt)
    return one(prompt, "ManualSigmas", -1)


def unguided_dev(prompt):
    undistilled(prompt)
    return one(prompt, "CFGGuider")


def many_steps(prompt):
    id = one(prompt, "ManualSigmas")
    prompt[id]["inputs"]["sigmas"] = ", ".join(str(1 - step / 30) for step in range(31))
    return id


def held(prompt):
    """The picture in place at full strength, after the upsampler."""
    concat = one(prompt, "LTXVConcatAVLatent", -1)
    inputs = {"vae": [one(prompt, "CheckpointLoaderSimple"), 2], "image": [one(prompt, "LoadImage"), 0]}
    inputs |= {"latent": prompt[concat]["inputs"]["video_latent"], "strength": 1.0, "bypass": False}
    prompt["900"] = {"class_type": "LTXVImgToVideoInplace", "inputs": inputs}
    prompt[concat]["inputs"]["video_latent"] = ["900", 0]
    return "900"


def anew(prompt):
    """The mask goes that keeps the sound of the first pass."""
    mask = one(prompt, "SetLatentNoiseMask")
    prompt[one(prompt, "LTXVConcatAVLatent", -1)]["inputs"]["audio_latent"] = prompt[mask]["inputs"]["samples"]
    return one(prompt, "SamplerCustomAdvanced", -1)


def hdr_into_sdr(prompt):
    last = one(prompt, "CFGGuider", -1)
    inputs = {"model": prompt[last]["inputs"]["model"], "lora_name": "ltx-hdr.safetensors", "strength_model": 1.0}
    prompt["900"] = {"class_type": "LoraLoaderModelOnly", "inputs": inputs}
    prompt[last]["inputs"]["model"] = ["900", 0]
    return one(prompt, "SaveVideo")


def negative_for_nothing(prompt):
    id = "900"
    prompt[id] = {"class_type": "CLIPTextEncode", "inputs": {**prompt[one(prompt, "CLIPTextEncode")]["inputs"]}}
    prompt[id]["inputs"]["text"] = "people"
    prompt[one(prompt, "LTXVConditioning")]["inputs"]["negative"] = [id, 0]
    return id


def same_negative(prompt):
    encoder = one(prompt, "CLIPTextEncode")
    prompt[one(prompt, "LTXVConditioning")]["inputs"]["negative"] = [encoder, 0]
    prompt[one(prompt, "CFGGuider")]["inputs"]["cfg"] = 1.5
    return one(prompt, "CFGGuider")


def computed_length(prompt):
    """5 s at 25 frames a second, and one: the sum is in nodes, as in the official templates."""
    id = one(prompt, "EmptyLTXVLatentVideo")
    prompt["900"] = {"class_type": "PrimitiveInt", "inputs": {"value": 25}}
    values = {"values.a": 5, "values.b": ["900", 0]}
    prompt["901"] = {"class_type": "ComfyMathExpression", "inputs": {"expression": "a * b + 1", **values}}
    prompt[id]["inputs"]["length"] = ["901", 1]
    return id


def square(prompt):
    id = one(prompt, "EmptyLTXVLatentVideo")
    prompt[id]["inputs"] |= {"width": 960, "height": 960}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


def large(prompt):
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"] |= {"width": 1280, "height": 704}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


def narrow(prompt):
    prompt[one(prompt, "EmptyLTXVLatentVideo")]["inputs"] |= {"width": 1024, "height": 256}
    return next(id for id, node in prompt.items() if node["class_type"].startswith("VAEDecode"))


FAULTS = {
    "class name typo": (misnamed, "LTX280"),
    "sampler not in list": (put("KSamplerSelect", "sampler_name", "eulr"), "LTX283"),
    "required input missing": (without("CFGGuider", "positive"), "LTX281"),
    "dangling link": (put("CFGGuider", "positive", ["9999", 0]), "LTX282"),
    "wrong link type": (wrong_type, "LTX282"),
    "cycle": (circle, "LTX284"),
    "unknown extra input": (put("CFGGuider", "cfgg", 2.0), "LTX281"),
    "number out of range": (put("CFGGuider", "cfg", 1000.0), "LTX283"),
    "wrong literal type": (put("CFGGuider", "cfg", "high"), "LTX283"),
    "output slot out of range": (wrong_slot, "LTX282"),
    "model file of another kind": (
        put("LTXVAudioVAELoader", "ckpt_name", "ltx-spatial-upscaler.safetensors"),
        "LTX288",
    ),
    "dotted sub-input missing": (without_dotted, "LTX281"),
    "length 100": (put("EmptyLTXVLatentVideo", "length", 100), "LTX010"),
    "width 1000": (put("EmptyLTXVLatentVideo", "width", 1000), "LTX011"),
    "audio rate": (put("LTXVEmptyLatentAudio", "frame_rate", 30), "LTX287"),
    "output rate": (put("CreateVideo", "fps", 30.0), "LTX287"),
    "guides not cropped": (uncropped, "LTX289"),
    "sigmas not descending": (put("ManualSigmas", "sigmas", "1.0, 0.5, 0.7, 0.0"), "LTX043"),
    "sigmas that leave noise": (put("ManualSigmas", "sigmas", "0.9, 0.5", -1), "LTX042"),
    "guide beyond the clip": (put("LTXVAddGuide", "frame_idx", 200), "LTX020"),
    "cfg 4 with the distilled LoRA": (put("CFGGuider", "cfg", 4.0), "LTX051"),
    "dead branch": (dead, "LTX285"),
    "number as text": (put("CFGGuider", "cfg", "1.5"), "LTX283"),
    "length by nodes": (computed_length, "LTX010"),
    "sound of another length": (put("LTXVEmptyLatentAudio", "frames_number", 60), "LTX290"),
    "slow": (put("LTXVConditioning", "frame_rate", 8.0), "LTX018"),
    "long": (put("EmptyLTXVLatentVideo", "length", 601), "LTX014"),
    "square": (square, "LTX013"),
    "large": (large, "LTX017"),
    "narrow": (narrow, "LTX019"),
    "first pass below full noise": (put("ManualSigmas", "sigmas", "0.7, 0.4, 0.0"), "LTX046"),
    "later pass at full noise": (put("ManualSigmas", "sigmas", "1.0, 0.5, 0.0", -1), "LTX047"),
    "idle step": (put("ManualSigmas", "sigmas", "1.0, 0.975, 0.9748, 0.5, 0.0"), "LTX049"),
    "few steps": (few_steps, "LTX048"),
    "few steps after an upscale": (few_steps_after_upscale, "LTX069"),
    "many steps": (many_steps, "LTX063"),
    "unguided": (unguided_dev, "LTX057"),
    "cfg 0.5": (put("CFGGuider", "cfg", 0.5), "LTX053"),
    "cfg 15": (put("CFGGuider", "cfg", 15.0), "LTX054"),
    "NAG with guidance": (nag_with_guidance, "LTX052"),
    "NAG of nothing": (nag(nag_scale=1.0), "LTX058"),
    "NAG with relay": (nag_with_relay, "LTX030"),
    "relay of one": (relay("she runs"), "LTX035"),
    "relay of the same": (relay("she runs | she runs"), "LTX038"),
    "relay with guidance": (relay("she runs | she stops", 1.5), "LTX178"),
    "relay with guides": (relay("she runs | she stops"), "LTX177"),
    "guide of half a cell": (smaller_guide(1.0, 288), "LTX195"),
    "strong smaller guide": (smaller_guide(1.5, 256), "LTX198"),
    "distilled twice": (distilled_twice, "LTX060"),
    "distilled LoRA over 1": (put("LoraLoaderModelOnly", "strength_model", 1.4), "LTX064"),
    "one LoRA twice": (lora_twice, "LTX065"),
    "LoRA at 0": (lora("style.safetensors", 0.0), "LTX066"),
    "LoRA at 8": (lora("style.safetensors", 8.0), "LTX067"),
    "LoRA of the text model": (lora("gemma-abliterated.safetensors"), "LTX068"),
    "upsampler as a LoRA": (lora("ltx-spatial-upscaler-x2.safetensors"), "LTX288"),
    "backslashes": (lora("chars\\style.safetensors"), "LTX175"),
    "held in a late pass": (held, "LTX024"),
    "guide at 0": (put("LTXVAddGuide", "strength", 0.0), "LTX027"),
    "sound made anew": (anew, "LTX100"),
    "HDR into SDR": (hdr_into_sdr, "LTX197"),
    "negative for nothing": (negative_for_nothing, "LTX050"),
    "negative that is the prompt": (same_negative, "LTX207"),
    "empty prompt": (put("CLIPTextEncode", "text", " "), "LTX200"),
    "weight in a prompt": (put("CLIPTextEncode", "text", "a (calm:1.3) lake"), "LTX202"),
    "large seed": (put("RandomNoise", "noise_seed", 2**60), "LTX174"),
}
