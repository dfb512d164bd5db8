"""Rows of sound that goes into a clip."""

from __future__ import annotations

from ltxdsl import media_info
from ltxdsl.comfy import loaders
from ltxdsl.comfy.builder import Link, PromptBuilder
from ltxdsl.comfy.table import Audio, row
from ltxdsl.geometry import comfy_audio_latents
from ltxdsl.ops import nodes

BANDS = 16  # frequency cells of an audio latent
MOST = 16384  # side of a mask
DROPPED = 0.2  # seconds that the server may drop at a sound's end, and half a window


@row(nodes.ReadSound)
def read_sound(builder: PromptBuilder, op: nodes.ReadSound) -> dict[str, Link]:
    """A file with silence behind it, cut to length; the level by AudioAdjustVolume."""
    if op.as_is:
        return {"audio": _whole(builder, op)}
    name = builder.file(op.path)
    if media_info.sound_is_8_bit(op.path):
        builder.note(f"{name}: LoadAudio does not read sound of 8 bits; put a file of 16 bits in its place")
    sound = _read(builder, op)
    title = f"{name} from {op.start:g} s"
    sound = builder.add("TrimAudioDuration", title, audio=sound, start_index=op.start, duration=op.seconds)
    silence = builder.add("EmptyAudio", "silence", duration=op.seconds, sample_rate=44100, channels=2)
    sound = builder.add("AudioConcat", f"{name}, then silence", audio1=sound, audio2=silence, direction="after")
    title = f"{name} as long as the clip"
    sound = builder.add("TrimAudioDuration", title, audio=sound, start_index=0.0, duration=op.seconds)
    if op.volume:
        sound = builder.add("AudioAdjustVolume", f"{op.volume:+d} dB", audio=sound, volume=op.volume)
    return {"audio": sound}


def _read(builder: PromptBuilder, op: nodes.ReadSound) -> Link:
    """All of a sound file, or of the sound of a video."""
    if op.of_video:
        return loaders.video_parts(builder, op.path).output(1)
    name = builder.file(op.path)
    return builder.add("LoadAudio", name, audio=name)


def _whole(builder: PromptBuilder, op: nodes.ReadSound) -> Link:
    """What the file has of it."""
    sound = _read(builder, op)
    if not op.whole:
        title = f"{builder.file(op.path)} from {op.start:g} s"
        told = {"start_index": op.start, "duration": op.seconds}
        sound = builder.add("TrimAudioDuration", title, audio=sound, **told)
    if op.volume:
        sound = builder.add("AudioAdjustVolume", f"{op.volume:+d} dB", audio=sound, volume=op.volume)
    return sound


@row(nodes.AddAmbience)
def add_ambience(builder: PromptBuilder, op: nodes.AddAmbience, *, audio: Link) -> dict[str, Link]:
    """Left out: none of ComfyUI's nodes makes noise as sound."""
    builder.note(f"ambience {op.level:g} is left out: no node of ComfyUI makes noise as sound")
    return {"audio": audio}


@row(nodes.EncodeAudio)
def encode_audio(builder: PromptBuilder, op: nodes.EncodeAudio, *, audio: Link) -> dict[str, Audio]:
    """By LTXVAudioVAEEncode, with silence behind the sound, and the latents of the clip cut out.

    The server drops what is not a whole multiple of 4096 samples, which is up to two latents of sound.
    """
    latents = comfy_audio_latents(op.frames, op.fps)
    if op.as_is:
        return {"audio": Audio(_encoded(builder, audio), latents=latents)}
    clip, there = op.frames / op.fps, builder.literal(audio, "duration")
    missing = max(0.0, clip - there) if isinstance(there, float) else clip
    silence = builder.add("EmptyAudio", "silence", duration=missing + DROPPED, sample_rate=44100, channels=2)
    title = builder.titled("sound, then silence")
    longer = builder.add("AudioConcat", title, audio1=audio, audio2=silence, direction="after")
    cut = {"samples": _encoded(builder, longer), "dim": "y", "index": 0, "amount": latents}
    return {"audio": Audio(builder.add("LatentCut", builder.titled("as long as the clip"), **cut), latents=latents)}


def _encoded(builder: PromptBuilder, audio: Link) -> Link:
    vae = loaders.audio_vae(builder)
    return builder.add("LTXVAudioVAEEncode", "encode sound", audio=audio, audio_vae=vae)


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
