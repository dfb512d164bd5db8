"""The embedded models as the files that ComfyUI loads: Lightricks' names, in one checkpoint, LoRAs and upsamplers.

Names are those of diffusers' conversion from the original files, backwards. Only what a latent needs is written: the
vocoder is left as ComfyUI makes it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ltxdsl.models import ModelSet
from ltxdsl.runtime.lora import LIGHTRICKS
from ltxdsl.runtime.session import Session

REGISTERS = 128  # ComfyUI's number; ours are fewer, and repeated
LORAS = "loras"
Weights = dict[str, Tensor]
Names = Iterable[tuple[str, str]]

BLOCKS: Names = (
    (r"\bnorm_(q|k)\b", r"\1_norm"),
    (r"video_a2v_cross_attn_scale_shift_table", "scale_shift_table_a2v_ca_video"),
    (r"audio_a2v_cross_attn_scale_shift_table", "scale_shift_table_a2v_ca_audio"),
)
CONNECTORS: Names = (
    (r"^(video|audio)_connector\.", r"\1_embeddings_connector."),
    (r"\.transformer_blocks\.", ".transformer_1d_blocks."),
    (r"\bnorm_(q|k)\b", r"\1_norm"),
)
STATISTICS: Names = (
    (r"^latents_mean$", "per_channel_statistics.mean-of-means"),
    (r"^latents_std$", "per_channel_statistics.std-of-means"),
)


def write_files(models: ModelSet, session: Session, folder: Path) -> None:
    """Everything that an export of the embedded set names, under ComfyUI's `models`."""
    names = models.comfy
    _save(checkpoint(session), folder / "checkpoints" / names.checkpoint, config(session))
    for part, factor in (("upsampler 2x", "2x"), ("upsampler 1.5x", "1.5x")):
        module = session.part(part)
        path = folder / "latent_upscale_models" / names.upsamplers[factor]
        _save(renamed(module.state_dict(), ()), path, upsampler_config(module.config))
    for name, lora in models.loras.items():
        target = folder / LORAS / (lora.comfy or Path(lora.file).name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(models.lora_path(name), target)
    text = folder / "text_encoders" / names.text_encoder
    text.parent.mkdir(parents=True, exist_ok=True)
    text.touch()


def checkpoint(session: Session) -> Weights:
    """Transformer with connectors, and both VAEs."""
    found: Weights = {}
    top = [(rf"^{ours}\.", f"{theirs}.") for ours, theirs in LIGHTRICKS.items()]
    parts = {
        "model.diffusion_model.": {
            **renamed(session.part("transformer").state_dict(), [*top, *BLOCKS]),
            **connectors(session),
        },
        "vae.": renamed(session.part("video_vae").state_dict(), video_names(session.part("video_vae").config)),
        "audio_vae.": renamed(session.part("audio_vae").state_dict(), STATISTICS),
    }
    for prefix, weights in parts.items():
        found |= {prefix + name: weight for name, weight in weights.items()}
    return found | {"vocoder.resblocks.0.convs1.0.weight": torch.zeros(2, 2, 3)}  # by which ComfyUI knows what it is


def connectors(session: Session) -> Weights:
    """Without the projections, which ComfyUI has in its text encoder; as many registers as it expects."""
    weights = renamed(session.part("connectors").state_dict(), CONNECTORS)
    return {
        name: weight.repeat(REGISTERS // len(weight), 1) if name.endswith("learnable_registers") else weight
        for name, weight in weights.items()
        if "text_proj_in" not in name
    }


def video_names(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Blocks that are numbered one after the other there, and nested here."""
    ups, downs = len(config["upsample_type"]), len(config["downsample_type"])
    names = [(r"\.resnets\.", ".res_blocks."), *STATISTICS]
    for i in range(downs):
        names.append((rf"^encoder\.down_blocks\.{i}\.res_blocks\.", f"encoder.blocks.{2 * i}.res_blocks."))
        names.append((rf"^encoder\.down_blocks\.{i}\.downsamplers\.0\.", f"encoder.blocks.{2 * i + 1}."))
    names.append((r"^encoder\.mid_block\.", f"encoder.blocks.{2 * downs}."))
    names.append((r"^decoder\.mid_block\.", "decoder.blocks.0."))
    for i in range(ups):
        names.append((rf"^decoder\.up_blocks\.{i}\.upsamplers\.0\.", f"decoder.blocks.{2 * i + 1}."))
        names.append((rf"^decoder\.up_blocks\.{i}\.res_blocks\.", f"decoder.blocks.{2 * i + 2}.res_blocks."))
    return [*names, (r"^encoder\.blocks\.", "encoder.down_blocks."), (r"^decoder\.blocks\.", "decoder.up_blocks.")]


def renamed(weights: Mapping[str, Tensor], names: Names) -> Weights:
    """The same weights by other names; each rule sees what the one before made."""
    found: Weights = {}
    for name, weight in weights.items():
        for pattern, new in names:
            name = re.sub(pattern, new, name)
        found[name] = weight.detach().clone().contiguous()
    return found


def config(session: Session) -> dict[str, Any]:
    """What stands in the header of an original checkpoint."""
    return {
        "transformer": transformer_config(session),
        "vae": video_config(session.part("video_vae").config),
        "audio_vae": audio_config(session.part("audio_vae").config),
        "vocoder": {
            "upsample_initial_channel": 4,
            "upsample_rates": [160],
            "upsample_kernel_sizes": [160],
            "resblock_kernel_sizes": [3],
            "resblock_dilation_sizes": [[1, 3, 5]],
        },
    }


def transformer_config(session: Session) -> dict[str, Any]:
    """Sizes, and all that 2.3 switches on."""
    ours, connector = session.part("transformer").config, session.part("connectors").config
    same = (
        "in_channels",
        "num_attention_heads",
        "attention_head_dim",
        "cross_attention_dim",
        "audio_in_channels",
        "audio_num_attention_heads",
        "audio_attention_head_dim",
        "audio_cross_attention_dim",
        "num_layers",
        "caption_channels",
        "rope_type",
        "timestep_scale_multiplier",
    )
    return {
        **{name: ours[name] for name in same},
        "vae_scale_factors": list(ours["vae_scale_factors"]),
        "positional_embedding_theta": ours["rope_theta"],
        "positional_embedding_max_pos": [ours["pos_embed_max_pos"], ours["base_height"], ours["base_width"]],
        "audio_positional_embedding_max_pos": [ours["audio_pos_embed_max_pos"]],
        "av_ca_timestep_scale_multiplier": ours["cross_attn_timestep_scale_multiplier"],
        "causal_temporal_positioning": bool(ours["causal_offset"]),
        "use_middle_indices_grid": True,
        "frequencies_precision": "float64",
        "apply_gated_attention": ours["gated_attn"],
        "cross_attention_adaln": ours["cross_attn_mod"],
        "caption_proj_before_connector": True,
        "caption_projection_first_linear": False,
        "connector_apply_gated_attention": connector["video_gated_attn"],
        "connector_num_attention_heads": connector["video_connector_num_attention_heads"],
        "connector_attention_head_dim": connector["video_connector_attention_head_dim"],
        "connector_num_layers": connector["video_connector_num_layers"],
        "audio_connector_num_attention_heads": connector["audio_connector_num_attention_heads"],
        "audio_connector_attention_head_dim": connector["audio_connector_attention_head_dim"],
    }


KINDS = {"temporal": "time", "spatial": "space", "spatiotemporal": "all"}


def video_config(ours: Mapping[str, Any]) -> dict[str, Any]:
    """The video VAE's blocks in one list; the decoder's is read from its end."""
    widths, layers = ours["block_out_channels"], ours["layers_per_block"]
    encoder: list[list[Any]] = []
    for i, kind in enumerate(ours["downsample_type"]):
        before = widths[max(i - 1, 0)] if i else widths[0]
        grown = widths[i] // before if i else 1
        encoder.append(["res_x", {"num_layers": layers[i]}])
        encoder.append([f"compress_{KINDS[kind]}_res", {"multiplier": grown}])
    encoder.append(["res_x", {"num_layers": layers[-1]}])
    deep = list(reversed(ours["decoder_layers_per_block"]))
    decoder: list[list[Any]] = [["res_x", {"num_layers": deep[0]}]]
    factors = list(reversed(ours["upsample_factor"]))
    for kind, factor, count in zip(ours["upsample_type"], factors, deep[1:], strict=True):
        decoder.append([f"compress_{KINDS[kind]}", {"multiplier": factor}])
        decoder.append(["res_x", {"num_layers": count}])
    return {
        "_class_name": "CausalVideoAutoencoder",
        "dims": 3,
        "latent_channels": ours["latent_channels"],
        "encoder_blocks": encoder,
        "decoder_blocks": decoder[::-1],
        "encoder_base_channels": widths[0],
        "decoder_base_channels": ours["decoder_block_out_channels"][0],
        "norm_layer": "pixel_norm",
        "patch_size": ours["patch_size"],
        "latent_log_var": "uniform",
        "causal_decoder": ours["decoder_causal"],
        "timestep_conditioning": ours["timestep_conditioning"],
        "spatial_padding_mode": ours["encoder_spatial_padding_mode"],
    }


def audio_config(ours: Mapping[str, Any]) -> dict[str, Any]:
    """The audio VAE."""
    coder = {
        "double_z": ours["double_z"],
        "mel_bins": ours["mel_bins"],
        "z_channels": ours["latent_channels"],
        "resolution": ours["resolution"],
        "in_channels": ours["in_channels"],
        "out_ch": ours["output_channels"],
        "ch": ours["base_channels"],
        "ch_mult": list(ours["ch_mult"]),
        "num_res_blocks": ours["num_res_blocks"],
        "attn_resolutions": [],
        "mid_block_add_attention": ours["mid_block_add_attention"],
        "norm_type": ours["norm_type"],
        "causality_axis": ours["causality_axis"],
    }
    return {
        "model": {"params": {"ddconfig": coder, "sampling_rate": ours["sample_rate"]}},
        "preprocessing": {"stft": {"filter_length": 1024, "hop_length": ours["mel_hop_length"]}},
    }


def upsampler_config(ours: Mapping[str, Any]) -> dict[str, Any]:
    """A latent upsampler."""
    same = ("in_channels", "mid_channels", "num_blocks_per_stage", "dims", "spatial_upsample", "temporal_upsample")
    scale, rational = ours["rational_spatial_scale"], ours["use_rational_resampler"]
    return {**{name: ours[name] for name in same}, "spatial_scale": scale, "rational_resampler": rational}


def _save(weights: Weights, path: Path, header: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, metadata={"config": json.dumps(header)})
