"""The modules of the tiny bundle: LTX-2.3's classes and switches at toy size, with weights from the global seed."""

from __future__ import annotations

from typing import Any

import torch

from ltxdsl.runtime import mel
from ltxdsl.runtime.tiny.tokenizer import VOCABULARY

LAYERS = 5
HEADS = 4
VIDEO_HEAD = 64
AUDIO_HEAD = 16
VIDEO_WIDTH = HEADS * VIDEO_HEAD
AUDIO_WIDTH = HEADS * AUDIO_HEAD
LATENT_CHANNELS = 64
AUDIO_CHANNELS = 2
MEL_BINS = mel.BANDS
AUDIO_FEATURES = AUDIO_CHANNELS * MEL_BINS // 4
QUIET = -3.5  # log-mel, about which untrained sound lies
TEXT_WIDTH = 64
TEXT_LAYERS = 2
TEXT_TOKENS = 96
REGISTERS = 16
UPSAMPLER_WIDTHS = {2.0: 192, 1.5: 128}


def transformer(layers: int = LAYERS, head: int = VIDEO_HEAD) -> Any:
    """The audio-video transformer with all switches of 2.3."""
    from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformer3DModel

    return LTX2VideoTransformer3DModel(
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        num_attention_heads=HEADS,
        attention_head_dim=head,
        cross_attention_dim=HEADS * head,
        audio_in_channels=AUDIO_FEATURES,
        audio_out_channels=AUDIO_FEATURES,
        audio_num_attention_heads=HEADS,
        audio_attention_head_dim=AUDIO_HEAD,
        audio_cross_attention_dim=AUDIO_WIDTH,
        num_layers=layers,
        caption_channels=TEXT_WIDTH,
        gated_attn=True,
        cross_attn_mod=True,
        audio_gated_attn=True,
        audio_cross_attn_mod=True,
        use_prompt_embeddings=False,
        perturbed_attn=True,
        rope_type="split",
    )


def connectors(head: int = VIDEO_HEAD) -> Any:
    """Per-modality projections and connectors with registers and gated attention."""
    from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors

    return LTX2TextConnectors(
        caption_channels=TEXT_WIDTH,
        text_proj_in_factor=TEXT_LAYERS + 1,
        video_connector_num_attention_heads=HEADS,
        video_connector_attention_head_dim=head,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=REGISTERS,
        video_gated_attn=True,
        audio_connector_num_attention_heads=HEADS,
        audio_connector_attention_head_dim=AUDIO_HEAD,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=REGISTERS,
        audio_gated_attn=True,
        rope_type="split",
        per_modality_projections=True,
        video_hidden_dim=HEADS * head,
        audio_hidden_dim=AUDIO_WIDTH,
        proj_bias=True,
    )


def video_vae() -> Any:
    """32x in space, 8x in time, with statistics that are not 0 and 1, and pictures of visible contrast."""
    from diffusers.models.autoencoders.autoencoder_kl_ltx2 import AutoencoderKLLTX2Video

    vae = AutoencoderKLLTX2Video(
        latent_channels=LATENT_CHANNELS,
        patch_size=8,
        block_out_channels=(32, 64, 64),
        down_block_types=("LTX2VideoDownBlock3D",) * 3,
        layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True,) * 3,
        downsample_type=("temporal", "spatiotemporal", "spatiotemporal"),
        decoder_block_out_channels=(32, 32, 64),
        decoder_layers_per_block=(1, 1, 1, 1),
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        upsample_type=("spatiotemporal", "spatiotemporal", "temporal"),
        upsample_residual=(False,) * 3,
        upsample_factor=(1, 1, 2),
        decoder_causal=False,
        decoder_spatial_padding_mode="zeros",
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )
    _set_statistics(vae)
    _smooth_pictures(vae.decoder.conv_out.conv, patch=8)
    with torch.no_grad():
        vae.encoder.conv_out.conv.weight.mul_(2.0)  # so that normalised latents have a spread near 1
    return vae


def audio_vae() -> Any:
    """Mel spectrograms to latents of 2 channels and 16 bins; its statistics have one entry per latent feature."""
    from diffusers.models.autoencoders.autoencoder_kl_ltx2_audio import AutoencoderKLLTX2Audio

    vae = AutoencoderKLLTX2Audio(
        base_channels=AUDIO_FEATURES,
        ch_mult=(1, 1, 2),
        num_res_blocks=1,
        latent_channels=AUDIO_CHANNELS,
        mel_bins=MEL_BINS,
    )
    _set_statistics(vae)
    with torch.no_grad():
        vae.decoder.conv_out.conv.bias.fill_(QUIET)
    return vae


def upsampler(factor: float = 2.0) -> Any:
    """Latent upsampler, twice the size in space, or 1.5 times by the rational resampler."""
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    model = LTX2LatentUpsamplerModel(
        in_channels=LATENT_CHANNELS,
        mid_channels=UPSAMPLER_WIDTHS[factor],
        num_blocks_per_stage=1,
        dims=2,  # in space only: a latent holds eight frames already
        rational_spatial_scale=factor,
        use_rational_resampler=factor != 2,
    )
    with torch.no_grad():
        model.final_conv.weight.mul_(3.0)  # what goes in and what comes out have about the same spread
    return model


def text_encoder() -> Any:
    """A Gemma 3 of two layers."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {
        "vocab_size": VOCABULARY,
        "hidden_size": TEXT_WIDTH,
        "intermediate_size": 2 * TEXT_WIDTH,
        "num_hidden_layers": TEXT_LAYERS,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": 1024,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": None,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 32,
        "patch_size": 16,
    }
    config = Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=4,
        image_token_index=3,
        boi_token_index=3,
        eoi_token_index=3,
    )
    return Gemma3ForConditionalGeneration(config)


def _set_statistics(vae: Any) -> None:
    size = vae.latents_mean.shape
    vae.latents_mean.copy_(0.2 * torch.randn(size))
    vae.latents_std.copy_(0.6 + 0.6 * torch.rand(size))


@torch.no_grad()
def _smooth_pictures(conv: Any, patch: int) -> None:
    """Give the pixels of one patch nearly the same weights, so that pictures are coloured fields with some grain."""
    weight = conv.weight.unflatten(0, (3, patch * patch))
    mean = weight.mean(dim=1, keepdim=True) * patch
    conv.weight.copy_((1.2 * mean + 0.3 * weight).flatten(0, 1))
    conv.bias.zero_()
