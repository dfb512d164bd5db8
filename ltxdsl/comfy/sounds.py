"""Rows of sound that goes into a clip."""

from __future__ import annotations

from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import Link, PromptBuilder
from ltxdsl.comfy.table import Audio, row
from ltxdsl.geometry import comfy_audio_latents
from ltxdsl.ops import nodes

BANDS = 16  # frequency cells of an audio latent
MOST = 16384  # side of a mask


@row(nodes.ReadSound)
def read_sound(builder: PromptBuilder, op: nodes.ReadSound) -> dict[str, Link]:
    """A file with silence behind it, cut to length; the level by AudioAdjustVolume."""
    name = builder.file(op.path)
    sound = builder.add("LoadAudio", name, audio=name)
    title = f"{name} from {op.start:g} s"
    sound = builder.add("TrimAudioDuration", title, audio=sound, start_index=op.start, duration=op.seconds)
    silence = builder.add("EmptyAudio", "silence", duration=op.seconds, sample_rate=44100, channels=2)
    sound = builder.add("AudioConcat", f"{name}, then silence", audio1=sound, audio2=silence, direction="after")
    title = f"{name} as long as the clip"
    sound = builder.add("TrimAudioDuration", title, audio=sound, start_index=0.0, duration=op.seconds)
    if op.volume:
        sound = builder.add("AudioAdjustVolume", f"{op.volume:+d} dB", audio=sound, volume=op.volume)
    return {"audio": sound}


@row(nodes.AddAmbience)
def add_ambience(builder: PromptBuilder, op: nodes.AddAmbience, *, audio: Link) -> dict[str, Link]:
    """Left out: none of ComfyUI's nodes makes noise as sound."""
    builder.note(f"ambience {op.level:g} is left out: no node of ComfyUI makes noise as sound")
    return {"audio": audio}


@row(nodes.EncodeAudio)
def encode_audio(builder: PromptBuilder, op: nodes.EncodeAudio, *, audio: Link) -> dict[str, Audio]:
    """By LTXVAudioVAEEncode."""
    vae = loaders.audio_vae(builder)
    link = builder.add("LTXVAudioVAEEncode", "encode sound", audio=audio, audio_vae=vae)
    return {"audio": Audio(link, latents=comfy_audio_latents(op.frames, op.fps))}


@row(nodes.MaskSound)
def mask_sound(builder: PromptBuilder, op: nodes.MaskSound, *, audio: Audio) -> dict[str, Audio]:
    """A mask of a row a latent, which the server then resizes to the latents that there are."""
    stretches = {"kept stretch": (op.kept, 0.0, "multiply"), "stretch anew": (op.again, 1.0, "add")}
    told = {name: said for name, said in stretches.items() if said[0][1] > said[0][0]}
    rows = min(MOST, audio.latents) if told else BANDS
    title = builder.titled("sound made anew")
    mask = builder.add("SolidMask", f"{title}: mask", value=op.anew, width=BANDS, height=rows)
    for name, ((start, end), value, how) in told.items():
        part = builder.add("SolidMask", f"{title}: {name}", value=value, width=BANDS, height=end - start)
        mask = builder.add("MaskComposite", f"{title}: all", destination=mask, source=part, x=0, y=start, operation=how)
    link = builder.add("SetLatentNoiseMask", title, samples=audio.link, mask=mask)
    return {"audio": Audio(link, masked=True, latents=audio.latents)}
