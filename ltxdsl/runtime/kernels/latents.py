"""Kernels that make and change latents without sampling."""

from __future__ import annotations

import torch
from torch import Tensor

from ltxdsl.geometry import TEMPORAL, audio_latents, cells, guide_frames_used, latent_frames
from ltxdsl.models import upsampler_part
from ltxdsl.ops import nodes
from ltxdsl.runtime.conditioning import placed_frame
from ltxdsl.runtime.kernels.table import kernel
from ltxdsl.runtime.latent_looks import adain, compressed
from ltxdsl.runtime.pixels import as_float, grown, vae_pixels
from ltxdsl.runtime.session import Session
from ltxdsl.runtime.values import AudioLatent, Frames, Guide, VideoLatent, unmasked


@kernel
def empty_video(session: Session, op: nodes.EmptyVideo) -> dict[str, VideoLatent]:
    """Zeros of the clip's shape."""
    channels = session.config("video_vae")["latent_channels"]
    shape = (1, channels, latent_frames(op.frames), *cells(op.width, op.height))
    return {"latent": unmasked(torch.zeros(shape, device=session.device))}


@kernel
def empty_audio(session: Session, op: nodes.EmptyAudio) -> dict[str, AudioLatent]:
    """Zeros of the sound's shape."""
    config = session.config("audio_vae")
    shape = (1, config["latent_channels"], audio_latents(op.frames, op.fps), config["mel_bins"] // 4)
    return {"audio": AudioLatent(torch.zeros(shape, device=session.device))}


@kernel
def encode_frames(session: Session, op: nodes.EncodeFrames, *, image: Frames) -> dict[str, VideoLatent]:
    """Encode the frames that count; the posterior's mode, normalised per channel."""
    vae, statistics = session.part("video_vae"), session.part("latent_statistics")
    pixels = image.pixels[: guide_frames_used(len(image.pixels), op.start)]
    whole = op.start > 0 and len(pixels) >= TEMPORAL
    if whole:
        pixels = torch.cat([pixels[:1], pixels])
    encoded = vae.encode(vae_pixels(pixels).to(session.device, vae.dtype)).latent_dist.mode().float()
    latent = statistics.normalised(encoded[:, :, 1:] if whole else encoded)
    clean = unmasked(latent)
    return {"latent": VideoLatent(clean.samples, clean.mask, whole=whole)}


@kernel
def inplace(session: Session, op: nodes.Inplace, *, latent: VideoLatent, image: VideoLatent) -> dict[str, VideoLatent]:
    """Put the picture's latents at slot, slot + 1, …; what would stand behind the end is left out."""
    count = min(image.samples.shape[2], latent.samples.shape[2] - op.slot)
    if image.samples.shape[3:] != latent.samples.shape[3:]:
        raise ValueError(f"a latent of {_grid(image.samples)} cells cannot stand in one of {_grid(latent.samples)}")
    samples, mask = latent.samples.clone(), latent.mask.clone()
    samples[:, :, op.slot : op.slot + count] = image.samples[:, :, :count]
    mask[:, :, op.slot : op.slot + count] = 1.0 - op.strength
    return {"latent": VideoLatent(samples, mask, latent.guides, latent.whole)}


@kernel
def hold_around(
    session: Session, op: nodes.HoldAround, *, latent: VideoLatent, image: VideoLatent
) -> dict[str, VideoLatent]:
    """The clip's latents outside of the stretch; a clip that is too short leaves the end as it is."""
    inside = slice(*op.slots)
    samples, mask = latent.samples.clone(), torch.zeros_like(unmasked(latent.samples).mask)
    count = min(image.samples.shape[2], samples.shape[2])
    samples[:, :, :count] = image.samples[:, :, :count]
    if not op.fresh:
        samples[:, :, inside] = latent.samples[:, :, inside]
    mask[:, :, count:] = 1.0
    mask[:, :, inside] = op.strength
    return {"latent": VideoLatent(samples, mask, latent.guides, latent.whole)}


@kernel
def hold_outside(
    session: Session,
    op: nodes.HoldOutside,
    *,
    latent: VideoLatent,
    mask: Frames,
    image: VideoLatent | None = None,
) -> dict[str, VideoLatent]:
    """A cell is made anew if any of its pixels is."""
    anew = cells_of(mask.pixels, latent.samples.shape, op.grow, op.inverted).to(latent.samples)
    samples = latent.samples
    if image is not None:
        count = min(image.samples.shape[2], samples.shape[2])
        kept = 1 - anew[:, :, :count]
        samples = samples.clone()
        samples[:, :, :count] = image.samples[:, :, :count] * kept + samples[:, :, :count] * anew[:, :, :count]
    return {"latent": VideoLatent(samples, latent.mask * anew, latent.guides, latent.whole)}


def cells_of(pixels: Tensor, shape: torch.Size, grow: int = 0, inverted: bool = False) -> Tensor:
    """1 1 T H W: which cells of a latent 1 C T H W have anything white; pixels F h w 3, the last frame goes on."""
    white = (as_float(pixels).mean(dim=-1) > 0.5) != inverted
    frames = grown(white, grow).float().unsqueeze(1)
    spatial = torch.nn.functional.adaptive_max_pool2d(frames, shape[3:])[:, 0]
    whole = TEMPORAL * (shape[2] - 1) + 1
    spatial = torch.cat([spatial, spatial[-1:].expand(max(0, whole - len(spatial)), -1, -1)])[:whole]
    later = spatial[1:].reshape(-1, TEMPORAL, *shape[3:]).amax(dim=1)
    return torch.cat([spatial[:1], later])[None, None]


@kernel
def append_guide(
    session: Session, op: nodes.AppendGuide, *, latent: VideoLatent, guide: VideoLatent
) -> dict[str, VideoLatent]:
    """Put a guide behind those that are there."""
    frame = placed_frame(op.frame, guide.samples.shape[2], guide.whole)
    added = Guide(guide.samples, frame, op.strength, op.attention, guide.whole)
    return {"latent": VideoLatent(latent.samples, latent.mask, (*latent.guides, added), latent.whole)}


@kernel
def crop_guides(session: Session, op: nodes.CropGuides, *, latent: VideoLatent) -> dict[str, VideoLatent]:
    """The clip alone, with its mask."""
    return {"latent": VideoLatent(latent.samples, latent.mask, (), latent.whole)}


@kernel
def upsample_latent(session: Session, op: nodes.UpsampleLatent, *, latent: VideoLatent) -> dict[str, VideoLatent]:
    """Upsample the clip as the VAE would give it; mask and guides belong to the smaller size and go."""
    return _upsampled(session, upsampler_part(op.factor), latent)


@kernel
def upsample_time(session: Session, op: nodes.UpsampleTime, *, latent: VideoLatent) -> dict[str, VideoLatent]:
    """The same in time: the model drops the first of the doubled frames, so that 2T - 1 are left."""
    return _upsampled(session, "temporal_upsampler", latent)


@kernel
def adain_latent(
    session: Session, op: nodes.AdainLatent, *, latent: VideoLatent, reference: VideoLatent
) -> dict[str, VideoLatent]:
    """The clip; its mask and guides stay."""
    samples = adain(latent.samples, reference.samples, op.factor, op.by_frame)
    return {"latent": VideoLatent(samples, latent.mask, latent.guides, latent.whole)}


@kernel
def tone_latent(session: Session, op: nodes.ToneLatent, *, latent: VideoLatent) -> dict[str, VideoLatent]:
    """On the VAE's own scale, where diffusers has it."""
    statistics = session.part("latent_statistics")
    samples = statistics.normalised(compressed(statistics.denormalised(latent.samples), op.ratio))
    return {"latent": VideoLatent(samples, latent.mask, latent.guides, latent.whole)}


@kernel
def encode_clip(session: Session, op: nodes.EncodeClip, *, image: Frames) -> dict[str, VideoLatent]:
    """As frames that stand at the start; all of it is to be denoised."""
    return encode_frames(session, nodes.EncodeFrames(), image=image)


def _upsampled(session: Session, part: str, latent: VideoLatent) -> dict[str, VideoLatent]:
    upsampler, statistics = session.part(part), session.part("latent_statistics")
    raw = statistics.denormalised(latent.samples).to(upsampler.dtype)
    return {"latent": unmasked(statistics.normalised(upsampler(raw).float()))}


def _grid(latent: Tensor) -> str:
    return f"{latent.shape[4]}x{latent.shape[3]}"
